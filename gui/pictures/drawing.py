"""A graph as PNG, SVG or PDF, as an image for the clipboard, or on a printer's page: always light, on white."""

from __future__ import annotations

import math
from typing import Final

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import (
    QImage,
    QImageWriter,
    QPagedPaintDevice,
    QPageLayout,
    QPageSize,
    QPainter,
    QPdfWriter,
    QTransform,
)
from PySide6.QtSvg import QSvgGenerator

from engine.graph import Project
from engine.problem import GraphError
from engine.result import Result
from gui.colors import PAPER
from gui.paper import PaperPainter
from gui.pictures.sheet import Format, Sheet, Wanted
from gui.theme import theme

SCALES: Final = (1, 2, 3, 4)
MOST_PIXELS: Final = 268_435_456
"""Pixels of an image at most: a gibibyte of memory."""
MOST_SIDE: Final = 32_000
POINTS: Final = 0.75
"""Points of a page a scene unit: a scene unit is a pixel of which 96 make an inch."""
_PDF_DPI: Final = 1200
_HINTS: Final = (
    QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing | QPainter.RenderHint.SmoothPixmapTransform
)


def draw(project: Project, result: Result, kind: Format, wanted: Wanted) -> bytes:
    """The picture as the content of a file.

    Raises:
        GraphError: there is nothing to draw, or more pixels than memory holds.
    """
    if kind == "png":
        return _png(image(project, result, wanted))
    with theme().painting_in(PAPER):
        sheet = _sheet(project, result, wanted)
        return _svg(sheet, project.name) if kind == "svg" else _pdf(sheet, project.name)


def image(project: Project, result: Result, wanted: Wanted) -> QImage:
    """The picture as an image of `wanted.scale` pixels a scene unit. Raises GraphError as `draw`."""
    with theme().painting_in(PAPER):
        sheet = _sheet(project, result, wanted)
        size = pixels(sheet, wanted.scale)
        made = QImage(size, QImage.Format.Format_RGB32)
        made.fill(Qt.GlobalColor.white)
        dots = round(96 / 0.0254 * wanted.scale)
        made.setDotsPerMeterX(dots)
        made.setDotsPerMeterY(dots)
        painter = QPainter(made)
        painter.setRenderHints(_HINTS)
        painter.scale(wanted.scale, wanted.scale)
        painter.translate(-sheet.area.topLeft())
        sheet.paint(painter)
        painter.end()
        return made


def preview(project: Project, result: Result, wanted: Wanted, room: QSize) -> tuple[QImage, QSizeF]:
    """The picture as small as fits into a room of pixels, and its true size in scene units. Raises GraphError."""
    with theme().painting_in(PAPER):
        sheet = _sheet(project, result, wanted)
        scale = min(room.width() / sheet.area.width(), room.height() / sheet.area.height(), 1.5)
        made = QImage((sheet.area.size() * scale).toSize().expandedTo(QSize(1, 1)), QImage.Format.Format_RGB32)
        made.fill(Qt.GlobalColor.white)
        painter = QPainter(made)
        painter.setRenderHints(_HINTS)
        painter.scale(scale, scale)
        painter.translate(-sheet.area.topLeft())
        sheet.paint(painter, scale)
        painter.end()
        return made, sheet.area.size()


def pixels(sheet: Sheet, scale: int) -> QSize:
    """How large an image becomes. Raises GraphError when it is too large."""
    wide, high = math.ceil(sheet.area.width() * scale), math.ceil(sheet.area.height() * scale)
    if wide > MOST_SIDE or high > MOST_SIDE or wide * high > MOST_PIXELS:
        way_out = "Take a smaller scale, a part of the graph, SVG or PDF."
        raise GraphError(f"An image of {wide:,} × {high:,} pixels is too large. {way_out}", code="G24")
    return QSize(wide, high)


def paint_page(device: QPagedPaintDevice, project: Project, result: Result, wanted: Wanted) -> None:
    """Fit the picture onto one page of a printer, not larger than on the screen. Raises GraphError as `draw`."""
    with theme().painting_in(PAPER):
        sheet = _sheet(project, result, wanted)
        painter = PaperPainter(device, outlines=False)
        painter.setRenderHints(_HINTS)
        room = QRectF(painter.viewport())
        largest = device.logicalDpiX() / 96.0
        scale = min(room.width() / sheet.area.width(), room.height() / sheet.area.height(), largest)
        left = (room.width() - sheet.area.width() * scale) / 2
        painter.translate(left, 0.0)
        painter.scale(scale, scale)
        painter.translate(-sheet.area.topLeft())
        sheet.paint(painter)
        painter.end()


def is_wide(project: Project, result: Result, wanted: Wanted) -> bool:
    """Whether the picture suits a page in landscape. Raises GraphError when there is nothing to draw."""
    with theme().painting_in(PAPER):
        area = _sheet(project, result, wanted).area
    return area.width() > area.height()


# -- formats --


def _sheet(project: Project, result: Result, wanted: Wanted) -> Sheet:
    sheet = Sheet(project, result, wanted)
    if sheet.is_empty:
        raise GraphError("There is nothing to draw: the graph has no blocks yet.", code="G24")
    return sheet


def _png(picture: QImage) -> bytes:
    data, buffer = _buffer()
    writer = QImageWriter(buffer, QByteArray(b"png"))
    if not writer.write(picture):
        raise GraphError(f"The image could not be made: {writer.errorString()}", code="G24")
    return bytes(data.data())


def _svg(sheet: Sheet, title: str) -> bytes:
    data, buffer = _buffer()
    generator = QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)
    generator.setOutputDevice(buffer)
    generator.setResolution(96)
    generator.setSize(sheet.area.size().toSize())
    generator.setViewBox(QRectF(QPointF(), sheet.area.size()))
    generator.setTitle(title)
    generator.setDescription("Chainrule")
    painter = PaperPainter(generator, outlines=True)
    painter.fillRect(QRectF(QPointF(), sheet.area.size()), Qt.GlobalColor.white)
    painter.translate(-sheet.area.topLeft())
    sheet.paint(painter)
    painter.end()
    return bytes(data.data())


def _pdf(sheet: Sheet, title: str) -> bytes:
    data, buffer = _buffer()
    writer = QPdfWriter(buffer)
    writer.setResolution(_PDF_DPI)
    writer.setTitle(title)
    writer.setCreator("Chainrule")
    size = QSizeF(sheet.area.width() * POINTS, sheet.area.height() * POINTS)
    page = QPageSize(size, QPageSize.Unit.Point, "", QPageSize.SizeMatchPolicy.ExactMatch)
    writer.setPageLayout(QPageLayout(page, QPageLayout.Orientation.Portrait, QMarginsF()))
    painter = PaperPainter(writer, outlines=False)
    painter.setTransform(QTransform.fromScale(_PDF_DPI / 96.0, _PDF_DPI / 96.0))
    painter.translate(-sheet.area.topLeft())
    sheet.paint(painter)
    painter.end()
    return bytes(data.data())


def _buffer() -> tuple[QByteArray, QBuffer]:
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    return data, buffer
