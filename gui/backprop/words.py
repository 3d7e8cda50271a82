"""Moments in words."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QCoreApplication

from engine.moments import Backward, Forward, Moment, Objective, Outcome, Update, Values
from gui.format import format_number

_SHOWN: Final = 3


def _tr(text: str) -> str:
    return QCoreApplication.translate("BackpropWords", text)


def headline(moment: Moment) -> str:
    """`hidden computes its output`."""
    match moment:
        case Forward() if not moment.inputs and moment.form == "data":
            return _tr("{0} gives the data").format(moment.node)
        case Forward() if moment.form == "scalar":
            return _tr("{0} computes a single number").format(moment.node)
        case Forward():
            return _tr("{0} computes its output").format(moment.node)
        case Objective():
            return _tr("The loss of this step")
        case Backward():
            return _tr("The gradient goes back through {0}").format(moment.node)
        case Update():
            words = _tr("{0} stays as it is") if moment.applied is None else _tr("{0} is updated")
            return words.format(moment.parameter)
        case Outcome():
            return outcome_words(moment)
    return moment.node


def told(moment: Moment) -> str:
    """A sentence on what happens."""
    match moment:
        case Forward() if moment.form == "data":
            return _tr("The forward pass begins.")
        case Forward():
            return _tr("Forward: from its inputs and parameters, the {0} block makes its output.").format(moment.block)
        case Objective():
            return _tr("Everything that is minimised, added up. From here the gradient goes back: ∂L/∂L = 1.")
        case Backward():
            return _tr("Backward: what arrives, times the local derivative, is passed on. This is the chain rule.")
        case Update():
            return _tr("All updates take effect together, at the end of the step.")
        case Outcome():
            return _tr("The same batch again, with the new weights.")
    return ""


def outcome_words(moment: Outcome) -> str:
    """Whether the error has gone down."""
    before, after = format_number(moment.before, 5), format_number(moment.after, 5)
    if moment.after < moment.before:
        return _tr("The error has gone down: {0} → {1}").format(before, after)
    if moment.after == moment.before:
        return _tr("The error is the same: {0}").format(before)
    return _tr("The error has gone up: {0} → {1}").format(before, after)


def shape_words(values: Values) -> str:
    """`32 × 784`, or that it is a single number."""
    return " × ".join(str(size) for size in values.shape) if values.shape else _tr("a single number")


def range_words(values: Values) -> str:
    """`-0.4 … 2.1, mean 0.03`; `all 0.6`; `all about 0.241`, where they differ behind the digits that are shown."""
    if values.low != values.low:  # nothing finite
        return _tr("no finite number")
    low, high, mean = (format_number(value, _SHOWN) for value in (values.low, values.high, values.mean))
    if low != high:
        text = _tr("{0} … {1}, mean {2}").format(low, high, mean)
    else:
        text = (_tr("all {0}") if values.low == values.high else _tr("all about {0}")).format(low)
    return _tr("{0}; {1} not finite").format(text, values.odd) if values.odd else text
