"""Numbers typed by hand: a summary in the inspector, a table in a dialog."""

from __future__ import annotations

import json
from typing import Any, final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from engine.frozen import thaw
from engine.param import Array, ParamError, array_shape
from gui.inspector.editors import Editor
from gui.theme import set_kind, set_role, set_tone, theme

MAX_CHARACTERS = 2_000_000


@final
class ArrayEditor(Editor):
    """Shows the shape and opens a text of numbers."""

    def __init__(self, param: Array) -> None:
        super().__init__()
        self._param = param
        self._value: Any = param.default
        self._button = QPushButton()
        self._button.clicked.connect(self._edit)
        self.take(self._button)
        self.set_value(param.default)

    def set_value(self, value: Any) -> None:
        self._value = value
        if value is None:
            self._button.setText(self.tr("Type numbers…"))
        else:
            shape = array_shape(value)
            short = json.dumps(thaw(value))
            self._button.setText(
                short if len(short) <= 24 else self.tr("{0} numbers…").format(" × ".join(map(str, shape)))
            )

    def _edit(self) -> None:
        dialog = ArrayDialog(self._value, self._param, self.window())
        dialog.accepted.connect(lambda: self.changed.emit(dialog.value))
        dialog.open()


@final
class ArrayDialog(QDialog):
    """Rows of numbers as text: one row a line, pasted from a spreadsheet or as JSON."""

    def __init__(self, value: Any, param: Array, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("arrayDialog")
        self.setWindowTitle(self.tr("Numbers"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._param = param
        self.value = value
        self._text = QPlainTextEdit(rows_text(value))
        set_role(self._text, "mono")
        self._text.setTabChangesFocus(True)  # tabs are pasted; typed, they lead to the buttons
        self._text.textChanged.connect(self._check)
        self._fault = QLabel()
        self._fault.setWordWrap(True)
        hint = QLabel(self.tr("One row a line, numbers separated by commas, spaces or tabs. JSON is read, too."))
        hint.setWordWrap(True)
        set_tone(hint, "secondary")
        self._buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self
        )
        set_kind(self._buttons.button(QDialogButtonBox.StandardButton.Ok), "primary")
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(12)
        for widget in (hint, self._text, self._fault, self._buttons):
            column.addWidget(widget)
        self.resize(theme().px(420), theme().px(360))
        self._check()
        self._text.setFocus()  # else Qt gives it to the default button, and the first space accepts

    def _check(self) -> None:
        try:
            self.value = self._param.parse(numbers(self._text.toPlainText()))
            shape = () if self.value is None else array_shape(self.value)
            fault, text = "", self.tr("{0} numbers").format(" × ".join(map(str, shape))) if shape else ""
        except (ParamError, ValueError) as error:
            fault = text = str(error)
        self._fault.setText(text)
        set_tone(self._fault, "error" if fault else "secondary")
        self._buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(not fault)


def rows_text(value: Any) -> str:
    """Numbers as text that `numbers` reads back: one row a line where there are at most two dimensions."""
    if value is None:
        return ""
    shape = array_shape(value)
    if len(shape) == 1:
        return "\n".join(repr(item) for item in value)
    if len(shape) == 2:
        return "\n".join(", ".join(repr(item) for item in row) for row in value)
    return json.dumps(thaw(value))


def numbers(text: str) -> Any:
    """Nested lists of numbers from rows of text or JSON; None for an empty text.

    Raises:
        ValueError: a word is no number, with its row; or the JSON is broken.
    """
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"is too long to type by hand ({len(text):,} characters): use a CSV file")
    stripped = text.strip()
    if not stripped:
        return None
    if stripped.startswith("["):
        try:
            return json.loads(stripped)
        except RecursionError as error:
            raise ValueError("is nested too deep") from error
    rows = []
    for place, line in enumerate(stripped.splitlines(), 1):
        words = line.replace(",", " ").replace(";", " ").split()
        try:
            rows.append([_number(word) for word in words])
        except ValueError as error:
            raise ValueError(f"row {place}: {error}") from error
    if all(len(row) == 1 for row in rows):
        return [row[0] for row in rows]
    return rows


def _number(word: str) -> float:
    try:
        return int(word) if word.lstrip("+-").isdigit() else float(word)
    except ValueError:
        raise ValueError(f'"{word}" is no number') from None
