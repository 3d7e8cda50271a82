r"""How a prediction becomes a loss, stage by stage, for one sample: the numbers of each column of bars.

Cross entropy goes the way of the lecture: logits z, their exponentials, divided by their sum: probabilities p; the loss
is −ln p of the true class, and the gradient p − y (Bishop, Pattern Recognition and Machine Learning, 4.3.4).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, final

import numpy as np
from PySide6.QtCore import QCoreApplication

from gui.backprop.batch_loss import BatchLoss, Floats
from gui.backprop.symbols import Array
from gui.backprop.write import number

Kind = Literal["signed", "positive", "share", "number"]
_MOST_TERMS: Final = 4
_LARGE: Final = 50.0
"""Logits beyond this would overflow: all are shifted by the largest, which changes no probability."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("SoftmaxLens", text)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """A column of bars.

    Attributes:
        title: short, as mathematics in plain letters: `p = eᶻ / Σ`.
        values: a number a row.
        kind: `signed` bars grow to both sides of zero, `positive` from the left, a `share` fills its column at 1, a
            `number` has no bar.
        name: for the exact number on hover: `p`.
        join: what stands between this column and the one before.
    """

    title: str
    values: Floats
    kind: Kind
    name: str
    join: str = "›"


@final
@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """What is drawn of one sample.

    Attributes:
        names: of the rows.
        marked: the row of the true class, None for none.
        forward, backward: columns; `told`: what joins them, as a sentence for each.
        lines: the loss, as LaTeX.
        note: "" or what is special about the picture.
    """

    names: tuple[str, ...]
    marked: int | None
    forward: tuple[Stage, ...]
    backward: tuple[Stage, ...]
    lines: tuple[str, ...]
    note: str = ""


def exponentials(logits: Floats) -> tuple[Floats, str, str]:
    """eᶻ of logits, its title, and a note where they had to be shifted."""
    top = float(logits.max())
    if np.abs(logits).max() <= _LARGE:
        return np.exp(logits), "eᶻ", ""
    note = _tr(
        "The logits are large, so the largest is taken from all of them before eᶻ: the probabilities are the same."
    )
    return np.exp(logits - top), "eᶻ⁻ᵐ", note


def softmax_picture(logits: Floats, names: tuple[str, ...], output: Floats, log: bool, back: Any) -> Picture:
    """An activation softmax or log_softmax of one sample.

    Args:
        logits: its inputs, flat.
        names: of the classes.
        output: what the block gives.
        log: whether the output is ln p.
        back: (arriving gradient, gradient passed on), None while it goes forward.
    """
    grown, title, note = exponentials(logits)
    shares = grown / grown.sum()
    forward = [_logits(logits), Stage(title, grown, "positive", title), _shares(shares if log else output)]
    if log:
        forward.append(Stage("ln p", output, "signed", "ln p"))
    backward: tuple[Stage, ...] = ()
    if back is not None:
        backward = (
            Stage("δ = ∂L/∂y", back[0], "signed", "δ"),
            Stage("∂L/∂z", back[1], "signed", "∂L/∂z"),
        )
    total = float(grown.sum())
    power = "z" if not note else "z - m"
    lines = (rf"\sum_{{j}} e^{{{power}_{{j}}}} = {number(total)}".replace("{z - m_", "{z_"),) if not note else ()
    return Picture(names, None, tuple(forward), backward, lines, note)


def loss_picture(rows: BatchLoss, sample: int, gradient: Floats | None) -> Picture:
    """A Loss of one sample.

    Args:
        rows: of the Loss.
        sample: in the batch, from 0.
        gradient: ∂L/∂o as it was traced, flat; None while it is not known.
    """
    outputs = _row(rows.prediction, sample)
    makers: dict[str, Callable[..., Picture]] = {
        "cross_entropy": _cross_entropy,
        "nll": _likelihood,
        "binary_cross_entropy": _binary,
        "bce_with_logits": _binary,
    }
    return makers.get(rows.function, _numbers)(rows, sample, outputs, gradient)


def wanted(rows: BatchLoss, sample: int) -> Floats:
    """The target of a sample, as numbers beside its outputs: classes as 0 and 1."""
    count = _row(rows.prediction, sample).size
    target = _row(rows.target, sample)
    if rows.by_class and target.size == 1 and rows.target.dtype.kind in "iu":
        return np.asarray(np.eye(count)[int(target[0])])
    return target


def _row(array: Array, sample: int) -> Floats:
    part: Any = array[sample] if array.ndim else array
    return np.asarray(part, dtype=np.float64).ravel()


def _logits(values: Floats) -> Stage:
    return Stage(_tr("logit z"), values, "signed", "z")


def _shares(values: Floats) -> Stage:
    return Stage("p", values, "share", "p")


def _difference(shares: Floats, target: Floats, difference: Floats) -> tuple[Stage, ...]:
    return (
        Stage("p", shares, "number", "p"),
        Stage("y", target, "number", "y", "−"),
        Stage("p − y", difference, "signed", "p − y", "="),
    )


def _gradient(values: Floats | None, difference: Floats, symbol: str) -> tuple[Stage, ...]:
    """The gradient as it was traced, where it is not the difference itself."""
    if values is None or np.allclose(values, difference, rtol=1e-6, atol=0):
        return ()
    return (Stage(f"∂L/∂{symbol}", values, "number", f"∂L/∂{symbol}"),)


def _cross_entropy(rows: BatchLoss, sample: int, logits: Floats, gradient: Floats | None) -> Picture:
    grown, title, note = exponentials(logits)
    shares, target = grown / grown.sum(), wanted(rows, sample)
    true = _only(target)
    difference = shares * target.sum() - target
    backward = (*_difference(shares, target, difference), *_gradient(gradient, difference, "z"))
    forward = (_logits(logits), Stage(title, grown, "positive", title), _shares(shares))
    return Picture(
        _names(rows, logits.size),
        true,
        forward,
        backward,
        _class_lines(rows, sample, shares, true),
        note or _averaged(rows, backward),
    )


def _likelihood(rows: BatchLoss, sample: int, logs: Floats, gradient: Floats | None) -> Picture:
    shares, target = np.exp(logs), wanted(rows, sample)
    true = _only(target)
    forward = (Stage("o = ln p", logs, "signed", "o"), Stage(_tr("p = eᵒ"), shares, "share", "p"))
    backward = (
        Stage(_tr("target y"), target, "share", "y"),
        *((Stage("∂L/∂o", gradient, "signed", "∂L/∂o"),) if gradient is not None else ()),
    )
    return Picture(_names(rows, logs.size), true, forward, backward, _class_lines(rows, sample, shares, true))


def _binary(rows: BatchLoss, sample: int, outputs: Floats, gradient: Floats | None) -> Picture:
    with_logits, target = rows.function == "bce_with_logits", wanted(rows, sample)
    shares = np.exp(-np.logaddexp(0, -outputs)) if with_logits else outputs
    losses = _losses(rows, sample, outputs.size)
    forward = (
        *((_logits(outputs),) if with_logits else ()),
        Stage("p = σ(z)" if with_logits else "p", shares, "share", "p"),
        Stage(_tr("target y"), target, "share", "y"),
        *losses,
    )
    difference = shares - target
    symbol = "z" if with_logits else "p"
    backward = (*_difference(shares, target, difference), *_gradient(gradient, difference, symbol))
    lines = []
    if outputs.size == 1 and losses:
        share, yes, loss = float(shares[0]), float(target[0]), float(losses[0].values[0])
        terms = {
            1.0: rf"-\ln p = -\ln {number(share)}",
            0.0: rf"-\ln(1 - p) = -\ln(1 - {number(share)})",
        }
        general = rf"-y \ln p - (1 - y) \ln(1 - p), \quad y = {number(yes)}"
        lines.append(rf"\ell = {terms.get(yes, general)} = {number(loss)}")
    lines += _added(rows, losses)
    names = _names(rows, outputs.size)
    return Picture(names, None, forward, backward, (*lines, *_mean_line(rows)), _averaged(rows, backward))


def _numbers(rows: BatchLoss, sample: int, outputs: Floats, gradient: Floats | None) -> Picture:
    target = wanted(rows, sample)
    losses = _losses(rows, sample, outputs.size)
    forward = (
        Stage(_tr("output o"), outputs, "signed", "o"),
        Stage(_tr("target t"), target, "signed", "t", "−"),
        Stage("o − t", outputs - target, "signed", "o − t", "="),
        *losses,
    )
    backward = (Stage("∂L/∂o", gradient, "signed", "∂L/∂o"),) if gradient is not None else ()
    lines = []
    if rows.losses is not None and outputs.size == 1 and rows.function in _WRITTEN:
        form = _WRITTEN[rows.function]
        loss = number(float(rows.losses[sample]))
        numbers = form.replace("o", number(float(outputs[0]), bare=True)).replace(
            "t", number(float(target[0]), bare=False)
        )
        lines.append(rf"\ell = {numbers} = {loss}".replace("#frac", r"\dfrac{1}{2}"))
    lines += _added(rows, losses)
    return Picture(_names(rows, outputs.size), None, forward, backward, (*lines, *_mean_line(rows)))


_WRITTEN: Final = {"mse": "(o - t)^{2}", "half_squared_error": "#frac(o - t)^{2}", "l1": "|o - t|"}


def _losses(rows: BatchLoss, sample: int, count: int) -> tuple[Stage, ...]:
    if rows.elements is None or rows.elements.size != rows.samples * count:
        return ()
    return (Stage(_tr("loss ℓ"), rows.elements.reshape(rows.samples, count)[sample], "positive", "ℓ"),)


def _added(rows: BatchLoss, losses: tuple[Stage, ...]) -> list[str]:
    """The losses of a few outputs, added up or averaged to that of the sample."""
    if not losses or not 2 <= losses[0].values.size <= _MOST_TERMS:
        return []
    values = losses[0].values
    terms, mean = " + ".join(number(float(each)) for each in values), rows.reduction == "mean"
    written = rf"\dfrac{{{terms}}}{{{values.size}}}" if mean else terms
    return [rf"\ell = {written} = {number(float(values.mean() if mean else values.sum()))}"]


def _averaged(rows: BatchLoss, backward: tuple[Stage, ...]) -> str:
    """Why the gradient is not p − y itself."""
    if backward[-1].name == "p − y" or rows.reduction != "mean" or rows.elements is None or rows.elements.size < 2:
        return ""
    return _tr("The loss is the mean of {0}, so the gradient is p − y, divided by {0}.").format(rows.elements.size)


def _class_lines(rows: BatchLoss, sample: int, shares: Floats, true: int | None) -> tuple[str, ...]:
    lines = []
    if rows.losses is not None:
        loss = number(float(rows.losses[sample]))
        if true is not None:
            lines.append(rf"\ell = -\ln p_{{y}} = -\ln {number(float(shares[true]))} = {loss}")
        else:
            lines.append(rf"\ell = -\sum_{{k}} y_{{k}} \ln p_{{k}} = {loss}")
    return (*lines, *_mean_line(rows))


def _mean_line(rows: BatchLoss) -> tuple[str, ...]:
    """How the losses of the samples make the loss."""
    if rows.losses is None or rows.samples < 2:
        return ()
    front = (
        rf"\dfrac{{1}}{{{rows.samples}}} \sum_{{i}} \ell_{{i}}" if rows.reduction == "mean" else r"\sum_{i} \ell_{i}"
    )
    return (rf"L = {front} = {number(rows.loss)}",)


def _only(target: Floats) -> int | None:
    """The one class that a target names, None for a mixture."""
    where = np.flatnonzero(target == 1)
    return int(where[0]) if where.size == 1 and target.sum() == 1 else None


def _names(rows: BatchLoss, count: int) -> tuple[str, ...]:
    if rows.by_class:
        return tuple(rows.class_name(index) for index in range(count))
    return tuple(str(index + 1) for index in range(count)) if count > 1 else ("",)
