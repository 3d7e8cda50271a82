"""One editor for each kind of parameter, with one way in (`set_value`) and one way out (`changed`)."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, final

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QPaintEvent, QWheelEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QVBoxLayout,
    QWidget,
)

from engine.param import Bool, Choice, Choices, Float, Int
from gui.widgets.number_edit import IntEdit, Limits, NumberEdit
from gui.widgets.switch import Switch

LONG_WORD = 13
"""Words longer than that do not fit beside a label."""


class Editor(QWidget):
    """Edits one parameter. Subclasses are final.

    Signals:
        changed(object): a valid value (JSON-like) that the user set; `set_value` is silent.
        fault_changed(str): why the present text is no value, "" when it is again.
    """

    changed = Signal(object)
    fault_changed = Signal(str)
    wide = False
    """Whether the editor stands under its label rather than beside it."""
    merges = False
    """Whether changes in a row are one undo step, as when a number is turned."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(6)

    @abstractmethod
    def set_value(self, value: Any) -> None:
        """Show a value, without a signal. A text that is being typed stays."""

    def reset(self, value: Any) -> None:
        """Show a value of another block or document: what was being typed is gone."""
        self.set_value(value)

    def set_empty(self, meaning: str) -> None:
        """What it means to leave the field empty."""

    def take(self, control: QWidget) -> None:
        """Fill the editor with its control, which gets focus and name."""
        self.row.addWidget(control, 1)
        self.setFocusProxy(control)


@final
class StillBox(QComboBox):
    """A combo box that scrolling does not change: it is the panel that is scrolled. Long words end in …, not cut.

    While its list is closed it shows an item's `SHORT` data, where an item has any.
    """

    SHORT: ClassVar[int] = Qt.ItemDataRole.UserRole + 100

    def __init__(self) -> None:
        super().__init__()
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(6)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        part = QStyle.SubControl.SC_ComboBoxEditField
        room = self.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, part, self)
        dots = Qt.TextElideMode.ElideRight
        text = self.currentData(self.SHORT) or option.currentText
        option.currentText = option.fontMetrics.elidedText(text, dots, room.width() - 2)
        painter = QStylePainter(self)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)


@final
class IntEditor(Editor):
    """A whole number."""

    merges = True

    def __init__(self, param: Int) -> None:
        super().__init__()
        limits = Limits(minimum=param.min, maximum=param.max, optional=param.optional)
        self._edit = IntEdit(param.default, limits, unit=param.unit)
        self._edit.changed.connect(self.changed)
        self._edit.fault_changed.connect(self.fault_changed)
        self.take(self._edit)

    def set_empty(self, meaning: str) -> None:
        self._edit.set_empty(meaning)

    def set_value(self, value: Any) -> None:
        self._edit.set_value(value)


@final
class FloatEditor(Editor):
    """A number."""

    merges = True

    def __init__(self, param: Float) -> None:
        super().__init__()
        limits = Limits(minimum=param.min, maximum=param.max, above=param.above, optional=param.optional)
        self._edit = NumberEdit(param.default, limits, log=param.log, unit=param.unit)
        self._edit.changed.connect(self.changed)
        self._edit.fault_changed.connect(self.fault_changed)
        self.take(self._edit)

    def set_empty(self, meaning: str) -> None:
        self._edit.set_empty(meaning)

    def set_value(self, value: Any) -> None:
        self._edit.set_value(value)


@final
class BoolEditor(Editor):
    """Yes or no."""

    def __init__(self, param: Bool) -> None:
        super().__init__()
        self._switch = Switch(checked=param.default)
        self._switch.toggled.connect(self.changed.emit)
        self.row.addStretch(1)
        self.row.addWidget(self._switch)
        self.setFocusProxy(self._switch)

    def set_value(self, value: Any) -> None:
        with QSignalBlocker(self):
            self._switch.setChecked(bool(value))


@final
class ChoiceEditor(Editor):
    """One of several words."""

    def __init__(self, param: Choice) -> None:
        super().__init__()
        self._options = param.options
        labels = param.labels or param.options
        self.wide = max(map(len, labels)) > LONG_WORD
        self._box = StillBox()
        self._box.addItems(list(labels))
        self._value: Any = param.default
        self._box.activated.connect(self._chosen)
        self.take(self._box)
        self.set_value(param.default)

    def _chosen(self, index: int) -> None:
        if self._options[index] != self._value:
            self._value = self._options[index]
            self.changed.emit(self._value)

    def set_value(self, value: Any) -> None:
        self._value = value
        self._box.setCurrentIndex(self._options.index(value) if value in self._options else -1)


@final
class ChoicesEditor(Editor):
    """Several words, each a check box."""

    wide = True

    def __init__(self, param: Choices) -> None:
        super().__init__()
        self._options = param.options
        column = QVBoxLayout()
        column.setSpacing(4)
        self._boxes: dict[str, QCheckBox] = {}
        for option, label in zip(param.options, param.labels or param.options, strict=True):
            box = QCheckBox(label)
            box.toggled.connect(self._toggled)
            self._boxes[option] = box
            column.addWidget(box)
        self.row.addLayout(column, 1)
        self.setFocusProxy(next(iter(self._boxes.values())))

    def _toggled(self) -> None:
        self.changed.emit([option for option, box in self._boxes.items() if box.isChecked()])

    def set_value(self, value: Any) -> None:
        with QSignalBlocker(self):
            for option, box in self._boxes.items():
                box.setChecked(option in value)
