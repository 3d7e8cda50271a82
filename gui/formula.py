"""A widget that shows formulas as mathematics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import (
    QAccessible,
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QFontMetrics,
    QGuiApplication,
    QImage,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QMenu, QSizePolicy, QWidget
from shiboken6 import isValid

from gui.background import run_in_background
from gui.colors import PAPER
from gui.icons import icon
from gui.mathtext import FormulaError, formula_path, formula_ready, mathtext_loaded, pieces, plain_text, prepare
from gui.notices import notices
from gui.screen_reader import tell_as
from gui.theme import theme

__all__ = ["FormulaError", "FormulaWidget", "formula_path"]

LATER: Final = 100
"""Milliseconds until the first formula of all is made: an edit is to be seen before matplotlib is loaded."""

SMALLEST: Final = 0.8
"""A line too long is drawn smaller, down to this part of its size, and broken if that is not enough."""
_RIM: Final = 2
"""Pixels that stay free at the right: what is drawn is smooth at its edge."""
LINE_GAP: Final = 0.55
INDENT: Final = 1.2
PART_GAP: Final = 0.25
PATIENCE: Final = 1000
"""Milliseconds that a formula may take before plain letters stand in its place: most take a few."""
_LIKELY_HEIGHTS: Final = ((r"\begin{cases}", 2.3), ("frac{", 2.35), (r"\sum", 1.7), (r"\prod", 1.7), ("", 1.0))
"""The height of a line that is not drawn yet, in font sizes, by what stands in it; the first that does counts."""
PICTURE_SCALE: Final = 4
"""A copied picture is so many times as large as the formula on the screen."""
COPY: Final = QKeySequence.StandardKey.Copy


@final
@dataclass(frozen=True, slots=True)
class _Row:
    """One row as it is drawn: an outline in place, or raw text where the formula cannot be set."""

    outline: QPainterPath
    text: str
    rect: QRect


@final
class FormulaWidget(QWidget):
    """Formulas below each other, in the colour of text, as wide as there is room.

    Until the outlines are made (in a pool thread, the first time) it has about its final height, and is empty; where
    it takes long, as before matplotlib is loaded, it shows in plain letters what is coming.
    """

    def __init__(self, lines: Sequence[str] | str = (), size: float = 17, parent: QWidget | None = None) -> None:
        """Shows lines of LaTeX.

        Args:
            lines: one or several.
            size: font size in px at text scale 1.
            parent: Qt's parent.
        """
        super().__init__(parent)
        tell_as(self, QAccessible.Role.Equation)
        self._lines: tuple[str, ...] = ()
        self._coming: tuple[str, ...] = ()
        self._likely_height = 0.0
        self._patient = True
        self._size = size
        self._rows: list[_Row] = []
        self._ready = True
        self._laid_out: tuple[int, float] | None = None
        self._color = "text"
        self._ringed = False
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        theme().changed.connect(self._relayout)
        self.set_lines(lines)

    @property
    def lines(self) -> tuple[str, ...]:
        """The LaTeX shown."""
        return self._lines

    @property
    def ready(self) -> bool:
        """Whether all outlines are made."""
        return self._ready

    def set_lines(self, lines: Sequence[str] | str) -> None:
        """Shows other formulas."""
        wanted = (lines,) if isinstance(lines, str) else tuple(lines)
        if wanted == self._lines:
            return
        self._lines = wanted
        self._expect(wanted)
        self.setAccessibleName("\n".join(wanted))
        parts = self._parts()
        self._ready = all(formula_ready(part) for part in parts)
        self._relayout()
        if not self._ready and mathtext_loaded():
            self._prepare(wanted, parts)
        elif not self._ready:
            QTimer.singleShot(LATER, self, lambda: self._prepare(wanted, parts))
            QTimer.singleShot(PATIENCE, self, self._lose_patience)

    def _prepare(self, wanted: tuple[str, ...], parts: Sequence[str]) -> None:
        if wanted == self._lines:
            run_in_background(lambda: prepare(parts), lambda _none: self._prepared(wanted), self._failed)

    def announce(self, lines: Sequence[str]) -> None:
        """Show in plain letters what `set_lines` is going to show, with room for it, while nothing is shown yet."""
        self._expect(lines)
        self._patient = False
        self._relayout()

    def _expect(self, lines: Sequence[str]) -> None:
        self._coming = tuple(plain_text(line) for line in lines)
        heights = [next(high for sign, high in _LIKELY_HEIGHTS if sign in line) for line in lines]
        self._likely_height = sum(heights) + LINE_GAP * max(0, len(heights) - 1)

    def _lose_patience(self) -> None:
        self._patient = False
        if not self._ready:
            self.update()

    def set_color(self, color: str) -> None:
        """Draws in another colour of the palette, such as `secondary`."""
        self._color = color
        self.update()

    def latex(self) -> str:
        """What "Copy as LaTeX" copies."""
        return "\n".join(self._lines)

    def _parts(self) -> list[str]:
        """All that needs an outline: the lines, and their pieces in case they must be broken."""
        return list(dict.fromkeys(part for line in self._lines for part in (line, *pieces(line))))

    def _prepared(self, lines: tuple[str, ...]) -> None:
        if isValid(self) and lines == self._lines:
            self._ready = True
            self._relayout()

    def _failed(self, error: BaseException) -> None:
        notices().failure(error, self.tr("A formula could not be drawn."))

    def _relayout(self) -> None:
        self._laid_out = None
        self.updateGeometry()
        self.update()

    # --- layout ---

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._height(self._lay_out(width))

    def sizeHint(self) -> QSize:
        size = self._size * theme().text_scale
        if not self.ready:
            return QSize(round(size * 10), self._height([]))
        widths = [_natural_width(line, size) for line in self._lines]
        width = round(max(widths, default=0)) + 2
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().px(80), self.heightForWidth(max(self.width(), theme().px(80))))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()

    def _height(self, rows: list[_Row]) -> int:
        size = self._size * theme().text_scale
        if not rows:
            return round(self._likely_height * size)
        return rows[-1].rect.bottom() + 1

    def _lay_out(self, width: int) -> list[_Row]:
        size = self._size * theme().text_scale
        if self._laid_out == (width, size):
            return self._rows
        self._rows = []
        if self.ready:
            top = 0.0
            for line in self._lines:
                for row in _rows_of(line, size, width, top):
                    self._rows.append(row)
                    top = row.rect.bottom() + 1 + size * LINE_GAP
        self._laid_out = (width, size)
        return self._rows

    def paintEvent(self, event: QPaintEvent) -> None:
        rows = self._lay_out(self.width())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for row in rows:
            if row.text:
                painter.setFont(theme().font("mono_caption"))
                painter.setPen(theme().pen("secondary"))
                painter.drawText(row.rect, _RAW_TEXT, row.text)
            else:
                painter.fillPath(row.outline, theme().brush(self._color if self.isEnabled() else "disabled"))
        if not rows and self._coming and not self._patient:
            self._paint_coming(painter)
        if self._ringed:
            painter.setPen(theme().pen("accent"))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _paint_coming(self, painter: QPainter) -> None:
        """Each formula as letters, or its left side alone, whichever there is room for."""
        metrics = QFontMetrics(theme().font("mono_caption"))
        painter.setFont(theme().font("mono_caption"))
        painter.setPen(theme().pen("secondary"))
        high = self.height() / len(self._coming)
        for number, text in enumerate(self._coming):
            box = QRectF(0.0, number * high, self.width(), high)
            left, equals, _ = text.partition("=")
            for shown in (text, left + equals):
                if metrics.horizontalAdvance(shown) <= self.width():
                    painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
                    break

    # --- focus ---

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._ringed = event.reason() in _BY_KEY  # who clicks knows where

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._ringed = False

    # --- copying ---

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.matches(COPY):
            event.accept()  # else the canvas would copy its blocks
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(COPY):
            self.copy_latex()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        latex = menu.addAction(icon("copy"), self.tr("Copy as LaTeX"), self.copy_latex)
        latex.setShortcut(QKeySequence(COPY))
        latex.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)  # said there; the widget takes the key itself
        picture = menu.addAction(icon("image"), self.tr("Copy as picture"), self.copy_picture)
        picture.setEnabled(self.ready and not self.picture().isNull())
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    def copy_latex(self) -> None:
        """Puts the LaTeX on the clipboard."""
        QGuiApplication.clipboard().setText(self.latex())

    def copy_picture(self) -> None:
        """Puts a picture for papers and slides on the clipboard."""
        QGuiApplication.clipboard().setImage(self.picture())

    def picture(self) -> QImage:
        """The formulas in ink on white, each on a line of its own, as fine as print; null when none can be set."""
        rows: list[_Row] = []
        top = 0.0
        for line in self._lines:
            try:
                rows.append(_row(formula_path(line, self._size * PICTURE_SCALE), top))
            except FormulaError:
                continue
            top = rows[-1].rect.bottom() + 1 + self._size * PICTURE_SCALE * LINE_GAP
        if not rows:
            return QImage()
        margin = round(self._size * PICTURE_SCALE * 0.3)
        wide, high = max(row.rect.right() for row in rows) + 1, rows[-1].rect.bottom() + 1
        made = QImage(wide + 2 * margin, high + 2 * margin, QImage.Format.Format_RGB32)
        made.fill(QColor(PAPER.canvas))
        painter = QPainter(made)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(margin, margin)
        for row in rows:
            painter.fillPath(row.outline, QColor(PAPER.text))
        painter.end()
        return made


_BY_KEY: Final = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
_RAW_TEXT: Final = Qt.TextFlag.TextWrapAnywhere | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop


def _natural_width(line: str, size: float) -> float:
    try:
        return formula_path(line, size).boundingRect().right()
    except FormulaError:
        return QFontMetrics(theme().font("mono_caption")).horizontalAdvance(line)


def _rows_of(line: str, size: float, width: int, top: float) -> list[_Row]:
    """A line as one row, a smaller row, or several rows: the first that fits."""
    try:
        whole = formula_path(line, size)
    except FormulaError:
        metrics = QFontMetrics(theme().font("mono_caption"))
        rect = metrics.boundingRect(QRect(0, round(top), max(1, width), 10_000), int(_RAW_TEXT), line)
        return [_Row(QPainterPath(), line, rect)]
    natural = whole.boundingRect().right()
    if natural <= width - _RIM:
        return [_row(whole, top)]
    parts = pieces(line)
    if natural * SMALLEST <= width - _RIM or len(parts) == 1:
        return [_row(formula_path(line, size * (width - _RIM) / natural), top)]
    return _broken(parts, size * SMALLEST**0.5, width, top)


def _broken(parts: list[str], size: float, width: int, top: float) -> list[_Row]:
    """Pieces flowing over several rows, all but the first indented."""
    rows: list[QPainterPath] = [QPainterPath()]
    for part in parts:
        path = formula_path(part, size)
        indent = 0.0 if len(rows) == 1 else size * INDENT
        used = rows[-1].boundingRect().right() + size * PART_GAP if not rows[-1].isEmpty() else indent
        path = path.translated(-path.boundingRect().left(), 0)
        if used + path.boundingRect().right() > width and not rows[-1].isEmpty():
            rows.append(QPainterPath())
            used = size * INDENT
        room = width - used
        if path.boundingRect().right() > room > 0:
            path = formula_path(part, size * room / path.boundingRect().right())
        rows[-1].addPath(path.translated(used, 0))
    made: list[_Row] = []
    for row in rows:
        made.append(_row(row, top))
        top = made[-1].rect.bottom() + 1 + size * LINE_GAP * 0.8
    return made


def _row(path: QPainterPath, top: float) -> _Row:
    box = path.boundingRect()
    placed = path.translated(max(0.0, -box.left()), top - box.top())
    return _Row(placed, "", placed.boundingRect().toAlignedRect())
