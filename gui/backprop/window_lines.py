"""Formulas of convolutions and poolings with numbers: the sum at one place, from the relation of the two planes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.moments import Backward, Forward, Values
from gui.backprop import products as adding
from gui.backprop.cuts import example
from gui.backprop.products import Terms
from gui.backprop.sliding import Pair, Sliding, pictures
from gui.backprop.worked import Line, indexed, line_of
from gui.backprop.write import MOST_TERMS, number, terms

Array = NDArray[Any]
Picked = Mapping[str, tuple[int, ...]] | None


def forward_lines(slide: Sliding, forward: Forward, arrays: Mapping[str, Array], picked: Picked) -> list[Line]:
    """One number of the output."""
    x, y = (_array(values[0], arrays) for values in (forward.inputs, forward.outputs))
    place = _place(y, (picked or {}).get("y"))
    sample, channel, spot = _split(place)
    source = pictures(x)[sample]
    if slide.is_pool:
        kind = adding.largest if slide.kind == "max" else adding.averaged
        found = kind(slide, source, channel, spot)
    else:
        held = {values.name: _array(values, arrays) for values in forward.weights}
        added = float(held["bias"][channel]) if "bias" in held else None
        join = adding.scattered if slide.kind == "transposed" else adding.gathered
        found = join(slide, source, pictures(held["weight"]), channel, spot, added)
    return list(_lines("y", y, place, found, gradient=False))


def backward_lines(
    slide: Sliding, forward: Forward, moment: Backward, arrays: Mapping[str, Array], picked: Picked
) -> list[Line]:
    """One number of each gradient."""
    x = pictures(_array(forward.inputs[0], arrays))
    delta = pictures(_array(moment.upstream[0].total, arrays))
    lines: list[Line] = []
    for values in moment.weights:
        result = _array(values, arrays)
        symbol = {"weight": "W", "bias": "b"}.get(values.name, "")
        place = _place(result, (picked or {}).get(symbol), of_batch=False)
        if symbol == "W":
            found = _by_entry(slide, x, delta, place)
        else:
            left = delta[:, place[0]].reshape(1, 1, -1).astype(np.float64)
            found = Terms(left, np.ones(left.shape), np.ones(left.shape, dtype=bool), (0,))
        lines += _lines(symbol, result, place, found, gradient=True, owned=True)
    for values in moment.inputs:
        result = _array(values, arrays)
        place = _place(result, (picked or {}).get("x"))
        lines += _lines("x", result, place, _by_input(slide, forward, delta, place, arrays), gradient=True)
    return lines


def _by_entry(slide: Sliding, x: Array, delta: Array, place: tuple[int, ...]) -> Terms:
    outer, row, spot = _split(place)
    fine, coarse = (delta, x) if slide.kind == "transposed" else (x, delta)
    return adding.correlated(slide, fine, coarse, (outer, slide.fine_of(outer)[row]), spot)


def _by_input(
    slide: Sliding, forward: Forward, delta: Array, place: tuple[int, ...], arrays: Mapping[str, Array]
) -> Terms:
    sample, channel, spot = _split(place)
    if slide.is_pool:
        chosen = next((_array(values, arrays) for values in forward.saved if values.name == "indices"), None)
        taken = None if chosen is None else pictures(chosen)[sample]
        return adding.returned(slide, delta[sample], taken, channel, spot)
    weight = pictures(next(_array(values, arrays) for values in forward.weights if values.name == "weight"))
    join = adding.gathered if slide.kind == "transposed" else adding.scattered
    return join(slide, delta[sample], weight, channel, spot, None)


def _lines(
    symbol: str, result: Array, place: tuple[int, ...], found: Terms, *, gradient: bool, owned: bool = False
) -> Iterator[Line]:
    """The line, if it comes to the traced number."""
    value = float(result[place])
    if found.comes_to(value):
        left = indexed(symbol, place, result.shape, owned=owned, gradient=gradient)
        yield line_of(left, _written(found), value, symbol, place)


def _written(found: Terms) -> str:
    r"""`0.5 \cdot 0.2 + … + 0.1`, or `\max(…)`."""
    left, right = (part[found.here] for part in (found.left, found.right))
    if found.picks:
        shown = [number(value) for value in left]
        if len(shown) > 2 * MOST_TERMS:
            shown = [*shown[:MOST_TERMS], r"\ldots", shown[-1]]
        return rf"\max({', '.join(shown)})"
    plain = bool((right == 1).all())

    def term(at: int) -> str:
        first = number(left[at], bare=False)
        return first if plain else rf"{first} \cdot {number(right[at], bare=False)}"

    text = terms(len(left), term) if len(left) else "0"
    return text if found.added is None else f"{text} + {number(found.added, bare=False)}"


def _place(result: Array, picked: tuple[int, ...] | None, *, of_batch: bool = True) -> tuple[int, ...]:
    if picked is not None and len(picked) == result.ndim:
        return picked
    return example(result) if of_batch else tuple(0 for _ in result.shape)


def _split(place: tuple[int, ...]) -> tuple[int, int, Pair]:
    """Sample, channel, and place in the picture; a place in a sequence is in its only row."""
    spot = place[2:]
    return place[0], place[1], (spot[0], spot[1]) if len(spot) == 2 else (0, spot[0])


def _array(values: Values, arrays: Mapping[str, Array]) -> Array:
    return values.array if values.array is not None else arrays[values.key]
