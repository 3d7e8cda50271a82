"""The parameters that a block learns, and which of them are frozen."""

from __future__ import annotations

from collections.abc import Set
from typing import final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QVBoxLayout, QWidget

from engine.recipe import Tensor
from gui.widgets.labels import plain_tooltip, text_label
from gui.widgets.section import Section


@final
class WeightsPart(QWidget):
    """A row for each learned tensor: name, shape and a box that freezes it.

    Signals:
        freeze_wanted(str, bool): the user wants a tensor frozen, or no longer.
    """

    freeze_wanted = Signal(str, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        section = Section(self.tr("Weights"))
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(0, 1)
        section.body.addLayout(self._grid)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(section)
        self._rows: dict[str, tuple[QLabel, QCheckBox]] = {}

    def show_tensors(self, tensors: tuple[Tensor, ...], frozen: Set[str]) -> None:
        """Show these tensors; none hides the part."""
        self.setVisible(bool(tensors))
        if list(self._rows) != [tensor.name for tensor in tensors]:
            self._make_rows(tensors)
        for tensor in tensors:
            label, box = self._rows[tensor.name]
            label.setText(f"{tensor.name}  {' × '.join(map(str, tensor.shape))}")
            box.setChecked(tensor.name in frozen)

    def _make_rows(self, tensors: tuple[Tensor, ...]) -> None:
        for row in self._rows.values():
            for widget in row:
                self._grid.removeWidget(widget)
                widget.deleteLater()
        self._rows = {}
        for place, tensor in enumerate(tensors):
            label = text_label("", "mono_caption")
            box = QCheckBox(self.tr("frozen"))
            box.setObjectName(f"frozen_{tensor.name}")
            box.setToolTip(plain_tooltip(self.tr("A frozen parameter keeps its value: training does not change it")))
            box.clicked.connect(lambda on, name=tensor.name: self.freeze_wanted.emit(name, on))
            self._grid.addWidget(label, place, 0)
            self._grid.addWidget(box, place, 1, Qt.AlignmentFlag.AlignRight)
            self._rows[tensor.name] = (label, box)
