"""The curve of one weight with a ball on it that can be dragged, zoomed with the wheel, moved with the keyboard."""

from __future__ import annotations

import math
from typing import Final, final

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gui.format import format_number
from gui.plot_style import curve_pen
from gui.plots.hover import HoverCard
from gui.plots.one_weight_marks import HIT, CurveMarks, Scene
from gui.plots.plot import draw, make_plot, place_at
from gui.theme import theme

Floats = NDArray[np.float64]

FADED: Final = 0.35
_NUDGE: Final = 0.005
_ZOOM: Final = 0.8
_WAYS: Final = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}


@final
class OneWeightView(QWidget):
    """Draws what it is given, and tells what a person does with it.

    Keys: left and right move the ball (ten times as far with Shift), + and - zoom, 0 shows everything.

    Signals:
        dragged(float): the ball is held over this weight.
        released(float): it was let go there.
        nudged(float): a key moves it by so much.
        zoomed(): the person chose the range in view.
        fit_wanted(): the person wants the range to follow the ball again.
    """

    dragged = Signal(float)
    released = Signal(float)
    nudged = Signal(float)
    zoomed = Signal()
    fit_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.w: Floats = np.empty(0)
        self.loss: Floats = np.empty(0)
        self._held = False
        self.plot = make_plot(self.tr("The loss over one weight"))
        self._item: pg.PlotItem = self.plot.getPlotItem()
        self._item.setLabel("left", "J(w)")
        self._curve = pg.PlotDataItem()
        self._item.addItem(self._curve)
        self.marks = CurveMarks()
        self.marks.setZValue(10)
        self._item.addItem(self.marks, ignoreBounds=True)
        self._hover = HoverCard(self.plot)
        self.plot.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocusProxy(self.plot)
        self.plot.viewport().setMouseTracking(True)
        self.plot.viewport().installEventFilter(self)
        self.plot.installEventFilter(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.plot)
        self._box = self._item.getViewBox()
        self._box.sigRangeChangedManually.connect(lambda *_: self.zoomed.emit())
        self.plot.scene().sigMouseClicked.connect(self._clicked)
        theme().changed.connect(self._dress)
        self._dress()

    def _dress(self) -> None:
        self._curve.setPen(curve_pen("training", 2.5))
        self.marks.update()

    # -- what is shown --

    @property
    def held(self) -> bool:
        """Whether the ball is being dragged."""
        return self._held

    @property
    def ends(self) -> tuple[float, float]:
        """The range of weights in view."""
        low, high = self._box.viewRange()[0]
        return float(low), float(high)

    def set_name(self, name: str) -> None:
        """Of the weight, for the axis."""
        self._item.setLabel("bottom", name.replace("&", "&amp;").replace("<", "&lt;"))

    def set_curve(self, w: Floats, loss: Floats) -> None:
        """Heights of the curve, (n,) each; those that are not finite are left out."""
        self.w, self.loss = w, loss
        draw(self._curve, w, np.where(np.isfinite(loss), loss, np.nan))

    def set_faded(self, faded: bool) -> None:
        """Show that the curve is one of earlier weights."""
        self._curve.setOpacity(FADED if faded else 1.0)

    def set_range(self, x: tuple[float, float], y: tuple[float, float] | None) -> None:
        """What is in view."""
        self._item.setRange(xRange=x, yRange=y, padding=0.0)

    def loss_at(self, w: float | Floats) -> Floats:
        """The loss at some weights, between the points of the curve by their neighbours; NaN beyond its ends."""
        places = np.asarray(w, dtype=np.float64)
        if not self.w.size:
            return np.full(places.shape, np.nan)
        with np.errstate(all="ignore"):
            return np.asarray(np.interp(places, self.w, self.loss, left=np.nan, right=np.nan))

    def set_scene(self, scene: Scene) -> None:
        """Show this on the curve."""
        scene.held = self._held or self.plot.hasFocus()
        self.marks.set_scene(scene)

    # -- the mouse --

    def ball_at(self) -> QPointF | None:
        """The ball, in pixels of the plot's viewport."""
        ball = self.marks.content.ball
        if ball is None:
            return None
        return QPointF(self.plot.mapFromScene(self._box.mapViewToScene(QPointF(*ball))))

    def point_of(self, w: float, loss: float) -> QPointF:
        """A place of the plot in pixels of its viewport."""
        return QPointF(self.plot.mapFromScene(self._box.mapViewToScene(QPointF(w, loss))))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QMouseEvent) and watched is self.plot.viewport():
            return self._mouse(event)
        if watched is self.plot and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._key(event)
        if watched is self.plot and event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.marks.content.held = event.type() == QEvent.Type.FocusIn
            self.marks.update()
        return super().eventFilter(watched, event)

    def _mouse(self, event: QMouseEvent) -> bool:
        kind, left = event.type(), event.button() == Qt.MouseButton.LeftButton
        point = event.position()
        if kind == QEvent.Type.MouseButtonPress and left and self._over_ball(point):
            self._held = True
            self.plot.setFocus(Qt.FocusReason.MouseFocusReason)
            self.plot.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
            return True
        if kind == QEvent.Type.MouseMove:
            return self._moved(point)
        if kind == QEvent.Type.MouseButtonRelease and left and self._held:
            self._held = False
            self.plot.viewport().unsetCursor()
            self.released.emit(self._weight_at(point))
            return True
        return False

    def _over_ball(self, point: QPointF) -> bool:
        ball = self.ball_at()
        return ball is not None and math.hypot(ball.x() - point.x(), ball.y() - point.y()) <= HIT

    def _moved(self, point: QPointF) -> bool:
        if self._held:
            self.dragged.emit(self._weight_at(point))
            self._hover.hide()
            return True
        if self._over_ball(point):
            self.plot.viewport().setCursor(Qt.CursorShape.OpenHandCursor)
        else:
            self.plot.viewport().unsetCursor()
        place = place_at(self._item, self.plot.mapToScene(point.toPoint()))
        self._hover.show_at(point.toPoint(), "" if place is None else self.words_at(place.x()))
        return False

    def _weight_at(self, point: QPointF) -> float:
        """The weight below a point, inside of what is in view."""
        low, high = self.ends
        return min(max(float(self._box.mapSceneToView(self.plot.mapToScene(point.toPoint())).x()), low), high)

    def words_at(self, w: float) -> str:
        """The curve at a weight."""
        loss = float(self.loss_at(w))
        return "" if math.isnan(loss) else f"w {format_number(w)}\nJ(w) ≈ {format_number(loss)}"

    def _clicked(self, click: object) -> None:
        if click.double():  # type: ignore[attr-defined]
            self.fit_wanted.emit()

    # -- the keyboard --

    def _key(self, event: QKeyEvent) -> bool:
        way = _WAYS.get(Qt.Key(event.key()))
        low, high = self.ends
        if way is not None:
            steps = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
            self.nudged.emit(way * steps * _NUDGE * (high - low))
        elif event.key() in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            factor = 1 / _ZOOM if event.key() == Qt.Key.Key_Minus else _ZOOM
            ball = self.marks.content.ball
            room = QRectF(self._box.viewRect())
            self._box.scaleBy((factor, factor), center=QPointF(*ball) if ball is not None else room.center())
            self.zoomed.emit()
        elif event.key() == Qt.Key.Key_0:
            self.fit_wanted.emit()
        else:
            return False
        return True
