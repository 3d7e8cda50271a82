"""What is shown, as a picture or a table on disk."""

from __future__ import annotations

import csv
from pathlib import Path

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QWidget

SCALE = 2


def save_widget(widget: QWidget, path: Path) -> None:
    """Write a widget as PNG (at twice its size) or, by the suffix, as SVG.

    Raises:
        OSError: the file could not be written.
    """
    beside = path.with_name(path.name + ".part")
    if path.suffix.lower() == ".svg":
        generator = QSvgGenerator()
        generator.setFileName(str(beside))
        generator.setSize(widget.size())
        generator.setViewBox(QRect(0, 0, widget.width(), widget.height()))
        painter = QPainter()
        written = painter.begin(generator)
        if written:
            widget.render(painter, QPoint())
            painter.end()
    else:
        image = QImage(widget.size() * SCALE, QImage.Format.Format_ARGB32)
        image.setDevicePixelRatio(SCALE)
        image.fill(Qt.GlobalColor.transparent)
        widget.render(image)
        written = image.save(str(beside), b"PNG")
    if not written:
        raise OSError(None, "The picture could not be written", str(path))
    beside.replace(path)


def save_table(header: list[str], rows: list[list[object]], path: Path) -> None:
    """Write a table as CSV with full precision. Raises OSError."""
    beside = path.with_name(path.name + ".part")
    with beside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    beside.replace(path)
