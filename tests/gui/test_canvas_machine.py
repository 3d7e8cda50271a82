"""Random editing: canvas and document agree at every step, and undoing everything leads back to the start."""

from __future__ import annotations

from functools import reduce

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine import edits
from engine.block import registry
from engine.graph import Project, Wire
from engine.names import fresh_id
from engine.problem import GraphError
from gui.canvas import adding, dots
from gui.canvas.block_item import BlockItem
from gui.canvas.face import make_face, problems_by_node
from gui.canvas.gestures.base import Cancel
from gui.canvas.hits import PortRef
from gui.canvas.placing import places
from gui.canvas.stage import Wish
from gui.canvas.swapping import replace_block
from gui.canvas.view import CanvasView
from gui.canvas.wire_item import WireItem
from gui.document import Document
from gui.selection import Selection
from tests.helpers.canvas import small_net

ALT, NO_KEYS = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.NoModifier
CUTS = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
LEFT = Qt.MouseButton.LeftButton
KINDS = sorted(registry())
number = st.integers(0, 10_000)


class Editing(RuleBasedStateMachine):
    """Edits by the canvas's own commands and by others; `pick` chooses among what is there."""

    view: CanvasView

    @initialize(placed=st.booleans(), empty=st.booleans())
    def begin(self, placed: bool, empty: bool) -> None:
        self.start = Project() if empty else small_net(placed=placed)
        self.document, self.selection = Document(self.start), Selection()
        self.view = CanvasView(self.document, self.selection)
        self.view.resize(900, 600)

    def pick(self, index: int) -> str | None:
        nodes = sorted(self.document.project.graph.nodes)
        return nodes[index % len(nodes)] if nodes else None

    # -- rules --

    @rule(kind=st.sampled_from(KINDS), x=st.integers(-500, 1500), y=st.integers(-500, 900), beside=st.booleans())
    def add(self, kind: str, x: int, y: int, beside: bool) -> None:
        adding.add_block(self.view.stage, kind, Wish(QPointF(x, y), beside=beside))

    @rule(kind=st.sampled_from(KINDS), index=number)
    def add_at_port(self, kind: str, index: int) -> None:
        ports = [
            PortRef(item.node_id, side, name)
            for item in self.view.items_.blocks.values()
            for (side, name), _ in item.ports()
        ]
        if ports:
            wish = Wish(QPointF(100, 100), port=ports[index % len(ports)])
            if adding.accepts(self.view.stage, wish)(registry()[kind]):
                adding.add_block(self.view.stage, kind, wish)

    @rule(kind=st.sampled_from(KINDS), index=number)
    def add_into_wire(self, kind: str, index: int) -> None:
        wires = self.document.project.graph.wires()
        if wires:
            adding.add_block(self.view.stage, kind, Wish(QPointF(), wire=wires[index % len(wires)]))

    @rule(one=number, other=number)
    def connect(self, one: int, other: int) -> None:
        blocks = list(self.view.items_.blocks.values())
        outs = [(item.node_id, port.name) for item in blocks for port in item.face.outputs]
        ins = [(item.node_id, port.name) for item in blocks for port in item.face.inputs]
        if outs and ins:
            wire = Wire(*outs[one % len(outs)], *ins[other % len(ins)])
            project, touched = edits.connect(self.document.project, wire)
            self.document.edit("connect", project, touched)

    @rule(chosen=st.lists(number, max_size=4))
    def choose(self, chosen: list[int]) -> None:
        self.selection.set({node_id for index in chosen if (node_id := self.pick(index)) is not None})

    @rule(index=number)
    def choose_wire(self, index: int) -> None:
        ends = sorted(self.view.items_.wires.items)
        if ends:
            self.view.items_.choose_wires({ends[index % len(ends)]})

    @rule(
        name=st.sampled_from(["delete", "take_out", "duplicate", "toggle_bypass", "disconnect_chosen", "cut", "copy"])
    )
    def command(self, name: str) -> None:
        getattr(self.view.commands, name)()

    @rule(at=st.none() | st.tuples(st.integers(-300, 900), st.integers(-300, 600)))
    def paste(self, at: tuple[int, int] | None) -> None:
        self.view.commands.paste(QPointF(*at) if at is not None else None)

    @rule(columns=st.integers(-1, 1), rows=st.integers(-1, 1))
    def nudge(self, columns: int, rows: int) -> None:
        self.view.commands.nudge(columns, rows)

    @rule(index=number, taken=st.booleans())
    def rename(self, index: int, taken: bool) -> None:
        node_id, project = self.pick(index), self.document.project
        if node_id is None:
            return
        new = min(project.graph.nodes) if taken else fresh_id("named", project.graph.nodes)
        try:
            edited, touched = edits.rename_node(project, node_id, new)
        except GraphError:
            return
        self.document.edit("rename", edited, touched, renamed=((node_id, new),))

    @rule(index=number, value=st.sampled_from([1, 2, 3, 5, 26]))
    def set_params(self, index: int, value: int) -> None:
        node_id = self.pick(index)
        if node_id is None:
            return
        kind = self.document.project.graph.node(node_id).block
        for name in ("inputs", "out_features", "out_channels"):
            if name in registry()[kind].params:
                project, touched = edits.set_params(self.document.project, node_id, {name: value})
                self.document.edit("set", project, touched)

    # -- wires, with a real mouse --

    def spot(self, x: float, y: float) -> QPoint:
        """A place of the scene on the viewport, which is brought there."""
        self.view.camera.look_at(QPointF(x, y), 1.0, animated=False)
        return self.view.camera.to_view(QPointF(x, y)).toPoint()

    def drag(self, start: QPoint, way: QPoint, keys: Qt.KeyboardModifier = NO_KEYS, *, leave: bool = False) -> None:
        port = self.view.viewport()
        QTest.mousePress(port, LEFT, keys, start)
        for part in (0.5, 1.0):
            at = start + way * part
            over = QPointF(port.mapToGlobal(at))
            move = QMouseEvent(QEvent.Type.MouseMove, QPointF(at), over, Qt.MouseButton.NoButton, LEFT, keys)
            QApplication.sendEvent(port, move)
        if leave:
            QTest.keyClick(self.view, Qt.Key.Key_Escape)
        QTest.mouseRelease(port, LEFT, keys, start + way)
        self.view.pointer.cancel(Cancel.ESCAPE)
        self.view.floats.search.leave()

    def pick_wire(self, index: int) -> WireItem | None:
        ends = sorted(self.view.items_.wires.items)
        return self.view.items_.wires.items[ends[index % len(ends)]] if ends else None

    @rule(index=number)
    def dot(self, index: int) -> None:
        item = self.pick_wire(index)
        if item is not None:
            dots.toggle_dot(self.view.stage, item, item.path.pointAtPercent(0.3 + index % 5 / 10))

    @rule(index=number, way=st.tuples(st.integers(-90, 90), st.integers(-90, 90)), leave=st.booleans())
    def drag_a_dot(self, index: int, way: tuple[int, int], leave: bool) -> None:
        item = self.pick_wire(index)
        if item is not None and item.dots:
            self.drag(self.spot(*item.dots[index % len(item.dots)]), QPoint(*way), leave=leave)

    @rule(index=number, leave=st.booleans())
    def cut_across(self, index: int, leave: bool) -> None:
        item = self.pick_wire(index)
        if item is not None:
            middle = item.path.pointAtPercent(0.5)
            start = self.spot(middle.x(), middle.y()) - QPoint(0, 60)
            self.drag(start, QPoint(0, 120), CUTS, leave=leave)

    @rule(index=number, other=number, alt=st.booleans(), leave=st.booleans())
    def drag_a_block_to_a_wire(self, index: int, other: int, alt: bool, leave: bool) -> None:
        node_id, wire = self.pick(index), self.pick_wire(other)
        if node_id is not None:
            self.selection.set(())
            block = self.view.items_.blocks[node_id]
            middle = block.title_rect().center()
            goal = wire.middle - block.area.center() if wire is not None else QPointF(40, 90)
            self.drag(self.spot(middle.x(), middle.y()), goal.toPoint(), ALT if alt else NO_KEYS, leave=leave)

    @rule(index=number, start=st.booleans(), leave=st.booleans())
    def pull_an_end(self, index: int, start: bool, leave: bool) -> None:
        item = self.pick_wire(index)
        if item is not None:
            place = item.path.pointAtPercent(0.2 if start else 0.8)
            self.drag(self.spot(place.x(), place.y()), QPoint(30, 200), leave=leave)

    @rule(index=number, kind=st.sampled_from(KINDS))
    def swap(self, index: int, kind: str) -> None:
        node_id = self.pick(index)
        if node_id is not None:
            replace_block(self.view.stage, node_id, kind)

    @rule()
    def undo(self) -> None:
        self.document.undo_stack.undo()

    @rule()
    def redo(self) -> None:
        self.document.undo_stack.redo()

    # -- what always holds --

    @invariant()
    def items_are_those_of_the_document(self) -> None:
        if not hasattr(self, "view"):
            return
        scene, project, result = self.view.items_, self.document.project, self.document.result
        assert set(scene.blocks) == set(project.graph.nodes)
        assert set(scene.wires.items) == {wire.ends for wire in project.graph.iter_wires()}
        present = scene.items()
        assert {item for item in present if isinstance(item, BlockItem)} == set(scene.blocks.values())
        assert {item for item in present if isinstance(item, WireItem)} == set(scene.wires.items.values())
        problems = problems_by_node(result)
        for node_id, item in scene.blocks.items():
            node = project.graph.node(node_id)
            assert item.node_id == node_id
            assert item.face == make_face(project.graph, node, result.nodes.get(node_id), problems.get(node_id, ()))
            assert item.chosen == (node_id in self.selection.ids)

    @invariant()
    def everything_is_where_it_belongs(self) -> None:
        if not hasattr(self, "view"):
            return
        scene = self.view.items_
        for node_id, place in self.document.project.layout.nodes.items():
            assert (scene.blocks[node_id].x(), scene.blocks[node_id].y()) == place
        assert set(places(self.document.project, scene.size_of)) == set(scene.blocks)
        assert set(scene.with_places(self.document.project).layout.nodes) >= set(scene.blocks)
        covered = reduce(QRectF.united, (item.area for item in scene.blocks.values()), scene.decor.extent())
        assert scene.content_rect() == covered
        for wire, item in ((item.wire, item) for item in scene.wires.items.values()):
            start = scene.blocks[wire.from_node].port_place("out", wire.from_port)
            end = scene.blocks[wire.to_node].port_place("in", wire.to_port)
            assert start is not None
            assert end is not None
            assert item.path.pointAtPercent(0.0) == start
            assert item.path.pointAtPercent(1.0) == end
            assert item.wire == self.document.project.graph.wire(wire.ends)
            assert item.dots == item.wire.via
            assert (item.mood, item.lifted) == ("", False)
        look, wires = scene.look, set(scene.wires.items)
        assert look.path_wires <= wires
        assert look.path_blocks <= set(scene.blocks)
        assert {ends for ends, _ in scene.wires.dots} <= wires
        assert not self.view.stage.overlay.strokes

    @invariant()
    def the_selection_is_there(self) -> None:
        if hasattr(self, "view"):
            assert self.selection.ids <= set(self.document.project.graph.nodes)

    def teardown(self) -> None:
        if not hasattr(self, "view"):
            return
        while self.document.undo_stack.canUndo():
            self.document.undo_stack.undo()
        assert self.document.project == self.start
        self.items_are_those_of_the_document()
        self.view.grab()
        self.view.deleteLater()
        self.document.deleteLater()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def test_canvas_and_document_always_agree(qtbot: QtBot) -> None:
    run_state_machine_as_test(
        Editing,
        settings=settings(max_examples=25, stateful_step_count=25, suppress_health_check=list(HealthCheck)),
    )
