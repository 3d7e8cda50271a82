r"""Which number each symbol of a block's formulas stands for, in a moment.

The blocks write `x`, `y`, `W`, `b`, `\delta` for what their ports and parameters hold (see `engine.notation`); whoever
takes one for another shows nothing wrong, as a line that does not come to the traced value is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.moments import Backward, Forward, Moment, Objective, Outcome, Step, Update, Values
from gui.backprop import moved_lines, norm_cuts, reduced, window_lines
from gui.backprop.cuts import Cut, Cutter, cuts
from gui.backprop.sliding import sliding_of
from gui.backprop.worked import Line, work_out

Array = NDArray[Any]
Arrays = Mapping[str, Array]
_PORTS: Final = {"in": "x", "prediction": "o", "target": "t"}
_OUTPUTS: Final = ("y", "L", "R")
_WEIGHTS: Final = {"weight": ("W", r"\gamma", "w"), "bias": ("b", r"\beta"), "value": ("v",)}
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


Picked = Mapping[str, tuple[int, ...]]
"""Symbol -> which of its numbers is to be written out."""


def with_numbers(step: Step, moment: Moment, arrays: Arrays, picked: Picked | None = None) -> list[Line]:
    """The formula of a moment with its numbers; [] where it is in terms that are not read."""
    if isinstance(moment, Forward):
        return _forward(moment, arrays, picked)
    if isinstance(moment, Backward):
        return _backward(step, moment, arrays, picked)
    if isinstance(moment, Update):
        return _update(moment, arrays, picked)
    return []


def _forward(moment: Forward, arrays: Arrays, picked: Picked | None) -> list[Line]:
    if len(moment.outputs) != 1 or not moment.formula.lines:
        return []
    slide = sliding_of(moment)
    if slide is not None:
        return window_lines.forward_lines(slide, moment, arrays, picked)
    if moment.block in moved_lines.KINDS:
        return moved_lines.forward_lines(moment, arrays, picked)
    known, output = _known(moment, arrays), _array(moment.outputs[0], arrays)
    if moment.block == "Noise":  # its draw is not traced, but follows from what is
        known["z"] = (output - known["x"]) / (moment.formula.params.get("std") or 1.0)
    found = dict.fromkeys(_OUTPUTS, output)
    lines = moment.formula.lines
    if moment.block in norm_cuts.KINDS:
        normal = _normalised(moment, known)
        worked = work_out(norm_cuts.readable(lines), known, found, picked=picked, cutter=normal.cuts)
        return [*worked, *normal.statistics(worked[0].place)] if worked else []
    cutter = _with_columns if moment.block == "MatMul" else _cutter(moment, known)
    return work_out(lines, known, found, picked=picked, cutter=cutter)


def _cutter(forward: Forward, known: Arrays) -> Cutter:
    """Which parts of tensors a block's formulas are read in."""
    if forward.block in reduced.KINDS and "x" in known:
        return reduced.Reduced(forward.block, forward.formula.params, np.asarray(known["x"])).cuts
    return cuts


def _normalised(forward: Forward, known: Arrays) -> norm_cuts.Normalised:
    return norm_cuts.Normalised(forward.block, forward.formula.params, np.asarray(known["x"]))


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
    if "delta" in moment.formula.params:  # of the Huber loss
        known["d"] = np.array(float(moment.formula.params["delta"]))
    if moment.block == "Regularizer" and moment.weights:
        known["w"] = np.concatenate([_array(values, arrays).reshape(-1) for values in moment.weights])
    if "o" in known and "t" in known:
        known["t"] = _comparable(known["t"], known["o"])
    return known


def _comparable(target: Array, prediction: Array) -> Array:
    """Classes as rows of 0 and 1, numbers in the shape of the prediction: as the loss compares them."""
    if target.dtype.kind in "iu" and prediction.ndim == 2 and prediction.shape[1] > 1 and target.ndim == 1:
        return np.eye(prediction.shape[1])[target]
    return target.reshape(prediction.shape) if target.size == prediction.size else target


def _backward(step: Step, moment: Backward, arrays: Arrays, picked: Picked | None) -> list[Line]:
    forward = step.at(Forward, moment.node)
    if not isinstance(forward, Forward) or len(moment.upstream) != 1 or not moment.formula.lines:
        return []
    slide = sliding_of(forward)
    if slide is not None:
        return window_lines.backward_lines(slide, forward, moment, arrays, picked)
    if forward.block in moved_lines.KINDS:
        return moved_lines.backward_lines(forward, moment, arrays, picked)
    if forward.block == "Regularizer":
        return _penalties(forward, moment, arrays, picked)
    known = _known(forward, arrays)
    known["y"] = _array(forward.outputs[0], arrays)
    known[r"\delta"] = _array(moment.upstream[0].total, arrays)
    results, owned = _gradients(moment, arrays)
    chosen = dict(picked or {})
    for names in _WEIGHTS.values():  # a parameter is picked by its first name
        chosen |= dict.fromkeys(names, chosen[names[0]]) if names[0] in chosen else {}
    lines, also, cutter = moment.formula.lines, forward.formula.lines, _cutter(forward, known)
    if forward.block in norm_cuts.KINDS:
        lines, also = tuple(norm_cuts.readable(lines)), tuple(norm_cuts.readable(also))
        cutter = _normalised(forward, known).cuts
    if forward.block == "MatMul":
        cutter = _with_columns
    return work_out(lines, known, results, also=also, picked=chosen, owned=owned, cutter=cutter)


def _gradients(moment: Backward, arrays: Arrays) -> tuple[dict[str, Array], frozenset[str]]:
    """The gradients by symbol, and which of these are parameters."""
    results = {_PORTS.get(values.name, values.name): _array(values, arrays) for values in moment.inputs}
    owned: list[str] = []
    for values in moment.weights:
        for symbol in _WEIGHTS.get(values.name, ()):
            results.setdefault(symbol, _array(values, arrays))
            owned.append(symbol)
    return results, frozenset(owned)


def _penalties(forward: Forward, moment: Backward, arrays: Arrays, picked: Picked | None) -> list[Line]:
    """The gradients of all parameters that a Regularizer holds small, one after another."""
    held = {values.name: _array(values, arrays) for values in forward.weights}
    delta = _array(moment.upstream[0].total, arrays)
    lines: list[Line] = []
    for values in moment.weights:
        if values.name in held:
            known = {"w": held[values.name], r"\delta": delta}
            results = {"w": _array(values, arrays)}
            lines += work_out(
                moment.formula.lines,
                known,
                results,
                also=forward.formula.lines,
                picked=picked,
                owned=frozenset("w"),
            )[:2]
    return lines


def _with_columns(known: Arrays, result: Array, place: tuple[int, ...]) -> Iterator[Cut]:
    """As any formula, and with vectors as matrices of one row or column: `a b` is a product of matrices, too."""
    yield from cuts(known, result, place)
    if known["a"].ndim == 1:
        rows = {name: each[None, :] if each.ndim == 1 else each for name, each in known.items()}
        yield Cut(rows, result[None, :] if result.ndim == 1 else result, (0, *place) if result.ndim == 1 else place)
    if known["b"].ndim == 1:
        inner = len(known["b"])
        columns = {"a": known["a"].reshape(-1, inner), "b": known["b"][:, None]}
        columns |= {name: known[name].reshape(-1, 1) for name in ("y", r"\delta") if name in known}
        if result.shape == known["a"].shape:
            flat = int(np.ravel_multi_index(place, result.shape))
            yield Cut(columns, result.reshape(-1, inner), (flat // inner, flat % inner))
        else:
            flat = int(np.ravel_multi_index(place, result.shape)) if result.ndim else 0
            yield Cut(columns, result.reshape(-1, 1), (flat, 0))


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
