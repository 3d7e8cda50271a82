"""A note on the canvas: markdown on paper. Nothing is fetched, followed or run: pictures show their words alone."""

from __future__ import annotations

from typing import Any, Final, final

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt, QUrl
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QFont,
    QFontMetricsF,
    QPainter,
    QPalette,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
)

from engine.decorations import Note
from gui.canvas.decor_item import DecorItem
from gui.canvas.geometry import RADIUS
from gui.canvas.look import Detail, Look
from gui.canvas.tints import tints
from gui.fonts import MONO_FAMILY, make_font
from gui.paper import draw_document, whole_lines
from gui.theme import theme

PAD: Final = 12.0
MOST_TEXT: Final = 20_000
"""Characters that are laid out; a longer note shows its beginning."""
_INDENT: Final = 16.0
_FAR_PX: Final = 12.0
_Z: Final = 0.8

_Features = QTextDocument.MarkdownFeature
MARKDOWN: Final = _Features.MarkdownDialectGitHub | _Features.MarkdownNoHTML


@final
class SafeDocument(QTextDocument):
    """Rich text from markdown that loads nothing, from no file and no address; HTML in it stays what it is: text."""

    def loadResource(self, type_: int, name: QUrl | str) -> Any:
        return None

    def set_markdown(self, text: str) -> None:
        """Show markdown; a picture becomes its description."""
        self.setIndentWidth(_INDENT)
        self.setMarkdown(text[:MOST_TEXT], MARKDOWN)
        self._space_out()
        for start, length, shape in reversed(self._runs()):
            cursor = QTextCursor(self)
            cursor.setPosition(start)
            cursor.setPosition(start + length, QTextCursor.MoveMode.KeepAnchor)
            if shape.isAnchor() and not shape.isImageFormat():
                link = QTextCharFormat()
                link.setForeground(theme().color("accent_text"))
                cursor.mergeCharFormat(link)
            elif shape.isImageFormat():
                words = shape.property(QTextFormat.Property.ImageAltText)  # without any, Qt leaves the picture out
                cursor.insertText(f"[{words}]", QTextCharFormat())
            else:
                code = QTextCharFormat()
                code.setFontFamilies([MONO_FAMILY])
                cursor.mergeCharFormat(code)

    def _space_out(self) -> None:
        """Air between paragraphs, and less between the entries of a list."""
        block = self.begin()
        while block.isValid():
            shape = QTextBlockFormat(block.blockFormat())
            shape.setTopMargin(0.0)
            shape.setBottomMargin(2.0 if _is_entry(block) and _is_entry(block.next()) else 6.0)
            QTextCursor(block).setBlockFormat(shape)
            block = block.next()

    def _runs(self) -> list[tuple[int, int, QTextCharFormat]]:
        """Start, length and format of pictures, links and code."""
        found, block = [], self.begin()
        while block.isValid():
            run = block.begin()
            while not run.atEnd():
                fragment = run.fragment()
                shape = fragment.charFormat()
                if shape.isImageFormat() or shape.isAnchor() or shape.fontFixedPitch():
                    found.append((fragment.position(), fragment.length(), shape))
                run += 1
            block = block.next()
        return found


def _is_entry(block: QTextBlock) -> bool:
    """Whether a paragraph is an entry of a list."""
    return block.isValid() and block.blockFormat().objectIndex() != -1


@final
class NoteItem(DecorItem):
    """Taken wherever it is pressed. Its text is laid out once and again when it or its width changes."""

    def fill(self) -> None:
        assert isinstance(self.decoration, Note)
        self.text = self.decoration.text
        self.document: SafeDocument | None = None
        self._colors_of = ""
        self.setZValue(_Z)

    def is_solid_at(self, local: QPointF) -> bool:
        return True

    def laid_out(self) -> SafeDocument:
        """The text at the note's present width."""
        if self.document is None or self._colors_of != theme().palette.name:
            self._colors_of = theme().palette.name
            self.document = SafeDocument()
            self.document.setDocumentMargin(0.0)
            self.document.setDefaultFont(make_font("text"))
            self.document.set_markdown(self.text)
        width = max(self.size.width() - 2 * PAD, 8.0)
        if self.document.textWidth() != width:
            self.document.setTextWidth(width)
        return self.document

    def draw(self, painter: QPainter) -> None:
        assert isinstance(self.decoration, Note)
        shades = tints(self.decoration.color)
        rim = min(1.0 / self.look.scale, 3.0) if self.look.scale < 1.0 else 1.0
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(shades.paper_rim)
        painter.drawRoundedRect(self.size, RADIUS, RADIUS)
        painter.setBrush(shades.paper)
        painter.drawRoundedRect(self.size.adjusted(rim, rim, -rim, -rim), RADIUS - 1.0, RADIUS - 1.0)
        if self.look.detail is Detail.SHAPES:
            self._draw_far(painter)
        else:
            self._draw_text(painter)
        self.draw_ring(painter)

    def text_room(self) -> QRectF:
        """Where the text goes, in the item's coordinates."""
        return self.size.adjusted(PAD, PAD - 2.0, -PAD, -PAD + 4.0)

    def _draw_text(self, painter: QPainter) -> None:
        document, room = self.laid_out(), self.text_room()
        painter.save()
        height = whole_lines(document, room.height())
        painter.setClipRect(QRectF(room.left(), room.top() - 2.0, room.width(), height + 4.0))
        painter.translate(room.topLeft())
        draw_document(painter, document, paint_context(self.look), height)
        painter.restore()
        if document.size().height() > room.height() + 2.0:
            painter.setPen(self.look.secondary)
            painter.setFont(self.look.name_font)
            painter.drawText(self.size.adjusted(0.0, 0.0, -6.0, -1.0), _CORNER, "…")
            painter.setPen(Qt.PenStyle.NoPen)

    def _draw_far(self, painter: QPainter) -> None:
        """The first line, as large on the screen as can be read, if there is room."""
        px = _FAR_PX / self.look.scale
        line = self.first_line()
        if not line or px * 1.6 > self.size.height():
            return
        font = QFont(self.look.name_font)
        font.setPixelSize(max(1, round(px)))
        room = self.size.adjusted(px * 0.6, px * 0.3, -px * 0.6, 0.0)
        painter.setPen(self.look.text)
        painter.setFont(font)
        text = QFontMetricsF(font).elidedText(line, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, text)
        painter.setPen(Qt.PenStyle.NoPen)

    def first_line(self) -> str:
        """The first words, without the marks of markdown."""
        return next((line.strip() for line in self.laid_out().toPlainText().splitlines() if line.strip()), "")

    def described(self) -> str:
        return QCoreApplication.translate("Notes", "Note: {0}").format(" ".join(self.laid_out().toPlainText().split()))


_CORNER: Final = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom


def paint_context(look: Look) -> QAbstractTextDocumentLayout.PaintContext:
    """With the theme's colour for text."""
    context = QAbstractTextDocumentLayout.PaintContext()
    palette = QPalette()
    palette.setColor(QPalette.ColorRole.Text, look.text.color())
    context.palette = palette
    return context
