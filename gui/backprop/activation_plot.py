"""A function, its slope, and the present inputs on both curves."""

from __future__ import annotations

from typing import Final, final

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from gui.backprop.activation_curves import Curve, Floats
from gui.format import format_number
from gui.plot_style import curve_pen
from gui.plots.hover import HoverCard
from gui.plots.plot import draw, make_plot, place_at
from gui.theme import theme
from gui.widgets.legend import LegendEntry
from gui.widgets.wrap_row import WrapRow

MOST_DOTS: Final = 400
"""More inputs are shown as a histogram alone."""
_POINTS: Final = 601
_NEAR: Final = 14.0
"""Pixels within which a dot is meant."""


@final
class ActivationPlot(QWidget):
    """f as a line, f′ dashed, dots where the inputs are; of many inputs a histogram below.

    Signals:
        pointed(object): the number of the input under the mouse, None for none.
        picked(int): the number of the input that was clicked.
    """

    pointed = Signal(object)
    picked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plot = make_plot(self.tr("The function and its slope"), self.summary)
        self.plot.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.item: pg.PlotItem = self.plot.getPlotItem()
        self.item.setLabel("bottom", "z")
        self.item.setMouseEnabled(x=False, y=False)
        self.value_line, self.slope_line = self.item.plot(), self.item.plot()
        self.drop = self.item.plot()
        self.value_dots, self.slope_dots = pg.ScatterPlotItem(), pg.ScatterPlotItem()
        self.mark = pg.ScatterPlotItem()
        for dots in (self.value_dots, self.slope_dots, self.mark):
            dots.setZValue(10)
            self.item.addItem(dots)
        self.counts = make_plot(self.tr("How many inputs lie where"), self.summary)
        self._bars = pg.BarGraphItem(x0=[], x1=[], y0=0, height=[])
        self._set_up_counts()
        self._hover = HoverCard(self.plot)
        self._hover.left.connect(lambda: self.pointed.emit(None))
        self._legend = [LegendEntry("f(z)", "training"), LegendEntry(self.tr("slope f′(z)"), "validation", dashed=True)]
        for entry, parts in zip(
            self._legend, ((self.value_line, self.value_dots), (self.slope_line, self.slope_dots)), strict=True
        ):
            entry.toggled.connect(lambda on, parts=parts: [part.setVisible(on) for part in parts])
        self._z = self._f = self._slope = np.empty(0)
        self._at = QPointF()
        self.plot.scene().sigMouseMoved.connect(self._moved)
        self.plot.scene().sigMouseClicked.connect(self._clicked)
        row = WrapRow(12)
        for entry in self._legend:
            row.addWidget(entry)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(row)
        column.addWidget(self.plot, 1)
        column.addWidget(self.counts)
        theme().changed.connect(self._dress)
        self._dress()

    def _set_up_counts(self) -> None:
        item = self.counts.getPlotItem()
        item.addItem(self._bars)
        item.setXLink(self.item)
        item.setMouseEnabled(x=False, y=False)
        item.setLabel("left", self.tr("inputs"))

    def _dress(self) -> None:
        look = theme()
        self.plot.setMinimumHeight(look.px(230))
        self.counts.setFixedHeight(look.px(84))
        for each in (self.item, self.counts.getPlotItem()):
            each.getAxis("left").setWidth(look.px(52))
        self.value_line.setPen(curve_pen("training", 2.5))
        self.slope_line.setPen(curve_pen("validation", 2.5, dashed=True))
        self.drop.setPen(curve_pen("secondary", 1.0, dashed=True))
        edge = pg.mkPen(look.color("plot"), width=1)
        for dots, color in ((self.value_dots, "training"), (self.slope_dots, "validation")):
            dots.setPen(edge)
            dots.setBrush(look.brush(color))
            dots.setSize(look.px(9))
        self.mark.setPen(pg.mkPen(look.color("text"), width=2))
        self.mark.setBrush(None)
        self.mark.setSize(look.px(13))
        self._bars.setOpts(brush=look.brush("secondary"), pen=edge)
        self._take_room()

    # -- showing --

    def show_curve(self, curve: Curve, z: Floats, f: Floats, slope: Floats) -> None:
        """Draw a function with these inputs (flat, one shape), their values and slopes."""
        self._z, self._f, self._slope = z, f, slope
        known = z[np.isfinite(z)]
        reach = float(np.abs(known).max()) if known.size else 0.0
        low, high = (min(-5.0, -1.1 * reach), max(5.0, 1.1 * reach)) if reach < 1e6 else (-1e6, 1e6)
        x = np.linspace(low, high, _POINTS)
        draw(self.value_line, x, curve.value(x))
        draw(self.slope_line, x, curve.slope(x))
        self.item.setXRange(low, high, padding=0)
        few = z.size <= MOST_DOTS
        for dots, y in ((self.value_dots, f), (self.slope_dots, slope)):
            seen = np.isfinite(z) & np.isfinite(y) if few else np.zeros(z.shape, bool)
            dots.setData(x=z[seen], y=y[seen])
        self.counts.setVisible(not few)
        self._take_room()
        self.item.setLabel("bottom", "z" if few else "")
        if not few:
            heights, edges = np.histogram(known, bins=min(60, max(12, int(np.sqrt(known.size)))))
            self._bars.setOpts(x0=edges[:-1], x1=edges[1:], y0=0, height=heights)
            self.counts.getPlotItem().setLabel("bottom", "z")
        self.item.enableAutoRange(axis="y")
        self.mark_input(None)

    def summary(self) -> str:
        """How many inputs there are and where, in a line."""
        known = self._z[np.isfinite(self._z)]
        if not known.size:
            return ""
        ends = (format_number(float(end)) for end in (known.min(), known.max()))
        return self.tr("{0} inputs z from {1} to {2}").format(known.size, *ends)

    def _take_room(self) -> None:
        """The row of the legend makes Qt ask for the height at a width, for which a plot counts as nothing."""
        layout = self.layout()
        assert layout is not None
        self.setMinimumHeight(layout.minimumSize().height())

    def mark_input(self, number: int | None) -> None:
        """Ring the dots of one input."""
        if number is None or not np.isfinite((self._z[number], self._f[number], self._slope[number])).all():
            self.mark.setData([], [])
            self.drop.setData([], [])
            return
        x, ys = float(self._z[number]), [float(self._f[number]), float(self._slope[number])]
        self.mark.setData([x, x], ys)
        self.drop.setData([x, x], ys)

    # -- the mouse --

    def number_at(self, position: QPointF) -> int | None:
        """The input whose dot is nearest to a point of the scene, None when none is near."""
        if not self._z.size or place_at(self.item, position) is None:
            return None
        (width, height), box = self.item.getViewBox().viewPixelSize(), self.item.getViewBox()
        at = box.mapSceneToView(position)
        across = (self._z - at.x()) / width
        found = [np.hypot(across, (y - at.y()) / height) for y in (self._f, self._slope)]
        far = np.nan_to_num(np.minimum(*found), nan=np.inf)
        number = int(np.argmin(far))
        return number if far[number] <= theme().px(_NEAR) else None

    def _moved(self, position: QPointF) -> None:
        number = self.number_at(position)
        self._at = position
        self.pointed.emit(number)
        self.plot.setCursor(Qt.CursorShape.ArrowCursor if number is None else Qt.CursorShape.PointingHandCursor)

    def say_here(self, text: str) -> None:
        """Show words where the mouse is; "" hides them."""
        self._hover.show_at(self._at.toPoint(), text)

    def _clicked(self, click: object) -> None:
        number = self.number_at(click.scenePos())  # type: ignore[attr-defined]
        if number is not None:
            self.picked.emit(number)
