"""A form for a set of parameters: label, editor, help; only what means something now is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from engine.param import Param
from gui.inspector.editors import Editor
from gui.inspector.factory import make_editor
from gui.inspector.text_editors import RefsEditor
from gui.theme import set_role, set_tone
from gui.widgets.labels import plain_tooltip
from gui.widgets.section import Section


@final
class ParamForm(QWidget):
    """Edits parsed values of declared parameters.

    Signals:
        edited(str, object): the user set a parameter.
    """

    edited = Signal(str, object)

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
        label = QLabel(param.label or name)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setBuddy(editor)
        help_text = plain_tooltip(f"{param.doc}\n({name})" if param.label else param.doc)
        label.setToolTip(help_text)
        editor.setToolTip(help_text)
        control = editor.focusProxy() or editor
        control.setAccessibleName(param.label or name)
        control.setAccessibleDescription(param.doc)
        fault = QLabel()
        fault.setWordWrap(True)
        set_role(fault, "caption")
        set_tone(fault, "error")
        fault.hide()
        row = grid.rowCount()
        if editor.wide:
            grid.addWidget(label, row, 0, 1, 2)
            grid.addWidget(editor, row + 1, 0, 1, 2)
        else:
            grid.addWidget(label, row, 0)
            grid.addWidget(editor, row, 1)
        grid.addWidget(fault, row + 2, 0, 1, 2)
        editor.changed.connect(lambda value, name=name: self.edited.emit(name, value))
        editor.fault_changed.connect(lambda text, name=name: self.set_fault(name, text))
        self._editors[name], self._labels[name], self._faults[name] = editor, label, fault

    def editor(self, name: str) -> Editor:
        """The editor of a parameter."""
        return self._editors[name]

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Show these parsed values, and only the parameters that mean something beside them."""
        for name, param in self._params.items():
            visible = param.visible(values)
            self._editors[name].setVisible(visible)
            self._labels[name].setVisible(visible)
            if not visible:
                self._faults[name].hide()
            self._editors[name].set_value(values[name])
        self._more.setVisible(any(param.advanced and param.visible(values) for param in self._params.values()))

    def set_offers(self, names: tuple[str, ...]) -> None:
        """The blocks that references can be made to."""
        for editor in self._editors.values():
            if isinstance(editor, RefsEditor):
                editor.set_offers(names)

    def set_fault(self, name: str, text: str) -> None:
        """Say under a parameter what is wrong with it; "" for nothing."""
        self._faults[name].setText(f"{name} {text}" if text else "")
        self._faults[name].setVisible(bool(text))


def _tighten(grid: QGridLayout) -> None:
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(8)
    grid.setVerticalSpacing(6)
    grid.setColumnStretch(0, 5)
    grid.setColumnStretch(1, 6)
