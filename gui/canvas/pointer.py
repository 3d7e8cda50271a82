"""Which gesture a press begins, and how one ends: the pointer's side of the canvas."""

from __future__ import annotations

from typing import Final, final

from PySide6.QtCore import QObject, QPointF, QRectF, Qt, QTimer
from PySide6.QtWidgets import QWidget

from gui.canvas.block_item import BlockItem
from gui.canvas.decor_item import WHOLE
from gui.canvas.dots import dot_near
from gui.canvas.gestures.base import At, Cancel, Gesture
from gui.canvas.gestures.carry import CarryDecor
from gui.canvas.gestures.cut import CutWires
from gui.canvas.gestures.dots import MoveDots
from gui.canvas.gestures.move import MoveBlocks
from gui.canvas.gestures.pan import Pan
from gui.canvas.gestures.pick import PickWire
from gui.canvas.gestures.resize import ResizeDecor
from gui.canvas.gestures.select import RubberBand
from gui.canvas.gestures.wire import DrawWire
from gui.canvas.hits import PortRef, decor_at, hit
from gui.canvas.stage import Stage
from gui.canvas.wire_item import WireItem

EDGE: Final = 24.0
"""Within this many pixels of the edge a drag scrolls the canvas."""
FASTEST: Final = 24.0
"""Pixels by which it scrolls at a time at most, however far outside the pointer is: else a moment there is pages."""
_SCROLL_MS: Final = 16
_CUTS: Final = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


@final
class Pointer(QObject):
    """Runs one gesture at a time.

    Attributes:
        gesture: the one under way.
        panning: whether the space bar is down, so that the left button pans.
    """

    def __init__(self, stage: Stage, viewport: QWidget, parent: QObject) -> None:
        super().__init__(parent)
        self._stage = stage
        self._viewport = viewport
        self.gesture: Gesture | None = None
        self.panning = False
        self._button = Qt.MouseButton.NoButton
        self._loose = False
        self._dismissed = False
        self._project: object = None
        self._last: At | None = None
        self._scroll = QTimer(self)
        self._scroll.setInterval(_SCROLL_MS)
        self._scroll.timeout.connect(self._scroll_on)
        stage.document.changed.connect(self._document_changed)
        stage.document.replaced.connect(lambda: self.cancel(Cancel.DOCUMENT_CHANGED))

    def at(self, place: QPointF, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> At:
        """A place on the viewport, with its place in the scene."""
        return At(place, self._stage.camera.to_scene(place), modifiers)

    # -- what the view tells --

    def press(self, at: At, button: Qt.MouseButton) -> None:
        """A button went down."""
        if self.gesture is not None and self._loose and button == Qt.MouseButton.LeftButton:
            self._button = button  # the click that ends it; its release does
            return
        self._dismissed = self.cancel(Cancel.OTHER_BUTTON)
        if self._dismissed:
            return
        gesture = self._begun_by(at, button)
        if gesture is not None:
            self._button = button
            self.start(gesture, at)

    def move(self, at: At) -> None:
        """The pointer moved."""
        self._last = at
        if self.gesture is not None:
            self.gesture.move(at)
            self._mind_edges(at)

    def release(self, at: At, button: Qt.MouseButton) -> None:
        """A button went up."""
        if self.gesture is None or button != self._button:
            return
        self._scroll.stop()
        gesture, self._project = self.gesture, None  # the edit it makes is its own
        over = gesture.finish(at)
        if over:
            self._end()
        else:
            self._loose, self._button = True, Qt.MouseButton.NoButton
            self._project = self._stage.document.project

    def cancel(self, reason: Cancel) -> bool:
        """End the gesture without effect. Returns whether there was one."""
        if self.gesture is None:
            return False
        gesture = self.gesture
        self._end()
        gesture.cancel(reason)
        return True

    def menu_allowed(self) -> bool:
        """Whether a right click asks for a menu: one that ended a gesture does not."""
        dismissed, self._dismissed = self._dismissed, False
        return not self.cancel(Cancel.OTHER_BUTTON) and not dismissed

    def start(self, gesture: Gesture, at: At) -> None:
        """Begin a gesture."""
        self.gesture = gesture
        self._last = at
        self._project = self._stage.document.project
        if gesture.cursor is not None:
            self._viewport.setCursor(gesture.cursor)
        gesture.begin(at)

    def set_panning(self, on: bool) -> None:
        """The space bar went down or up."""
        self.panning = on
        if self.gesture is None:
            if on:
                self._viewport.setCursor(Qt.CursorShape.OpenHandCursor)
            else:
                self._viewport.unsetCursor()

    @property
    def is_scrolling(self) -> bool:
        """Whether the canvas moves along, as a drag came to its edge."""
        return self._scroll.isActive()

    # -- inside --

    def _begun_by(self, at: At, button: Qt.MouseButton) -> Gesture | None:
        if button == Qt.MouseButton.MiddleButton or (button == Qt.MouseButton.LeftButton and self.panning):
            return Pan(self._stage)
        if button != Qt.MouseButton.LeftButton:
            return None
        if at.modifiers & _CUTS == _CUTS:
            return CutWires(self._stage)
        found = hit(self._stage.scene, at.scene)
        if isinstance(found, PortRef):
            return DrawWire(self._stage, found)
        if isinstance(found, BlockItem):
            return MoveBlocks(self._stage, found)
        caught = decor_at(self._stage.scene, at.scene, found)
        if caught is not None:
            item, part = caught
            return CarryDecor(self._stage, item) if part == WHOLE else ResizeDecor(self._stage, item, part)
        if isinstance(found, WireItem):
            dot = dot_near(self._stage.scene, found, at.scene)
            return PickWire(self._stage, found) if dot is None else MoveDots(self._stage, found, dot)
        return RubberBand(self._stage)

    def _end(self) -> None:
        self._scroll.stop()
        self.gesture, self._loose, self._project = None, False, None
        self._button = Qt.MouseButton.NoButton
        self._viewport.unsetCursor()

    def _document_changed(self) -> None:
        """What a gesture showed is void once someone else edits; that data files were read is no edit."""
        if self._project is not None and self._stage.document.project is not self._project:
            self.cancel(Cancel.DOCUMENT_CHANGED)

    # -- scrolling at the edge --

    def _mind_edges(self, at: At) -> None:
        if self.gesture is None or not self.gesture.scrolls or self._speed(at) == QPointF():
            self._scroll.stop()
        elif not self._scroll.isActive():
            self._scroll.start()

    def _speed(self, at: At) -> QPointF:
        inner = QRectF(self._viewport.rect()).adjusted(EDGE, EDGE, -EDGE, -EDGE)
        dx = min(0.0, at.view.x() - inner.left()) + max(0.0, at.view.x() - inner.right())
        dy = min(0.0, at.view.y() - inner.top()) + max(0.0, at.view.y() - inner.bottom())
        return QPointF(*(max(-FASTEST, min(FASTEST, way / 2)) for way in (dx, dy)))

    def _scroll_on(self) -> None:
        if self.gesture is None or self._last is None:
            self._scroll.stop()
            return
        speed = self._speed(self._last)
        self._stage.camera.pan(-speed.x(), -speed.y())
        self._last = self.at(self._last.view, self._last.modifiers)
        self.gesture.move(self._last)
