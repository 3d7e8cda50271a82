"""A graph as PNG, SVG or PDF, or as an image for the clipboard: always light, on white."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from typing import Final, TypeVar

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import (
    QImage,
    QImageWriter,
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
HINTS: Final = (
    QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing | QPainter.RenderHint.SmoothPixmapTransform
)


T = TypeVar("T")
Steps = Generator[float, None, T]
"""Work in steps of a few milliseconds at most, which tell the part that is done. All of them, and so the generator's
making and its end, have to be taken in the palette of paper (`finish`, `PaintJob`)."""


def finish(steps: Steps[T]) -> T:
    """Take all steps at once. Raises what they raise."""
    with theme().painting_in(PAPER):
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]


def draw(project: Project, result: Result, kind: Format, wanted: Wanted) -> bytes:
    """The picture as the content of a file.

    Raises:
        GraphError: there is nothing to draw, or more pixels than memory holds.
    """
    return finish(drawing(project, result, kind, wanted))()


def drawing(project: Project, result: Result, kind: Format, wanted: Wanted) -> Steps[Callable[[], bytes]]:
    """Steps to what writes the content of a file, in any thread. Raises GraphError as `draw`, when stepped."""
    if kind == "png":
        made = yield from imaging(project, result, wanted)
        return lambda: _png(made)
    sheet = yield from making(project, result, wanted)
    data = yield from _svg(sheet, project.name) if kind == "svg" else _pdf(sheet, project.name)
    return lambda: data


def image(project: Project, result: Result, wanted: Wanted) -> QImage:
    """The picture as an image of `wanted.scale` pixels a scene unit. Raises GraphError as `draw`."""
    return finish(imaging(project, result, wanted))


def imaging(project: Project, result: Result, wanted: Wanted) -> Steps[QImage]:
    """Steps to an image of `wanted.scale` pixels a scene unit."""
    sheet = yield from making(project, result, wanted)
    made = QImage(pixels(sheet, wanted.scale), QImage.Format.Format_RGB32)
    made.fill(Qt.GlobalColor.white)
    dots = round(96 / 0.0254 * wanted.scale)
    made.setDotsPerMeterX(dots)
    made.setDotsPerMeterY(dots)
    yield from _on_image(made, sheet, wanted.scale, 1.0)
    return made


def previewing(project: Project, result: Result, wanted: Wanted, room: QSize) -> Steps[tuple[QImage, QSizeF]]:
    """Steps to the picture as small as fits into a room of pixels, and its true size in scene units."""
    sheet = yield from making(project, result, wanted)
    scale = min(room.width() / sheet.area.width(), room.height() / sheet.area.height(), 1.5)
    made = QImage((sheet.area.size() * scale).toSize().expandedTo(QSize(1, 1)), QImage.Format.Format_RGB32)
    made.fill(Qt.GlobalColor.white)
    yield from _on_image(made, sheet, scale, scale)
    return made, sheet.area.size()


def pixels(sheet: Sheet, scale: int) -> QSize:
    """How large an image becomes. Raises GraphError when it is too large."""
    wide, high = math.ceil(sheet.area.width() * scale), math.ceil(sheet.area.height() * scale)
    if wide > MOST_SIDE or high > MOST_SIDE or wide * high > MOST_PIXELS:
        way_out = "Take a smaller scale, a part of the graph, SVG or PDF."
        raise GraphError(f"An image of {wide:,} × {high:,} pixels is too large. {way_out}", code="G24")
    return QSize(wide, high)


# -- formats --


def making(project: Project, result: Result, wanted: Wanted) -> Steps[Sheet]:
    """Steps to a sheet that can be painted, told as the first half of the work. Raises GraphError as `draw`."""
    sheet = Sheet(project, result, wanted)
    for done in sheet.make():
        yield done / 2
    if sheet.is_empty:
        raise GraphError("There is nothing to draw: the graph has no blocks yet.", code="G24")
    return sheet


def _on_image(made: QImage, sheet: Sheet, scale: float, detail: float) -> Steps[None]:
    painter = QPainter(made)
    painter.setRenderHints(HINTS)
    painter.scale(scale, scale)
    yield from _painting(painter, sheet, detail)


def _painting(painter: QPainter, sheet: Sheet, detail: float = 1.0) -> Steps[None]:
    """The second half of the work; the painter comes to its end even where the steps do not."""
    try:
        painter.translate(-sheet.area.topLeft())
        for done in sheet.painting(painter, detail):
            yield 0.5 + done / 2
    finally:
        painter.end()


def _png(picture: QImage) -> bytes:
    data, buffer = _buffer()
    writer = QImageWriter(buffer, QByteArray(b"png"))
    if not writer.write(picture):
        raise GraphError(f"The image could not be made: {writer.errorString()}", code="G24")
    return bytes(data.data())


def _svg(sheet: Sheet, title: str) -> Steps[bytes]:
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
    yield from _painting(painter, sheet)
    return bytes(data.data())


def _pdf(sheet: Sheet, title: str) -> Steps[bytes]:
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
    yield from _painting(painter, sheet)
    return bytes(data.data())


def _buffer() -> tuple[QByteArray, QBuffer]:
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    return data, buffer
