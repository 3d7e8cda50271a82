r"""Which number each symbol of a block's formulas stands for, in a moment.

The blocks write `x`, `y`, `W`, `b`, `\delta` for what their ports and parameters hold (see `engine.notation`); whoever
takes one for another shows nothing wrong, as a line that does not come to the traced value is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.moments import Backward, Forward, Moment, Objective, Outcome, Step, Update, Values
from gui.backprop.worked import Line, work_out

Array = NDArray[Any]
Arrays = Mapping[str, Array]
_PORTS: Final = {"in": "x", "prediction": "o", "target": "t"}
_OUTPUTS: Final = ("y", "L", "R")
_WEIGHTS: Final = {"weight": ("W", r"\gamma", "w"), "bias": ("b", r"\beta")}
_SAVED: Final = {"mask": "m"}
_STATES: Final = {
    "momentum_buffer": "v",
    "exp_avg": "m",
    "exp_avg_sq": "s",
    "square_avg": "s",
    "sum": "s",
    "acc_delta": "d",
}
_HYPER: Final = {
    "lr": r"\eta",
    "momentum": r"\mu",
    "beta1": r"\beta_1",
    "beta2": r"\beta_2",
    "alpha": r"\alpha",
    "rho": r"\rho",
    "eps": r"\epsilon",
    "weight_decay": r"\lambda",
    "step": "t",
}


def with_numbers(
    step: Step, moment: Moment, arrays: Arrays, picked: Mapping[str, tuple[int, ...]] | None = None
) -> list[Line]:
    """The formula of a moment with its numbers; [] where it is too large, or in terms that are not read."""
    if isinstance(moment, Forward):
        known = _known(moment, arrays)
        found = dict.fromkeys(_OUTPUTS, _array(moment.outputs[0], arrays)) if len(moment.outputs) == 1 else {}
        return work_out(moment.formula.lines, known, found, picked=picked)
    if isinstance(moment, Backward):
        return _backward(step, moment, arrays, picked)
    if isinstance(moment, Update):
        return _update(moment, arrays, picked)
    return []


def port_symbol(port: str) -> str:
    """What formulas call the value of a port, as plain text."""
    return {**_PORTS, "out": "y"}.get(port, port)


def symbol_of(moment: Moment, values: Values) -> str:
    """What the formula calls some values of a moment, for picking one of its numbers; "" if it has no name."""
    if isinstance(moment, Update):
        return "w'"
    if isinstance(moment, Forward):
        return "y" if values in moment.outputs else ""
    if isinstance(moment, Backward):
        if values in moment.inputs:
            return _PORTS.get(values.name, values.name)
        if values in moment.weights:
            return _WEIGHTS.get(values.name, ("",))[0]
    return ""


def _array(values: Values, arrays: Arrays) -> Array:
    return values.array if values.array is not None else arrays[values.key]


def _known(moment: Forward, arrays: Arrays) -> dict[str, Array]:
    known: dict[str, Array] = {}
    for values in moment.weights:
        for symbol in _WEIGHTS.get(values.name, ()):
            known[symbol] = _array(values, arrays)
    for values in moment.saved:
        known[_SAVED.get(values.name, values.name)] = _array(values, arrays)
    for values in moment.inputs:
        known[_PORTS.get(values.name, values.name)] = _array(values, arrays)
    if "o" in known and "t" in known:
        known["t"] = _comparable(known["t"], known["o"])
    return known


def _comparable(target: Array, prediction: Array) -> Array:
    """Classes as rows of 0 and 1, numbers in the shape of the prediction: as the loss compares them."""
    if target.dtype.kind in "iu" and prediction.ndim == 2 and prediction.shape[1] > 1 and target.ndim == 1:
        return np.eye(prediction.shape[1])[target]
    return target.reshape(prediction.shape) if target.size == prediction.size else target


def _backward(step: Step, moment: Backward, arrays: Arrays, picked: Mapping[str, tuple[int, ...]] | None) -> list[Line]:
    forward = step.at(Forward, moment.node)
    if not isinstance(forward, Forward) or len(moment.upstream) != 1:
        return []
    known = _known(forward, arrays)
    known["y"] = _array(forward.outputs[0], arrays)
    known[r"\delta"] = _array(moment.upstream[0].total, arrays)
    results = {_PORTS.get(values.name, values.name): _array(values, arrays) for values in moment.inputs}
    owned: list[str] = []
    for values in moment.weights:
        for symbol in _WEIGHTS.get(values.name, ()):
            results.setdefault(symbol, _array(values, arrays))
            owned.append(symbol)
    return work_out(
        moment.formula.lines, known, results, also=forward.formula.lines, picked=picked, owned=frozenset(owned)
    )


def _update(moment: Update, arrays: Arrays, picked: Mapping[str, tuple[int, ...]] | None) -> list[Line]:
    if moment.applied is None:
        return []
    known: dict[str, Array] = {_HYPER[name]: np.array(value) for name, value in moment.hyper.items() if name in _HYPER}
    known["w"] = _array(moment.before, arrays)
    known["g"] = _array(moment.applied, arrays)
    results = {"w'": _array(moment.after, arrays)}
    for values in moment.state_after:
        results[_STATES.get(values.name, values.name) + "'"] = _array(values, arrays)
    known.update((name, array) for name, array in results.items() if name != "w'")
    for values in moment.state_before:
        known[_STATES.get(values.name, values.name)] = _array(values, arrays)
    for values in moment.state_after:  # what was not there yet was nothing
        known.setdefault(_STATES.get(values.name, values.name), np.zeros_like(_array(values, arrays)))
    everywhere = dict.fromkeys(results, picked["w'"]) if picked and "w'" in picked else None
    return work_out(moment.formula.lines, known, results, picked=everywhere, owned=frozenset(results))


# -- phases --

PHASES: Final = ("forward", "loss", "backward", "update")
COLORS: Final = {"forward": "accent", "loss": "loss", "backward": "regularisation", "update": "success"}
"""Palette colours of the phases. Nowhere by colour alone: `SIGNS` stand beside them."""
SIGNS: Final = {"forward": "→", "loss": "=", "backward": "←", "update": "Δ"}


def phase_of(moment: Moment, objectives: Iterable[str] = ()) -> str:
    """Which part of the step a moment belongs to; `objectives`: the blocks whose outputs are minimised."""
    if isinstance(moment, Objective):
        return "loss"
    if isinstance(moment, Forward):
        return "loss" if moment.node in objectives else "forward"
    if isinstance(moment, Update | Outcome):
        return "update"
    return "backward"


def objectives_of(step: Step) -> frozenset[str]:
    """The blocks whose outputs are minimised."""
    return frozenset(
        name.rpartition(".")[0] for each in step.moments if isinstance(each, Objective) for name, _, _ in each.parts
    )
