"""The weights of every layer: their histogram now and over time, and units that no longer answer."""

from __future__ import annotations

from pathlib import Path
from typing import final

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtWidgets import QComboBox, QLabel, QStackedLayout, QVBoxLayout, QWidget

from engine.events import Array, WeightHistograms
from gui.colormaps import viridis
from gui.document import Document
from gui.format import format_number
from gui.panel import Panel
from gui.plot_style import curve_pen, style_plot
from gui.plots.hover import HoverCard
from gui.plots.saving import save_widget
from gui.plots.toolbar import PlotToolbar
from gui.run_feed import RunFeed
from gui.theme import set_role, set_tone, theme
from gui.widgets.empty_state import EmptyState
from gui.widgets.segmented import Segmented


@final
class WeightPanel(Panel):
    """One layer at a time: its histogram as it is now, or as a picture with time to the right."""

    name = "weightPlot"
    icon_name = "histogram"
    lanes = frozenset({"WeightHistograms"})

    def __init__(self, document: Document, feed: RunFeed, parent: QWidget | None = None) -> None:
        super().__init__(document, feed, parent)
        self.latest: WeightHistograms | None = None
        self._drawn: WeightHistograms | None = None
        self._plot = pg.PlotWidget()
        self._item = self._plot.getPlotItem()
        style_plot(self._item)
        self._now = pg.PlotDataItem(stepMode="center", fillLevel=0)
        self._image = pg.ImageItem(axisOrder="row-major")
        self._image.setLookupTable(viridis())
        self._item.addItem(self._now)
        self._item.addItem(self._image)
        self._hover = HoverCard(self._plot)
        self._plot.scene().sigMouseMoved.connect(self._moved)
        self._layer = QComboBox()
        self._layer.setObjectName("weightLayer")
        self._layer.setAccessibleName(self.tr("Layer"))
        self._layer.currentIndexChanged.connect(self._again)
        self._view = Segmented([("now", self.tr("Now")), ("time", self.tr("Over time"))])
        self._view.changed.connect(self._switch)
        self._stats = QLabel()
        self._stats.setObjectName("weightStats")
        set_role(self._stats, "mono_caption")
        set_tone(self._stats, "secondary")
        self._lay_out()
        feed.on(WeightHistograms, self._take)
        feed.frame.connect(self._redraw)
        feed.session_changed.connect(self.clear)
        feed.restarted.connect(self.clear)
        theme().changed.connect(self._dress)
        self._dress()
        self._switch("now")

    @property
    def title(self) -> str:
        return self.tr("Weights")

    def _lay_out(self) -> None:
        bar = PlotToolbar(self)
        bar.left.addWidget(self._layer)
        bar.left.addWidget(self._view)
        filled = QWidget()
        column = QVBoxLayout(filled)
        column.setContentsMargins(8, 6, 8, 8)
        column.setSpacing(4)
        column.addWidget(bar)
        column.addWidget(self._plot, 1)
        column.addWidget(self._stats)
        empty = EmptyState(
            "histogram",
            self.tr("Weights"),
            self.tr("While it trains: how the weights of each layer spread, and which units have died."),
        )
        self._stack = QStackedLayout(self)
        self._stack.addWidget(empty)
        self._stack.addWidget(filled)

    def _dress(self) -> None:
        pen = curve_pen("training", 1.5)
        fill = theme().color("training")
        self._now.setPen(pen)
        self._now.setFillBrush(fill.red(), fill.green(), fill.blue(), 70)

    def _switch(self, view: str) -> None:
        over_time = view == "time"
        self._image.setVisible(over_time)
        self._now.setVisible(not over_time)
        self._item.setLabel("bottom", self.tr("step") if over_time else self.tr("weight"))
        self._item.setLabel("left", self.tr("weight") if over_time else self.tr("count"))
        self._again()
        self._item.enableAutoRange()

    # -- receiving --

    def clear(self) -> None:
        """Another run."""
        self.latest = self._drawn = None
        self._layer.clear()
        self._stack.setCurrentIndex(0)

    def _take(self, event: WeightHistograms) -> None:
        self.latest = event

    # -- drawing --

    def _again(self) -> None:
        self._drawn = None
        self._redraw()

    def _redraw(self) -> None:
        event = self.latest
        if event is None or event is self._drawn or not self.isVisible() or not event.layers:
            return
        self._drawn = event
        self._stack.setCurrentIndex(1)
        self._offer(event.layers)
        index = max(0, self._layer.currentIndex())
        edges, counts = event.edges[index], event.counts[index]
        if self._view.value() == "now":
            self._now.setData(edges, counts[-1].astype(np.float64))
        else:
            self._draw_time(edges, counts, event.steps)
        self._stats.setText(self._words(event, index))

    def _offer(self, layers: tuple[str, ...]) -> None:
        if [self._layer.itemText(index) for index in range(self._layer.count())] == list(layers):
            return
        chosen = self._layer.currentText()
        self._layer.blockSignals(True)
        self._layer.clear()
        self._layer.addItems(list(layers))
        self._layer.setCurrentIndex(max(0, self._layer.findText(chosen)))
        self._layer.blockSignals(False)

    def _draw_time(self, edges: Array, counts: Array, steps: Array) -> None:
        shares = np.sqrt(counts / np.maximum(1, counts.sum(axis=1, keepdims=True)))
        first, last = float(steps[0]), float(steps[-1])
        self._image.setImage(shares.T, autoLevels=False, levels=(0.0, float(shares.max()) or 1.0))
        height = float(edges[-1] - edges[0])
        self._image.setRect(QRectF(first, float(edges[0]), max(last - first, 1.0), height))

    def _words(self, event: WeightHistograms, index: int) -> str:
        mean, std, low, high = (format_number(float(value)) for value in event.stats[index])
        text = self.tr("mean {0} · σ {1} · {2} … {3}").format(mean, std, low, high)
        dead = float(event.dead[index])
        if np.isfinite(dead) and dead > 0:
            text += " · " + self.tr("{0} % of units dead").format(round(100 * dead))
        return text

    def _moved(self, position: QPointF) -> None:
        event = self.latest
        index = self._layer.currentIndex()
        inside = self._item.sceneBoundingRect().contains(position)
        if event is None or index < 0 or not inside or self._view.value() != "now":
            self._hover.hide()
            return
        edges, counts = event.edges[index], event.counts[index][-1]
        x = self._item.getViewBox().mapSceneToView(position).x()
        place = int(np.searchsorted(edges, x)) - 1
        if not 0 <= place < counts.size:
            self._hover.hide()
            return
        low, high = format_number(float(edges[place])), format_number(float(edges[place + 1]))
        self._hover.show_at(position.toPoint(), self.tr("{0} … {1}: {2}").format(low, high, int(counts[place])))

    # -- taking away --

    def save_picture(self, path: Path) -> None:
        save_widget(self._plot, path)

    def table(self) -> tuple[list[str], list[list[object]]]:
        header = ["layer", "step", "from", "to", "count"]
        event = self.latest
        if event is None:
            return header, []
        rows: list[list[object]] = []
        for layer, edges, counts in zip(event.layers, event.edges, event.counts, strict=True):
            for step, row in zip(event.steps, counts, strict=True):
                rows += [
                    [layer, int(step), float(low), float(high), int(count)]
                    for low, high, count in zip(edges[:-1], edges[1:], row, strict=True)
                ]
        return header, rows
