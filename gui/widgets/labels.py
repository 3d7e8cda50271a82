"""Labels that behave: plain text only, elided where there is no room, exact values on hover."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence
from typing import Final, final

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent
from PySide6.QtGui import Qt as QtText
from PySide6.QtWidgets import QLabel, QSizePolicy, QToolTip, QWidget

from gui.fonts import Role
from gui.theme import Tone, set_role, set_tone

TIP_WIDTH: Final = 72
"""Letters in a line of a tool tip, at most."""


def plain_tooltip(text: str) -> str:
    """Text for `setToolTip` that is shown as it is, in lines of a readable length.

    It stays plain, for a screen reader says tool tips as they are written; only what Qt would take for rich text is
    wrapped in tags that show it as it is.
    """
    if QtText.mightBeRichText(text):
        return f'<p style="white-space: pre-wrap">{html.escape(text)}</p>'
    if len(text) <= TIP_WIDTH:
        return text
    return "\n".join(_wrapped(line) for line in text.split("\n"))


def _wrapped(line: str) -> str:
    if len(line) <= TIP_WIDTH:
        return line
    return textwrap.fill(line, TIP_WIDTH, break_long_words=False, break_on_hyphens=False, drop_whitespace=True)


def text_label(text: str, role: Role = "text", tone: Tone | None = None, *, wrap: bool = False) -> QLabel:
    """A label for plain text in a role of the type scale."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(wrap)
    set_role(label, role)
    if tone is not None:
        set_tone(label, tone)
    return label


@final
class PartsLabel(QLabel):
    """Parts on one line, the first ones the most important: those that find no room are left out and show on hover."""

    def __init__(self, role: Role = "text", tone: Tone = "text", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts: tuple[str, ...] = ()
        self._least = QSize()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        set_role(self, role)
        set_tone(self, tone)

    def set_parts(self, parts: Sequence[str]) -> None:
        """Say something else, which lays out the window anew only where that needs more room or less."""
        if tuple(parts) == self._parts:
            return
        self._parts = tuple(parts)
        self.setAccessibleName(self.text())
        if self.minimumSizeHint() != self._least:
            self._least = self.minimumSizeHint()
            self.updateGeometry()
        self.update()

    def text(self) -> str:
        """All parts."""
        return " · ".join(self._parts)

    def shown(self) -> str:
        """The parts there is room for."""
        room = self.contentsRect().width()
        for count in range(len(self._parts), 0, -1):
            text = " · ".join(self._parts[:count])
            if self.fontMetrics().horizontalAdvance(text) <= room:
                return text
        return ""

    def minimumSizeHint(self) -> QSize:
        first = self._parts[0] if self._parts else ""
        return QSize(self.fontMetrics().horizontalAdvance(first), self.fontMetrics().height())

    def sizeHint(self) -> QSize:
        return self.minimumSizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(self.font())
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.contentsRect(), Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self.shown())


@final
class ElidedLabel(QLabel):
    """One line of plain text that ends in … where there is no room; the whole text shows on hover, then only."""

    def __init__(
        self,
        text: str = "",
        role: Role = "text",
        tone: Tone | None = None,
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._mode = mode
        self._text = ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        set_role(self, role)
        if tone is not None:
            set_tone(self, tone)
        self.setText(text)

    def text(self) -> str:
        """The whole text."""
        return self._text

    def setText(self, text: str) -> None:
        """Say something else, which lays out the window anew only where that needs more room or less."""
        if text == self._text:
            return
        before = self.sizeHint()
        if self.accessibleName() == self._text:  # else somebody has named it
            self.setAccessibleName(text)
        self._text = text
        if self.sizeHint() != before:
            self.updateGeometry()
        self.update()

    @property
    def elided(self) -> bool:
        """Whether part of the text is left out now."""
        return self._shown() != self._line()

    def _line(self) -> str:
        return self.text().replace("\n", " ")

    def _shown(self) -> str:
        return self.fontMetrics().elidedText(self._line(), self._mode, self.contentsRect().width())

    def minimumSizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance("…") * 2, metrics.height())

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self._line()) + 2, metrics.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(self.font())
        painter.setPen(self.palette().color(self.foregroundRole()))
        flags = self.alignment() | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine
        painter.drawText(self.contentsRect(), int(flags), self._shown())

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and not self.toolTip() and self.elided:
            QToolTip.showText(event.globalPos(), plain_tooltip(self.text()), self)
            return True
        return super().event(event)
