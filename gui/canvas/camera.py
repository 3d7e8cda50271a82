"""Where the view looks and how closely: zoom to the pointer, pan, fit."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, final

from PySide6.QtCore import QAbstractAnimation, QEasingCurve, QObject, QPointF, QRectF, QVariantAnimation, Signal
from PySide6.QtGui import QTransform
from PySide6.QtWidgets import QGraphicsView

from gui.theme import theme

LEAST: Final = 0.1
MOST: Final = 4.0
FIT_MARGIN: Final = 48.0
MOVE_MS: Final = 160


@final
class Camera(QObject):
    """Moves a graphics view. 100 % is one scene unit a pixel, times the text size the user chose.

    Attributes:
        fitted: everything was made to fit and the view has not been moved since.

    Signals:
        moved(): the view shows another part or another scale.
    """

    moved = Signal()

    def __init__(self, view: QGraphicsView) -> None:
        super().__init__(view)
        self._view = view
        self.fitted = False
        self.covered: Callable[[], QRectF] = QRectF
        """What lies over the view, in its coordinates: behind it nothing is revealed."""
        self._least = LEAST
        self._anchor: tuple[QPointF, QPointF] | None = None
        self._animation = QVariantAnimation(self)
        self._animation.setStartValue(0.0)
        self._animation.setEndValue(1.0)
        self._animation.setEasingCurve(QEasingCurve.Type.InOutCubic)
        self._animation.valueChanged.connect(self._go_on)
        self._way: tuple[QPointF, float, QPointF, float] | None = None

    # -- reading --

    @property
    def scale(self) -> float:
        """Pixels a scene unit."""
        return float(self._view.transform().m11())

    @property
    def zoom(self) -> float:
        """1 is 100 %."""
        return self.scale / theme().text_scale

    @property
    def centre(self) -> QPointF:
        """The scene point in the middle of the view."""
        return self.to_scene(QPointF(self._view.viewport().rect().toRectF().center()))

    def visible(self) -> QRectF:
        """The part of the scene that is seen."""
        rect = self._view.viewport().rect().toRectF()
        return QRectF(self.to_scene(rect.topLeft()), self.to_scene(rect.bottomRight()))

    def to_scene(self, at: QPointF) -> QPointF:
        """A place on the viewport as a place in the scene, without rounding to whole pixels."""
        inverse, _ = self._view.viewportTransform().inverted()
        return inverse.map(at)

    def to_view(self, at: QPointF) -> QPointF:
        """A place in the scene as a place on the viewport."""
        return self._view.viewportTransform().map(at)

    # -- moving --

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Zoom about a place of the viewport, the pointer's say, which goes on showing the same scene point."""
        self.stop()
        self.fitted = False
        place = at if at is not None else QPointF(self._view.viewport().rect().toRectF().center())
        # Scrolling goes by whole pixels; one anchor for a series of steps keeps the rest from adding up.
        if self._anchor is None or self._anchor[0] != place:
            self._anchor = (place, self.to_scene(place))
        anchor = self._anchor
        scale = self._clamped(self.scale * factor)
        if scale != self.scale:
            self._set(anchor[1], anchor[0], scale)
        self._anchor = anchor

    def zoom_to(self, zoom: float) -> None:
        """Show the middle of the view at that zoom."""
        self.look_at(self.centre, zoom * theme().text_scale)

    def pan(self, dx: float, dy: float) -> None:
        """Move the scene on the screen by so many pixels."""
        self.stop()
        self.fitted = False
        self._anchor = None
        across, down = self._view.horizontalScrollBar(), self._view.verticalScrollBar()
        across.setValue(across.value() - round(dx))
        down.setValue(down.value() - round(dy))
        self.moved.emit()

    def look_at(self, centre: QPointF, scale: float | None = None, *, animated: bool = True) -> None:
        """Bring a scene point to the middle of the view."""
        self.stop()
        self.fitted = False
        self._anchor = None
        scale = self._clamped(scale if scale is not None else self.scale)
        ms = theme().animation_ms(MOVE_MS) if animated and self._view.isVisible() else 0
        if ms == 0:
            self._set(centre, self._middle(), scale)
            return
        self._way = (self.centre, self.scale, centre, scale)
        self._animation.setDuration(ms)
        self._animation.start()

    def fit(self, area: QRectF, *, animated: bool = True, closest: float = 1.0) -> None:
        """Show a whole area, not closer than `closest`."""
        if area.isEmpty():
            self.look_at(QPointF(), theme().text_scale, animated=animated)
            return
        room = self._view.viewport().rect().toRectF()
        margin = FIT_MARGIN * theme().text_scale  # wires bend around the outermost blocks, and grow with them
        wide = max(room.width() - 2 * margin, 16.0) / area.width()
        high = max(room.height() - 2 * margin, 16.0) / area.height()
        scale = min(wide, high, closest * theme().text_scale)
        self._least = min(LEAST, scale / theme().text_scale)
        self.look_at(area.center(), scale, animated=animated)
        self.fitted = True

    def reveal(self, area: QRectF) -> None:
        """Move as little as is needed to see an area; one that is far away comes to the middle."""
        margin = FIT_MARGIN / self.scale
        seen = self.visible().adjusted(margin, margin, -margin, -margin)
        if not self.visible().intersects(area) or area.width() > seen.width() or area.height() > seen.height():
            self.look_at(area.center())
            return
        dx = min(0.0, area.left() - seen.left()) + max(0.0, area.right() - seen.right())
        dy = min(0.0, area.top() - seen.top()) + max(0.0, area.bottom() - seen.bottom())
        way = QPointF(dx, dy)
        way += self._out_from_behind(area.translated(-way))
        if not way.isNull():
            self.look_at(self.centre + way)

    def _out_from_behind(self, area: QRectF) -> QPointF:
        """How far to move so that an area comes out from behind what lies over the view: up or left, the nearer way."""
        over = self.covered()
        shown = QRectF(self.to_view(area.topLeft()), self.to_view(area.bottomRight()))
        if over.isEmpty() or not shown.intersects(over):
            return QPointF()
        margin = FIT_MARGIN / 2
        up, left = shown.bottom() - over.top() + margin, shown.right() - over.left() + margin
        return (QPointF(0.0, up) if up <= left else QPointF(left, 0.0)) / self.scale

    def rescale(self, ratio: float) -> None:
        """The text size changed by that ratio: the drawing follows, about the middle of the view."""
        self._set(self.centre, self._middle(), self._clamped(self.scale * ratio))

    def stop(self) -> None:
        """End a movement under way where it was going to."""
        if self._animation.state() == QAbstractAnimation.State.Running:
            self._animation.stop()
            if self._way is not None:
                _, _, centre, scale = self._way
                self._set(centre, self._middle(), scale)
        self._way = None

    # -- inside --

    def _clamped(self, scale: float) -> float:
        unit = theme().text_scale
        return min(max(scale, self._least * unit), MOST * unit)

    def _middle(self) -> QPointF:
        return QPointF(self._view.viewport().rect().toRectF().center())

    def _go_on(self, part: object) -> None:
        if self._way is None or not isinstance(part, float):
            return
        start, from_scale, end, to_scale = self._way
        scale = math.exp(math.log(from_scale) + part * (math.log(to_scale) - math.log(from_scale)))
        # What is zoomed out from shrinks towards the middle: weigh the way by the scale.
        way = part if from_scale == to_scale else (1 / from_scale - 1 / scale) / (1 / from_scale - 1 / to_scale)
        self._set(start + (end - start) * way, self._middle(), scale)

    def _set(self, point: QPointF, place: QPointF, scale: float) -> None:
        """Show a scene point at a place of the viewport."""
        if scale != self.scale:
            self._view.setTransform(QTransform.fromScale(scale, scale))
        off = self.to_view(point) - place
        across, down = self._view.horizontalScrollBar(), self._view.verticalScrollBar()
        across.setValue(across.value() + round(off.x()))
        down.setValue(down.value() + round(off.y()))
        self.moved.emit()
