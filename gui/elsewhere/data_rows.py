"""The data of a graph: copied into the folder, or named by their path on the other machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from engine.elsewhere.sources import Source
from gui.format import format_bytes, format_integer
from gui.widgets.labels import ElidedLabel, text_label
from gui.widgets.segmented import Segmented


@final
@dataclass(frozen=True, slots=True)
class Measured:
    """Data with their size."""

    source: Source
    files: int
    bytes: int


def measured(source: Source, going: Callable[[], bool]) -> Measured:
    """Count the files of some data; may take long. Raises DataError."""
    sizes = [size for _, _, size in source.files(going)]
    return Measured(source, len(sizes), sum(sizes))


@final
class DataRow(QWidget):
    """One source. `changed` tells that another way or path was chosen."""

    changed = Signal()

    def __init__(self, data: Measured, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.data = data
        self._way = Segmented([("copy", self.tr("Copy")), ("there", self.tr("Is there"))], "copy")
        self._way.setAccessibleName(self.tr("How {0} gets there").format(data.source.name))
        self._way.set_hint("copy", self.tr("Copied into the folder"))
        self._way.set_hint("there", self.tr("The other machine has it already"))
        self.path = QLineEdit()
        self.path.setAccessibleName(self.tr("Path on the other machine"))
        self.path.setPlaceholderText(self.tr("path on the other machine"))
        self.path.hide()
        top = QHBoxLayout()
        top.setSpacing(8)
        name = ElidedLabel(role="text")
        name.setText(data.source.name)
        top.addWidget(name, 1)
        top.addWidget(text_label(self._size(), "caption", "secondary"))
        top.addWidget(self._way)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(top)
        column.addWidget(self.path)
        self._way.changed.connect(self._follow)
        self.path.textChanged.connect(self.changed)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def _size(self) -> str:
        size = format_bytes(self.data.bytes)
        if self.data.files == 1:
            return size
        return self.tr("{0} in {1} files").format(size, format_integer(self.data.files))

    def _follow(self) -> None:
        self.path.setVisible(self._way.value() == "there")
        if self._way.value() == "there":
            self.path.setFocus()
        self.changed.emit()

    def refer(self, path: str) -> None:
        """The other machine has it there."""
        self._way.set_value("there")
        self.path.setText(path)
        self._follow()

    @property
    def referred(self) -> str | None:
        """The path on the other machine; None where it is copied."""
        return self.path.text().strip() if self._way.value() == "there" else None
