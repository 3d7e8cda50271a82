"""Heights over a plane: filled contours with labelled lines, a scale, a path over them, marked places.

A widget of its own that knows nothing of where the heights come from; it reports where the mouse is and what it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, final

import numpy as np
import pyqtgraph as pg
from numpy.typing import ArrayLike
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QWidget

from gui.format import format_number
from gui.plots.contour_marks import Marks, Place
from gui.plots.contour_scale import ContourScale
from gui.plots.hover import HoverCard
from gui.plots.isolines import Floats, interpolate, isolines
from gui.plots.levels import Levels, make_levels
from gui.plots.plot import make_plot
from gui.theme import theme

__all__ = ["ContourView", "Place"]

PIXELS: Final = 360
"""The fill is painted with about so many points a side, whatever the grid."""
NOT_FINITE: Final = "border"
FADED: Final = 0.35
_WAYS: Final = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Down: (0, -1),
    Qt.Key.Key_Up: (0, 1),
}


@final
class ContourView(QWidget):
    """Set names, grid, levels, path and marks in any order and as often as you like.

    With the keyboard: arrows move a cursor over the grid (ten steps with Shift), Enter clicks there, Escape removes it.

    Signals:
        hovered(float, float): the place below the mouse, in units of the axes.
        left(): the mouse, or the cursor of the keyboard, is nowhere any more.
        clicked(float, float): a place was clicked, or Enter was pressed there.
        dragged(float, float): the mouse moves with the left button held, where `set_draggable`.
        released(float, float): after the last `dragged`.
    """

    hovered = Signal(float, float)
    left = Signal()
    clicked = Signal(float, float)
    dragged = Signal(float, float)
    released = Signal(float, float)

    def __init__(self, parent: QWidget | None = None, *, value_name: str = "") -> None:
        """`value_name` is what the heights are called on hover, `loss` unless told."""
        super().__init__(parent)
        self._names = ("x", "y")
        self._value_name = value_name or self.tr("loss")
        self._xs: Floats = np.empty(0)
        self._ys: Floats = np.empty(0)
        self._values: Floats = np.empty((0, 0))
        self._levels = Levels(0.0, 0.0, ())
        self._log = self._draggable = self._dragging = False
        self._pressed: QPoint | None = None
        self._own_levels = False
        self.plot = make_plot(self.tr("Contour lines"), self.summary)
        self._item: pg.PlotItem = self.plot.getPlotItem()
        self._item.showGrid(x=False, y=False)
        self._item.setMenuEnabled(False)
        self._item.getViewBox().setMouseEnabled(False, False)
        self._image = pg.ImageItem(axisOrder="row-major")
        self.marks = Marks()
        self._item.addItem(self._image, ignoreBounds=True)
        self._item.addItem(self.marks, ignoreBounds=True)
        self.scale = ContourScale()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.plot, 1)
        row.addWidget(self.scale)
        self._hover = HoverCard(self.plot)
        self._hover.left.connect(self._gone)
        self.plot.viewport().setMouseTracking(True)
        self.plot.viewport().installEventFilter(self)
        self.plot.installEventFilter(self)
        self.plot.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocusProxy(self.plot)
        theme().changed.connect(self._draw)

    # -- what is shown --

    @property
    def levels(self) -> Levels:
        """Lines and scale in force."""
        return self._levels

    @property
    def grid(self) -> tuple[Floats, Floats, Floats]:
        """Places of columns and rows, and heights."""
        return self._xs, self._ys, self._values

    def set_names(self, x: str, y: str) -> None:
        """Label the axes."""
        self._names = (x, y)
        self._item.setLabel("bottom", _escaped(x))
        self._item.setLabel("left", _escaped(y))

    def set_grid(self, xs: ArrayLike, ys: ArrayLike, values: ArrayLike, *, log: bool | None = None) -> None:
        """Show heights over an even grid.

        Args:
            xs: ascending `(columns,)`, two at least.
            ys: ascending `(rows,)`, two at least.
            values: `(rows, columns)`, row 0 at `ys[0]`; what is not finite is left grey.
            log: whether the scale is logarithmic; None: as before.

        Raises:
            ValueError: the shapes do not fit.
        """
        found = tuple(np.array(each, dtype=np.float64) for each in (xs, ys, values))
        if found[2].shape != (found[1].size, found[0].size) or min(found[2].shape) < 2:
            raise ValueError(f"heights {found[2].shape} do not fit {found[1].size} rows and {found[0].size} columns")
        self._xs, self._ys, self._values = found
        self._log = self._log if log is None else log
        if not self._own_levels:
            self._levels = make_levels(self._values, log=self._log)
        left, right = float(self._xs[0]), float(self._xs[-1])
        self._item.setRange(xRange=(left, right), yRange=(float(self._ys[0]), float(self._ys[-1])), padding=0.0)
        self._draw()

    def set_levels(self, levels: Levels | None = None, *, log: bool | None = None) -> None:
        """Draw lines at other heights; None: at round ones that fit the grid."""
        self._own_levels = levels is not None
        self._log = self._log if log is None else log
        self._levels = levels if levels is not None else make_levels(self._values, log=self._log)
        self._draw()

    def set_path(self, points: ArrayLike) -> None:
        """Draw a line through places `(n, 2)`, in this order; a row of NaN breaks it, and none at all remove it."""
        self.marks.path = np.array(points, dtype=np.float64).reshape(-1, 2)
        self.marks.update()

    def set_marks(self, places: Sequence[Place]) -> None:
        """Mark these places and no others."""
        self.marks.places = tuple(places)
        self.marks.update()

    def set_faded(self, faded: bool) -> None:
        """Show that the heights no longer hold."""
        self.marks.faded = faded
        self._image.setOpacity(FADED if faded else 1.0)
        self.marks.update()

    def set_draggable(self, draggable: bool) -> None:
        """Let the left button drag places along, from wherever it is pressed."""
        self._draggable = draggable

    def clear(self) -> None:
        """Show nothing."""
        self._values = np.empty((0, 0))
        self._own_levels = False
        self._image.clear()
        self.marks.lines, self.marks.path, self.marks.places = (), np.empty((0, 2)), ()
        self.marks.cursor = None
        self.set_faded(False)

    def _draw(self) -> None:
        if not self._values.size:
            return
        xs, ys = self._fine(self._xs), self._fine(self._ys)
        heights = interpolate(self._xs, self._ys, self._values, xs, ys)
        pixels = self._levels.bands(heights)
        unknown = theme().color(NOT_FINITE)
        pixels[~np.isfinite(heights)] = (unknown.red(), unknown.green(), unknown.blue())
        self._image.setImage(pixels, autoLevels=False, levels=(0, 255))
        width, height = float(self._xs[-1] - self._xs[0]), float(self._ys[-1] - self._ys[0])
        self._image.setRect(QRectF(float(self._xs[0]), float(self._ys[0]), width, height))
        self.marks.lines = [(level, isolines(self._xs, self._ys, self._values, level)) for level in self._levels.lines]
        self.marks.update()
        self.scale.set_levels(self._levels)

    @staticmethod
    def _fine(ticks: Floats) -> Floats:
        """The middles of the pixels of the fill."""
        first, last = float(ticks[0]), float(ticks[-1])
        return np.asarray(first + (np.arange(PIXELS) + 0.5) / PIXELS * (last - first))

    # -- looking closely --

    def value_at(self, x: float, y: float) -> float | None:
        """The height at a place, between the points of the grid by their neighbours; None beyond the grid."""
        if not self._values.size:
            return None
        if not (self._xs[0] <= x <= self._xs[-1] and self._ys[0] <= y <= self._ys[-1]):
            return None
        return float(interpolate(self._xs, self._ys, self._values, np.array([x]), np.array([y]))[0, 0])

    def summary(self) -> str:
        """The axes and the least and greatest heights, in a line."""
        known = np.isfinite(self._values)
        if not known.any():
            return ""
        row, column = np.unravel_index(int(np.argmin(np.where(known, self._values, np.inf))), self._values.shape)
        low, high = (format_number(float(each)) for each in (self._values[row, column], self._values[known].max()))
        at = [format_number(float(each)) for each in (self._xs[column], self._ys[row])]
        words = self.tr("heights over {0} and {1} from {2}, at {3} and {4}, to {5}")
        return words.format(*self._names, low, *at, high)

    def words_at(self, x: float, y: float) -> str:
        """Both coordinates, and the height there."""
        value = self.value_at(x, y)
        if value is None:
            return ""
        rounded = self.tr("not finite") if not np.isfinite(value) else format_number(value)
        lines = [f"{name} {format_number(at)}" for name, at in zip(self._names, (x, y), strict=True)]
        return "\n".join([*lines, f"{self._value_name} ≈ {rounded}"])

    def place_at(self, point: QPoint) -> QPointF | None:
        """What lies below a point of the plot's viewport; None beside the grid."""
        box = self._item.getViewBox()
        position = self.plot.mapToScene(point)
        if not self._values.size or not box.sceneBoundingRect().contains(position):
            return None
        place = box.mapSceneToView(position)
        return QPointF(place.x(), place.y())

    def point_of(self, x: float, y: float) -> QPoint:
        """The point of the plot's viewport at a place."""
        box = self._item.getViewBox()
        return self.plot.mapFromScene(box.mapViewToScene(QPointF(x, y)))  # type: ignore[no-any-return]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QMouseEvent) and watched is self.plot.viewport():
            return self._mouse(event)
        if watched is self.plot and event.type() == QEvent.Type.FocusOut:
            self.set_cursor(None)
        if watched is self.plot and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._key(event)
        return super().eventFilter(watched, event)

    def _mouse(self, event: QMouseEvent) -> bool:
        point = event.position().toPoint()
        place = self.place_at(point)
        kind, left = event.type(), event.button() == Qt.MouseButton.LeftButton
        if kind == QEvent.Type.MouseButtonPress and left:
            self._pressed = point if place is not None else None
        elif kind == QEvent.Type.MouseMove:
            self._moved(point, place)
        elif kind == QEvent.Type.MouseButtonRelease and left and self._pressed is not None:
            dragged, self._pressed, self._dragging = self._dragging, None, False
            if dragged:
                at = self._inside(point)
                self.released.emit(at.x(), at.y())
            elif place is not None:
                self.clicked.emit(place.x(), place.y())
        # What is dragged stays here; everything else may go on to the plot.
        return self._draggable and kind in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseMove) and left

    def _moved(self, point: QPoint, place: QPointF | None) -> None:
        if self._pressed is not None and self._draggable:
            far = (point - self._pressed).manhattanLength() >= QApplication.startDragDistance()
            self._dragging = self._dragging or far
            if self._dragging:
                at = self._inside(point)
                self._hover.show_at(point, self.words_at(at.x(), at.y()))
                self.dragged.emit(at.x(), at.y())
                return
        self._hover.show_at(point, "" if place is None else self.words_at(place.x(), place.y()))
        if place is None:
            self._gone()
        else:
            self.scale.point_at(self.value_at(place.x(), place.y()))
            self.hovered.emit(place.x(), place.y())

    def _inside(self, point: QPoint) -> QPointF:
        """The place of the grid nearest to a point of the viewport."""
        place = self._item.getViewBox().mapSceneToView(self.plot.mapToScene(point))
        x = min(max(place.x(), float(self._xs[0])), float(self._xs[-1]))
        y = min(max(place.y(), float(self._ys[0])), float(self._ys[-1]))
        return QPointF(x, y)

    def _gone(self) -> None:
        self.scale.point_at(None)
        self.left.emit()

    # -- by keyboard --

    def _key(self, event: QKeyEvent) -> bool:
        way = _WAYS.get(Qt.Key(event.key()))
        if way is not None and self._values.size:
            steps = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
            self._step(way[0] * steps, way[1] * steps)
            return True
        cursor = self.marks.cursor
        if cursor is None:
            return False
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.clicked.emit(*cursor)
            return True
        if event.key() == Qt.Key.Key_Escape:
            self.set_cursor(None)
            return True
        return False

    def _step(self, right: int, up: int) -> None:
        x, y = self.marks.cursor or (float(self._xs[len(self._xs) // 2]), float(self._ys[len(self._ys) // 2]))
        column = int(np.clip(np.abs(self._xs - x).argmin() + right, 0, len(self._xs) - 1))
        row = int(np.clip(np.abs(self._ys - y).argmin() + up, 0, len(self._ys) - 1))
        self.set_cursor((float(self._xs[column]), float(self._ys[row])))

    def set_cursor(self, place: tuple[float, float] | None, *, silent: bool = False) -> None:
        """Put the cursor of the keyboard there, or take it away; `silent` says nothing beside it."""
        if place == self.marks.cursor:
            return
        self.marks.cursor = place
        self.marks.update()
        if place is None:
            self._hover.show_at(QPoint(), "")
            self._gone()
            return
        self._hover.show_at(self.point_of(*place), "" if silent else self.words_at(*place))
        self.scale.point_at(self.value_at(*place))
        self.hovered.emit(*place)

    # -- taking away --

    def rows(self) -> Iterator[Sequence[object]]:
        """The grid as x, y, height."""
        for y, line in zip(self._ys, self._values, strict=False):
            for x, value in zip(self._xs, line, strict=True):
                yield [float(x), float(y), float(value)]


def _escaped(text: str) -> str:
    """Labels of axes are rich text."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
