"""The text of a graph file: one node, wire, parameter or place a line, always the same for the same project.

Maps without an order of their own (start values, places, groups) follow the order of the nodes or the alphabet.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from engine.frozen import FrozenDict
from engine.graph import Graph, Group, GroupPort, Layout, Node, Project, Wire
from engine.jsontext import MAX_DEPTH, JsonError, Path, half_character
from engine.param import shown

FORMAT = "chainrule"
VERSION = 1
_WIDTH = 100
_FIRST = {"weight": 0, "bias": 1}
_DIGITS = re.compile(r"(\d+)")

Json = dict[str, Any]


def _plain(value: Any) -> Any:
    if type(value) is FrozenDict:
        return value.plain()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no value a file can hold")


# Dashes and accents are written as they are, so that people can read them.
# Nothing here can hold itself, so nothing is looked up for that.
_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=_plain, check_circular=False)
encode = _encoder.encode


def project_text(project: Project, *, fragment: bool = False) -> str:
    """The whole file. Raises ValueError or TypeError for a value JSON has no words for."""
    head: Json = {"format": FORMAT, "version": VERSION}
    if fragment:
        head["fragment"] = True
    for key, value in (("name", project.name), ("notes", project.notes)):
        if value:
            head[key] = value
    parts = [encode(head)[1:-1]]
    nodes = project.graph.ordered_nodes()
    parts += _graph(project.graph, nodes, 1)
    if project.groups:
        parts.append(_block("groups", _groups(project), "{}", 1))
    if project.parameters:
        names = sorted(project.parameters, key=_parameter_order(project.graph))
        lines = [f"{encode(name)}: {encode(project.parameters[name])}" for name in names]
        parts.append(_block("parameters", lines, "{}", 1))
    if project.weights:
        parts.append(f'"weights": {encode(project.weights)}')
    if project.training:
        parts.append(f'"training": {encode(project.training)}')
    parts += _layout(project.layout, nodes, 1)
    parts += _members(project.extra)
    return "{" + ",\n ".join(parts) + "}\n"


def _graph(graph: Graph, nodes: list[Node], depth: int) -> list[str]:
    return [
        _block("nodes", [node_text(node) for node in nodes], "[]", depth),
        _block("wires", [wire_text(wire) for wire in graph.wires()], "[]", depth),
    ]


def _groups(project: Project) -> Iterator[str]:
    for name in sorted(project.groups, key=natural):
        group = project.groups[name]
        nodes = group.graph.ordered_nodes()
        parts = [*_graph(group.graph, nodes, 3), *_ports(group), *_layout(group.layout, nodes, 3)]
        parts += _members(group.extra)
        yield f"{encode(name)}: {{\n   " + ",\n   ".join(parts) + "\n  }"


def _ports(group: Group) -> Iterator[str]:
    for side, key, ports in (("inputs", "to", group.inputs), ("outputs", "from", group.outputs)):
        if ports:
            yield _block(side, [encode(_port_json(port, key)) for port in ports], "[]", 3)


def _layout(layout: Layout, nodes: list[Node], depth: int) -> list[str]:
    if layout == Layout():
        return []
    places = dict(layout.nodes.items())
    order = [node.id for node in nodes if node.id in places]
    order += sorted(places.keys() - order, key=natural)
    parts = [
        ("nodes", [f"{encode(node_id)}: {_point(places[node_id])}" for node_id in order], "{}"),
        ("frames", [encode(frame) for frame in layout.frames], "[]"),
        ("notes", [encode(note) for note in layout.notes], "[]"),
    ]
    extra = list(_members(layout.extra))
    short = [f'"{key}": {ends[0]}{", ".join(lines)}{ends[1]}' for key, lines, ends in parts]
    line = f'"layout": {{{", ".join(short + extra)}}}'
    if len(line) <= _WIDTH:
        return [line]
    long = [_block(key, lines, ends, depth + 1) for key, lines, ends in parts]
    pad = " " * (depth + 1)
    return [f'"layout": {{\n{pad}' + f",\n{pad}".join(long + extra) + "\n" + " " * depth + "}"]


def _block(key: str, lines: Iterable[str], ends: str, depth: int) -> str:
    """`"key": [` and a line for each entry, indented by one more than the key; on one line when there is no entry."""
    pad = "\n" + " " * (depth + 1)
    inner = f",{pad}".join(lines)
    return f'"{key}": {ends[0]}{pad}{inner}\n{" " * depth}{ends[1]}' if inner else f'"{key}": {ends}'


def unwritable(project: Project) -> JsonError:
    """Where the value is that makes `project_text` fail, and what is wrong with it."""
    waiting: list[tuple[Path, Any]] = [((), _tree(project))]
    for path, value in waiting:  # it grows meanwhile
        if isinstance(value, Mapping):
            for key in value:
                if half_character(key):
                    return JsonError(f"has the key {shown(key)}, which holds half a character", path)
            waiting += [((*path, key), item) for key, item in value.items()]
        elif isinstance(value, list | tuple):
            waiting += [((*path, index), item) for index, item in enumerate(value)]
        elif isinstance(value, float) and not math.isfinite(value):
            return JsonError(f"is {value}; a file can hold finite numbers only", path)
        elif isinstance(value, str) and half_character(value):
            return JsonError(f"is {shown(value)}, which holds half a character (a lone surrogate)", path)
        elif value is not None and not isinstance(value, str | int | float):
            return JsonError(f"is of the kind {type(value).__name__}, which no file can hold", path)
        if len(path) > MAX_DEPTH:
            return JsonError(f"is nested more than {MAX_DEPTH} deep", path)
    return JsonError("cannot be written", ())


def _tree(project: Project) -> Json:
    tree: Json = {"name": project.name, "notes": project.notes, "weights": project.weights}
    tree |= _graph_tree(project.graph, project.layout)
    tree["groups"] = {
        name: {
            **_graph_tree(group.graph, group.layout),
            "inputs": [_port_json(port, "to") for port in group.inputs],
            "outputs": [_port_json(port, "from") for port in group.outputs],
            **group.extra,
        }
        for name, group in project.groups.items()
    }
    return {**tree, "parameters": project.parameters, "training": project.training, **project.extra}


def _graph_tree(graph: Graph, layout: Layout) -> Json:
    places = {"nodes": layout.nodes, "frames": layout.frames, "notes": layout.notes, **layout.extra}
    nodes = [node_json(node) for node in graph.ordered_nodes()]
    return {"nodes": nodes, "wires": [wire_json(wire) for wire in graph.wires()], "layout": places}


# -- values --


def node_json(node: Node) -> Json:
    """The object of a node, defaults left out."""
    made: Json = {"id": node.id, "block": node.block, "params": node.params}
    if node.frozen:
        made["frozen"] = sorted(node.frozen)
    if node.label:
        made["label"] = node.label
    if node.bypass:
        made["bypass"] = True
    return {**made, **node.extra}


def wire_json(wire: Wire) -> Json:
    """The object of a wire, defaults left out."""
    made: Json = {"from": f"{wire.from_node}.{wire.from_port}", "to": f"{wire.to_node}.{wire.to_port}"}
    if wire.via:
        made["via"] = [[_short(x), _short(y)] for x, y in wire.via]
    return {**made, **wire.extra}


def node_text(node: Node) -> str:
    """`node_json` as it is written. Most nodes have nothing but these three, put together in half the time."""
    if node.frozen or node.label or node.bypass or node.extra:
        return encode(node_json(node))
    params = encode(node.params) if node.params else "{}"
    return f'{{"id": {encode(node.id)}, "block": {encode(node.block)}, "params": {params}}}'


def wire_text(wire: Wire) -> str:
    """`wire_json` as it is written."""
    if wire.via or wire.extra:
        return encode(wire_json(wire))
    start, end = f"{wire.from_node}.{wire.from_port}", f"{wire.to_node}.{wire.to_port}"
    return f'{{"from": {encode(start)}, "to": {encode(end)}}}'


def _port_json(port: GroupPort, key: str) -> Json:
    end = {key: f"{port.node}.{port.port}"} if port.node else {}
    return {"name": port.name, **end, **port.extra}


def _point(point: tuple[float, float]) -> str:
    x, y = _short(point[0]), _short(point[1])
    if math.isfinite(x) and math.isfinite(y):
        return f"[{x!r}, {y!r}]"  # as the encoder writes numbers, in an eighth of the time
    return encode([x, y])


def _short(number: float) -> float | int:
    """`120` for 120.0: places are whole numbers of pixels more often than not."""
    return int(number) if abs(number) < 2**53 and number == int(number) else number


def _members(extra: FrozenDict) -> Iterator[str]:
    for key, value in extra.items():
        yield f"{encode(key)}: {encode(value)}"


# -- order --


def natural(text: str) -> list[tuple[int, int, str]]:
    """Sorts `res.2` before `res.10`."""
    parts = _DIGITS.split(text)
    return [(1, int(part), part) if part.isascii() and part.isdigit() else (0, 0, part) for part in parts]


def _parameter_order(graph: Graph) -> Any:
    def key(name: str) -> tuple[Any, ...]:
        path, _, short = name.rpartition(".")
        node = graph.nodes.get(path.partition(".")[0])
        rank = graph.next_rank if node is None else node.rank
        return (rank, natural(path), _FIRST.get(short, 2), natural(short))

    return key
