"""What is shown, as a picture or a table on disk."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Final, TextIO, final

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QImage, QImageWriter, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QWidget

from gui.fonts import MONO_FAMILY, TEXT_FAMILY
from gui.theme import theme

SCALE: Final = 2
MARGIN: Final = 16
GAP: Final = 8
NOTE_FLAGS: Final = (
    Qt.AlignmentFlag.AlignLeft.value | Qt.AlignmentFlag.AlignBottom.value | Qt.TextFlag.TextWordWrap.value
)
ELSEWHERE: Final = {
    f"{TEXT_FAMILY},{MONO_FAMILY}": "Inter, Helvetica, Arial, sans-serif",
    f"{MONO_FAMILY},{TEXT_FAMILY}": "JetBrains Mono, Consolas, monospace",
}
"""What an SVG calls our fonts: who opens it has not loaded them."""


@final
@dataclass(frozen=True, slots=True)
class Picture:
    """A widget as it is taken away: on the colour of plots, below what it shows, with room around.

    Attributes:
        title: what is shown.
        note: of what, and when; may be empty.
    """

    widget: QWidget
    title: str
    note: str = ""

    @property
    def size(self) -> QSize:
        """In pixels."""
        around = 2 * theme().px(MARGIN)
        return self.widget.size() + QSize(around, around + self._head().height() + theme().px(GAP))

    def _head(self) -> QRect:
        """The room of the texts: title, and the note below it, in as many lines as it takes."""
        margin, width = theme().px(MARGIN), self.widget.width()
        title = QFontMetrics(theme().font("strong")).height()
        note = QFontMetrics(theme().font("caption")).boundingRect(0, 0, width, 0, NOTE_FLAGS, self.note)
        return QRect(margin, margin, width, title + note.height())

    def paint(self, painter: QPainter) -> None:
        """On a device of that size."""
        painter.fillRect(QRect(QPoint(), self.size), theme().color("plot"))
        head = self._head()
        painter.setPen(theme().color("text"))
        painter.setFont(theme().font("strong"))
        painter.drawText(head, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, self.title)
        painter.setPen(theme().color("secondary"))
        painter.setFont(theme().font("caption"))
        painter.drawText(head, NOTE_FLAGS, self.note)
        top = QPoint(head.left(), head.bottom() + 1 + theme().px(GAP))
        QWidget.render(self.widget, painter, top)  # a graphics view has another method of that name

    def image(self) -> QImage:
        """Of twice its size."""
        image = QImage(self.size * SCALE, QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(SCALE)
        painter = QPainter(image)
        self.paint(painter)
        painter.end()
        return image

    def save(self, path: Path) -> None:
        """Write it as PNG (at twice its size) or, by the suffix, as SVG; an old file stays until that is done.

        Raises:
            OSError: the file could not be written.
        """
        beside = path.with_name(path.name + ".part")
        try:
            beside.write_bytes(self._svg() if path.suffix.lower() == ".svg" else _png(self.image()))
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)

    def _svg(self) -> bytes:
        data = QByteArray()
        buffer = QBuffer(data)
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        generator = QSvgGenerator()
        generator.setOutputDevice(buffer)
        generator.setTitle(self.title)
        generator.setSize(self.size)
        generator.setViewBox(QRect(QPoint(), self.size))
        painter = QPainter(generator)
        self.paint(painter)
        painter.end()
        text = bytes(data.data()).decode()
        for ours, theirs in ELSEWHERE.items():
            text = text.replace(f'"{ours}"', f'"{theirs}"')
        return text.encode()


def _png(image: QImage) -> bytes:
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
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
