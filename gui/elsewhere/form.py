"""The settings of a training elsewhere."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLineEdit, QWidget

from engine.elsewhere.options import Options
from gui.theme import theme
from gui.widgets.labels import text_label
from gui.widgets.number_edit import IntEdit
from gui.widgets.step_edit import Limits
from gui.widgets.switch import Switch

_COLUMNS = 2


@final
class OptionsForm(QWidget):
    """Edits `Options`; `changed` follows every change."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        start = Options()
        self._numbers = {
            name: IntEdit(getattr(start, name), Limits(minimum=limits[0], maximum=limits[1]))
            for name, limits in {
                "processes": (1, 1024),
                "nodes": (1, 100_000),
                "gpus": (0, 1024),
                "cpus": (1, 4096),
            }.items()
        }
        self._texts = {name: QLineEdit(getattr(start, name)) for name in ("time", "memory", "partition", "account")}
        self._texts["port"] = QLineEdit(str(start.port))  # no number that is counted with, and without commas
        self.program = Switch(self.tr("Chainrule's engine goes along"), checked=True)
        self.program.setToolTip(self.tr("Else it has to be installed there, in the same version"))
        self._lay_out()
        for number in self._numbers.values():
            number.changed.connect(self.changed)
        for text in self._texts.values():
            text.textChanged.connect(self.changed)
        self.program.toggled.connect(self.changed)

    def _lay_out(self) -> None:
        words = {
            "nodes": self.tr("Nodes"),
            "processes": self.tr("Processes a node"),
            "gpus": self.tr("GPUs a node"),
            "cpus": self.tr("Cores a process"),
            "time": self.tr("Time limit"),
            "memory": self.tr("Memory a node"),
            "partition": self.tr("Partition"),
            "account": self.tr("Account"),
            "port": self.tr("Port"),
        }
        self._texts["memory"].setPlaceholderText("32G")
        for name in ("partition", "account"):
            self._texts[name].setPlaceholderText(self.tr("of the cluster"))
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(6)
        for place, (name, label) in enumerate(words.items()):
            editor: QWidget = self._numbers[name] if name in self._numbers else self._texts[name]
            editor.setObjectName(f"elsewhere_{name}")
            editor.setAccessibleName(label)
            editor.setMinimumWidth(theme().px(76))
            row, column = divmod(place, _COLUMNS)
            grid.addWidget(text_label(label, "caption", "secondary"), row, 2 * column, Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(editor, row, 2 * column + 1)
        last = (len(words) + 1) // _COLUMNS
        grid.addWidget(self.program, last, 0, 1, 2 * _COLUMNS)
        for column in range(_COLUMNS):
            grid.setColumnStretch(2 * column + 1, 1)

    def options(self) -> Options:
        """What is chosen; it may have faults."""
        numbers = {name: editor.value() or 0 for name, editor in self._numbers.items()}
        texts = {name: editor.text().strip() for name, editor in self._texts.items()}
        port = texts.pop("port")
        numbers["port"] = int(port) if port.isascii() and port.isdigit() else 0
        return Options(**numbers, **texts, program=self.program.isChecked())  # type: ignore[arg-type]
