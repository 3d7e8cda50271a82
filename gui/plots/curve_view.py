"""The fitted curve over one input, with the data."""

from __future__ import annotations

from typing import final

import numpy as np
import pyqtgraph as pg
from PySide6.QtWidgets import QVBoxLayout

from engine.events import Curve, Snapshot
from gui.plot_style import curve_pen, style_plot
from gui.plots.output_view import OutputView
from gui.theme import theme


@final
class CurveView(OutputView):
    """Data as dots (validation hollow), the network as a line."""

    def __init__(self) -> None:
        super().__init__()
        self._snapshot: Curve | None = None
        self.plot = pg.PlotWidget()
        self._item = self.plot.getPlotItem()
        style_plot(self._item)
        self._item.setLabel("left", "y")
        self._train = pg.ScatterPlotItem(size=6)
        self._held = pg.ScatterPlotItem(size=6)
        self.lines: list[pg.PlotDataItem] = []
        self._item.addItem(self._train)
        self._item.addItem(self._held)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot)
        theme().changed.connect(self._dress)
        self._dress()

    def _dress(self) -> None:
        look = theme()
        self._train.setBrush(pg.mkBrush(look.color("secondary")))
        self._train.setPen(None)
        self._held.setBrush(None)
        self._held.setPen(pg.mkPen(look.color("validation"), width=1.5))
        for line in self.lines:
            line.setPen(curve_pen("training", 2.5))

    def show_snapshot(self, snapshot: Snapshot) -> None:
        assert isinstance(snapshot, Curve)
        if self._snapshot is None or not np.array_equal(self._snapshot.points, snapshot.points):
            self._draw_points(snapshot)
        self._snapshot = snapshot
        outputs = snapshot.y.shape[1]
        while len(self.lines) < outputs:
            self.lines.append(self._item.plot(pen=curve_pen("training", 2.5)))
        for index, line in enumerate(self.lines):
            line.setVisible(index < outputs)
            if index < outputs:
                line.setData(snapshot.x, snapshot.y[:, index])

    def _draw_points(self, snapshot: Curve) -> None:
        targets = snapshot.targets.reshape(snapshot.points.shape[0], -1)[:, 0]
        train = snapshot.split == 0
        self._train.setData(x=snapshot.points[train], y=targets[train])
        self._held.setData(x=snapshot.points[~train], y=targets[~train])
        self._item.setLabel("bottom", snapshot.name)
        spread = float(np.ptp(targets)) or 1.0
        low, high = float(targets.min()), float(targets.max())
        self._item.setRange(
            xRange=(float(snapshot.x[0]), float(snapshot.x[-1])),
            yRange=(low - 0.15 * spread, high + 0.15 * spread),
            padding=0.02,
        )

    def table(self) -> tuple[list[str], list[list[object]]]:
        snapshot = self._snapshot
        if snapshot is None:
            return ["x", "y"], []
        names = ["y"] if snapshot.y.shape[1] == 1 else [f"y{index + 1}" for index in range(snapshot.y.shape[1])]
        rows = zip(snapshot.x, snapshot.y, strict=True)
        return [snapshot.name, *names], [[float(x), *map(float, y)] for x, y in rows]
