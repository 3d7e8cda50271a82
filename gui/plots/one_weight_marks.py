"""What lies on the curve of one weight: a ball, where it came from, the tangent below it, and its next step."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final, final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from gui.format import format_number
from gui.plots.screen_item import ScreenItem, write
from gui.theme import theme

Floats = NDArray[np.float64]

BALL: Final = 7.5
HIT: Final = 16.0
"""Pixels around the ball in which it can be caught."""
TANGENT: Final = 70.0
OLD: Final = 60
"""Places after which a dot is faint."""
LEAST_STEP: Final = 5.0
"""Pixels below which a step is not drawn."""


@final
@dataclass(slots=True)
class Scene:
    """What is drawn, in units of the plot.

    Attributes:
        ball: the place of the weight; None while nothing is known of it.
        out: -1 or 1 when the weight is beyond the left or right end; `out_text` says where.
        trail: places it was at, oldest first, (n, 2).
        slope: of the tangent; None: no tangent.
        step: where the next update leads, on the curve; its height is NaN when that is beyond the curve. `step_text`
            is written at the arrow.
        held: whether the ball is dragged, or has the keyboard.
    """

    ball: tuple[float, float] | None = None
    out: int = 0
    out_text: str = ""
    trail: Floats = field(default_factory=lambda: np.empty((0, 2)))
    slope: float | None = None
    step: tuple[float, float] | None = None
    step_text: str = ""
    held: bool = False


@final
class CurveMarks(ScreenItem):
    """Paints a scene over a curve."""

    def __init__(self) -> None:
        super().__init__()
        self.content = Scene()

    def set_scene(self, scene: Scene) -> None:
        """Paint this from now on."""
        self.content = scene
        self.update()

    def draw(self, painter: QPainter) -> None:
        scene = self.content
        self._draw_trail(painter, scene.trail)
        if scene.out:
            self._draw_out(painter, scene.out, scene.out_text)
        if scene.ball is None:
            return
        ball = self.point(*scene.ball)
        if scene.slope is not None:
            self._draw_tangent(painter, ball, scene.slope)
        if scene.step is not None:
            self._draw_step(painter, ball, scene)
        self._draw_ball(painter, ball, held=scene.held)

    def _draw_trail(self, painter: QPainter, trail: Floats) -> None:
        """Dots and the hops between them, the older the fainter."""
        known = trail[np.isfinite(trail).all(axis=1)]
        if len(known) < 2:
            return
        points = self.pixels(known)
        ages = np.linspace(1, len(points), len(points)) - len(points)
        ages = 0.8 * np.clip(1 + ages / OLD, 0.1, 1.0)
        ink = QColor(theme().color("text"))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for place in range(1, len(points)):
            ink.setAlphaF(float(ages[place]) * 0.45)
            painter.setPen(QPen(ink, 1.2))
            painter.drawLine(QPointF(*points[place - 1].tolist()), QPointF(*points[place].tolist()))
        painter.setPen(Qt.PenStyle.NoPen)
        for place in range(len(points) - (self.content.ball is not None)):
            ink.setAlphaF(float(ages[place]))
            painter.setBrush(ink)
            painter.drawEllipse(QPointF(*points[place].tolist()), 3.2, 3.2)

    def _draw_ball(self, painter: QPainter, ball: QPointF, *, held: bool) -> None:
        look = theme()
        if held:
            halo = QColor(look.color("accent"))
            halo.setAlpha(90)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(halo)
            painter.drawEllipse(ball, BALL + 5, BALL + 5)
        painter.setPen(QPen(look.color("plot"), 2.0))
        painter.setBrush(look.color("text"))
        painter.drawEllipse(ball, BALL, BALL)

    def _draw_tangent(self, painter: QPainter, ball: QPointF, slope: float) -> None:
        """Blue where the loss rises with the weight, orange where it falls."""
        assert self.content.ball is not None
        x, y = self.content.ball
        there = self.point(x + 1e-3 * (self.viewRect().width() or 1.0), y + 1e-3 * self.viewRect().width() * slope)
        way = there - ball
        length = math.hypot(way.x(), way.y())
        if not math.isfinite(slope) or length == 0:
            return
        along = way / length
        name = "positive" if slope > 0 else "negative" if slope < 0 else "secondary"
        painter.setPen(QPen(theme().color(name), 2.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(ball - along * TANGENT, ball + along * TANGENT)
        uphill = along if slope >= 0 else -along  # the step goes the other way: there is room for words
        words = f"dJ/dw = {format_number(slope)}"
        wide = QFontMetricsF(theme().font("mono_caption")).horizontalAdvance(words)
        side = 1.0 if uphill.x() >= 0 else -1.0
        aside = QPointF(side * abs(along.y()) * (wide / 2 + 10), -abs(along.x()) * 13)
        tone = theme().color(name if name == "secondary" else f"{name}_text")
        write(painter, words, self._beside(ball, ball + uphill * TANGENT * 0.9 + aside, wide), tone, self.size)

    def _beside(self, ball: QPointF, at: QPointF, wide: float) -> QPointF:
        """Where words may have their middle without lying below the ball: above it or, at the top, under it."""
        high = QFontMetricsF(theme().font("mono_caption")).height()
        at = QPointF(min(max(at.x(), wide / 2 + 4), max(wide / 2 + 4, self.size[0] - wide / 2 - 4)), at.y())
        clear = BALL + 2 + high / 2
        if abs(at.x() - ball.x()) >= wide / 2 + BALL + 2 or abs(at.y() - ball.y()) >= clear:
            return at
        above = ball.y() - clear
        return QPointF(at.x(), above if above >= high / 2 + 2 else ball.y() + clear)

    def _draw_step(self, painter: QPainter, ball: QPointF, scene: Scene) -> None:
        """From the ball straight to where the weight will be, then down or up to the curve."""
        assert scene.step is not None
        w, height = scene.step
        end = QPointF(self.point(w, 0.0).x(), ball.y())
        inside = min(max(end.x(), 3.0), self.size[0] - 3.0)
        leaves, end = inside != end.x(), QPointF(inside, end.y())
        if abs(end.x() - ball.x()) < LEAST_STEP:
            return
        ink = theme().color("warning")
        painter.setPen(QPen(ink, 2.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
        side = 1.0 if end.x() > ball.x() else -1.0
        painter.drawLine(ball + QPointF(side * BALL, 0), end - QPointF(side * min(6.0, abs(end.x() - ball.x())), 0))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink)
        painter.drawPolygon(QPolygonF([end, end + QPointF(-side * 9, -5), end + QPointF(-side * 9, 5)]))
        if not leaves and math.isfinite(height):
            landing = self.point(w, height)
            painter.setPen(QPen(ink, 1.2, Qt.PenStyle.DotLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawLine(end, landing)
            painter.setPen(QPen(ink, 2.0))
            painter.drawEllipse(landing, BALL - 1.5, BALL - 1.5)
        middle = (ball.x() + end.x()) / 2
        above = ball.y() - 12 if ball.y() > 26 else ball.y() + 14
        write(painter, scene.step_text, QPointF(middle, above), theme().color("warning_text"), self.size)

    def _draw_out(self, painter: QPainter, side: int, text: str) -> None:
        """A sign at the edge that it has left by."""
        ink, (width, height) = theme().color("error"), self.size
        edge = QPointF(width - 4 if side > 0 else 4, height / 2)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink)
        painter.drawPolygon(QPolygonF([edge, edge - QPointF(side * 14, 9), edge - QPointF(side * 14, -9)]))
        write(painter, text, edge - QPointF(side * 70, 22), theme().color("error_text"), self.size)
