"""What the activation view says: which neuron a number is, how many are saturated, the product of the chain rule."""

from __future__ import annotations

from typing import Final

import numpy as np
from PySide6.QtCore import QCoreApplication

from gui.backprop.activation_curves import Floats
from gui.backprop.write import number
from gui.format import format_exact, format_integer, format_number

FLAT: Final = 0.01
"""A slope smaller than this lets little gradient through."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("ActivationLens", text)


def neuron_words(index: tuple[int, ...]) -> str:
    """`neuron 2 of sample 1`, `channel 3, row 1, column 4 of sample 1`; counted from 1."""
    if not index:
        return _tr("the number")
    sample, *rest = (each + 1 for each in index)
    if not rest:
        return _tr("sample {0}").format(sample)
    if len(rest) == 1:
        return _tr("neuron {0} of sample {1}").format(rest[0], sample)
    if len(rest) == 3:
        return _tr("channel {0}, row {1}, column {2} of sample {3}").format(*rest, sample)
    return _tr("neuron {0} of sample {1}").format("·".join(map(str, rest)), sample)


def saturation(slope: Floats) -> float:
    """The part of these slopes that is flat; NaN of none."""
    return float(np.mean(np.abs(slope) < FLAT)) if slope.size else float("nan")


def saturation_words(slope: Floats) -> str:
    """`62 % of the 40 inputs lie where the slope is below 0.01: …`."""
    part = saturation(slope)
    steepest = format_number(float(np.nanmax(np.abs(slope))), 3) if slope.size else ""
    flattest = format_number(float(np.nanmin(np.abs(slope))), 3) if slope.size else ""
    if part == 0:
        text = _tr("None of the {0} inputs is saturated: each slope is at least {1}, the steepest {2}.")
        return text.format(format_integer(slope.size), flattest, steepest)
    share = format_number(100 * part, 2) if part < 0.995 or part == 1 else format_number(100 * part, 4)
    text = _tr("{0} % of the {1} inputs lie where the slope is below {2}: little gradient gets through.")
    if part == 1:
        text = _tr("All {1} inputs lie where the slope is below {2}: hardly any gradient gets through.")
    return text.format(share, format_integer(slope.size), FLAT)


def exact_words(index: tuple[int, ...], z: float, f: float, slope: float) -> str:
    """Name and exact numbers of one input."""
    lines = [
        neuron_words(index),
        f"z     = {format_exact(z)}",
        f"f(z)  = {format_exact(f)}",
        f"f′(z) = {format_exact(slope)}",
    ]
    return "\n".join(lines)


def product_lines(z: float, slope: float, arriving: float, passed: float) -> list[str]:
    r"""The chain rule at one input: ∂L/∂z = δ · f′(z), with numbers."""
    return [
        rf"f'(z) = f'({number(z)}) = {number(slope)}",
        r"\dfrac{\partial L}{\partial z} = \delta \cdot f'(z)"
        rf" = {number(arriving)} \cdot {number(slope, bare=False)} = {number(passed)}",
    ]


def value_lines(z: float, f: float, slope: float) -> list[str]:
    """F and f′ at one input, with numbers."""
    return [rf"f({number(z)}) = {number(f)}, \quad f'({number(z)}) = {number(slope)}"]
