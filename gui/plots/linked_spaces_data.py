"""Data space: the samples, the model as a line, what it misses them by, and two handles to take the line by."""

from __future__ import annotations

import math
from typing import Final, Literal, final

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.weightviews import LinearFit
from gui.format import format_number
from gui.plot_style import curve_pen
from gui.plots.plot import draw, make_plot
from gui.plots.screen_item import ScreenItem
from gui.theme import theme

Floats = NDArray[np.float64]
Handle = Literal["move", "tilt"]

GRIP: Final = 7.0
HIT: Final = 15.0
TILT_AT: Final = 0.82
"""Where the handle that tilts stands, as a part of the width; the one that moves stands in the middle."""
MOST_RESIDUALS: Final = 400
_STEP: Final = 0.01


@final
class DataMarks(ScreenItem):
    """Residuals as thin lines or as squares, and the handles.

    Attributes:
        residuals: (n, 3): x, y of a sample, and what the model says there.
        squares: whether each residual is drawn as the square that the loss takes of it.
        handles: places of the two handles, none where the line cannot be taken.
        held: the one that is dragged.
    """

    def __init__(self) -> None:
        super().__init__()
        self.residuals: Floats = np.empty((0, 3))
        self.squares = False
        self.handles: dict[Handle, tuple[float, float]] = {}
        self.held: Handle | None = None

    def draw(self, painter: QPainter) -> None:
        self._draw_residuals(painter)
        look = theme()
        for name, place in self.handles.items():
            at = self.point(*place)
            if name == self.held:
                halo = QColor(look.color("accent"))
                halo.setAlpha(90)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(halo)
                painter.drawEllipse(at, GRIP + 5, GRIP + 5)
            painter.setPen(QPen(look.color("plot"), 2.0))
            painter.setBrush(look.color("text"))
            painter.drawEllipse(at, GRIP, GRIP)
            painter.setPen(QPen(look.color("plot"), 1.6))
            _draw_sign(painter, at, name)

    def _draw_residuals(self, painter: QPainter) -> None:
        """Blue where the model is too high, orange where it is too low: the sign of prediction − target."""
        for x, y, said in self.residuals.tolist():
            if not math.isfinite(said):
                continue
            name = "positive" if said > y else "negative"
            ink = QColor(theme().color(name))
            ink.setAlpha(150)
            sample, model = self.point(x, y), self.point(x, said)
            painter.setPen(QPen(ink, 1.2))
            if self.squares:
                fill = QColor(ink)
                fill.setAlpha(26)
                painter.setBrush(fill)
                side = abs(model.y() - sample.y())
                left = sample.x() if said > y else sample.x() - side
                painter.drawRect(QRectF(left, min(sample.y(), model.y()), side, side))
            else:
                painter.drawLine(sample, model)


def _draw_sign(painter: QPainter, at: QPointF, name: Handle) -> None:
    """Up and down, or around."""
    if name == "move":
        painter.drawLine(at - QPointF(0, 4), at + QPointF(0, 4))
        for way in (-1, 1):
            tip = at + QPointF(0, way * 4)
            painter.drawLine(tip, tip + QPointF(-2.5, -way * 2.5))
            painter.drawLine(tip, tip + QPointF(2.5, -way * 2.5))
    else:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawArc(QRectF(at.x() - 3.5, at.y() - 3.5, 7, 7), 20 * 16, 250 * 16)


@final
class DataSpaceView(QWidget):
    """Shows a fit with some parameters.

    Keys: up and down move the line, left and right tilt it (ten times as far with Shift).

    Signals:
        line_dragged(float, float): weight and bias of the line as it is held.
        line_released(float, float): it was let go.
        line_nudged(float, float): a key changes weight and bias by so much.
    """

    line_dragged = Signal(float, float)
    line_released = Signal(float, float)
    line_nudged = Signal(float, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._fit: LinearFit | None = None
        self._theta: Floats = np.empty(0)
        self.plot = make_plot(self.tr("Data space: the samples and the model"), self.summary)
        self._item: pg.PlotItem = self.plot.getPlotItem()
        self._box = self._item.getViewBox()
        self._box.setMouseEnabled(False, False)
        self._ghost, self._line = pg.PlotDataItem(), pg.PlotDataItem()
        self._train, self._held_out = pg.ScatterPlotItem(size=6), pg.ScatterPlotItem(size=6)
        self.marks = DataMarks()
        self._item.addItem(self.marks, ignoreBounds=True)
        for item in (self._train, self._held_out, self._ghost, self._line):
            self._item.addItem(item, ignoreBounds=True)
        self.marks.setZValue(10)
        self.plot.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocusProxy(self.plot)
        self.plot.viewport().setMouseTracking(True)
        self.plot.viewport().installEventFilter(self)
        self.plot.installEventFilter(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.plot)
        theme().changed.connect(self._dress)
        self._dress()

    def _dress(self) -> None:
        look = theme()
        self._train.setBrush(QBrush(look.color("secondary")))
        self._train.setPen(None)
        self._held_out.setBrush(None)
        self._held_out.setPen(pg.mkPen(look.color("validation"), width=1.5))
        self._line.setPen(curve_pen("training", 2.5))
        self._ghost.setPen(curve_pen("secondary", 1.5, dashed=True))
        self.marks.update()

    # -- what is shown --

    def set_fit(self, fit: LinearFit) -> None:
        """Other samples."""
        self._fit = fit
        train = fit.split == 0
        self._train.setData(x=fit.x[train], y=fit.y[train])
        self._held_out.setData(x=fit.x[~train], y=fit.y[~train])
        for side, name in zip(("bottom", "left"), fit.names, strict=True):
            self._item.setLabel(side, name.replace("&", "&amp;").replace("<", "&lt;"))
        low, high = float(fit.y.min()), float(fit.y.max())
        spread = (high - low) or 1.0
        ends = (float(fit.at[0]), float(fit.at[-1]))
        self._item.setRange(xRange=ends, yRange=(low - 0.25 * spread, high + 0.25 * spread), padding=0.0)
        self._ghost.clear()

    def summary(self) -> str:
        """The samples and the parameters of the model, in a line."""
        fit = self._fit
        if fit is None:
            return ""
        theta = ", ".join(format_number(float(each)) for each in self._theta)
        words = self.tr("{0} samples of {1} over {2}; the model has the parameters {3}")
        return words.format(len(fit.x), fit.names[1], fit.names[0], theta)

    def set_theta(self, theta: Floats) -> None:
        """The parameters (k,)."""
        fit = self._fit
        if fit is None:
            return
        self._theta = theta
        with np.errstate(all="ignore"):
            draw(self._line, fit.at, fit.along @ theta)
            train = np.flatnonzero(fit.split == 0)
            picked = train[np.linspace(0, train.size - 1, min(MOST_RESIDUALS, train.size)).astype(np.int64)]
            said = fit.features[picked] @ theta
        self.marks.residuals = np.column_stack([fit.x[picked], fit.y[picked], said])
        self.marks.handles = self._handles() if fit.is_line else {}
        self.marks.update()

    def set_ghost(self, theta: Floats | None) -> None:
        """A second line, for parameters that are looked at; None: none."""
        if theta is None or self._fit is None:
            self._ghost.clear()
        else:
            draw(self._ghost, self._fit.at, self._fit.along @ theta)

    def set_squares(self, squares: bool) -> None:
        """Draw residuals as squares."""
        self.marks.squares = squares
        self.marks.update()

    def _handles(self) -> dict[Handle, tuple[float, float]]:
        """On the line, and inside of the picture where the line is."""
        weight, bias = self._theta.tolist()
        (left, right), (low, high) = self._box.viewRange()
        found: dict[Handle, tuple[float, float]] = {}
        shares: tuple[tuple[Handle, float], ...] = (("move", 0.5), ("tilt", TILT_AT))
        for name, share in shares:
            x = left + share * (right - left)
            y = weight * x + bias
            if low <= y <= high:
                found[name] = (x, y)
        return found

    # -- the line in the hand --

    def handle_at(self, name: Handle) -> QPointF | None:
        """A handle in pixels of the plot's viewport; None when it is not in the picture."""
        place = self.marks.handles.get(name)
        return None if place is None else self.point_of(*place)

    def point_of(self, x: float, y: float) -> QPointF:
        """A place of the plot in pixels of its viewport."""
        return QPointF(self.plot.mapFromScene(self._box.mapViewToScene(QPointF(x, y))))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QMouseEvent) and watched is self.plot.viewport():
            return self._mouse(event)
        if watched is self.plot and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._key(event)
        return super().eventFilter(watched, event)

    def _mouse(self, event: QMouseEvent) -> bool:
        kind, left = event.type(), event.button() == Qt.MouseButton.LeftButton
        point, port = event.position(), self.plot.viewport()
        if kind == QEvent.Type.MouseButtonPress and left:
            self.marks.held = self._near(point)
            self.marks.update()
            return self.marks.held is not None
        if kind == QEvent.Type.MouseMove:
            if self.marks.held is None:
                port.setCursor(Qt.CursorShape.OpenHandCursor if self._near(point) else Qt.CursorShape.ArrowCursor)
                return False
            port.setCursor(Qt.CursorShape.ClosedHandCursor)
            self.line_dragged.emit(*self._line_through(self.marks.held, point))
            return True
        if kind == QEvent.Type.MouseButtonRelease and left and self.marks.held is not None:
            held, self.marks.held = self.marks.held, None
            self.line_released.emit(*self._line_through(held, point))
            self.marks.update()
            return True
        return False

    def _near(self, point: QPointF) -> Handle | None:
        for name in self.marks.handles:
            at = self.handle_at(name)
            if at is not None and math.hypot(at.x() - point.x(), at.y() - point.y()) <= HIT:
                return name
        return None

    def _line_through(self, held: Handle, point: QPointF) -> tuple[float, float]:
        """Weight and bias when a handle is held at a point: moved as it is, or turned around the other handle."""
        weight, bias = self._theta.tolist()
        place = self._box.mapSceneToView(self.plot.mapToScene(point.toPoint()))
        (left, right), (low, high) = self._box.viewRange()
        y = min(max(float(place.y()), low), high)
        middle = (left + right) / 2
        if held == "move":
            return weight, y - weight * middle
        pivot = weight * middle + bias
        turned = (y - pivot) / (left + TILT_AT * (right - left) - middle)
        return turned, pivot - turned * middle

    def _key(self, event: QKeyEvent) -> bool:
        if self._fit is None or not self._fit.is_line:
            return False
        (left, right), (low, high) = self._box.viewRange()
        step = _STEP * (10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
        rise = step * (high - low)
        ways = {
            Qt.Key.Key_Up: (0.0, rise),
            Qt.Key.Key_Down: (0.0, -rise),
            Qt.Key.Key_Right: (2 * rise / (right - left), 0.0),
            Qt.Key.Key_Left: (-2 * rise / (right - left), 0.0),
        }
        way = ways.get(Qt.Key(event.key()))
        if way is None:
            return False
        weight, bias = way
        self.line_nudged.emit(weight, bias - weight * (left + right) / 2)
        return True
