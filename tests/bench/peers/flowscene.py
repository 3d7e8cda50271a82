"""qtpynodeeditor."""

from __future__ import annotations

import importlib
import json
from collections.abc import Sequence
from typing import Any, final

from PySide6.QtCore import QPointF, QRectF

from tests.bench.peers.editor import Editor, Pair, place


@final
class FlowScene(Editor):
    """Each block has two inputs, as its inputs take one wire each."""

    def __init__(self) -> None:
        self._module: Any = importlib.import_module("qtpynodeeditor")
        module = self._module
        kind = module.NodeDataType("number", "number")
        self._model = type(
            "Step",
            (module.NodeDataModel,),
            {
                "name": "Step",
                "caption": "Step",
                "caption_visible": True,
                "num_ports": {module.PortType.input: 2, module.PortType.output: 1},
                "data_type": kind,
                "out_data": lambda model, port: None,
                "set_in_data": lambda model, data, port: None,
                "embedded_widget": lambda model: None,
            },
        )

    def build(self, count: int, wires: Sequence[Pair], source: int = 0) -> None:
        module = self._module
        registry = module.DataModelRegistry()
        registry.register_model(self._model, category="bench")
        self.scene = module.FlowScene(registry=registry)
        self.view = module.FlowView(self.scene)
        self._nodes = []
        for index in range(count):
            node = self.scene.create_node(self._model)
            node.graphics_object.setPos(QPointF(*place(index)))
            self._nodes.append(node)
        self._taken = [0] * count
        for start, end in wires:
            self._wire(start, end)

    def _wire(self, start: int, end: int) -> None:
        ports = self._module.PortType
        port = self._nodes[end][ports.input][self._taken[end]]
        self._taken[end] += 1
        self.scene.create_connection(self._nodes[start][ports.output][0], port)

    def save(self) -> str:
        return json.dumps(self.scene.__getstate__(), default=list)

    def load(self, saved: str) -> None:
        self.scene.__setstate__(json.loads(saved))
        found = list(self.scene.nodes.values())
        self._nodes = sorted(found, key=lambda node: (node.graphics_object.y(), node.graphics_object.x()))

    def move(self, index: int, to: tuple[float, float]) -> None:
        self._nodes[index].graphics_object.setPos(QPointF(*to))

    def extent(self) -> QRectF:
        found = QRectF()
        for node in self._nodes:
            found = found.united(node.graphics_object.sceneBoundingRect())
        return found

    def look_at(self, index: int) -> None:
        self.view.setSceneRect(self.extent())  # else it does not scroll beyond the size it was first shown in
        super().look_at(index)

    def connect(self, start: int, end: int) -> None:
        self._wire(start, end)

    def check(self, start: int, end: int, *, backwards: bool) -> None:
        # As its `NodeConnectionInteraction` does: from the block the wire was drawn from, towards its other end.
        ports = self._module.PortType
        one, other = self._nodes[start], self._nodes[end]
        if backwards:
            assert not other.has_connection_by_port_type(one, ports.output)
        else:
            assert not one.has_connection_by_port_type(other, ports.input)
