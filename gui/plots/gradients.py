"""The gradient of every layer: does the error reach the first one?"""

from __future__ import annotations

from pathlib import Path
from typing import final

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QStackedLayout,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from engine.events import Gradients
from gui.colormaps import health, order_colors
from gui.document import Document
from gui.format import format_exact, format_number
from gui.panel import Panel
from gui.plot_style import style_plot
from gui.plots.hover import HoverCard
from gui.plots.layer_bars import SCALE_ENDS, LayerBars
from gui.plots.saving import save_widget
from gui.plots.toolbar import PlotToolbar
from gui.run_feed import RunFeed
from gui.theme import set_role, set_tone, theme
from gui.widgets.empty_state import EmptyState
from gui.widgets.legend import ScaleBar
from gui.widgets.segmented import Segmented

VANISHING, EXPLODING = 1e-3, 1e3


@final
class GradientPanel(Panel):
    """Norms as bars in layer order, or over time; and the mean |g| of the first layer relative to the last."""

    name = "gradientPlot"
    icon_name = "gradient"
    lanes = frozenset({"Gradients"})

    def __init__(self, document: Document, feed: RunFeed, parent: QWidget | None = None) -> None:
        super().__init__(document, feed, parent)
        self.latest: Gradients | None = None
        self._drawn: Gradients | None = None
        self._curves: list[pg.PlotDataItem] = []
        self._bars = LayerBars()
        self._plot = pg.PlotWidget()
        self._item = self._plot.getPlotItem()
        style_plot(self._item)
        self._item.setLabel("bottom", self.tr("step"))
        self._item.setLogMode(y=True)
        self._hover = HoverCard(self._plot)
        self._plot.scene().sigMouseMoved.connect(self._moved)
        self._ratio = QLabel()
        self._ratio.setObjectName("gradientRatio")
        set_role(self._ratio, "mono_caption")
        self._scale = ScaleBar(
            self.tr("norm"), health(theme().palette), format_number(SCALE_ENDS[0]), format_number(SCALE_ENDS[1])
        )
        self._lay_out()
        feed.on(Gradients, self._take)
        feed.frame.connect(self._redraw)
        feed.session_changed.connect(self.clear)
        feed.restarted.connect(self.clear)
        theme().changed.connect(self._dress)

    @property
    def title(self) -> str:
        return self.tr("Gradients")

    def _lay_out(self) -> None:
        bar = PlotToolbar(self)
        self._view = Segmented([("bars", self.tr("By layer")), ("time", self.tr("Over time"))])
        self._view.changed.connect(self._switch)
        bar.left.addWidget(self._view)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(self._bars)
        self._pages = QStackedWidget()
        self._pages.addWidget(area)
        self._pages.addWidget(self._plot)
        foot = QHBoxLayout()
        foot.addWidget(self._ratio, 1)
        foot.addWidget(self._scale)
        filled = QWidget()
        column = QVBoxLayout(filled)
        column.setContentsMargins(8, 6, 8, 8)
        column.setSpacing(6)
        column.addWidget(bar)
        column.addWidget(self._pages, 1)
        column.addLayout(foot)
        empty = EmptyState(
            "gradient",
            self.tr("Gradients"),
            self.tr("While it trains: how much of the error reaches each layer. Pale bars learn next to nothing."),
        )
        self._stack = QStackedLayout(self)
        self._stack.addWidget(empty)
        self._stack.addWidget(filled)

    def _switch(self, view: str) -> None:
        self._pages.setCurrentIndex(0 if view == "bars" else 1)
        self._drawn = None
        self._redraw()

    def _dress(self) -> None:
        self._scale.set_scale(health(theme().palette), format_number(SCALE_ENDS[0]), format_number(SCALE_ENDS[1]))
        self._drawn = None
        self._redraw()

    # -- receiving --

    def clear(self) -> None:
        """Another run."""
        self.latest = self._drawn = None
        for curve in self._curves:
            self._item.removeItem(curve)
        self._curves = []
        self._stack.setCurrentIndex(0)

    def _take(self, event: Gradients) -> None:
        self.latest = event

    @property
    def ratio(self) -> float | None:
        """Mean |gradient| of the first layer relative to the last; None for fewer than two layers."""
        event = self.latest
        if event is None or len(event.layers) < 2 or event.mean_abs[-1] == 0:
            return None
        return float(event.mean_abs[0] / event.mean_abs[-1])

    # -- drawing --

    def _redraw(self) -> None:
        event = self.latest
        if event is None or event is self._drawn or not self.isVisible() or not event.layers:
            return
        self._drawn = event
        self._stack.setCurrentIndex(1)
        if self._view.value() == "bars":
            self._bars.show_norms(event.layers, event.norms)
        else:
            self._draw_history(event)
        self._show_ratio()

    def _show_ratio(self) -> None:
        ratio = self.ratio
        if ratio is None:
            self._ratio.setText("")
            return
        self._ratio.setText(self.tr("first / last = {0}").format(format_number(ratio)))
        if ratio < VANISHING:
            tip = self.tr("Vanishing: the first layer's mean |gradient| is {0} of the last one's.")
        elif ratio > EXPLODING:
            tip = self.tr("Exploding: the first layer's mean |gradient| is {0} times the last one's.")
        else:
            tip = self.tr("Mean |gradient| of the first layer relative to the last: {0}")
        self._ratio.setToolTip(tip.format(format_exact(ratio)))
        set_tone(self._ratio, "warning" if not VANISHING <= ratio <= EXPLODING else "secondary")

    def _draw_history(self, event: Gradients) -> None:
        if len(self._curves) != len(event.layers):
            for curve in self._curves:
                self._item.removeItem(curve)
            self._curves = [self._item.plot() for _ in event.layers]
        for index, (curve, color) in enumerate(zip(self._curves, order_colors(len(event.layers)), strict=True)):
            values = event.history[:, index]
            curve.setData(event.history_steps, np.where(values > 0, values, np.nan), pen=pg.mkPen(color, width=2))

    def _moved(self, position: QPointF) -> None:
        event = self.latest
        if event is None or not self._item.sceneBoundingRect().contains(position) or not event.history_steps.size:
            self._hover.hide()
            return
        x = self._item.getViewBox().mapSceneToView(position).x()
        row = int(np.argmin(np.abs(event.history_steps - x)))
        lines = [self.tr("step {0}").format(int(event.history_steps[row]))]
        lines += [
            f"{layer} {format_number(float(value))}"
            for layer, value in zip(event.layers, event.history[row], strict=True)
        ]
        self._hover.show_at(position.toPoint(), "\n".join(lines[:16]))

    # -- taking away --

    def save_picture(self, path: Path) -> None:
        save_widget(self._pages.currentWidget() or self, path)

    def table(self) -> tuple[list[str], list[list[object]]]:
        event = self.latest
        if event is None:
            return ["step"], []
        rows = zip(event.history_steps, event.history, strict=True)
        return ["step", *event.layers], [[int(step), *(float(value) for value in row)] for step, row in rows]
