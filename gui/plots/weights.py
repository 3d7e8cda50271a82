"""The weights of every layer: their histogram now and over time, and units that no longer answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import final

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, QSignalBlocker
from PySide6.QtWidgets import QWidget

from engine.events import Array
from engine.snapshots import WeightHistograms
from engine.stepevents import Timeline
from gui.colormaps import viridis
from gui.document import Document
from gui.format import format_exact, format_number
from gui.panel import Panel, Table
from gui.plot_style import curve_pen
from gui.plots.hover import HoverCard
from gui.plots.plot import make_plot, place_at, settle
from gui.plots.toolbar import PlotToolbar
from gui.run_feed import RunFeed
from gui.theme import theme
from gui.widgets.labels import ElidedLabel, plain_tooltip
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
        self._plot = make_plot(self.tr("How the weights of a layer spread"), self.summary)
        self._item: pg.PlotItem = self._plot.getPlotItem()
        self._now = pg.PlotDataItem(stepMode="center", fillLevel=0)
        self._image = pg.ImageItem(axisOrder="row-major")
        self._image.setLookupTable(viridis())
        self._item.addItem(self._now)
        self._item.addItem(self._image)
        self._hover = HoverCard(self._plot)
        self._plot.scene().sigMouseMoved.connect(self._moved)
        self._lay_out()
        feed.on(WeightHistograms, self._take)
        feed.on(Timeline, self._go)
        feed.draw_in_turn(self.refresh)
        feed.session_changed.connect(self.clear)
        feed.restarted.connect(self.clear)
        theme().changed.connect(self._dress)
        self._dress()
        self._switch()

    def _lay_out(self) -> None:
        bar = PlotToolbar(self)
        self.layer = bar.choice("weightLayer", self.tr("Layer"), 100)
        self.layer.currentIndexChanged.connect(self._draw_again)
        self.view = Segmented([("now", self.tr("Now")), ("time", self.tr("History"))])
        self.view.setAccessibleName(self.tr("What is shown"))
        self.view.changed.connect(lambda _: self._switch())
        bar.left.addWidget(self.view)
        self._stats = ElidedLabel(role="mono_caption", tone="secondary")
        self._stats.setObjectName("weightStats")
        self.build(self.waiting(), bar, self._plot, self._stats)

    def _dress(self) -> None:
        fill = theme().color("training")
        self._now.setPen(curve_pen("training", 1.5))
        self._now.setFillBrush(fill.red(), fill.green(), fill.blue(), 70)

    def _switch(self) -> None:
        over_time = self.view.value() == "time"
        self._image.setVisible(over_time)
        self._now.setVisible(not over_time)
        self._item.setLabel("bottom", self.tr("step") if over_time else self.tr("weight"))
        self._item.setLabel("left", self.tr("weight") if over_time else self.tr("count"))
        self._item.enableAutoRange()
        self._draw_again()

    # -- receiving --

    def clear(self) -> None:
        """Another run."""
        self.latest = self._drawn = None
        with QSignalBlocker(self.layer):
            self.layer.clear()
        self._item.enableAutoRange()
        self.set_filled(False)

    def _take(self, event: WeightHistograms) -> None:
        self.latest = event

    def _go(self, event: Timeline) -> None:
        """Back in time: the weights of then are on their way; until they come, the old picture stands."""
        if event.moved and self.latest is not None and self.latest.step > event.at:
            self.latest = None

    # -- drawing --

    def _draw_again(self) -> None:
        self._drawn = None
        self.refresh()

    def refresh(self) -> bool:
        event = self.latest
        if event is None or event is self._drawn or not self.seen or not event.layers or not event.steps.size:
            return False
        self._drawn = event
        self.set_filled(True)
        self._offer(event.layers)
        index = max(0, self.layer.currentIndex())
        edges, counts = event.edges[index], event.counts[index]
        if self.view.value() == "now":
            self._now.setData(edges, counts[-1].astype(np.float64))
        else:
            self._draw_time(edges, counts, event.steps)
        settle(self._item)
        self._show_stats(event, index)
        return True

    def _offer(self, layers: tuple[str, ...]) -> None:
        if [self.layer.itemText(index) for index in range(self.layer.count())] == list(layers):
            return
        chosen = self.layer.currentText()
        with QSignalBlocker(self.layer):
            self.layer.clear()
            self.layer.addItems(list(layers))
            self.layer.setCurrentIndex(max(0, self.layer.findText(chosen)))

    def _draw_time(self, edges: Array, counts: Array, steps: Array) -> None:
        # The root of the shares: tails are what one looks for, and beside the middle they would be invisible.
        shares = np.sqrt(counts / np.maximum(1, counts.sum(axis=1, keepdims=True)))
        first, last = float(steps[0]), float(steps[-1])
        self._image.setImage(shares.T, autoLevels=False, levels=(0.0, float(shares.max()) or 1.0))
        self._image.setRect(QRectF(first, float(edges[0]), max(last - first, 1.0), float(edges[-1] - edges[0])))

    def _show_stats(self, event: WeightHistograms, index: int) -> None:
        names = (self.tr("mean"), "σ", self.tr("least"), self.tr("greatest"))
        values = [float(value) for value in event.stats[index]]
        mean, std, low, high = (format_number(value) for value in values)
        text = self.tr("mean {0} · σ {1} · {2} … {3}").format(mean, std, low, high)
        dead = float(event.dead[index])
        if dead > 0:
            text = self.tr("{0} % of units dead").format(round(100 * dead)) + " · " + text
        self._stats.setText(text)
        exact = [f"{name}: {format_exact(value)}" for name, value in zip(names, values, strict=True)]
        self._stats.setToolTip(plain_tooltip("\n".join([text, *exact])))

    def summary(self) -> str:
        """The layer that is shown and its numbers in a line."""
        return f"{self.layer.currentText()}: {self._stats.text()}"

    def _moved(self, position: QPointF) -> None:
        place = place_at(self._item, position)
        words = self.words_at(place) if place is not None else ""
        self._hover.show_at(position.toPoint(), words)

    def words_at(self, place: QPointF) -> str:
        """The bin below a point of the plot: its ends and its count, and the step when time runs to the right."""
        event, index = self.latest, self.layer.currentIndex()
        if event is None or index < 0:
            return ""
        over_time = self.view.value() == "time"
        edges = event.edges[index]
        bin_ = int(np.searchsorted(edges, place.y() if over_time else place.x())) - 1
        if not 0 <= bin_ < edges.size - 1:
            return ""
        row = int(np.argmin(np.abs(event.steps - place.x()))) if over_time else -1
        ends = f"{format_number(float(edges[bin_]))} … {format_number(float(edges[bin_ + 1]))}"
        count = int(event.counts[index][row][bin_])
        head = self.tr("step {0}").format(int(event.steps[row])) + "\n" if over_time else ""
        return head + self.tr("{0}: {1}").format(ends, count)

    # -- taking away --

    def picture(self) -> QWidget:
        plot: QWidget = self._plot
        return plot

    def caption(self) -> str:
        return self.layer.currentText()

    def table(self) -> Table:
        return ["layer", "step", "from", "to", "count"], _rows(self.latest)


def _rows(event: WeightHistograms | None) -> Iterator[Sequence[object]]:
    if event is None:
        return
    for layer, edges, counts in zip(event.layers, event.edges, event.counts, strict=True):
        for step, row in zip(event.steps, counts, strict=True):
            for low, high, count in zip(edges[:-1], edges[1:], row, strict=True):
                yield [layer, int(step), float(low), float(high), int(count)]
