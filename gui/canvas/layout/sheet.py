"""What the layout looks at: sizes, ports, wires and present places as plain numbers, along and across its direction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple, final

from engine.graph import Graph, Node, Point, Wire

Size = tuple[float, float]
"""Width and height."""
Direction = Literal["right", "down"]
PortHeight = Callable[[str, str, str], float]
"""Node id, side ("in" or "out") and port -> how far below the block's top the port sits."""
HOOK: Final = 28.0
"""Blocks of a row are aligned where a single port sits: then the wires between them are straight."""


class Cord(NamedTuple):
    """A wire between the blocks of two numbers; where it leaves and enters them, from their upper or left edge."""

    source: int
    target: int
    leaves: float
    enters: float


@final
class Sheet:
    """A graph turned so that the layout always runs "along"; "across" is the other way.

    Attributes:
        ids: the nodes in file order; a node's number is its place here.
        along: extent of each block in the direction of the layout.
        across: extent the other way.
        hook: where across a block is aligned with those before and after it.
        now: where the blocks' upper left corners are, (along, across); None for those without a place.
        room: how much can be seen at once and read, along and across; None where nobody looks.
        cords: the wires; those from a block to itself are left out.
    """

    def __init__(
        self,
        graph: Graph,
        size: Callable[[str], Size],
        port: PortHeight | None = None,
        now: Mapping[str, Point] | None = None,
        direction: Direction = "right",
        room: Size | None = None,
    ) -> None:
        self.direction = direction
        self.room = room[::-1] if room is not None and direction == "down" else room
        nodes = graph.ordered_nodes()
        self.ids = [node.id for node in nodes]
        self._number = {node_id: index for index, node_id in enumerate(self.ids)}
        sizes = [size(node_id) for node_id in self.ids]
        places = [now.get(node_id) if now else None for node_id in self.ids]
        self.now: list[Point | None]
        if direction == "right":
            self.along, self.across = [each[0] for each in sizes], [each[1] for each in sizes]
            self.hook = [HOOK] * len(sizes)
            self.now = list(places)
        else:
            self.along, self.across = [each[1] for each in sizes], [each[0] for each in sizes]
            self.hook = [each[0] / 2 for each in sizes]
            self.now = [None if place is None else (place[1], place[0]) for place in places]
        self.cords = self._cords(nodes, graph, port)

    def _cords(self, nodes: list[Node], graph: Graph, port: PortHeight | None) -> list[Cord]:
        found: list[Cord] = []
        number = self._number
        for source, node in enumerate(nodes):
            for wire in graph.wires_out_of(node.id):
                target = number.get(wire.to_node, source)
                if target != source:
                    found.append(self._cord(source, target, wire, port))
        return found

    def _cord(self, source: int, target: int, wire: Wire, port: PortHeight | None) -> Cord:
        leaves = enters = HOOK
        if port is not None:
            leaves = port(wire.from_node, "out", wire.from_port)
            enters = port(wire.to_node, "in", wire.to_port)
        if self.direction == "down":
            # Ports stay at the sides; only their order counts.
            leaves = self.hook[source] + leaves / 64
            enters = self.hook[target] + enters / 64
        return Cord(source, target, leaves, enters)

    def turned_back(self, along: float, across: float) -> Point:
        """A place of the layout as a place of the scene."""
        return (along, across) if self.direction == "right" else (across, along)
