"""What the editors for numbers share: limits, faults, taking over what is typed, steps."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Final, final

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QValidator, QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QWidget

from gui.theme import restyle, set_role, theme
from gui.widgets.labels import plain_tooltip
from gui.widgets.value_line import undoes_the_document


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


NO_LIMITS: Final = Limits()


class StepEdit(QAbstractSpinBox):
    """An editor for one number. Abstract; subclasses are final.

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
        if limits.optional:
            self.set_empty("")
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

    def set_empty(self, meaning: str) -> None:
        """What is shown where the field is empty: what that means."""
        self.lineEdit().setPlaceholderText(meaning or self.tr("default"))

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
        return self._with_unit(self._short(self._value))

    def _with_unit(self, number: str) -> str:
        """`8 units`, but `1 unit`."""
        one = self._value == 1 and self._unit.endswith("s")
        return f"{number} {self._unit[:-1] if one else self._unit}".rstrip()

    def _editable(self) -> str:
        return "" if self._value is None else self._exact(self._value)

    def _show_value(self) -> None:
        editing = self.hasFocus()
        self.lineEdit().setText(self._editable() if editing else self._display())
        self._show_tooltip()

    def _show_tooltip(self) -> None:
        exact = self._editable()
        lines = [self._fault, self._with_unit(exact) if exact else self.tr("not set"), self._range_text()]
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

    def event(self, event: QEvent) -> bool:
        if undoes_the_document(event, typed=self._typed_text() is not None):
            event.ignore()
            return False
        return super().event(event)

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
