"""One weight in one update: what the optimizer reads and remembers, the step, and the weight after it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from PySide6.QtCore import QCoreApplication

from engine.moments import Update, Values
from gui.backprop.lens import Shown
from gui.format import format_number

SYMBOLS: Final = {
    "momentum_buffer": "v",
    "exp_avg": "m",
    "exp_avg_sq": "s",
    "square_avg": "s",
    "sum": "s",
    "acc_delta": "d",
}
USUAL: Final = (1e-5, 0.1)
"""‖Δw‖ / ‖w‖ below which weights hardly move, and above which they jump; about 1e-3 is usual."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("UpdateLens", text)


@final
@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: a symbol, what it is, its number, and what it was before (None for what has no before)."""

    symbol: str
    words: str
    value: float
    before: float | None = None


@final
@dataclass(frozen=True, slots=True)
class Entry:
    """A weight. `rows` tell of it from top to bottom; `ratio` is |Δw| / |w|, infinite for a weight of 0."""

    rows: tuple[Row, ...]
    before: float
    after: float

    @property
    def step(self) -> float:
        """Δw."""
        return self.after - self.before

    @property
    def ratio(self) -> float:
        """|Δw| / |w|."""
        return ratio(abs(self.step), abs(self.before))


def ratio(step: float, size: float) -> float:
    """How large a step is beside what it changes."""
    if not step:
        return 0.0
    return step / size if size else math.inf


def entry_of(shown: Shown, moment: Update, index: tuple[int, ...]) -> Entry:
    """What happens to one weight of a parameter."""

    def at(values: Values) -> float:
        value = shown.array(values)[index]
        return float(str(value)) if isinstance(value, np.float32) else float(value)

    before, after, raw = at(moment.before), at(moment.after), at(moment.gradient.total)
    rows = [Row("w", _tr("the weight before"), before), Row("∂L/∂w", _tr("its gradient"), raw)]
    if moment.applied is not None:
        applied = at(moment.applied)
        if applied != raw:
            rows.append(Row("g", _applied_words(moment), applied, raw))
        earlier = {values.name: at(values) for values in moment.state_before}
        used = [values for values in moment.state_after if values.low != 0 or values.high != 0]
        known = {values.name: at(values) for values in used}
        for name, value in known.items():
            rows.append(Row(f"{SYMBOLS.get(name, name)}′", _state_words(name), value, earlier.get(name, 0.0)))
        rows += _corrected(moment, known)
        rows.append(Row("Δw", _tr("the step"), after - before))
    rows.append(Row("w′", _tr("the weight after"), after))
    return Entry(tuple(rows), before, after)


def _applied_words(moment: Update) -> str:
    decayed = bool(moment.hyper.get("weight_decay")) and moment.optimizer != "adamw"
    clipped = bool(moment.hyper.get("clip_norm") or moment.hyper.get("clip_value"))
    if decayed and clipped:
        return _tr("clipped, and with weight decay")
    return _tr("with weight decay") if decayed else _tr("clipped")


def _state_words(name: str) -> str:
    return {
        "momentum_buffer": _tr("velocity"),
        "exp_avg": _tr("mean of gradients"),
        "exp_avg_sq": _tr("mean of squares"),
        "square_avg": _tr("mean of squares"),
        "sum": _tr("sum of squares"),
        "acc_delta": _tr("mean squared step"),
    }.get(name, name)


def _corrected(moment: Update, known: dict[str, float]) -> list[Row]:
    """Adam's means, without what they owe to having begun at 0 (Kingma and Ba, 2015, section 3)."""
    if moment.optimizer not in ("adam", "adamw") or not {"exp_avg", "exp_avg_sq"} <= set(known):
        return []
    hyper, count = moment.hyper, moment.hyper["step"]
    mean = known["exp_avg"] / (1 - hyper["beta1"] ** count)
    square = known["exp_avg_sq"] / (1 - hyper["beta2"] ** count)
    own = hyper["lr"] / (math.sqrt(square) + hyper["eps"])
    return [
        Row("m̂", _tr("m′ corrected for its start at 0"), mean, known["exp_avg"]),
        Row("ŝ", _tr("s′ corrected likewise"), square, known["exp_avg_sq"]),
        Row("η/(√ŝ+ϵ)", _tr("the weight's own learning rate"), own),
    ]


def size_words(shown: Shown, moment: Update) -> str:
    """How large the step of the whole parameter is beside it."""
    before, after = (np.asarray(shown.array(each), dtype=np.float64) for each in (moment.before, moment.after))
    if not (np.isfinite(before).all() and np.isfinite(after).all()):
        return _tr("Some of these weights are no finite numbers.")
    largest = max(float(np.abs(before).max(initial=0.0)), float(np.abs(after).max(initial=0.0))) or 1.0
    before, after = before / largest, after / largest  # so that no square overflows
    part = ratio(float(np.linalg.norm(after - before)), float(np.linalg.norm(before)))
    if part == 0:
        return _tr("Nothing moves.")
    if not math.isfinite(part):
        return _tr("All these weights were 0 before.")
    text = _tr("All its weights together move by {0} of their size.").format(share(part))
    if part < USUAL[0]:
        return f"{text} {_tr('That is next to nothing: they hardly learn.')}"
    if part > USUAL[1]:
        return f"{text} {_tr('That is a lot: a smaller learning rate is steadier.')}"
    return text


def share(part: float) -> str:
    """`0.93 %`, `0.0012 %`, `3.1 times`."""
    if part >= 2:
        return _tr("{0} times").format(format_number(part, 3))
    return f"{format_number(100 * part, 3)} %"
