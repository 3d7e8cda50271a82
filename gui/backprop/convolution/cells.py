"""How cells of numbers are painted: their numbers, places without a number, and the scale of their colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter

from gui.colormaps import colorize, diverging, sign_color
from gui.colors import ink_on
from gui.format import format_number
from gui.plots.pixels import qimage
from gui.theme import theme

BAR: Final = 7


def hatch(painter: QPainter, area: QRectF, surface: str) -> None:
    """Padding, or a place without a number: stripes on a colour of the palette."""
    painter.fillRect(area, theme().brush(surface))
    painter.fillRect(area, QBrush(theme().color("border"), Qt.BrushStyle.BDiagPattern))


def write_number(painter: QPainter, cell: QRectF, lines: Sequence[str], value: float, limit: float) -> None:
    """Lines into a cell in the colour of a number; where there is no room, the last one, or only what fits of it."""
    painter.setPen(QColor(ink_on(sign_color(value, limit, theme().palette).name())))
    metrics = painter.fontMetrics()

    def fits(line: str) -> bool:
        return metrics.horizontalAdvance(line) < cell.width()

    if not all(fits(line) for line in lines) or len(lines) * metrics.height() > cell.height():
        lines = lines[-1:]
    if not fits(lines[-1]):
        lines = (shortened(value),)
    if fits(lines[-1]):
        painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, "\n".join(lines))


def shortened(value: float) -> str:
    """A number in as few signs as say how large it is: `-.05`, `2e-5`."""
    text = format_number(value, 1)
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def paint_scale(painter: QPainter, top: float, wide: int, limit: float) -> None:
    """From the most negative over zero to the most positive."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    bar = QRectF(1, top, wide, theme().px(BAR))
    ramp = np.linspace(-1.0, 1.0, 65)[None, :]
    painter.drawImage(bar, qimage(colorize(ramp, diverging(theme().palette), -1.0, 1.0)))
    painter.setPen(theme().pen("line"))
    painter.drawRect(bar)
    painter.setFont(theme().font("mono_caption"))
    painter.setPen(theme().pen("secondary"))
    words = QRectF(0, bar.bottom() + 1, wide + 2, painter.fontMetrics().height())
    text = format_number(limit, 2)
    for part, side in (
        (f"-{text}", Qt.AlignmentFlag.AlignLeft),
        ("0", Qt.AlignmentFlag.AlignHCenter),
        (text, Qt.AlignmentFlag.AlignRight),
    ):
        painter.drawText(words, side | Qt.AlignmentFlag.AlignTop, part)
