"""What is shown, as a picture or a table on disk."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from pathlib import Path
from typing import TextIO

from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QWidget

from gui.theme import theme

SCALE = 2


def render(widget: QWidget) -> QImage:
    """A widget as an image of twice its size, on the colour of plots."""
    image = QImage(widget.size() * SCALE, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(SCALE)
    image.fill(theme().color("plot"))
    widget.render(image)
    return image


def save_widget(widget: QWidget, path: Path) -> None:
    """Write a widget as PNG (at twice its size) or, by the suffix, as SVG; an old file stays until that is done.

    Raises:
        OSError: the file could not be written.
    """
    beside = path.with_name(path.name + ".part")
    written = _draw_svg(widget, beside) if path.suffix.lower() == ".svg" else render(widget).save(str(beside), b"PNG")
    if not written:
        beside.unlink(missing_ok=True)
        raise OSError(None, "The picture could not be written", str(path))
    beside.replace(path)


def _draw_svg(widget: QWidget, path: Path) -> bool:
    generator = QSvgGenerator()
    generator.setFileName(str(path))
    generator.setSize(widget.size())
    generator.setViewBox(QRect(0, 0, widget.width(), widget.height()))
    painter = QPainter()
    if not path.parent.is_dir() or not painter.begin(generator):
        return False
    painter.fillRect(widget.rect(), theme().color("plot"))
    widget.render(painter, QPoint())
    return painter.end()


def save_table(header: Sequence[str], rows: Iterable[Sequence[object]], path: Path) -> None:
    """Write a table as CSV with full precision; may run in any thread. Raises OSError."""
    beside = path.with_name(path.name + ".part")
    with beside.open("w", newline="", encoding="utf-8") as file:
        _write(header, rows, file)
    beside.replace(path)


def table_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as text that spreadsheets take from the clipboard: fields separated by tabs."""
    text = StringIO()
    _write(header, rows, text, "\t")
    return text.getvalue()


def _write(header: Sequence[str], rows: Iterable[Sequence[object]], file: TextIO, delimiter: str = ",") -> None:
    writer = csv.writer(file, delimiter=delimiter)
    writer.writerow(header)
    writer.writerows(rows)
