"""Making one block of several and several of one: a selection becomes a group, a use of a group becomes its blocks.

Both follow names wherever they stand (start values, stored weights, objectives, references) and tell the renames of
paths, so that a running training keeps what it learned. One after the other they give back the same network.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, final

from engine.block import Block, block_named
from engine.frozen import FrozenDict
from engine.graph import Graph, Group, GroupPort, Layout, Node, Point, Project, Touched, Wire
from engine.levels import Renames, follow_paths, fresh_port, is_boundary, uses_of
from engine.names import fresh_id, fresh_ids
from engine.param import parse_all
from engine.planning.groupuse import GROUP, parse_use
from engine.problem import GraphError
from engine.references import follow_references, listing, moved

_GRID: Final = 8.0
_APART: Final = 320.0
"""From the last blocks of a repetition that was ungrouped to the first of the next: no block is wider than 256."""
_SHOWN: Final = 8


@final
@dataclass(frozen=True, slots=True)
class Regrouped:
    """What became of the project: ids whose plan may differ, ids that are new, and renames of paths."""

    project: Project
    touched: Touched
    made: tuple[str, ...]
    paths: Renames


# -- several blocks to one --


def collapse(project: Project, node_ids: Iterable[str], name: str = "Group") -> Regrouped:
    """With the blocks replaced by one use of a new group that holds them, wired as they were.

    The group is called `name`, with a number behind it where that is taken. Its inputs are what came in over the
    border, one for each source, and the inputs that are still to be connected; its outputs are what is read outside.

    Raises:
        GraphError: nothing is named, data would leave the group and come back into it, or a block inside and one
            outside name each other.
    """
    graph = project.graph
    chosen = frozenset(node_id for node_id in node_ids if not is_boundary(graph.node(node_id)))
    if not chosen:
        raise GraphError("There is nothing to group.", code="G20", hint="Select the blocks that belong together.")
    _refuse_detour(graph, chosen)
    _refuse_references(graph, chosen)
    name = fresh_group(name, project.groups)
    use = fresh_id(name, graph.nodes)
    border = _border(graph, chosen)
    ports_in, ports_out = _named_inputs(border, graph, chosen), _named_outputs(border, graph, chosen)
    group = Group(
        Graph.of(
            (node for node in graph.ordered_nodes() if node.id in chosen),
            (wire for wire in graph.wires() if wire.from_node in chosen and wire.to_node in chosen),
        ),
        tuple(GroupPort(port, *end) for port, ends in ports_in.items() for end in ends),
        tuple(GroupPort(port, *end) for port, end in ports_out.items()),
        Layout(type(project.layout.nodes)(_places(project.layout, chosen))),
    )
    outer, touched = graph.remove(chosen)
    outer, _ = outer.add(Node(use, GROUP, FrozenDict({"group": name})))
    outer, wired = outer.connect(*_outer_wires(border, ports_in, ports_out, use))
    paths = tuple((node_id, f"{use}.{node_id}") for node_id in sorted(chosen))
    names = dict(paths)
    edited = replace(
        project, graph=outer, groups=project.groups.insert(name, group), layout=_folded(project.layout, chosen, use)
    )
    edited, referring = follow_references(edited, lambda other: moved(other, names))
    return Regrouped(follow_paths(edited, paths), touched | wired | referring | {use}, (use,), paths)


def fresh_group(name: str, taken: Iterable[str]) -> str:
    """The name, with a number behind it where another group bears it."""
    used, number, fresh = set(taken), 2, name
    while fresh in used:
        fresh, number = f"{name} {number}", number + 1
    return fresh


def _refuse_detour(graph: Graph, chosen: frozenset[str]) -> None:
    """Raises when data that leave the blocks come back to them through others."""
    before: dict[str, str] = {}
    waiting: deque[str] = deque()
    for wire in graph.wires():
        if wire.from_node in chosen and wire.to_node not in chosen and wire.to_node not in before:
            before[wire.to_node] = wire.from_node
            waiting.append(wire.to_node)
    while waiting:
        here = waiting.popleft()
        for wire in graph.wires_out_of(here):
            if wire.to_node in chosen:
                way = [wire.to_node, here]
                while way[-1] not in chosen:
                    way.append(before[way[-1]])
                _raise_detour(way[::-1])
            if wire.to_node not in before:
                before[wire.to_node] = here
                waiting.append(wire.to_node)


def _raise_detour(way: list[str]) -> None:
    outside = way[1:-1]
    shown = way if len(way) <= _SHOWN else [*way[: _SHOWN - 2], f"… ({len(way) - _SHOWN + 1} more)", way[-1]]
    names = ", ".join(f'"{node_id}"' for node_id in outside[:3]) + (" …" if len(outside) > 3 else "")
    raise GraphError(
        f"As one block these would read from what they put out: {' → '.join(shown)}.",
        code="G02",
        hint=f"Select {names} as well, or leave one of the ends out.",
    )


def _refuse_references(graph: Graph, chosen: frozenset[str]) -> None:
    """Raises when a block to be inside names one that stays outside, or weights are shared across the border."""
    for node in graph.ordered_nodes():
        inside = node.id in chosen
        names = [name for key in listing(node.block) if inside for name in node.params.get(key) or ()]
        other = parse_use(node.params).share_with if node.block == GROUP else ""
        if other and (other in chosen) != inside:
            raise GraphError(
                f'"{node.id}" shares the weights of "{other}": both have to be on the same side of the group.',
                code="G16",
                hint="Select both, or clear share_with first.",
            )
        for name in names:
            if isinstance(name, str) and name.split(".", 1)[0] not in chosen and name.split(".", 1)[0] in graph:
                raise GraphError(
                    f'"{node.id}" names "{name}", which would stay outside the group.',
                    code="G06",
                    hint=f'Select "{name}" as well, or leave "{node.id}" out.',
                )


@final
@dataclass(frozen=True, slots=True)
class _Border:
    """Wires over the border, by what flows through them."""

    into: Mapping[tuple[str, str], list[Wire]]
    out_of: Mapping[tuple[str, str], list[Wire]]


def _border(graph: Graph, chosen: frozenset[str]) -> _Border:
    into: dict[tuple[str, str], list[Wire]] = {}
    out_of: dict[tuple[str, str], list[Wire]] = {}
    for wire in graph.wires():
        if (wire.from_node in chosen) != (wire.to_node in chosen):
            side = into if wire.to_node in chosen else out_of
            side.setdefault((wire.from_node, wire.from_port), []).append(wire)
    return _Border(into, out_of)


def _named_inputs(border: _Border, graph: Graph, chosen: frozenset[str]) -> dict[str, list[tuple[str, str]]]:
    """Port -> the inner ports it feeds: `in` where there is one, else called after what is told apart most plainly."""
    ends = [[(wire.to_node, wire.to_port) for wire in wires] for wires in border.into.values()]
    sources = [*border.into, *[("", "")] * len(opened := _open_inputs(graph, chosen))]
    ends += [[end] for end in opened]
    if len(ends) == 1:
        return {"in": ends[0]}
    found: dict[str, list[tuple[str, str]]] = {}
    for (node_id, port), inner in zip(sources, ends, strict=True):
        names = {name for _, name in inner} - {"in"}
        base = names.pop() if len(names) == 1 else _plain(port, "out") or node_id.lower() or "in"
        found[fresh_port(base, found)] = inner
    return found


def _open_inputs(graph: Graph, chosen: frozenset[str]) -> list[tuple[str, str]]:
    """Inputs that have to be connected and are not: from inside the group nobody could reach what they wait for."""
    return [
        (node.id, port.name)
        for node, block in _known(graph, chosen)
        for port in block.inputs(parse_all(block.params, node.params)[0])
        if not port.optional and not graph.wires_into(node.id, port.name)
    ]


def _known(graph: Graph, chosen: frozenset[str]) -> list[tuple[Node, Block]]:
    found = ((node, block_named(node.block)) for node in graph.ordered_nodes() if node.id in chosen)
    return [(node, block) for node, block in found if block is not None]


def _named_outputs(border: _Border, graph: Graph, chosen: frozenset[str]) -> dict[str, tuple[str, str]]:
    """Port -> the inner port it stands for; where nothing is read yet, what no other block inside reads."""
    ends = list(border.out_of)
    if not ends:
        ends = _open_outputs(graph, chosen)
    if len(ends) == 1:
        return {"out": ends[0]}
    found: dict[str, tuple[str, str]] = {}
    for node_id, port in ends:
        found[fresh_port(_plain(port, "out") or node_id.lower(), found)] = (node_id, port)
    return found


def _open_outputs(graph: Graph, chosen: frozenset[str]) -> list[tuple[str, str]]:
    return [
        (node.id, port.name)
        for node, block in _known(graph, chosen)
        for port in block.outputs(parse_all(block.params, node.params)[0])
        if port.kind == "value" and not graph.wires_out_of(node.id, port.name)
    ]


def _plain(port: str, usual: str) -> str:
    """A port's name where it says something."""
    return "" if port in (usual, "+") else port


def _outer_wires(
    border: _Border, ports_in: Mapping[str, object], ports_out: Mapping[str, object], use: str
) -> Iterable[Wire]:
    for port, wires in zip(ports_in, border.into.values(), strict=False):
        yield replace(wires[0], to_node=use, to_port=port)
    for port, wires in zip(ports_out, border.out_of.values(), strict=False):
        yield from (replace(wire, from_node=use, from_port=port) for wire in wires)


# -- where things stand --


def _places(layout: Layout, node_ids: Iterable[str]) -> dict[str, Point]:
    return {node_id: layout.nodes[node_id] for node_id in node_ids if node_id in layout.nodes}


def _middle(places: Iterable[Point]) -> Point:
    xs, ys = zip(*places, strict=True)
    return (round((min(xs) + max(xs)) / 2 / _GRID) * _GRID, round((min(ys) + max(ys)) / 2 / _GRID) * _GRID)


def _folded(layout: Layout, chosen: frozenset[str], use: str) -> Layout:
    """The blocks' places replaced by one in their middle."""
    places, found = layout.nodes, _places(layout, chosen)
    for node_id in found:
        places = places.remove(node_id)
    if found:
        places = places.insert(use, _middle(found.values()))
    return replace(layout, nodes=places)


# -- one block to several --


def ungroup(project: Project, node_id: str) -> Regrouped:
    """With a use of a group replaced by the group's blocks, once for each repetition.

    The definition goes with the last use of it.

    Raises:
        GraphError: it is no use of a group, it is muted, its weights are shared, or a block names it as a whole.
    """
    node = project.graph.node(node_id)
    use = parse_use(node.params)
    if node.block != GROUP or use.group not in project.groups:
        raise GraphError(f'"{node_id}" is no group that could be taken apart.', code="G16")
    if node.bypass:
        raise GraphError(f'"{node_id}" is muted.', code="G16", hint="Unmute it first.")
    _refuse_sharing(project.graph, node)
    group = project.groups[use.group]
    inner = group.graph.ordered_nodes()
    rounds = _fresh_rounds(project.graph, node_id, [each.id for each in inner], use.repeat)
    graph = _taken_apart(project.graph, node_id, group, rounds)
    prefixes = [f"{node_id}.{turn}." if use.repeat > 1 else f"{node_id}." for turn in range(use.repeat)]
    paths = tuple(
        (prefix + old, new) for prefix, names in zip(prefixes, rounds, strict=True) for old, new in names.items()
    )
    made = tuple(name for names in rounds for name in names.values())
    edited = replace(project, graph=graph, layout=_unfolded(project.layout, node_id, group.layout, rounds))
    if not uses_of(edited, use.group):
        edited = replace(edited, groups=edited.groups.remove(use.group))
    names = dict(paths)
    edited, referring = follow_references(edited, lambda other: moved(other, names))
    neighbours = {wire.to_node for wire in project.graph.wires_out_of(node_id)}
    neighbours |= {wire.from_node for wire in project.graph.wires_into(node_id)}
    touched = frozenset({node_id, *made, *neighbours}) | referring
    return Regrouped(follow_paths(edited, paths), touched, made, paths)


def _refuse_sharing(graph: Graph, node: Node) -> None:
    use = parse_use(node.params)
    hint = "Turn the sharing off first."
    if use.repeat > 1 and use.share_across_repeats:
        raise GraphError(f'The repetitions of "{node.id}" share their weights.', code="G16", hint=hint)
    if use.share_with:
        raise GraphError(f'"{node.id}" shares the weights of "{use.share_with}".', code="G16", hint=hint)
    for other in graph.ordered_nodes():
        if other.block == GROUP and parse_use(other.params).share_with == node.id:
            raise GraphError(f'"{other.id}" shares the weights of "{node.id}".', code="G16", hint=hint)
        if any(node.id in (other.params.get(key) or ()) for key in listing(other.block)):
            raise GraphError(
                f'"{other.id}" names "{node.id}" as a whole.', code="G06", hint="Let it name the blocks inside."
            )


def _fresh_rounds(graph: Graph, node_id: str, inner: list[str], repeat: int) -> list[dict[str, str]]:
    """For each repetition: id inside -> id outside."""
    taken = {*graph.nodes} - {node_id}
    fresh = iter(fresh_ids(inner * repeat, taken))
    return [{old: next(fresh) for old in inner} for _ in range(repeat)]


def _taken_apart(graph: Graph, node_id: str, group: Group, rounds: list[dict[str, str]]) -> Graph:
    into, out_of = graph.wires_into(node_id), graph.wires_out_of(node_id)
    outer, _ = graph.remove([node_id])
    names_in = list(dict.fromkeys(port.name for port in group.inputs))
    feeding = {name: [wire for wire in into if wire.to_port == name and wire.from_node != node_id] for name in names_in}
    for names in rounds:
        renamed = Project(graph=group.graph)
        renamed, _ = follow_references(renamed, lambda other, names=names: moved(other, names))  # type: ignore[misc]
        outer, _ = outer.add(*(replace(node, id=names[node.id]) for node in renamed.graph.ordered_nodes()))
        wires = [
            replace(wire, from_node=names[wire.from_node], to_node=names[wire.to_node]) for wire in group.graph.wires()
        ]
        for port in group.inputs:
            if port.node in names:
                wires += [replace(wire, to_node=names[port.node], to_port=port.port) for wire in feeding[port.name]]
        outer, _ = outer.connect(*wires)
        ends = {port.name: (names[port.node], port.port) for port in group.outputs if port.node in names}
        feeding = {
            name: [Wire(*ends[port.name], "", "")] if port.name in ends else []
            for name, port in zip(names_in, group.outputs, strict=False)
        } | {name: [] for name in names_in[len(group.outputs) :]}
    last = [wire for wire in out_of if wire.from_port in ends and wire.to_node != node_id]
    made = (replace(wire, from_node=ends[wire.from_port][0], from_port=ends[wire.from_port][1]) for wire in last)
    return outer.connect(*made)[0]


def _unfolded(layout: Layout, node_id: str, inner: Layout, rounds: list[dict[str, str]]) -> Layout:
    """The blocks around the place of the one they were, repetitions from left to right."""
    places, at = layout.nodes.discard(node_id), layout.nodes.get(node_id)
    spots = {old: inner.nodes[old] for old in rounds[0] if old in inner.nodes}
    if at is None or not spots:
        return replace(layout, nodes=places)
    middle = _middle(spots.values())
    wide = max(x for x, _ in spots.values()) - min(x for x, _ in spots.values()) + _APART
    for turn, names in enumerate(rounds):
        shift = at[0] - middle[0] + turn * wide
        for old, (x, y) in spots.items():
            places = places.insert(names[old], (x + shift, y + at[1] - middle[1]))
    return replace(layout, nodes=places)
