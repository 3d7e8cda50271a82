"""What is said of one weight: its numbers, its next step, and which loss the curve is of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from PySide6.QtCore import QCoreApplication

from engine.weightviews import LossCurve
from gui.format import format_exact, format_number

_CONTEXT: Final = "OneWeight"
_LOOKED_AT: Final = 4


def _tr(text: str) -> str:
    return QCoreApplication.translate(_CONTEXT, text)


def numbers(weight: float, known: LossCurve | None) -> tuple[str, str]:
    """The weight, the loss there and its slope: short, and exact."""
    short, exact = [f"w {format_number(weight)}"], [f"w = {format_exact(weight)}"]
    if known is not None:
        short += [f"J {format_number(known.value)}", f"dJ/dw {format_number(known.slope)}"]
        exact += [f"J(w) = {format_exact(known.value)}", f"dJ/dw = {format_exact(known.slope)}"]
    return " · ".join(short), "\n".join(exact)


def next_step(known: LossCurve) -> str:
    """The next update with its numbers; nothing when there is none."""
    if not (math.isfinite(known.after) and math.isfinite(known.gradient)):
        return ""
    after = format_number(known.after)
    if not known.plain:
        return _tr("next {0}").format(after)
    here, lr, gradient = (format_number(value) for value in (known.here, known.lr, known.gradient))
    gradient = f"({gradient})" if gradient.startswith("-") else gradient
    return f"w − η·g = {here} − {lr}·{gradient} = {after}"


def step_label(known: LossCurve) -> str:
    """For the arrow of the next update."""
    moved = format_number(known.after - known.here)
    return f"−η·g = {moved}" if known.plain else _tr("next step {0}").format(moved)


def on_which_data(known: LossCurve | None, stale_since: int | None) -> str:
    """On which data and in which mode the loss is; `stale_since` when the other weights have moved since that step."""
    if known is None or not known.samples:
        words = _tr("A network without data")
    elif known.on == "train" and known.samples == 1:
        words = _tr("1 training sample, evaluation mode")
    elif known.on == "train":
        words = _tr("{0} training samples, evaluation mode").format(f"{known.samples:,}")
    else:
        words = _tr("On the next batch of {0}, training mode").format(known.samples)
    return words if stale_since is None else _tr("Curve of step {0}. ").format(stale_since) + words


def out_of_sight(*, exploded: bool) -> str:
    """The ball is not in the picture."""
    if exploded:
        return _tr("Out of the picture. Try a smaller learning rate.")
    return _tr("w is beyond the picture. Double-click to see it.")


def held(words: str) -> str:
    """For a tooltip: what the curve is."""
    return _tr("J(w): {0}. All other weights are held at their present values.").format(words)


def explodes(values: Sequence[float]) -> bool:
    """Whether the last steps grew, each larger than the one before."""
    with np.errstate(all="ignore"):
        steps = np.abs(np.diff(np.array(values[-_LOOKED_AT:], dtype=np.float64)))
    if steps.size < 2:
        return False
    return not bool(np.isfinite(steps).all()) or bool(np.all(np.diff(steps) > 0))
