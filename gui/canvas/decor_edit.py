"""Writing in place: a line over a frame's title, a page over a note. What was typed is kept, however one leaves."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Final, final

from PySide6.QtCore import QEvent, QObject, QRectF, Qt
from PySide6.QtGui import QFont, QKeyEvent, QTextCursor
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QWidget
from shiboken6 import isValid

from gui.canvas.decor_item import DecorItem
from gui.canvas.frames import FrameItem
from gui.canvas.notes import MOST_TEXT, NoteItem
from gui.canvas.stage import Stage
from gui.fonts import make_font

_LEAST_NOTE: Final = (260, 110)
_ENTER: Final = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_CTRL: Final = Qt.KeyboardModifier.ControlModifier
_MOST_TITLE: Final = 200


@final
class DecorEditor(QObject):
    """One field at a time, made when it is first needed.

    A title is taken by Enter, a note by Ctrl+Enter or Escape; going elsewhere takes both.
    """

    def __init__(self, stage: Stage, view: QWidget, write: Callable[[str, str], None]) -> None:
        super().__init__(view)
        self._stage, self._view, self._write = stage, view, write
        self._name = ""
        stage.camera.moved.connect(self.place)
        stage.document.replaced.connect(self.leave)
        stage.document.changed.connect(self._follow)

    @cached_property
    def line(self) -> QLineEdit:
        """Over a frame's title; Escape leaves the title as it was."""
        line = QLineEdit(self._view)
        line.setObjectName("frameTitleField")
        line.setAccessibleName(self.tr("Title of the frame"))
        line.setMaxLength(_MOST_TITLE)
        line.hide()
        line.installEventFilter(self)
        return line

    @cached_property
    def page(self) -> QPlainTextEdit:
        """Over a note, in plain markdown."""
        page = QPlainTextEdit(self._view)
        page.setObjectName("noteField")
        page.setAccessibleName(self.tr("Text of the note, in markdown"))
        page.setPlaceholderText(self.tr("Write in markdown: **bold**, *italic*, `code`, # heading, - list"))
        page.setTabChangesFocus(True)
        page.hide()
        page.installEventFilter(self)
        return page

    @property
    def is_open(self) -> bool:
        """Whether something is being written."""
        return bool(self._name)

    def open(self, name: str) -> None:
        """Begin to write in a frame or note."""
        item = self._stage.scene.decor.items.get(name)
        if item is None:
            return
        self.commit()
        self._stage.camera.reveal(item.area)
        self._stage.camera.stop()
        self._name = name
        if isinstance(item, NoteItem):
            self.page.setPlainText(item.text)
            self.page.moveCursor(QTextCursor.MoveOperation.End)
        elif isinstance(item, FrameItem):
            self.line.setText(item.title)
            self.line.selectAll()
        field = self._field(item)
        self.place()
        field.show()
        field.raise_()
        field.setFocus(Qt.FocusReason.OtherFocusReason)

    def place(self) -> None:
        """Follow the frame or note when the view moves."""
        item = self._stage.scene.decor.items.get(self._name)
        if item is None:
            return
        camera, scale = self._stage.camera, self._stage.camera.scale
        box = item.area if isinstance(item, NoteItem) else self._title_box(item)
        start, end = camera.to_view(box.topLeft()), camera.to_view(box.bottomRight())
        font = QFont(make_font("mono" if isinstance(item, NoteItem) else "strong"))
        font.setPixelSize(min(max(12, round(font.pixelSize() * scale)), 32))
        width, height = round(end.x() - start.x()), round(end.y() - start.y())
        field = self._field(item)
        field.setFont(font)
        if isinstance(item, NoteItem):
            width, height = max(width, _LEAST_NOTE[0]), max(height, _LEAST_NOTE[1])
        else:
            width, height = max(width, 160), max(height, 28)
        field.setGeometry(round(start.x()), round(start.y()), width, height)

    def commit(self) -> None:
        """Take what was written and close."""
        name, item = self._name, self._stage.scene.decor.items.get(self._name)
        if item is not None:
            text = self.page.toPlainText()[:MOST_TEXT] if isinstance(item, NoteItem) else self.line.text().strip()
            self.leave()
            self._write(name, text)

    def leave(self) -> None:
        """Close without writing."""
        if self._name:
            self._name = ""
            self.line.hide()
            self.page.hide()

    def _follow(self) -> None:
        """Undo may have taken the frame or note away while it was written in."""
        if self._name and self._name not in self._stage.scene.decor.items:
            self.leave()

    def _field(self, item: DecorItem) -> QLineEdit | QPlainTextEdit:
        return self.page if isinstance(item, NoteItem) else self.line

    def _title_box(self, item: DecorItem) -> QRectF:
        bar = item.bar() if isinstance(item, FrameItem) else item.size
        return bar.translated(item.pos())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and self._ends(watched, event):
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()  # else the window plays at Ctrl+Enter
                return True
            if event.type() == QEvent.Type.KeyPress:
                escape = event.key() == Qt.Key.Key_Escape
                self._finish(self.leave if escape and isinstance(watched, QLineEdit) else self.commit)
                return True
        if event.type() == QEvent.Type.FocusOut and self._name and isValid(self._view):
            popup = getattr(event, "reason", lambda: None)() == Qt.FocusReason.PopupFocusReason
            if not popup:
                self.commit()
        return super().eventFilter(watched, event)

    def _ends(self, watched: QObject, event: QKeyEvent) -> bool:
        """Whether a key ends the writing, for a note only with Ctrl: there Enter begins a line."""
        enter = event.key() in _ENTER and (isinstance(watched, QLineEdit) or bool(event.modifiers() & _CTRL))
        return enter or event.key() == Qt.Key.Key_Escape

    def _finish(self, how: Callable[[], None]) -> None:
        how()
        self._view.setFocus(Qt.FocusReason.OtherFocusReason)
