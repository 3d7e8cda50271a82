"""The scene: one item for each block and wire of the document, brought up to date by what each change touched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from typing import Final, final

from PySide6.QtCore import QObject, QPointF, QRectF, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QGraphicsScene

from engine import edits
from engine.block import PortKind
from engine.graph import Graph, Node, Point, Project
from engine.plan import changed_since
from engine.problem import Problem
from engine.result import NodePlan, Result
from gui.canvas.block_item import BlockItem
from gui.canvas.decor import Decor
from gui.canvas.decor_item import DecorItem
from gui.canvas.drift import Drift, unindexed
from gui.canvas.face import NO_PROBLEMS, Side, aims_of, make_face, problems_by_node
from gui.canvas.look import Detail, Look
from gui.canvas.placing import places, port_heights_of, stored
from gui.canvas.port_rows import PortKey
from gui.canvas.wire_item import Ends, WireItem
from gui.canvas.wire_set import WireSet
from gui.document import Change
from gui.level import LevelView
from gui.selection import Selection
from gui.theme import theme

_SPARE: Final = 2000.0
_STEP: Final = 1e-6
WHOLESALE: Final = 1000
"""More blocks than this are not moved one by one."""


@final
class CanvasScene(QGraphicsScene):
    """Mirrors `document.project` and `document.result`. Nothing here is state of the document.

    Attributes:
        blocks: node id -> item.
        wires: the wires between them.
        decor: frames behind them and notes beside them.
        guests: what is covered by items that others put here, to be seen where everything is.
        room: what is covered by pictures below blocks.
        drift: all of it on its way, seen from afar.
        is_carried: all that is told by `synced` just now is what `carried` told.

    Signals:
        synced(): blocks or wires came, went, moved or changed.
        wires_chosen(): other wires are selected.
        carried(QPointF): everything stands elsewhere by so much, and looks as before.
        dirtied(QRectF): this part looks different. Told from afar only, where the view paints without the items.
    """

    synced = Signal()
    wires_chosen = Signal()
    dirtied = Signal(QRectF)
    carried = Signal(QPointF)

    def __init__(self, document: LevelView, selection: Selection, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.document = document
        self.selection = selection
        self.look = Look()
        self.blocks: dict[str, BlockItem] = {}
        self.wires = WireSet(self, self.blocks, self.look, self._soil, self._flush)
        self.decor = Decor(self, self.look, self._soil)
        self.drift = Drift(self, self.blocks, self.look, self.shift)
        self.is_carried, self._front = False, 1.0
        self._shown: Result | None = None
        self._problems: dict[str, tuple[Problem, ...]] = {}
        self._aims: dict[str, str] = {}
        self._chosen: frozenset[str] = frozenset()
        self._unplaced: set[str] = set()  # by the layout, at some time: an undone edit may leave them out again
        self.guests = self.room = QRectF()
        self._dirt = QRectF()
        self.setSceneRect(-_SPARE, -_SPARE, 2 * _SPARE, 2 * _SPARE)
        document.replaced.connect(self._replace)
        document.changed.connect(self._apply)
        document.checked.connect(self._show_result)
        selection.changed.connect(self._show_selection)
        theme().changed.connect(self._restyle)
        self.rebuild()

    # -- reading --

    def content_rect(self) -> QRectF:
        """What all blocks, frames and notes cover, pictures below them, and guests."""
        return self.decor.extent().united(self.wires.covered()).united(self.guests).united(self.room)

    def size_of(self, node_id: str) -> tuple[float, float]:
        """Width and height of a block's body."""
        body = self.blocks[node_id].body
        return (body.width(), body.height())

    def is_taken(self, area: QRectF) -> bool:
        """Whether a block stands there."""
        return self.wires.is_taken(area)

    def with_places(self, project: Project) -> Project:
        """The project with places written down for the blocks its layout leaves out, as they stand here.

        Whatever edits places begins with this: else blocks that nobody moved would jump.
        """
        found = {
            node_id: (self.blocks[node_id].x(), self.blocks[node_id].y())
            for node_id in self._unplaced
            if node_id in self.blocks and node_id in project.graph and stored(project.layout, node_id) is None
        }
        return edits.move_nodes(project, found)[0] if found else project

    def port_kind(self, node_id: str, side: Side, name: str) -> PortKind:
        """What kind of values goes through a port."""
        port = self.blocks[node_id].face.port(side, name)
        return port.kind if port is not None else "value"

    # -- following the document --

    def _replace(self) -> None:
        self.selection.set(())
        self.rebuild()

    def rebuild(self) -> None:
        """Make everything anew."""
        self.clear()  # while Python still holds the items: what it lets go of first, Qt takes out one by one, slowly
        self.blocks.clear()
        self.look.pictures.clear()
        self._unplaced.clear()
        self.wires.forget()
        self.guests = self.room = QRectF()
        self.drift.end()
        self.decor.forget()
        self.decor.match(self.document.project.layout)
        self._take(self.document.result)
        graph, layout, plans = self.document.project.graph, self.document.project.layout, self.document.result.nodes
        for node in graph.ordered_nodes():
            place = stored(layout, node.id)
            if place is None:
                self._unplaced.add(node.id)
            self._add_block(graph, node, plans.get(node.id), place)
        self._place_rest()
        for wire in graph.wires():  # in their order, as who comes first has the choice of lanes
            self.wires.add(wire)
        self.wires.rest()
        self._show_selection()
        self.synced.emit()

    def _apply(self, change: Change) -> None:
        graph = self.document.project.graph
        if change.whole:
            everything = frozenset(self.blocks) | frozenset(graph.nodes)
            change = Change(everything, everything, change.renamed)
        if self.document.result is not self._shown:
            self._show_result(self.document.result)
        for old, new in change.renamed:
            self._rename(old, new)
        touched = [node_id for node_id in change.touched if node_id in graph]
        for node_id in change.touched:
            if node_id not in graph and node_id in self.blocks:
                self._drop_block(node_id)
        came = [node_id for node_id in touched if node_id not in self.blocks]
        for node_id in came:
            self._add_block(graph, graph.node(node_id), self.document.result.nodes.get(node_id))
        for node_id in touched:
            self._refresh_block(node_id)
        adorned = self.decor.match(self.document.project.layout)
        if adorned:
            self._grow(self.decor.extent())
        carried = self.settle([*change.moved, *came])
        for node_id in touched:
            self.wires.match(graph, node_id)
        self.wires.dress(touched)
        self.wires.reroute()
        self._forget_gone(change)
        self._flush()
        self.is_carried = carried and not (touched or adorned)
        self.synced.emit()
        self.is_carried = False

    def _show_result(self, result: Result) -> None:
        """Look again at every block whose plan or problems are others. Blocks to come or go wait for `changed`."""
        graph = self.document.project.graph
        changed = [node_id for node_id in self._take(result) if node_id in self.blocks and node_id in graph]
        changed.sort(key=lambda node_id: graph.node(node_id).rank)
        for node_id in changed:
            self._refresh_block(node_id)
        self.wires.dress(changed)
        if changed:
            self._flush()
            self.synced.emit()

    def _take(self, result: Result) -> set[str]:
        """Show this result from now on. Returns the ids that have other plans or problems than in the one before."""
        problems, self._problems = self._problems, problems_by_node(result)
        changed = changed_since(result, self._shown)
        self._shown = result
        named = problems.keys() | self._problems.keys()
        changed.update(name for name in named if problems.get(name) != self._problems.get(name))
        aims, self._aims = self._aims, aims_of(result)
        changed.update(path.rpartition(".")[2] for path, _ in aims.items() ^ self._aims.items())
        return changed

    def _soil(self, item: BlockItem | WireItem | DecorItem) -> None:
        if self.look.detail is Detail.SHAPES:
            self._dirt = self._dirt.united(item.sceneBoundingRect())

    def _flush(self) -> None:
        if not self._dirt.isEmpty():
            dirt, self._dirt = self._dirt, QRectF()
            self.dirtied.emit(dirt)

    def _forget_gone(self, change: Change) -> None:
        """Selection follows renames and loses what is gone."""
        graph, ids = self.document.project.graph, self.selection.ids
        for old, new in change.renamed:
            ids = ids - {old} | {new} if old in ids else ids
        self.selection.set(node_id for node_id in ids if node_id in graph)
        dots = self.wires.dots
        self.choose_wires(self.wires.chosen)
        if dots:
            self.choose_dots(dots)

    # -- blocks --

    def _add_block(self, graph: Graph, node: Node, plan: NodePlan | None, place: Point | None = None) -> None:
        node_id, problems = node.id, self._problems.get(node.id, NO_PROBLEMS)
        item = BlockItem(node_id, make_face(graph, node, plan, problems, self._aims), self.look)
        if node_id in self.selection.ids:
            item.chosen = True
        if place is not None:
            item.setPos(*place)
        item.setZValue(self._front)  # with the foremost: what is new lies on what was there
        self.blocks[node_id] = item
        self.addItem(item)

    def _drop_block(self, node_id: str) -> None:
        self.wires.drop_at(node_id)
        item = self.blocks.pop(node_id)
        self.look.pictures.forget(node_id)
        self._soil(item)
        self.removeItem(item)

    def _refresh_block(self, node_id: str) -> None:
        graph, plan = self.document.project.graph, self.document.result.nodes.get(node_id)
        problems = self._problems.get(node_id, NO_PROBLEMS)
        item = self.blocks[node_id]
        face = make_face(graph, graph.node(node_id), plan, problems, self._aims)
        if face != item.face:
            if item.set_face(face):
                self.look.stir()
                self.wires.trace([node_id])
            self._soil(item)

    def _rename(self, old: str, new: str) -> None:
        """The item stays, with what it shows of the running training; its wires are made anew."""
        if old not in self.blocks or new in self.blocks:
            return
        self.wires.drop_at(old)
        item = self.blocks.pop(old)
        self.look.pictures.forget(old)
        item.node_id = new
        self.blocks[new] = item
        if old in self._unplaced:
            self._unplaced.add(new)

    def _place_rest(self) -> None:
        """Find places for the blocks that the layout leaves out."""
        if self._unplaced:
            found = places(self.document.project, self.size_of, port_heights_of(self.blocks))
            for node_id in self._unplaced:
                self.blocks[node_id].setPos(*found[node_id])
        self.look.stir()
        self._grow(self.content_rect())

    def settle(self, node_ids: Iterable[str]) -> bool:
        """Put blocks where the document says. Returns whether that carried all of a large graph as it is."""
        layout = self.document.project.layout
        targets = {node_id: stored(layout, node_id) for node_id in node_ids if node_id in self.blocks}
        if unplaced := [node_id for node_id, place in targets.items() if place is None]:
            self._unplaced.update(unplaced)
            found = places(self.document.project, self.size_of, port_heights_of(self.blocks))
            targets = {node_id: found[node_id] for node_id in {*targets, *found}}
        placed = {node_id: place for node_id, place in targets.items() if place is not None}
        way = self.drift.carry(placed, self.wires) if len(placed) > WHOLESALE else None
        if way is None:
            self.shift({node_id: QPointF(*place) for node_id, place in placed.items()})
        elif not way.isNull():
            self._grow(self.content_rect())
            self.carried.emit(way)
        return way is not None

    def shift(self, targets: Mapping[str, QPointF]) -> None:
        """Show blocks at other places, their wires with them; the document is not asked."""
        moved, way, together = set[str](), QPointF(), True
        self.drift.end()
        far, rim = self.look.detail is Detail.SHAPES, _SPARE / 2
        inner = self.sceneRect().adjusted(rim, rim, -rim, -rim)
        wholesale = len(targets) > WHOLESALE
        if wholesale:
            self._dirt, far = self.sceneRect(), False
        with unindexed(self) if wholesale else nullcontext():
            for node_id, place in targets.items():
                item = self.blocks[node_id]
                before = item.pos()
                if before != place:
                    if far:
                        self._soil(item)
                    item.setPos(place)
                    if far:
                        self._soil(item)
                    if not inner.contains(place):
                        self._grow(item.area)
                    together = together and (not moved or place - before == way)
                    way = place - before
                    moved.add(node_id)
            area = self.blocks[next(iter(moved))].area if len(moved) == 1 else None
            self.look.stir(area if area is None else area.united(area.translated(-way)))
            self.wires.trace(moved, way if together else None, soils=far)
        self._flush()

    def _grow(self, area: QRectF) -> None:
        """Keep the scene's own rectangle around everything, in large steps: each one rebuilds Qt's index."""
        if not self.sceneRect().contains(area):
            grown = self.sceneRect().united(area)
            spare = max(_SPARE, grown.width() / 8, grown.height() / 8)
            self.setSceneRect(grown.adjusted(-spare, -spare, spare, spare))

    # -- selection, wiring and theme --

    def bring_forward(self, node_id: str) -> None:
        """Put a block in front of all others, wherever it will be dragged."""
        self._front += _STEP
        self.blocks[node_id].setZValue(self._front)

    def set_wiring(self, on: bool) -> None:
        """While a wire is drawn ports step back, but for those that are lit."""
        self.look.wiring = on
        for item in self.blocks.values():
            item.set_flags(lit=frozenset())
        self.update()

    def light(self, node_id: str, port: PortKey) -> None:
        """Light a port that the wire being drawn fits."""
        item = self.blocks[node_id]
        item.set_flags(lit=item.lit | {port})

    def choose_wires(self, ends: Iterable[Ends]) -> None:
        """Select exactly these wires; blocks are selected in the window's `Selection`."""
        changed = self.wires.choose(ends)
        if self.wires.choose_dots(()) or changed:
            self._flush()
            self.wires_chosen.emit()

    def choose_dots(self, dots: Iterable[tuple[Ends, int]]) -> None:
        """Select exactly these dots of wires, and no wires."""
        changed = self.wires.choose(())
        if self.wires.choose_dots(dots) or changed:
            self._flush()
            self.wires_chosen.emit()

    def _show_selection(self) -> None:
        ids = self.selection.ids
        for node_id in ids ^ self._chosen:
            item = self.blocks.get(node_id)
            if item is not None and item.chosen != (node_id in ids):
                item.set_flags(chosen=node_id in ids)
                self._soil(item)
        self._chosen = ids
        self._flush()

    def _restyle(self) -> None:
        self.look.refresh()
        self.update()
        self.dirtied.emit(self.sceneRect())

    # -- what a running training shows --

    def set_thumbnail(self, node_id: str, image: QImage | None) -> None:
        """A picture below a block, or none. Unknown ids are ignored: the block may be gone by now."""
        item = self.blocks.get(node_id)
        if item is not None and item.set_thumbnail(image):
            self.look.stir()
            self.wires.trace([node_id])

    def set_live_text(self, node_id: str, text: str, tone: str = "") -> None:
        """A short value in a pill at a block's corner, its rim in a palette colour; "" takes it away."""
        item = self.blocks.get(node_id)
        if item is not None:
            item.set_live(text, tone)

    def highlight(self, node_id: str, kind: str | None) -> None:
        """Ring a block in a palette colour such as `error`; None takes the ring away."""
        item = self.blocks.get(node_id)
        if item is not None:
            item.mark(kind or "")
