"""Edits of a whole project: pure functions that return `(project, touched)` and follow names wherever they stand.

`touched` are the ids of nodes whose plan or look may differ. None of them changes its argument; each raises GraphError
before anything is made when it cannot be done.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from rpds import HashTrieMap

from engine import settings
from engine.block import block_named
from engine.copies import duplicate, fragment_of, paste
from engine.frozen import DROP, FrozenDict, freeze
from engine.graph import EMPTY, Graph, Group, Node, Point, Project, Touched, Wire
from engine.names import fresh_id
from engine.param import parse_all
from engine.problem import GraphError
from engine.references import GROUP, NOTHING, Edit, follow_references, follow_training, follow_weights

__all__ = [
    "NOTHING",
    "Edit",
    "add_node",
    "bend",
    "connect",
    "disconnect",
    "duplicate",
    "first_ports",
    "fragment_of",
    "heal",
    "insert_on_wire",
    "move_nodes",
    "paste",
    "remove_nodes",
    "rename_node",
    "set_meta",
    "set_node",
    "set_objective",
    "set_parameters",
    "set_params",
    "set_training",
]

_MANY = 1_000


def _with(project: Project, edited: tuple[Graph, Touched]) -> Edit:
    graph, touched = edited
    return replace(project, graph=graph), touched


# -- nodes --


def add_node(
    project: Project, block: str, at: Point, *, node_id: str = "", params: Mapping[str, Any] = EMPTY
) -> tuple[Project, Touched, str]:
    """With a new node at a place; the id is made from the kind when none is given. Returns the id, too."""
    new_id = node_id or fresh_id(block, project.graph.nodes)
    edited, touched = _with(project, project.graph.add(Node(new_id, block, FrozenDict(params))))
    return move_nodes(edited, {new_id: at})[0], touched, new_id


def remove_nodes(project: Project, node_ids: Iterable[str]) -> Edit:
    """Without these nodes, their wires, start values and places; references to them are dropped."""
    gone = frozenset(node_ids)
    edited, touched = _with(project, project.graph.remove(gone))
    positions, parameters = edited.layout.nodes, edited.parameters
    for node_id in gone:
        positions = positions.discard(node_id)
    for key in list(parameters):
        if key.split(".", 1)[0] in gone:
            parameters = parameters.remove(key)
    edited = replace(edited, layout=replace(edited.layout, nodes=positions), parameters=parameters)

    def left(name: str) -> str | None:
        return None if name in gone else name

    edited, referring = follow_references(edited, left)
    return follow_training(edited, left), touched | referring


def rename_node(project: Project, old: str, new: str) -> Edit:
    """With a node's id changed, and everything that names it."""
    edited, touched = _with(project, project.graph.rename(old, new))
    if old == new:
        return project, NOTHING

    def renamed(name: str) -> str:
        return new if name == old else name

    positions, parameters = edited.layout.nodes, edited.parameters
    if old in positions:
        positions = positions.insert(new, positions[old]).discard(old)
    for key in list(parameters):
        owner, _, rest = key.partition(".")
        if owner == old:
            parameters = parameters.insert(f"{new}.{rest}", parameters[key]).remove(key)
    former = follow_weights(edited.former, [(old, new)]) if edited.weights else EMPTY
    layout = replace(edited.layout, nodes=positions)
    edited, referring = follow_references(replace(edited, layout=layout, parameters=parameters, former=former), renamed)
    return follow_training(edited, renamed), touched | referring


def set_params(project: Project, node_id: str, changes: Mapping[str, Any]) -> Edit:
    """With parameters of a node set; `frozen.DROP` puts one back to its default."""
    return _with(project, project.graph.set_params(node_id, changes))


def set_node(project: Project, node_id: str, **changes: Any) -> Edit:
    """With `label`, `frozen` or `bypass` of a node changed."""
    return _with(project, project.graph.update(node_id, **changes))


def move_nodes(project: Project, places: Mapping[str, Point]) -> Edit:
    """With nodes at other places on the canvas; touches nothing that is planned."""
    moved: dict[str, Point] = {}
    nodes = project.graph.nodes
    for node_id, (x, y) in places.items():
        if node_id not in nodes:
            project.graph.node(node_id)
        if not (math.isfinite(x) and math.isfinite(y)):
            raise GraphError(f'"{node_id}" cannot be put at ({x}, {y}).', code="G24")
        moved[node_id] = (float(x), float(y))
    return replace(project, layout=replace(project.layout, nodes=_places(project.layout.nodes, moved))), NOTHING


def _places(places: HashTrieMap[str, Point], moved: dict[str, Point]) -> HashTrieMap[str, Point]:
    """The map with these places. One of thousands is made at once, in an eighth of the time of as many inserts."""
    if len(moved) > _MANY and 2 * len(moved) > len(places):
        stay = len(places) != len(moved) or not all(map(places.__contains__, moved))
        return HashTrieMap({**dict(places.items()), **moved} if stay else moved)
    for node_id, place in moved.items():
        places = places.insert(node_id, place)
    return places


# -- wires --


def connect(project: Project, wire: Wire, *, replacing: bool = True) -> Edit:
    """With a wire added; it takes the place of another wire into the same input unless `replacing` is off."""
    graph, touched = project.graph, set[str]()
    if replacing:
        graph, away = graph.disconnect(
            [other for other in graph.wires_into(wire.to_node, wire.to_port) if other.ends != wire.ends]
        )
        touched |= away
    graph, more = graph.connect(wire)
    return replace(project, graph=graph), frozenset(touched | more)


def disconnect(project: Project, wires: Iterable[Wire]) -> Edit:
    """Without these wires."""
    return _with(project, project.graph.disconnect(wires))


def bend(project: Project, wire: Wire, via: Iterable[Point]) -> Edit:
    """With a wire led through these dots. Raises GraphError when it is not there."""
    return _with(project, project.graph.replace_wire(wire, via=tuple((float(x), float(y)) for x, y in via)))


def insert_on_wire(project: Project, node_id: str, wire: Wire, *, split: int = 0) -> Edit:
    """With a node put into a wire, by its first input and output; another wire into that input is taken off.

    The first `split` dots of the wire are left before the node, the others after it.

    Raises:
        GraphError: the node lacks either port or is at an end of the wire, or there is no such wire.
    """
    first_in, first_out = first_ports(project.graph.node(node_id), project.groups)
    if first_in is None or first_out is None:
        raise GraphError(f'"{node_id}" cannot sit on a wire: it needs an input and an output.', code="G23")
    if node_id in {wire.from_node, wire.to_node}:
        raise GraphError(f'"{node_id}" is at an end of that wire already.', code="G23")
    there = project.graph.wire(wire.ends)
    graph, gone = project.graph.disconnect([there, *project.graph.wires_into(node_id, first_in)])
    graph, made = graph.connect(
        Wire(wire.from_node, wire.from_port, node_id, first_in, there.via[:split]),
        Wire(node_id, first_out, wire.to_node, wire.to_port, there.via[split:]),
    )
    return replace(project, graph=graph), gone | made


def heal(project: Project, node_ids: Iterable[str]) -> Edit:
    """With nodes taken off their wires: what came into the first input goes where the first output went."""
    graph, touched = project.graph, NOTHING
    for node_id in node_ids:
        first_in, first_out = first_ports(graph.node(node_id), project.groups)
        into = graph.wires_into(node_id, first_in) if first_in else ()
        out_of = graph.wires_out_of(node_id, first_out) if first_out else ()
        graph, away = graph.disconnect({*graph.wires_into(node_id), *graph.wires_out_of(node_id)})
        sources = [wire for wire in into if wire.from_node != node_id]
        bridges = [
            Wire(source.from_node, source.from_port, wire.to_node, wire.to_port, (*source.via, *wire.via))
            for source in sources[:1]
            for wire in out_of
            if wire.to_node != node_id
        ]
        graph, made = graph.connect(*bridges)
        touched |= away | made
    return replace(project, graph=graph), touched


def first_ports(node: Node, groups: Mapping[str, Group] = EMPTY) -> tuple[str | None, str | None]:
    """A node's first input and first output port; None where it has none or its kind, or group, is unknown."""
    group = groups.get(str(node.params.get("group"))) if node.block == GROUP else None
    if group is not None:
        return (group.inputs[0].name if group.inputs else None, group.outputs[0].name if group.outputs else None)
    block = block_named(node.block)
    if block is None:
        return None, None
    params = parse_all(block.params, node.params)[0]
    inputs, outputs = block.inputs(params), block.outputs(params)
    return (inputs[0].name if inputs else None, outputs[0].name if outputs else None)


# -- the rest of the document --


def set_training(project: Project, changes: Mapping[str, Any]) -> Edit:
    """With training settings set by their flat names (`engine.settings`); `frozen.DROP` restores a default."""
    old = project.training
    made = settings.to_file(FrozenDict(settings.from_file(old)).merged(changes))
    for path, _ in settings.unknown_keys(old):  # those inside `schedule` and `early_stopping` have no flat name
        place, _, key = path.partition(".")
        if key and isinstance(made.get(place), dict):
            made[place] = {**made[place], key: old[place][key]}
    in_order = {key: made[key] for key in (*old, *made) if key in made}
    return replace(project, training=FrozenDict(in_order)), NOTHING


def set_objective(project: Project, output: str, *, wanted: bool) -> Edit:
    """With an output, `f.out`, among what training minimises besides the losses, or no longer so."""
    there = project.training.get("objective", ())
    there = there if isinstance(there, tuple) else ()
    named = tuple(name for name in there if name != output) + ((output,) if wanted else ())
    return set_training(project, {"objective": named or DROP})[0], frozenset({output.rpartition(".")[0]})


def set_parameters(project: Project, values: Mapping[str, Any]) -> Edit:
    """With start values set (`block.parameter` -> nested lists), or taken out with `frozen.DROP`."""
    parameters = project.parameters
    for key, value in values.items():
        parameters = parameters.discard(key) if value is DROP else parameters.insert(key, freeze(value))
    owners = {key.split(".", 1)[0] for key in values}
    return replace(project, parameters=parameters), frozenset(owner for owner in owners if owner in project.graph)


def set_meta(project: Project, *, name: str | None = None, notes: str | None = None) -> Edit:
    """With another title or other notes."""
    return (
        replace(
            project,
            name=project.name if name is None else name,
            notes=project.notes if notes is None else notes,
        ),
        NOTHING,
    )
