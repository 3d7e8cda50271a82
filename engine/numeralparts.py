"""What single numbers of a step are computed from, written out; `engine.numerals` puts them in order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, final

import numpy as np

from engine.chains import Place
from engine.moments import Array, Backward, Forward, Moment, Objective, Step, Update, Values
from engine.update_formulas import shown, substituted, with_numbers

SHOWN = 12
"""Terms of a sum that are written out; the largest of more, in their order."""

_SYMBOLS = {"in": "x", "prediction": "o", "target": "t", "out": "y", "mask": "m"}

Fetch = Callable[[str], Array | None]
"""The array of a `Values.key`."""


@final
@dataclass(frozen=True, slots=True)
class Numeral:
    r"""One number of a step, and how it comes about.

    Attributes:
        moment: index of the moment of blocks that it is part of.
        kind: `value` of a neuron, `loss` of an element or all, `local` derivative, `gradient`, or `update` of a weight.
        place: which number: of an output, or of a parameter.
        left: LaTeX of what is computed: `\dfrac{\partial L}{\partial w}`.
        formula: how, with symbols; numbers: the same with numbers. Lines; () where nothing more is known.
        terms: of a sum: products of (LaTeX, number) factors.
        more, rest: how many terms are not listed, and what they add up to.
        value: the number.
    """

    moment: int
    kind: Literal["value", "loss", "local", "gradient", "update"]
    place: Place
    left: str
    formula: tuple[str, ...]
    numbers: tuple[str, ...]
    terms: tuple[tuple[tuple[str, float], ...], ...]
    more: int
    rest: float
    value: float


@final
class Scene:
    """One step as one sample of its batch sees it."""

    def __init__(self, step: Step, sample: int, fetch: Fetch | None) -> None:
        self.step, self.sample, self._fetch = step, sample, fetch
        self.forward = {moment.node: moment for moment in step.moments if isinstance(moment, Forward)}
        self.updates = {moment.parameter: moment for moment in step.moments if isinstance(moment, Update)}

    def told_with_gradient(self, update: Update) -> bool:
        """Whether an update stands directly behind the gradient that it needs."""
        before = next(m for m in reversed(self.step.moments[: update.index]) if not isinstance(m, Update))
        return isinstance(before, Backward) and before.node == update.node and before.form == "linear"

    def symbols(self, forward: Forward, element: int) -> dict[str, float]:
        """The numbers that a block's symbols stand for at one element; {} where some cannot be told."""
        found: dict[str, float] = {}
        for values in (*forward.inputs, *forward.outputs, *forward.saved):
            array = self.array(values)
            symbol = _SYMBOLS.get(values.name, values.name)
            if forward.form == "scalar" and values in forward.outputs:
                continue
            if array is None or element >= self.size(values):
                return {}
            found[symbol] = float(array.ravel()[self.flat(values, element)])
        return found

    def array(self, values: Values) -> Array | None:
        if values.array is not None:
            return values.array
        return None if self._fetch is None else self._fetch(values.key)

    def batched(self, values: Values) -> bool:
        return bool(values.shape) and values.shape[0] == self.step.samples

    def size(self, values: Values) -> int:
        return values.size // self.step.samples if self.batched(values) else values.size

    def flat(self, values: Values, element: int) -> int:
        return self.sample * self.size(values) + element if self.batched(values) else element

    def place(self, name: str, values: Values, element: int) -> Place:
        if not values.shape:
            return Place(name)
        index = tuple(int(i) for i in np.unravel_index(self.flat(values, element), values.shape))
        if self.batched(values) and self.step.samples == 1:
            return Place(name, index[1:])
        return Place(name, index, self.batched(values))

    def input(self, moment: Backward, port: str) -> Values:
        return next(values for values in moment.inputs if values.name == port)

    def learned(self, moment: Backward) -> Iterator[tuple[Values, Update | None]]:
        """Gradients of the parameters of a Dense that are walked, and their updates where these stand beside."""
        (x,) = self.forward[moment.node].inputs
        if self.array(x) is None or self.array(moment.upstream[0].total) is None:
            return
        for values in moment.weights:
            update = self.updates.get(f"{moment.node}.{values.name}")
            if self.array(values) is not None and (update is None or update.applied is not None):
                beside = update is not None and self.told_with_gradient(update)
                yield values, update if beside else None


@final
class Writer:
    """Writes numbers out."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def total(self, moment: Objective) -> Iterator[Numeral]:
        """What is minimised, where it has several parts."""
        if moment.composed:
            terms = [((shown(w), w), (rf"\mathrm{{{source}}}", value)) for source, w, value in moment.parts]
            yield self.sum_of(moment, "loss", Place("L"), "L", terms, moment.loss)

    def outputs(self, moment: Forward, element: int) -> Iterator[Numeral]:
        many = len(moment.outputs) > 1
        names = {each.name: f"{moment.node}.{each.name}" if many else moment.node for each in moment.outputs}
        for output in moment.outputs:
            array = self._scene.array(output)
            if array is None or element >= self._scene.size(output):
                continue
            place = self._scene.place(names[output.name], output, element)
            at = self._scene.flat(output, element)
            value = float(array.ravel()[at])
            if moment.form == "linear":
                yield self._weighted_sum(moment, place, at, value)
            elif moment.form == "number":
                numbers = self._scene.symbols(moment, element) | {"y": value}
                known = {symbol: number for symbol, number in numbers.items() if symbol != "y"}
                lines = tuple(substituted(line, known) for line in moment.formula.lines)
                yield _numeral(moment, "value", place, place.latex, moment.formula.lines, lines, value)
            else:
                yield _numeral(moment, "value", place, place.latex, (), (), value)

    def _weighted_sum(self, moment: Forward, place: Place, at: int, value: float) -> Numeral:
        (x,) = moment.inputs
        weights = {values.name: self._scene.array(values) for values in moment.weights}
        array, weight = self._scene.array(x), weights["weight"]
        if array is None or weight is None:
            return _numeral(moment, "value", place, place.latex, moment.formula.lines, (), value)
        row, unit = divmod(at, weight.shape[0])
        features = array.reshape(-1, weight.shape[1])[row]
        own = f"{moment.node}.weight"
        source = moment.sources[x.name].removesuffix(".out")
        terms: list[tuple[tuple[str, float], ...]] = [
            (
                (Place(own, (unit, i)).latex, float(weight[unit, i])),
                (Place(source, (i,)).latex, float(features[i])),
            )
            for i in range(len(features))
        ]
        bias = weights.get("bias")
        if bias is not None:
            terms.append(((Place(f"{moment.node}.bias", (unit,)).latex, float(bias[unit])),))
        return self.sum_of(moment, "value", place, place.latex, terms, value)

    def loss(self, moment: Forward) -> Iterator[Numeral]:
        values = {_SYMBOLS.get(each.name, each.name): self._scene.array(each) for each in moment.inputs}
        elements = None if moment.elements is None else self._scene.array(moment.elements)
        if elements is not None and moment.elements is not None and elements.size > 1:
            for element in range(self._scene.size(moment.elements)):
                at = self._scene.flat(moment.elements, element)
                known = {
                    s: float(a.ravel()[at]) for s, a in values.items() if a is not None and a.size == elements.size
                }
                lines = moment.formula.lines[1:]
                place = self._scene.place(moment.node, moment.elements, element)
                numbers = tuple(substituted(line, known) for line in lines) if len(known) == len(values) else ()
                left = rf"\ell_{{{element + 1}}}"
                yield _numeral(moment, "loss", place, left, lines, numbers, float(elements.ravel()[at]))
        (output,) = moment.outputs
        place = Place(moment.node)
        yield _numeral(moment, "loss", place, place.latex, moment.formula.lines, (), output.number or output.mean)

    def arriving(self, moment: Backward, element: int) -> Iterator[Numeral]:
        for each in moment.upstream:
            total = self._scene.array(each.total)
            parts = [(term.source, self._scene.array(term.values)) for term in each.terms]
            if total is None or not parts or any(array is None for _, array in parts):
                continue
            at = self._scene.flat(each.total, element)
            terms = [((rf"\mathrm{{{s}}}", float(a.ravel()[at])),) for s, a in parts if a is not None]
            place = self._scene.place(moment.node, each.total, element)
            yield self.sum_of(moment, "gradient", place, _gradient(place), terms, float(total.ravel()[at]))

    def back(self, moment: Backward, port: str, element: int) -> Iterator[Numeral]:
        values = self._scene.input(moment, port)
        array = self._scene.array(values)
        if array is None:
            return
        forward = self._scene.forward[moment.node]
        source = forward.sources[port].removesuffix(".out")
        place, at = self._scene.place(source, values, element), self._scene.flat(values, element)
        value, left = float(array.ravel()[at]), _gradient(place)
        local = next((each for each in moment.local if each.values.name == port), None)
        slopes = None if local is None else self._scene.array(local.values)
        upstream = self._scene.array(moment.upstream[0].total)
        if local is None or slopes is None or upstream is None:
            yield _numeral(moment, "gradient", place, left, moment.formula.lines, (), value)
        elif local.kind == "weight":
            row, feature = divmod(at, slopes.shape[1])
            deltas, own = upstream.reshape(-1, slopes.shape[0])[row], forward.node
            terms = [
                (
                    (_gradient(Place(own, (j,))), float(deltas[j])),
                    (Place(f"{own}.weight", (j, feature)).latex, float(slopes[j, feature])),
                )
                for j in range(len(deltas))
            ]
            yield self.sum_of(moment, "gradient", place, left, terms, value)
        else:
            yield from self._product(moment, place, element, (slopes, upstream, at, value), local.kind == "slope")

    def _product(
        self, moment: Backward, place: Place, element: int, numbers: tuple[Array, Array, int, float], slope: bool
    ) -> Iterator[Numeral]:
        """Of the arriving gradient and a local derivative."""
        slopes, upstream, at, value = numbers
        factor = float(slopes.ravel()[at])
        arriving = float(upstream.ravel()[at] if slope else upstream.item())
        index = place.index if slope else ()
        out = Place(moment.node, index, place.sample and slope)
        forward = self._scene.forward[moment.node]
        known = self._scene.symbols(forward, element)
        lines = tuple(substituted(line, known | {r"\delta": arriving}) for line in moment.formula.lines)
        derivative = rf"\dfrac{{\partial {out.latex}}}{{\partial {place.latex}}}"
        if slope:
            alone = _slope_lines(moment, derivative)
            written = tuple(substituted(line, known) for line in alone) if known else ()
            yield _numeral(moment, "local", place, derivative, alone, written, factor)
        terms = (((_gradient(out), arriving), (derivative, factor)),)
        complete = bool(known)
        yield Numeral(
            moment.index,
            "gradient",
            place,
            _gradient(place),
            moment.formula.lines,
            lines if complete else (),
            terms,
            0,
            0.0,
            value,
        )

    def weights(self, moment: Backward, unit: int, first: int = 0) -> Iterator[Numeral]:
        """Gradient and new value of the weights of one neuron, one after the other, from number `first` on."""
        for values, update in self._scene.learned(moment):
            width = values.shape[1] if len(values.shape) == 2 else 1
            each = 1 if update is None else 2
            if unit >= values.shape[0]:
                continue
            for feature in range(min(width, first // each), width):
                index = (unit, feature) if len(values.shape) == 2 else (unit,)
                if first % each == 0:
                    yield self._weight(moment, values, index)
                first -= first % each
                if update is not None:
                    yield from self.update(update, int(np.ravel_multi_index(index, values.shape)))
            first = max(0, first - width * each)

    def _weight(self, moment: Backward, values: Values, index: tuple[int, ...]) -> Numeral:
        """The gradient of one weight: a product for each sample, added up."""
        forward = self._scene.forward[moment.node]
        (x,) = forward.inputs
        inputs, upstream = self._scene.array(x), self._scene.array(moment.upstream[0].total)
        array = self._scene.array(values)
        assert inputs is not None
        assert upstream is not None
        assert array is not None
        rows, unit = inputs.reshape(-1, inputs.shape[-1]), index[0]
        deltas = upstream.reshape(-1, array.shape[0])[:, unit]
        many = len(rows) > 1
        place = Place(f"{moment.node}.{values.name}", index)
        terms = []
        for row in range(len(rows)):
            place_of_delta = Place(moment.node, (row, unit) if many else (unit,), many)
            factors = [(_gradient(place_of_delta), float(deltas[row]))]
            if len(index) == 2:
                feature = index[1]
                source = forward.sources[x.name].removesuffix(".out")
                put = Place(source, (row, feature) if many else (feature,), many)
                factors.append((put.latex, float(rows[row, feature])))
            terms.append(tuple(factors))
        return self.sum_of(moment, "gradient", place, _gradient(place), terms, float(array[index]))

    def update(self, moment: Update, at: int) -> Iterator[Numeral]:
        applied = None if moment.applied is None else self._scene.array(moment.applied)
        before, after = self._scene.array(moment.before), self._scene.array(moment.after)
        if applied is None or before is None or after is None:
            return
        numbers = {"w": float(before.ravel()[at]), "g": float(applied.ravel()[at])}
        for prime, states in (("", moment.state_before), ("'", moment.state_after)):
            for state in states:
                array = self._scene.array(state)
                if array is not None:
                    numbers[f"{state.name}{prime}"] = float(array.ravel()[at])
        index = tuple(int(i) for i in np.unravel_index(at, before.shape)) if before.ndim else ()
        place = Place(moment.parameter, index)
        lines = with_numbers(moment.optimizer, moment.hyper, numbers)
        value = float(after.ravel()[at])
        yield _numeral(moment, "update", place, f"{place.latex}'", moment.formula.lines, lines, value)

    # -- sums --

    def sum_of(
        self,
        moment: Moment,
        kind: Literal["value", "loss", "gradient"],
        place: Place,
        left: str,
        terms: Sequence[tuple[tuple[str, float], ...]],
        value: float,
    ) -> Numeral:
        """A sum of products, the largest written out."""
        products = [float(np.prod([number for _, number in term])) for term in terms]
        largest = sorted(sorted(range(len(terms)), key=lambda i: -abs(products[i]))[:SHOWN])
        listed = tuple(terms[i] for i in largest)
        rest = sum(products) - sum(products[i] for i in largest) if len(terms) > len(listed) else 0.0
        symbols, numbers = (
            " + ".join(r" \cdot ".join(one(factor) for factor in term) for term in listed)
            for one in (_symbol_of, _number_of)
        )
        more = len(terms) - len(listed)
        if more:
            symbols, numbers = rf"{symbols} + \dots", f"{numbers} + {_number_of(('', rest))}"
        return Numeral(
            moment.index,
            kind,
            place,
            left,
            (f"{left} = {symbols}",),
            (f"{left} = {numbers}",),
            listed,
            more,
            rest,
            value,
        )


def _numeral(
    moment: Moment,
    kind: Literal["value", "loss", "local", "gradient", "update"],
    place: Place,
    left: str,
    formula: Sequence[str],
    numbers: Sequence[str],
    value: float,
) -> Numeral:
    return Numeral(moment.index, kind, place, left, tuple(formula), tuple(numbers), (), 0, 0.0, value)


def _gradient(place: Place) -> str:
    return rf"\dfrac{{\partial L}}{{\partial {place.latex}}}"


def _slope_lines(moment: Backward, derivative: str) -> tuple[str, ...]:
    r"""The local derivative by itself, from a backward formula of the kind `δ · slope`; () for any other."""
    if len(moment.formula.lines) != 1:
        return ()
    slope = re.fullmatch(r"[^=]*= \\delta(?:\\,|\s*\\cdot(?![a-z]))\s*(.*)", moment.formula.lines[0])
    return () if slope is None or r"\delta" in slope[1] else (f"{derivative} = {slope[1]}",)


def _symbol_of(factor: tuple[str, float]) -> str:
    return factor[0]


def _number_of(factor: tuple[str, float]) -> str:
    text = shown(factor[1])
    return f"({text})" if text.startswith("-") else text
