"""Edits of groups as such: names, ports, copies, repeats. What is inside is edited through `engine.levels`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, Literal

from engine.copies import fragment_of
from engine.edits import add_node, set_params
from engine.frozen import DROP
from engine.graph import Graph, Group, GroupPort, Node, Point, Project, Touched
from engine.grouping import fresh_group
from engine.levels import Renames, follow_paths, fresh_port, port_error, uses_of
from engine.names import fresh_id
from engine.planning.flatten import input_names
from engine.planning.groupuse import GROUP, USE_PARAMS, parse_use
from engine.problem import GraphError

Side = Literal["in", "out"]
_LONGEST: Final = 60


# -- definitions --


def the_group(project: Project, name: str) -> Group:
    """The definition of that name. Raises GraphError when there is none."""
    found = project.groups.get(name)
    if found is None:
        raise GraphError(f'There is no group "{name}".', code="G20")
    return found


def name_error(name: str) -> str | None:
    """Why a group cannot be called that, as half a sentence; None when it can."""
    if not name or name != name.strip() or not name.isprintable() or len(name) > _LONGEST:
        return f"must hold 1 to {_LONGEST} characters that can be read, with no space at its ends"
    return None


def rename_group(project: Project, old: str, new: str) -> Project:
    """With a group called otherwise, and all its uses. Raises GraphError on a name that is taken or cannot be."""
    group = the_group(project, old)
    if old == new:
        return project
    why = name_error(new)
    if why:
        raise GraphError(f'The name "{new}" {why}.', code="G21")
    if new in project.groups:
        raise GraphError(f'There is a group "{new}" already.', code="G22", hint="Choose another name.")
    edited = replace(project, groups=project.groups.remove(old).insert(new, group))

    def follow(graph: Graph, node: Node) -> Graph:
        return graph.set_params(node.id, {"group": new})[0]

    return _at_uses(edited, old, follow)


def delete_group(project: Project, name: str) -> Project:
    """Without a definition. Raises GraphError while something uses it."""
    the_group(project, name)
    uses = uses_of(project, name)
    if uses:
        where, node_id = uses[0]
        place = f'"{node_id}" in the group "{where}"' if where else f'"{node_id}"'
        more = f" and {len(uses) - 1} more" if len(uses) > 1 else ""
        raise GraphError(f'The group "{name}" is used by {place}{more}.', code="G16", hint="Delete its uses first.")
    return replace(project, groups=project.groups.remove(name))


def make_independent(project: Project, node_id: str) -> tuple[Project, Touched, str]:
    """With a definition of its own for one use: a copy of the group it used. Returns the new name, too."""
    node = project.graph.node(node_id)
    use = parse_use(node.params)
    if node.block != GROUP:
        raise GraphError(f'"{node_id}" is no use of a group.', code="G16")
    group = the_group(project, use.group)
    name = fresh_group(use.group, project.groups)
    edited = replace(project, groups=project.groups.insert(name, group))
    edited, touched = set_params(edited, node_id, {"group": name, "share_with": DROP})
    return edited, touched, name


def add_use(project: Project, name: str, at: Point) -> tuple[Project, Touched, str]:
    """With another use of a group at a place; its id is made from the group's name. Returns the id, too."""
    the_group(project, name)
    return add_node(project, GROUP, at, node_id=fresh_id(name, project.graph.nodes), params={"group": name})


def group_fragment(project: Project, name: str) -> Project:
    """One use of a group with all that it needs, as for the clipboard, a file or the palette."""
    the_group(project, name)
    alone, _, node_id = add_use(Project(groups=project.groups), name, (0.0, 0.0))
    return fragment_of(alone, {node_id})


def set_use(project: Project, node_id: str, key: str, value: Any) -> tuple[Project, Touched, Renames]:
    """With a parameter of a use set (`repeat`, `share_across_repeats`, `share_with`); its default is taken out.

    Where a number comes into the paths, or goes out of them, start values and what was learned follow: the first
    repetition is what the only one was.
    """
    before = parse_use(project.graph.node(node_id).params).repeat
    default = USE_PARAMS[key].start if key in USE_PARAMS else None
    edited, touched = set_params(project, node_id, {key: DROP if value == default else value})
    after = parse_use(edited.graph.node(node_id).params).repeat
    group = edited.groups.get(parse_use(edited.graph.node(node_id).params).group)
    if group is None or (before > 1) == (after > 1):
        return edited, touched, ()
    one, first = f"{node_id}.", f"{node_id}.0."
    old, new = (one, first) if after > 1 else (first, one)
    paths = tuple((old + inner, new + inner) for inner in sorted(group.graph.nodes))
    return follow_paths(edited, paths), touched, paths


# -- ports --


def port_names(group: Group, side: Side) -> list[str]:
    """Names of the ports of one side, in order."""
    return input_names(group) if side == "in" else [port.name for port in group.outputs]


def add_port(project: Project, name: str, side: Side, port: str = "") -> tuple[Project, str]:
    """With another port, not yet connected inside, behind the others. Returns its name, made up unless given."""
    group = the_group(project, name)
    port = port or fresh_port("in" if side == "in" else "out", port_names(group, side))
    _refuse_port(group, side, port)
    return _with_ports(project, name, side, (*_ports(group, side), GroupPort(port, "", ""))), port


def remove_port(project: Project, name: str, side: Side, port: str) -> Project:
    """Without a port, and without the wires to it at all uses."""
    group = the_group(project, name)
    _need_port(group, side, port)
    left = tuple(each for each in _ports(group, side) if each.name != port)

    def cut(graph: Graph, node: Node) -> Graph:
        wires = graph.wires_into(node.id, port) if side == "in" else graph.wires_out_of(node.id, port)
        return graph.disconnect(wires)[0]

    def cut_inside(ports: tuple[GroupPort, ...], node: Node) -> tuple[GroupPort, ...]:
        return tuple(replace(p, node="", port="") if (p.node, p.port) == (node.id, port) else p for p in ports)

    return _at_uses(_with_ports(project, name, side, left), name, cut, side, cut_inside)


def rename_port(project: Project, name: str, side: Side, old: str, new: str) -> Project:
    """With a port called otherwise, here and at all uses. Raises GraphError on a name that is taken or cannot be."""
    group = the_group(project, name)
    _need_port(group, side, old)
    if old == new:
        return project
    _refuse_port(group, side, new)
    ports = tuple(replace(each, name=new) if each.name == old else each for each in _ports(group, side))

    def follow(graph: Graph, node: Node) -> Graph:
        wires = graph.wires_into(node.id, old) if side == "in" else graph.wires_out_of(node.id, old)
        graph, _ = graph.disconnect(wires)
        moved = (replace(wire, to_port=new) if side == "in" else replace(wire, from_port=new) for wire in wires)
        return graph.connect(*moved)[0]

    def follow_inside(found: tuple[GroupPort, ...], node: Node) -> tuple[GroupPort, ...]:
        return tuple(replace(p, port=new) if (p.node, p.port) == (node.id, old) else p for p in found)

    return _at_uses(_with_ports(project, name, side, ports), name, follow, side, follow_inside)


def move_port(project: Project, name: str, side: Side, port: str, step: int) -> Project:
    """With a port so many places further down (or up); with repeats, the n-th output feeds the n-th input."""
    group = the_group(project, name)
    names = port_names(group, side)
    _need_port(group, side, port)
    place = min(max(names.index(port) + step, 0), len(names) - 1)
    names.remove(port)
    names.insert(place, port)
    ports = tuple(each for wanted in names for each in _ports(group, side) if each.name == wanted)
    return _with_ports(project, name, side, ports)


def _ports(group: Group, side: Side) -> tuple[GroupPort, ...]:
    return group.inputs if side == "in" else group.outputs


def _with_ports(project: Project, name: str, side: Side, ports: tuple[GroupPort, ...]) -> Project:
    group = project.groups[name]
    changed = replace(group, inputs=ports) if side == "in" else replace(group, outputs=ports)
    return replace(project, groups=project.groups.insert(name, changed))


def _need_port(group: Group, side: Side, port: str) -> None:
    if port not in port_names(group, side):
        raise GraphError(f'The group has no {"input" if side == "in" else "output"} "{port}".', code="G12")


def _refuse_port(group: Group, side: Side, port: str) -> None:
    why = port_error(port)
    if why:
        raise GraphError(f'The name "{port}" {why}.', code="G21")
    if port in port_names(group, side):
        word = "input" if side == "in" else "output"
        raise GraphError(f'There is an {word} "{port}" already.', code="G22", hint="Choose another name.")


def _at_uses(
    project: Project,
    name: str,
    edit: Callable[[Graph, Node], Graph],
    side: Side | None = None,
    edit_ports: Callable[[tuple[GroupPort, ...], Node], tuple[GroupPort, ...]] | None = None,
) -> Project:
    """With each use of a group edited where it stands, and the ports of groups that stand for one of its ports."""
    for where, node_id in uses_of(project, name):
        if not where:
            project = replace(project, graph=edit(project.graph, project.graph.node(node_id)))
            continue
        group = project.groups[where]
        node = group.graph.node(node_id)
        group = replace(group, graph=edit(group.graph, node))
        if edit_ports is not None:
            if side == "in":
                group = replace(group, inputs=edit_ports(group.inputs, node))
            else:
                group = replace(group, outputs=edit_ports(group.outputs, node))
        project = replace(project, groups=project.groups.insert(where, group))
    return project
