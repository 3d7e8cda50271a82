"""Predicted against true values, for regressions with several inputs."""

from __future__ import annotations

from typing import final

import numpy as np
import pyqtgraph as pg
from PySide6.QtWidgets import QVBoxLayout

from engine.events import Fit, Snapshot
from gui.plot_style import curve_pen, style_plot
from gui.plots.output_view import OutputView
from gui.theme import theme


@final
class FitView(OutputView):
    """A perfect network puts every dot on the diagonal."""

    def __init__(self) -> None:
        super().__init__()
        self._snapshot: Fit | None = None
        self.plot = pg.PlotWidget()
        self._item = self.plot.getPlotItem()
        style_plot(self._item)
        self._item.setLabel("left", self.tr("predicted"))
        self._diagonal = self._item.plot()
        self._points = pg.ScatterPlotItem(size=6, pen=None)
        self._item.addItem(self._points)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot)
        theme().changed.connect(self._dress)
        self._dress()

    def _dress(self) -> None:
        color = theme().color("training")
        self._points.setBrush(pg.mkBrush(color.red(), color.green(), color.blue(), 150))
        self._diagonal.setPen(curve_pen("secondary", 1, dashed=True))

    def show_snapshot(self, snapshot: Snapshot) -> None:
        assert isinstance(snapshot, Fit)
        fresh = self._snapshot is None or not np.array_equal(self._snapshot.true, snapshot.true)
        self._snapshot = snapshot
        self._points.setData(x=snapshot.true, y=snapshot.predicted)
        if fresh:
            low, high = float(snapshot.true.min()), float(snapshot.true.max())
            self._diagonal.setData([low, high], [low, high])
            self._item.setLabel("bottom", self.tr("true {0}").format(snapshot.name))
            self._item.setRange(xRange=(low, high), yRange=(low, high), padding=0.08)

    def table(self) -> tuple[list[str], list[list[object]]]:
        snapshot = self._snapshot
        if snapshot is None:
            return ["true", "predicted"], []
        pairs = zip(snapshot.true, snapshot.predicted, strict=True)
        return ["true", "predicted"], [[float(true), float(predicted)] for true, predicted in pairs]
