"""The document as a value: frozen graphs on persistent maps, and the edits that make new ones from them.

An edit of a `Graph` returns `(graph, touched)`: the new graph and the ids of the nodes whose plan may differ. Maps are
shared between versions, so undo is keeping the old reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from operator import attrgetter
from typing import Any, final

from rpds import HashTrieMap

from engine.frozen import FrozenDict
from engine.names import id_error
from engine.problem import GraphError

Touched = frozenset[str]
Point = tuple[float, float]
EMPTY = FrozenDict()
_rank = attrgetter("rank")


@final
@dataclass(frozen=True, slots=True)
class Node:
    """One block on the canvas.

    Attributes:
        id: unique in its graph, valid by `engine.names`.
        block: kind, as the registry knows it; unknown kinds are kept.
        params: the values set by hand; what is left out takes the default; unknown keys are kept.
        frozen: short names of parameters that are not trained (`weight`, `bias`).
        label: display name; empty shows the id.
        bypass: muted: its first input goes straight to its first output.
        extra: unknown keys of the file, kept.
        rank: place in the file; not part of the node's identity.
    """

    id: str
    block: str
    params: FrozenDict = EMPTY
    frozen: frozenset[str] = frozenset()
    label: str = ""
    bypass: bool = False
    extra: FrozenDict = EMPTY
    rank: int = field(default=0, compare=False)


@final
@dataclass(frozen=True, slots=True)
class Wire:
    """A connection from an output port to an input port, with optional bend points on the canvas."""

    from_node: str
    from_port: str
    to_node: str
    to_port: str
    via: tuple[Point, ...] = ()
    extra: FrozenDict = EMPTY
    rank: int = field(default=0, compare=False)

    @property
    def ends(self) -> tuple[str, str, str, str]:
        """What makes two wires the same connection."""
        return (self.from_node, self.from_port, self.to_node, self.to_port)

    def __str__(self) -> str:
        return f"{self.from_node}.{self.from_port} → {self.to_node}.{self.to_port}"


@final
@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes and wires. `into[id]` and `out_of[id]` hold the wires at a node, in the order they were drawn."""

    nodes: HashTrieMap[str, Node] = field(default_factory=HashTrieMap)
    into: HashTrieMap[str, tuple[Wire, ...]] = field(default_factory=HashTrieMap)
    out_of: HashTrieMap[str, tuple[Wire, ...]] = field(default_factory=HashTrieMap)
    next_rank: int = field(default=0, compare=False)

    # -- reading --

    def __len__(self) -> int:
        return len(self.nodes)

    def __contains__(self, node_id: object) -> bool:
        return node_id in self.nodes

    def node(self, node_id: str) -> Node:
        """The node of that id. Raises GraphError when there is none."""
        found = self.nodes.get(node_id)
        if found is None:
            raise GraphError(f'There is no block "{node_id}".', code="G20")
        return found

    def ordered_nodes(self) -> list[Node]:
        """All nodes in file order."""
        return sorted(self.nodes.values(), key=_rank)

    def wires(self) -> list[Wire]:
        """All wires in file order."""
        return sorted(chain.from_iterable(self.into.values()), key=_rank)

    def iter_wires(self) -> Iterator[Wire]:
        """All wires in no particular order, without sorting."""
        for wires in self.into.values():
            yield from wires

    def wires_into(self, node_id: str, port: str | None = None) -> tuple[Wire, ...]:
        """Wires that end at the node (at that port)."""
        wires = self.into.get(node_id, ())
        return wires if port is None else tuple(wire for wire in wires if wire.to_port == port)

    def wires_out_of(self, node_id: str, port: str | None = None) -> tuple[Wire, ...]:
        """Wires that begin at the node (at that port)."""
        wires = self.out_of.get(node_id, ())
        return wires if port is None else tuple(wire for wire in wires if wire.from_port == port)

    # -- making --

    @classmethod
    def of(cls, nodes: Iterable[Node], wires: Iterable[Wire] = ()) -> Graph:
        """A graph of many nodes and wires at once; a wire that comes twice counts once.

        The caller vouches for the rest: ids are valid and unique, and wires join nodes that are there.
        """
        table = {node.id: _node_at(node, rank) for rank, node in enumerate(nodes)}
        into: dict[str, list[Wire]] = {}
        out_of: dict[str, list[Wire]] = {}
        names = dict(zip(table, table, strict=True))  # one text for a node and its wires: a file holds three
        rank, seen = len(table), set[tuple[str, str, str, str]]()
        for wire in wires:
            ends = wire.ends
            if ends not in seen:
                seen.add(ends)
                begin, end = names.get(wire.from_node, wire.from_node), names.get(wire.to_node, wire.to_node)
                placed = wire
                if rank != wire.rank or begin is not wire.from_node or end is not wire.to_node:
                    placed = Wire(begin, wire.from_port, end, wire.to_port, wire.via, wire.extra, rank)
                into.setdefault(end, []).append(placed)
                out_of.setdefault(begin, []).append(placed)
                rank += 1
        return cls(HashTrieMap(table), _frozen_lists(into), _frozen_lists(out_of), rank)

    # -- edits --

    def add(self, *nodes: Node) -> tuple[Graph, Touched]:
        """With these nodes added. Raises GraphError on an id that is taken or not allowed."""
        table, rank = self.nodes, self.next_rank
        for node in nodes:
            why = id_error(node.id)
            if why:
                raise GraphError(f'The name "{node.id}" {why}.', code="G21")
            if node.id in table:
                raise GraphError(f'There is a block "{node.id}" already.', code="G22", hint="Choose another name.")
            table = table.insert(node.id, replace(node, rank=rank))
            rank += 1
        return replace(self, nodes=table, next_rank=rank), frozenset(node.id for node in nodes)

    def remove(self, node_ids: Iterable[str]) -> tuple[Graph, Touched]:
        """Without these nodes and the wires at them."""
        gone = {self.node(node_id).id for node_id in node_ids}
        graph, touched = self.disconnect(
            {wire for node_id in gone for wire in (*self.wires_into(node_id), *self.wires_out_of(node_id))}
        )
        table = graph.nodes
        for node_id in gone:
            table = table.remove(node_id)
        return replace(graph, nodes=table), touched | gone

    def update(self, node_id: str, **changes: Any) -> tuple[Graph, Touched]:
        """With fields of a node replaced (not `id`; see `rename`)."""
        if "id" in changes:
            raise GraphError("A node is renamed with rename, not update.", code="G21")
        return replace(self, nodes=self.nodes.insert(node_id, replace(self.node(node_id), **changes))), frozenset(
            {node_id}
        )

    def set_params(self, node_id: str, changes: Mapping[str, Any]) -> tuple[Graph, Touched]:
        """With parameters of a node set; `frozen.DROP` takes a key out, back to its default."""
        return self.update(node_id, params=self.node(node_id).params.merged(changes))

    def connect(self, *wires: Wire) -> tuple[Graph, Touched]:
        """With these wires added; a wire that is there already is left as it is.

        Raises:
            GraphError: a wire names a node that does not exist, or no port. (Ports are `check`'s to judge.)
        """
        into, out_of, rank, touched = self.into, self.out_of, self.next_rank, set[str]()
        for wire in wires:
            self.node(wire.from_node)
            self.node(wire.to_node)
            if not wire.from_port or not wire.to_port:
                raise GraphError(f"The wire {wire} names no port.", code="G23")
            here = into.get(wire.to_node, ())
            if any(other.ends == wire.ends for other in here):
                continue
            placed = replace(wire, rank=rank)
            rank += 1
            into = into.insert(wire.to_node, (*here, placed))
            out_of = out_of.insert(wire.from_node, (*out_of.get(wire.from_node, ()), placed))
            touched |= {wire.to_node, wire.from_node}
        return replace(self, into=into, out_of=out_of, next_rank=rank), frozenset(touched)

    def disconnect(self, wires: Iterable[Wire]) -> tuple[Graph, Touched]:
        """Without these wires; one that is not there is no error."""
        into, out_of, touched = self.into, self.out_of, set[str]()
        for wire in wires:
            here = into.get(wire.to_node, ())
            if any(other.ends == wire.ends for other in here):
                into = _without(into, wire.to_node, wire.ends)
                out_of = _without(out_of, wire.from_node, wire.ends)
                touched |= {wire.to_node, wire.from_node}
        return replace(self, into=into, out_of=out_of), frozenset(touched)

    def wire(self, ends: tuple[str, str, str, str]) -> Wire:
        """The wire between these ports, as it is here. Raises GraphError when there is none."""
        found = next((wire for wire in self.into.get(ends[2], ()) if wire.ends == ends), None)
        if found is None:
            raise GraphError(f"There is no wire {Wire(*ends)}.", code="G23")
        return found

    def replace_wire(self, wire: Wire, **changes: Any) -> tuple[Graph, Touched]:
        """With one wire's `via` or `extra` changed, in the same place. Raises GraphError when it is not there."""
        old = self.wire(wire.ends)
        new = replace(old, **changes)
        if new.ends != old.ends:
            raise GraphError("A wire's ends are changed with disconnect and connect.", code="G23")
        into = tuple(new if other is old else other for other in self.wires_into(old.to_node))
        out_of = tuple(new if other.ends == old.ends else other for other in self.wires_out_of(old.from_node))
        changed = replace(
            self, into=self.into.insert(old.to_node, into), out_of=self.out_of.insert(old.from_node, out_of)
        )
        return changed, frozenset({old.from_node, old.to_node})

    def rename(self, old: str, new: str) -> tuple[Graph, Touched]:
        """With a node's id changed in nodes and wires; what else names it is `engine.edits.rename`'s to follow."""
        node = self.node(old)
        if old == new:
            return self, frozenset()
        why = id_error(new)
        if why:
            raise GraphError(f'The name "{new}" {why}.', code="G21")
        if new in self.nodes:
            raise GraphError(f'There is a block "{new}" already.', code="G22", hint="Choose another name.")
        wires = {wire.ends: wire for wire in (*self.wires_into(old), *self.wires_out_of(old))}.values()
        graph, touched = self.disconnect(wires)
        nodes = graph.nodes.remove(old).insert(new, replace(node, id=new))
        into, out_of = graph.into, graph.out_of
        for wire in wires:
            moved = replace(
                wire,
                from_node=new if wire.from_node == old else wire.from_node,
                to_node=new if wire.to_node == old else wire.to_node,
            )
            into = _in_place(into, moved.to_node, moved)
            out_of = _in_place(out_of, moved.from_node, moved)
        return replace(graph, nodes=nodes, into=into, out_of=out_of), touched | {old, new}


@final
@dataclass(frozen=True, slots=True)
class GroupPort:
    """A port of a group: its name and the inner `node`.`port` it stands for.

    An input may be listed several times, with the same name, when it feeds several inner ports. Where `node` is empty,
    the port is not connected inside yet.
    """

    name: str
    node: str
    port: str
    extra: FrozenDict = EMPTY


@final
@dataclass(frozen=True, slots=True)
class Layout:
    """Where things are drawn; never looked at by `check`."""

    nodes: HashTrieMap[str, Point] = field(default_factory=HashTrieMap)
    frames: tuple[FrozenDict, ...] = ()
    notes: tuple[FrozenDict, ...] = ()
    extra: FrozenDict = EMPTY


@final
@dataclass(frozen=True, slots=True)
class Group:
    """A composite block: a graph of its own with ports."""

    graph: Graph = field(default_factory=Graph)
    inputs: tuple[GroupPort, ...] = ()
    outputs: tuple[GroupPort, ...] = ()
    layout: Layout = field(default_factory=Layout)
    extra: FrozenDict = EMPTY


@final
@dataclass(frozen=True, slots=True)
class Project:
    """A whole document.

    Attributes:
        name: title; notes: markdown.
        graph: the top level.
        groups: definitions by name.
        parameters: explicit start values, `block.parameter` -> nested tuples of numbers.
        weights: name of the safetensors file beside the graph file, or "".
        training: settings as in the file (see `engine.settings`); what is left out takes the default.
        layout: positions of the top level.
        extra: unknown top-level keys of the file, kept.
        former: id -> the id that the weights file knows the node by ("" when by none), where nodes were renamed since;
            saving settles it, so it is no part of the project's identity.
    """

    name: str = ""
    notes: str = ""
    graph: Graph = field(default_factory=Graph)
    groups: HashTrieMap[str, Group] = field(default_factory=HashTrieMap)
    parameters: HashTrieMap[str, Any] = field(default_factory=HashTrieMap)
    weights: str = ""
    training: FrozenDict = EMPTY
    layout: Layout = field(default_factory=Layout)
    extra: FrozenDict = EMPTY
    former: FrozenDict = field(default=EMPTY, compare=False)


def _node_at(node: Node, rank: int) -> Node:
    """The node at another place in the file; quicker than `replace`, as files have thousands."""
    if node.rank == rank:
        return node
    return Node(node.id, node.block, node.params, node.frozen, node.label, node.bypass, node.extra, rank)


def _frozen_lists(table: dict[str, list[Wire]]) -> HashTrieMap[str, tuple[Wire, ...]]:
    return HashTrieMap({node_id: tuple(wires) for node_id, wires in table.items()})


def _without(
    table: HashTrieMap[str, tuple[Wire, ...]], node_id: str, ends: tuple[str, str, str, str]
) -> HashTrieMap[str, tuple[Wire, ...]]:
    left = tuple(wire for wire in table.get(node_id, ()) if wire.ends != ends)
    return table.insert(node_id, left) if left else table.discard(node_id)


def _in_place(
    table: HashTrieMap[str, tuple[Wire, ...]], node_id: str, wire: Wire
) -> HashTrieMap[str, tuple[Wire, ...]]:
    """With a wire put back where it was among its neighbours, in the order they were drawn."""
    return table.insert(node_id, tuple(sorted((*table.get(node_id, ()), wire), key=_rank)))
