"""Parts of tensors in which a block's formula is read for one number: what the formula leaves unsaid is cut away.

`y = max(0, x)` says nothing of places, and so holds for the numbers of one place; a formula with a channel index says
nothing of samples, and so holds for one sample; a product of matrices holds for the rows of all samples together.
Which reading is meant is not known here: the one that comes to the traced number is shown, and no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Place = tuple[int, ...]
SMALL: Final = 4096
WHOLE: Final = 1 << 22
"""Numbers that are read at once, at most."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """Numbers by symbol, what they should come to, and where the wanted number is in that.

    `sums`: the formula gives terms, which add up to the wanted number.
    """

    known: Mapping[str, Array]
    result: Array
    place: Place
    sums: bool = False


RIGHT: Final = frozenset(["W", "b", "w", r"\beta", r"\gamma"])
"""What stands on the right of a product of matrices."""
Cutter = Callable[[Mapping[str, Array], Array, Place], Iterator[Cut]]


def cuts(known: Mapping[str, Array], result: Array, place: Place) -> Iterator[Cut]:
    """The parts to try, the smallest first. Nothing large is copied before the last ones."""
    yield _at(known, result, place)
    yield from _spread(known, result, place)
    if result.ndim > 1:
        yield from _lines(known, result, place)
        yield from _sample(known, result, place)
    yield from _entries(known, result, place)
    yield from _rows(known, result, place)
    if sum(each.size for each in known.values()) <= WHOLE:
        yield Cut(known, result, place)


def _small(array: Array) -> bool:
    return array.size <= SMALL


def _at(known: Mapping[str, Array], result: Array, place: Place) -> Cut:
    """The numbers of one place; what has another shape stays whole."""
    found = {name: each[_within(each, place)] for name, each in known.items() if _fits(each, result.shape)}
    rest = {name: each for name, each in known.items() if name not in found and _small(each)}
    return Cut({**rest, **found}, result[place], ())


def _spread(known: Mapping[str, Array], result: Array, place: Place) -> Iterator[Cut]:
    """A number that met many: all of those, and a term for each."""
    for shape in {each.shape for each in known.values() if each.shape != result.shape}:
        if not _fits(result, shape):
            continue
        first = len(shape) - result.ndim
        where = [slice(None)] * first
        where += [
            slice(at, at + 1) if result.shape[axis] == shape[first + axis] else slice(None)
            for axis, at in enumerate(place)
        ]
        found = {
            name: np.broadcast_to(each, shape)[tuple(where)].reshape(-1)
            for name, each in known.items()
            if _fits(each, shape)
        }
        yield Cut(found, result[place], ())  # where the formula itself says that they are added up
        yield Cut(found, result[place], (), sums=True)


def _lines(known: Mapping[str, Array], result: Array, place: Place) -> Iterator[Cut]:
    """The numbers along one axis through a place."""
    for axis in range(result.ndim):
        where = tuple(slice(None) if at == axis else index for at, index in enumerate(place))
        found = {name: each[where] for name, each in known.items() if each.shape == result.shape}
        rest = {name: each for name, each in known.items() if each.shape != result.shape and _small(each)}
        yield Cut({**rest, **found}, result[where], (place[axis],))


def _sample(known: Mapping[str, Array], result: Array, place: Place) -> Iterator[Cut]:
    """One sample; and that with all axes behind the channel as one."""
    batch, at = len(result), place[0]
    found = {name: each[at] if each.ndim > 1 and len(each) == batch else each for name, each in known.items()}
    small = {name: each for name, each in found.items() if _small(each)}
    yield Cut(small, result[at], place[1:])
    if any(each.ndim > 1 for each in small.values()):
        joined = {name: _joined(each) if known[name].ndim > 2 else each for name, each in small.items()}
        inner = result[at]
        yield Cut(joined, _joined(inner), _joined_place(inner, place[1:]))


def _joined(array: Array) -> Array:
    return array.reshape(len(array), -1) if array.ndim > 1 else array


def _joined_place(array: Array, place: Place) -> Place:
    if array.ndim < 2:
        return place
    return (place[0], int(np.ravel_multi_index(place[1:], array.shape[1:])))


def _rows(known: Mapping[str, Array], result: Array, place: Place) -> Iterator[Cut]:
    """All axes but the last as one: rows of a matrix. And, of stacks of matrices, those of one sample."""
    if not any(each.ndim > 2 for each in known.values()):
        return
    flat = {name: each.reshape(-1, each.shape[-1]) if each.ndim > 2 else each for name, each in known.items()}
    if result.ndim > 2:
        row = int(np.ravel_multi_index(place[:-1], result.shape[:-1]))
        result, place = result.reshape(-1, result.shape[-1]), (row, place[-1])
    yield from _entries(flat, result, place)
    if sum(each.size for each in flat.values()) <= WHOLE:
        yield Cut(flat, result, place)


def _entries(known: Mapping[str, Array], result: Array, place: Place) -> Iterator[Cut]:
    """What one number of a product of matrices is made of: rows or columns, in each order that formulas have."""
    if result.ndim != 2:
        return
    (row, column), number = place, result[place].reshape(1, 1)
    for across in (0, 1):  # x Wᵀ, δ bᵀ; a b, δ W
        found = {
            name: _slice(each, across, column) if name in RIGHT else _slice(each, 0, row)
            for name, each in known.items()
        }
        yield Cut(found, number, (0, 0))
    for first in (r"\delta", "a"):  # δᵀ x, aᵀ δ
        found = {name: _slice(each, 1, row if name == first else column) for name, each in known.items()}
        yield Cut(found, number, (0, 0))


def _slice(array: Array, axis: int, at: int) -> Array:
    """One row or column of a matrix, one number of a row; else the whole of it."""
    if array.ndim == 0 or array.ndim > 2:
        return array
    axis = min(axis, array.ndim - 1)
    return array.take([at], axis) if at < array.shape[axis] else array


def _fits(array: Array, shape: Place) -> bool:
    try:
        return np.broadcast_shapes(array.shape, shape) == shape
    except ValueError:
        return False


def _within(array: Array, place: Place) -> Place:
    """A place of a tensor that is stretched, in that tensor itself."""
    own = place[len(place) - array.ndim :] if array.ndim else ()
    return tuple(at if size > 1 else 0 for at, size in zip(own, array.shape, strict=True))


def example(result: Array) -> Place:
    """A place to show: in the middle of the first picture, or the first that is not 0."""
    place = tuple(0 if axis < 2 else size // 2 for axis, size in enumerate(result.shape))
    if result[place] != 0:
        return place
    found = np.flatnonzero(result.reshape(-1)[:SMALL])
    at = int(found[0]) if len(found) else 0
    return tuple(int(index) for index in np.unravel_index(at, result.shape))
