"""Curves of earlier runs behind those of the present one, painted once and again only when the axes are others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, final

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPaintEngine, QPainter, QPen

from gui.colors import contrast, mix
from gui.plots.history import Floats, outline
from gui.plots.screen_item import ScreenItem
from gui.theme import theme

HUES: Final = ("data", "regularisation", "loss", "shape", "success")
"""Of the palette, one after the other: none is near those of training and validation."""
CONTRAST: Final = 3.5
"""Of the curves with the plot, at least: hairlines need a little more than the 3 of WCAG 2.2 for graphics."""
WIDTH, STRONG = 1.0, 2.4
PIECE: Final = 32
"""Points that are stroked at once with a pen wider than a hairline: Qt takes ten times as long for long noisy paths."""
DASHES: Final = (5.0, 3.0)
CROSS: Final = 3.5
"""Half a diagonal cross, in pixels at text scale 1."""
COARSE: Final = 16
"""Pixels that what is kept free grows or shrinks by before anything is painted anew."""


def hue(number: int) -> str:
    """The full colour of a run, `#rrggbb`."""
    return str(getattr(theme().palette, HUES[(number - 1) % len(HUES)]))


def pale(color: str) -> str:
    """As near to the plot's ground as can be told from it well."""
    ground = theme().palette.plot
    parts = (mix(color, ground, part / 50) for part in range(40, 0, -1))
    return next((found for found in parts if contrast(found, ground) >= CONTRAST), color)


def paint_chip(painter: QPainter, place: QRectF, number: int, *, shown: bool = True) -> None:
    """The number of a run in a rim of its colour; it is at the end of its curve and in the legend."""
    look = theme()
    painter.setPen(QPen(QColor(hue(number)) if shown else look.color("disabled"), 1.2))
    painter.setBrush(look.color("plot"))
    painter.drawRoundedRect(place.adjusted(0.6, 0.6, -0.6, -0.6), 4, 4)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setFont(look.font("mono_caption"))
    painter.setPen(look.color("text" if shown else "disabled"))
    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, str(number))


def chip_size(number: int) -> tuple[float, float]:
    """Width and height of a chip."""
    metrics = QFontMetricsF(theme().font("mono_caption"))
    height = metrics.height() + 1.0
    return max(height, metrics.horizontalAdvance(str(number)) + 8.0), height


@final
@dataclass(frozen=True, slots=True)
class Trace:
    """The curves of a run, in units of the axes (logarithms on a logarithmic one): training, and validation dashed.

    Attributes:
        number: of the run.
        curves: epochs and values of each curve, and whether it is dashed; the epochs rise.
        diverged: it ends with a cross.
        ceiling: no axis grows beyond it for this run's sake.
    """

    number: int
    curves: tuple[tuple[Floats, Floats, bool], ...]
    diverged: bool = False
    ceiling: float = np.inf

    def bounds(self) -> tuple[float, float, float, float] | None:
        """Left, right, lowest and highest, as far as the axes should reach; None where there is nothing to see."""
        left, right, low, high = np.inf, -np.inf, np.inf, -np.inf
        for x, y, _ in self.curves:
            known = np.isfinite(y)
            if known.any():
                left, right = min(left, x[known][0]), max(right, x[known][-1])
                low, high = min(low, y[known].min()), max(high, min(y[known].max(), self.ceiling))
        return (left, right, min(low, high), high) if left <= right else None


@final
class EarlierCurves(ScreenItem):
    """Add it to a plot: its axes show all traces. `paintings` counts how often the curves were painted."""

    def __init__(self, kept_free: Callable[[], QRectF]) -> None:
        """Shows nothing yet.

        Args:
            kept_free: where no number may stand (a legend), in pixels of the plot's scene.
        """
        super().__init__()
        self.setZValue(-10)
        self._kept_free = kept_free
        self._traces: tuple[Trace, ...] = ()
        self._bounds: tuple[float, float, float, float] | None = None
        self._strong = 0
        self._image = QImage()
        self._key: object = None
        self.paintings = 0
        self.chips: dict[int, QRectF] = {}
        """Where the number of each run belongs, in pixels of the plot, found when the curves are painted."""
        self.crosses: tuple[QPointF, ...] = ()
        """The ends of runs that diverged."""

    def show_traces(self, traces: tuple[Trace, ...]) -> None:
        """Show these instead, the first one lowest."""
        self._traces = traces
        found = [bounds for trace in traces if (bounds := trace.bounds()) is not None]
        self._bounds = None
        if found:
            lefts, rights, lows, highs = zip(*found, strict=True)
            self._bounds = min(lefts), max(rights), min(lows), max(highs)
        self._paint_anew()
        self.informViewBoundsChanged()

    def strengthen(self, number: int) -> None:
        """Let the curves of a run stand out; 0: of none."""
        if number != self._strong:
            self._strong = number
            self._paint_anew()

    def _paint_anew(self) -> None:
        self._key = None
        self.update()

    def dataBounds(
        self, ax: int, frac: float = 1.0, orthoRange: tuple[float, float] | None = None
    ) -> tuple[float | None, float | None]:
        """What the axes should reach, for pyqtgraph."""
        if self._bounds is None:
            return None, None
        return self._bounds[:2] if ax == 0 else self._bounds[2:]

    # -- painting --

    def draw(self, painter: QPainter) -> None:
        if not self._traces:
            self.chips, self.crosses = {}, ()
            return
        if painter.paintEngine().type() != QPaintEngine.Type.Raster:  # a vector graphic
            self._draw_traces(painter)
            return
        onto = painter.deviceTransform()
        scale = onto.m11()
        shift = QPointF(onto.dx() % 1.0, onto.dy() % 1.0)
        free = self._kept_free()
        coarse = tuple(round(value / COARSE) for value in (free.left(), free.top(), free.right(), free.bottom()))
        key = (self.size, self._corner.toTuple(), self._pixel, scale, shift.toTuple(), coarse)
        if key != self._key:
            self._key, self._image = key, self._painted(scale, shift)
        painter.drawImage(QPointF(-shift.x() / scale, -shift.y() / scale), self._image)

    def _painted(self, scale: float, shift: QPointF) -> QImage:
        width, height = (int(np.ceil(side * scale)) + 1 for side in self.size)
        image = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(shift)
        painter.scale(scale, scale)
        self._draw_traces(painter)
        painter.end()
        image.setDevicePixelRatio(scale)
        return image

    def _draw_traces(self, painter: QPainter) -> None:
        self.paintings += 1
        for trace in sorted(self._traces, key=lambda trace: trace.number == self._strong):
            strong = trace.number == self._strong
            color = QColor(hue(trace.number) if strong else pale(hue(trace.number)))
            for x, y, dashed in trace.curves:
                pen = QPen(color, STRONG if strong else WIDTH)
                if dashed:
                    pen.setDashPattern([length / pen.widthF() for length in DASHES])
                self._stroke(painter, x, y, pen)
        ends = [(trace, end) for trace in self._traces if (end := self._end(trace)) is not None]
        self.crosses = tuple(end for trace, end in ends if trace.diverged)
        self.chips = self._places(ends)

    def _stroke(self, painter: QPainter, x: Floats, y: Floats, pen: QPen) -> None:
        """A curve where it is in view: two points for each pixel at most, and gaps where it has no value."""
        start, stop = self._in_view(x)
        places, values = outline(y, start, stop, max(64, 2 * int(self.size[0])))
        points = self.pixels(np.stack([x[places], values], axis=1))
        hairline = pen.widthF() * painter.deviceTransform().m11() <= 1.0
        step = max(1, len(points)) if hairline else PIECE
        gone = 0.0
        for first in range(0, len(points) - 1, step):
            part = points[first : first + step + 1]
            if pen.style() == Qt.PenStyle.CustomDashLine:
                pen.setDashOffset(gone / pen.widthF())
            left, top = (np.ascontiguousarray(column) for column in part.T)
            painter.strokePath(pg.arrayToQPath(left, top, connect="finite"), pen)
            gone += float(np.nansum(np.hypot(*np.diff(part, axis=0).T)))

    def _in_view(self, x: Floats) -> tuple[int, int]:
        low, high = np.searchsorted(x, (self._view.left(), self._view.right()))
        return max(0, int(low) - 1), min(x.size, int(high) + 1)

    def _end(self, trace: Trace) -> QPointF | None:
        """Where the first of its curves ends, in view: at the edge of the plot if that is beyond it."""
        for x, y, _ in trace.curves:
            inside = np.flatnonzero(np.isfinite(y) & (x >= self._view.left()) & (x <= self._view.right()))
            if inside.size:
                at = self.point(float(x[inside[-1]]), float(y[inside[-1]]))
                margin = CROSS + 2
                return QPointF(
                    min(max(at.x(), margin), self.size[0] - margin), min(max(at.y(), margin), self.size[1] - margin)
                )
        return None

    def _places(self, ends: list[tuple[Trace, QPointF]]) -> dict[int, QRectF]:
        """A chip beside the end of each curve, inside the plot, none over another or over what is kept free."""
        box = self.getViewBox()
        free = QRectF() if box is None else self._kept_free().translated(-box.scenePos())
        placed: dict[int, QRectF] = {}
        for trace, end in sorted(ends, key=lambda each: each[1].y()):
            width, height = chip_size(trace.number)
            beside = CROSS + 4 if trace.diverged else 3
            place = QRectF(min(end.x() + beside, self.size[0] - width - 1), end.y() - height / 2, width, height)
            if free.intersects(place):
                place.moveRight(free.left() - 2)
            place.moveTop(min(max(place.top(), 1.0), max(1.0, self.size[1] - height - 1)))
            placed[trace.number] = self._beside(place, list(placed.values()))
        return placed

    def _beside(self, place: QRectF, taken: list[QRectF]) -> QRectF:
        """The nearest place above or below, or else on the left, that is not taken."""
        steps = sorted(range(-len(taken) - 8, len(taken) + 9), key=abs)
        for across in range(8):
            for step in steps:
                tried = place.translated(-across * (place.width() + 1), step * (place.height() / 2 + 1))
                inside = tried.top() >= 0 and tried.bottom() <= self.size[1] and tried.left() >= 0
                if inside and not any(tried.intersects(other) for other in taken):
                    return tried
        return place


@final
class EarlierNumbers(ScreenItem):
    """The numbers at the ends of earlier runs, over all curves, and crosses where runs diverged."""

    def __init__(self, curves: EarlierCurves) -> None:
        super().__init__()
        self.setZValue(5)
        self._curves = curves

    def draw(self, painter: QPainter) -> None:
        arm = CROSS * theme().px(100) / 100
        painter.setPen(QPen(theme().color("error"), 2.0))
        for at in self._curves.crosses:
            for way in (1.0, -1.0):
                painter.drawLine(at + QPointF(-arm, -arm * way), at + QPointF(arm, arm * way))
        for number, place in self._curves.chips.items():
            paint_chip(painter, place, number)
