"""Mixed precision: which operations compute in a shorter number format, and the scale that keeps small gradients alive.

Parameters, gradients and the optimizer's memory stay in float32; `torch.autocast` chooses, operation by operation,
what is computed in the shorter format and what (losses, normalisation) is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, final

import torch
from torch import Tensor

_FORMATS = {"bf16": torch.bfloat16, "fp16": torch.float16}

_SHORT = frozenset(_FORMATS.values())

WITHOUT_DOUBLE = frozenset({"mps"})
"""Devices that have no float64."""

_FIRST, _UP, _DOWN, _GOOD = 65536.0, 2.0, 0.5, 2000
"""As torch.amp.GradScaler begins and goes on: grown after so many good steps in a row, halved after a bad one."""
_LEAST, _MOST = 1.0, 2.0**100


@final
class LossScale:
    """The factor that the loss is multiplied with before the backward pass, so that fp16 does not round gradients to 0.

    It is a power of two: what is multiplied and divided again is the same to the bit. The rule is that of
    torch.amp.GradScaler, which belongs to torch's own optimizers.

    Attributes:
        factor: of the next step.
        good: steps in a row whose gradients were finite.
        skipped: updates that were left out.
    """

    def __init__(self) -> None:
        self.factor, self.good, self.skipped = _FIRST, 0, 0

    def took(self) -> None:
        """The gradients of a step were finite."""
        self.good += 1
        if self.good >= _GOOD:
            self.factor, self.good = min(self.factor * _UP, _MOST), 0

    def overflowed(self) -> bool:
        """They were not; whether a smaller factor can be tried, and this update be left out."""
        if self.factor <= _LEAST:
            return False
        self.factor, self.good, self.skipped = self.factor * _DOWN, 0, self.skipped + 1
        return True

    def state(self) -> dict[str, Any]:
        """What a resumed training needs."""
        return {"factor": self.factor, "good": self.good, "skipped": self.skipped}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state`."""
        self.factor, self.good, self.skipped = float(state["factor"]), int(state["good"]), int(state["skipped"])


@final
class Precision:
    """How a training computes.

    Attributes:
        name: `float32` (as the dtype of the training says, float64 too), `bf16` or `fp16`.
        scale: of the loss; only fp16 needs one: bf16 has the range of float32.
    """

    def __init__(self, name: str, device: torch.device) -> None:
        self.name, self._kind = name, device.type
        self.scale = LossScale() if name == "fp16" else None

    @property
    def mixed(self) -> bool:
        """Whether some operations compute in a shorter format."""
        return self.name in _FORMATS

    def casting(self) -> AbstractContextManager[Any]:
        """What the network computes inside of this, and its loss, is computed in this precision."""
        if not self.mixed:
            return nullcontext()
        return torch.autocast(self._kind, _FORMATS[self.name])


def in_full(tensor: Tensor) -> Tensor:
    """In float32 where it came in a shorter format, else as it is."""
    return tensor.float() if tensor.dtype in _SHORT else tensor


def in_double(tensor: Tensor) -> Tensor:
    """In float64; what is on a device that has none comes to the CPU."""
    return tensor.cpu().double() if tensor.device.type in WITHOUT_DOUBLE else tensor.double()
