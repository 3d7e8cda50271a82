"""What a block's output is as one formula, and whether training is to make it small."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.block import block_named
from engine.expression import Name, latex
from engine.readback import formula_of, shown_name
from engine.result import NodePlan
from gui.formula import FormulaWidget
from gui.level import LevelView
from gui.widgets.card import Card
from gui.widgets.labels import plain_tooltip
from gui.widgets.section import Section
from gui.widgets.switch import Switch


@final
class ExpressionPart(QWidget):
    """The formula of everything before a block, written out, and the switch "Minimise this output".

    Signals:
        minimise_wanted(output, on): the switch was turned for the output, `f.out`.
    """

    minimise_wanted = Signal(str, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._output = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self._section = Section(self.tr("Expression"))
        column.addWidget(self._section)
        self.formula = FormulaWidget()
        self._well = Card(kind="well")
        self._well.body.addWidget(self.formula)
        self.minimise = Switch(self.tr("Minimise this output"))
        self.minimise.setObjectName("minimise")
        self.minimise.setToolTip(
            plain_tooltip(self.tr("Training changes the values so that this number becomes small"))
        )
        self.minimise.clicked.connect(lambda on: self.minimise_wanted.emit(self._output, on))
        for part in (self._well, self.minimise):
            self._section.body.addWidget(part)

    def show_node(self, level: LevelView, node_id: str) -> None:
        """Fill the part for a node; it hides where there is nothing to say."""
        node, plan = level.project.graph.node(node_id), level.result.nodes.get(node_id)
        block = block_named(node.block)
        written = formula_of(level.project, node_id)
        several = written.operations > 1 and (written.whole or (block is not None and block.category == "math"))
        if several:
            self.formula.set_lines(f"{latex(Name(shown_name(node)))} = {written.latex}")
        self._well.setVisible(several)
        port = "" if level.path else _scalar_port(plan)
        self._output = f"{node_id}.{port}"
        named = level.project.training.get("objective", ())
        self.minimise.setChecked(isinstance(named, tuple) and self._output in named)
        self.minimise.setVisible(bool(port))
        self.setVisible(several or bool(port))


def _scalar_port(plan: NodePlan | None) -> str:
    """The first output that is a single number and is not minimised anyway; "" without one."""
    block = block_named(plan.block) if plan is not None else None
    if plan is None or block is None or block.objective(plan.params):
        return ""
    scalars = (port for port, spec in plan.outputs.items() if spec is not None and not spec.shape)
    return next((port for port in scalars if plan.outputs[port].dtype == "float"), "")  # type: ignore[union-attr]
