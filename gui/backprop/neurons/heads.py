"""What frames the neurons: the names above a column, a strip of all its numbers, and the loss at the end."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPen

from gui.backprop.neurons.chain import Array, Chain, Plans
from gui.backprop.neurons.layout import Layout
from gui.backprop.neurons.sight import Sight
from gui.backprop.neurons.words import function_of, short
from gui.colormaps import colorize, diverging
from gui.fonts import make_font
from gui.plots.pixels import qimage
from gui.theme import theme

LOSS: Final = QSizeF(72, 54)
SMALLER: Final = 0.82
_ALIGN: Final = Qt.AlignmentFlag.AlignCenter


def _tr(text: str) -> str:
    return QCoreApplication.translate("NeuronView", text)


def names_of(chain: Chain, plans: Plans, column: int) -> tuple[str, str]:
    """The block of a column, and what it does."""
    if column == 0:
        return chain.source.rpartition(".")[0], _tr("{0} inputs").format(chain.size(0))
    if column > len(chain.layers):
        assert chain.loss is not None
        plan = plans.get(chain.loss.node)
        return chain.loss.node, str(plan.params["function"]) if plan is not None else ""
    layer = chain.layers[column - 1]
    return layer.dense.node, function_of(layer, plans) or _tr("no activation")


def paint_head(painter: QPainter, layout: Layout, column: int, words: tuple[str, str]) -> None:
    """Both above the column, smaller where they are too long."""
    look, most = theme(), layout.spacing - 8
    x = layout.place(column, layout.rows[column][0])[0]
    for text, normal, tone, top in (
        (words[0], make_font("caption_strong"), "text", 3.0),
        (words[1], make_font("caption"), "secondary", 18.0),
    ):
        font = QFont(normal)
        metrics = QFontMetricsF(font)
        if metrics.horizontalAdvance(text) > most:  # a little smaller, before letters are left out
            font.setPixelSize(round(SMALLER * font.pixelSize()))
            metrics = QFontMetricsF(font)
        painter.setFont(font)
        painter.setPen(look.pen(tone))
        fitted = metrics.elidedText(text, Qt.TextElideMode.ElideRight, most + 6)
        wide = metrics.horizontalAdvance(fitted) + 2
        left = min(max(0.0, x - wide / 2), layout.width - wide)
        painter.drawText(QRectF(left, top, wide, 16), _ALIGN, fitted)


def paint_strip(painter: QPainter, layout: Layout, column: int, numbers: Array, limit: float) -> None:
    """All numbers of a column of which only some are shown, from the first at the left to the last."""
    x = layout.place(column, layout.rows[column][0])[0]
    wide = min(layout.spacing - 16, 96.0)
    room = QRectF(x - wide / 2, 36, wide, 7)
    scale = limit or 1.0
    painter.drawImage(room, qimage(colorize(numbers[None, :], diverging(theme().palette), -scale, scale)))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(theme().pen("border"))
    painter.drawRect(room)


def paint_loss(painter: QPainter, middle: QPointF, sight: Sight, edge: QPen) -> None:
    """The loss, and what becomes of it."""
    look = theme()
    room = QRectF(QPointF(), LOSS)
    room.moveCenter(middle)
    known = sight.phase != "forward" or sight.loss_after is not None
    painter.setBrush(look.brush("raised"))
    painter.setPen(edge)
    painter.drawRoundedRect(room, 10, 10)
    painter.setFont(make_font("mono_caption"))
    rows = ["L"]
    if sight.loss is not None:
        rows.append(short(sight.loss, 9))
    if sight.loss_after is not None:
        rows[0] = _tr("L was") if sight.phase == "forward" else "L → L′"
        rows.append("→ " + short(sight.loss_after, 8))
    high = (room.height() - 8) / len(rows)
    for at, text in enumerate(rows):
        painter.setPen(look.pen("secondary" if at == 0 or not known else "text"))
        painter.drawText(QRectF(room.left(), room.top() + 4 + at * high, room.width(), high), _ALIGN, text)
