"""The gradient of every layer: does the error reach the first one?"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final, final

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from engine.snapshots import Gradients
from engine.stepevents import Timeline
from gui.colormaps import HEALTH_HIGH, HEALTH_LOW, Rgb, health, order_colors
from gui.document import Document
from gui.format import format_exact, format_number
from gui.panel import Panel, Table
from gui.plot_style import curve_pen
from gui.plots.end_labels import EndLabels
from gui.plots.hover import HoverCard
from gui.plots.layer_bars import LayerBars, norms_told
from gui.plots.plot import draw, make_plot, place_at, settle
from gui.plots.toolbar import PlotToolbar
from gui.run_feed import RunFeed
from gui.theme import set_kind, set_tone, theme
from gui.widgets.labels import ElidedLabel, plain_tooltip
from gui.widgets.legend import ScaleBar
from gui.widgets.segmented import Segmented

VANISHING: Final = 1e-3
EXPLODING: Final = 1e3
"""From these ratios of first to last layer on, the number turns into a warning."""
MOST_HOVERED: Final = 14


@final
class GradientPanel(Panel):
    """Norms as bars in layer order, or over time; and the mean |g| of the first layer relative to the last.

    Signals:
        why_wanted(str): why the gradient of this layer is what it is.
    """

    why_wanted = Signal(str)

    name = "gradientPlot"
    icon_name = "gradient"
    lanes = frozenset({"Gradients"})

    def __init__(self, document: Document, feed: RunFeed, parent: QWidget | None = None) -> None:
        super().__init__(document, feed, parent)
        self.latest: Gradients | None = None
        self._drawn: Gradients | None = None
        self._curves: list[pg.PlotDataItem] = []
        self._bars = LayerBars()
        self._bars.chosen.connect(self.why_wanted)
        self._plot = make_plot(self.tr("Gradients over time"), self.summary)
        self._item: pg.PlotItem = self._plot.getPlotItem()
        self._item.setLabel("bottom", self.tr("step"))
        self._item.setLogMode(y=True)
        self._names = EndLabels(self._item)
        self._hover = HoverCard(self._plot)
        self._plot.scene().sigMouseMoved.connect(self._moved)
        self._lay_out()
        feed.on(Gradients, self._take)
        feed.on(Timeline, self._go)
        feed.draw_in_turn(self.refresh)
        feed.session_changed.connect(self.clear)
        feed.restarted.connect(self.clear)
        theme().changed.connect(self._draw_again)

    def _lay_out(self) -> None:
        bar = PlotToolbar(self)
        self.view = Segmented([("bars", self.tr("By layer")), ("time", self.tr("Over time"))])
        self.view.setAccessibleName(self.tr("What is shown"))
        self.view.set_hint("bars", self.tr("The norm of each layer's gradient now, from first to last layer"))
        self.view.set_hint("time", self.tr("The norm of each layer's gradient at every step so far"))
        self.view.changed.connect(self._switch)
        bar.left.addWidget(self.view)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(self._bars)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._views = QStackedWidget()
        self._views.addWidget(area)
        self._views.addWidget(self._plot)
        self._ratio = ElidedLabel(role="mono_caption")
        self._ratio.setObjectName("gradientRatio")
        self._scale = ScaleBar("‖g‖", health(theme().palette), "", "", length=64)
        self._health = ElidedLabel("", "caption", "warning")
        self._why = QPushButton(self.tr("Why?"))
        self._why.setObjectName("gradientWhy")
        set_kind(self._why, "caution")
        self._why.setToolTip(
            plain_tooltip(self.tr("Walk through the next step: the chain rule of the first layer's largest gradient"))
        )
        self._why.clicked.connect(self._ask_why)
        self._why.hide()
        # Below each other: the ratio is what the panel is for, and has to be read in the narrowest of docks.
        foot = QVBoxLayout()
        foot.setSpacing(4)
        foot.addWidget(self._ratio)
        row = QHBoxLayout()
        row.addWidget(self._health, 1)
        row.addWidget(self._why)
        foot.addLayout(row)
        foot.addWidget(self._scale, 0, Qt.AlignmentFlag.AlignRight)
        self.build(self.waiting(), bar, self._views, foot)

    def _ask_why(self) -> None:
        if self.latest is not None:
            self.why_wanted.emit(self.latest.layers[0])

    def _switch(self, view: str) -> None:
        self._views.setCurrentIndex(0 if view == "bars" else 1)
        self._draw_again()

    def _draw_again(self) -> None:
        self._drawn = None
        self.refresh()

    # -- receiving --

    def clear(self) -> None:
        """Another run."""
        self.latest = self._drawn = None
        for curve in self._curves:
            self._item.removeItem(curve)
        self._curves = []
        self._names.hide()
        self._item.enableAutoRange()
        self.set_filled(False)

    def _take(self, event: Gradients) -> None:
        self.latest = event

    def _go(self, event: Timeline) -> None:
        """Back in time: what was known then."""
        if not event.moved or self.latest is None or self.latest.step <= event.at:
            return
        count = int(np.searchsorted(self.latest.history_steps, event.at, side="right"))
        if not count:
            self.clear()
            return
        steps, rows = self.latest.history_steps[:count], self.latest.history[:count]
        unknown = np.full(len(self.latest.layers), np.nan)
        self.latest = replace(
            self.latest, step=int(steps[-1]), norms=rows[-1], mean_abs=unknown, history_steps=steps, history=rows
        )

    @property
    def ratio(self) -> float | None:
        """Mean |gradient| of the first layer relative to the last; None where that means nothing."""
        event = self.latest
        if event is None or len(event.layers) < 2:
            return None
        first, last = float(event.mean_abs[0]), float(event.mean_abs[-1])
        return first / last if math.isfinite(first) and math.isfinite(last) and last > 0 else None

    # -- drawing --

    def refresh(self) -> bool:
        event = self.latest
        if event is None or event is self._drawn or not self.seen or not event.layers:
            return False
        self._drawn = event
        self.set_filled(True)
        if self.view.value() == "bars":
            self._bars.show_norms(event.layers, event.norms)
            self._scale.set_scale(health(theme().palette), format_number(HEALTH_LOW), format_number(HEALTH_HIGH))
            self._scale.setToolTip(plain_tooltip(self.tr("Pale: vanishing. Green: healthy. Red: exploding.")))
        else:
            self._draw_history(event)
            self._scale.set_scale(_table(order_colors(256)), self.tr("first"), self.tr("last"))
            self._scale.setToolTip(plain_tooltip(f"{event.layers[0]} … {event.layers[-1]}"))
        self._show_ratio()
        return True

    @property
    def behind(self) -> str:
        """Which step is shown, where the run stands still at a later one whose gradients are not known; else ""."""
        event, feed = self.latest, self.feed
        if event is None or feed.away is not None or feed.state == "running" or event.step >= feed.steps:
            return ""
        return self.tr("step {0} of {1}").format(f"{event.step:,}", f"{feed.steps:,}")

    def _show_ratio(self) -> None:
        ratio, behind = self.ratio, self.behind
        if ratio is None:
            self._ratio.setText(behind)
            self._ratio.setToolTip("")
            self._health.hide()
            self._why.hide()
            return
        words = self.tr("mean |g| first/last = {0}").format(format_number(ratio, 3))
        self._ratio.setText(f"{behind} · {words}" if behind else words)
        if ratio < VANISHING:
            tip = self.tr("Vanishing: the first layer's mean |gradient| is {0} of the last one's.")
        elif ratio > EXPLODING:
            tip = self.tr("Exploding: the first layer's mean |gradient| is {0} times the last one's.")
        else:
            tip = self.tr("Mean |gradient| of the first layer relative to the last: {0}")
        self._ratio.setToolTip(plain_tooltip(tip.format(format_exact(ratio))))
        words = self.tr("Vanishing") if ratio < VANISHING else self.tr("Exploding") if ratio > EXPLODING else ""
        self._health.setText(words)
        for part in (self._health, self._why):
            part.setVisible(bool(words))
        set_tone(self._ratio, "secondary" if VANISHING <= ratio <= EXPLODING else "warning")

    def _draw_history(self, event: Gradients) -> None:
        colors = order_colors(len(event.layers))
        if len(self._curves) != len(event.layers):
            for curve in self._curves:
                self._item.removeItem(curve)
            self._curves = [self._item.plot() for _ in event.layers]
        dots = {"symbol": "o", "symbolSize": 5} if len(event.history_steps) < 2 else {"symbol": None}
        for index, (curve, color) in enumerate(zip(self._curves, colors, strict=True)):
            values = event.history[:, index]
            look = {"pen": curve_pen(color.name()), "symbolBrush": color, "symbolPen": None}
            draw(curve, event.history_steps, np.where(values > 0, values, np.nan), **look, **dots)
        settle(self._item)
        if event.history_steps.size:
            with np.errstate(divide="ignore", invalid="ignore"):
                self._names.show(event.layers, float(event.history_steps[-1]), np.log10(event.history[-1]))

    def _moved(self, position: QPointF) -> None:
        event, place = self.latest, place_at(self._item, position)
        if event is None or place is None or not event.history_steps.size:
            self._hover.hide()
            return
        self._hover.show_at(position.toPoint(), self.words_at(event, place.x()))

    def words_at(self, event: Gradients, x: float) -> str:
        """The norms at a place on the step axis, the layers in between left out where they are too many."""
        row = int(np.argmin(np.abs(event.history_steps - x)))
        pairs = list(zip(event.layers, event.history[row], strict=True))
        lines = [f"{layer} {format_number(float(value))}" for layer, value in pairs]
        if len(lines) > MOST_HOVERED:
            half = MOST_HOVERED // 2
            lines = [*lines[:half], "…", *lines[-half:]]
        return "\n".join([self.tr("step {0}").format(int(event.history_steps[row])), *lines])

    def summary(self) -> str:
        """The norms of now, in a line."""
        event = self.latest
        return norms_told(event.layers, event.norms) if event is not None else ""

    # -- taking away --

    def picture(self) -> QWidget:
        return self._bars if self.view.value() == "bars" else self._plot

    def caption(self) -> str:
        if self.latest is None or self.view.value() != "bars":
            return self.tr("norms over time")
        words = self.tr("norms at step {0}").format(f"{self.latest.step:,}")
        return f"{words} · {ratio}" if (ratio := self._ratio.text()) else words

    def table(self) -> Table:
        event = self.latest
        if event is None:
            return ["step"], []
        rows = zip(event.history_steps, event.history, strict=True)
        return ["step", *event.layers], ([int(step), *map(float, row)] for step, row in rows)


def _table(colors: list[QColor]) -> Rgb:
    return np.array([[color.red(), color.green(), color.blue()] for color in colors], dtype=np.uint8)
