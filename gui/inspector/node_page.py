"""The inspector of one block."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from engine import edits
from engine.block import Block, block_named
from engine.param import parse_all
from engine.problem import GraphError, Problem
from engine.result import NodePlan
from engine.tensorspec import TensorSpec
from gui.format import format_bytes, format_count, format_integer
from gui.inspector.expression_part import ExpressionPart
from gui.inspector.form import ParamForm
from gui.inspector.formula_part import FormulaPart
from gui.inspector.weights_part import WeightsPart
from gui.level import LevelView
from gui.theme import restyle, set_kind, set_role
from gui.widgets.card import Card
from gui.widgets.labels import plain_tooltip, text_label
from gui.widgets.section import Section
from gui.widgets.value_line import ValueLine


@final
class NodePage(QWidget):
    """Name, problems, parameters, frozen weights, formula and help of one node. Made for a kind, filled for a node."""

    def __init__(self, kind: str, document: LevelView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._block: Block | None = block_named(kind)
        self._kind = kind
        self._node_id = ""
        self.form = ParamForm(self._block.params if self._block else {})
        self.form.edited.connect(self._edit_param)
        self.preview = QPushButton(self.tr("Look at the data…"))
        self.preview.setObjectName("previewData")
        self._weights, self._formula = WeightsPart(), FormulaPart()
        self._weights.freeze_wanted.connect(self._freeze)
        self._expression = ExpressionPart()
        self._expression.minimise_wanted.connect(self._minimise)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(12, 12, 12, 12)
        self._column.setSpacing(8)
        self._make_head()
        self._make_body()
        self._column.addStretch(1)

    # -- making --

    def _make_head(self) -> None:
        self._name = ValueLine()
        self._name.setObjectName("nodeName")
        self._name.setAccessibleName(self.tr("Name of the block"))
        self._name.setToolTip(
            plain_tooltip(self.tr("The block's name: letters, digits and _, beginning with a small letter"))
        )
        set_kind(self._name, "title")
        set_role(self._name, "title")
        self._name.editingFinished.connect(self._rename)
        self._name_fault = text_label("", "caption", "error", wrap=True)
        self._name_fault.hide()
        self._caption = text_label("", "caption", "secondary", wrap=True)
        self._problem_card = Card(kind="error")
        self._problem_text = text_label("", wrap=True)
        self._problem_text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._problem_card.body.addWidget(self._problem_text)
        for widget in (self._name, self._name_fault, self._caption, self._problem_card):
            self._column.addWidget(widget)

    def _make_body(self) -> None:
        block = self._block
        parameters = Section(self.tr("Parameters"))
        parameters.body.addWidget(self.form)
        parameters.setVisible(block is not None and bool(block.params))
        self.preview.setVisible(block is not None and block.category == "data")
        self._about: QLabel = text_label(block.doc if block else "", tone="secondary", wrap=True)
        about = Section(self.tr("About {0}").format(self._kind))
        about.body.addWidget(self._about)
        about.setVisible(block is not None)
        self._formula.setVisible(block is not None)
        self._weights.hide()
        for part in (self._expression, parameters, self.preview, self._weights, self._formula, about):
            self._column.addWidget(part)

    # -- filling --

    @property
    def node_id(self) -> str:
        """The node shown."""
        return self._node_id

    def focus_first(self) -> None:
        """Give the keyboard to the first parameter that is shown, or to the name."""
        names = self._block.params if self._block is not None else ()
        editors = (self.form.editor(name) for name in names)
        first = next((editor for editor in editors if not editor.isHidden()), None)
        (first or self._name).setFocus(Qt.FocusReason.TabFocusReason)

    def show_node(self, node_id: str) -> None:
        """Fill the page with a node of this page's kind."""
        fresh = node_id != self._node_id
        self._node_id = node_id
        if fresh or not (self._name.hasFocus() and self._name.isModified()):
            self._show_name()
        self._show_problems()
        block = self._block
        if block is None:
            self._caption.setText(self.tr("{0} is not known to this version. It is kept as it is.").format(self._kind))
            return
        node = self._document.project.graph.node(node_id)
        plan = self._document.result.nodes.get(node_id)
        params, errors = parse_all(block.params, node.params)
        self._caption.setText(self._caption_of(plan))
        self.form.set_folder(self._document.folder)
        self.form.set_offers(self._offers())
        self.form.set_values(params, fresh=fresh)
        self.form.set_faults(dict(errors))
        recipe = plan.recipe if plan is not None else None
        tensors = tuple(one for one in recipe.parameters if one.name not in recipe.fixed) if recipe is not None else ()
        self._weights.show_tensors(tensors, node.frozen)
        self._formula.show_formula(block.formula(params))
        self._expression.show_node(self._document, node_id)

    def _show_name(self) -> None:
        self._name.setText(self._node_id)
        self._say_name("")

    def _say_name(self, fault: str) -> None:
        self._name_fault.setText(fault)
        self._name_fault.setVisible(bool(fault))
        restyle(self._name, "error", "true" if fault else "false")

    def _offers(self) -> tuple[str, ...]:
        """The blocks that a Regularizer can name: all others that learn something."""
        result = self._document.result
        plans = (result.nodes[path] for path in result.order)
        return tuple(plan.path for plan in plans if plan.parameters and plan.path != self._node_id)

    def _show_problems(self) -> None:
        found: list[Problem] = [
            problem
            for problem in self._document.result.problems
            if problem.node is not None and problem.node.split(".", 1)[0] == self._node_id
        ]
        self._problem_card.setVisible(bool(found))
        if found:
            self._problem_text.setText("\n\n".join(f"{problem.message} {problem.hint}".strip() for problem in found))
            worst = min(found, key=lambda problem: ("error", "warning", "info").index(problem.severity))
            restyle(self._problem_card, "kind", worst.severity)

    def _caption_of(self, plan: NodePlan | None) -> str:
        parts = [self._kind]
        if plan is not None:
            into, out = _flow(plan.inputs), _flow(plan.outputs)
            if into or out:
                parts.append(f"{into or '?'} → {out or '?'}" if plan.inputs else out)
            if plan.parameters:
                one, count = plan.parameters == 1, format_integer(plan.parameters)
                parts.append(self.tr("1 parameter") if one else self.tr("{0} parameters").format(count))
            if plan.macs:
                one, count = plan.macs == 1, format_count(plan.macs)
                parts.append(self.tr("1 multiply-add") if one else self.tr("{0} multiply-adds").format(count))
            if plan.facts is not None and plan.facts.streamed:
                parts.append(self.tr("streamed from disk, {0}").format(format_bytes(plan.facts.streamed)))
        return " · ".join(parts)

    # -- editing --

    def _edit_param(self, name: str, value: Any, merges: bool) -> None:
        if self._node_id not in self._document.project.graph:
            return
        project, touched = edits.set_params(self._document.project, self._node_id, {name: value})
        text = self.tr("Set {0} of {1}").format(name, self._node_id)
        self._document.edit(text, project, touched, merge=f"{self._node_id}.{name}" if merges else "")

    def _freeze(self, name: str, on: bool) -> None:
        if self._node_id not in self._document.project.graph:
            return
        frozen = self._document.project.graph.node(self._node_id).frozen
        new = frozen | {name} if on else frozen - {name}
        project, touched = edits.set_node(self._document.project, self._node_id, frozen=new)
        text = self.tr("Freeze {0}.{1}") if on else self.tr("Unfreeze {0}.{1}")
        self._document.edit(text.format(self._node_id, name), project, touched)

    def _minimise(self, output: str, on: bool) -> None:
        if self._node_id not in self._document.project.graph:
            return
        text = self.tr("Minimise {0}") if on else self.tr("No longer minimise {0}")
        edited = edits.set_objective(self._document.project, output, wanted=on)
        self._document.edit(text.format(self._node_id), *edited)

    def _rename(self) -> None:
        new, old = self._name.text().strip(), self._node_id
        self._name.setModified(False)
        if old not in self._document.project.graph:
            return
        if new == old:
            self._show_name()
            return
        try:
            project, touched = edits.rename_node(self._document.project, old, new)
        except GraphError as error:
            self._say_name(str(error))
            return
        self._say_name("")
        self._document.edit(self.tr("Rename {0} to {1}").format(old, new), project, touched, renamed=((old, new),))


def _flow(specs: Mapping[str, TensorSpec | None]) -> str:
    return ", ".join(str(spec) for spec in specs.values() if spec is not None)
