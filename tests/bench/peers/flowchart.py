"""pyqtgraph.flowchart."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, final

from pyqtgraph.flowchart import Flowchart as PyqtgraphFlowchart
from pyqtgraph.flowchart import Node
from pyqtgraph.flowchart.library import LIBRARY
from PySide6.QtCore import QPointF, QRectF

from tests.bench.peers.editor import VIEW, Editor, Pair, flush, place


class Step(Node):
    """Does nothing."""

    nodeName = "BenchStep"  # noqa: N815 - their name

    def __init__(self, name: str) -> None:
        super().__init__(name, terminals={"a": {"io": "in"}, "b": {"io": "in"}, "out": {"io": "out"}})

    def process(self, **values: Any) -> dict[str, Any]:
        return {"out": None}


@final
class Flowchart(Editor):
    """Its blocks live in a view box, which does the zooming."""

    def build(self, count: int, wires: Sequence[Pair], source: int = 0) -> None:
        if Step.nodeName not in LIBRARY.nodeList:
            LIBRARY.addNodeType(Step, [("bench",)])
        self.chart = PyqtgraphFlowchart(terminals={})
        widget = self.chart.widget().chartWidget
        self.view, self._box = widget.view, widget.viewBox()
        self._nodes = [self.chart.createNode(Step.nodeName, f"n{index}", place(index)) for index in range(count)]
        self._taken = [0] * count
        for start, end in wires:
            self._wire(start, end)

    def _wire(self, start: int, end: int) -> None:
        port = "ab"[self._taken[end]]
        self._taken[end] += 1
        self.chart.connectTerminals(self._nodes[start]["out"], self._nodes[end][port])

    def save(self) -> str:
        return json.dumps(self.chart.saveState(), default=list)

    def load(self, saved: str) -> None:
        self.chart.restoreState(json.loads(saved), clear=True)
        nodes = self.chart.nodes()
        self._nodes = [nodes[f"n{index}"] for index in range(len(self._nodes))]

    def move(self, index: int, to: tuple[float, float]) -> None:
        self._nodes[index].graphicsItem().setPos(*to)

    def extent(self) -> QRectF:
        found = QRectF()
        for node in self._nodes:
            item = node.graphicsItem()
            found = found.united(item.boundingRect().translated(item.pos()))
        return found

    def fit(self) -> None:
        self._box.setRange(self.extent(), padding=0)
        flush()

    def look_at(self, index: int) -> None:
        x, y = place(index)
        self._box.setRange(QRectF(x - VIEW[0] / 2, y - VIEW[1] / 2, *VIEW), padding=0)
        flush()

    def sees(self, index: int) -> bool:
        return bool(self._box.viewRect().contains(QPointF(*place(index))))

    def zoom(self, factor: float) -> None:
        self._box.scaleBy((1 / factor, 1 / factor))
        flush()

    def connect(self, start: int, end: int) -> None:
        self._wire(start, end)
