"""Edits of a whole project: pure functions that return `(project, touched)` and follow names wherever they stand.

`touched` are the ids of nodes whose plan or look may differ. None of them changes its argument; each raises GraphError
before anything is made when it cannot be done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from rpds import HashTrieMap

from engine import settings
from engine.block import Block, block_named
from engine.frozen import DROP, FrozenDict, freeze, thaw
from engine.graph import EMPTY, Graph, Node, Point, Project, Touched, Wire
from engine.names import fresh_id
from engine.param import Refs
from engine.problem import GraphError

Edit = tuple[Project, Touched]
NOTHING: Touched = frozenset()


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
    edited, referring = _map_refs(edited, lambda name: None if name in gone else name)
    return _map_training(edited, lambda name: None if name in gone else name), touched | referring


def rename_node(project: Project, old: str, new: str) -> Edit:
    """With a node's id changed, and everything that names it."""
    edited, touched = _with(project, project.graph.rename(old, new))

    def renamed(name: str) -> str:
        return new if name == old else name

    positions, parameters = edited.layout.nodes, edited.parameters
    if old in positions:
        positions = positions.insert(new, positions[old]).discard(old)
    for key in list(parameters):
        owner, _, rest = key.partition(".")
        if owner == old:
            parameters = parameters.insert(f"{new}.{rest}", parameters[key]).remove(key)
    edited = replace(edited, layout=replace(edited.layout, nodes=positions), parameters=parameters)
    edited, referring = _map_refs(edited, renamed)
    return _map_training(edited, renamed), touched | referring


def set_params(project: Project, node_id: str, changes: Mapping[str, Any]) -> Edit:
    """With parameters of a node set; `frozen.DROP` puts one back to its default."""
    return _with(project, project.graph.set_params(node_id, changes))


def set_node(project: Project, node_id: str, **changes: Any) -> Edit:
    """With `label`, `frozen` or `bypass` of a node changed."""
    return _with(project, project.graph.update(node_id, **changes))


def move_nodes(project: Project, places: Mapping[str, Point]) -> Edit:
    """With nodes at other places on the canvas; touches nothing that is planned."""
    positions = project.layout.nodes
    for node_id, (x, y) in places.items():
        positions = positions.insert(node_id, (float(x), float(y)))
    return replace(project, layout=replace(project.layout, nodes=positions)), NOTHING


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


def insert_on_wire(project: Project, node_id: str, wire: Wire) -> Edit:
    """With a node put into a wire, by its first input and output. Raises GraphError when it lacks either."""
    node = project.graph.node(node_id)
    first_in, first_out = first_ports(node)
    if first_in is None or first_out is None:
        raise GraphError(f'"{node_id}" cannot sit on a wire: it needs an input and an output.', code="G23")
    graph, gone = project.graph.disconnect([wire])
    graph, made = graph.connect(
        Wire(wire.from_node, wire.from_port, node_id, first_in), Wire(node_id, first_out, wire.to_node, wire.to_port)
    )
    return replace(project, graph=graph), gone | made


def heal(project: Project, node_ids: Iterable[str]) -> Edit:
    """With nodes taken off their wires: what came into the first input goes where the first output went."""
    graph, touched = project.graph, NOTHING
    for node_id in node_ids:
        first_in, first_out = first_ports(graph.node(node_id))
        into = graph.wires_into(node_id, first_in) if first_in else ()
        out_of = graph.wires_out_of(node_id, first_out) if first_out else ()
        graph, away = graph.disconnect({*graph.wires_into(node_id), *graph.wires_out_of(node_id)})
        bridges = [Wire(into[0].from_node, into[0].from_port, wire.to_node, wire.to_port) for wire in out_of if into]
        graph, made = graph.connect(*bridges)
        touched |= away | made
    return replace(project, graph=graph), touched


def first_ports(node: Node) -> tuple[str | None, str | None]:
    """A node's first input and first output port; None where it has none or its kind is unknown."""
    block = block_named(node.block)
    if block is None:
        return None, None
    params = _lenient_params(block, node)
    inputs, outputs = block.inputs(params), block.outputs(params)
    return (inputs[0].name if inputs else None, outputs[0].name if outputs else None)


def _lenient_params(block: Block, node: Node) -> dict[str, Any]:
    from engine.param import parse_all

    return parse_all(block.params, node.params)[0]


# -- copies --


def paste(project: Project, fragment: Project, offset: Point) -> tuple[Project, Touched, dict[str, str]]:
    """With a fragment's nodes, inner wires, start values and groups added under fresh ids.

    Returns the map from the fragment's ids to the new ones, too. References inside the fragment follow; references to
    nodes outside stay when the node exists here and are dropped otherwise.
    """
    taken = set(project.graph.nodes)
    new_ids: dict[str, str] = {}
    for node in fragment.graph.ordered_nodes():
        new_ids[node.id] = fresh_id(node.id, taken)
        taken.add(new_ids[node.id])

    def mapped(name: str) -> str | None:
        return new_ids.get(name, name if name in project.graph.nodes else None)

    incoming, _ = _map_refs(fragment, mapped)
    graph, touched = project.graph.add(
        *(replace(node, id=new_ids[node.id]) for node in incoming.graph.ordered_nodes())
    )
    graph, wired = graph.connect(
        *(
            replace(wire, from_node=new_ids[wire.from_node], to_node=new_ids[wire.to_node])
            for wire in incoming.graph.wires()
        )
    )
    positions, parameters, groups = project.layout.nodes, project.parameters, project.groups
    for old, new in new_ids.items():
        x, y = fragment.layout.nodes.get(old, (0.0, 0.0))
        positions = positions.insert(new, (x + offset[0], y + offset[1]))
    for key, value in fragment.parameters.items():
        owner, _, rest = key.partition(".")
        if owner in new_ids:
            parameters = parameters.insert(f"{new_ids[owner]}.{rest}", value)
    for name, group in fragment.groups.items():
        groups = groups if name in groups else groups.insert(name, group)
    layout = replace(project.layout, nodes=positions)
    pasted = replace(project, graph=graph, layout=layout, parameters=parameters, groups=groups)
    return pasted, touched | wired, new_ids


def fragment_of(project: Project, node_ids: Iterable[str]) -> Project:
    """The named nodes with the wires among them, their places, start values and the groups they use."""
    chosen = frozenset(node_ids)
    graph, _ = Graph().add(*(node for node in project.graph.ordered_nodes() if node.id in chosen))
    graph, _ = graph.connect(
        *(wire for wire in project.graph.wires() if wire.from_node in chosen and wire.to_node in chosen)
    )
    positions = {node_id: project.layout.nodes[node_id] for node_id in chosen if node_id in project.layout.nodes}
    parameters = {key: value for key, value in project.parameters.items() if key.split(".", 1)[0] in chosen}
    fragment = Project(graph=graph, parameters=HashTrieMap(parameters), groups=_used_groups(project, graph))
    return replace(fragment, layout=replace(fragment.layout, nodes=HashTrieMap(positions)))


def _used_groups(project: Project, graph: Graph) -> HashTrieMap[str, Any]:
    found: dict[str, Any] = {}
    waiting = [graph]
    while waiting:
        for node in waiting.pop().nodes.values():
            name = node.params.get("group") if node.block == "Group" else None
            group = project.groups.get(name) if isinstance(name, str) else None
            if isinstance(name, str) and group is not None and name not in found:
                found[name] = group
                waiting.append(group.graph)
    return HashTrieMap(found)


# -- the rest of the document --


def set_training(project: Project, changes: Mapping[str, Any]) -> Edit:
    """With training settings set by their flat names (`engine.settings`); `frozen.DROP` restores a default."""
    flat = FrozenDict(settings.from_file(project.training)).merged(changes)
    return replace(project, training=FrozenDict(settings.to_file(flat))), NOTHING


def set_parameters(project: Project, values: Mapping[str, Any]) -> Edit:
    """With start values set (`block.parameter` -> nested lists), or taken out with `frozen.DROP`."""
    parameters = project.parameters
    for key, value in values.items():
        parameters = parameters.discard(key) if value is DROP else parameters.insert(key, freeze(value))
    return replace(project, parameters=parameters), frozenset(key.split(".", 1)[0] for key in values)


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


# -- following names --


def _map_refs(project: Project, rename: Callable[[str], str | None]) -> Edit:
    """With every Refs parameter's names passed through `rename` (None drops the name, unless it is the last)."""
    graph, touched = project.graph, NOTHING
    for node in project.graph.nodes.values():
        block = block_named(node.block)
        for key, param in block.params.items() if block else ():
            names = node.params.get(key)
            if not isinstance(param, Refs) or not isinstance(names, tuple):
                continue
            new = tuple(found for name in names if (found := rename(name)) is not None)
            if new and new != names:  # no names would mean all blocks: the last one stays, and `check` tells
                graph, more = graph.set_params(node.id, {key: new})
                touched |= more
    return replace(project, graph=graph), touched


def _map_training(project: Project, rename: Callable[[str], str | None]) -> Project:
    """With objectives and phases following a rename (or losing an entry)."""

    def entry(text: Any) -> Any:
        if not isinstance(text, str):
            return text
        owner, dot, rest = text.partition(".")
        new = rename(owner)
        return None if new is None else new + dot + rest

    def term(item: Any) -> Any:
        if isinstance(item, dict) and "from" in item:
            new = entry(item["from"])
            return None if new is None else {**item, "from": new}
        return item

    training = thaw(project.training)
    if isinstance(training.get("objective"), list):
        training["objective"] = [new for item in training["objective"] if (new := entry(item)) is not None]
    for phase in training["phases"] if isinstance(training.get("phases"), list) else ():
        if isinstance(phase, dict):
            for key in ("minimise", "maximise"):
                if isinstance(phase.get(key), list):
                    phase[key] = [new for item in phase[key] if (new := term(item)) is not None]
            if isinstance(phase.get("update"), list):
                phase["update"] = [new for item in phase["update"] if (new := entry(item)) is not None]
    frozen = FrozenDict(training)
    return project if frozen == project.training else replace(project, training=frozen)
