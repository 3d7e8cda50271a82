"""A question with named answers, in a dialog over the window. Asked through `notices().ask` only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, final

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics, QKeyEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from gui.icons import icon
from gui.theme import set_kind, set_role, set_tone, theme


@final
@dataclass(frozen=True, slots=True)
class Choice:
    """One answer.

    Attributes:
        key: what `ask` returns.
        label: the button's text, a verb.
        kind: `primary` is what Enter does, `danger` loses something, `quiet` stands apart on the left.
    """

    key: str
    label: str
    kind: Literal["", "primary", "danger", "quiet"] = ""


@final
@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: a title, the consequences, the answers, and what closing the dialog means.

    Attributes:
        window: what the bar of the window says, where a title may be too long for that; the title unless told.
    """

    title: str
    text: str
    choices: Sequence[Choice]
    cancel: str
    details: str = ""
    level: Literal["info", "warning", "error"] = "info"
    window: str = ""


@final
class QuestionDialog(QDialog):
    """Shows a question; `answer` is the key of the choice taken. Object name `question`, buttons `answer_<key>`."""

    def __init__(self, question: Question, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.question, self.answer = question, question.cancel
        self.setObjectName("question")
        self.setWindowTitle(question.window or question.title)
        self.setModal(True)
        body = QHBoxLayout()
        body.setSpacing(12)
        body.addWidget(_mark(question.level), 0, Qt.AlignmentFlag.AlignTop)
        texts = QVBoxLayout()
        texts.setSpacing(8)
        texts.addWidget(_text(question.title, "title"))
        if question.text:
            texts.addWidget(_text(question.text, "text"))
        if question.details:
            texts.addWidget(_details(question.details))
        texts.addStretch(1)
        body.addLayout(texts, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 20, 20, 16)
        layout.setSpacing(20)
        layout.addLayout(body)
        layout.addLayout(self._buttons(question))
        self.setMinimumWidth(theme().px(420))
        self.adjustSize()  # or the height is that of the texts at their narrowest

    def _buttons(self, question: Question) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        apart = [choice for choice in question.choices if choice.kind == "quiet"]
        for choice in apart:
            row.addWidget(self._button(choice))
        row.addStretch(1)
        for choice in question.choices:
            if choice not in apart:
                row.addWidget(self._button(choice))
        return row

    def _button(self, choice: Choice) -> QPushButton:
        button = QPushButton(choice.label, self)
        button.setObjectName(f"answer_{choice.key}")
        button.setAutoDefault(choice.kind == "primary")
        button.setDefault(choice.kind == "primary")
        if choice.kind:
            set_kind(button, choice.kind)
        if choice.kind == "primary":
            button.setFocus()
        button.clicked.connect(lambda: self._take(choice.key))
        return button

    def _take(self, key: str) -> None:
        self.answer = key
        self.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.reject()
        else:
            super().keyPressEvent(event)


def _mark(level: str) -> QLabel:
    names = {"info": ("help", "accent_text"), "warning": ("warning", "warning_text"), "error": ("error", "error_text")}
    name, color = names[level]
    label = QLabel()
    label.setPixmap(icon(name, color).pixmap(theme().px(22)))
    return label


def _text(text: str, role: Literal["title", "text"]) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    set_role(label, role)
    if role == "text":
        set_tone(label, "secondary")
    return label


def _details(text: str) -> QPlainTextEdit:
    edit = QPlainTextEdit(text)
    edit.setReadOnly(True)
    set_role(edit, "mono_caption")
    lines = min(text.count("\n") + 2, 10)
    edit.setFixedHeight(QFontMetrics(edit.font()).lineSpacing() * lines + 14)
    return edit
