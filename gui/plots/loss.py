"""Loss and metrics over the epochs, training and validation."""

from __future__ import annotations

from typing import final

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.events import EpochEnd, Scalars
from engine.stepevents import Timeline
from gui.colors import mix
from gui.document import Document
from gui.format import format_exact, format_number
from gui.panel import Panel, Table
from gui.plot_style import curve_pen
from gui.plots.corner_legend import CornerLegend
from gui.plots.earlier_runs import EarlierRuns, View
from gui.plots.history import Floats, outline, stretch
from gui.plots.hover import HoverCard
from gui.plots.loss_history import LossHistory
from gui.plots.loss_tables import with_earlier
from gui.plots.plot import draw, make_plot, place_at, settle
from gui.plots.toolbar import PlotToolbar
from gui.run_feed import RunFeed
from gui.theme import theme
from gui.widgets.labels import plain_tooltip
from gui.widgets.legend import LegendEntry

WINDOWS = (1, 5, 20, 100, 500)
"""Steps one smoothed value takes in; 1 is not smoothed."""
FEW = 40
"""Up to so many values are drawn as dots, too: one value makes no line."""


@final
class LossPanel(Panel):
    """Every step's loss as a faint line, its mean over some steps as a strong one, validation dashed.

    The smoothed line never hides the raw one. `history` holds what was received, value for value.
    """

    name = "lossPlot"
    icon_name = "chart"

    def __init__(self, document: Document, feed: RunFeed, parent: QWidget | None = None) -> None:
        super().__init__(document, feed, parent)
        self.history = LossHistory(WINDOWS[2])
        self._whole: LossHistory | None = None
        """With what lies ahead, where the training has gone back."""
        self._dirty = False
        self._negative = False
        self._plot = make_plot(self.tr("Loss over the epochs"), self.summary)
        self._item: pg.PlotItem = self._plot.getPlotItem()
        self._item.setLabel("bottom", self.tr("epoch"))
        self._item.setLogMode(y=True)
        self._raw, self._mean = self._item.plot(), self._item.plot()
        self._train, self._val = self._item.plot(), self._item.plot()
        self._mean.curve.setSegmentedLineMode("on")  # line by line, which is faster than a long wide path
        self._cursor = pg.InfiniteLine(angle=90, movable=False)
        self._cursor.setZValue(10)
        self._cursor.hide()
        self._item.addItem(self._cursor, ignoreBounds=True)
        self._hover = HoverCard(self._plot)
        self._train_entry = LegendEntry(self.tr("training"), "training")
        self._val_entry = LegendEntry(self.tr("validation"), "validation", dashed=True)
        entries = (self._train_entry, self._val_entry)
        self._legend = CornerLegend(self._plot, entries)
        self.earlier = EarlierRuns(document, feed, self._item, self._legend, entries, self)
        self._picture = QWidget()
        self._column = QVBoxLayout(self._picture)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        self._column.addWidget(self.earlier.legend)
        self._column.addWidget(self._plot, 1)
        self.build(self.waiting(), self._make_toolbar(), self._picture)
        self._connect()
        self._dress()

    # -- making --

    def _make_toolbar(self) -> PlotToolbar:
        bar = PlotToolbar(self)
        self._what = bar.choice("lossWhat", self.tr("What is drawn"), 90)
        self._what.addItem(self.tr("loss"), "loss")
        self._window = bar.choice("lossSmoothing", self.tr("Smoothing; the raw line stays visible"), 98)
        for window in WINDOWS:
            self._window.addItem(self.tr("raw") if window == 1 else self.tr("mean {0}").format(window), window)
        self._window.setCurrentIndex(WINDOWS.index(self.history.window))
        self._log = bar.toggle(self.tr("log"), self.tr("Logarithmic axis"), on=True)
        bar.button("fit", self.tr("Show everything (or double-click the plot)"), self._item.enableAutoRange)
        bar.menu("recent", self.tr("Earlier runs"), self.earlier.menu(self)).setObjectName("earlierRunsMenu")
        return bar

    def _connect(self) -> None:
        self._what.currentIndexChanged.connect(self._changed_what)
        self._window.currentIndexChanged.connect(self._changed_window)
        self._log.toggled.connect(self._changed_log)
        for entry in (self._train_entry, self._val_entry):
            entry.toggled.connect(self._draw_again)
        self._plot.scene().sigMouseMoved.connect(self._moved)
        self._hover.left.connect(self._cursor.hide)
        self._item.getViewBox().sigXRangeChanged.connect(self._zoomed)
        self.feed.on(Scalars, self._take_steps)
        self.feed.on(EpochEnd, self._take_epoch)
        self.feed.on(Timeline, self._go)
        self.feed.draw_in_turn(self.refresh)
        self.feed.session_changed.connect(self._forget)
        self.feed.restarted.connect(self._begin_anew)
        self.earlier.changed.connect(self._follow_earlier)
        theme().changed.connect(self._dress)

    def _dress(self) -> None:
        look = theme()
        faint = curve_pen(mix(look.palette.training, look.palette.plot, 0.66), 1)
        faint.setWidthF(1.0)  # on every screen: Qt takes a hundred times as long for noise that is two pixels wide
        self._raw.setPen(faint)
        self._raw.setSymbolBrush(look.color("training"))
        self._mean.setPen(curve_pen("training"))
        self._train.setPen(curve_pen("training"))
        self._val.setPen(curve_pen("validation", dashed=True))
        self._train.setSymbolBrush(look.color("training"))
        self._val.setSymbolBrush(look.color("validation"))
        for curve in (self._raw, self._train, self._val):
            curve.setSymbolPen(pg.mkPen(look.color("plot")))
        self._cursor.setPen(curve_pen("secondary", 1))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.earlier.legend.set_room(self.height())

    # -- receiving --

    def _begin_anew(self) -> None:
        """Another run of the document: this one stays behind it."""
        self.earlier.end(self._whole or self.history, WINDOWS)
        self._clear()

    def _forget(self) -> None:
        """Another document."""
        self.earlier.forget()
        self._clear()

    def _clear(self) -> None:
        self._whole = None
        self.history.clear()
        self._choose_smoothing()
        self._set_negative(self.earlier.negative)
        known = self.earlier.metrics
        for index in reversed(range(1, self._what.count())):
            if self._what.itemData(index) not in known:
                self._what.removeItem(index)
        self._item.enableAutoRange()
        self.set_filled(bool(self.earlier.kept.runs))
        self._draw_again()

    def _follow_earlier(self) -> None:
        """Other runs are drawn behind this one."""
        self._set_negative(self.earlier.negative or bool((self.history.losses.values < 0).any()))
        self._draw_again()

    def _go(self, event: Timeline) -> None:
        """The plot ends where the training stands; going forth again brings back what lies ahead."""
        if event.moved:
            self._whole = self._whole or self.history
            self.history = self._whole.until(event.at)
            self._dirty = True

    def _take_steps(self, event: Scalars) -> None:
        self._whole = None
        self.earlier.take_steps()
        self.history.take_steps(event)
        if not self._negative and bool(np.any(event.loss < 0)):
            self._set_negative(True)
        self._dirty = True

    def _take_epoch(self, event: EpochEnd) -> None:
        self._whole = None
        self.history.records.append(event.record)
        self._dirty = True

    @property
    def _any(self) -> bool:
        """Whether there is anything to see."""
        own = len(self.history.steps) or self.history.records.rows or self._whole is not None
        return bool(own or self.earlier.kept.runs)

    # -- choosing --

    @property
    def _shown(self) -> str:
        return str(self._what.currentData())

    @property
    def _logarithmic(self) -> bool:
        return self._log.isChecked() and self._shown == "loss" and not self._negative

    def _set_negative(self, negative: bool) -> None:
        """Numbers below zero, as any output may be that is minimised, have no place on a logarithmic axis."""
        if negative != self._negative:
            self._negative = negative
            self._log.setEnabled(self._shown == "loss" and not negative)
            self._item.setLogMode(y=self._logarithmic)

    def _draw_again(self) -> None:
        self._dirty = True
        self.refresh()

    def _changed_what(self) -> None:
        self._log.setEnabled(self._shown == "loss" and not self._negative)
        self._window.setEnabled(self._shown == "loss" and self.feed.away is None)
        self._changed_log()
        self._item.enableAutoRange()

    def _choose_smoothing(self) -> None:
        """A run elsewhere tells the loss of whole epochs: there is nothing to be smoothed."""
        steps = self.feed.away is None
        self.history.smooth(self._window.currentData() if steps else 1)
        self._window.setEnabled(self._shown == "loss" and steps)

    def _changed_window(self) -> None:
        for history in (self.history, self._whole):
            if history is not None:
                history.smooth(self._window.currentData())
        self._draw_again()

    def _changed_log(self) -> None:
        self._item.setLogMode(y=self._logarithmic)
        self._draw_again()

    def _zoomed(self) -> None:
        if not self._item.getViewBox().autoRangeEnabled()[0]:
            self._draw_again()

    def _offer_metrics(self) -> None:
        known = [self._what.itemData(index) for index in range(self._what.count())]
        own = dict.fromkeys(name.removeprefix("val_") for name in self.history.records.metrics)
        for name in own | dict.fromkeys(self.earlier.metrics):
            if name not in known:
                self._what.addItem(name.replace("_", " "), name)

    # -- drawing --

    def refresh(self) -> bool:
        if not self._dirty or not self.seen:
            return False
        self._dirty = False
        self.set_filled(self._any)
        self._offer_metrics()
        is_loss = self._shown == "loss"
        train_on, val_on = self._train_entry.isChecked(), self._val_entry.isChecked()
        for curve, on in ((self._raw, is_loss and train_on), (self._mean, is_loss and train_on)):
            curve.setVisible(on)
        self._train.setVisible(not is_loss and train_on)
        self._val.setVisible(val_on)
        if is_loss:
            self._draw_steps()
        self._draw_epochs(is_loss)
        self.earlier.draw(View(self._shown, self._window.currentData(), self._logarithmic, train_on, val_on))
        settle(self._item)
        self._show_last(is_loss)
        return True

    def _draw_steps(self) -> None:
        start, stop = self._in_view(self.history.epochs.values)
        most = max(400, 2 * self._plot.width())
        places, values = self.history.losses.points(start, stop, most)
        dots = {"symbol": "o", "symbolSize": 5} if stop - start <= FEW else {"symbol": None}
        draw(self._raw, self.history.epochs.values[places], self._drawable(values), **dots)
        means = self.history.means[start:stop]
        stride = stretch(means.size, most // 2)
        draw(self._mean, self.history.epochs.values[start:stop][::stride], self._drawable(means[::stride]))

    def _in_view(self, epochs: Floats) -> tuple[int, int]:
        """Those of some places on the epoch axis that are in view, and one more on each side: from, to."""
        box = self._item.getViewBox()
        if box.autoRangeEnabled()[0]:
            return 0, epochs.size
        low, high = np.searchsorted(epochs, box.viewRange()[0])
        return max(0, int(low) - 1), min(epochs.size, int(high) + 1)

    def _draw_epochs(self, is_loss: bool) -> None:
        x = self.history.records.epochs
        start, stop = self._in_view(x)
        dots = {"symbol": "o", "symbolSize": 6} if stop - start <= FEW else {"symbol": None}
        pairs = [(self._val, f"val_{self._shown}")]
        if not is_loss:
            pairs.append((self._train, self._shown))
        for curve, name in pairs:
            places, values = outline(self.history.records.column(name), start, stop, max(200, self._plot.width() // 2))
            draw(curve, x[places], self._drawable(values), **dots)

    def _show_last(self, is_loss: bool) -> None:
        train = (self.history.means if is_loss else self.history.records.column(self._shown))[-1:]
        val = self.history.records.column(f"val_{self._shown}")
        smoothed = is_loss and self.history.window > 1
        self._train_entry.set_name(self.tr("training mean") if smoothed else self.tr("training"))
        tip = ""
        if smoothed and train.size:
            words = self.tr("Mean of the last {0} steps. The last one: {1}")
            tip = words.format(self.history.window, format_number(float(self.history.losses.values[-1])))
        self._train_entry.setToolTip(plain_tooltip(tip))
        self._train_entry.set_value(format_number(float(train[0])) if train.size else "")
        self._val_entry.set_value(format_number(float(val[-1])) if val.size else "")
        self._val_entry.setVisible(not bool(np.isnan(val).all()) or self.earlier.validated)
        # Where no curve is for long: falling ones end low on the right, rising ones high.
        self._legend.put(high=is_loss or self._shown == "mae")

    def _drawable(self, values: Floats) -> Floats:
        """Without what a logarithmic axis cannot show."""
        return np.where(values > 0, values, np.nan) if self._logarithmic else values

    # -- looking closely --

    def _moved(self, position: QPointF) -> None:
        place = place_at(self._item, position)
        if place is None or not self.filled:
            self._cursor.hide()
            self._hover.hide()
            return
        self._cursor.setPos(place.x())
        self._cursor.show()
        self._hover.show_at(position.toPoint(), self.words_at(place.x()))

    def words_at(self, x: float) -> str:
        """The exact values at a place on the epoch axis."""
        words = {
            "step": self.tr("step {0}"),
            "epoch": self.tr("epoch {0}"),
            "training": self.tr("training {0}"),
            "validation": self.tr("validation {0}"),
        }
        found = self.history.at(x, self._shown)
        own = [words[name].format(format_exact(value)) for name, value in found]
        return "\n".join([*own, *self.earlier.words_at(x)])

    # -- taking away --

    def summary(self) -> str:
        """The latest values in a line."""
        epochs = self.history.epochs.values
        records = self.history.records.epochs
        at = epochs[-1] if epochs.size else records[-1] if len(records) else 0.0
        told = [f"{each.text()} {each.value}" for each in (self._train_entry, self._val_entry) if each.value]
        own = [self._what.currentText(), *told, self.tr("epoch {0}").format(format_number(float(at)))]
        return "; ".join([", ".join(own), *self.earlier.summary()])

    def picture(self) -> QWidget:
        self.earlier.legend.settle()
        self._column.activate()
        return self._picture

    def caption(self) -> str:
        return self.earlier.caption()

    def table(self) -> Table:
        own = self.history.step_table() if self._shown == "loss" else self.history.epoch_table()
        earlier = self.earlier.frozen()
        if not earlier:
            return own
        number = self.earlier.kept.next_number
        return with_earlier(own, number, self.tr("present run"), earlier, self._window.currentData())
