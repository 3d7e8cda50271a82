"""Changing a weight by hand: drag its line up or down, turn the wheel on it, or type a number."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, final

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from gui.backprop.neurons.layout import Part
from gui.theme import theme
from gui.widgets.number_edit import NumberEdit

THRESHOLD: Final = 4.0
"""Pixels until a press becomes a drag."""
QUIET: Final = 300
"""Milliseconds after the last turn of the wheel until the weight is set."""


@final
class Pull(QObject):
    """One change at a time. Escape gives it up.

    Attributes:
        value_of, limit_of: set by the owner: the present number of a weight, and the largest of its layer.
        part: the weight that is being changed; None while none is.
        pressed: whether the mouse holds one.

    Signals:
        changing(object, float): for now; of a weight, and what it is.
        changed(object, float): for good.
        given_up(): all as it was.
    """

    changing = Signal(object, float)
    changed = Signal(object, float)
    given_up = Signal()

    def __init__(self, view: QWidget, place_of: Callable[[Part, QSize], QPoint]) -> None:
        """`place_of` tells where a field of that size stands on a part of the view."""
        super().__init__(view)
        self._view, self._place_of = view, place_of
        self.value_of: Callable[[Part], float] = lambda _part: 0.0
        self.limit_of: Callable[[Part], float] = lambda _part: 1.0
        self.part: Part | None = None
        self.pressed: Part | None = None
        self._from, self._start, self._value = QPointF(), 0.0, 0.0
        self.editor: NumberEdit | None = None
        self._quiet = QTimer(self)
        self._quiet.setSingleShot(True)
        self._quiet.setInterval(QUIET)
        self._quiet.timeout.connect(self.finish)

    # -- dragging --

    def press(self, part: Part, at: QPointF) -> None:
        """The mouse went down on a weight: a click, or the beginning of a drag."""
        self.pressed, self._from = part, at

    def move(self, at: QPointF, *, fine: bool = False) -> None:
        """The mouse moved: up is more."""
        assert self.pressed is not None
        up = self._from.y() - at.y()
        if self.part is None:
            if abs(up) < THRESHOLD and abs(self._from.x() - at.x()) < THRESHOLD:
                return
            self._begin(self.pressed)
            self._view.setCursor(Qt.CursorShape.SizeVerCursor)
        step = self._step(fine)
        self._set(tidy(self._start + up * step, step))

    def release(self) -> Part | None:
        """The mouse went up. The weight, if it was only clicked."""
        part, self.pressed = self.pressed, None
        if self.part is None:
            return part
        self._view.unsetCursor()
        self.finish()
        return None

    # -- the wheel, and keys --

    def turn(self, part: Part, notches: float) -> None:
        """A step up or down for each notch."""
        if self.part != part:
            self.finish()
            self._begin(part)
        step = 5 * self._step(fine=False)
        self._set(tidy(self._value + notches * step, step))
        self._quiet.start()

    # -- typing --

    def type_in(self, part: Part) -> None:
        """Open a field on the weight."""
        self.finish()
        self.pressed = None
        self._begin(part)
        editor = self.editor = NumberEdit(self._start, parent=self._view)
        editor.setObjectName("neuronWeight")
        editor.setAccessibleName(self._view.tr("Value of the weight"))
        editor.setFixedSize(theme().px(148), theme().px(30))
        editor.changed.connect(self._typed)
        editor.installEventFilter(self)
        self.follow()
        editor.show()
        editor.setFocus(Qt.FocusReason.PopupFocusReason)
        editor.selectAll()

    def _typed(self, value: object) -> None:
        if isinstance(value, float | int) and self.part is not None:
            self._set(float(value))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.editor and self.editor is not None:
            if isinstance(event, QKeyEvent) and event.type() in (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride):
                if event.key() == Qt.Key.Key_Escape:
                    event.accept()
                    if event.type() == QEvent.Type.KeyPress:
                        self.give_up()
                    return True
                if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and event.type() == QEvent.Type.KeyPress:
                    if self.editor.commit():
                        self.finish()
                    return True
            if event.type() == QEvent.Type.FocusOut:
                self.editor.commit()
                QTimer.singleShot(0, self, self.finish)
        return super().eventFilter(watched, event)

    def follow(self) -> None:
        """Keep the field on its weight."""
        if self.editor is not None and self.part is not None:
            self.editor.move(self._place_of(self.part, self.editor.size()))

    # -- all of them --

    def finish(self) -> None:
        """Set the weight for good, if one is being changed."""
        part, value = self.part, self._value
        self._end()
        if part is not None:
            if value == self._start:
                self.given_up.emit()
            else:
                self.changed.emit(part, value)

    def give_up(self) -> None:
        """Leave the weight as it was."""
        self.pressed = None
        if self.part is not None:
            self._end()
            self.given_up.emit()

    def _begin(self, part: Part) -> None:
        self.part, self._start = part, self.value_of(part)
        self._value = self._start
        self._view.setFocus(Qt.FocusReason.OtherFocusReason)  # so that Escape is heard

    def _set(self, value: float) -> None:
        if value != self._value and self.part is not None:
            self._value = value
            self.changing.emit(self.part, value)

    def _end(self) -> None:
        self._quiet.stop()
        self.part = None
        self._view.unsetCursor()
        if self.editor is not None:
            editor, self.editor = self.editor, None
            had_focus = editor.hasFocus()
            editor.hide()
            editor.deleteLater()
            if had_focus:
                self._view.setFocus(Qt.FocusReason.OtherFocusReason)
        self._view.update()

    def _step(self, fine: bool) -> float:
        assert self.part is not None
        limit = max(self.limit_of(self.part), 0.05)
        step = nice(limit / 100)
        return step / 10 if fine else step


def nice(value: float) -> float:
    """The next smaller one of 1, 2, 5, 10 and so on."""
    power = 10.0 ** math.floor(math.log10(value))
    return power * max(one for one in (1, 2, 5) if one * power <= value * 1.0001)


def tidy(value: float, step: float) -> float:
    """A multiple of the step, without the crumbs of binary fractions."""
    return float(f"{round(value / step) * step:.12g}")
