"""The drawing of a chain of layers: looked at, pointed at, walked through, and changed with mouse and keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, final

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAccessible,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QToolTip, QWidget

from gui.backprop.neurons.camera import Camera
from gui.backprop.neurons.hits import REACH, part_at
from gui.backprop.neurons.layout import RADIUS, Part
from gui.backprop.neurons.paint import Drawing
from gui.backprop.neurons.pull import Pull
from gui.backprop.neurons.strokes import paint_label
from gui.backprop.neurons.walking import Way, walked
from gui.fonts import make_font
from gui.screen_reader import say, tell_as
from gui.theme import theme
from gui.widgets.labels import plain_tooltip

_WAYS: Final[dict[int, Way]] = {
    Qt.Key.Key_Left: "left",
    Qt.Key.Key_Right: "right",
    Qt.Key.Key_Up: "up",
    Qt.Key.Key_Down: "down",
}


@final
class NeuronView(QWidget):
    """Shows one drawing; knows nothing of sessions.

    Attributes:
        drawing: what is shown.
        hovered, focused: under the pointer, and under the keyboard's cursor.
        marked: what the cursor of the step is at, when that is a single number.
        pull: changes a weight: by dragging its line, by the wheel, by typing.

    Signals:
        pointed(object): the part under the pointer or the keyboard's cursor, None for none.
        picked(object): a line or a bias was clicked.
        resized(): the drawing is to be laid out anew.
    """

    pointed = Signal(object)
    picked = Signal(object)
    resized = Signal()

    def __init__(self, tell: Callable[[Part], str], parent: QWidget | None = None) -> None:
        """`tell` gives the words of a part, for its tool tip."""
        super().__init__(parent)
        tell_as(self, QAccessible.Role.Chart)
        self.setObjectName("neuronView")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(120, 72)
        self._tell = tell
        self.drawing: Drawing | None = None
        self.hovered: Part | None = None
        self.focused: Part | None = None
        self.marked: Part | None = None
        self.camera = Camera()
        self._pressed: QPointF | None = None
        self._kept: tuple[object, QPixmap] | None = None
        self.pull = Pull(self, self.place_of)
        self._clicked: Part | None = None
        self._click = QTimer(self)
        self._click.setSingleShot(True)
        self._click.timeout.connect(self._pick)
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(theme().px(420), theme().px(320))

    # -- what is shown --

    def show_drawing(self, drawing: Drawing | None) -> None:
        """Another moment, or nothing. A place chosen by zooming and panning stays as long as the layout does."""
        before, self.drawing = self.drawing, drawing
        same = before is not None and drawing is not None and before.layout is drawing.layout
        if not same or not self.camera.moved:
            self.fit()
        if drawing is not None:
            self.hovered, self.focused, self.marked = (
                part if part is not None and drawing.layout.shows(part) else None
                for part in (self.hovered, self.focused, self.marked)
            )
        self._kept = None
        self.update()

    def fit(self) -> None:
        """All of it, or, where that would be too small to read, what is around the current layer."""
        if self.drawing is not None:
            self.camera.fit(self.drawing.layout, self.size(), self.drawing.sight.current or 0)
            self._changed_place()

    def show_all(self) -> None:
        """As `fit`; asked again, really all of it, however small."""
        drawing = self.drawing
        if drawing is not None:
            before = self.camera.scale, self.camera.shift
            self.fit()
            same = before == (self.camera.scale, self.camera.shift)
            if same and not self.camera.shows(drawing.layout, self.size()):
                self.camera.fit(drawing.layout, self.size(), 0, whole=True)
                self._changed_place()

    def _changed_place(self) -> None:
        self._kept = None
        self.pull.follow()
        self.update()

    def middle_of(self, part: Part) -> QPointF:
        """Where a part is in the widget; of a line, its middle."""
        assert self.drawing is not None
        (x0, y0), (x1, y1) = self.drawing.layout.places(part)
        return self.camera.on_screen((x0 + x1) / 2, (y0 + y1) / 2)

    def part_at(self, at: QPointF) -> Part | None:
        """What is under a place of the widget."""
        if self.drawing is None:
            return None
        place, drawing = self.camera.in_layout(at), self.drawing
        found = part_at(drawing.layout, place.x(), place.y(), len(drawing.chain.layers), REACH / self.camera.scale)
        if found is not None and found.kind == "bias" and drawing.sight.lines[found.column - 1].bias is None:
            return Part("neuron", found.column, found.row)
        return found

    # -- painting --

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme().brush("plot"))
        if self.drawing is None:
            return
        painter.drawPixmap(0, 0, self._lines(self.drawing))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setTransform(self.camera.transform, combine=True)
        shown = self.pull.part or self.hovered or (self.focused if self.hasFocus() else None) or self.marked
        if shown is not None:
            self._stress(painter, self.drawing, shown)
        self.drawing.labels(painter)
        self.drawing.neurons(painter, self._seen())
        if shown is not None:
            self._ring(painter, self.drawing, shown)

    def _seen(self) -> tuple[float, float]:
        """The extent in x that is in view."""
        ends = (self.camera.in_layout(QPointF(x, 0)).x() for x in (0, self.width()))
        return next(ends), next(ends)

    def _lines(self, drawing: Drawing) -> QPixmap:
        """The many lines, kept until something about them changes."""
        ratio = self.devicePixelRatioF()
        key = (drawing, self.camera.scale, self.camera.shift.toTuple(), self.size().toTuple(), ratio, theme().palette)
        if self._kept is None or self._kept[0] != key:
            image = QPixmap(self.size() * ratio)
            image.setDevicePixelRatio(ratio)
            image.fill(Qt.GlobalColor.transparent)
            painter = QPainter(image)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setTransform(self.camera.transform, combine=True)
            drawing.lines(painter, self._seen())
            painter.end()
            self._kept = (key, image)
        return self._kept[1]

    def _stress(self, painter: QPainter, drawing: Drawing, part: Part) -> None:
        """The line pointed at, or all lines into the neuron."""
        if part.kind == "line":
            drawing.line(painter, part, extra=2.5)
        elif part.kind in ("neuron", "bias") and part.column > 0:
            for line in drawing.layout.lines(part.column):
                if line.row == part.row:
                    drawing.line(painter, line, extra=0.8)

    def _ring(self, painter: QPainter, drawing: Drawing, part: Part) -> None:
        """Around what is pointed at; a line shows its number."""
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(theme().pen("text" if part != self.focused or not self.hasFocus() else "accent", 2.0))
        if part.kind != "line":
            (x, y), _ = drawing.layout.places(part)
            radius = {"neuron": RADIUS + 4, "bias": 11.0, "loss": 40.0}[part.kind]
            painter.drawEllipse(QPointF(x, y), radius, radius)
            return
        painter.setFont(make_font("mono_caption"))
        rows = drawing.label_of(part)
        wide = max(painter.fontMetrics().horizontalAdvance(row) for row in rows) + 10
        (x0, y0), (x1, y1) = drawing.layout.places(part)
        room = QRectF(0, 0, wide, 18 * len(rows))
        there = drawing.label_places.get(part)
        room.moveCenter(QPointF((x0 + x1) / 2, (y0 + y1) / 2) if there is None else there.center())
        paint_label(painter, room, rows, drawing.number(part))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(theme().pen("accent" if part == self.focused and self.hasFocus() else "border", 1.4))
        painter.drawRoundedRect(room, 4, 4)

    # -- pointing --

    def point(self, part: Part | None) -> None:
        """Let the pointer be over a part."""
        if part != self.hovered:
            self.hovered = part
            self.setCursor(Qt.CursorShape.PointingHandCursor if part is not None else Qt.CursorShape.ArrowCursor)
            self.pointed.emit(part if part is not None else self.focused)
            self.update()

    def focus_on(self, part: Part | None) -> None:
        """Put the keyboard's cursor on a part, and bring it into view."""
        self.focused = part
        if part is not None:
            if self.camera.reveal(self.middle_of(part), self.size()):
                self._changed_place()
            self.setAccessibleDescription(self._tell(part))
            say(self, self.accessibleDescription())
        self.pointed.emit(part)
        self.update()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            part = self.part_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), plain_tooltip(self._tell(part)) if part is not None else "", self)
            return True
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._takes(event):
            event.accept()
            return True
        if event.type() == QEvent.Type.Leave:
            self.point(None)
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.resized.emit()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        by_key = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        if by_key and self.focused is None and self.drawing is not None:
            column = min(self.drawing.sight.current or 0, len(self.drawing.chain.layers))
            self.focus_on(Part("neuron", column, self.drawing.layout.rows[column][0]))
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    # -- mouse --

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        part = self.part_at(event.position())
        self.pull.finish()
        if part is not None and part.is_weight:
            self.pull.press(part, event.position())
        elif part is None:
            self._pressed = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        self.focus_on(part)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self.pull.pressed:
            self.pull.move(at, fine=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        elif self._pressed is not None:
            self.camera.pan(at - self._pressed)
            self._pressed = at
            self._changed_place()
        else:
            self.point(self.part_at(at))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if self.pull.pressed:
            self._clicked = self.pull.release()
            if self._clicked is not None:  # or the first half of a double click
                self._click.start(QApplication.doubleClickInterval())
        if self._pressed is not None:
            self._pressed = None
            self.unsetCursor()

    def _pick(self) -> None:
        if self._clicked is not None and self.drawing is not None:
            self.picked.emit(self._clicked)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._click.stop()
        part = self.part_at(event.position())
        if part is None:
            self.show_all()
        elif part.is_weight:
            self.pull.type_in(part)

    def wheelEvent(self, event: QWheelEvent) -> None:
        part = self.part_at(event.position())
        turns = event.angleDelta().y() / 120
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier and part is not None and part.is_weight:
            self.pull.turn(part, turns)
        elif turns:
            self.camera.zoom(1.2**turns, event.position())
            self._changed_place()
        event.accept()

    # -- keys --

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, part, drawing = event.key(), self.focused, self.drawing
        if self.pull.part is not None and key == Qt.Key.Key_Escape:
            self.pull.give_up()
        elif part is None or drawing is None or event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            super().keyPressEvent(event)
        elif key in _WAYS:
            self.focus_on(walked(drawing.layout, part, _WAYS[key], len(drawing.chain.layers)))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._enter(part)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Minus) and part.is_weight:
            self.pull.turn(part, 1 if key == Qt.Key.Key_Plus else -1)
        elif key == Qt.Key.Key_Escape:
            self.focus_on(None)
        else:
            super().keyPressEvent(event)

    def _takes(self, event: QKeyEvent) -> bool:
        """Whether a key is for the view, and not for a shortcut of the window."""
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        mine = (*_WAYS, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Plus, Qt.Key.Key_Minus, Qt.Key.Key_Escape)
        return plain and self.focused is not None and event.key() in mine

    def _enter(self, part: Part) -> None:
        """Type a weight; at a neuron, its bias."""
        assert self.drawing is not None
        if part.kind == "neuron" and part.column > 0 and self.drawing.sight.lines[part.column - 1].bias is not None:
            part = Part("bias", part.column, part.row)
        if part.is_weight:
            self.pull.type_in(part)

    def place_of(self, part: Part, size: QSize) -> QPoint:
        """Where an editor of that size stands, inside of the view."""
        middle = self.middle_of(part)
        x = min(max(4.0, middle.x() - size.width() / 2), max(4.0, self.width() - size.width() - 4.0))
        y = min(max(4.0, middle.y() - size.height() / 2), max(4.0, self.height() - size.height() - 4.0))
        return QPoint(round(x), round(y))
