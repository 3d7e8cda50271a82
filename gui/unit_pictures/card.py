"""One unit's picture, large: what is under the pointer, live."""

from __future__ import annotations

import math
from typing import Final, final

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from engine.snapshots import Responses
from gui.colormaps import STEPS, diverging
from gui.format import format_number
from gui.theme import theme
from gui.unit_pictures.tray import Tray

SIDE: Final = 176
PAD: Final = 12
_BAR: Final = 8
_AWAY: Final = 10
_LINE: Final = 4


@final
class UnitCard(QWidget):
    """Painted as a whole; the mouse goes through it."""

    def __init__(self, view: QWidget) -> None:
        super().__init__(view)
        self.setObjectName("unitCard")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._view = view
        self._tray: Tray | None = None
        self.index = 0
        self.title = ""
        self.lines: list[str] = []
        self.hide()

    def show_unit(self, tray: Tray, index: int, event: Responses, beside: QRectF) -> None:
        """Show a unit of a block, beside the pictures of all, which are there in the view."""
        self._tray, self.index = tray, index
        self.title, self.lines = self._title(event), self._lines(event)
        px = theme().px
        caption = QFontMetrics(theme().font("caption")).height()
        bold = QFontMetrics(theme().font("strong"))
        wide = QFontMetrics(theme().font("caption"))
        width = max(px(SIDE), *(wide.horizontalAdvance(line) for line in self.lines))
        width = min(max(width, bold.horizontalAdvance(self.title)), px(2 * SIDE)) + 2 * px(PAD)
        height = bold.height() + len(self.lines) * caption + px(SIDE) + 2 * px(PAD) + 2 * px(_LINE)
        if self._has_scale:
            height += px(_BAR) + caption + 3 * px(_LINE)
        self.setFixedSize(width, height)
        self._place(beside)
        self.show()
        self.raise_()
        self.update()

    @property
    def tray(self) -> Tray | None:
        """Whose unit is shown."""
        shown = self._tray is not None and not self.isHidden() and isValid(self._tray)
        return self._tray if shown else None

    def dismiss(self) -> None:
        """Take it away."""
        self._tray = None
        self.hide()

    @property
    def _has_scale(self) -> bool:
        return self._tray is not None and self._tray.shown.image is None

    def _title(self, event: Responses) -> str:
        assert self._tray is not None
        face, shown = self._tray.block.face, self._tray.shown
        if shown.image is not None:
            return face.title
        if shown.units.names:
            return f"{face.title} · {shown.units.names[self.index]}"
        is_map = event.extent is None and shown.units.pictures[0].size > 1
        unit = self.tr("map {0}") if is_map else self.tr("neuron {0}")
        return f"{face.title} · {unit.format(self.index + 1)}"

    def _lines(self, event: Responses) -> list[str]:
        assert self._tray is not None
        shown = self._tray.shown
        lines = []
        if event.samples:
            image = self.tr("Image {0} of {1}").format(event.sample + 1, f"{event.samples:,}")
            lines.append(" · ".join(part for part in (image, event.label) if part))
        if shown.image is not None:
            return [*lines, self.tr("Click for the next image.")]
        low, high = shown.units.ranges[self.index]
        if low == high:
            said = self.tr("It is {0}.") if shown.units.pictures[0].size == 1 else self.tr("It is {0} everywhere.")
            return [*lines, said.format(format_number(float(low)))]
        if math.isnan(low):
            return [*lines, self.tr("Not a number: see the problem of the training.")]
        return [*lines, self.tr("From {0} to {1}").format(format_number(float(low)), format_number(float(high)))]

    def _place(self, beside: QRectF) -> None:
        """Right of the pictures, or left of them: never over what the pointer may go to next."""
        gap = theme().px(_AWAY)
        room = self._view.rect().adjusted(gap, gap, -gap, -gap)
        x = round(beside.right()) + gap
        if x + self.width() > room.right():
            x = round(beside.left()) - gap - self.width()
        y = round(beside.center().y()) - self.height() // 2
        self.move(max(x, room.left()), min(max(y, room.top()), max(room.bottom() - self.height(), room.top())))

    def paintEvent(self, event: QPaintEvent) -> None:
        tray = self.tray
        if tray is None:
            return
        px, colors = theme().px, theme()
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        painter.setPen(colors.pen("border"))
        painter.setBrush(colors.brush("raised"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), px(8), px(8))
        left, y, width = px(PAD), px(PAD), self.width() - 2 * px(PAD)
        painter.setFont(colors.font("strong"))
        painter.setPen(colors.pen("text"))
        metrics = painter.fontMetrics()
        title = metrics.elidedText(self.title, Qt.TextElideMode.ElideRight, width)
        painter.drawText(QRect(left, y, width, metrics.height()), Qt.AlignmentFlag.AlignLeft, title)
        y += metrics.height() + px(_LINE)
        picture = QRectF(left, y, px(SIDE), px(SIDE))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.fillRect(picture.adjusted(-1, -1, 1, 1), colors.brush("control"))
        cut = tray.cut(self.index)
        painter.drawImage(picture, tray.strip.copy(cut.toRect()))  # alone: smoothing would take in its neighbours
        y += px(SIDE) + px(_LINE)
        if self._has_scale:
            y = self._paint_scale(painter, QRect(left, y + px(_LINE), px(SIDE), px(_BAR)))
        painter.setFont(colors.font("caption"))
        painter.setPen(colors.pen("secondary"))
        height = painter.fontMetrics().height()
        for line in self.lines:
            painter.drawText(QRect(left, y, width, height), Qt.AlignmentFlag.AlignLeft, line)
            y += height

    def scale_texts(self, limit: float) -> tuple[str, str, str]:
        """What its ends and its middle are; what lies beyond looks like an end."""
        assert self._tray is not None
        low, high = self._tray.shown.units.ranges[self.index]
        ends = format_number(-limit, 3), format_number(limit, 3)
        return f"≤ {ends[0]}" if low < -limit else ends[0], "0", f"≥ {ends[1]}" if high > limit else ends[1]

    def _paint_scale(self, painter: QPainter, bar: QRect) -> int:
        """Which colour is which number; returns where it ends."""
        assert self._tray is not None
        table = diverging(theme().palette)
        gradient = QLinearGradient(QPointF(bar.topLeft()), QPointF(bar.topRight()))
        for step in range(17):
            red, green, blue = (int(part) for part in table[round(step / 16 * (STEPS - 1))])
            gradient.setColorAt(step / 16, f"#{red:02x}{green:02x}{blue:02x}")
        painter.fillRect(bar.adjusted(-1, -1, 1, 1), theme().brush("control"))
        painter.fillRect(bar, gradient)
        painter.setFont(theme().font("mono_caption"))
        painter.setPen(theme().pen("secondary"))
        limit = float(self._tray.shown.units.limits[self.index])
        metrics = painter.fontMetrics()
        row = QRect(bar.left(), bar.bottom() + theme().px(_LINE), bar.width(), metrics.height())
        sides = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignHCenter, Qt.AlignmentFlag.AlignRight
        for side, text in zip(sides, self.scale_texts(limit), strict=True):
            painter.drawText(row, side, text)
        return row.bottom() + 1 + theme().px(_LINE)
