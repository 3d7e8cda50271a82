"""A picture on a printer's pages: all of it on one, or at its full size on as many as that takes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final, Literal, final

from PySide6.QtCore import QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QImage, QPageLayout, QPainter
from PySide6.QtPrintSupport import QPrinter

from gui.paper import PaperPainter
from gui.pictures.drawing import HINTS, POINTS, Steps
from gui.pictures.sheet import Sheet

Spread = Literal["one", "full"]
"""`one`: fitted onto one page, not larger than on the screen; `full`: as large as on the screen, page after page."""
FINER: Final = 3.0
"""So much smaller than on a screen may be what is still read on paper."""
_POINT: Final = QPageLayout.Unit.Point


@final
class Pages:
    """Which part of a sheet stands on which page.

    Attributes:
        parts: of the sheet, in scene units, row by row; pages on which nothing would stand are left out.
        scale: 1 where the picture is as large as on the screen.
    """

    def __init__(self, sheet: Sheet, layout: QPageLayout, spread: Spread) -> None:
        self.sheet, self.layout = sheet, layout
        room, area = layout.paintRect(_POINT).size() / POINTS, sheet.area
        self.scale, self.parts = 1.0, [area]
        if spread == "one":
            self.scale = min(room.width() / area.width(), room.height() / area.height(), 1.0)
            return
        columns, rows = math.ceil(area.width() / room.width()), math.ceil(area.height() / room.height())
        left = area.left() - (columns * room.width() - area.width()) / 2
        tiles = (
            QRectF(left + column * room.width(), area.top() + row * room.height(), room.width(), room.height())
            for row in range(rows)
            for column in range(columns)
        )
        self.parts = [tile for tile in tiles if sheet.has(tile)]

    def printing(self, printer: QPrinter) -> Steps[None]:
        """Steps to the pages on paper: those that the printer was asked for, or all.

        Left before the end, no file stays; a printer that can be stopped is.
        """
        parts, over = self.parts, False
        if printer.printRange() == QPrinter.PrintRange.PageRange and printer.fromPage():
            parts = parts[printer.fromPage() - 1 : printer.toPage()] or parts
        painter = PaperPainter(printer, outlines=False)
        try:
            for number, part in enumerate(parts):
                if number:
                    printer.newPage()
                painter.resetTransform()
                painter.setClipping(False)
                painter.scale(printer.logicalDpiX() / 72.0, printer.logicalDpiY() / 72.0)
                for done in self._page(painter, part, FINER * self.scale):
                    yield (number + done) / len(parts)
            over = True
        finally:
            if not over:
                printer.abort()
            painter.end()
            if not over and printer.outputFileName():
                Path(printer.outputFileName()).unlink(missing_ok=True)

    def showing(self, number: int, room: QSize, ratio: float) -> Steps[QImage]:
        """Steps to one page with its margins, as large as a room lets it be; with so many pixels of it a unit."""
        paper = self.layout.fullRect(_POINT).size()
        shown = paper.scaled(QSizeF(room), Qt.AspectRatioMode.KeepAspectRatio)
        made = QImage((shown * ratio).toSize(), QImage.Format.Format_RGB32)
        made.setDevicePixelRatio(ratio)
        made.fill(Qt.GlobalColor.white)
        painter = QPainter(made)
        points = shown.width() / paper.width()
        painter.scale(points, points)
        painter.translate(self.layout.paintRect(_POINT).topLeft())
        try:
            yield from self._page(painter, self.parts[number], points * ratio * POINTS * self.scale)
        finally:
            painter.end()
        return made

    def _page(self, painter: QPainter, part: QRectF, detail: float) -> Steps[None]:
        """One page, from the painter's origin in points."""
        painter.setRenderHints(HINTS)
        room, scale = self.layout.paintRect(_POINT).size(), POINTS * self.scale
        painter.setClipRect(QRectF(0, 0, room.width(), room.height()))
        painter.translate((room.width() - part.width() * scale) / 2, 0.0)
        painter.scale(scale, scale)
        painter.translate(-part.topLeft())
        yield from self.sheet.painting(painter, detail, within=part)
