"""Other ways to look at an array: the same numbers in the same places, in another shape."""

from __future__ import annotations

from collections.abc import Sequence

from engine.fastforward.arrays import Array, UnsupportedError


def reshaped(array: Array, shape: tuple[int, ...]) -> Array:
    """The same numbers in the same order, where the strides allow it without a copy.

    Raises:
        UnsupportedError: they do not.
    """
    strides, dim, left = [], len(array.shape) - 1, 1
    step = 0
    for count in reversed(shape):
        if count == 1:
            strides.append(0)
            continue
        if left == 1:
            while dim >= 0 and array.shape[dim] == 1:
                dim -= 1
            left, step = array.shape[dim], array.strides[dim]
            while left % count and dim > 0 and array.strides[dim - 1] == array.shape[dim] * array.strides[dim]:
                dim -= 1
                left *= array.shape[dim]
            dim -= 1
        if left % count:
            raise UnsupportedError(f"{array.shape} as {shape}")
        strides.append(step)
        step, left = step * count, left // count
    strides.reverse()
    same = bool(shape) and array.filled == 0 and shape[0] == array.shape[0] and strides[0] == array.strides[0]
    return Array(array.base, shape, tuple(strides), array.offset, 0 if same else None, array.whole)


def at(filled: int | None, places: tuple[int, int]) -> int | None:
    """Where a dimension of a matrix is among those of a product."""
    return None if filled is None else places[filled]


def without(array: Array, dims: Sequence[int]) -> Array:
    """Without dimensions of one number."""
    kept = [dim for dim in range(len(array.shape)) if dim not in dims]
    shape, strides = (tuple(each[dim] for dim in kept) for each in (array.shape, array.strides))
    filled = kept.index(array.filled) if array.filled in kept else None
    return Array(array.base, shape, strides, array.offset, filled, array.whole)


def repeated(array: Array, dim: int, count: int) -> Array:
    """With one more dimension, in which it is the same."""
    shape, strides = list(array.shape), list(array.strides)
    shape.insert(dim, count)
    strides.insert(dim, 0)
    filled = None if array.filled is None else array.filled + (dim <= array.filled)
    return Array(array.base, tuple(shape), tuple(strides), array.offset, filled, array.whole)


def cut(array: Array, dim: int, start: int, stop: int) -> Array:
    """A part of one dimension."""
    shape = (*array.shape[:dim], stop - start, *array.shape[dim + 1 :])
    filled = array.filled if array.filled != dim else None
    offset = array.offset + start * array.strides[dim]
    return Array(array.base, shape, array.strides, offset, filled, array.whole)
