r"""A block's formula with the numbers of a moment: read, computed, compared with the traced value, and written out.

What does not come to the traced value, to rounding, is not shown: a formula read in the wrong way never appears.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from gui.backprop.algebra import Name, Node, UnreadableError, names_in
from gui.backprop.cuts import Array, Cut, Cutter, cuts, example
from gui.backprop.equations import Equation, equations_in
from gui.backprop.evaluate import Floats, Known, Reading, evaluate
from gui.backprop.write import Place, Writer, enclosed_sum, number, places_of, terms

MOST_LINES: Final = 4
"""Numbers of one result that are written out."""
LARGEST: Final = 4096
"""Tensors of more numbers are not computed anew for a line."""


@final
@dataclass(frozen=True, slots=True)
class Line:
    """A formula with numbers.

    Attributes:
        latex: the whole of it.
        symbol: what it gives: `y`, or `x` for ∂L/∂x.
        place: which number of it; () for a scalar.
    """

    latex: str
    symbol: str
    place: tuple[int, ...]


def work_out(
    lines: Sequence[str],
    known: Mapping[str, NDArray[np.generic]],
    results: Mapping[str, NDArray[np.generic]],
    *,
    also: Sequence[str] = (),
    picked: Mapping[str, tuple[int, ...]] | None = None,
    owned: Container[str] = (),
    cutter: Cutter = cuts,
) -> list[Line]:
    r"""Formulas with numbers, as far as they can be read and come to the traced results.

    Of small results several numbers are written out, of large ones, and where a formula holds for a part, one.

    Args:
        lines: LaTeX, as in `Formula.forward` or `Formula.backward`.
        known: symbol -> traced numbers.
        results: symbol on the left (`y`; `x` for ∂L/∂x) -> traced numbers.
        also: lines that define symbols used in `lines`.
        picked: symbol -> the place whose number is written out in the place of the first ones.
        owned: symbols of parameters, whose first axis counts no samples.
        cutter: the parts of tensors in which a formula may hold.
    """
    equations = [equation for line in lines for equation in equations_in(line)]
    helpers = [equation for line in also for equation in equations_in(line)]
    numbers = {name: np.asarray(value) for name, value in known.items()}
    small = {name: _floats(value) for name, value in numbers.items() if value.size <= LARGEST}
    found: dict[str, list[Line]] = {}
    for equation in equations:
        name = equation.symbol.name
        if name not in results or found.get(name):
            continue
        result = np.asarray(results[name])
        place = (picked or {}).get(name)
        if place is not None and len(place) != result.ndim:
            place = None
        everything = [*equations, *helpers]
        if result.size <= LARGEST:
            found[name] = _worked(equation, _floats(result), small, everything, place, owned)
        if not found.get(name):
            where = example(result) if place is None else place
            found[name] = _cut_out(equation, result, numbers, everything, where, owned, cutter)
    return [line for lines in found.values() for line in lines]


def _cut_out(
    equation: Equation,
    result: Array,
    known: Mapping[str, Array],
    helpers: Sequence[Equation],
    place: tuple[int, ...],
    owned: Container[str],
    cutter: Cutter,
) -> list[Line]:
    """One number, in the first part in which the formula comes to it."""
    named = {"o", "n", *(name for each in (equation, *helpers) for name in names_in(each.ways))}
    known = {name: value for name, value in known.items() if name in named}
    for cut, way, matrices, flat in product(cutter(known, result, place), equation.ways, (False, True), (True, False)):
        reading = Reading(matrices, flat)
        try:
            text, everything = _read_in(cut, way, equation, helpers, reading)
        except UnreadableError:
            continue
        if text:
            left = _left(equation, place, result.shape, owned)
            line = line_of(left, text, result[place], equation.symbol.name, place)
            used = _used(way, _unknown(helpers, cut.known, equation))
            return [line, *_helper_lines(used, everything, reading)]
    return []


def _read_in(
    cut: Cut, way: Node, equation: Equation, helpers: Sequence[Equation], reading: Reading
) -> tuple[str, Known]:
    """The text of the number in a part, and what is known there; "" where the formula does not come to it."""
    everything = _with_helpers({name: _floats(value) for name, value in cut.known.items()}, helpers, reading)
    wanted = _floats(cut.result)
    writer = Writer(everything, reading)
    if cut.sums:
        got = evaluate(way, everything, reading).array
        if got.ndim != 1 or not _same(np.array(got.sum()), wanted, float(np.abs(got).sum())):
            return "", everything
        return terms(len(got), lambda k: enclosed_sum(writer.write(way, Place((k,))))), everything
    if not _comes_to(way, everything, reading, wanted):
        return "", everything
    return writer.write(way, _place_for(equation.symbol, wanted, cut.place)), everything


def _unknown(helpers: Sequence[Equation], known: Container[str], equation: Equation) -> list[Equation]:
    """Lines that say what a symbol is that nobody has traced."""
    return [
        each
        for each in helpers
        if not each.gradient and each.symbol.name not in known and each.symbol.name != equation.symbol.name
    ]


def _worked(
    equation: Equation,
    result: Floats,
    known: Mapping[str, Floats],
    helpers: Sequence[Equation],
    picked: tuple[int, ...] | None,
    owned: Container[str],
) -> list[Line]:
    for way, flat, matrices in product(equation.ways, (True, False), (False, True)):
        reading = Reading(matrices, flat)
        try:
            everything = _with_helpers(known, helpers, reading)
            if not _comes_to(way, everything, reading, result):
                continue
            used = _used(way, _unknown(helpers, known, equation))
            lines = list(_written(equation, way, result, Writer(everything, reading), picked, owned))
            return [*lines, *_helper_lines(used, everything, reading)]
        except UnreadableError:
            continue
    return []


def _written(
    equation: Equation,
    way: Node,
    result: Floats,
    writer: Writer,
    picked: tuple[int, ...] | None,
    owned: Container[str],
) -> Iterator[Line]:
    if picked is not None and len(picked) == result.ndim:
        places = [picked]
    else:
        places = places_of(result.shape, _lines_for(result.size))
    for place in places:
        text = writer.write(way, _place_for(equation.symbol, result, place))
        left = _left(equation, place, result.shape, owned)
        yield line_of(left, text, result[place], equation.symbol.name, place)


def _lines_for(size: int) -> int:
    """All of a few numbers, and of many the first ones as examples."""
    return size if size <= MOST_LINES else MOST_LINES // 2


def _helper_lines(helpers: Sequence[Equation], known: Known, reading: Reading) -> list[Line]:
    """The values of what the formula names on its way: ℓ₁, ℓ₂ and so on."""
    lines = []
    for equation in helpers:
        if equation.symbol.name not in known:
            continue
        value = known[equation.symbol.name]
        writer = Writer(known, reading)
        for place in places_of(value.shape, MOST_LINES // 2 if len(helpers) > 1 else MOST_LINES):
            text = writer.write(equation.ways[0], _place_for(equation.symbol, value, place))
            left = _left(equation, place, value.shape, ())
            lines.append(line_of(left, text, value[place], equation.symbol.name, place))
    return lines


def line_of(left: str, text: str, value: float, symbol: str, place: tuple[int, ...]) -> Line:
    """`left = text = value`; the text only where it says more than the value."""
    result = number(value)
    is_number = text in (result, f"({result})")
    return Line(f"{left} = {result}" if is_number else f"{left} = {text} = {result}", symbol, place)


def _place_for(symbol: Name, result: Floats, place: tuple[int, ...]) -> Place:
    if not symbol.labels or not place:
        return Place(place)
    if len(symbol.labels) == 1:
        flat = int(np.ravel_multi_index(place, result.shape))
        return Place(place, {symbol.labels[0]: flat if result.ndim > 1 else place[0]})
    return Place(place, dict(zip(symbol.labels, place, strict=False)))


def _left(equation: Equation, place: tuple[int, ...], shape: tuple[int, ...], owned: Container[str]) -> str:
    name = equation.symbol.name
    return indexed(name, place, shape, owned=name in owned, gradient=equation.gradient)


def indexed(
    name: str, place: tuple[int, ...], shape: tuple[int, ...], *, owned: bool = False, gradient: bool = False
) -> str:
    r"""`y_{2}`, `\dfrac{\partial L}{\partial W_{1,2}}`, counted from 1; a scalar and the only sample without.

    `owned`: the first axis of a parameter counts no samples.
    """
    kept = [index for axis, index in enumerate(place) if owned or axis > 0 or shape[0] > 1 or len(shape) == 1]
    if int(np.prod(shape)) == 1:
        kept = []
    text = rf"{name}_{{{','.join(str(index + 1) for index in kept)}}}" if kept else name
    return rf"\dfrac{{\partial L}}{{\partial {text}}}" if gradient else text


def _used(way: Node, helpers: Sequence[Equation]) -> list[Equation]:
    """The lines that define what an expression names, and what these name in turn; each once."""
    found: dict[str, Equation] = {}
    waiting = names_in(way)
    while waiting:
        name = waiting.pop(0)
        equation = next((each for each in helpers if each.symbol.name == name), None)
        if equation is not None and name not in found:
            found[name] = equation
            waiting += names_in(equation.ways[0])
    return list(found.values())


def _with_helpers(known: Mapping[str, Floats], helpers: Sequence[Equation], reading: Reading) -> dict[str, Floats]:
    """The known symbols and those that other lines define by them; `n` counts what is averaged."""
    everything = dict(known)
    base = known.get("o")
    if base is not None and "n" not in everything:
        everything["n"] = np.array(float(base.size if reading.flat else len(base)))
    waiting = [each for each in helpers if not each.gradient and each.symbol.name not in everything]
    progress = True
    while waiting and progress:
        progress = False
        for equation in list(waiting):
            others = {each.symbol.name for each in waiting if each is not equation}
            if not others.isdisjoint(names_in(equation.ways[0])):  # e is an error here, not Euler's number
                continue
            try:
                found = evaluate(equation.ways[0], everything, reading)
            except UnreadableError:
                continue
            everything[equation.symbol.name] = _arranged(found.array, found.labels, equation.symbol.labels)
            waiting.remove(equation)
            progress = True
    return everything


def _arranged(array: Floats, labels: tuple[str, ...] | None, wanted: tuple[str, ...]) -> Floats:
    if labels is None or not wanted:
        return array
    if set(wanted) != set(labels):
        raise UnreadableError(f"{labels} are not {wanted}")
    return array.transpose([labels.index(label) for label in wanted])


def _same(got: Floats, wanted: Floats, size: Floats | float = 0.0) -> bool:
    """Whether numbers are the traced ones, to the rounding of float32; `size`: of the terms that were added up."""
    if got.shape != wanted.shape and got.size == wanted.size and got.ndim <= 1:
        got = got.reshape(wanted.shape)
    if got.shape != wanted.shape:
        return False
    allowed = 1e-4 * np.abs(wanted) + 1e-7 + 1e-6 * np.asarray(size)
    with np.errstate(invalid="ignore"):
        alike = (np.abs(got - wanted) <= allowed) | (got == wanted) | (np.isnan(got) & np.isnan(wanted))
    return bool(alike.all())


def _comes_to(way: Node, everything: Known, reading: Reading, wanted: Floats) -> bool:
    """Whether an expression comes to the traced numbers; a sum of large terms of both signs does so less exactly."""
    got = evaluate(way, everything, reading).array
    if _same(got, wanted):
        return True
    if got.shape != wanted.shape:
        return False
    sizes = evaluate(way, {name: np.abs(value) for name, value in everything.items()}, reading).array
    return sizes.shape == wanted.shape and _same(got, wanted, np.nan_to_num(sizes, posinf=0.0))


def _floats(value: NDArray[np.generic]) -> Floats:
    return np.asarray(value, dtype=np.float64)
