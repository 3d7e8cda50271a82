"""NodeGraphQt, and OdenGraphQt, which grew from it."""

from __future__ import annotations

import importlib
import json
from collections.abc import Sequence
from typing import Any, final

from PySide6.QtCore import QPointF, QRectF

from tests.bench.peers.editor import Editor, Pair, flush, place


@final
class NodeGraph(Editor):
    """Driven by its public graph object."""

    def __init__(self, package: str) -> None:
        self._module: Any = importlib.import_module(package)
        base: Any = self._module.BaseNode

        def make(node: Any) -> None:
            base.__init__(node)
            node.add_input("a", multi_input=True)
            node.add_output("out")

        self._kind = type("Step", (base,), {"__identifier__": "bench", "NODE_NAME": "Step", "__init__": make})

    def build(self, count: int, wires: Sequence[Pair], source: int = 0) -> None:
        self.graph = self._module.NodeGraph()
        self.graph.register_node(self._kind)
        self.view = self.graph.viewer()
        make = self.graph.create_node
        self._nodes = [
            make("bench.Step", name=f"n{index}", pos=list(place(index)), selected=False, push_undo=False)
            for index in range(count)
        ]
        for start, end in wires:
            self._nodes[start].output(0).connect_to(self._nodes[end].input(0), push_undo=False)

    def save(self) -> str:
        return json.dumps(self.graph.serialize_session(), default=list)

    def load(self, saved: str) -> None:
        self.graph.deserialize_session(json.loads(saved))
        by_name = {node.name(): node for node in self.graph.all_nodes()}
        self._nodes = [by_name[f"n{index}"] for index in range(len(by_name))]

    def move(self, index: int, to: tuple[float, float]) -> None:
        self._nodes[index].view.setPos(*to)

    def extent(self) -> QRectF:
        found = QRectF()
        for node in self._nodes:
            found = found.united(node.view.sceneBoundingRect())
        return found

    def fit(self) -> None:
        self.graph.viewer().zoom_to_nodes([node.view for node in self._nodes])
        flush()

    def look_at(self, index: int) -> None:
        # Its view shows a rectangle of its own, whatever Qt's view is told.
        self.graph.viewer().reset_zoom(QPointF(*place(index)))
        flush()

    def check(self, start: int, end: int, *, backwards: bool) -> None:
        out, into = self._nodes[start].output(0).view, self._nodes[end].input(0).view
        assert self.graph.viewer().acyclic_check(*((into, out) if backwards else (out, into)))

    def connect(self, start: int, end: int) -> None:
        self.check(start, end, backwards=False)  # part of drawing a wire by hand
        self._nodes[start].output(0).connect_to(self._nodes[end].input(0))

    def draw(self, start: int, end: int) -> None:
        self._nodes[start].output(0).connect_to(self._nodes[end].input(0))

    def arrange(self) -> None:
        self.graph.auto_layout_nodes()

    def delete_all(self) -> None:
        self.graph.select_all()
        self.graph.delete_nodes(self.graph.selected_nodes())
        flush()
        self.graph.undo_stack().undo()
        flush()
