"""The decision surface over two inputs, with the data on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, floor, log10
from typing import final

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from engine.events import Snapshot
from engine.snapshots import Surface
from gui.colormaps import Rgb, colorize, diverging
from gui.format import format_exact, format_number
from gui.panel import Table
from gui.plots.class_colors import class_colors, class_table
from gui.plots.hover import HoverCard
from gui.plots.key import Entry, Key, ScaleColumn
from gui.plots.output_view import OutputView
from gui.plots.plot import make_plot, place_at
from gui.theme import theme

NOT_A_NUMBER = (255, 0, 255)
SIDE_WIDTH = 84
GAP = 8
LEAST = 40
MOST_UNEQUAL = 2.5
"""Two inputs whose ranges differ by more than that are hardly measured alike: they get a square."""
MOST_CLASSES = 10
SLACK = 1.05
"""So much beyond the targets is not told apart from them."""
CROWD = 200
"""From so many points on they are drawn small."""


@final
class SurfaceView(OutputView):
    """Blue is positive (or the second class), orange negative; the surface is pale where the network is undecided.

    Signals:
        clicked(float, float): a point of the plane, in data units, to predict.
    """

    clicked = Signal(float, float)

    def __init__(self) -> None:
        super().__init__()
        self._snapshot: Surface | None = None
        self._data: Surface | None = None
        self._drawn_limit = 0.0
        self.plot = make_plot(self.tr("Output over two inputs"), self.summary)
        self._item: pg.PlotItem = self.plot.getPlotItem()
        self._item.showGrid(x=False, y=False)
        self.image = pg.ImageItem(axisOrder="row-major")
        self._points = {0: pg.ScatterPlotItem(symbol="o"), 1: pg.ScatterPlotItem(symbol="d")}
        self._item.addItem(self.image)
        for scatter in self._points.values():
            self._item.addItem(scatter)
        self._ratio = 1.0
        self._item.getViewBox().sigResized.connect(self._fit_square)
        self._hover = HoverCard(self.plot)
        self.plot.scene().sigMouseMoved.connect(self._moved)
        self.plot.scene().sigMouseClicked.connect(self._click)
        self._lay_out()
        theme().changed.connect(self._dress)

    def _lay_out(self) -> None:
        self._side = QWidget()
        self._marks, self._classes, self._scale = Key(), Key(), ScaleColumn()
        column = self._column = QVBoxLayout(self._side)
        column.setSpacing(10)
        for part in (self._scale, self._classes, self._marks):
            column.addWidget(part)
        column.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP)
        row.addStretch(1)
        row.addWidget(self.plot, 1000)
        row.addWidget(self._side)
        row.addStretch(1)
        self._fit_square()

    def _fit_square(self) -> None:
        """As large as it goes with the drawing area in the proportions of the data; the axes take some room, too."""
        side = theme().px(SIDE_WIDTH)
        self._side.setFixedWidth(side)
        inner = self._item.getViewBox().size()
        axes = (self.plot.size().toSizeF() - inner).expandedTo(QSizeF(0, 0))  # its box may be laid out after the plot
        wide, high = self.width() - side - GAP - axes.width(), self.height() - axes.height()
        wide = max(LEAST, min(wide, high / self._ratio))
        high = ceil(max(LEAST, wide * self._ratio) + axes.height())
        self.plot.setMaximumSize(ceil(wide + axes.width()), high)
        self._column.setContentsMargins(0, 8 + max(0, (self.height() - high) // 2), 0, 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit_square()
        super().resizeEvent(event)

    def _dress(self) -> None:
        self._fit_square()
        if self._snapshot is not None:
            snapshot, self._data = self._snapshot, None
            self.show_snapshot(snapshot)

    # -- drawing --

    def clear(self) -> None:
        self._snapshot = self._data = None
        self.image.clear()
        for scatter in self._points.values():
            scatter.clear()

    def show_snapshot(self, snapshot: Snapshot) -> None:
        assert isinstance(snapshot, Surface)
        self._snapshot = snapshot
        self.image.setImage(self._colors(snapshot), autoLevels=False, levels=(0, 255))
        x_min, x_max, y_min, y_max = snapshot.extent
        dx, dy = _spacing(snapshot)
        rows, columns = snapshot.values.shape[:2]
        self.image.setRect(QRectF(x_min - dx / 2, y_min - dy / 2, columns * dx, rows * dy))
        if self._data is None or self._data.names != snapshot.names or self._data.extent != snapshot.extent:
            self._item.setLabel("bottom", snapshot.names[0])
            self._item.setLabel("left", snapshot.names[1])
            ratio = (y_max - y_min) / (x_max - x_min) if x_max > x_min else 1.0
            self._ratio = ratio if 1 / MOST_UNEQUAL <= ratio <= MOST_UNEQUAL else 1.0
            self._fit_square()
            self._item.setRange(xRange=(x_min, x_max), yRange=(y_min, y_max), padding=0.0)
        single = snapshot.values.ndim == 2
        limit = self._limit(snapshot) if single else 0.0
        if self._data is None or limit != self._drawn_limit or not _same_data(self._data, snapshot):
            self._draw_points(snapshot)
            self._explain(snapshot)
        self._data, self._drawn_limit = snapshot, limit

    def _limit(self, snapshot: Surface) -> float:
        """The distance from `centre` that is drawn in full colour: that of the targets.

        Where the network says more at one of the data points, it is a round number beyond that, which changes seldom.
        """
        wanted = float(np.abs(snapshot.targets - snapshot.centre).max(initial=0.0))
        said = _values_at_points(snapshot)
        most = float(np.abs(said - snapshot.centre).max(initial=0.0, where=np.isfinite(said)))
        return (wanted if most <= wanted * SLACK else _rounded_up(most)) or 1.0

    def _colors(self, snapshot: Surface) -> Rgb:
        values = np.asarray(snapshot.values, dtype=np.float64)
        if values.ndim == 2:
            limit = self._limit(snapshot)
            return colorize(values - snapshot.centre, diverging(theme().palette), -limit, limit)
        known = np.isfinite(values).all(axis=-1, keepdims=True)
        values = np.where(known, values, 0.0)
        strength = np.clip(0.25 + 0.65 * values.max(axis=-1, keepdims=True), 0.0, 0.9)
        surface = theme().color("plot")
        ground = np.array([surface.red(), surface.green(), surface.blue()], dtype=np.float64)
        mixed = ground * (1 - strength) + class_table(values.shape[-1])[values.argmax(axis=-1)] * strength
        colors: Rgb = np.where(known, mixed, NOT_A_NUMBER).astype(np.uint8)
        return colors

    def _draw_points(self, snapshot: Surface) -> None:
        # White rings keep points apart from a surface of their own colour.
        crowded = len(snapshot.points) > CROWD
        outline = pg.mkPen(255, 255, 255, 130 if crowded else 210, width=1)
        sizes = (4.5, 6) if crowded else (7, 9)
        if snapshot.values.ndim == 2:
            limit = self._limit(snapshot)
            colors = colorize(snapshot.targets - snapshot.centre, diverging(theme().palette), -limit, limit)
        else:
            count = snapshot.values.shape[-1]
            colors = class_table(count)[np.clip(snapshot.targets.astype(int), 0, count - 1)]
        kept: dict[bytes, object] = {}
        brushes = [kept.setdefault(color.tobytes(), pg.mkBrush(*color.tolist())) for color in colors]
        for split, scatter in self._points.items():
            index = np.flatnonzero((snapshot.split > 0) == bool(split))
            scatter.setData(
                x=snapshot.points[index, 0],
                y=snapshot.points[index, 1],
                brush=[brushes[place] for place in index],
                pen=outline,
                size=sizes[split],
            )

    def _explain(self, snapshot: Surface) -> None:
        marks = [Entry("dot", "secondary", self.tr("training"))] if (snapshot.split == 0).any() else []
        if (snapshot.split > 0).any():
            marks.append(Entry("diamond", "secondary", self.tr("held out")))
        self._marks.set_entries(tuple(marks))
        single = snapshot.values.ndim == 2
        self._scale.setVisible(single)
        self._classes.setVisible(not single)
        if single:
            limit = self._limit(snapshot)
            low, high = snapshot.centre - limit, snapshot.centre + limit
            self._scale.set_scale(diverging(theme().palette), format_number(low), format_number(high))
        else:
            colors = class_colors(snapshot.values.shape[-1])
            names = [_class_name(snapshot, index) for index in range(min(MOST_CLASSES, len(colors)))]
            entries = (Entry("square", color.name(), name) for color, name in zip(colors, names, strict=False))
            self._classes.set_entries(tuple(entries))

    # -- looking closely --

    def summary(self) -> str:
        """The axes, and what the network says there, in a line."""
        snapshot = self._snapshot
        if snapshot is None:
            return ""
        values = np.asarray(snapshot.values, dtype=np.float64)
        if values.ndim > 2 or not np.isfinite(values).any():
            return self.tr("{0} and {1}, {2} samples").format(*snapshot.names, len(snapshot.points))
        ends = (format_number(float(end)) for end in (np.nanmin(values), np.nanmax(values)))
        words = self.tr("over {0} and {1} the network says {2} to {3}; {4} samples")
        return words.format(*snapshot.names, *ends, len(snapshot.points))

    def words_at(self, place: QPointF) -> str:
        """The network's output at a point of the plane."""
        snapshot = self._snapshot
        if snapshot is None:
            return ""
        dx, dy = _spacing(snapshot)
        rows, columns = snapshot.values.shape[:2]
        column = round((place.x() - snapshot.extent[0]) / dx)
        row = round((place.y() - snapshot.extent[2]) / dy)
        if not (0 <= column < columns and 0 <= row < rows):
            return ""
        lines = [f"{snapshot.names[0]} {format_number(place.x())}", f"{snapshot.names[1]} {format_number(place.y())}"]
        value = snapshot.values[row, column]
        if snapshot.values.ndim == 2:
            lines.append(self.tr("output {0}").format(format_exact(float(value))))
        elif np.isfinite(value).all():
            best = int(value.argmax())
            percent = format_number(100 * float(value[best]))
            lines.append(self.tr("{0} ({1} %)").format(_class_name(snapshot, best), percent))
        else:
            lines.append(self.tr("output NaN"))
        return "\n".join(lines)

    def _moved(self, position: QPointF) -> None:
        place = place_at(self._item, position)
        self._hover.show_at(position.toPoint(), "" if place is None else self.words_at(place))

    def _click(self, click: object) -> None:
        if click.double() or click.button() != Qt.MouseButton.LeftButton:  # type: ignore[attr-defined]
            return
        place = place_at(self._item, click.scenePos())  # type: ignore[attr-defined]
        if place is not None and self._snapshot is not None:
            self.clicked.emit(place.x(), place.y())

    def table(self) -> Table:
        snapshot = self._snapshot
        if snapshot is None:
            return ["x1", "x2", "output"], []
        count = snapshot.values.shape[-1] if snapshot.values.ndim == 3 else 1
        names = ["output"] if count == 1 else [_class_name(snapshot, index) for index in range(count)]
        return [*snapshot.names, *names], _rows(snapshot)


def _spacing(snapshot: Surface) -> tuple[float, float]:
    """Between two points of the grid, whose outermost ones lie on the border of the extent."""
    rows, columns = snapshot.values.shape[:2]
    x_min, x_max, y_min, y_max = snapshot.extent
    return (x_max - x_min) / max(1, columns - 1), (y_max - y_min) / max(1, rows - 1)


def _rows(snapshot: Surface) -> Iterator[Sequence[object]]:
    rows, columns = snapshot.values.shape[:2]
    x_min, x_max, y_min, y_max = snapshot.extent
    xs, ys = np.linspace(x_min, x_max, columns), np.linspace(y_min, y_max, rows)
    flat = snapshot.values.reshape(rows, columns, -1)
    for y, line in zip(ys, flat, strict=True):
        for x, value in zip(xs, line, strict=True):
            yield [float(x), float(y), *map(float, value)]


def _class_name(snapshot: Surface, index: int) -> str:
    return snapshot.classes[index] if index < len(snapshot.classes) else str(index)


def _values_at_points(snapshot: Surface) -> NDArray[np.float64]:
    """The output at the places of the grid nearest to the data points."""
    x_min, _, y_min, _ = snapshot.extent
    dx, dy = _spacing(snapshot)
    rows, columns = snapshot.values.shape
    places = np.asarray(snapshot.points, dtype=np.float64)
    column = np.clip(np.rint((places[:, 0] - x_min) / dx), 0, columns - 1).astype(int)
    row = np.clip(np.rint((places[:, 1] - y_min) / dy), 0, rows - 1).astype(int)
    return np.asarray(snapshot.values[row, column], dtype=np.float64)


def _rounded_up(value: float) -> float:
    """The next of 1, 1.5, 2, 3, 5, 7, 10, … times a power of ten."""
    power = 10.0 ** floor(log10(value))
    return float(next(step for step in (1, 1.5, 2, 3, 5, 7, 10) if step * power >= value) * power)


def _same_data(first: Surface, second: Surface) -> bool:
    if first.points is second.points and first.targets is second.targets and first.classes == second.classes:
        return True
    pairs = ((first.points, second.points), (first.targets, second.targets), (first.split, second.split))
    return first.classes == second.classes and all(np.array_equal(one, other) for one, other in pairs)
