"""What a neuron or a weight has to say: its sum with the numbers of the moment, and every number exactly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, final

from PySide6.QtCore import QCoreApplication

from engine.moments import Update
from engine.numeralparts import Numeral
from engine.wording import index_text
from gui.backprop.neurons.chain import Array, Chain, Layer, Plans
from gui.backprop.neurons.layout import Part
from gui.backprop.neurons.sight import MEAN, Sight, taken
from gui.format import format_exact, format_number

DIGITS: Final = 5
MOST_TERMS: Final = 6
_SUBSCRIPT: Final = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_LETTERS: Final = {"sigmoid": "σ", "softmax": "softmax"}


def _tr(text: str) -> str:
    return QCoreApplication.translate("NeuronWords", text)


def exact(value: Any) -> str:
    """A number of an array, as the shortest decimal that reads back as itself in its own precision."""
    return format_exact(float(str(value)) if value.dtype.char == "f" else float(value))


def short(value: float, room: int = 7) -> str:
    """A number for a small place: four digits, fewer where it has not so many characters."""
    for digits in (4, 3, 2, 1):
        text = format_number(value, digits)
        if len(text) <= room:
            return text
    return text


def number(row: int) -> str:
    """`₁` for the first."""
    return str(row + 1).translate(_SUBSCRIPT)


def function_of(layer: Layer, plans: Plans) -> str:
    """What follows the sum: `tanh`, `relu · Dropout`, "" for nothing."""
    names = []
    for each in layer.rest:
        plan = plans.get(each.node)
        names.append(str(plan.params["function"]) if plan is not None and each.block == "Activation" else each.block)
    return " · ".join(names)


def weight_name(chain: Chain, part: Part) -> tuple[str, tuple[int, ...]]:
    """`block.parameter` and the index of a line or a bias."""
    owner = chain.layers[part.column - 1].owner
    if part.kind == "line":
        return f"{owner}.weight", (part.row, part.source)
    return f"{owner}.bias", (part.row,)


def part_of(chain: Chain, numeral: Numeral | None) -> Part | None:
    """The neuron or weight that a number of the step belongs to; None where it is none of this chain."""
    if numeral is None:
        return None
    name, index = numeral.place.name, numeral.place.index
    for at, layer in enumerate(chain.layers):
        if name == f"{layer.owner}.weight" and len(index) == 2:
            return Part("line", at + 1, index[0], index[1])
        if name == f"{layer.owner}.bias" and index:
            return Part("bias", at + 1, index[0])
        if index and (name in layer.nodes or name.rpartition(".")[0] in layer.nodes):
            return Part("neuron", at + 1, index[-1])
    is_loss = chain.loss is not None and name in ("L", chain.loss.node)
    return Part("loss", len(chain.layers) + 1) if is_loss else None


def weight_label(chain: Chain, part: Part) -> str:
    """`hidden.weight[1, 2]`, counted from 1."""
    name, index = weight_name(chain, part)
    return f"{name}{index_text(index)}"


@final
class Words:
    """Tells of the parts of a sight."""

    def __init__(self, chain: Chain, sight: Sight, plans: Plans, sources: Sequence[str] = ()) -> None:
        """Takes what is shown; `sources` are names of the inputs, where they have any."""
        self._chain, self._sight, self._plans, self._sources = chain, sight, plans, sources

    def title(self, part: Part) -> str:
        """`hidden, neuron 1`."""
        if part.kind == "loss":
            return self._chain.loss.node if self._chain.loss is not None else ""
        if part.is_weight:
            return weight_label(self._chain, part)
        if part.column == 0:
            name = self._sources[part.row] if part.row < len(self._sources) else ""
            text = _tr("{0}, input {1}").format(self._chain.source, part.row + 1)
            return f"{text}: {name}" if name else text
        return _tr("{0}, neuron {1}").format(self._chain.layers[part.column - 1].dense.node, part.row + 1)

    def lines(self, part: Part) -> list[str]:
        """One line for each number."""
        if part.kind == "loss":
            return self._loss()
        if part.is_weight:
            return self._weight(part)
        column = self._sight.columns[part.column]
        if column.kind == "gradient" and column.reached:
            return self._gradient(part)
        return self._input(part.row) if part.column == 0 else self._value(part)

    def place(self) -> str:
        """Whose numbers these are: of one sample, or a mean over the batch."""
        if self._chain.samples == 1:
            return ""
        if self._sight.sample == MEAN:
            return _tr("mean over {0} samples").format(self._chain.samples)
        return _tr("sample {0} of {1}").format(self._sight.sample + 1, self._chain.samples)

    # -- values --

    def _input(self, row: int) -> list[str]:
        return [f"x{number(row)} = {exact(taken(self._chain.x, self._sight.sample)[row])}"]

    def _value(self, part: Part) -> list[str]:
        """The sum written out, and what becomes of it."""
        layer, column = self._chain.layers[part.column - 1], self._sight.columns[part.column]
        row, n = part.row, number(part.row)
        if column.kind == "after":
            assert column.upper is not None
            return [f"a{n} = {exact(column.upper[row])}", f"a{n}′ = {exact(column.lower[row])}"]
        lines, before = self._sight.lines[part.column - 1], self._sight.columns[part.column - 1]
        z = column.upper if column.upper is not None else column.lower
        same = lines.kind == "weight"
        weight, bias = (lines.weight, lines.bias) if same else (layer.weight, layer.bias)
        x = before.lower if before.kind == "value" else taken(layer.x, self._sight.sample)
        found = [f"z{n} = {summed(weight[row], x, None if bias is None else bias[row])} = {exact(z[row])}"]
        if layer.rest:
            name = function_of(layer, self._plans)
            called = _LETTERS.get(name, name)
            if self._sight.sample == MEAN and self._chain.samples > 1:
                found.append(f"a{n} = {_tr('mean of {0}').format(f'{called}(z{n})')} = {exact(column.lower[row])}")
            else:
                found.append(f"a{n} = {called}({format_number(z[row], DIGITS)}) = {exact(column.lower[row])}")
        target = self._sight.target
        if target is not None and part.column == len(self._chain.layers):
            found.append(_tr("target t{0} = {1}").format(n, exact(target[row])))
        return found

    def _loss(self) -> list[str]:
        found = [] if self._sight.loss is None else [f"L = {format_exact(self._sight.loss)}"]
        if self._sight.loss_after is not None:
            found.append(f"L′ = {format_exact(self._sight.loss_after)}")
        return found

    # -- gradients --

    def _gradient(self, part: Part) -> list[str]:
        column, row, n = self._sight.columns[part.column], part.row, number(part.row)
        if part.column == 0:
            return [f"∂L/∂x{n} = {self._arrived(part)}{exact(column.lower[row])}"]
        layer = self._chain.layers[part.column - 1]
        found = []
        if column.upper is not None:
            found.append(f"∂L/∂a{n} = {self._arrived(part)}{exact(column.upper[row])}")
        if column.reached < 2:
            return found
        if column.upper is None:
            return [f"∂L/∂z{n} = {self._arrived(part)}{exact(column.lower[row])}"]
        slopes = layer.back.slopes
        if slopes is not None and not self._mean:
            slope = taken(slopes, self._sight.sample)[row]
            product = f"{format_number(column.upper[row], DIGITS)}·{_signed(slope)}"
            found.append(f"∂L/∂z{n} = ∂L/∂a{n}·a{n}′ = {product} = {exact(column.lower[row])}")
        else:
            found.append(f"∂L/∂z{n} = {exact(column.lower[row])}")
        return found

    @property
    def _mean(self) -> bool:
        return self._sight.sample == MEAN and self._chain.samples > 1

    def _arrived(self, part: Part) -> str:
        """From the layer behind: a sum over its neurons; "" from the loss."""
        if part.column >= len(self._chain.layers):
            return ""
        after = self._chain.layers[part.column]
        if after.back.z is None:
            return ""
        delta = taken(after.back.z, self._sight.sample)
        return f"{summed(after.weight[:, part.row], delta, None)} = "

    # -- weights --

    def _weight(self, part: Part) -> list[str]:
        layer, lines = self._chain.layers[part.column - 1], self._sight.lines[part.column - 1]
        index = (part.row, part.source) if part.kind == "line" else (part.row,)
        before = layer.weight if part.kind == "line" else layer.bias
        after = lines.after if part.kind == "line" else lines.bias_after
        now = lines.weight if part.kind == "line" else lines.bias
        assert before is not None
        letter = "w" if part.kind == "line" else "b"
        if lines.kind == "weight" and now is not None and now[index] != before[index]:
            return [f"{letter} = {exact(now[index])}", _tr("was {0}").format(exact(before[index]))]
        found = [f"{letter} = {exact(before[index])}"]
        grad = layer.back.weight if part.kind == "line" else layer.back.bias
        if grad is not None and self._sight.phase in ("backward", "update") and lines.kind != "weight":
            found.append(f"∂L/∂{letter} = {self._share(layer, part)}{exact(grad[index])}")
        if after is not None:
            found.append(f"{letter}′ = {exact(after[index])}")
        elif lines.kind == "update":
            found.append(_tr("frozen: not updated"))
        return found

    def _share(self, layer: Layer, part: Part) -> str:
        """δ·x for a single sample; for a batch, that it is a sum."""
        if self._chain.samples > 1:
            return _tr("sum over {0} samples = ").format(self._chain.samples)
        if part.kind == "bias" or layer.back.z is None:
            return ""
        delta, x = layer.back.z[0, part.row], layer.x[0, part.source]
        return f"∂L/∂z{number(part.row)}·x{number(part.source)} = {format_number(delta, DIGITS)}·{_signed(x)} = "


def summed(weights: Array, inputs: Array, bias: Any) -> str:
    """`0.15·0.05 + 0.2·0.1 + 0.35`; of many terms the first ones and the last."""
    count = len(weights)
    chosen = range(count) if count <= MOST_TERMS else [*range(MOST_TERMS - 2), count - 1]
    terms = [f"{format_number(weights[at], DIGITS)}·{_signed(inputs[at])}" for at in chosen]
    if count > MOST_TERMS:
        terms.insert(-1, "…")
    if bias is not None:
        terms.append(format_number(bias, DIGITS))
    text = terms[0]
    for term in terms[1:]:
        text += f" − {term[1:]}" if term.startswith("-") else f" + {term}"
    return text


def _signed(value: float) -> str:
    """In parentheses where a sign would stand after another one."""
    text = format_number(value, DIGITS)
    return f"({text})" if text.startswith("-") else text


def update_words(moment: Update) -> str:
    """`w′ = w − η·∂L/∂w, η = 0.5` for plain gradient descent, else the optimizer's name."""
    rate = format_number(moment.hyper.get("lr", float("nan")))
    if moment.optimizer == "sgd" and not moment.hyper.get("momentum") and not moment.hyper.get("weight_decay"):
        return _tr("w′ = w − η·∂L/∂w, η = {0}").format(rate)
    return _tr("w′ by {0}, η = {1}").format(moment.optimizer, rate)
