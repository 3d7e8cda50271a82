"""What the names in an ONNX graph stand for while it is turned into blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

from engine.tensorfile import Tensor
from engine.tensorspec import Dim, TensorSpec

MOST_SIZES: Final = 1024
"""Longer lists of whole numbers are no sizes."""


@final
class RefusedError(Exception):
    """An operator in a form for which there is no block; the text goes on behind `the node …`: `pads one side only`."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.hint = hint


@final
@dataclass(frozen=True, slots=True)
class Flow:
    """What comes out of a block: its number in the builder, its port, and what that carries."""

    node: int
    port: str
    spec: TensorSpec


@final
@dataclass(frozen=True, slots=True)
class Constant:
    """Numbers that the file holds. `trained` is what an initializer may be, and a Constant node is not."""

    tensor: Tensor
    name: str = ""
    trained: bool = False

    @property
    def is_float(self) -> bool:
        """Whether these are measurements and weights, not sizes and indices."""
        return self.tensor.dtype in ("F32", "F64")


@final
@dataclass(frozen=True, slots=True)
class Sizes:
    """Whole numbers that were computed from shapes; the batch stands among them as "N". A scalar is one of them."""

    dims: tuple[Dim, ...]
    scalar: bool = False


Value = Flow | Constant | Sizes


def sizes_of(value: Value) -> Sizes | None:
    """A value as whole numbers; None where it is something else."""
    if isinstance(value, Sizes):
        return value
    if not isinstance(value, Constant) or value.is_float:
        return None
    tensor = value.tensor
    if len(tensor.shape) > 1 or tensor.count > MOST_SIZES or tensor.dtype == "BOOL":
        return None
    return Sizes(tuple(tensor.flat()), not tensor.shape)
