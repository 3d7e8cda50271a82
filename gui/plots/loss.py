"""Loss and metrics over the epochs, training and validation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QComboBox, QStackedLayout, QVBoxLayout, QWidget

from engine.events import EpochEnd, Scalars
from gui.document import Document
from gui.format import format_number
from gui.panel import Panel
from gui.plot_style import curve_pen, style_plot
from gui.plots.history import Floats, Growing, Smooth
from gui.plots.hover import HoverCard
from gui.plots.saving import save_widget
from gui.plots.toolbar import PlotToolbar
from gui.run_feed import RunFeed
from gui.theme import theme
from gui.widgets.empty_state import EmptyState
from gui.widgets.legend import LegendEntry

WINDOWS = (1, 5, 20, 100, 500)
"""Steps one smoothed value takes in; 1 is not smoothed."""


@final
class LossPanel(Panel):
    """Every step's loss as a thin line, its mean over some steps as a thick one, validation dashed.

    The smoothed line never hides the raw one. `steps`, `epochs`, `losses` are what was received, value for value.
    """

    name = "lossPlot"
    icon_name = "chart"

    def __init__(self, document: Document, feed: RunFeed, parent: QWidget | None = None) -> None:
        super().__init__(document, feed, parent)
        self.steps, self.epochs, self.losses = Growing(), Growing(), Growing()
        self.records: list[Mapping[str, Any]] = []
        self._smooth = Smooth(WINDOWS[2])
        self._dirty = False
        self._plot = pg.PlotWidget()
        self._item = self._plot.getPlotItem()
        style_plot(self._item)
        self._item.setLabel("bottom", self.tr("epoch"))
        self._item.setClipToView(True)
        self._item.setDownsampling(auto=True, mode="peak")
        self._raw, self._mean = self._item.plot(), self._item.plot()
        self._train, self._val = self._item.plot(), self._item.plot()
        self._cursor = pg.InfiniteLine(angle=90, movable=False)
        self._cursor.setZValue(10)
        self._cursor.hide()
        self._item.addItem(self._cursor, ignoreBounds=True)
        self._hover = HoverCard(self._plot)
        self._make_toolbar()
        self._empty = EmptyState(
            "chart",
            self.tr("Loss and metrics"),
            self.tr("Press Play: the loss of every step is drawn here, on training and validation data."),
        )
        self._lay_out()
        self._plot.scene().sigMouseMoved.connect(self._moved)
        feed.on(Scalars, self._take_steps)
        feed.on(EpochEnd, self._take_epoch)
        feed.frame.connect(self._redraw)
        feed.session_changed.connect(self.clear)
        feed.restarted.connect(self.clear)
        theme().changed.connect(self._dress)
        self._dress()

    @property
    def title(self) -> str:
        return self.tr("Loss")

    # -- making --

    def _make_toolbar(self) -> None:
        self._bar = PlotToolbar(self)
        self._train_entry = LegendEntry(self.tr("training"), "training")
        self._val_entry = LegendEntry(self.tr("validation"), "validation", dashed=True)
        for entry in (self._train_entry, self._val_entry):
            entry.toggled.connect(self._mark_dirty_now)
            self._bar.left.addWidget(entry)
        self._what = QComboBox()
        self._what.setObjectName("lossWhat")
        self._what.setAccessibleName(self.tr("What is drawn"))
        self._what.addItem(self.tr("loss"), "loss")
        self._what.currentIndexChanged.connect(self._changed_what)
        self._bar.right.addWidget(self._what)
        self._window = QComboBox()
        self._window.setObjectName("lossSmoothing")
        self._window.setToolTip(self.tr("Mean over so many steps; the raw line stays visible"))
        self._window.setAccessibleName(self.tr("Smoothing"))
        for window in WINDOWS:
            self._window.addItem(self.tr("raw") if window == 1 else self.tr("mean of {0}").format(window), window)
        self._window.setCurrentIndex(WINDOWS.index(self._smooth.window))
        self._window.currentIndexChanged.connect(self._changed_window)
        self._bar.right.addWidget(self._window)
        self._log = self._bar.toggle(self.tr("log"), self.tr("Logarithmic axis"), on=True)
        self._log.toggled.connect(self._changed_log)
        fit = self._bar.toggle(self.tr("fit"), self.tr("Show everything (also a double click on the plot)"))
        fit.setCheckable(False)
        fit.clicked.connect(self.fit)

    def _lay_out(self) -> None:
        filled = QWidget()
        column = QVBoxLayout(filled)
        column.setContentsMargins(8, 6, 8, 8)
        column.setSpacing(4)
        column.addWidget(self._bar)
        column.addWidget(self._plot, 1)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(filled)

    def _dress(self) -> None:
        faint = curve_pen("training", 1)
        color = faint.color()
        color.setAlphaF(0.35)
        faint.setColor(color)
        self._raw.setPen(faint)
        self._mean.setPen(curve_pen("training"))
        self._train.setPen(curve_pen("training"))
        self._val.setPen(curve_pen("validation", dashed=True))
        for curve, name in ((self._train, "training"), (self._val, "validation")):
            curve.setSymbolBrush(theme().color(name))
            curve.setSymbolPen(None)
        self._cursor.setPen(theme().pen("secondary"))

    # -- receiving --

    def clear(self) -> None:
        """Another run."""
        for growing in (self.steps, self.epochs, self.losses):
            growing.clear()
        self._smooth.clear()
        self.records.clear()
        while self._what.count() > 1:
            self._what.removeItem(1)
        for entry in (self._train_entry, self._val_entry):
            entry.set_value("")
        self._stack.setCurrentIndex(0)
        self._dirty = True
        self._redraw()

    def _take_steps(self, event: Scalars) -> None:
        self.steps.extend(event.steps)
        self.epochs.extend(event.epochs)
        self.losses.extend(event.loss)
        self._smooth.extend(np.asarray(event.loss, dtype=np.float64))
        self._stack.setCurrentIndex(1)
        self._dirty = True

    def _take_epoch(self, event: EpochEnd) -> None:
        self.records.append(event.record)
        known = {self._what.itemData(index) for index in range(self._what.count())}
        for name in event.record["metrics"]:
            plain = name.removeprefix("val_")
            if plain not in known:
                known.add(plain)
                self._what.addItem(plain, plain)
        self._dirty = True

    # -- drawing --

    def _mark_dirty_now(self) -> None:
        self._dirty = True
        self._redraw()

    def _changed_what(self) -> None:
        self._log.setVisible(self._what.currentData() == "loss")
        self._changed_log()
        self.fit()

    def _changed_window(self) -> None:
        self._smooth.restart(self._window.currentData(), self.losses.values)
        self._mark_dirty_now()

    def _changed_log(self) -> None:
        self._item.setLogMode(y=self._logarithmic)
        self._mark_dirty_now()

    @property
    def _logarithmic(self) -> bool:
        return self._log.isChecked() and self._what.currentData() == "loss"

    def fit(self) -> None:
        """Show everything again after zooming."""
        self._item.enableAutoRange()
        self._mark_dirty_now()

    def _redraw(self) -> None:
        if not self._dirty or not self.isVisible():
            return
        self._dirty = False
        what = self._what.currentData()
        is_loss = what == "loss"
        train_on, val_on = self._train_entry.isChecked(), self._val_entry.isChecked()
        self._raw.setVisible(is_loss and train_on)
        self._mean.setVisible(is_loss and train_on)
        self._train.setVisible(not is_loss and train_on)
        self._val.setVisible(val_on)
        if is_loss:
            epochs = self.epochs.values
            self._raw.setData(epochs, self._drawable(self.losses.values))
            self._mean.setData(epochs, self._drawable(self._smooth.result.values))
        x, train = self.series(what)
        _, val = self.series(f"val_{what}")
        symbol = "o" if 0 < x.size <= 30 else None
        self._train.setData(x, train, symbol=symbol, symbolSize=5)
        self._val.setData(x, self._drawable(val), symbol=symbol, symbolSize=5)
        last = self._smooth.result.values[-1:] if is_loss else train[-1:]
        self._train_entry.set_value(format_number(float(last[0])) if last.size else "")
        self._val_entry.set_value(format_number(float(val[-1])) if val.size and np.isfinite(val[-1]) else "")
        self._val_entry.setVisible(bool(np.isfinite(val).any()))

    def _drawable(self, values: Floats) -> Floats:
        """Without what an axis cannot show: a logarithm needs more than 0."""
        if not self._logarithmic:
            return values
        return np.where(values > 0, values, np.nan)

    def series(self, name: str) -> tuple[Floats, Floats]:
        """One value an epoch: `loss`, `val_loss`, `accuracy`, …; missing ones are NaN."""
        x = np.array([record["epoch"] for record in self.records], dtype=np.float64)
        found = [
            record[name] if name in ("loss", "val_loss") else record["metrics"].get(name) for record in self.records
        ]
        return x, np.array([np.nan if value is None else value for value in found], dtype=np.float64)

    # -- looking closely --

    def _moved(self, position: QPointF) -> None:
        box = self._item.getViewBox()
        if not self._item.sceneBoundingRect().contains(position) or len(self.steps) == 0:
            self._cursor.hide()
            self._hover.hide()
            return
        x = box.mapSceneToView(position).x()
        self._cursor.setPos(x)
        self._cursor.show()
        self._hover.show_at(position.toPoint(), self._values_at(x))

    def _values_at(self, x: float) -> str:
        what = self._what.currentData()
        lines = []
        if what == "loss":
            index = min(len(self.steps) - 1, int(np.searchsorted(self.epochs.values, x)))
            lines.append(self.tr("step {0}").format(int(self.steps.values[index])))
            lines.append(self.tr("training {0}").format(format_number(float(self.losses.values[index]))))
        epochs, val = self.series(f"val_{what}")
        if epochs.size:
            nearest = int(np.argmin(np.abs(epochs - x)))
            if what != "loss":
                lines.append(self.tr("epoch {0}").format(int(epochs[nearest])))
                lines.append(self.tr("training {0}").format(format_number(float(self.series(what)[1][nearest]))))
            if np.isfinite(val[nearest]):
                lines.append(self.tr("validation {0}").format(format_number(float(val[nearest]))))
        return "\n".join(lines)

    # -- taking away --

    def save_picture(self, path: Path) -> None:
        save_widget(self._plot, path)

    def table(self) -> tuple[list[str], list[list[object]]]:
        names = sorted({name for record in self.records for name in record["metrics"]})
        header = ["epoch", "step", "loss", "val_loss", "lr", *names]
        rows = [
            [*(record[name] for name in header[:5]), *(record["metrics"].get(name) for name in names)]
            for record in self.records
        ]
        return header, rows
