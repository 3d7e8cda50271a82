"""A plot as all panels use it: dressed in the theme, numbers written as everywhere, a double click shows everything."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, final

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QAccessible, QPainter

from gui.format import format_number
from gui.plot_style import configure_plots, style_plot
from gui.screen_reader import tell_as
from gui.widgets.focus_rim import FocusRim

_PLAIN_POWERS = range(-3, 6)
_NARROW = 0.5
"""Decades below which a logarithmic axis may lie between two of its usual ticks: it gets evenly spaced numbers then."""
_PIXELS_A_TICK = 30
_ALL_DIGITS = tuple(range(1, 10))


@final
class NumberAxis(pg.AxisItem):
    """Ticks as `format_number` writes them; on a logarithmic axis all plain or all as powers of ten."""

    def __init__(self, side: str) -> None:
        super().__init__(side)
        self.enableAutoSIPrefix(False)
        self._narrow, self._plain = False, True
        # A label that comes and goes as numbers get longer would make the plot jump.
        self.setStyle(autoReduceTextSpace=False)

    def generateDrawSpecs(self, p: QPainter) -> tuple[Any, Any, Any] | None:
        """Leaves out numbers that would be written over others: in large type, or in a small plot."""
        specs = super().generateDrawSpecs(p)
        if specs is None:
            return None
        kept: list[tuple[QRectF, Any, str]] = []
        for rect, flags, text in specs[2]:  # majors come first
            if not any(rect.intersects(other) for other, _, _ in kept):
                kept.append((rect, flags, text))
        return specs[0], specs[1], kept

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        if self.logMode:
            return self.logTickStrings(values, scale, spacing)
        places = max(0, -math.floor(math.log10(spacing * scale) + 1e-9)) if spacing > 0 else 0
        if max((abs(value * scale) for value in values), default=0.0) < 1e6 and places <= 4:
            return [f"{value * scale + 0.0:.{places}f}" for value in values]
        return [format_number(value * scale) for value in values]

    def logTickValues(
        self, minVal: float, maxVal: float, size: float, stdTicks: list[tuple[float, Any]]
    ) -> list[tuple[float | None, Any]]:
        self._narrow = maxVal - minVal < _NARROW
        shown = range(math.ceil(minVal), math.floor(maxVal) + 1)
        self._plain = all(power in _PLAIN_POWERS for power in shown)  # for all levels of ticks, which come one by one
        if not self._narrow:
            found: list[tuple[float | None, Any]] = super().logTickValues(minVal, maxVal, size, stdTicks)
            return found
        low, high = 10.0**minVal, 10.0**maxVal
        step = _round_step((high - low) / max(2.0, size / _PIXELS_A_TICK))
        ticks = np.arange(math.ceil(low / step), math.floor(high / step) + 1) * step
        return [(step, np.log10(ticks[ticks > 0]))]

    def logTickStrings(self, values: Sequence[float], scale: float, spacing: float | None) -> list[str]:
        powers = [value * scale for value in values]
        if self._narrow:
            return [format_number(10.0**power) for power in powers]
        digits = _ALL_DIGITS if spacing is not None else _minor_digits(powers)
        return [_power(power, self._plain) if _digit(power) in digits else "" for power in powers]


def _round_step(step: float) -> float:
    """The next of 1, 2, 5, 10, … times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return power * next(digit for digit in (1, 2, 5, 10) if digit * power >= step * (1 - 1e-9))


def _digit(power: float) -> int:
    return round(float(10.0 ** (power - math.floor(power + 1e-9))))


def _minor_digits(powers: list[float]) -> tuple[int, ...]:
    """Which ticks between powers of ten bear a number: fewer, the more decades there are."""
    decades = max(powers, default=0.0) - min(powers, default=0.0)
    if decades > 2.2:
        return ()
    return (2, 5) if decades > 0.9 else _ALL_DIGITS


def _power(power: float, plain: bool) -> str:
    if plain:
        return format_number(10.0**power, 3)
    exponent = math.floor(power + 1e-9)
    return f"{10.0 ** (power - exponent):.0f}e{exponent}"


def make_plot(name: str, about: Callable[[], str] | None = None) -> pg.PlotWidget:
    """A dressed plot; give its curves pens from `curve_pen`.

    Args:
        name: what a screen reader calls it.
        about: what it shows now, in a line, asked for when it is read; its accessible description unless told.
    """
    configure_plots()
    plot = pg.PlotWidget(enableMenu=False, axisItems={side: NumberAxis(side) for side in ("left", "bottom")})
    tell_as(plot, QAccessible.Role.Chart, about=about)
    plot.setAccessibleName(name)
    FocusRim(plot)
    # It paints its whole ground: what lies below need not be painted first.
    plot.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
    item = plot.getPlotItem()
    menu = item.ctrlMenu  # unused, but made all the same; without a parent it could outlive the plot
    menu.setParent(plot, menu.windowFlags())
    style_plot(item)
    plot.scene().sigMouseClicked.connect(lambda click: _double_clicked(item, click))
    return plot


def _double_clicked(item: pg.PlotItem, click: object) -> None:
    if click.double():  # type: ignore[attr-defined]
        item.enableAutoRange()


def draw(curve: pg.PlotDataItem, x: NDArray[Any], y: NDArray[Any], **style: Any) -> None:
    """Give a curve its values. Those that are not finite leave gaps, and without any other there is no curve at all.

    pyqtgraph asks a curve of nothing but gaps for its extent, which it does not have.
    """
    known = np.isfinite(y)
    if not known.any():
        curve.setData([], [], **style)
        return
    curve.setData(x, y if known.all() else np.where(known, y, np.nan), **style)


def settle(item: pg.PlotItem) -> None:
    """Fit the axes to what was drawn, now: left to pyqtgraph, that happens amid painting, and all is painted again."""
    item.getViewBox().prepareForPaint()


def place_at(item: pg.PlotItem, position: QPointF) -> QPointF | None:
    """What lies below a point of the scene, in units of the plot; None beside the drawing area."""
    box = item.getViewBox()
    if not box.sceneBoundingRect().contains(position):
        return None
    place = box.mapSceneToView(position)
    return QPointF(place.x(), place.y())
