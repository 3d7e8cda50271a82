"""What is drawn over a filled contour: lines of equal height with their numbers, a path, marked places."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, final

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from gui.format import format_number
from gui.theme import theme

Floats = NDArray[np.float64]
Sign = Literal["dot", "ring", "star", "cross"]

INK: Final = "#ffffff"
HALO: Final = "#14161c"
"""Lines and marks lie on every colour of the scale: light ones with a dark rim stand out from all."""
ROOM: Final = 26.0
"""Pixels that are kept free around a number on a line."""
ARROWS_APART: Final = 70.0
LEAST_LINE: Final = 64.0
"""Pixels a line needs to be long to bear a number."""


class Place(NamedTuple):
    """A marked place: the present one (`dot`), a beginning (`ring`), a known solution (`star`), a minimum (`cross`)."""

    sign: Sign
    x: float
    y: float
    text: str = ""


@final
class Marks(pg.GraphicsObject):
    """Paints in pixels of the screen, whatever the units of the plot."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: Sequence[tuple[float, Sequence[Floats]]] = ()
        self.path: Floats = np.empty((0, 2))
        self.places: tuple[Place, ...] = ()
        self.cursor: tuple[float, float] | None = None
        self.faded = False
        self._view = QRectF()
        self._laid: _Laid | None = None
        self._laid_for: tuple[object, ...] = ()

    @property
    def lines(self) -> Sequence[tuple[float, Sequence[Floats]]]:
        """Heights, and the lines there."""
        return self._lines

    @lines.setter
    def lines(self, lines: Sequence[tuple[float, Sequence[Floats]]]) -> None:
        self._lines, self._laid = lines, None

    def boundingRect(self) -> QRectF:
        self._view = QRectF(self.viewRect())
        return self._view

    def viewTransformChanged(self) -> None:
        self.prepareGeometryChange()
        super().viewTransformChanged()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        dx, dy = self._pixel()
        if not (dx > 0 and dy > 0):
            return
        room = self.viewRect()
        corner = QPointF(room.left(), room.bottom())  # upwards is positive: that is the upper left one

        def pixels(points: Floats) -> Floats:
            return np.asarray((points - (corner.x(), corner.y())) / (dx, -dy))

        painter.save()
        painter.translate(corner)
        painter.scale(dx, -dy)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setOpacity(painter.opacity() * (0.45 if self.faded else 1.0))
        size = (room.width() / dx, room.height() / dy)
        key = (room, size, theme().text_scale)
        if self._laid is None or self._laid_for != key:
            self._laid_for = key
            self._laid = _lay([(level, [pixels(line) for line in lines]) for level, lines in self.lines], size)
        _paint_lines(painter, self._laid)
        for piece in pieces(self.path):
            _paint_path(painter, pixels(piece))
        for place in self.places:
            paint_place(painter, place, pixels(np.array([place.x, place.y])), size)
        if self.cursor is not None:
            _paint_cursor(painter, pixels(np.array(self.cursor)))
        painter.restore()

    def _pixel(self) -> tuple[float, float]:
        """The size of a pixel in units of the plot."""
        box = self.getViewBox()
        if box is None or not box.width() or not box.height():
            return 0.0, 0.0
        room = self.viewRect()
        return float(room.width() / box.width()), float(room.height() / box.height())


def _polygon(points: Floats) -> QPolygonF:
    return QPolygonF([QPointF(x, y) for x, y in np.clip(points, -1e6, 1e6).tolist()])


# -- lines of equal height --


@final
class _Laid(NamedTuple):
    """Lines and their numbers in the pixels of one picture: found once, painted often."""

    shapes: list[QPolygonF]
    numbers: list[tuple[str, QPointF, float]]


def _lay(lines: Sequence[tuple[float, Sequence[Floats]]], size: tuple[float, float]) -> _Laid:
    metrics = QFontMetricsF(theme().font("mono_caption"))
    shapes, numbers = [], []
    taken: list[QRectF] = []
    for level, parts in lines:
        text = format_number(level)
        room = (metrics.horizontalAdvance(text), metrics.height())
        for part in parts:
            shapes.append(_polygon(part))
            found = _label_place(part, room, size, taken)
            if found is not None:
                numbers.append((text, *found))
    return _Laid(shapes, numbers)


def _paint_lines(painter: QPainter, laid: _Laid) -> None:
    ink = QColor(INK)
    ink.setAlpha(120)
    painter.setPen(QPen(ink, 1.0))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for shape in laid.shapes:
        painter.drawPolyline(shape)
    metrics = QFontMetricsF(theme().font("mono_caption"))
    for text, middle, angle in laid.numbers:
        _paint_number(painter, text, middle, angle, metrics)


def _label_place(
    piece: Floats, text: tuple[float, float], size: tuple[float, float], taken: list[QRectF]
) -> tuple[QPointF, float] | None:
    """Where the line is straightest, inside the picture and away from other numbers; and how it runs there."""
    steps = np.hypot(*np.diff(piece, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    width, height = text
    if along[-1] < max(LEAST_LINE, 1.8 * width):
        return None
    best: tuple[float, QPointF, float, QRectF] | None = None
    for at in np.linspace(0.15, 0.85, 15) * along[-1]:
        ends = [np.interp(at + way * width / 2, along, piece[:, axis]) for way in (-1, 1) for axis in (0, 1)]
        chord = math.hypot(ends[2] - ends[0], ends[3] - ends[1])
        middle = QPointF((ends[0] + ends[2]) / 2, (ends[1] + ends[3]) / 2)
        angle = math.degrees(math.atan2(ends[3] - ends[1], ends[2] - ends[0]))
        angle = (angle + 90) % 180 - 90
        turned = math.radians(angle)
        wide = abs(math.cos(turned)) * width + abs(math.sin(turned)) * height
        high = abs(math.sin(turned)) * width + abs(math.cos(turned)) * height
        room = QRectF(middle.x() - wide / 2, middle.y() - high / 2, wide, high)
        inside = room.left() > 4 and room.top() > 4 and room.right() < size[0] - 4 and room.bottom() < size[1] - 4
        wider = room.adjusted(-ROOM / 2, -ROOM / 2, ROOM / 2, ROOM / 2)
        if not inside or any(wider.intersects(other) for other in taken):
            continue
        bend = width - chord + abs(angle) / 45
        if best is None or bend < best[0]:
            best = (bend, middle, angle, room)
    if best is None or best[0] > 0.4 * width + 2:
        return None
    taken.append(best[3])
    return best[1], best[2]


def _paint_number(painter: QPainter, text: str, middle: QPointF, angle: float, metrics: QFontMetricsF) -> None:
    painter.save()
    painter.translate(middle)
    painter.rotate(angle)
    _write(painter, text, QPointF(-metrics.horizontalAdvance(text) / 2, metrics.ascent() / 2 - metrics.descent() / 2))
    painter.restore()


def _write(painter: QPainter, text: str, baseline: QPointF) -> None:
    """Light letters with a dark rim."""
    path = QPainterPath()
    path.addText(baseline, theme().font("mono_caption"), text)
    rim = QColor(HALO)
    rim.setAlpha(190)
    painter.strokePath(path, QPen(rim, 3.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
    painter.fillPath(path, QColor(INK))


# -- the path --


def pieces(points: Floats) -> list[Floats]:
    """A path in the parts between its rows of NaN, those of one point left out."""
    known = np.isfinite(points).all(axis=1)
    breaks = np.flatnonzero(~known)
    parts = np.split(points, breaks)
    cleaned = [part[np.isfinite(part).all(axis=1)] for part in parts]
    return [part for part in cleaned if len(part) > 1]


def _paint_path(painter: QPainter, points: Floats) -> None:
    shape = _polygon(points)
    round_ = (Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for color, width in ((HALO, 4.0), (INK, 1.8)):
        painter.setPen(QPen(QColor(color), width, *round_))
        painter.drawPolyline(shape)
    steps = np.hypot(*np.diff(points, axis=0).T) if len(points) > 1 else np.empty(0)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    if not math.isfinite(along[-1]) or along[-1] > 1e5:
        return
    for at in np.arange(ARROWS_APART / 2, along[-1] - 12, ARROWS_APART):
        here = QPointF(float(np.interp(at, along, points[:, 0])), float(np.interp(at, along, points[:, 1])))
        back = QPointF(float(np.interp(at - 6, along, points[:, 0])), float(np.interp(at - 6, along, points[:, 1])))
        _paint_arrow(painter, here, here - back)


def _paint_arrow(painter: QPainter, tip: QPointF, way: QPointF) -> None:
    length = math.hypot(way.x(), way.y())
    if length < 1:
        return
    along, across = way / length, QPointF(-way.y(), way.x()) / length
    ends = [tip + along * 5, tip - along * 4 + across * 4.5, tip - along * 2, tip - along * 4 - across * 4.5]
    painter.setPen(QPen(QColor(HALO), 1.0))
    painter.setBrush(QColor(INK))
    painter.drawPolygon(QPolygonF(ends))


# -- places --


def paint_place(painter: QPainter, place: Place, at: Floats, size: tuple[float, float]) -> None:
    """A mark at a pixel `(2,)` of a picture of that width and height."""
    middle = QPointF(float(at[0]), float(at[1]))
    halo, ink = QPen(QColor(HALO), 1.5), QColor(INK)
    if place.sign == "dot":
        painter.setPen(QPen(ink, 2.0))
        painter.setBrush(theme().color("accent"))
        painter.drawEllipse(middle, 6.0, 6.0)
    elif place.sign == "ring":
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in (QPen(QColor(HALO), 4.5), QPen(ink, 2.0)):
            painter.setPen(pen)
            painter.drawEllipse(middle, 4.5, 4.5)
    elif place.sign == "cross":
        for color, width in ((HALO, 4.5), (INK, 2.0)):
            painter.setPen(QPen(QColor(color), width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            for way in (QPointF(5, 5), QPointF(5, -5)):
                painter.drawLine(middle - way, middle + way)
    else:
        painter.setPen(halo)
        painter.setBrush(QColor("#fbbf24"))
        painter.drawPolygon(_star(middle, 9.0))
    if place.text:
        _paint_name(painter, place.text, middle, size)


def _paint_name(painter: QPainter, text: str, middle: QPointF, size: tuple[float, float]) -> None:
    """Beside its mark, on the side where there is room."""
    metrics = QFontMetricsF(theme().font("mono_caption"))
    width = metrics.horizontalAdvance(text)
    left = middle.x() + 11
    if left + width > size[0] - 3:
        left = middle.x() - 11 - width
    if left < 3 or not -20 <= middle.y() <= size[1] + 20:
        return
    top = min(max(middle.y() + metrics.ascent() / 2 - 1, metrics.ascent() + 2), size[1] - 4)
    _write(painter, text, QPointF(left, top))


def _star(middle: QPointF, radius: float) -> QPolygonF:
    corners = []
    for index in range(10):
        angle = math.pi * index / 5 - math.pi / 2
        reach = radius if index % 2 == 0 else radius * 0.45
        corners.append(middle + QPointF(math.cos(angle), math.sin(angle)) * reach)
    return QPolygonF(corners)


def _paint_cursor(painter: QPainter, at: Floats) -> None:
    middle = QPointF(float(at[0]), float(at[1]))
    for color, width in ((HALO, 3.0), (INK, 1.2)):
        painter.setPen(QPen(QColor(color), width))
        for way in (QPointF(1, 0), QPointF(0, 1)):
            for side in (-1.0, 1.0):
                painter.drawLine(middle + way * (side * 4), middle + way * (side * 10))
