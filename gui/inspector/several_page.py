"""The inspector of several blocks: the parameters they share, set in all of them at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, final

from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from engine import edits
from engine.block import block_named
from engine.frozen import thaw
from engine.graph import Node
from engine.param import Param, parse_all
from gui.inspector.form import ParamForm
from gui.level import LevelView
from gui.theme import set_kind
from gui.widgets.labels import text_label
from gui.widgets.section import Section

MOST_VALUES: Final = 4


@final
class SeveralPage(QWidget):
    """Shows the values of the first of them; where others differ, it says so and offers to align them."""

    def __init__(self, document: LevelView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._ids: tuple[str, ...] = ()
        self._params: dict[str, Param] = {}
        self._title = text_label("", "title", wrap=True)
        self._caption = text_label("", "caption", "secondary", wrap=True)
        self._parameters = Section(self.tr("Parameters they share"))
        self._differs = Section(self.tr("Where they differ"))
        self.form: ParamForm | None = None
        self._rows: list[QWidget] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(8)
        for widget in (self._title, self._caption, self._parameters, self._differs):
            column.addWidget(widget)
        column.addStretch(1)

    def show_nodes(self, ids: Sequence[str]) -> None:
        """Fill the page with these nodes of the graph, two at least."""
        graph = self._document.project.graph
        nodes = sorted((graph.node(node_id) for node_id in ids), key=lambda node: node.rank)
        fresh = (chosen := tuple(node.id for node in nodes)) != self._ids
        self._ids = chosen
        kinds = sorted({node.block for node in nodes})
        self._title.setText(self.tr("{0} blocks selected").format(len(nodes)))
        self._caption.setText(", ".join(kinds))
        self._use(_shared(kinds))
        values = [_values(node) for node in nodes]
        if self.form is not None:
            self.form.set_folder(self._document.folder)
            self.form.set_values(values[0], fresh=fresh)
        self._parameters.setVisible(self.form is not None)
        if self.form is None:
            kinds_text = self.tr("They share no parameter. Move, copy, mute or delete them together.")
            self._caption.setText(f"{', '.join(kinds)}. {kinds_text}")
        self._show_differences(values)

    def _use(self, params: dict[str, Param]) -> None:
        """A form for these parameters."""
        if params == self._params:
            return
        self._params = params
        if self.form is not None:
            self.form.hide()
            self.form.deleteLater()
            self.form = None
        if params:
            self.form = ParamForm(params)
            self.form.edited.connect(self._edit)
            self._parameters.body.addWidget(self.form)

    def _show_differences(self, values: Sequence[Mapping[str, Any]]) -> None:
        for row in self._rows:
            row.hide()
            row.deleteLater()
        self._rows = []
        for name, param in self._params.items():
            found = list(dict.fromkeys(_text(each[name]) for each in values if param.visible(each)))
            if len(found) < 2:
                continue
            shown = ", ".join(found[:MOST_VALUES]) + (", …" if len(found) > MOST_VALUES else "")
            label = text_label(f"{param.label or name.replace('_', ' ')}: {shown}", "caption", wrap=True)
            button = QPushButton(self.tr("Set all to {0}").format(found[0]))
            button.setObjectName(f"align_{name}")
            set_kind(button, "small")
            button.clicked.connect(lambda _=False, name=name, value=values[0][name]: self._edit(name, value, False))
            for row in (label, button):
                self._differs.body.addWidget(row)
                row.show()
                self._rows.append(row)
        self._differs.setVisible(bool(self._rows))

    def _edit(self, name: str, value: Any, merges: bool) -> None:
        project, touched = self._document.project, edits.NOTHING
        for node_id in self._ids:
            if node_id in project.graph:
                project, more = edits.set_params(project, node_id, {name: value})
                touched |= more
        text = self.tr("Set {0} of {1} blocks").format(name, len(self._ids))
        self._document.edit(text, project, touched, merge=f"{self._ids}.{name}" if merges else "")


def _shared(kinds: Sequence[str]) -> dict[str, Param]:
    """The parameters that all these kinds declare alike."""
    blocks = [block_named(kind) for kind in kinds]
    tables = [block.params for block in blocks if block is not None]
    if len(tables) < len(blocks):
        return {}
    return {name: param for name, param in tables[0].items() if all(table.get(name) == param for table in tables[1:])}


def _values(node: Node) -> dict[str, Any]:
    block = block_named(node.block)
    return parse_all(block.params, node.params)[0] if block is not None else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(thaw(value), ensure_ascii=False)
