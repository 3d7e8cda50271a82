"""What there is to say of one moment, in order and as values: the panel shows it, and a report prints it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, final

from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication

from engine.moments import Backward, Forward, Mathematics, Moment, Objective, Outcome, Step, Sum, Update, Values
from gui.backprop.symbols import Arrays, port_symbol, with_numbers
from gui.backprop.worked import MOST_LINES
from gui.backprop.write import number
from gui.format import format_exact

INDENT: Final = 16


@final
@dataclass(frozen=True, slots=True)
class Said:
    """A sentence. `look`: said quietly, as text, or as numbers that are exact."""

    text: str
    look: Literal["quiet", "text", "exact", "names"] = "quiet"


@final
@dataclass(frozen=True, slots=True)
class Fault:
    """Something is wrong with the block."""

    title: str
    text: str
    after: str


@final
@dataclass(frozen=True, slots=True)
class Formulas:
    """Lines of LaTeX; `worked` when they are the block's formula with the numbers of this step."""

    title: str
    lines: tuple[str, ...]
    worked: bool = False


@final
@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """A tensor. `indent` in pixels, for the terms of a sum."""

    title: str
    values: Values
    indent: int = 0


Part = Said | Fault | Formulas | Numbers


def _tr(text: str) -> str:
    return QCoreApplication.translate("BackpropPage", text)


def parts_of(step: Step, moment: Moment, arrays: Arrays) -> Iterator[Part]:
    """Everything of a moment of a step. May run in any thread."""
    match moment:
        case Forward():
            yield from _forward(step, moment, arrays)
        case Backward():
            yield from _backward(step, moment, arrays)
        case Update():
            yield from _update(step, moment, arrays)
        case Objective():
            yield from _objective(moment)
        case Outcome():
            yield from _outcome(step, moment)


def array_of(values: Values, arrays: Arrays) -> NDArray[Any]:
    """The numbers of some values."""
    return values.array if values.array is not None else arrays[values.key]


# -- kinds of moments --


def _forward(step: Step, moment: Forward, arrays: Arrays) -> Iterator[Part]:
    yield from _mathematics(step, moment, moment.formula, arrays)
    yield from _group(moment, _tr("Inputs"), moment.inputs, moment.sources)
    yield from _group(moment, _tr("Parameters"), moment.weights)
    yield from _group(moment, _tr("Drawn or chosen in this step"), moment.saved)
    yield from _group(moment, _tr("Output") if moment.block != "Input" else _tr("Data"), moment.outputs)
    if moment.elements is not None and moment.elements.size > 1:
        yield Numbers(_tr("What each number adds to the loss"), moment.elements)


def _backward(step: Step, moment: Backward, arrays: Arrays) -> Iterator[Part]:
    if moment.error:
        after = _tr("What flows on from here is autograd's gradient.")
        yield Fault(_tr("Formula and autograd disagree"), moment.error, after)
    yield from _mathematics(step, moment, moment.formula, arrays)
    for part in moment.upstream:
        yield from _sum(_tr("Arriving gradient, δ = ∂L/∂{0}").format(port_symbol(part.total.name)), part)
    words = {
        "slope": _tr("Local derivative ∂{out}/∂{in}: the slope at each number"),
        "weight": _tr("Local derivative ∂{out}/∂{in}: the weights"),
        "gradient": _tr("Local derivative ∂{out}/∂{in}"),
    }
    out = port_symbol(moment.upstream[0].total.name) if moment.upstream else "y"
    for local in moment.local:
        symbols = {"out": out, "in": port_symbol(local.values.name)}
        yield Numbers(words[local.kind].format_map(symbols), local.values)
    for values in moment.inputs:
        yield Numbers(_tr("Gradient passed on, ∂L/∂{0}").format(port_symbol(values.name)), values)
    for values in moment.weights:
        yield Numbers(_tr("Gradient of the parameter, ∂L/∂{0}").format(values.name), values)


def _update(step: Step, moment: Update, arrays: Arrays) -> Iterator[Part]:
    if moment.applied is None:
        yield Said(_tr("Not updated in this step: it is frozen, or belongs to another phase."), "text")
    else:
        yield from _mathematics(step, moment, moment.formula, arrays)
    yield Numbers(_tr("Before, w"), moment.before)
    yield from _sum(_tr("Gradient"), moment.gradient)
    if moment.applied is not None and _differ(moment.applied, moment.gradient.total, arrays):
        yield Numbers(_tr("Gradient as applied, g: clipped and decayed"), moment.applied)
    used = {each.name for each in (*moment.state_before, *moment.state_after) if each.low != 0 or each.high != 0}
    for title, state in (
        (_tr("The optimizer remembered"), moment.state_before),
        (_tr("The optimizer remembers now"), moment.state_after),
    ):
        yield from _group(moment, title, [each for each in state if each.name in used])
    yield Numbers(_tr("After, w′"), moment.after)


def _objective(moment: Objective) -> Iterator[Part]:
    lines = []
    if len(moment.parts) > 1 or any(weight != 1 for _, weight, _ in moment.parts):
        names = [name.rpartition(".")[0] for name, _, _ in moment.parts]
        yield Said(" + ".join(names), "names")
        terms = [
            number(value, bare=not at) if weight == 1 else rf"{number(weight, bare=not at)} \cdot {number(value)}"
            for at, (_, weight, value) in enumerate(moment.parts)
        ]
        lines.append("L = " + " + ".join(terms) + f" = {number(moment.loss)}")
    else:
        lines.append(f"L = {number(moment.loss)}")
    yield Formulas(_tr("What is minimised"), tuple(lines))
    yield Said(_tr("exactly {0}").format(format_exact(moment.loss)), "exact")


def _outcome(step: Step, moment: Outcome) -> Iterator[Part]:
    line = rf"L = {number(moment.before)} \rightarrow {number(moment.after)}"
    yield Formulas(_tr("Loss before and after"), (line,))
    yield Said(_tr("exactly {0} → {1}").format(format_exact(moment.before), format_exact(moment.after)), "exact")
    for values in moment.outputs:
        node = values.name.rpartition(".")[0]
        forward = step.at(Forward, node)
        if isinstance(forward, Forward):
            before = next((each for each in forward.outputs if each.name == values.name.rpartition(".")[2]), None)
            if before is not None:
                yield Numbers(_tr("{0} before").format(node), before)
        yield Numbers(_tr("{0} with the new weights").format(node), values)


# -- parts --


def _mathematics(step: Step, moment: Moment, formula: Mathematics, arrays: Arrays) -> Iterator[Part]:
    if not formula.lines:
        return
    yield Formulas(_tr("Formula"), formula.lines)
    lines = tuple(line.latex for line in with_numbers(step, moment, arrays))
    if lines:
        yield Formulas(_tr("With the numbers of this step"), lines, worked=True)
    elif not isinstance(moment, Forward) or moment.inputs:
        yield Said(_tr("Not written out with numbers: shapes and ranges are below."))


def only_examples(moment: Moment) -> bool:
    """Whether the formula with numbers gives only the first few of them."""
    return any(each.size > MOST_LINES for each in _results(moment))


def _group(
    moment: Moment, title: str, values: Sequence[Values], sources: Mapping[str, str] | None = None
) -> Iterator[Part]:
    for each in values:
        source = sources.get(each.name, "") if sources else ""
        is_loss = moment.form == "scalar" and each.name == "out"
        symbol = "L" if is_loss else port_symbol(each.name)
        name = each.name if symbol == each.name else f"{symbol} ({each.name})"
        yield Numbers(f"{title}: {name} ← {source}" if source else f"{title}: {name}", each)


def _sum(title: str, part: Sum) -> Iterator[Part]:
    if len(part.terms) > 1:
        yield Numbers(_tr("{0}: the sum over {1} wires").format(title, len(part.terms)), part.total)
        for term in part.terms:
            yield Numbers(_tr("from {0}").format(term.source), term.values, INDENT)
    else:
        yield Numbers(title, part.total)


def _results(moment: Moment) -> tuple[Values, ...]:
    """What the formulas of a moment give."""
    match moment:
        case Forward():
            return moment.outputs
        case Backward():
            return (*moment.inputs, *moment.weights)
        case Update():
            return (moment.after,)
    return ()


def _differ(one: Values, other: Values, arrays: Arrays) -> bool:
    return bool((array_of(one, arrays) != array_of(other, arrays)).any())
