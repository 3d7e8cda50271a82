"""Heights over a plane as a shaded mesh that can be turned, painted from back to front."""

from __future__ import annotations

import math
from typing import Final, final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, QSize, Qt
from PySide6.QtGui import (
    QAccessible,
    QColor,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import QWidget

from gui.colormaps import STEPS, viridis
from gui.format import format_number
from gui.plots.contour_marks import HALO, INK, Place, paint_place, pieces
from gui.plots.contour_scale import ContourScale
from gui.plots.isolines import Floats, interpolate
from gui.plots.levels import Levels
from gui.screen_reader import tell_as
from gui.theme import theme

MOST: Final = 41
"""Points a side that are painted: more would be finer than the eye sees in a panel, and slow to turn."""
HEIGHT: Final = 0.62
"""Of the box, whose base has sides of 1."""
WIDEST: Final = 1.55
HIGHEST: Final = 1.6
"""What the box takes at any turn, with room for the names."""
FADED: Final = 0.6
"""Part of the ground in the colours of heights that no longer hold."""
TURN: Final = 0.5
"""Degrees a pixel."""
KEY_TURN: Final = 5.0
LIGHT: Final = np.array([-0.45, -0.35, 0.82])
_EDGES: Final = ((0, 1), (1, 2), (2, 3), (3, 0))


@final
class MeshView(QWidget):
    """Drag to turn it, or use the arrow keys; a double click turns it back.

    Attributes:
        azimuth, elevation: where it is seen from, in degrees.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.azimuth, self.elevation = 35.0, 35.0
        self._names = ("x", "y")
        self._xs: Floats = np.empty(0)
        self._ys: Floats = np.empty(0)
        self._values: Floats = np.empty((0, 0))
        self._levels = Levels(0.0, 0.0, ())
        self._path: Floats = np.empty((0, 2))
        self._places: tuple[Place, ...] = ()
        self._faded = False
        self._from: QPoint | None = None
        self.scale = ContourScale(self)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        tell_as(self, QAccessible.Role.Chart, about=self.summary)
        self.setAccessibleName(self.tr("Surface in three dimensions: arrow keys turn it"))
        theme().changed.connect(self.update)

    def summary(self) -> str:
        """The axes and the least and greatest heights, in a line."""
        known = self._values[np.isfinite(self._values)]
        if not known.size:
            return ""
        ends = (format_number(float(end)) for end in (known.min(), known.max()))
        return self.tr("heights over {0} and {1} from {2} to {3}").format(*self._names, *ends)

    # -- what is shown --

    def set_names(self, x: str, y: str) -> None:
        """Label the axes."""
        self._names = (x, y)
        self.update()

    def set_grid(self, xs: Floats, ys: Floats, values: Floats, levels: Levels) -> None:
        """Show heights `(rows, columns)` on the scale of some levels."""
        self._xs, self._ys = _thinned(xs), _thinned(ys)
        self._values = values if values.shape[0] <= MOST else interpolate(xs, ys, values, self._xs, self._ys)
        self._levels = levels
        self.scale.set_levels(levels)
        self._put_scale()
        self.update()

    def set_path(self, path: Floats) -> None:
        """Draw a line over places `(n, 2)`; a row of NaN breaks it."""
        self._path = path
        self.update()

    def set_marks(self, places: tuple[Place, ...]) -> None:
        """Mark these places."""
        self._places = places
        self.update()

    def set_faded(self, faded: bool) -> None:
        """Show that the heights no longer hold."""
        self._faded = faded
        self.update()

    # -- turning --

    def turn(self, azimuth: float, elevation: float) -> None:
        """Turn it by so many degrees."""
        self.azimuth = (self.azimuth + azimuth) % 360
        self.elevation = min(max(self.elevation + elevation, 5.0), 90.0)
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._from = event.position().toPoint()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._from is not None:
            to = event.position().toPoint()
            way, self._from = to - self._from, to
            self.turn(-way.x() * TURN, way.y() * TURN)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._from = None
        self.setCursor(Qt.CursorShape.OpenHandCursor)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.turn(35.0 - self.azimuth, 35.0 - self.elevation)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        ways = {
            Qt.Key.Key_Left: (KEY_TURN, 0.0),
            Qt.Key.Key_Right: (-KEY_TURN, 0.0),
            Qt.Key.Key_Up: (0.0, KEY_TURN),
            Qt.Key.Key_Down: (0.0, -KEY_TURN),
        }
        way = ways.get(Qt.Key(event.key()))
        if way is None:
            super().keyPressEvent(event)
        else:
            self.turn(*way)

    def sizeHint(self) -> QSize:
        return QSize(theme().px(240), theme().px(160))

    # -- painting --

    def _room(self) -> float:
        """The width beside the scale."""
        return float(self.width() - self.scale.width())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._put_scale()

    def _put_scale(self) -> None:
        wide = self.scale.sizeHint().width()
        self.scale.setGeometry(self.width() - wide, 0, wide, self.height())

    def project(self, points: Floats) -> Floats:
        """Places in the box, x and y from -½ to ½ and heights from 0 to 1, in pixels: `(n, 3)` to `(n, 3)`.

        The third is the distance from the eye: the larger, the nearer.
        """
        turned = math.radians(self.azimuth)
        raised = math.radians(self.elevation)
        x = points[:, 0] * math.cos(turned) - points[:, 1] * math.sin(turned)
        y = points[:, 0] * math.sin(turned) + points[:, 1] * math.cos(turned)
        z = (points[:, 2] - 0.5) * HEIGHT
        depth = -y * math.cos(raised) + z * math.sin(raised)
        up = y * math.sin(raised) + z * math.cos(raised)
        scale = min(self._room() / WIDEST, self.height() / HIGHEST)
        return np.stack([self._room() / 2 + x * scale, self.height() / 2 - up * scale, depth], axis=1)

    def _in_box(self, places: Floats) -> Floats:
        """Places of the plane on the surface `(n, 2)` to `(n, 3)`, NaN beyond it."""
        x = (places[:, 0] - self._xs[0]) / (self._xs[-1] - self._xs[0])
        y = (places[:, 1] - self._ys[0]) / (self._ys[-1] - self._ys[0])
        inside = (x >= 0) & (x <= 1) & (y >= 0) & (y <= 1)
        heights = np.full(len(places), np.nan)
        for at in np.flatnonzero(inside):
            here = (places[at : at + 1, 0], places[at : at + 1, 1])
            heights[at] = interpolate(self._xs, self._ys, self._values, *here)[0, 0]
        return np.stack([x - 0.5, y - 0.5, self._levels.position(heights)], axis=1)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme().color("plot"))
        if not self._values.size:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_floor(painter)
        self._paint_mesh(painter)
        painter.setOpacity(1.0 - FADED if self._faded else 1.0)
        self._paint_path(painter)

    def _paint_floor(self, painter: QPainter) -> None:
        corners = np.array([[-0.5, -0.5, 0.0], [0.5, -0.5, 0.0], [0.5, 0.5, 0.0], [-0.5, 0.5, 0.0]])
        flat = self.project(corners)
        painter.setPen(theme().pen("border"))
        for first, second in _EDGES:
            painter.drawLine(QPointF(*flat[first, :2]), QPointF(*flat[second, :2]))
        # The name of an axis stands at its nearer edge.
        for name, edges in ((self._names[0], ((0, 1), (3, 2))), (self._names[1], ((1, 2), (0, 3)))):
            near = max(edges, key=lambda edge: flat[edge[0], 2] + flat[edge[1], 2])
            middle = (flat[near[0], :2] + flat[near[1], :2]) / 2
            self._paint_name(painter, name, middle, flat[:, :2].mean(axis=0))

    def _paint_name(self, painter: QPainter, name: str, middle: Floats, centre: Floats) -> None:
        metrics = QFontMetricsF(theme().font("mono_caption"))
        out = middle - centre
        out = out / (np.hypot(*out) or 1.0)
        width = metrics.horizontalAdvance(name)
        x = middle[0] + out[0] * (width / 2 + 8) - width / 2
        y = middle[1] + out[1] * 14 + metrics.ascent() / 2
        x = min(max(x, 4.0), max(4.0, self._room() - width - 4))
        painter.setPen(theme().pen("secondary"))
        painter.setFont(theme().font("mono_caption"))
        painter.drawText(QPointF(x, min(y, self.height() - 4.0)), name)

    def _paint_mesh(self, painter: QPainter) -> None:
        rows, columns = self._values.shape
        x, y = np.meshgrid(np.linspace(-0.5, 0.5, columns), np.linspace(-0.5, 0.5, rows))
        z = self._levels.position(np.where(np.isfinite(self._values), self._values, np.nan))
        flat = self.project(np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1)).reshape(rows, columns, 3)
        colors, known = _shaded(z)
        if self._faded:
            ground = theme().color("plot")
            colors = FADED * np.array([ground.red(), ground.green(), ground.blue()]) + (1 - FADED) * colors
            colors = colors.astype(np.uint8)
        depth = (flat[:-1, :-1, 2] + flat[1:, 1:, 2]) / 2
        order = np.argsort(depth, axis=None)
        quads = np.stack([flat[:-1, :-1, :2], flat[:-1, 1:, :2], flat[1:, 1:, :2], flat[1:, :-1, :2]], axis=2)
        quads, shades = quads.reshape(-1, 4, 2), colors.reshape(-1, 3)
        whole = known.ravel()
        for at in order[whole[order]].tolist():
            color = QColor(*shades[at].tolist())
            painter.setPen(QPen(color.darker(118), 0.6))
            painter.setBrush(color)
            painter.drawConvexPolygon(QPolygonF([QPointF(*corner) for corner in quads[at].tolist()]))

    def _paint_path(self, painter: QPainter) -> None:
        if len(self._path):
            flat = self.project(self._in_box(self._path))[:, :2]
            for color, width in ((HALO, 3.6), (INK, 1.6)):
                painter.setPen(QPen(QColor(color), width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
                for piece in pieces(flat):
                    painter.drawPolyline(QPolygonF([QPointF(*point) for point in piece.tolist()]))
        for place in self._places:
            at = self.project(self._in_box(np.array([[place.x, place.y]])))[0]
            if np.isfinite(at).all():
                paint_place(painter, place, at[:2], (self._room(), self.height()))


def _thinned(ticks: Floats) -> Floats:
    return ticks if len(ticks) <= MOST else np.linspace(float(ticks[0]), float(ticks[-1]), MOST)


def _shaded(z: Floats) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """The colours of the cells (rows - 1, columns - 1, 3), lit from the upper left, and which are known whole."""
    rows, columns = z.shape
    right = (z[:-1, 1:] - z[:-1, :-1] + z[1:, 1:] - z[1:, :-1]) / 2 * HEIGHT * (columns - 1)
    up = (z[1:, :-1] - z[:-1, :-1] + z[1:, 1:] - z[:-1, 1:]) / 2 * HEIGHT * (rows - 1)
    normal = np.stack([-right, -up, np.ones_like(right)], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    light = 0.62 + 0.38 * np.clip(normal @ (LIGHT / np.linalg.norm(LIGHT)), 0.0, 1.0)
    middle = (z[:-1, :-1] + z[:-1, 1:] + z[1:, 1:] + z[1:, :-1]) / 4
    known = np.isfinite(middle)
    index = np.minimum(np.where(known, middle, 0.0) * STEPS, STEPS - 1).astype(int)
    shaded = viridis()[index] * np.where(known, light, 1.0)[..., None]
    return shaded.astype(np.uint8), known
