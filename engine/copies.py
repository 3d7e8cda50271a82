"""Copies of parts of a project: fragments for the clipboard, and putting them in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from rpds import HashTrieMap

from engine.graph import Graph, Group, Point, Project, Touched
from engine.names import fresh_ids
from engine.references import BOUNDARY, GROUP, follow_references


def fragment_of(project: Project, node_ids: Iterable[str]) -> Project:
    """The named nodes with the wires among them, their places, start values and the groups they use."""
    chosen = frozenset(node_ids) - {node.id for node in project.graph.nodes.values() if node.block in BOUNDARY}
    graph = Graph.of(
        (node for node in project.graph.ordered_nodes() if node.id in chosen),
        (wire for wire in project.graph.wires() if wire.from_node in chosen and wire.to_node in chosen),
    )
    positions = {node_id: project.layout.nodes[node_id] for node_id in chosen if node_id in project.layout.nodes}
    parameters = {key: value for key, value in project.parameters.items() if key.split(".", 1)[0] in chosen}
    fragment = Project(graph=graph, parameters=HashTrieMap(parameters), groups=_used_groups(project, graph))
    return replace(fragment, layout=replace(fragment.layout, nodes=HashTrieMap(positions)))


def paste(project: Project, fragment: Project, offset: Point) -> tuple[Project, Touched, dict[str, str]]:
    """With a fragment's nodes, inner wires, start values and groups added under fresh ids.

    Returns the map from the fragment's ids to the new ones, too. References inside the fragment follow; references to
    nodes outside stay when the node exists here and are dropped otherwise. A group of a name that means another group
    here comes under a new name.
    """
    old_ids = [node.id for node in fragment.graph.ordered_nodes()]
    new_ids = dict(zip(old_ids, fresh_ids(old_ids, project.graph.nodes), strict=True))

    def mapped(name: str) -> str | None:
        return new_ids.get(name, name if name in project.graph.nodes else None)

    incoming, groups = _with_groups_of(project.groups, follow_references(fragment, mapped)[0])
    graph, touched = project.graph.add(*(replace(node, id=new_ids[node.id]) for node in incoming.ordered_nodes()))
    graph, wired = graph.connect(
        *(
            replace(
                wire,
                from_node=new_ids[wire.from_node],
                to_node=new_ids[wire.to_node],
                via=tuple((x + offset[0], y + offset[1]) for x, y in wire.via),
            )
            for wire in incoming.wires()
        )
    )
    positions, parameters = project.layout.nodes, project.parameters
    for old, new in new_ids.items():
        x, y = fragment.layout.nodes.get(old, (0.0, 0.0))
        positions = positions.insert(new, (x + offset[0], y + offset[1]))
    for key, value in fragment.parameters.items():
        owner, _, rest = key.partition(".")
        if owner in new_ids:
            parameters = parameters.insert(f"{new_ids[owner]}.{rest}", value)
    layout = replace(project.layout, nodes=positions)
    pasted = replace(project, graph=graph, layout=layout, parameters=parameters, groups=groups)
    return pasted, touched | wired, new_ids


def duplicate(project: Project, node_ids: Iterable[str], offset: Point) -> tuple[Project, Touched, dict[str, str]]:
    """With copies of the named nodes and of the wires among them; returns the map to the new ids, too."""
    return paste(project, fragment_of(project, node_ids), offset)


# -- groups --


def _used_groups(project: Project, graph: Graph) -> HashTrieMap[str, Group]:
    """The groups that a graph uses, and those that these use."""
    found: dict[str, Group] = {}
    waiting = [graph]
    while waiting:
        for node in waiting.pop().nodes.values():
            name = node.params.get("group") if node.block == GROUP else None
            group = project.groups.get(name) if isinstance(name, str) else None
            if isinstance(name, str) and group is not None and name not in found:
                found[name] = group
                waiting.append(group.graph)
    return HashTrieMap(found)


def _with_groups_of(groups: HashTrieMap[str, Group], fragment: Project) -> tuple[Graph, HashTrieMap[str, Group]]:
    """The fragment's graph and all groups, its own under new names where theirs are taken by others."""
    names: dict[str, str] = {}
    taken = {*groups, *fragment.groups}
    for name in sorted(fragment.groups):
        if name in groups and _content(groups[name]) != _content(fragment.groups[name]):
            number = 2
            while f"{name} {number}" in taken:
                number += 1
            names[name] = f"{name} {number}"
            taken.add(names[name])
    for name, group in fragment.groups.items():
        new = names.get(name, name)
        if new not in groups:
            groups = groups.insert(new, replace(group, graph=_renamed_uses(group.graph, names)))
    return _renamed_uses(fragment.graph, names), groups


def _content(group: Group) -> tuple[object, ...]:
    """What makes two groups the same; where their blocks are drawn does not."""
    return (group.graph, group.inputs, group.outputs)


def _renamed_uses(graph: Graph, names: dict[str, str]) -> Graph:
    for node in graph.nodes.values() if names else ():
        name = node.params.get("group") if node.block == GROUP else None
        if isinstance(name, str) and name in names:
            graph, _ = graph.set_params(node.id, {"group": names[name]})
    return graph
