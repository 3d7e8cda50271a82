"""The canvas of the app, with all it shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import final

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtWidgets import QApplication

from engine import edits, files
from engine.block import registry
from engine.graph import Graph, Node, Project, Wire
from gui.canvas.fitting import Fitting
from gui.canvas.hits import PortRef
from gui.canvas.view import CanvasView
from gui.document import Document
from gui.selection import Selection
from gui.theme import theme
from gui.threads import GuiCollector
from tests.bench.peers.editor import Editor, Pair, flush, place


@final
class ChainruleCanvas(Editor):
    """Blocks with two wires are Adds, the others Activations: everything is checked, and nothing is wrong."""

    def __init__(self) -> None:
        registry()
        theme()  # what the app loads when it starts, as others do when they are imported
        app = QApplication.instance()
        if app is not None and app.findChild(GuiCollector) is None:
            GuiCollector(app)  # as in the app, where garbage is collected when the event loop is about to rest

    def build(self, count: int, wires: Sequence[Pair], source: int = 0) -> None:
        seen = set[int]()
        self._source = source
        ends = Counter(end for _, end in wires)
        kinds = ["Add" if ends[index] > 1 else "Activation" for index in range(count)]
        kinds[source] = "Input"
        self._first = ["a" if kind == "Add" else "in" for kind in kinds]
        nodes = [Node(f"n{index}", kind) for index, kind in enumerate(kinds)]
        made = []
        for start, end in wires:
            port = "in" if ends[end] == 1 else "b" if end in seen else "a"
            seen.add(end)
            made.append(self._wire(start, end, port))
        places = {f"n{index}": place(index) for index in range(count)}
        self._ports: dict[tuple[int, int, bool], tuple[PortRef, PortRef]] = {}
        project, _ = edits.move_nodes(Project(graph=Graph.of(nodes, made)), places)
        self._open(project)

    def _wire(self, start: int, end: int, port: str) -> Wire:
        return Wire(f"n{start}", "x" if start == self._source else "out", f"n{end}", port)

    def _open(self, project: Project) -> None:
        self.document, self.selection = Document(project), Selection()
        self.view: CanvasView = CanvasView(self.document, self.selection)

    def save(self) -> str:
        return files.dumps(self.document.project)

    def load(self, saved: str) -> None:
        self.document.replace(files.loads(saved))

    def move(self, index: int, to: tuple[float, float]) -> None:
        self.view.items_.shift({f"n{index}": QPointF(*to)})

    def move_many(self, places: Mapping[int, tuple[float, float]]) -> None:
        self.view.items_.shift({f"n{index}": QPointF(*to) for index, to in places.items()})

    def extent(self) -> QRectF:
        return self.view.items_.content_rect()

    def connect(self, start: int, end: int) -> None:
        wire = self._wire(start, end, self._first[end])
        self.document.edit("connect", *edits.connect(self.document.project, wire))

    def draw(self, start: int, end: int) -> None:
        wire = self._wire(start, end, self._first[end])
        self._drawn, _ = edits.connect(self.document.project, wire)
        self.view.items_.wires.add(wire)

    def check_way(self, start: int, end: int, *, backwards: bool) -> None:
        anchor, other = self._ends(start, end, backwards=backwards)
        assert Fitting(self.view.level, anchor).may_end(other)

    def check(self, start: int, end: int, *, backwards: bool) -> None:
        anchor, other = self._ends(start, end, backwards=backwards)
        assert Fitting(self.view.level, anchor).refusal(other) is None

    def _ends(self, start: int, end: int, *, backwards: bool) -> tuple[PortRef, PortRef]:
        """The ports, which are there before somebody asks about a wire, as the others' are."""
        key = (start, end, backwards)
        if key not in self._ports:
            self._ports[key] = self._made_ends(start, end, backwards=backwards)
        return self._ports[key]

    def _made_ends(self, start: int, end: int, *, backwards: bool) -> tuple[PortRef, PortRef]:
        out = PortRef(f"n{start}", "out", "x" if start == self._source else "out")
        into = PortRef(f"n{end}", "in", self._first[end])
        return (into, out) if backwards else (out, into)

    def arrange(self) -> None:
        self.view.arranging.arrange("right")
        flush()

    def delete_all(self) -> None:
        self.view.commands.select_all()
        self.view.commands.delete()
        flush()
        self.document.undo_stack.undo()
        flush()

    # -- the camera knows what to do besides --

    def fit(self) -> None:
        self.view.fit(animated=False)
        flush()

    def look_at(self, index: int) -> None:
        self.view.camera.look_at(QPointF(*place(index)), 1.0, animated=False)
        flush()

    def zoom(self, factor: float) -> None:
        self.view.camera.zoom_by(factor)
        flush()
