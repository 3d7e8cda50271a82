"""One row of features, typed."""

from __future__ import annotations

from typing import final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from gui.format import format_exact, parse_number
from gui.theme import set_role
from gui.widgets.labels import ElidedLabel
from gui.widgets.number_edit import NumberEdit
from gui.widgets.scroll import VerticalScroll

MAX_EDITORS = 16


@final
class RowForm(QWidget):
    """An editor for each feature; for many features one line to paste numbers into.

    Signals:
        edited(): the row is another one.
    """

    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self._editors: list[NumberEdit] = []
        self._line: QLineEdit | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._area = VerticalScroll()
        layout.addWidget(self._area)

    @property
    def names(self) -> tuple[str, ...]:
        """The features asked for."""
        return self._names

    def set_features(self, names: tuple[str, ...]) -> None:
        """Ask for these features, all 0 at first."""
        if names == self._names:
            return
        self._names, self._editors, self._line = names, [], None
        inner = QWidget()
        grid = QGridLayout(inner)
        grid.setContentsMargins(0, 0, 4, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        if len(names) > MAX_EDITORS:
            self._line = self._make_line(len(names))
            grid.addWidget(self._line, 0, 0, 1, 2)
        else:
            for row, name in enumerate(names):
                label = ElidedLabel(name)
                editor = NumberEdit(0.0)
                editor.setObjectName(f"feature_{row}")
                editor.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)  # shrinks in narrow panels
                editor.setAccessibleName(name)
                editor.changed.connect(self.edited)
                label.setBuddy(editor)
                grid.addWidget(label, row, 0)
                grid.addWidget(editor, row, 1)
                self._editors.append(editor)
        grid.setRowStretch(grid.rowCount(), 1)
        self._area.setWidget(inner)

    def _make_line(self, count: int) -> QLineEdit:
        line = QLineEdit()
        line.setObjectName("featureLine")
        line.setPlaceholderText(self.tr("{0} numbers, separated by commas").format(count))
        line.setAccessibleName(line.placeholderText())
        set_role(line, "mono")
        line.editingFinished.connect(self._line_edited)
        return line

    def _line_edited(self) -> None:
        if self._line is not None and self._line.isModified():
            self._line.setModified(False)
            self.edited.emit()

    def set_row(self, values: list[float]) -> None:
        """Show a row, without a signal."""
        for editor, value in zip(self._editors, values, strict=False):
            editor.set_value(value)
        if self._line is not None:
            self._line.setText(", ".join(format_exact(value) for value in values))

    def row(self) -> NDArray[np.float64]:
        """The row, shape `(features,)`.

        Raises:
            ValueError: the pasted line holds another number of values, or a word that is none.
        """
        if self._line is None:
            return np.array([editor.value() or 0.0 for editor in self._editors])
        words = self._line.text().replace(",", " ").replace(";", " ").split()
        values = [parse_number(word) for word in words]
        if len(values) != len(self._names):
            text = self.tr("{0} numbers are needed, these are {1}.")
            raise ValueError(text.format(len(self._names), len(values)))
        return np.array(values)
