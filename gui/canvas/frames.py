"""A frame on the canvas: a titled rectangle behind the blocks."""

from __future__ import annotations

from typing import Final, final

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPainterPath

from engine.decorations import Frame
from gui.canvas.decor_item import DecorItem
from gui.canvas.geometry import RADIUS
from gui.canvas.look import Detail
from gui.canvas.tints import tints

TITLE_PX: Final = 15.0
LEAST_TITLE_PX: Final = 12.0
"""Size of the title, in scene units and at least on the screen, so that it can be read from afar."""
BAR: Final = 1.9
"""Height of the title bar, in sizes of the title."""
PAD: Final = 12.0
_Z: Final = -10.0


@final
class FrameItem(DecorItem):
    """Taken by its title bar and its edges; what lies on it is not covered."""

    welcoming = False
    """Whether blocks are dragged over it that would stand on it."""

    def set_welcoming(self, on: bool) -> None:
        """Look as if blocks were welcome, or as usual."""
        if on != self.welcoming:
            self.welcoming = on
            self.update()

    def fill(self) -> None:
        assert isinstance(self.decoration, Frame)
        self.title = self.decoration.title
        # Smaller frames lie in front, so that frames within frames can be seen and taken.
        self.setZValue(_Z - min(self.size.width() * self.size.height() * 1e-9, 5.0))

    def title_px(self) -> float:
        """Size of the title at the present scale, in scene units; never so large that the bar fills the frame."""
        wanted = max(TITLE_PX, LEAST_TITLE_PX / self.look.scale)
        return min(wanted, self.size.height() / 2 / BAR)

    def bar(self) -> QRectF:
        """The title bar in the item's coordinates."""
        return QRectF(0.0, 0.0, self.size.width(), self.title_px() * BAR)

    def is_solid_at(self, local: QPointF) -> bool:
        return self.bar().contains(local)

    def draw(self, painter: QPainter) -> None:
        assert isinstance(self.decoration, Frame)
        shades, bar = tints(self.decoration.color), self.bar()
        rim = min(1.0 / self.look.scale, 3.0) if self.look.scale < 1.0 else 1.0
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(shades.rim)
        painter.drawRoundedRect(self.size, RADIUS, RADIUS)
        inner = self.size.adjusted(rim, rim, -rim, -rim)
        painter.setBrush(shades.bar if self.welcoming else shades.ground)
        painter.drawRoundedRect(inner, RADIUS - 1.0, RADIUS - 1.0)
        painter.setBrush(shades.bar)
        painter.drawPath(_top(inner, bar.height() - rim))
        if self.look.detail is not Detail.SHAPES:
            self.draw_title(painter)
        self.draw_ring(painter)

    def draw_title(self, painter: QPainter) -> None:
        """Write the title; from afar, where wires and blocks are drawn before it, on a ground of its own."""
        assert isinstance(self.decoration, Frame)
        px, bar = self.title_px(), self.bar()
        if px * self.look.scale < 5.0 or not self.title:
            return
        font = QFont(self.look.name_font)
        font.setPixelSize(max(1, round(px)))
        metrics = QFontMetricsF(font)
        pad = min(PAD * px / TITLE_PX, self.size.width() / 8)
        text = metrics.elidedText(self.title, Qt.TextElideMode.ElideRight, self.size.width() - 2 * pad)
        if self.look.detail is Detail.SHAPES:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(tints(self.decoration.color).bar)
            painter.drawRect(
                QRectF(0.0, 0.0, min(metrics.horizontalAdvance(text) + 2 * pad, bar.width()), bar.height())
            )
        painter.setPen(self.look.text)
        painter.setFont(font)
        painter.drawText(QPointF(pad, bar.center().y() + (metrics.ascent() - metrics.descent()) / 2), text)
        painter.setPen(Qt.PenStyle.NoPen)

    def described(self) -> str:
        tr = QCoreApplication.translate
        return tr("Frames", "Frame {0}").format(self.title or tr("Frames", "without a title"))


def _top(box: QRectF, height: float) -> QPainterPath:
    """The upper part of a rounded rectangle."""
    whole, part = QPainterPath(), QPainterPath()
    whole.addRoundedRect(box, RADIUS - 1.0, RADIUS - 1.0)
    part.addRect(QRectF(box.left(), box.top(), box.width(), height))
    return whole.intersected(part)
