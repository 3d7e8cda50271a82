"""Arrays in memory: where they lie, and how they are looked at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

from engine.fastforward.vectors import Kind


class UnsupportedError(Exception):
    """An operation that cannot be written."""


@final
@dataclass(frozen=True)
class Array:
    """Numbers in memory.

    Attributes:
        base: address of the storage.
        offset: of the first number from there.
        shape, strides: by dimension.
        filled: the dimension whose numbers may be read and written up to a whole vector, None for none.
        whole: whether they are whole numbers of 64 bits.
    """

    base: Any
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int = 0
    filled: int | None = None
    whole: bool = False

    @property
    def count(self) -> int:
        """How many numbers."""
        return math.prod(self.shape)

    def spread(self, shape: Sequence[int]) -> Array:
        """As if it had this shape, by broadcasting."""
        missing = len(shape) - len(self.shape)
        strides = [0] * missing
        for mine, wanted, stride in zip(self.shape, shape[missing:], self.strides, strict=True):
            if mine not in (wanted, 1):
                raise UnsupportedError(f"{self.shape} as {shape}")
            strides.append(stride if mine == wanted else 0)
        filled = None if self.filled is None else self.filled + missing
        return Array(self.base, tuple(shape), tuple(strides), self.offset, filled, self.whole)

    def permuted(self, order: Sequence[int]) -> Array:
        """With its dimensions in another order."""
        shape, strides = (tuple(each[dim] for dim in order) for each in (self.shape, self.strides))
        filled = None if self.filled is None else list(order).index(self.filled)
        return Array(self.base, shape, strides, self.offset, filled, self.whole)


def contiguous(shape: Sequence[int]) -> tuple[int, ...]:
    """Steps in each dimension when all numbers lie one behind another, the last dimension's side by side."""
    strides, step = [], 1
    for count in reversed(shape):
        strides.append(step)
        step *= count
    return tuple(reversed(strides))


def kind_of(bytes_of_a_number: int) -> Kind:
    """Of numbers of 4 or 8 bytes."""
    return "f32" if bytes_of_a_number == 4 else "f64"
