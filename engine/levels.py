"""The inside of a group as a project of its own, and back again: whatever edits a project edits a group, too.

A level is named by the uses of groups that lead to it, from the top: `("res", "inner")`; `()` is the top itself. In the
project that `focus` makes, two boundary blocks stand for the group's ports: what comes in leaves `Inputs`, what goes
out enters `Outputs`, and a wire at their port `+` makes a new port. Their ids are none that a block can bear.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, TypeGuard

from engine.frozen import FrozenDict
from engine.graph import EMPTY, Graph, Group, GroupPort, Layout, Node, Point, Project, Wire
from engine.names import id_error
from engine.planning.flatten import input_names
from engine.planning.groupuse import GROUP, MAX_NODES, catalogue, parse_use, refuse_loop, used_in
from engine.problem import GraphError
from engine.references import BOUNDARY, follow_training, follow_weights, moved

Level = tuple[str, ...]
Renames = tuple[tuple[str, str], ...]
"""(old path, new path) each."""

INPUTS: Final = "Inputs"
OUTPUTS: Final = "Outputs"
NEW_PORT: Final = "+"
KINDS: Final = dict(zip((INPUTS, OUTPUTS), BOUNDARY, strict=True))
"""The kinds of the boundary blocks, by id."""
_ASIDE: Final = 248.0
"""How far beside the blocks the boundary stands where the layout does not say."""


def is_boundary(node: Node) -> bool:
    """Whether a node stands for ports of a group."""
    return node.block in BOUNDARY


def group_at(project: Project, level: Level) -> str:
    """The name of the group that is shown at a level.

    Raises:
        GraphError: the level does not exist, or is the top.
    """
    graph, name = project.graph, ""
    for index, node_id in enumerate(level):
        node = graph.nodes.get(node_id)
        found = node.params.get("group") if node is not None and node.block == GROUP else None
        if not isinstance(found, str) or found not in project.groups:
            raise GraphError(f'There is no group at "{".".join(level[: index + 1])}".', code="G20")
        name, graph = found, project.groups[found].graph
    if not name:
        raise GraphError("The top level is no group.", code="G20")
    return name


def prefix_of(project: Project, level: Level, turns: Iterable[int] = ()) -> str:
    """What the paths of the blocks at a level begin with: `res.0.inner.`; `turns` are the repetitions looked at."""
    graph, prefix, chosen = project.graph, "", list(turns)
    for index, node_id in enumerate(level):
        use = parse_use(graph.node(node_id).params)
        turn = min(chosen[index] if index < len(chosen) else 0, use.repeat - 1)
        prefix += f"{node_id}." + (f"{turn}." if use.repeat > 1 else "")
        graph = project.groups[use.group].graph
    return prefix


def located(project: Project, path: str) -> tuple[Level, tuple[int, ...], str]:
    """The level, the repetitions and the id that a path of the plan names; as far as it can be followed."""
    parts, level, turns, graph = path.split("."), list[str](), list[int](), project.graph
    while len(parts) > 1:
        node = graph.nodes.get(parts[0])
        use = parse_use(node.params) if node is not None and node.block == GROUP else None
        if use is None or use.group not in project.groups:
            break
        numbered = parts[1].isdigit() and use.repeat > 1
        if len(parts) == 2 and numbered:
            break
        level.append(parts[0])
        turns.append(int(parts[1]) if numbered else 0)
        parts = parts[2:] if numbered else parts[1:]
        graph = project.groups[use.group].graph
    return tuple(level), tuple(turns), parts[0]


def prefixes(project: Project, name: str) -> list[str]:
    """What the paths inside each use of a group begin with, uses inside other groups and repetitions included."""
    known = catalogue(project.groups)
    holding = _holding(project, name)
    found: list[str] = []
    waiting = [("", project.graph)]
    while waiting and len(found) < MAX_NODES:
        prefix, graph = waiting.pop()
        for node in sorted((node for node in graph.nodes.values() if node.block == GROUP), key=lambda node: node.rank):
            use = parse_use(node.params)
            if use.group not in holding or use.group in known.loops:
                continue
            for turn in range(use.repeat):
                inner = f"{prefix}{node.id}." + (f"{turn}." if use.repeat > 1 else "")
                if use.group == name:
                    found.append(inner)
                else:
                    waiting.append((inner, project.groups[use.group].graph))
    return found


def _holding(project: Project, name: str) -> set[str]:
    """The group and the groups that use it, directly or not."""
    holding, grown = {name} if name in project.groups else set(), True
    while grown:
        grown = False
        for other, group in project.groups.items():
            uses = (node.params.get("group") for node in group.graph.nodes.values() if node.block == GROUP)
            if other not in holding and any(use in holding for use in uses):
                holding.add(other)
                grown = True
    return holding


# -- in --


def focus(project: Project, level: Level, prefix: str) -> Project:
    """The group at a level as a project: its graph with the boundary blocks, its layout, the groups of the document.

    Its start values are those of the use that `prefix` names. Raises GraphError when there is no such level.
    """
    if not level:
        return project
    group = project.groups[group_at(project, level)]
    values = {key.removeprefix(prefix): value for key, value in project.parameters.items() if key.startswith(prefix)}
    return replace(
        project,
        graph=with_boundary(group),
        layout=_with_places(group),
        parameters=type(project.parameters)(values),
        training=EMPTY,
        former=EMPTY,
    )


def with_boundary(group: Group) -> Graph:
    """A group's graph with the boundary blocks and their wires."""
    graph = group.graph
    names = {INPUTS: input_names(group), OUTPUTS: [port.name for port in group.outputs]}
    nodes = graph.nodes
    for rank, (node_id, kind) in enumerate(KINDS.items()):
        nodes = nodes.insert(node_id, Node(node_id, kind, FrozenDict({"ports": names[node_id]}), rank=rank - 2))
    wires = [_port_wire(port, INPUTS, port.name, port.node, port.port) for port in group.inputs]
    wires += [_port_wire(port, port.node, port.port, OUTPUTS, port.name) for port in group.outputs]
    made, _ = replace(graph, nodes=nodes).connect(
        *(wire for wire in wires if wire.from_node in nodes and wire.to_node in nodes and wire.from_port)
    )
    return made


def _port_wire(port: GroupPort, from_node: str, from_port: str, to_node: str, to_port: str) -> Wire:
    via = port.extra.get("via")
    points = tuple((float(x), float(y)) for x, y in via) if _are_points(via) else ()
    extra = FrozenDict({key: value for key, value in port.extra.items() if key != "via"}) if points else port.extra
    return Wire(from_node, from_port, to_node, to_port, points, extra)


def _are_points(value: Any) -> TypeGuard[tuple[tuple[float, float], ...]]:
    return isinstance(value, tuple) and all(_is_point(item) for item in value)


def _is_point(value: Any) -> TypeGuard[tuple[float, float]]:
    return isinstance(value, tuple) and len(value) == 2 and all(type(part) in (int, float) for part in value)


def _with_places(group: Group) -> Layout:
    """The layout with places for the boundary, beside the blocks unless it says otherwise."""
    places = group.layout.nodes
    for node_id, place in boundary_places(group).items():
        stored = group.layout.extra.get(node_id.lower())
        places = places.insert(node_id, (float(stored[0]), float(stored[1])) if _is_point(stored) else place)
    return replace(group.layout, nodes=places)


def boundary_places(group: Group) -> dict[str, Point]:
    """Left and right of the blocks, half way up; nowhere yet while no block has a place."""
    spots = [place for node_id, place in group.layout.nodes.items() if node_id in group.graph]
    if not spots and len(group.graph):
        return {}
    xs, ys = zip(*spots, strict=True) if spots else ((0.0,), (0.0,))
    middle = round((min(ys) + max(ys)) / 16) * 8.0
    return {INPUTS: (min(xs) - _ASIDE, middle), OUTPUTS: (max(xs) + _ASIDE, middle)}


# -- out --


def put(project: Project, level: Level, prefix: str, view: Project, renamed: Renames = ()) -> tuple[Project, Renames]:
    """The project with a level replaced by an edited `focus` of it; and all renames of paths this means, in every use.

    Args:
        project: what the view was made from, with `focus`.
        level: where.
        prefix: of the use whose start values the view holds.
        view: the edited project.
        renamed: (old, new) ids or paths at that level.

    Raises:
        GraphError: a wire leads from an input of the group to an output, or the group is put into itself.
    """
    if not level:
        return view, renamed
    name = group_at(project, level)
    old = project.groups[name]
    new = _group_of(view, old)
    edited = replace(project, groups=view.groups.insert(name, new))
    if used_in(new.graph) - used_in(old.graph):
        refuse_loop(name, edited.groups)
    everywhere = prefixes(project, name)
    pairs = tuple((where + before, where + after) for where in everywhere for before, after in renamed)
    gone = [node_id for node_id in old.graph.nodes if node_id not in new.graph and node_id not in dict(renamed)]
    edited = follow_paths(edited, pairs, [where + node_id for where in everywhere for node_id in gone])
    parameters = edited.parameters
    if len(parameters) or len(view.parameters):
        for key in [
            key for key in parameters if key.startswith(prefix) and key.removeprefix(prefix) not in view.parameters
        ]:
            parameters = parameters.remove(key)
        for key, value in view.parameters.items():
            parameters = parameters.insert(prefix + key, value)
        edited = replace(edited, parameters=parameters)
    return edited, pairs


def follow_paths(project: Project, renamed: Iterable[tuple[str, str]], gone: Iterable[str] = ()) -> Project:
    """With start values, stored weights, objectives and phases of renamed paths following, and of lost ones dropped."""
    names, lost = dict(renamed), frozenset(gone)
    if not names and not lost:
        return project

    def now(path: str) -> str | None:
        here = moved(path, names)
        return None if here == path and any(_begins(path, other) for other in lost) else here

    changed = {key: now(key) for key in project.parameters} if len(project.parameters) else {}
    parameters = project.parameters
    for key, new in changed.items():
        if new != key:
            parameters = parameters.discard(key)
    for key, new in changed.items():
        if new is not None and new != key:
            parameters = parameters.insert(new, project.parameters[key])
    former = follow_weights(project.former, names.items()) if project.weights else project.former
    edited = replace(project, parameters=parameters, former=former)
    return follow_training(edited, now, paths=True) if len(project.training) else edited


def _begins(path: str, outer: str) -> bool:
    return path == outer or path.startswith(f"{outer}.")


def _group_of(view: Project, old: Group) -> Group:
    """The group that an edited view describes."""
    boundary = [node for node in view.graph.nodes.values() if is_boundary(node) or node.id in KINDS]
    graph = view.graph.remove(node.id for node in boundary)[0] if boundary else view.graph
    return replace(
        old,
        graph=graph,
        inputs=_inputs(view.graph, old),
        outputs=_outputs(view.graph, old),
        layout=_layout(view.layout, [node.id for node in boundary]),
    )


def _stands(graph: Graph, node_id: str) -> bool:
    """Whether a boundary block is still there: neither deleted nor made into something else."""
    node = graph.nodes.get(node_id)
    return node is not None and node.block == KINDS[node_id]


def _inputs(graph: Graph, old: Group) -> tuple[GroupPort, ...]:
    if not _stands(graph, INPUTS):
        return tuple(port if port.node in graph else replace(port, node="", port="") for port in old.inputs)
    names = list(graph.node(INPUTS).params["ports"])
    spare = {port.name: port for port in old.inputs}
    targets: dict[str, list[GroupPort]] = {name: [] for name in names}
    for wire in sorted(graph.wires_out_of(INPUTS), key=lambda wire: wire.rank):
        if wire.to_node == OUTPUTS:
            message = f'Input "{wire.from_port}" of the group cannot be its output as it is.'
            raise GraphError(message, code="G23", hint="Put a block between them.")
        name = wire.from_port
        if name == NEW_PORT:
            name = fresh_port(wire.to_port, targets)
        if (name in targets or wire.from_port == NEW_PORT) and not is_boundary(graph.node(wire.to_node)):
            targets.setdefault(name, []).append(GroupPort(name, wire.to_node, wire.to_port, _extra(wire)))
    return tuple(
        port
        for name, found in targets.items()
        for port in found or [GroupPort(name, "", "", spare[name].extra if name in spare else EMPTY)]
    )


def _outputs(graph: Graph, old: Group) -> tuple[GroupPort, ...]:
    if not _stands(graph, OUTPUTS):
        return tuple(port if port.node in graph else replace(port, node="", port="") for port in old.outputs)
    found = {name: GroupPort(name, "", "") for name in graph.node(OUTPUTS).params["ports"]}
    for wire in sorted(graph.wires_into(OUTPUTS), key=lambda wire: wire.rank):
        name = wire.to_port
        if name == NEW_PORT:
            name = fresh_port(wire.from_port, found)
        if (name in found or wire.to_port == NEW_PORT) and not is_boundary(graph.node(wire.from_node)):
            found[name] = GroupPort(name, wire.from_node, wire.from_port, _extra(wire))
    return tuple(found.values())


def _extra(wire: Wire) -> FrozenDict:
    return wire.extra.merged({"via": wire.via}) if wire.via else wire.extra


def fresh_port(base: str, taken: Iterable[str]) -> str:
    """A port's name made from another port's, with a number behind it where it is taken."""
    used, number, name = set(taken), 2, base
    while name in used or name == NEW_PORT:
        name, number = f"{base}{number}", number + 1
    return name


def port_error(name: str) -> str | None:
    """Why a port cannot bear a name, as half a sentence; None when it can. `in` may be one, though a word of Python."""
    return None if name == "in" else id_error(name)


def _layout(layout: Layout, boundary: Iterable[str]) -> Layout:
    """With the places of the boundary blocks apart from the others, so that they do not move when others do."""
    places, extra = layout.nodes, layout.extra
    for node_id in boundary:
        if node_id in places and node_id in KINDS:
            place = tuple(int(part) if part.is_integer() else part for part in places[node_id])
            extra = extra.merged({node_id.lower(): place})
        places = places.discard(node_id)
    return replace(layout, nodes=places, extra=extra)


def uses_of(project: Project, name: str) -> list[tuple[str, str]]:
    """(group it stands in, or "" for the top; id) of every use of a group, in the order of the file."""
    places: Mapping[str, Graph] = {"": project.graph, **{other: group.graph for other, group in project.groups.items()}}
    found = [
        (where, node)
        for where, graph in places.items()
        for node in graph.nodes.values()
        if node.block == GROUP and node.params.get("group") == name
    ]
    return [(where, node.id) for where, node in sorted(found, key=lambda use: (use[0], use[1].rank))]
