"""A form for a set of parameters: label, editor, help; only what means something now is shown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from engine.param import Param
from gui.inspector.editors import Editor
from gui.inspector.factory import make_editor
from gui.inspector.text_editors import NamesEditor, RefsEditor, TextEditor
from gui.widgets.labels import plain_tooltip, text_label
from gui.widgets.section import Section


@final
class ParamForm(QWidget):
    """Edits parsed values of declared parameters.

    Signals:
        edited(str, object, bool): the user set a parameter; whether changes of it in a row are one undo step.
    """

    edited = Signal(str, object, bool)

    def __init__(self, params: Mapping[str, Param], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._params = params
        self._editors: dict[str, Editor] = {}
        self._labels: dict[str, QLabel] = {}
        self._faults: dict[str, QLabel] = {}
        self._more = Section(self.tr("More"), expanded=False)
        self._grid = QGridLayout(self)
        _tighten(self._grid)
        more = QGridLayout()
        _tighten(more)
        self._more.body.addLayout(more)
        for name, param in params.items():
            self._add(more if param.advanced else self._grid, name, param)
        self._grid.addWidget(self._more, self._grid.rowCount(), 0, 1, 2)
        self._more.setVisible(any(param.advanced for param in params.values()))

    def _add(self, grid: QGridLayout, name: str, param: Param) -> None:
        editor = make_editor(param)
        editor.setObjectName(f"param_{name}")
        shown = _shown_name(name, param)
        label = text_label(shown, wrap=True)
        label.setBuddy(editor)
        help_text = plain_tooltip(f"{param.doc}\n{name}" if shown != name else param.doc)
        label.setToolTip(help_text)
        editor.setToolTip(help_text)
        control = editor.focusProxy() or editor
        control.setAccessibleName(shown)
        control.setAccessibleDescription(param.doc)
        fault = text_label("", "caption", "error", wrap=True)
        fault.hide()
        row = grid.rowCount()
        if editor.wide:
            grid.addWidget(label, row, 0, 1, 2)
            grid.addWidget(editor, row + 1, 0, 1, 2)
        else:
            grid.addWidget(label, row, 0)
            grid.addWidget(editor, row, 1)
        grid.addWidget(fault, row + 2, 0, 1, 2)
        editor.changed.connect(lambda value, name=name: self.edited.emit(name, value, self._editors[name].merges))
        editor.fault_changed.connect(lambda text, name=name: self.set_fault(name, text))
        self._editors[name], self._labels[name], self._faults[name] = editor, label, fault

    def editor(self, name: str) -> Editor:
        """The editor of a parameter."""
        return self._editors[name]

    def fault(self, name: str) -> str:
        """What is said to be wrong with a parameter; "" for nothing."""
        return "" if self._faults[name].isHidden() else self._faults[name].text()

    def set_values(self, values: Mapping[str, Any], *, fresh: bool = False) -> None:
        """Show these parsed values, and only the parameters that mean something beside them.

        `fresh`: they are those of another block or document, so what is being typed is none of them.
        """
        for name, param in self._params.items():
            visible = param.visible(values)
            self._editors[name].setVisible(visible)
            self._labels[name].setVisible(visible)
            if not visible:
                self._faults[name].hide()
            editor = self._editors[name]
            editor.set_empty(param.emptied(values))
            if isinstance(editor, NamesEditor):
                editor.set_siblings(values)
            if fresh:
                self._editors[name].reset(values[name])
            else:
                self._editors[name].set_value(values[name])
        self._more.setVisible(any(param.advanced and param.visible(values) for param in self._params.values()))

    def set_faults(self, faults: Mapping[str, str]) -> None:
        """Say what is wrong with the values as they stand in the document."""
        for name, text in faults.items():
            if name in self._faults:
                self.set_fault(name, text)

    def set_offers(self, names: tuple[str, ...]) -> None:
        """The blocks that references can be made to."""
        for editor in self._editors.values():
            if isinstance(editor, RefsEditor):
                editor.set_offers(names)

    def set_folder(self, folder: Path | None) -> None:
        """What relative paths start from."""
        for editor in self._editors.values():
            if isinstance(editor, TextEditor):
                editor.folder = folder

    def set_fault(self, name: str, text: str) -> None:
        """Say under a parameter what is wrong with it; "" for nothing."""
        if text and text[0].islower():  # the engine's words go on after the parameter's name
            text = f"{_shown_name(name, self._params[name])} {text}"
        self._faults[name].setText(text)
        self._faults[name].setVisible(bool(text))


def _shown_name(name: str, param: Param) -> str:
    return param.label or name.replace("_", " ")


def _tighten(grid: QGridLayout) -> None:
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(8)
    grid.setVerticalSpacing(6)
    grid.setColumnStretch(0, 5)
    grid.setColumnStretch(1, 6)
