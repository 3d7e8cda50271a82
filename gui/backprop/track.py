"""The slider over the moments of a step, its parts marked: forward, loss, backward, updates."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final, final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QSlider, QWidget

from gui.backprop.symbols import COLORS, SIGNS
from gui.theme import theme

_GROOVE: Final = 8
_HEIGHT: Final = 40
_SIGN_FROM: Final = 14.0


@final
class MomentTrack(QSlider):
    """A segment for each moment in the colour of its phase, with its sign where there is room; names below."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setObjectName("backpropTrack")
        self.setAccessibleName(self.tr("Moment of the step"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setRange(0, 0)
        self.setPageStep(1)
        theme().changed.connect(self._rescale)
        self._rescale()
        self._phases: tuple[str, ...] = ()

    def _rescale(self) -> None:
        self.setFixedHeight(theme().px(_HEIGHT))

    def set_phases(self, phases: Sequence[str]) -> None:
        """One phase a moment."""
        self._phases = tuple(phases)
        self.setRange(0, max(0, len(phases) - 1))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme().px(320), theme().px(_HEIGHT))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().px(160), theme().px(_HEIGHT))

    def _groove(self) -> QRectF:
        return QRectF(8.0, theme().px(8), self.width() - 16.0, theme().px(_GROOVE))

    def _step(self) -> float:
        return self._groove().width() / max(1, len(self._phases))

    def paintEvent(self, event: QPaintEvent) -> None:
        look = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        groove, step = self._groove(), self._step()
        painter.setFont(look.font("caption"))
        for at, phase in enumerate(self._phases):
            segment = QRectF(groove.left() + at * step + 0.5, groove.top(), max(1.0, step - 1.0), groove.height())
            color = QColor(look.color(COLORS[phase]))
            if at > self.value():
                color.setAlpha(90)
            painter.fillRect(segment, color)
        self._paint_names(painter, groove, step)
        middle = QPointF(groove.left() + (self.value() + 0.5) * step, groove.center().y())
        if self._phases:
            painter.setPen(look.pen("accent" if self.hasFocus() else "text", 2.0))
            painter.setBrush(look.brush("panel"))
            painter.drawEllipse(middle, look.px(7), look.px(7))

    def _paint_names(self, painter: QPainter, groove: QRectF, step: float) -> None:
        """Names where the phases begin, as far as there is room; of short ones their signs."""
        names = {
            "forward": self.tr("Forward"),
            "loss": self.tr("Loss"),
            "backward": self.tr("Backward"),
            "update": self.tr("Update"),
        }
        metrics, free, told = QFontMetricsF(painter.font()), -1.0, set[str]()
        at = 0
        for phase, run in groupby(self._phases):
            left, count = groove.left() + at * step, len(list(run))
            at += count
            text = f"{SIGNS[phase]} {names[phase]}"
            if metrics.horizontalAdvance(text) > count * step and (phase in told or phase in ("loss", "update")):
                text = SIGNS[phase]  # the others take up what room there is
            wide = metrics.horizontalAdvance(text)
            left = min(left, self.width() - wide - 2.0)
            if left < free:
                continue
            told.add(phase)
            painter.setPen(theme().pen("secondary"))
            box = QRectF(left, groove.bottom() + 3.0, wide + 2.0, self.height() - groove.bottom() - 3.0)
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
            free = left + wide + 4.0

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._go(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event.position().x())

    def _go(self, x: float) -> None:
        self.setValue(int((x - self._groove().left()) / self._step()))
