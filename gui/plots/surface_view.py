"""The decision surface over two inputs, with the data on it."""

from __future__ import annotations

from typing import final

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Signal
from PySide6.QtWidgets import QVBoxLayout

from engine.events import Snapshot, Surface
from gui.colormaps import Rgb, colorize, diverging
from gui.format import format_number
from gui.plot_style import style_plot
from gui.plots.class_colors import class_table
from gui.plots.hover import HoverCard
from gui.plots.output_view import OutputView
from gui.theme import theme


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
        self.plot = pg.PlotWidget()
        self._item = self.plot.getPlotItem()
        style_plot(self._item)
        self._item.showGrid(x=False, y=False)
        self._item.setAspectLocked(True)
        self.image = pg.ImageItem(axisOrder="row-major")
        self._points = {0: pg.ScatterPlotItem(size=6, symbol="o"), 1: pg.ScatterPlotItem(size=6, symbol="d")}
        self._item.addItem(self.image)
        for scatter in self._points.values():
            self._item.addItem(scatter)
        self._data: Surface | None = None
        self._hover = HoverCard(self.plot)
        self.plot.scene().sigMouseMoved.connect(self._moved)
        self.plot.scene().sigMouseClicked.connect(self._click)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot)
        theme().changed.connect(self._dress)

    def _dress(self) -> None:
        if self._snapshot is not None:
            snapshot, self._snapshot, self._data = self._snapshot, None, None
            self.show_snapshot(snapshot)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        assert isinstance(snapshot, Surface)
        self._snapshot = snapshot
        self.image.setImage(self._colors(snapshot), autoLevels=False, levels=(0, 255))
        x_min, x_max, y_min, y_max = snapshot.extent
        self.image.setRect(QRectF(x_min, y_min, x_max - x_min, y_max - y_min))
        if self._data is None or not np.array_equal(self._data.points, snapshot.points):
            self._draw_points(snapshot)
            self._item.setLabel("bottom", snapshot.names[0])
            self._item.setLabel("left", snapshot.names[1])
            self._item.setRange(xRange=(x_min, x_max), yRange=(y_min, y_max), padding=0.0)
        self._data = snapshot

    def _colors(self, snapshot: Surface) -> Rgb:
        values = snapshot.values
        if values.ndim == 2:
            span = float(np.abs(snapshot.targets - snapshot.centre).max()) if snapshot.targets.size else 1.0
            limit = span or 1.0
            return colorize(values - snapshot.centre, diverging(theme().palette), -limit, limit)
        best = values.argmax(axis=-1)
        share = values.max(axis=-1, keepdims=True)
        surface = theme().color("plot")
        base = np.array([surface.red(), surface.green(), surface.blue()], dtype=np.float64)
        strength = np.clip(0.25 + 0.65 * share, 0.0, 0.9)
        mixed: Rgb = (base * (1 - strength) + class_table(values.shape[-1])[best] * strength).astype(np.uint8)
        return mixed

    def _draw_points(self, snapshot: Surface) -> None:
        outline = pg.mkPen(theme().color("text" if not theme().is_dark else "plot"), width=1)
        if snapshot.values.ndim == 2:
            limit = float(np.abs(snapshot.targets - snapshot.centre).max() or 1.0) if snapshot.targets.size else 1.0
            colors = colorize(snapshot.targets - snapshot.centre, diverging(theme().palette), -limit, limit)
        else:
            colors = class_table(snapshot.values.shape[-1])[snapshot.targets.astype(int)]
        for split, scatter in self._points.items():
            mask = (snapshot.split > 0) == bool(split)
            brushes = [pg.mkBrush(*(int(part) for part in color)) for color in colors[mask]]
            scatter.setData(x=snapshot.points[mask, 0], y=snapshot.points[mask, 1], brush=brushes, pen=outline)

    def _value_at(self, x: float, y: float) -> str:
        snapshot = self._snapshot
        if snapshot is None:
            return ""
        x_min, x_max, y_min, y_max = snapshot.extent
        rows, columns = snapshot.values.shape[:2]
        column = int((x - x_min) / (x_max - x_min) * columns)
        row = int((y - y_min) / (y_max - y_min) * rows)
        if not (0 <= column < columns and 0 <= row < rows):
            return ""
        head = f"{snapshot.names[0]} {format_number(x)}\n{snapshot.names[1]} {format_number(y)}\n"
        value = snapshot.values[row, column]
        if snapshot.values.ndim == 2:
            return head + self.tr("output {0}").format(format_number(float(value)))
        best = int(value.argmax())
        name = snapshot.classes[best] if best < len(snapshot.classes) else str(best)
        return head + self.tr("{0} ({1} %)").format(name, round(100 * float(value[best])))

    def _moved(self, position: QPointF) -> None:
        if not self._item.sceneBoundingRect().contains(position):
            self._hover.hide()
            return
        place = self._item.getViewBox().mapSceneToView(position)
        self._hover.show_at(position.toPoint(), self._value_at(place.x(), place.y()))

    def _click(self, event: object) -> None:
        place = self._item.getViewBox().mapSceneToView(event.scenePos())  # type: ignore[attr-defined]
        self.clicked.emit(place.x(), place.y())

    def table(self) -> tuple[list[str], list[list[object]]]:
        snapshot = self._snapshot
        if snapshot is None:
            return ["x1", "x2", "output"], []
        rows, columns = snapshot.values.shape[:2]
        x_min, x_max, y_min, y_max = snapshot.extent
        xs, ys = np.linspace(x_min, x_max, columns), np.linspace(y_min, y_max, rows)
        flat = snapshot.values.reshape(rows * columns, -1)
        names = list(snapshot.classes) if snapshot.values.ndim == 3 else ["output"]
        header = [*snapshot.names, *(names or [f"class {index}" for index in range(flat.shape[1])])]
        places = ((float(x), float(y)) for y in ys for x in xs)
        return header, [[x, y, *map(float, row)] for (x, y), row in zip(places, flat, strict=True)]
