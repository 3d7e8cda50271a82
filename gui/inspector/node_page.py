"""The inspector of one block."""

from __future__ import annotations

from typing import Any, final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from engine import edits
from engine.block import Block, block_named
from engine.param import parse_all
from engine.problem import GraphError, Problem
from engine.result import NodePlan
from engine.tensorspec import TensorSpec
from gui.document import Document
from gui.format import format_count, format_integer
from gui.formula import FormulaWidget
from gui.inspector.form import ParamForm
from gui.theme import restyle, set_kind, set_role, set_tone
from gui.widgets.card import Card
from gui.widgets.section import Section


@final
class NodePage(QWidget):
    """Name, parameters, frozen weights, formula and help of one node. Built for a kind, filled for a node."""

    def __init__(self, kind: str, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._block: Block | None = block_named(kind)
        self._kind = kind
        self._node_id = ""
        self.preview = QPushButton(self.tr("Look at the data…"))
        self.preview.setObjectName("previewData")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(12, 12, 12, 12)
        self._column.setSpacing(8)
        self._make_head()
        self._form = ParamForm(self._block.params if self._block else {})
        self._form.edited.connect(self._edit_param)
        self._frozen_boxes: dict[str, QCheckBox] = {}
        self._make_body()
        self._column.addStretch(1)

    # -- making --

    def _make_head(self) -> None:
        self._name = QLineEdit()
        self._name.setObjectName("nodeName")
        self._name.setAccessibleName(self.tr("Name of the block"))
        set_kind(self._name, "title")
        set_role(self._name, "title")
        self._name.editingFinished.connect(self._rename)
        self._caption = QLabel()
        self._caption.setWordWrap(True)
        self._caption.setTextFormat(Qt.TextFormat.PlainText)
        set_role(self._caption, "caption")
        set_tone(self._caption, "secondary")
        self._name_fault = QLabel()
        self._name_fault.setWordWrap(True)
        set_tone(self._name_fault, "error")
        set_role(self._name_fault, "caption")
        self._name_fault.hide()
        self._problem_card = Card(kind="error")
        self._problem_text = QLabel()
        self._problem_text.setTextFormat(Qt.TextFormat.PlainText)
        self._problem_text.setWordWrap(True)
        self._problem_card.body.addWidget(self._problem_text)
        for widget in (self._name, self._name_fault, self._caption, self._problem_card):
            self._column.addWidget(widget)

    def _make_body(self) -> None:
        block = self._block
        if block is None:
            return
        if block.params:
            parameters = Section(self.tr("Parameters"))
            parameters.body.addWidget(self._form)
            self._column.addWidget(parameters)
        if block.category == "data":
            self._column.addWidget(self.preview)
        self._weights = Section(self.tr("Weights"))
        self._weights_grid = QGridLayout()
        self._weights_grid.setHorizontalSpacing(8)
        self._weights.body.addLayout(self._weights_grid)
        self._column.addWidget(self._weights)
        self._formula = FormulaWidget()
        self._backward = FormulaWidget()
        self._symbols = QLabel()
        self._symbols.setWordWrap(True)
        self._symbols.setTextFormat(Qt.TextFormat.PlainText)
        set_role(self._symbols, "caption")
        set_tone(self._symbols, "secondary")
        formula = Section(self.tr("Formula"))
        well = Card(kind="well")
        well.body.addWidget(self._formula)
        formula.body.addWidget(well)
        back_title = QLabel(self.tr("Backwards: what the chain rule passes on"))
        set_role(back_title, "caption")
        set_tone(back_title, "secondary")
        self._back_well = Card(kind="well")
        self._back_well.body.addWidget(self._backward)
        formula.body.addWidget(back_title)
        formula.body.addWidget(self._back_well)
        formula.body.addWidget(self._symbols)
        self._back_title = back_title
        self._column.addWidget(formula)
        doc = QLabel(block.doc)
        doc.setWordWrap(True)
        set_tone(doc, "secondary")
        about = Section(self.tr("About {0}").format(self._kind))
        about.body.addWidget(doc)
        self._column.addWidget(about)

    # -- filling --

    def show_node(self, node_id: str) -> None:
        """Fill the page with a node of this page's kind."""
        self._node_id = node_id
        node = self._document.project.graph.node(node_id)
        plan = self._document.result.nodes.get(node_id)
        if not (self._name.hasFocus() and self._name.isModified()):
            self._name.setText(node_id)
            self._name_fault.hide()
        self._show_problems(node_id)
        block = self._block
        if block is None:
            self._caption.setText(self.tr("{0} is not known to this version. It is kept as it is.").format(self._kind))
            return
        params, errors = parse_all(block.params, node.params)
        self._caption.setText(_caption(self._kind, plan))
        self._form.set_offers(self._offers(node_id))
        self._form.set_values(params)
        faults = dict(errors)
        for name in block.params:
            self._form.set_fault(name, faults.get(name, ""))
        self._show_weights(plan)
        formula = block.formula(params)
        self._formula.set_lines(formula.forward)
        self._backward.set_lines(formula.backward)
        for widget in (self._back_title, self._back_well):
            widget.setVisible(bool(formula.backward))
        self._symbols.setText(
            "\n".join(f"{plain_symbol(symbol)}: {meaning}" for symbol, meaning in formula.symbols)
            + (f"\n\n{formula.source}" if formula.source else "")
        )

    def _offers(self, node_id: str) -> tuple[str, ...]:
        result = self._document.result
        owners = (result.nodes[path] for path in result.order)
        return tuple(plan.path for plan in owners if plan.parameters and plan.path != node_id)

    def _show_problems(self, node_id: str) -> None:
        found: list[Problem] = [
            problem
            for problem in self._document.result.problems
            if problem.node is not None and problem.node.split(".", 1)[0] == node_id and problem.severity != "info"
        ]
        self._problem_card.setVisible(bool(found))
        if found:
            self._problem_text.setText("\n\n".join(f"{problem.message} {problem.hint}".strip() for problem in found))
            worst = "error" if any(problem.severity == "error" for problem in found) else "warning"
            restyle(self._problem_card, "kind", worst)

    def _show_weights(self, plan: NodePlan | None) -> None:
        tensors = plan.recipe.parameters if plan is not None and plan.recipe is not None else ()
        self._weights.setVisible(bool(tensors))
        if list(self._frozen_boxes) != [tensor.name for tensor in tensors]:
            while self._weights_grid.count():
                item = self._weights_grid.takeAt(0)
                widget = item.widget() if item is not None else None
                if widget is not None:
                    widget.deleteLater()
            self._frozen_boxes = {}
            for row, tensor in enumerate(tensors):
                box = QCheckBox(self.tr("frozen"))
                box.setToolTip(self.tr("A frozen parameter keeps its value: training does not change it"))
                box.setObjectName(f"frozen_{tensor.name}")
                box.clicked.connect(lambda on, name=tensor.name: self._freeze(name, on))
                label = QLabel()
                set_role(label, "mono_caption")
                self._weights_grid.addWidget(label, row, 0)
                self._weights_grid.addWidget(box, row, 1, Qt.AlignmentFlag.AlignRight)
                self._frozen_boxes[tensor.name] = box
        frozen = self._document.project.graph.node(self._node_id).frozen
        for row, tensor in enumerate(tensors):
            item = self._weights_grid.itemAtPosition(row, 0)
            shown = item.widget() if item is not None else None
            if isinstance(shown, QLabel):
                shown.setText(f"{tensor.name}  {' × '.join(map(str, tensor.shape))}")
            self._frozen_boxes[tensor.name].setChecked(tensor.name in frozen)

    # -- editing --

    def _edit_param(self, name: str, value: Any) -> None:
        if not self._node_id or self._node_id not in self._document.project.graph:
            return
        project, touched = edits.set_params(self._document.project, self._node_id, {name: value})
        text = self.tr("Set {0} of {1}").format(name, self._node_id)
        self._document.edit(text, project, touched, merge=f"{self._node_id}.{name}")

    def _freeze(self, name: str, on: bool) -> None:
        frozen = self._document.project.graph.node(self._node_id).frozen
        new = frozen | {name} if on else frozen - {name}
        project, touched = edits.set_node(self._document.project, self._node_id, frozen=new)
        text = self.tr("Freeze {0}.{1}") if on else self.tr("Unfreeze {0}.{1}")
        self._document.edit(text.format(self._node_id, name), project, touched)

    def _rename(self) -> None:
        new, old = self._name.text().strip(), self._node_id
        self._name.setModified(False)
        if new == old or old not in self._document.project.graph:
            self._name_fault.hide()
            return
        try:
            project, touched = edits.rename_node(self._document.project, old, new)
        except GraphError as error:
            self._name_fault.setText(str(error))
            self._name_fault.show()
            return
        self._name_fault.hide()
        self._node_id = new
        self._document.edit(self.tr("Rename {0} to {1}").format(old, new), project, touched, renamed=((old, new),))


def _caption(kind: str, plan: NodePlan | None) -> str:
    if plan is None:
        return kind
    parts = [kind]
    shapes = [_flow(plan.inputs), _flow(plan.outputs)]
    if any(shapes):
        parts.append(" → ".join(shape or "?" for shape in shapes) if shapes[0] else shapes[1])
    if plan.parameters:
        parts.append(f"{format_integer(plan.parameters)} parameters")
    if plan.macs:
        parts.append(f"{format_count(plan.macs)} multiply-adds")
    return " · ".join(parts)


def _flow(specs: Any) -> str:
    shown: list[TensorSpec] = [spec for spec in specs.values() if spec is not None]
    return ", ".join(str(spec) for spec in shown)


_SYMBOLS = {
    r"\delta": "δ", r"\sigma": "σ", r"\mu": "μ", r"\varepsilon": "ε", r"\gamma": "γ", r"\beta": "β",
    r"\lambda": "λ", r"\eta": "η", r"\hat": "", r"\odot": "⊙", r"\ast": "∗", r"\star": "⋆", r"\alpha": "α",
    r"\phi": "φ", r"\Phi": "Φ", r"\theta": "θ", r"\bar": "", r"\tilde": "", r"\mathcal": "", r"\mathrm": "",
    r"\partial": "∂", r"\,": " ", r"\Omega": "Ω", r"\tau": "τ", r"\rho": "ρ", r"\pi": "π", r"\xi": "ξ", r"\ell": "ℓ",
}  # fmt: skip


def plain_symbol(latex: str) -> str:
    """A LaTeX symbol as plain text, for the list of symbols."""
    text = latex.strip("$")
    for name in sorted(_SYMBOLS, key=len, reverse=True):
        text = text.replace(name, _SYMBOLS[name])
    return text.replace("{", "").replace("}", "").replace("\\", "")
