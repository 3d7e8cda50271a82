"""The inspector of a use of a group: what this use says, and what all uses share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, final

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from engine import edits, groupedits
from engine.levels import uses_of
from engine.param import Bool, Int, Param
from engine.planning.groupuse import Use, parse_use
from engine.problem import GraphError
from engine.references import GROUP
from gui.document import Change
from gui.format import format_integer
from gui.inspector.form import ParamForm
from gui.level import LevelView
from gui.theme import restyle, set_kind, set_role
from gui.widgets.card import Card
from gui.widgets.labels import text_label
from gui.widgets.section import Section
from gui.widgets.value_line import ValueLine

_USE: Final[Mapping[str, Param]] = {
    "repeat": Int(default=1, min=1, max=10_000, doc="How many times in a row; each repetition reads the one before."),
    "share_across_repeats": Bool(default=False, label="share weights", doc="All repetitions use the same weights."),
}
MOST_TOLD: Final = 5
"""Problems told in full: whoever repeats a group a thousand times has each of its own a thousand times."""


@final
class GroupPage(QWidget):
    """Name, problems, repetition and sharing of a use; name and uses of the group, and what can be done with it.

    Signals:
        wanted(str, str): `open`, `independent`, `keep` or `file`, and the use it is wanted for.
    """

    wanted = Signal(str, str)

    def __init__(self, level: LevelView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._level = level
        self._node_id = ""
        self.form = ParamForm(_USE)
        self.form.edited.connect(lambda name, value, merges: self._set(name, value, merges=merges))
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(12, 12, 12, 12)
        self._column.setSpacing(8)
        self._make_head()
        self._make_use()
        self._make_definition()
        self._column.addStretch(1)

    # -- making --

    def _make_head(self) -> None:
        self._name = ValueLine()
        self._name.setObjectName("nodeName")
        self._name.setAccessibleName(self.tr("Name of the block"))
        set_kind(self._name, "title")
        set_role(self._name, "title")
        self._name.editingFinished.connect(self._rename)
        self._name_fault = text_label("", "caption", "error", wrap=True)
        self._caption = text_label("", "caption", "secondary", wrap=True)
        self._problem_card = Card(kind="error")
        self._problem_text = text_label("", wrap=True)
        self._problem_text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._problem_card.body.addWidget(self._problem_text)
        self._open = self._button("open", self.tr("Open group"), self.tr("Show what is inside (Enter)"))
        set_kind(self._open, "primary")
        for widget in (self._name, self._name_fault, self._caption, self._problem_card, self._open):
            self._column.addWidget(widget)
        self._name_fault.hide()

    def _make_use(self) -> None:
        section = Section(self.tr("This use"))
        section.body.addWidget(self.form)
        self._sharing = QComboBox()
        self._sharing.setObjectName("shareWith")
        self._sharing.setAccessibleName(self.tr("Share weights with"))
        self._sharing.setToolTip(self.tr("Another use of the group, whose weights this one shares"))
        self._sharing.activated.connect(lambda index: self._set("share_with", self._sharing.itemData(index)))
        row = QGridLayout()
        row.setHorizontalSpacing(8)
        row.setColumnStretch(0, 5)
        row.setColumnStretch(1, 6)
        row.addWidget(text_label(self.tr("weights of"), wrap=True), 0, 0)
        row.addWidget(self._sharing, 0, 1)
        section.body.addLayout(row)
        self._column.addWidget(section)

    def _make_definition(self) -> None:
        section = Section(self.tr("The group"))
        self._group = ValueLine()
        self._group.setObjectName("groupName")
        self._group.setAccessibleName(self.tr("Name of the group"))
        self._group.editingFinished.connect(self._rename_group)
        self._group_fault = text_label("", "caption", "error", wrap=True)
        self._group_fault.hide()
        self._uses = text_label("", "caption", "secondary", wrap=True)
        self._independent = self._button(
            "independent",
            self.tr("Make independent"),
            self.tr("Give this use a group of its own, a copy of this one"),
        )
        keep = self._button("keep", self.tr("Save to the palette"), self.tr("Keep the group for other networks"))
        file = self._button("file", self.tr("Save as a file…"), self.tr("Write the group to a file of its own"))
        for widget in (self._group, self._group_fault, self._uses, self._independent, keep, file):
            section.body.addWidget(widget)
        self._column.addWidget(section)

    def _button(self, verb: str, text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(f"group_{verb}")
        button.setToolTip(tip)
        button.clicked.connect(lambda: self.wanted.emit(verb, self._node_id))
        return button

    # -- filling --

    @property
    def node_id(self) -> str:
        """The use shown."""
        return self._node_id

    def show_node(self, node_id: str) -> None:
        """Fill the page with a use of a group."""
        fresh, self._node_id = node_id != self._node_id, node_id
        project = self._level.project
        use = parse_use(project.graph.node(node_id).params)
        if fresh or not (self._name.hasFocus() and self._name.isModified()):
            self._name.setText(node_id)
            self._fault(self._name, self._name_fault, "")
        self._show_problems()
        self._caption.setText(self._caption_of(use))
        self.form.set_values({"repeat": use.repeat, "share_across_repeats": use.share_across_repeats}, fresh=fresh)
        self._show_sharing(use)
        known = use.group in project.groups
        if fresh or not (self._group.hasFocus() and self._group.isModified()):
            self._group.setText(use.group)
            self._fault(self._group, self._group_fault, "")
        count = len(uses_of(self._level.document.project, use.group))
        several = self.tr("Used {0} times: what changes inside changes at all of them.").format(count)
        self._uses.setText(self.tr("Used once.") if count == 1 else several)
        for widget in (self._open, self._group, self._uses, self._independent):
            widget.setEnabled(known)
        self._independent.setEnabled(known and count > 1)

    def _show_problems(self) -> None:
        prefix = f"{self._node_id}."
        found = [
            problem
            for problem in self._level.result.problems
            if problem.node is not None and (problem.node == self._node_id or problem.node.startswith(prefix))
        ]
        self._problem_card.setVisible(bool(found))
        if found:
            found.sort(key=lambda problem: ("error", "warning", "info").index(problem.severity))
            told = [f"{problem.message} {problem.hint}".strip() for problem in found[:MOST_TOLD]]
            if len(found) > MOST_TOLD:  # each repetition may have its own
                told.append(self.tr("{0} more are listed under Problems.").format(len(found) - MOST_TOLD))
            self._problem_text.setText("\n\n".join(told))
            restyle(self._problem_card, "kind", found[0].severity)

    def _caption_of(self, use: Use) -> str:
        plan = self._level.result.nodes.get(self._node_id)
        parts = [self.tr("Group")]
        if plan is not None:
            into = ", ".join(str(spec) for spec in plan.inputs.values() if spec is not None)
            out = ", ".join(str(spec) for spec in plan.outputs.values() if spec is not None)
            parts += [f"{into or '?'} → {out or '?'}"] if into or out else []
            parts += [self.tr("{0} parameters").format(format_integer(plan.parameters))] if plan.parameters else []
        return " · ".join(parts)

    def _show_sharing(self, use: Use) -> None:
        graph = self._level.project.graph
        others = [
            node.id
            for node in graph.ordered_nodes()
            if node.block == GROUP and node.id != self._node_id and _alike(parse_use(node.params), use)
        ]
        with QSignalBlocker(self._sharing):
            self._sharing.clear()
            self._sharing.addItem(self.tr("its own"), "")
            for name in dict.fromkeys([*others, *([use.share_with] if use.share_with else [])]):
                self._sharing.addItem(name, name)
            self._sharing.setCurrentIndex(max(self._sharing.findData(use.share_with), 0))
        self._sharing.setEnabled(bool(others) or bool(use.share_with))

    def _fault(self, field: QLineEdit, label: QWidget, text: str) -> None:
        label.setText(text)  # type: ignore[attr-defined]
        label.setVisible(bool(text))
        restyle(field, "error", "true" if text else "false")

    # -- editing --

    def _set(self, name: str, value: Any, *, merges: bool = False) -> None:
        project = self._level.project
        if self._node_id not in project.graph:
            return
        edited, touched, paths = groupedits.set_use(project, self._node_id, name, value)
        text = self.tr("Set {0} of {1}").format(name, self._node_id)
        merge = f"{self._node_id}.{name}" if merges else ""
        self._level.make(text, edited, Change(touched, paths=paths), merge)

    def _rename(self) -> None:
        old, new = self._node_id, self._name.text().strip()
        self._name.setModified(False)
        if old not in self._level.project.graph or new == old:
            self._name.setText(old)
            self._fault(self._name, self._name_fault, "")
            return
        try:
            project, touched = edits.rename_node(self._level.project, old, new)
        except GraphError as error:
            self._fault(self._name, self._name_fault, str(error))
            return
        self._level.edit(self.tr("Rename {0} to {1}").format(old, new), project, touched, renamed=((old, new),))

    def _rename_group(self) -> None:
        self._group.setModified(False)
        node = self._level.project.graph.nodes.get(self._node_id)
        old, new = parse_use(node.params).group if node is not None else "", self._group.text().strip()
        if not old or new == old:
            self._fault(self._group, self._group_fault, "")
            return
        text = self.tr("Rename the group {0} to {1}").format(old, new)
        fault = self._level.make_everywhere(text, lambda project: groupedits.rename_group(project, old, new))
        self._fault(self._group, self._group_fault, fault)


def _alike(one: Use, other: Use) -> bool:
    """Whether two uses could share their weights."""
    return (one.group, one.repeat) == (other.group, other.repeat)
