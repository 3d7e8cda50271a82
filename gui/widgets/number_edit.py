"""Editors for numbers: short when shown, exact when edited, with arrows that step the way the number is used."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QValidator, QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QWidget

from gui.format import format_exact, format_integer, format_number, parse_number
from gui.theme import restyle, set_role, theme
from gui.widgets.labels import plain_tooltip


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an editor accepts: both ends inclusive, `above` an exclusive lower end, `optional` an empty field."""

    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    optional: bool = False

    def fault(self, value: float) -> tuple[str, float] | None:
        """The bound a value breaks, as (`least`, `most` or `above`, bound); None where it is fine."""
        if self.above is not None and value <= self.above:
            return "above", self.above
        if self.minimum is not None and value < self.minimum:
            return "least", self.minimum
        if self.maximum is not None and value > self.maximum:
            return "most", self.maximum
        return None

    def clamp(self, value: float) -> float:
        """The nearest value within the inclusive ends."""
        if self.minimum is not None:
            value = max(value, self.minimum)
        if self.maximum is not None:
            value = min(value, self.maximum)
        return value


class StepEdit(QAbstractSpinBox):
    """What editors of numbers share. Subclasses are final.

    The value changes on Enter, when the field is left, and at each step; text that is no valid number stays in the
    field, marked, and the value keeps what it was. Escape brings the value back.

    Signals:
        changed(object): the value (a number or None) set by the user; `set_value` is silent.
        fault_changed(str): why the text is not accepted, "" when it is again.
    """

    changed = Signal(object)
    fault_changed = Signal(str)

    def __init__(self, value: float | None, limits: Limits, unit: str, parent: QWidget | None) -> None:
        super().__init__(parent)
        self._value = value
        self._limits = limits
        self._unit = unit
        self._fault = ""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccelerated(True)
        self.setKeyboardTracking(False)
        set_role(self, "mono")
        set_role(self.lineEdit(), "mono")
        # The style sheet's padding does not reach the line inside.
        self.lineEdit().setTextMargins(6, 0, 0, 0)
        self.lineEdit().textEdited.connect(self._typed)
        self._show_value()

    # --- what kinds of numbers differ in ---

    @abstractmethod
    def _parsed(self, text: str) -> float:
        """The number in a text. Raises ValueError saying what is wrong."""

    @abstractmethod
    def _short(self, value: float) -> str:
        """As shown while nobody edits."""

    @abstractmethod
    def _exact(self, value: float) -> str:
        """As edited and copied."""

    @abstractmethod
    def _stepped(self, value: float | None, steps: int) -> float:
        """The value some steps up or down."""

    # --- the value ---

    def current(self) -> float | None:
        """The value; None where the field is empty and may be."""
        return self._value

    def set_current(self, value: float | None) -> None:
        """Shows another value, without a signal."""
        self._value = value
        self._set_fault("")
        self._show_value()

    @property
    def fault(self) -> str:
        """Why the text in the field is not accepted; "" when it is."""
        return self._fault

    def commit(self) -> bool:
        """Takes over what is typed; False where it is not acceptable."""
        text = self._typed_text()
        if text is None:
            return not self._fault
        try:
            value = self._checked(text)
        except ValueError as error:
            self._set_fault(str(error))
            return False
        self._set_fault("")
        self._take(value)
        return True

    def _take(self, value: float | None) -> None:
        different = value != self._value
        self._value = value
        self._show_value()
        if different:
            self.changed.emit(value)

    def _checked(self, text: str) -> float | None:
        if not text.strip():
            if self._limits.optional:
                return None
            raise ValueError(self.tr("A number is needed here."))
        value = self._parsed(text)
        broken = self._limits.fault(value)
        if broken is not None:
            which, bound = broken
            sentences = {
                "above": self.tr("Must be more than {0}."),
                "least": self.tr("Must be at least {0}."),
                "most": self.tr("Must be at most {0}."),
            }
            raise ValueError(sentences[which].format(self._exact(bound)))
        return value

    def _typed_text(self) -> str | None:
        """What the user typed, None when the field shows the value as it is."""
        text = self.lineEdit().text()
        return None if text in (self._display(), self._editable()) and not self._fault else text

    def _typed(self, text: str) -> None:
        try:
            self._checked(text)
        except ValueError as error:
            self._set_fault(str(error))
        else:
            self._set_fault("")

    # --- showing ---

    def _display(self) -> str:
        if self._value is None:
            return ""
        return f"{self._short(self._value)} {self._unit}".rstrip()

    def _editable(self) -> str:
        return "" if self._value is None else self._exact(self._value)

    def _show_value(self) -> None:
        editing = self.hasFocus()
        self.lineEdit().setText(self._editable() if editing else self._display())
        self._show_tooltip()

    def _show_tooltip(self) -> None:
        exact = self._editable()
        lines = [self._fault, f"{exact} {self._unit}".rstrip() if exact else self.tr("not set"), self._range_text()]
        self.setToolTip(plain_tooltip("\n".join(line for line in lines if line)))

    def _range_text(self) -> str:
        limits = self._limits
        if limits.above is not None:
            low = f"> {self._exact(limits.above)}"
        else:
            low = "" if limits.minimum is None else f"≥ {self._exact(limits.minimum)}"
        high = "" if limits.maximum is None else f"≤ {self._exact(limits.maximum)}"
        return ", ".join(part for part in (low, high) if part)

    def _set_fault(self, fault: str) -> None:
        if fault == self._fault:
            return
        self._fault = fault
        restyle(self, "error", "true" if fault else "false")
        self.setAccessibleDescription(fault)
        self._show_tooltip()
        self.fault_changed.emit(fault)

    # --- Qt ---

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        return QValidator.State.Acceptable, text, position

    def stepEnabled(self) -> QAbstractSpinBox.StepEnabledFlag:
        none = QAbstractSpinBox.StepEnabledFlag.StepNone
        up, down = QAbstractSpinBox.StepEnabledFlag.StepUpEnabled, QAbstractSpinBox.StepEnabledFlag.StepDownEnabled
        if self._value is None:
            return up | down
        can_rise = self._limits.maximum is None or self._value < self._limits.maximum
        least = self._limits.minimum
        can_fall = least is None or self._value > least
        return (up if can_rise else none) | (down if can_fall else none)

    def stepBy(self, steps: int) -> None:
        self.commit()
        stepped = self._limits.clamp(self._stepped(self._value, steps))
        if self._limits.fault(stepped) is None:
            self._set_fault("")
            self._take(stepped)
            self.selectAll()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if not self._fault:
            self.lineEdit().setText(self._editable())
        self.selectAll()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        accepted = self.commit()
        super().focusOutEvent(event)
        if accepted:
            self.lineEdit().setText(self._display())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.commit():
                self.selectAll()
        elif event.key() == Qt.Key.Key_Escape and self._typed_text() is not None:
            self.set_current(self._value)
            self.selectAll()
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        # Scrolling a panel must not change the numbers that happen to pass below the pointer.
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        return QSize(theme().px(112), hint.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().px(72), super().minimumSizeHint().height())


@final
class NumberEdit(StepEdit):
    """A floating-point number: `1e-3`, at most four digits shown, all on hover.

    Steps multiply where `log` is set (1, 2, 5, 10, …), else they add a twentieth of the range, or one in the second
    digit. Page up and down take ten steps, or a power of ten.
    """

    def __init__(
        self,
        value: float | None = 0.0,
        limits: Limits = Limits(),
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
        limits: Limits = Limits(),
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
