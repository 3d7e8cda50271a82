"""Editors that are lines of text: sizes, shapes, names, paths and references."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QMenu, QToolButton, QVBoxLayout

from engine.param import Names, Param, ParamError, Refs, Shape, Size, Text
from gui.file_dialogs import ask_folder, ask_open_path
from gui.icons import icon
from gui.inspector.editors import Editor, StillBox
from gui.paths import stored_path
from gui.theme import restyle, set_kind, set_role
from gui.widgets.value_line import undoes_the_document

_SEPARATORS = re.compile(r"[\s,;×x*]+")


@final
class _Line(QLineEdit):
    """Escape brings the value back."""

    escaped = Signal()

    def event(self, event: QEvent) -> bool:
        if undoes_the_document(event, typed=self.isModified()):
            event.ignore()
            return False
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and (self.isModified() or self.property("error") == "true"):
            self.escaped.emit()
        else:
            super().keyPressEvent(event)


class LineEditor(Editor):
    """A line of text that becomes a value when it is left or Enter is pressed. Subclasses are final.

    A text that is no value stays, marked, and the value keeps what it was.
    """

    mono = True

    def __init__(self, param: Param, offers: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._param = param
        self._shown = ""
        self.edit = _Line()
        if offers:
            box = StillBox()
            box.setEditable(True)
            box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
            box.addItems(list(offers))
            box.setLineEdit(self.edit)
            box.activated.connect(lambda _: self._commit())
            self.take(box)
        else:
            self.take(self.edit)
        if self.mono:
            set_role(self.edit, "mono")
        self.edit.editingFinished.connect(self._commit)
        self.edit.escaped.connect(self._restore)

    @abstractmethod
    def parsed(self, text: str) -> Any:
        """The value a text stands for. Raises ParamError or ValueError."""

    @abstractmethod
    def text_of(self, value: Any) -> str:
        """The text for a value."""

    def set_value(self, value: Any) -> None:
        self._shown = self.text_of(value)
        if not (self.edit.hasFocus() and self.edit.isModified()):
            self._restore()

    def reset(self, value: Any) -> None:
        self.edit.setModified(False)
        self.set_value(value)

    def _restore(self) -> None:
        if self.edit.text() != self._shown:
            self.edit.setText(self._shown)
            self.edit.setCursorPosition(0)
        self.edit.setModified(False)
        self._say("")

    def _say(self, fault: str) -> None:
        restyle(self.edit, "error", "true" if fault else "false")
        self.fault_changed.emit(fault)

    def _commit(self) -> None:
        text = self.edit.text().strip()
        self.edit.setModified(False)
        if text == self._shown:
            self._say("")
            return
        try:
            value = self._param.parse(self.parsed(text))
        except (ParamError, ValueError) as error:
            self._say(str(error))
            return
        self._say("")
        self._shown = self.text_of(value)
        self.changed.emit(value)


@final
class SizeEditor(LineEditor):
    """`3`, `3 × 5`, or a word such as `same`."""

    def __init__(self, param: Size) -> None:
        super().__init__(param, param.words)
        if param.dims > 1:
            self.edit.setPlaceholderText(" × ".join(["3"] * param.dims))

    def parsed(self, text: str) -> Any:
        if not text:
            return None
        parts = [part for part in _SEPARATORS.split(text) if part]
        if all(re.fullmatch(r"-?\d+", part) for part in parts):
            return int(parts[0]) if len(parts) == 1 else [int(part) for part in parts]
        return text

    def text_of(self, value: Any) -> str:
        if value is None:
            return ""
        return " × ".join(str(item) for item in value) if isinstance(value, list | tuple) else str(value)


@final
class ShapeEditor(LineEditor):
    """`1 × 28 × 28`."""

    def __init__(self, param: Shape) -> None:
        super().__init__(param)

    def parsed(self, text: str) -> Any:
        parts = [part for part in _SEPARATORS.split(text) if part]
        if not all(re.fullmatch(r"-?\d+", part) for part in parts):
            raise ParamError(self.tr("expects whole numbers such as 1 × 28 × 28"))
        return [int(part) for part in parts]

    def text_of(self, value: Any) -> str:
        return " × ".join(str(item) for item in value)


@final
class TextEditor(LineEditor):
    """Any text; a path has a button to browse."""

    wide = True

    def __init__(self, param: Text) -> None:
        super().__init__(param, param.offers)
        self.folder: Path | None = None
        """What relative paths start from."""
        self._pattern = param.pattern
        if param.path:
            button = QToolButton()
            button.setObjectName("browse")
            button.setIcon(icon("folder"))
            button.setToolTip(self.tr("Browse…"))
            button.setAccessibleName(self.tr("Browse"))
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            set_kind(button, "boxed")
            if param.path == "any":
                menu = QMenu(button)
                menu.addAction(self.tr("A file…")).triggered.connect(self.browse_file)
                menu.addAction(self.tr("A folder…")).triggered.connect(self.browse_folder)
                button.setMenu(menu)
                button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
            else:
                button.clicked.connect(self.browse_folder if param.path == "folder" else self.browse_file)
            self.row.addWidget(button)

    def set_empty(self, meaning: str) -> None:
        self.edit.setPlaceholderText(meaning)

    def parsed(self, text: str) -> Any:
        return text

    def text_of(self, value: Any) -> str:
        return str(value)

    def _start(self) -> Path:
        here = (self.folder or Path.home()) / self.edit.text()
        return here if here.is_dir() else here.parent

    def browse_file(self) -> None:
        """Choose a file."""
        self._found(ask_open_path(self, self.tr("Choose a file"), self._start(), self._pattern))

    def browse_folder(self) -> None:
        """Choose a folder."""
        self._found(ask_folder(self, self.tr("Choose a folder"), self._start()))

    def _found(self, path: Path | None) -> None:
        if path is not None:
            self.edit.setText(stored_path(path, self.folder))
            self._commit()


@final
class NamesEditor(LineEditor):
    """Names separated by commas; those on offer are check boxes, too, and an empty list checks what it stands for."""

    wide = True

    def __init__(self, param: Names) -> None:
        super().__init__(param)
        self._value: tuple[str, ...] = param.default
        self._implied: tuple[str, ...] = ()
        self._names = param
        self._boxes: dict[str, QCheckBox] = {}
        if param.offers:
            column = QVBoxLayout()
            column.setSpacing(4)
            self.row.removeWidget(self.edit)
            column.addWidget(self.edit)
            for name in param.offers:
                box = QCheckBox(name)
                set_role(box, "mono_caption")
                box.clicked.connect(lambda on, name=name: self._switch(name, on))
                self._boxes[name] = box
                column.addWidget(box)
            self.row.addLayout(column, 1)
        self.set_siblings({})

    def set_siblings(self, values: Mapping[str, Any]) -> None:
        """The other parameters' values, on which it depends whether there are offers."""
        offered = self._names.offered(values)
        self._implied = self._names.implied if offered else ()
        for box in self._boxes.values():
            box.setVisible(offered)
        self.edit.setPlaceholderText(", ".join(self._implied) or self.tr("separated by commas; empty: all"))

    def _switch(self, name: str, on: bool) -> None:
        order = list(self._boxes)
        before = self._value or self._implied
        names = [*before, name] if on else [other for other in before if other != name]
        names.sort(key=lambda item: order.index(item) if item in order else len(order))
        self.changed.emit(names)

    def parsed(self, text: str) -> Any:
        return [part.strip() for part in text.split(",") if part.strip()]

    def text_of(self, value: Any) -> str:
        return ", ".join(value)

    def set_value(self, value: Any) -> None:
        self._value = tuple(value)
        super().set_value(value)
        for name, box in self._boxes.items():
            box.setChecked(name in (self._value or self._implied))


@final
class RefsEditor(Editor):
    """Other blocks, each a check box; none checked means all. `set_offers` says which there are."""

    wide = True

    def __init__(self, param: Refs) -> None:
        super().__init__()
        self._value: tuple[str, ...] = param.default
        self._column = QVBoxLayout()
        self._column.setSpacing(4)
        self._boxes: dict[str, QCheckBox] = {}
        self.row.addLayout(self._column, 1)

    def set_offers(self, names: tuple[str, ...]) -> None:
        """The blocks that can be chosen."""
        wanted = dict.fromkeys((*names, *self._value))
        if list(wanted) == list(self._boxes):
            return
        for box in self._boxes.values():
            self._column.removeWidget(box)
            box.deleteLater()
        self._boxes = {}
        for name in wanted:
            box = QCheckBox(name)
            box.clicked.connect(self._clicked)
            self._boxes[name] = box
            self._column.addWidget(box)
        self.set_value(self._value)

    def _clicked(self) -> None:
        self.changed.emit([name for name, box in self._boxes.items() if box.isChecked()])

    def set_value(self, value: Any) -> None:
        self._value = tuple(value)
        for name, box in self._boxes.items():
            box.setChecked(name in self._value)
            box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
