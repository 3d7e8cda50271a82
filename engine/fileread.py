"""From the JSON of a graph file to a `Project`: everything is looked at, unknown keys are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from sys import intern
from typing import Any, NoReturn

from rpds import HashTrieMap

from engine.frozen import FrozenDict, freeze
from engine.graph import EMPTY, Graph, Group, GroupPort, Layout, Node, Point, Project, Wire
from engine.jsontext import JsonError, Path
from engine.names import id_error
from engine.param import closest, shown

_PROJECT = {"format", "version", "fragment", "name", "notes", "nodes", "wires", "groups", "parameters", "weights"}
_PROJECT |= {"training", "layout"}
_NODE = {"id", "block", "params", "frozen", "label", "bypass"}
_WIRE = {"from", "to", "via"}
_GROUP = {"nodes", "wires", "inputs", "outputs", "layout"}
_LAYOUT = {"nodes", "frames", "notes"}
_WORDS = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
NOT_IN_NAMES = frozenset('/\\:<>|?*"\0\n\r')
"""Characters that some system gives a meaning in the name of a file."""

_NESTED = 8
"""Dimensions of a start value at most."""

_OPTIONS = 2000
"""Ids that a misspelt one is compared with."""


def read_project(data: Mapping[str, Any]) -> Project:
    """The project that the top-level object of a file describes. Raises JsonError with the path."""
    return Project(
        name=_get(data, (), "name", str, ""),
        notes=_get(data, (), "notes", str, ""),
        graph=_graph(data, ()),
        groups=HashTrieMap(
            {name: _group(value, ("groups", name)) for name, value in _get(data, (), "groups", dict, {}).items()}
        ),
        parameters=_parameters(_get(data, (), "parameters", dict, {})),
        weights=_weights(_get(data, (), "weights", str, "")),
        training=FrozenDict(_get(data, (), "training", dict, {})),
        layout=_layout(data, ()),
        extra=_extra(data, _PROJECT),
    )


# -- graphs --


def _graph(data: Mapping[str, Any], path: Path) -> Graph:
    nodes: dict[str, Node] = {}
    for index, item in enumerate(_get(data, path, "nodes", list, [])):
        node = _node(item, (*path, "nodes", index), index)
        if node.id in nodes:
            raise JsonError(f'there are two blocks "{node.id}"', (*path, "nodes", index, "id"))
        nodes[node.id] = node
    wires = [_wire(item, (*path, "wires", index), nodes, index) for index, item in _numbered(data, path, "wires")]
    return Graph.of(nodes.values(), wires)


def _node(data: Any, path: Path, rank: int) -> Node:
    _expect(data, dict, path)
    node_id = _need(data, path, "id", str)
    why = id_error(node_id)
    if why:
        raise JsonError(f"the name {shown(node_id)} {why}", (*path, "id"))
    block = _need(data, path, "block", str)
    if not block:
        raise JsonError("the kind of the block is empty", (*path, "block"))
    frozen = _get(data, path, "frozen", list, [])
    for index, name in enumerate(frozen):
        _expect(name, str, (*path, "frozen", index))
    return Node(
        node_id,
        intern(block),
        FrozenDict(_get(data, path, "params", dict, EMPTY)),
        frozenset(frozen),
        _get(data, path, "label", str, ""),
        _get(data, path, "bypass", bool, False),
        _extra(data, _NODE),
        rank,
    )


def _wire(data: Any, path: Path, nodes: Mapping[str, Node], index: int) -> Wire:
    _expect(data, dict, path)
    from_node, from_port = _end(data, path, "from")
    to_node, to_port = _end(data, path, "to")
    for node_id, key in ((from_node, "from"), (to_node, "to")):
        if node_id not in nodes:
            _nowhere(node_id, (*path, key), nodes)
    via = tuple(_point(item, (*path, "via", index)) for index, item in _numbered(data, path, "via"))
    extra, rank = _extra(data, _WIRE), len(nodes) + index
    return Wire(from_node, intern(from_port), to_node, intern(to_port), via, extra, rank)  # names that come again


def _nowhere(node_id: str, path: Path, nodes: Mapping[str, Node]) -> NoReturn:
    near = closest(node_id[:80], list(nodes)[:_OPTIONS])
    tail = f'; did you mean "{near}"?' if near else ""
    raise JsonError(f"the wire leads to a block {shown(node_id)} that is not there{tail}", path)


def _end(data: Mapping[str, Any], path: Path, key: str) -> tuple[str, str]:
    text = _need(data, path, key, str)
    node_id, _, port = text.partition(".")
    if not node_id or not port:
        raise JsonError(f"expects block.port but got {shown(text)}", (*path, key))
    return node_id, port


def _group(data: Any, path: Path) -> Group:
    _expect(data, dict, path)

    def ports(side: str, key: str) -> tuple[GroupPort, ...]:
        return tuple(_group_port(item, (*path, side, index), key) for index, item in _numbered(data, path, side))

    return Group(
        _graph(data, path), ports("inputs", "to"), ports("outputs", "from"), _layout(data, path), _extra(data, _GROUP)
    )


def _group_port(data: Any, path: Path, key: str) -> GroupPort:
    _expect(data, dict, path)
    node_id, port = _end(data, path, key) if key in data else ("", "")  # a port that is not connected inside yet
    return GroupPort(_need(data, path, "name", str), node_id, port, _extra(data, {"name", key}))


# -- what stands beside the graph --


def _layout(data: Mapping[str, Any], path: Path) -> Layout:
    path = (*path, "layout")
    layout = _get(data, path[:-1], "layout", dict, {})
    places = _get(layout, path, "nodes", dict, {})

    def objects(key: str) -> tuple[FrozenDict, ...]:
        return tuple(
            FrozenDict(_expect(item, dict, (*path, key, index))) for index, item in _numbered(layout, path, key)
        )

    return Layout(
        HashTrieMap({node_id: _point(item, (*path, "nodes", node_id)) for node_id, item in places.items()}),
        objects("frames"),
        objects("notes"),
        _extra(layout, _LAYOUT),
    )


def _point(data: Any, path: Path) -> Point:
    if type(data) is list and len(data) == 2 and all(type(part) in (int, float) for part in data):
        return float(data[0]), float(data[1])
    raise JsonError(f"expects a place [x, y] but got {shown(data)}", path)


def _parameters(data: Mapping[str, Any]) -> HashTrieMap[str, Any]:
    for name, value in data.items():
        _check_numbers(value, ("parameters", name))
    return HashTrieMap({name: freeze(value) for name, value in data.items()})


def _check_numbers(value: Any, path: Path) -> None:
    """Only numbers, nested; whether the rows are equally long and fit a parameter is `check`'s to say."""
    level = [(path, value)]
    for _ in range(_NESTED + 1):
        for place, item in level:
            if type(item) not in (int, float, list):
                raise JsonError(f"expects numbers but got {shown(item)}", place)
        level = [
            ((*place, index), part) for place, item in level if type(item) is list for index, part in enumerate(item)
        ]
        if not level:
            return
    raise JsonError(f"is nested more than {_NESTED} deep", path)


def _weights(name: str) -> str:
    """A plain name, so that no file elsewhere is read, let alone deleted."""
    if name and (not name.endswith(".safetensors") or name[0] == "." or set(name) & NOT_IN_NAMES):
        what = f"expects the name of a .safetensors file in the same folder but got {shown(name)}"
        raise JsonError(what, ("weights",))
    return name


# -- looking --


def _expect(value: Any, kind: type, path: Path) -> Any:
    if type(value) is not kind:
        raise JsonError(f"expects {_WORDS[kind]} but got {shown(value)}", path)
    return value


def _get(data: Mapping[str, Any], path: Path, key: str, kind: type, default: Any) -> Any:
    value = data.get(key, default)
    return value if value is default or type(value) is kind else _expect(value, kind, (*path, key))


def _need(data: Mapping[str, Any], path: Path, key: str, kind: type) -> Any:
    if key not in data:
        raise JsonError(f'the key "{key}" is missing', path)
    value = data[key]
    return value if type(value) is kind else _expect(value, kind, (*path, key))


def _numbered(data: Mapping[str, Any], path: Path, key: str) -> enumerate[Any]:
    return enumerate(_get(data, path, key, list, []))


def _extra(data: Mapping[str, Any], known: set[str]) -> FrozenDict:
    if data.keys() <= known:
        return EMPTY
    return FrozenDict({key: value for key, value in data.items() if key not in known})


Migration = Callable[[dict[str, Any]], dict[str, Any]]
MIGRATIONS: dict[int, Migration] = {}
"""From each version of the format to the next: version -> a function of the file's top-level object."""
