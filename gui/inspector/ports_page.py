"""The inspector of a group's inputs or outputs: their names and their order."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QToolButton, QVBoxLayout, QWidget

from engine import groupedits
from engine.graph import Project
from engine.groupedits import Side
from engine.levels import INPUTS
from gui.icons import icon
from gui.level import LevelView
from gui.theme import restyle, set_kind
from gui.widgets.labels import text_label
from gui.widgets.section import Section
from gui.widgets.value_line import ValueLine


@final
class PortsPage(QWidget):
    """A row for each port of the group that is open: its name, up, down, away."""

    def __init__(self, level: LevelView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._level = level
        self._side: Side = "in"
        self._shown: tuple[object, ...] = ()
        self._rows: list[QWidget] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(8)
        self._title = text_label("", "title")
        self._caption = text_label("", "caption", "secondary", wrap=True)
        section = Section(self.tr("Ports"))
        self._ports = QVBoxLayout()
        self._ports.setSpacing(4)
        section.body.addLayout(self._ports)
        self._fault = text_label("", "caption", "error", wrap=True)
        self._fault.hide()
        section.body.addWidget(self._fault)
        self.add = QPushButton(self.tr("Add a port"))
        self.add.setObjectName("addPort")
        self.add.clicked.connect(self._add)
        section.body.addWidget(self.add)
        for widget in (self._title, self._caption, section):
            column.addWidget(widget)
        column.addStretch(1)

    def show_node(self, node_id: str) -> None:
        """Show the ports of one side."""
        self._side = "in" if node_id == INPUTS else "out"
        name = self._level.group
        names = groupedits.port_names(self._level.project.groups[name], self._side)
        if self._side == "in":
            self._title.setText(self.tr("Inputs of {0}").format(name))
            self._caption.setText(self.tr("What comes into the group. Draw a wire from + to make another."))
        else:
            self._title.setText(self.tr("Outputs of {0}").format(name))
            self._caption.setText(
                self.tr("What goes out of the group. Where it is repeated, each feeds the input in the same row.")
            )
        if (name, self._side, *names) != self._shown:
            self._shown = (name, self._side, *names)
            self._say("")
            self._fill(names)

    def _fill(self, names: list[str]) -> None:
        for row in self._rows:
            self._ports.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._rows = [self._row(name, place, len(names)) for place, name in enumerate(names)]
        for row in self._rows:
            self._ports.addWidget(row)
            row.show()

    def _row(self, name: str, place: int, count: int) -> QWidget:
        row = QWidget(self)
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(2)
        field = ValueLine(name)
        field.setObjectName(f"port_{name}")
        field.setAccessibleName(self.tr("Name of the port {0}").format(name))
        field.editingFinished.connect(lambda: self._rename(field, name))
        line.addWidget(field, 1)
        buttons: list[tuple[str, str, bool, Callable[[], None]]] = [
            ("chevron-up", self.tr("Further up"), place > 0, lambda: self._move(name, -1)),
            ("chevron-down", self.tr("Further down"), place < count - 1, lambda: self._move(name, 1)),
            ("delete", self.tr("Remove the port and its wires, at every use"), True, lambda: self._remove(name)),
        ]
        for picture, tip, on, do in buttons:
            button = QToolButton()
            button.setIcon(icon(picture, "secondary"))
            button.setObjectName(f"{picture}_{name}")
            button.setToolTip(tip)
            button.setAccessibleName(f"{name}: {tip}")
            button.setEnabled(on)
            set_kind(button, "small")
            button.clicked.connect(do)
            line.addWidget(button)
        return row

    # -- editing --

    def _make(self, text: str, make: Callable[[Project, str], Project]) -> bool:
        name = self._level.group
        fault = self._level.make_everywhere(text, lambda project: make(project, name))
        self._say(fault)
        return not fault

    def _say(self, text: str) -> None:
        self._fault.setText(text)
        self._fault.setVisible(bool(text))

    def _add(self) -> None:
        side = self._side
        self._make(self.tr("Add a port"), lambda project, name: groupedits.add_port(project, name, side)[0])

    def _remove(self, port: str) -> None:
        side = self._side
        text = self.tr("Remove the port {0}").format(port)
        self._make(text, lambda project, name: groupedits.remove_port(project, name, side, port))

    def _move(self, port: str, step: int) -> None:
        side, text = self._side, self.tr("Move the port {0}").format(port)
        self._make(text, lambda project, name: groupedits.move_port(project, name, side, port, step))

    def _rename(self, field: QLineEdit, old: str) -> None:
        side, new = self._side, field.text().strip()
        if new == old or old not in self._shown[2:]:
            return
        text = self.tr("Rename the port {0} to {1}").format(old, new)
        done = self._make(text, lambda project, name: groupedits.rename_port(project, name, side, old, new))
        if not done:
            restyle(field, "error", "true")
