"""All wire items of the scene, by their ends and by the blocks they are at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from typing import Final, final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QGraphicsScene

from engine.graph import Graph, Wire
from gui.canvas.block_item import BlockItem
from gui.canvas.face import PortFace, Side
from gui.canvas.ground import Box, Ground
from gui.canvas.lanes import Lanes
from gui.canvas.look import Detail, Look
from gui.canvas.routing import find_route
from gui.canvas.ways import AT_ONCE, Ways
from gui.canvas.wire_item import Ends, WireItem

ROUTED_AT_ONCE: Final = 48
"""While more wires than this follow a drag they run straight; they look for their ways when it is over."""


@final
class WireSet:
    """Keeps the wires as the graph has them and their ends at the ports.

    Attributes:
        items: ends -> item.
        chosen: ends of the selected wires.
        dots: the selected dots, by ends and place on the wire.
    """

    def __init__(
        self,
        scene: QGraphicsScene,
        blocks: Mapping[str, BlockItem],
        look: Look,
        soil: Callable[[WireItem], None],
        flush: Callable[[], None],
    ) -> None:
        """Wires of a scene between these blocks.

        `soil` is told before and after an item looks different, `flush` when that is to be shown.
        """
        self._scene = scene
        self._blocks = blocks
        self._look = look
        self._soil = soil
        self.items: dict[Ends, WireItem] = {}
        self.chosen: frozenset[Ends] = frozenset()
        self.dots: frozenset[tuple[Ends, int]] = frozenset()
        self._at: defaultdict[str, set[Ends]] = defaultdict(set)
        self._ground, self._lanes = Ground(), Lanes()
        self._late: set[str] = set()
        self.ways = Ways(self._look_again, flush, scene)

    def at(self, node_ids: Iterable[str]) -> list[WireItem]:
        """The wires at these blocks, each once."""
        ends = {each for node_id in node_ids for each in self._at.get(node_id, ())}
        return sorted((self.items[each] for each in ends), key=_rank)

    @property
    def selected(self) -> frozenset[object]:
        """The selected wires and dots."""
        return frozenset[object]((*self.chosen, *self.dots))

    def covered(self) -> QRectF:
        """What all blocks cover."""
        self._look_around()
        return self._ground.extent()

    def boxes(self) -> Mapping[str, Box]:
        """Where all blocks stand."""
        self._look_around()
        return self._ground.boxes

    def is_taken(self, area: QRectF) -> bool:
        """Whether a block stands there."""
        self._look_around()
        return self._ground.is_taken((area.left(), area.top(), area.right(), area.bottom()))

    def forget(self) -> None:
        """All items are gone with the scene's content."""
        self.items, self.chosen, self.dots = {}, frozenset(), frozenset()
        self._at.clear()
        self._ground, self._lanes = Ground(), Lanes()
        self._late.clear()
        self.ways.forget()

    def add(self, wire: Wire) -> None:
        """Show a wire."""
        item, ends = WireItem(wire, self._look), wire.ends
        self.items[ends] = item
        self._at[wire.from_node].add(ends)
        self._at[wire.to_node].add(ends)
        self._dress(item)
        self._trace(item)
        self._scene.addItem(item)

    def drop_at(self, node_id: str) -> None:
        """Take away all wires at a block, which goes."""
        self._ground.drop(node_id)
        for ends in list(self._at.pop(node_id, ())):
            self._drop(ends)

    def match(self, graph: Graph, node_id: str) -> None:
        """Make the wires at a block those of the graph."""
        wanted = {wire.ends: wire for wire in (*graph.wires_into(node_id), *graph.wires_out_of(node_id))}
        for ends in self._at.get(node_id, set()) - wanted.keys():
            self._drop(ends)
        for ends, wire in wanted.items():
            if ends in self.items:
                item = self.items[ends]
                if item.wire.via != wire.via:
                    item.set_wire(wire)
                    self._trace(item)
                item.wire = wire
            elif wire.from_node in self._blocks and wire.to_node in self._blocks:
                self.add(wire)

    def trace(self, node_ids: Collection[str], by: QPointF | None = None, *, soils: bool = True) -> None:
        """Let the wires at these blocks, which stand elsewhere now, end at their ports again.

        Where many moved `by` the same, wires between them are carried as they are; they look for their ways later.
        Where everything moved, they need not. Without `soils` the caller tells what looks different.
        """
        items = self.at(node_ids)
        many, far = len(items) > ROUTED_AT_ONCE, soils and self._look.detail is Detail.SHAPES
        dx, dy = (by.x(), by.y()) if many and by is not None else (0.0, 0.0)
        whole = bool(dx or dy) and len(node_ids) == len(self._blocks) == len(self._ground) and not self._late
        if whole:
            self._ground.move(dx, dy)
            self._lanes.move(dx, dy)
        else:
            self._late.update(node_ids)
        for item in items:
            if far:
                self._soil(item)
            wire = item.wire
            if (dx or dy) and not item.dots and wire.from_node in node_ids and wire.to_node in node_ids:
                item.carry(dx, dy)
            else:
                self._trace(item, routed=not many)
            if far:
                self._soil(item)

    def carry(self, dx: float, dy: float) -> None:
        """Everything stands elsewhere now, as it is: the wires with it."""
        self._look_around()
        self._ground.move(dx, dy)
        self._lanes.move(dx, dy)
        for item in self.items.values():
            if item.dots:
                self._trace(item, routed=False)
            else:
                item.carry(dx, dy)

    def rest(self) -> None:
        """All wires were led around all blocks: nothing has to be looked at again."""
        self._look_around()
        self._ground.settle()

    def reroute(self) -> None:
        """Let the wires near where blocks came, went or moved look for their ways anew."""
        self._look_around()
        stirred = self._ground.settle()
        if stirred.isEmpty():
            return
        found = self._scene.items(stirred, Qt.ItemSelectionMode.IntersectsItemBoundingRect)
        wires = sorted((item for item in found if isinstance(item, WireItem) and not item.wire.via), key=_rank)
        if len(wires) > AT_ONCE:
            seen = [view.mapToScene(view.viewport().rect()).boundingRect() for view in self._scene.views()]
            wires.sort(key=lambda item: not any(area.intersects(item.sceneBoundingRect()) for area in seen))
            self.ways.wait(item.wire.ends for item in wires)
            return
        for item in wires:
            self._look_again(item.wire.ends)

    def _look_again(self, ends: Ends) -> None:
        """Let a wire look for its way, unless it is gone or bent by hand by now."""
        item = self.items.get(ends)
        if item is not None and not item.wire.via:
            self._soil(item)
            self._trace(item)
            self._soil(item)

    def dress(self, node_ids: Iterable[str]) -> None:
        """Look again at what flows through the wires at these blocks."""
        for item in self.at(node_ids):
            self._dress(item)

    def choose(self, ends: Iterable[Ends]) -> bool:
        """Select exactly these wires. Returns whether these are others than before."""
        chosen = frozenset(each for each in ends if each in self.items)
        for each in chosen ^ self.chosen:
            if each in self.items:
                self.items[each].set_flags(chosen=each in chosen)
                self._soil(self.items[each])
        before, self.chosen = self.chosen, chosen
        return before != chosen

    def choose_dots(self, dots: Iterable[tuple[Ends, int]]) -> bool:
        """Select exactly these dots. Returns whether these are others than before."""
        chosen = frozenset(
            (ends, index) for ends, index in dots if ends in self.items and index < len(self.items[ends].dots)
        )
        for ends in {ends for ends, _ in chosen | self.dots}:
            if ends in self.items:
                self.items[ends].choose_dots(frozenset(index for each, index in chosen if each == ends))
                self._soil(self.items[ends])
        before, self.dots = self.dots, chosen
        return before != chosen

    def set_flow(self, flow: Mapping[Ends, tuple[QColor, float]]) -> None:
        """Colour and width by ends; wires left out look as usual."""
        for ends, item in self.items.items():
            color, width = flow.get(ends, (None, 0.0))
            if color is not None or item.flow is not None:
                item.set_flow(color, width)

    def hush(self, ends: Collection[Ends]) -> None:
        """Leave out the labels of these wires, over which something else stands; all others show theirs."""
        for each, item in self.items.items():
            item.set_hushed(each in ends)

    # -- inside --

    def _drop(self, ends: Ends) -> None:
        item = self.items.pop(ends)
        self._lanes.put(ends, None)
        for node_id in (ends[0], ends[2]):
            self._at.get(node_id, set()).discard(ends)
        self._soil(item)
        self._scene.removeItem(item)

    def _trace(self, item: WireItem, *, routed: bool = True) -> None:
        wire = item.wire
        source, target = self._blocks[wire.from_node], self._blocks[wire.to_node]
        leaves = enters = None
        if routed and not wire.via:
            self._look_around()
            leaves, enters = self._ground.boxes[wire.from_node], self._ground.boxes[wire.to_node]
        start, end = source.port_spot("out", wire.from_port, leaves), target.port_spot("in", wire.to_port, enters)
        if start is None or end is None:
            return
        route = None
        if leaves is not None and enters is not None:
            near, ends = ((wire.from_node, leaves), (wire.to_node, enters)), wire.ends
            self._lanes.put(ends, None)
            route = find_route(start, end, self._ground, *near, partial(self._lanes.is_taken, ends))
            if route is not None:
                self._lanes.put(ends, route)
        item.set_ends(start, end, route)

    def _look_around(self) -> None:
        """Know where all blocks stand: those that moved, and those that came and were not moved since."""
        ground, blocks = self._ground, self._blocks
        if self._late:
            for node_id in self._late:
                if node_id in blocks:
                    ground.put(node_id, blocks[node_id].box)
            self._late.clear()
        if not ground.boxes:
            ground.fill((node_id, block.box) for node_id, block in blocks.items())
        elif len(ground) != len(blocks):
            for node_id, block in blocks.items():
                if node_id not in ground:
                    ground.put(node_id, block.box)

    def _dress(self, item: WireItem) -> None:
        start = self._port(item.wire.from_node, "out", item.wire.from_port)
        end = self._port(item.wire.to_node, "in", item.wire.to_port)
        wrong = (start is not None and start.wrong) or (end is not None and end.wrong)
        item.set_look(start.shape if start is not None else "", start.kind if start is not None else "value", wrong)

    def _port(self, node_id: str, side: Side, name: str) -> PortFace | None:
        return self._blocks[node_id].face.port(side, name)


def _rank(item: WireItem) -> int:
    """In the order of the file: who comes first has the choice of lanes."""
    return item.wire.rank
