"""Painting on paper: vector formats, where text is to be the same on every machine and icons are no pixels."""

from __future__ import annotations

from typing import Final, final

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QBrush,
    QFont,
    QFontMetricsF,
    QPagedPaintDevice,
    QPaintDevice,
    QPainter,
    QPainterPath,
    QPalette,
    QStaticText,
    QTextBlock,
    QTextDocument,
    QTextFormat,
)
from PySide6.QtSvg import QSvgGenerator

_BULLET_GAP: Final = 6.0


def is_vector(device: QPaintDevice) -> bool:
    """Whether a device keeps lines and curves rather than pixels."""
    return isinstance(device, QPagedPaintDevice | QSvgGenerator)


@final
class PaperPainter(QPainter):
    """A painter for SVG and PDF. Prepared texts, which these formats would break up, are drawn as plain ones.

    An SVG names fonts, and who opens it may not have ours: there, texts become outlines. A PDF brings its fonts along.
    """

    def __init__(self, device: QPaintDevice, *, outlines: bool) -> None:
        super().__init__(device)
        self.outlines = outlines

    def drawStaticText(self, place: QPointF, text: QStaticText) -> None:  # type: ignore[override] # one of several
        """As Qt's own, from the upper left corner."""
        ascent = QFontMetricsF(self.font()).ascent()
        self._write(place + QPointF(0.0, ascent), text.text())

    def drawText(self, place: QPointF | QRectF | QRect, *rest: object) -> None:  # type: ignore[override]
        """At a baseline, or in a rectangle with flags of alignment."""
        if isinstance(place, QPointF):
            self._write(place, str(rest[0]))
            return
        flags, text = rest[0], str(rest[1])
        assert isinstance(flags, Qt.AlignmentFlag)
        metrics, room = QFontMetricsF(self.font()), QRectF(place)
        x, y = room.left(), room.top() + metrics.ascent()
        if flags & Qt.AlignmentFlag.AlignRight:
            x = room.right() - metrics.horizontalAdvance(text)
        if flags & Qt.AlignmentFlag.AlignBottom:
            y = room.bottom() - metrics.descent()
        elif flags & Qt.AlignmentFlag.AlignVCenter:
            y = room.center().y() + (metrics.ascent() - metrics.descent()) / 2
        self._write(QPointF(x, y), text)

    def _write(self, baseline: QPointF, text: str) -> None:
        if not self.outlines:
            super().drawText(baseline, text)
            return
        path = QPainterPath()
        path.addText(baseline, self.font(), text)
        self.fillPath(path, QBrush(self.pen().color()))


def draw_document(
    painter: QPainter,
    document: QTextDocument,
    context: QAbstractTextDocumentLayout.PaintContext,
    height: float,
) -> None:
    """Rich text from the painter's origin; on paper as outlines, as many lines as fit into a height."""
    if not (isinstance(painter, PaperPainter) and painter.outlines):
        document.documentLayout().draw(painter, context)
        return
    block = document.begin()
    while block.isValid():
        _draw_block(painter, document, block, context.palette, height)
        block = block.next()


def whole_lines(document: QTextDocument, height: float) -> float:
    """How high the lines are that fit into a height, none of them cut."""
    block, fits = document.begin(), 0.0
    while block.isValid():
        top, layout = document.documentLayout().blockBoundingRect(block).top(), block.layout()
        for index in range(layout.lineCount()):
            line = layout.lineAt(index)
            bottom = top + line.y() + line.height()
            if bottom > height:
                return fits
            fits = bottom
        block = block.next()
    return height


def _draw_block(
    painter: PaperPainter, document: QTextDocument, block: QTextBlock, palette: QPalette, height: float
) -> None:
    origin = document.documentLayout().blockBoundingRect(block).topLeft()
    layout = block.layout()
    if layout.lineCount() == 0:
        return
    first = layout.lineAt(0)
    baseline = origin + QPointF(first.x(), first.y() + first.ascent())
    if block.blockFormat().objectIndex() != -1 and baseline.y() + first.descent() <= height:
        mark = block.textList().itemText(block)
        mark = mark if mark[:-1].isalnum() else "•"
        painter.setFont(QFont(document.defaultFont()))
        painter.setPen(palette.color(QPalette.ColorRole.Text))
        width = QFontMetricsF(painter.font()).horizontalAdvance(mark)
        painter.drawText(baseline - QPointF(width + _BULLET_GAP, 0.0), mark)
    run, ink = block.begin(), palette.color(QPalette.ColorRole.Text)
    while not run.atEnd():
        fragment = run.fragment()
        shape = fragment.charFormat()
        color = shape.foreground().color() if shape.hasProperty(QTextFormat.Property.ForegroundBrush) else ink
        for glyphs in layout.glyphRuns(fragment.position() - block.position(), fragment.length()):
            if origin.y() + glyphs.boundingRect().bottom() > height:
                continue
            path, font = QPainterPath(), glyphs.rawFont()
            for index, place in zip(glyphs.glyphIndexes(), glyphs.positions(), strict=True):
                path.addPath(font.pathForGlyph(index).translated(origin + place))
            painter.fillPath(path, QBrush(color))
        run += 1
