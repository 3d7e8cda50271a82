"""Groups written out: every use of a group replaced by its blocks, any number of levels deep.

A block inside a use `res` is named `res.conv`, with a repeat `res.0.conv`, `res.1.conv`, …; repetition k + 1 reads what
repetition k puts out, the n-th output going to the n-th input. The work is done for one top-level node at a time, so
that an edit costs what it touches.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import final

from engine.graph import Graph, Group, GroupPort, Node, Project
from engine.planning.groupuse import GROUP, MAX_NODES, Catalogue, Use, catalogue, check_use
from engine.planning.order import Key
from engine.problem import Problem
from engine.result import Source


@final
@dataclass(slots=True)  # not frozen, as flat nodes: thousands are made, and freezing takes thrice as long
class FlatWire:
    """What comes into an input port; `source` is None for a group port that stands for nothing."""

    port: str
    source: Source | None


@final
@dataclass(slots=True)
class FlatNode:
    """A node with its surroundings, groups written out: all that its plan depends on besides specs.

    Attributes:
        path: its name in the plan; top: the top-level node that contains it.
        key: place in the file.
        wires: into it, in the order they were drawn.
        named: output ports that wires name, sorted.
        scope: what its siblings' paths begin with: "" or `res.0.`.
        weights: equal for nodes that share their weights; the path itself where nothing is shared.
        open: (input port, path of the group use, its port) where a port of the group is left unconnected.
        problems: of a use of a group that cannot be written out.
    """

    path: str
    top: str
    node: Node
    key: Key
    wires: tuple[FlatWire, ...]
    named: tuple[str, ...]
    scope: str
    weights: str
    open: tuple[tuple[str, str, str], ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def before(self) -> tuple[str, ...]:
        """Paths it reads from, each once."""
        if len(self.wires) == 1 and self.wires[0].source is not None:
            return self.wires[0].source[:1]
        return tuple(dict.fromkeys(wire.source[0] for wire in self.wires if wire.source is not None))


@final
@dataclass(frozen=True, slots=True)
class FlatUse:
    """A use of a group that was written out.

    Attributes:
        inputs: group port -> what is connected to it; outputs: group port -> what it stands for.
        wired: ports that wires outside name and the group lacks: (port, whether it is an input).
        bare: outputs that something reads and nothing inside is connected to; of a muted use the first, if nothing
            comes in that it could hand on.
        members: paths inside, nested uses left out.
    """

    path: str
    top: str
    node: Node
    key: Key
    use: Use
    inputs: tuple[tuple[str, tuple[Source | None, ...]], ...]
    outputs: tuple[tuple[str, Source | None], ...]
    wired: tuple[tuple[str, bool], ...]
    members: tuple[str, ...]
    bare: tuple[str, ...] = ()


Piece = tuple[list[FlatNode], list[FlatUse]]


@final
@dataclass(slots=True)
class _Scope:
    """A graph being written out: the top level or one repetition of a use."""

    graph: Graph
    prefix: str = ""
    weights: str = ""
    key: Key = ()
    parent: _Scope | None = None
    use: str = ""
    group: Group | None = None
    previous: _Scope | None = None
    inside: dict[str, list[_Scope] | tuple[Problem, ...]] = field(default_factory=dict)
    fed: dict[str, list[FlatWire]] = field(default_factory=dict)
    entries: dict[str, list[GroupPort]] = field(default_factory=dict)
    exits: dict[str, list[GroupPort]] = field(default_factory=dict)


@final
class Flattener:
    """Writes out the nodes of one project."""

    def __init__(self, project: Project, known: Catalogue | None = None) -> None:
        self.project = project
        self.catalogue = known or catalogue(project.groups)
        self._top = _Scope(project.graph)
        self._too_many = ""
        self._passing: set[tuple[int, str]] = set()
        """Muted uses whose input is being looked for."""

    def count_uses(self, uses: Iterable[Node]) -> None:
        """Has to be told all top-level uses before they are written out: together they may be too many."""
        total = sum(self.catalogue.size(node) for node in uses)
        if total > MAX_NODES:
            self._too_many = f"The groups stand for {total:,} blocks in all, but at most {MAX_NODES:,} are possible."

    def piece(self, node: Node) -> Piece:
        """One top-level node, written out."""
        if node.block != GROUP:
            return [self._flat_node(self._top, node, node.id, ())], []
        nodes: list[FlatNode] = []
        uses: list[FlatUse] = []
        self._collect(self._top, node, node.id, nodes, uses)
        return nodes, uses

    def _collect(
        self, scope: _Scope, node: Node, top: str, nodes: list[FlatNode], uses: list[FlatUse]
    ) -> None:  # as deep as groups are nested: MAX_DEPTH
        inside = self._expand(scope, node) if node.block == GROUP else ()
        if node.bypass and isinstance(inside, list):
            uses.append(self._muted_use(scope, node, top, inside))
            return
        if not isinstance(inside, list):
            nodes.append(self._flat_node(scope, node, top, inside))
            return
        first = len(nodes)
        for repetition in inside:
            for inner in repetition.graph.ordered_nodes():
                self._collect(repetition, inner, top, nodes, uses)
        uses.append(self._flat_use(scope, node, top, inside, tuple(flat.path for flat in nodes[first:])))

    def _flat_node(self, scope: _Scope, node: Node, top: str, problems: tuple[Problem, ...]) -> FlatNode:
        path = scope.prefix + node.id
        named = tuple([wire.from_port for wire in scope.graph.out_of.get(node.id, ())])
        if node.id in scope.exits:
            named += tuple([port.port for port in scope.exits[node.id]])
        # By position, which takes less long: there are thousands.
        return FlatNode(
            path,
            top,
            node,
            (*scope.key, node.rank),
            tuple(self._wires(scope, node.id)),
            _sorted(named),
            scope.prefix,
            scope.weights + node.id,
            self._open_ports(scope, node.id) if node.id in scope.entries else (),
            problems,
        )

    def _flat_use(self, scope: _Scope, node: Node, top: str, inside: list[_Scope], members: tuple[str, ...]) -> FlatUse:
        group = inside[0].group
        assert group is not None
        wires = self._wires(scope, node.id)
        ins, outs = input_names(group), [port.name for port in group.outputs]
        named = {wire.from_port for wire in scope.graph.wires_out_of(node.id)}
        named.update(port.port for port in scope.exits.get(node.id, ()))
        wired = [(port, True) for port in sorted({wire.port for wire in wires} - set(ins))]
        wired += [(port, False) for port in sorted(named - set(outs))]
        return FlatUse(
            path=scope.prefix + node.id,
            top=top,
            node=node,
            key=(*scope.key, node.rank),
            use=self.catalogue.use(node),
            inputs=tuple((name, tuple(wire.source for wire in wires if wire.port == name)) for name in ins),
            outputs=tuple((name, self._out_of(inside[-1], name)) for name in outs),
            wired=tuple(wired),
            members=members,
            bare=tuple(
                port.name for port in group.outputs if not port.node and (port.name in named or len(inside) > 1)
            ),
        )

    def _muted_use(self, scope: _Scope, node: Node, top: str, inside: list[_Scope]) -> FlatUse:
        """A use that stands for nothing: its first input goes straight to its first output."""
        use = self._flat_use(scope, node, top, inside, ())
        outputs = tuple((name, self._passed(scope, node, name)) for name, _ in use.outputs)
        return replace(use, outputs=outputs, bare=tuple(name for name, source in outputs[:1] if source is None))

    # -- scopes --

    def _expand(self, scope: _Scope, node: Node) -> list[_Scope] | tuple[Problem, ...]:
        """The repetitions of a use, made once; or why it cannot be written out."""
        if node.id not in scope.inside:
            path = scope.prefix + node.id
            problems = check_use(node, path, scope.graph, self.project.groups, self.catalogue)
            if not problems and self._too_many and scope is self._top:
                problems = (Problem("error", "G16", path, None, self._too_many, "Lower the repeats."),)
            scope.inside[node.id] = problems or self._repetitions(scope, node)
        return scope.inside[node.id]

    def _repetitions(self, scope: _Scope, node: Node) -> list[_Scope]:
        use = self.catalogue.use(node)
        group = self.project.groups[use.group]
        root = use_root(node, scope.graph, self.catalogue)
        made: list[_Scope] = []
        for number in range(use.repeat):
            middle, shared = "", ""
            if use.repeat > 1:
                middle, shared = f"{number}.", f"{0 if use.share_across_repeats else number}."
            inner = _Scope(
                graph=group.graph,
                prefix=f"{scope.prefix}{node.id}.{middle}",
                weights=f"{scope.weights}{root}.{shared}",
                key=(*scope.key, node.rank, number),
                parent=scope,
                use=node.id,
                group=group,
                previous=made[-1] if made else None,
            )
            for port in group.inputs:
                inner.entries.setdefault(port.node, []).append(port)
            for port in group.outputs:
                inner.exits.setdefault(port.node, []).append(port)
            made.append(inner)
        return made

    # -- following wires --

    def _wires(self, scope: _Scope, node_id: str) -> list[FlatWire]:
        """What comes into a node: inner wires first, then what the group's own ports bring."""
        if node_id not in scope.fed:
            fed = [
                FlatWire(wire.to_port, self._source(scope, wire.from_node, wire.from_port))
                for wire in scope.graph.into.get(node_id, ())
            ]
            for port in scope.entries.get(node_id, ()):
                fed += [FlatWire(port.port, source) for source in self._from_outside(scope, port.name)]
            scope.fed[node_id] = fed
        return scope.fed[node_id]

    def _from_outside(self, scope: _Scope, name: str) -> list[Source | None]:
        """What is connected to an input of the group that the scope belongs to."""
        group, parent = scope.group, scope.parent
        assert group is not None
        assert parent is not None
        if scope.previous is not None:
            output = group.outputs[input_names(group).index(name)]
            return [self._out_of(scope.previous, output.name)]
        return [wire.source for wire in self._wires(parent, scope.use) if wire.port == name]

    def _open_ports(self, scope: _Scope, node_id: str) -> tuple[tuple[str, str, str], ...]:
        return tuple(
            (port.port, *self._open_at(scope, port.name))
            for port in scope.entries[node_id]
            if not self._from_outside(scope, port.name)
        )

    def _open_at(self, scope: _Scope, name: str) -> tuple[str, str]:
        """The outermost use, and its port, that nothing comes into."""
        while True:
            parent, use = scope.parent, scope.use
            assert parent is not None
            outer = next((port.name for port in parent.entries.get(use, ()) if port.port == name), None)
            if outer is None:
                return parent.prefix + use, name
            scope, name = parent, outer

    def _source(self, scope: _Scope, node_id: str, port: str) -> Source | None:
        """Where an output of a node in this scope really comes from; None when there is no such node."""
        node = scope.graph.nodes.get(node_id)
        if node is None:
            return None
        if node.block == GROUP:
            inside = self._expand(scope, node)
            if isinstance(inside, list):
                return self._passed(scope, node, port) if node.bypass else self._out_of(inside[-1], port)
        return (scope.prefix + node_id, port)

    def _passed(self, scope: _Scope, node: Node, port: str) -> Source | None:
        """What a muted use hands on; None at its other outputs, and where it would wait for itself."""
        group = self.project.groups[self.catalogue.use(node).group]
        key = (id(scope), node.id)
        if not group.inputs or not group.outputs or port != group.outputs[0].name or key in self._passing:
            return None
        self._passing.add(key)
        try:
            sources = [wire.source for wire in self._wires(scope, node.id) if wire.port == group.inputs[0].name]
        finally:
            self._passing.discard(key)
        return sources[0] if len(sources) == 1 else None

    def _out_of(self, scope: _Scope, name: str) -> Source | None:
        """What an output port of a group stands for in one repetition; None when it has no such port."""
        assert scope.group is not None
        for port in scope.group.outputs:
            if port.name == name:
                return self._source(scope, port.node, port.port)
        return None


@lru_cache(maxsize=1024)
def _sorted(names: tuple[str, ...]) -> tuple[str, ...]:
    """Each once, and the same for all nodes with these."""
    return tuple(sorted(set(names)))


def input_names(group: Group) -> list[str]:
    """Names of a group's inputs, each once, in order."""
    return list(dict.fromkeys(port.name for port in group.inputs))


def use_root(node: Node, graph: Graph, known: Catalogue) -> str:
    """The id of the use whose weights this one shares, through any number of `share_with`; its own without."""
    seen = {node.id}
    while (other := known.use(node).share_with) and other in graph.nodes and other not in seen:
        node = graph.nodes[other]
        seen.add(other)
    return node.id
