"""Single numbers of a step in words."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
from PySide6.QtCore import QCoreApplication

from engine.chains import Place
from engine.moments import Backward, Forward, Level, Moment, Objective, Step, Update, Values
from engine.numeralparts import Numeral
from gui.format import format_exact

_MOST_NAMED: Final = 99
_WEIGHT: Final = "weight"
_BIAS: Final = "bias"
_NAME: Final = re.compile(r"\\mathrm\{[^{}]*\}")
"""A dot in a name is set without the space of a full stop."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("BackpropNumerals", text)


# -- names --


def parameter_of(place: Place) -> str:
    """`weight`, `bias` or what else a place is of: "" when it is no number of a parameter of a Dense."""
    kind = place.name.rpartition(".")[2]
    return kind if kind in (_WEIGHT, _BIAS) and place.index else ""


def parameter_named(moment: Moment, values: Values) -> str:
    """`block.parameter` of what holds the numbers of a parameter, or of its gradient; "" of anything else."""
    if isinstance(moment, Update):
        return moment.parameter
    if isinstance(moment, Forward | Backward) and values in moment.weights:
        return values.name if "." in values.name else f"{moment.node}.{values.name}"
    return ""


def weight_name(step: Step, place: Place) -> str:
    """`w5`: weights of all Dense blocks counted through, as one writes them by hand; "" where there are many."""
    if parameter_of(place) != _WEIGHT:
        return ""
    before, found = 0, ""
    for moment in step.moments:
        if isinstance(moment, Forward) and moment.form == "linear":
            weight = next(each for each in moment.weights if each.name == _WEIGHT)
            if place.name == f"{moment.node}.{_WEIGHT}":
                found = f"w{before + int(np.ravel_multi_index(place.index, weight.shape)) + 1}"
            before += weight.size
    return found if before <= _MOST_NAMED else ""


def hand_written(step: Step, line: str) -> str:
    r"""A line of LaTeX with `w_{5}` for `\mathrm{output.weight}_{1,1}`, where the weights of Dense have short names."""
    for moment in step.moments:
        if isinstance(moment, Forward) and moment.form == "linear" and f"{_plain(moment.node)}.{_WEIGHT}" in line:
            weight = next(each for each in moment.weights if each.name == _WEIGHT)
            if weight.size > _MOST_NAMED:
                continue
            for index in np.ndindex(*weight.shape):
                place = Place(f"{moment.node}.{_WEIGHT}", index)
                name = weight_name(step, place)
                if name:
                    line = line.replace(place.latex, f"w_{{{name[1:]}}}")
    return _NAME.sub(lambda found: found[0].replace(".", r"}.\!\mathrm{"), line)


def _plain(node: str) -> str:
    """As it stands in LaTeX."""
    return node.replace("_", " ")


def called(step: Step, place: Place) -> str:
    """`w5`, or `output.weight₁,₂`."""
    return weight_name(step, place) or place.text


def crumbs_of(step: Step, moment: Moment, numeral: Numeral | None) -> list[str]:
    """Where a number is: block, neuron, weight; as far as there is one."""
    if numeral is None:
        return [moment.node] if moment.node else []
    place = numeral.place
    name, counted = place.name, place.counted
    kind = parameter_of(place)
    if kind and isinstance(moment, Backward | Update):
        block = name.rpartition(".")[0]
        neuron = _tr("neuron {0}").format(counted[0])
        if kind == _BIAS or len(counted) < 2:
            return [block, neuron, _tr("bias")]
        return [block, neuron, weight_name(step, place) or _tr("weight {0}").format(counted[1])]
    if numeral.kind == "loss":
        where = [_tr("output {0}").format(_listed(counted))] if counted else []
        return [moment.node or _tr("loss"), *where]
    if isinstance(moment, Update):
        return [name, _tr("number {0}").format(_listed(counted))]
    return [name, _tr("neuron {0}").format(_listed(counted))] if counted else [name]


def _listed(counted: tuple[int, ...]) -> str:
    return ", ".join(map(str, counted))


# -- what happens --


def title_of(step: Step, moment: Moment, numeral: Numeral) -> str:
    """`w5 is updated`."""
    name = called(step, numeral.place)
    match numeral.kind:
        case "value" if isinstance(moment, Forward) and moment.form == "linear":
            return _tr("{0}: the weighted sum of a neuron").format(name)
        case "value":
            return _tr("{0} is computed").format(name)
        case "loss" if isinstance(moment, Objective):
            return _tr("Everything that is minimised, added up")
        case "loss" if numeral.place.index:
            return _tr("What output {0} adds to the loss").format(_listed(numeral.place.counted))
        case "loss":
            return _tr("The loss")
        case "local":
            return _tr("Local derivative: how {0} changes with {1}").format(_output(moment, numeral.place), name)
        case "gradient":
            return _tr("How the loss changes with {0}").format(name)
        case _:
            return _tr("{0} is updated").format(name)


def told_of(moment: Moment, numeral: Numeral) -> str:
    """A sentence on how."""
    if numeral.kind == "gradient" and isinstance(moment, Backward):
        return _told_of_gradient(moment, numeral.place)
    words = {
        "value": _tr("Forward: each number by itself."),
        "loss": _tr("The smaller, the better. From here the gradient goes back."),
        "local": _tr("Backward: the slope of this one function, at the number that went in."),
        "update": _tr("All updates take effect together, at the end of the step."),
    }
    if numeral.kind == "value" and isinstance(moment, Forward) and moment.form == "linear":
        return _tr("Forward: each input times its weight, added up.")
    return words.get(numeral.kind, "")


def _told_of_gradient(moment: Backward, place: Place) -> str:
    kind = parameter_of(place)
    if kind == _BIAS and moment.form == "linear":
        return _tr("Backward: a bias is added to the sum as it is, so its gradient is what arrives at the neuron.")
    if kind == _WEIGHT and moment.form == "linear":
        return _tr("Backward: what arrives at the neuron, times the input that this weight is multiplied with.")
    if place.name == moment.node:
        return _tr("Backward: it is read on several wires. What they bring back is added up.")
    if moment.form == "linear":
        return _tr("Backward: every neuron that reads it sends back what arrived there, times the weight between them.")
    if moment.form == "scalar":
        return _tr("Backward: the derivative of the loss.")
    return _tr("Backward: what arrives, times the local derivative. This is the chain rule.")


def legend_of(step: Step, moment: Moment, numeral: Numeral) -> str:
    """What the symbols of a block's own formula stand for here: `x = hidden₁, y = act1₁`."""
    if isinstance(moment, Update):
        name = called(step, numeral.place)
        return _tr("w = {0}, g = its gradient as the optimizer takes it, η = learning rate").format(name)
    if not isinstance(moment, Forward | Backward) or not any(numeral.formula):
        return ""
    if moment.form == "scalar":
        return _legend_of_loss(step, moment, numeral.place)
    if moment.form != "number":
        return ""
    low = Place("", numeral.place.index, numeral.place.sample).text
    if isinstance(moment, Backward):
        told = [_tr("x = {0}").format(numeral.place.text), _tr("y = {0}").format(f"{moment.node}{low}")]
        if numeral.kind == "gradient":
            told.append(_tr("δ = ∂L/∂{0}, what arrives").format(f"{moment.node}{low}"))
        return ", ".join(told)
    sources = [source.removesuffix(".out") for source in moment.sources.values()]
    if len(sources) != 1:
        return ""
    return ", ".join([_tr("x = {0}").format(f"{sources[0]}{low}"), _tr("y = {0}").format(numeral.place.text)])


def _legend_of_loss(step: Step, moment: Forward | Backward, place: Place) -> str:
    """`o = act2₁, t = data.y₁`, of one element of the loss."""
    forward = step.at(Forward, moment.node)
    if not isinstance(forward, Forward) or not place.index:
        return ""
    names = {port: source.removesuffix(".out") for port, source in forward.sources.items()}
    if set(names) != {"prediction", "target"}:
        return ""
    shapes = {each.name: each.shape for each in forward.inputs}
    o = Place(names["prediction"], place.index, place.sample).text
    same = shapes["target"] == shapes["prediction"]
    t = Place(names["target"], place.index, place.sample).text if same else names["target"]
    told = [_tr("o = {0}").format(o), _tr("t = {0}").format(t)]
    if isinstance(moment, Backward):
        told.append(_tr("δ = what arrives at the loss"))
    return ", ".join(told)


def why_input(step: Step, moment: Moment, numeral: Numeral) -> tuple[str, str] | None:
    """Title and text on the factor of a Dense weight's gradient: it is the input, and not the weight."""
    if not isinstance(moment, Backward) or moment.form != "linear" or numeral.kind != "gradient":
        return None
    place = numeral.place
    if parameter_of(place) != _WEIGHT or not place.name.startswith(f"{moment.node}."):
        return None
    forward = step.at(Forward, moment.node)
    assert isinstance(forward, Forward)
    source = next(iter(forward.sources.values())).removesuffix(".out")
    return input_not_weight(called(step, place), Place(moment.node, place.index[:1]), Place(source, place.index[1:]))


def input_not_weight(weight: str, to: Place, factor: Place) -> tuple[str, str]:
    """Title and text on why ∂to/∂weight is the input, for any weight of a Dense."""
    title = _tr("Why times {0}, and not times the weight?").format(factor.text)
    text = _tr(
        "{to} = {weight} · {input} + …  Changing {weight} by a little changes {to} by {input} times as much: the "
        "derivative is the input that the weight is multiplied with. The weight itself is the derivative by the "
        "input, the factor on the way further back."
    ).format(to=to.text, weight=weight, input=factor.text)
    return title, text


def _output(moment: Moment, place: Place) -> str:
    return Place(moment.node, place.index, place.sample).text


def whole_words(moment: Moment, level: Level) -> str:
    """Why a block is looked at as a whole, where single neurons or weights were asked for."""
    if not isinstance(moment, Forward | Backward):
        return ""
    if moment.form == "data":
        return _tr("{0} is given, not computed. The next moment goes on inside of the blocks.").format(moment.node)
    if moment.form == "place":
        return _tr("{0} only moves numbers to other places: there is nothing to compute for a single one.").format(
            moment.node
        )
    text = (
        _tr("{0} has no single neurons to walk through: all its numbers are computed together, as below.")
        if level == "neuron"
        else _tr("{0} has no single weights to walk through: all its numbers are computed together, as below.")
    )
    return text.format(moment.node)


# -- numbers --


def exact(step: Step, value: float) -> str:
    """With all digits that the training computes with."""
    single = any(
        each.array is not None and each.array.dtype == np.float32
        for moment in step.moments
        if isinstance(moment, Forward)
        for each in moment.outputs
    )
    return format_exact(float(str(np.float32(value))) if single else value)
