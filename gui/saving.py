"""What is shown, as a picture or a table on disk."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from pathlib import Path
from typing import TextIO

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPoint
from PySide6.QtGui import QImage, QImageWriter, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QWidget

from gui.theme import theme

SCALE = 2


def render(widget: QWidget) -> QImage:
    """A widget as an image of twice its size, on the colour of plots."""
    image = QImage(widget.size() * SCALE, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(SCALE)
    image.fill(theme().color("plot"))
    QWidget.render(widget, image)  # a graphics view has another method of that name
    return image


def save_widget(widget: QWidget, path: Path) -> None:
    """Write a widget as PNG (at twice its size) or, by the suffix, as SVG; an old file stays until that is done.

    Raises:
        OSError: the file could not be written.
    """
    beside = path.with_name(path.name + ".part")
    try:
        if path.suffix.lower() == ".svg":
            beside.write_bytes(_svg(widget))
        else:
            beside.write_bytes(_png(render(widget)))
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _png(image: QImage) -> bytes:
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    return bytes(data.data())


def _svg(widget: QWidget) -> bytes:
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setSize(widget.size())
    generator.setViewBox(widget.rect())
    painter = QPainter(generator)
    painter.fillRect(widget.rect(), theme().color("plot"))
    QWidget.render(widget, painter, QPoint())
    painter.end()
    return bytes(data.data())


def save_table(header: Sequence[str], rows: Iterable[Sequence[object]], path: Path) -> None:
    """Write a table as CSV with full precision; may run in any thread. Raises OSError."""
    beside = path.with_name(path.name + ".part")
    try:
        with beside.open("w", newline="", encoding="utf-8") as file:
            _write(header, rows, file)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def table_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as text that spreadsheets take from the clipboard: fields separated by tabs."""
    text = StringIO()
    _write(header, rows, text, "\t")
    return text.getvalue()


def _write(header: Sequence[str], rows: Iterable[Sequence[object]], file: TextIO, delimiter: str = ",") -> None:
    writer = csv.writer(file, delimiter=delimiter)
    writer.writerow(header)
    writer.writerows(rows)
