"""Formulas of blocks that only move numbers: which number of the input stands where in the output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.moments import Backward, Forward, Values
from gui.backprop.cuts import example
from gui.backprop.worked import Line, indexed, line_of

Array = NDArray[Any]
KINDS: Final = frozenset(["Augment", "Concat", "Flatten", "Permute", "Reshape", "Transpose"])
MOST_TERMS: Final = 4
_SYMBOLS: Final = {"in": "x"}


def forward_lines(
    forward: Forward, arrays: Mapping[str, Array], picked: Mapping[str, tuple[int, ...]] | None
) -> list[Line]:
    """Where one number of the output comes from."""
    y = _array(forward.outputs[0], arrays)
    sources = [_array(values, arrays) for values in forward.inputs]
    place = (picked or {}).get("y") or example(y)
    if len(place) != y.ndim:
        return []
    if _keeps_order(forward):
        origin = int(np.ravel_multi_index(place, y.shape))
    else:
        moved = origins(forward, [each.shape for each in sources], arrays)
        if moved is None or moved.shape != y.shape:
            return []
        origin = int(moved[place])
    which, spot = _found(origin, sources)
    values, source = forward.inputs[which], sources[which]
    if source[spot] != y[place]:
        return []
    text = indexed(_SYMBOLS.get(values.name, values.name), spot, source.shape)
    return [line_of(indexed("y", place, y.shape), text, float(y[place]), "y", place)]


def backward_lines(
    forward: Forward, moment: Backward, arrays: Mapping[str, Array], picked: Mapping[str, tuple[int, ...]] | None
) -> list[Line]:
    """Where one number of each gradient comes from."""
    delta = _array(moment.upstream[0].total, arrays)
    shapes = [values.shape for values in forward.inputs]
    moved = None if _keeps_order(forward) else origins(forward, shapes, arrays)
    if not _keeps_order(forward) and (moved is None or moved.shape != delta.shape):
        return []
    lines = []
    starts = dict(zip([values.name for values in forward.inputs], _starts(shapes), strict=True))
    for values in moment.inputs:
        result, symbol = _array(values, arrays), _SYMBOLS.get(values.name, values.name)
        place = (picked or {}).get(symbol) or example(result)
        if len(place) != result.ndim:
            continue
        at = (
            starts[values.name] + int(np.ravel_multi_index(place, result.shape)) if result.ndim else starts[values.name]
        )
        where = [at] if moved is None else [int(spot) for spot in np.flatnonzero(moved == at)]
        if not np.isclose(sum(delta.flat[spot] for spot in where), result[place], rtol=1e-5, atol=1e-30):
            continue
        left = indexed(symbol, place, result.shape, gradient=True)
        lines.append(line_of(left, _arriving(where, delta.shape), float(result[place]), symbol, place))
    return lines


def _arriving(where: Sequence[int], shape: tuple[int, ...]) -> str:
    """The gradients at these places, added up; 0 where there is none."""
    spots = [tuple(int(index) for index in np.unravel_index(spot, shape)) for spot in where]
    terms = [indexed(r"\delta", spot, shape) for spot in spots]
    if len(terms) > MOST_TERMS:
        terms = [*terms[: MOST_TERMS - 1], r"\cdots", terms[-1]]
    return " + ".join(terms) or "0"


def _keeps_order(forward: Forward) -> bool:
    """Whether all numbers stay in their order, counted through."""
    return forward.block in ("Flatten", "Reshape") and forward.inputs[0].size == forward.outputs[0].size


def origins(
    forward: Forward, shapes: Sequence[tuple[int, ...]], arrays: Mapping[str, Array]
) -> NDArray[np.int64] | None:
    """For each number of the output, which one of all inputs it is, counted through."""
    counted = [
        np.arange(start, start + int(np.prod(shape, dtype=np.int64))).reshape(shape)
        for start, shape in zip(_starts(shapes), shapes, strict=True)
    ]
    params = forward.formula.params
    try:
        match forward.block:
            case "Permute":
                return counted[0].transpose(params["dims"])
            case "Transpose":
                return np.swapaxes(counted[0], params["dim0"], params["dim1"])
            case "Concat":
                return np.concatenate(counted, axis=params["dim"])
            case "Augment":
                (places,) = (_array(values, arrays) for values in forward.saved)
                flat = counted[0].reshape(*shapes[0][:2], -1)
                return np.take_along_axis(flat, places, axis=2).reshape(shapes[0])
    except (KeyError, ValueError):  # a muted block passes on what it gets
        return None
    return None


def _starts(shapes: Sequence[tuple[int, ...]]) -> list[int]:
    sizes = [int(np.prod(shape, dtype=np.int64)) for shape in shapes]
    return [sum(sizes[:at]) for at in range(len(sizes))]


def _found(at: int, sources: Sequence[Array]) -> tuple[int, tuple[int, ...]]:
    """Which input, and where in it."""
    for which, source in enumerate(sources):
        if at < source.size:
            return which, tuple(int(index) for index in np.unravel_index(at, source.shape))
        at -= source.size
    raise IndexError(at)


def _array(values: Values, arrays: Mapping[str, Array]) -> Array:
    return values.array if values.array is not None else arrays[values.key]
