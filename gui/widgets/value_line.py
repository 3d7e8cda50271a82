"""Lines whose text becomes a value of the document, and which keys for undo are theirs."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import QEvent
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QLineEdit

_UNDO = (QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo)


def undoes_the_document(event: QEvent, *, typed: bool) -> bool:
    """Whether an event asks who takes the keys for undo, and the document should: nothing typed here can be taken back.

    Qt's lines take these keys even where there is nothing to undo in them: after a value was typed and taken, Ctrl+Z
    would do nothing at all.
    """
    if typed or event.type() != QEvent.Type.ShortcutOverride or not isinstance(event, QKeyEvent):
        return False
    return any(event.matches(keys) for keys in _UNDO)


@final
class ValueLine(QLineEdit):
    """A line that leaves undo and redo to the document, unless there is text in it that was not taken yet."""

    def event(self, event: QEvent) -> bool:
        if undoes_the_document(event, typed=self.isModified()):
            event.ignore()
            return False
        return super().event(event)
