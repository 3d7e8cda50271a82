"""A step that could not be made."""

from __future__ import annotations

import math
from typing import final

import torch


@final
class StepError(Exception):
    """A step that was not made: weights, buffers, batch and random states are as before it.

    Attributes:
        code: as in `RunFailed`: T01 and T02 not finite, T03 out of memory, T04 an error in a block.
        node: where it came from, when known.
        value: what the loss or the gradient's norm was.
        cause: the error, for T03 and T04.
    """

    def __init__(
        self, code: str, node: str | None = None, value: float = math.nan, cause: BaseException | None = None
    ) -> None:
        super().__init__(code)
        self.code = code
        self.node = node
        self.value = value
        self.cause = cause


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out. On the CPU, in a library of NVIDIA's and on Apple's GPU that is a plain RuntimeError."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    told = ("not enough memory", "can't allocate memory", "Cannot allocate memory", "out of memory", "ALLOC_FAILED")
    return isinstance(error, RuntimeError) and any(words in str(error) for words in told)
