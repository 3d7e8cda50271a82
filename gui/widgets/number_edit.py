"""Editors for numbers: short when shown, exact when edited, with arrows that step the way the number is used."""

from __future__ import annotations

import math
from typing import final

from PySide6.QtWidgets import QWidget

from gui.format import format_exact, format_integer, format_number, parse_number
from gui.widgets.step_edit import NO_LIMITS, Limits, StepEdit

__all__ = ["IntEdit", "Limits", "NumberEdit"]


@final
class NumberEdit(StepEdit):
    """A floating-point number: `1e-3`, at most four digits shown, all on hover.

    Steps multiply where `log` is set (1, 2, 5, 10, …), else they add a twentieth of the range, or one in the second
    digit. Page up and down take ten steps, or a power of ten.
    """

    def __init__(
        self,
        value: float | None = 0.0,
        limits: Limits = NO_LIMITS,
        *,
        log: bool = False,
        unit: str = "",
        parent: QWidget | None = None,
    ) -> None:
        self._log = log
        super().__init__(value, limits, unit, parent)

    def value(self) -> float | None:
        """The number; None where the field is empty and may be."""
        return self.current()

    def set_value(self, value: float | None) -> None:
        """Shows another number, without a signal."""
        self.set_current(value)

    def _parsed(self, text: str) -> float:
        return parse_number(text)

    def _short(self, value: float) -> str:
        return format_number(value)

    def _exact(self, value: float) -> str:
        return format_exact(value)

    def _stepped(self, value: float | None, steps: int) -> float:
        if value is None:
            return self._limits.clamp(0.0)
        if self._log:
            return _along_125(value, steps)
        step = self._linear_step(value)
        return float(f"{round(value / step + steps) * step:.12g}")

    def _linear_step(self, value: float) -> float:
        limits = self._limits
        low = limits.above if limits.above is not None else limits.minimum
        if low is not None and limits.maximum is not None:
            return 10.0 ** math.floor(math.log10((limits.maximum - low) / 10)) / 2
        if value == 0:
            return 0.1
        return 10.0 ** (math.floor(math.log10(abs(value))) - 1)


@final
class IntEdit(StepEdit):
    """A whole number. Steps add one, or double and halve where `log` is set (batch sizes); Page keys take ten."""

    def __init__(
        self,
        value: int | None = 0,
        limits: Limits = NO_LIMITS,
        *,
        log: bool = False,
        unit: str = "",
        parent: QWidget | None = None,
    ) -> None:
        self._log = log
        super().__init__(value, limits, unit, parent)

    def value(self) -> int | None:
        """The number; None where the field is empty and may be."""
        current = self.current()
        return None if current is None else int(current)

    def set_value(self, value: int | None) -> None:
        """Shows another number, without a signal."""
        self.set_current(value)

    def _parsed(self, text: str) -> int:
        cleaned = text.replace(",", "").replace("_", "").replace(" ", "").replace("−", "-")
        try:
            return int(cleaned)
        except ValueError:
            number = parse_number(text)
        if not number.is_integer() or abs(number) >= 2**53:
            raise ValueError(self.tr("{0} is no whole number.").format(text.strip()))
        return int(number)

    def _short(self, value: float) -> str:
        return format_integer(int(value))

    def _exact(self, value: float) -> str:
        return str(int(value))

    def _stepped(self, value: float | None, steps: int) -> int:
        if value is None:
            return int(self._limits.clamp(0))
        whole = int(value)
        if not self._log or whole <= 0:
            return whole + steps
        return whole << steps if steps > 0 else max(1, whole >> -steps)


def _along_125(value: float, steps: int) -> float:
    """The value some steps along 1, 2, 5, 10, 20, …; ten steps at once are a power of ten. Zero is below 1e-6."""
    if abs(steps) >= 10:
        return float(f"{value * 10.0 ** (steps // 10 if steps > 0 else -(-steps // 10)):.12g}")
    sign = -1.0 if value < 0 else 1.0
    rung = abs(value)
    for _ in range(abs(steps)):
        rung = _next_rung(rung, up=(steps > 0) == (sign > 0))
    return sign * rung


def _next_rung(value: float, *, up: bool) -> float:
    smallest = 1e-6
    if value < smallest * (1 if up else 1.000001):
        return smallest if up else 0.0
    exponent = math.floor(math.log10(value))
    rungs = [float(f"{digit}e{power}") for power in (exponent - 1, exponent, exponent + 1) for digit in (1, 2, 5)]
    if up:
        return next(rung for rung in rungs if rung > value * (1 + 1e-9))
    return next(rung for rung in reversed(rungs) if rung < value * (1 - 1e-9))
