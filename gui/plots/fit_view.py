"""Predicted against true values, for regressions with several inputs."""

from __future__ import annotations

from typing import final

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF
from PySide6.QtGui import QBrush, QColor
from PySide6.QtWidgets import QVBoxLayout

from engine.events import Snapshot
from engine.snapshots import Fit
from gui.format import format_exact, format_number
from gui.panel import Table
from gui.plot_style import curve_pen
from gui.plots.hover import HoverCard
from gui.plots.output_view import OutputView
from gui.plots.plot import make_plot, place_at
from gui.theme import theme


@final
class FitView(OutputView):
    """A perfect network puts every dot on the diagonal."""

    def __init__(self) -> None:
        super().__init__()
        self._snapshot: Fit | None = None
        self.plot = make_plot(self.tr("Predicted over true values"), self.summary)
        self._item: pg.PlotItem = self.plot.getPlotItem()
        self._item.setLabel("left", self.tr("predicted"))
        self._diagonal = self._item.plot()
        self._points = pg.ScatterPlotItem(size=6, pen=None)
        self._item.addItem(self._points)
        self._hover = HoverCard(self.plot)
        self.plot.scene().sigMouseMoved.connect(self._moved)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot)
        theme().changed.connect(self._dress)
        self._dress()

    def _dress(self) -> None:
        color = QColor(theme().color("training"))
        color.setAlpha(170)
        self._points.setBrush(QBrush(color))
        self._diagonal.setPen(curve_pen("secondary", 1, dashed=True))

    def clear(self) -> None:
        self._snapshot = None
        self._points.clear()
        self._diagonal.clear()

    def show_snapshot(self, snapshot: Snapshot) -> None:
        assert isinstance(snapshot, Fit)
        before, self._snapshot = self._snapshot, snapshot
        shown = np.isfinite(snapshot.predicted)
        self._points.setData(x=snapshot.true[shown], y=snapshot.predicted[shown])
        if (before is None or not np.array_equal(before.true, snapshot.true)) and snapshot.true.size:
            low, high = float(snapshot.true.min()), float(snapshot.true.max())
            self._diagonal.setData([low, high], [low, high])
            self._item.setLabel("bottom", self.tr("true {0}").format(snapshot.name))
            self._item.setRange(xRange=(low, high), yRange=(low, high), padding=0.08)

    def words_at(self, place: QPointF) -> str:
        """The sample nearest to a point of the plot."""
        snapshot = self._snapshot
        if snapshot is None or not np.isfinite(snapshot.predicted).any():
            return ""
        away = np.abs(snapshot.true - place.x()) + np.abs(snapshot.predicted - place.y())
        index = int(np.nanargmin(away))
        true, predicted = (format_exact(float(values[index])) for values in (snapshot.true, snapshot.predicted))
        return self.tr("true {0}\npredicted {1}").format(true, predicted)

    def summary(self) -> str:
        """How far off it is, in a line."""
        snapshot = self._snapshot
        if snapshot is None or not np.isfinite(snapshot.predicted).any():
            return ""
        away = format_number(float(np.nanmean(np.abs(snapshot.predicted - snapshot.true))))
        return self.tr("{0}: {1} samples, {2} off on average").format(snapshot.name, snapshot.true.size, away)

    def _moved(self, position: QPointF) -> None:
        place = place_at(self._item, position)
        self._hover.show_at(position.toPoint(), "" if place is None else self.words_at(place))

    def table(self) -> Table:
        snapshot = self._snapshot
        if snapshot is None:
            return ["true", "predicted"], []
        pairs = zip(snapshot.true, snapshot.predicted, strict=True)
        return ["true", "predicted"], ([float(true), float(predicted)] for true, predicted in pairs)
