"""Names of nodes that stand elsewhere than in wires, in parameters and training settings: they follow an edit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from engine.block import block_named
from engine.frozen import DROP, FrozenDict, thaw
from engine.graph import Node, Project, Touched
from engine.param import Refs

Edit = tuple[Project, Touched]
NOTHING: Touched = frozenset()
Rename = Callable[[str], str | None]
"""What a name becomes; None when the node is gone."""

GROUP = "Group"
"""The kind of a node that stands for a group; its parameters name the group and another use to share weights with."""

BOUNDARY = ("GroupInputs", "GroupOutputs")
"""The kinds of nodes that stand for a group's ports where its inside is shown (`engine.levels`); in no file."""


def follow_references(project: Project, rename: Rename) -> Edit:
    """With the names in parameters of nodes passed through `rename`."""
    graph, touched = project.graph, NOTHING
    for node in project.graph.nodes.values():
        changes = _shared(node, rename) if node.block == GROUP else _listed(node, rename)
        if changes:
            graph, more = graph.set_params(node.id, changes)
            touched |= more
    return (replace(project, graph=graph), touched) if touched else (project, NOTHING)


@cache
def listing(kind: str) -> tuple[str, ...]:
    """The parameters of a kind of block that list other blocks."""
    block = block_named(kind)
    return tuple(name for name, param in block.params.items() if isinstance(param, Refs)) if block else ()


def _listed(node: Node, rename: Rename) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for key in listing(node.block):
        names = node.params.get(key)
        if isinstance(names, tuple):
            new = tuple(found for name in names if (found := rename(name)) is not None)
            if new and new != names:  # no names would mean all blocks: the last one stays, and `check` tells
                changes[key] = new
    return changes


def _shared(node: Node, rename: Rename) -> dict[str, Any]:
    other = node.params.get("share_with")
    new = rename(other) if isinstance(other, str) and other else other
    return {} if new == other else {"share_with": DROP if new is None else new}


def follow_weights(former: FrozenDict, renamed: Iterable[tuple[str, str]]) -> FrozenDict:
    """`Project.former` after renames, (old, new) each; "" for a node whose name another bore in the weights file.

    Names are ids or, inside groups, paths; what lies inside a renamed path comes along.
    """
    known: dict[str, str] = dict(former)
    for old, new in renamed:
        inside = {name: known.pop(name) for name in list(known) if name.startswith(f"{old}.")}
        origin = known.pop(old) if old in known else _origin(known, old)
        known[new] = origin
        known.update((new + name.removeprefix(old), value) for name, value in inside.items())
    return FrozenDict({node_id: name for node_id, name in known.items() if name != node_id})


def _origin(known: Mapping[str, str], path: str) -> str:
    """What the weights file calls a path that itself was never renamed."""
    outer = next((part for part in _longest_first(path) if part in known), None)
    if outer is not None:
        return known[outer] + path.removeprefix(outer) if known[outer] else ""
    return "" if path in known.values() else path


def present_names(former: FrozenDict, names: Iterable[str]) -> dict[str, str]:
    """Name in a weights file -> present name of that parameter, for those whose block was not replaced by another."""
    now = {name: node_id for node_id, name in former.items() if name}
    found: dict[str, str] = {}
    for name in names:
        here = moved(name, now)
        if here != name or not any(part in former for part in _longest_first(name)):
            found[name] = here
    return found


def moved(name: str, renamed: Mapping[str, str]) -> str:
    """A path or the name of a parameter after renames: the longest part of it that was renamed is replaced."""
    for part in (name, *_longest_first(name)) if renamed else ():
        if part in renamed:
            return renamed[part] + name.removeprefix(part)
    return name


def renamed_later(renamed: Mapping[str, str], later: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Renames, old -> new, with later ones, (old, new) each, on top."""
    known = dict(renamed)
    for old, new in later:
        origins = [start + old.removeprefix(now) for start, now in known.items() if now == old or _inside(old, now)]
        known = {start: moved(now, {old: new}) for start, now in known.items()}
        known.setdefault(origins[0] if origins else old, new)  # a block of a name that another left has learned nothing
    return known


def _inside(path: str, outer: str) -> bool:
    return path.startswith(f"{outer}.")


def _longest_first(path: str) -> list[str]:
    """The paths that contain this one, from the innermost to the outermost."""
    parts = path.split(".")
    return [".".join(parts[:count]) for count in range(len(parts) - 1, 0, -1)]


def follow_training(project: Project, rename: Rename, *, paths: bool = False) -> Project:
    """With objectives and phases following, or losing an entry whose node is gone.

    `rename` is asked about the top-level node of an entry; with `paths` about the whole of it, `res.conv.weight`.
    """

    def entry(item: Any) -> Any:
        """`block.port` or `block.parameter`; None when the block is gone."""
        if not isinstance(item, str):
            return item
        if paths:
            return rename(item)
        owner, dot, rest = item.partition(".")
        new = rename(owner)
        return None if new is None else new + dot + rest

    def term(item: Any) -> Any:
        """`{"from": "block.port", "weight": 1.0}`."""
        if not isinstance(item, dict) or "from" not in item:
            return entry(item)
        new = entry(item["from"])
        return None if new is None else {**item, "from": new}

    def follow(place: dict[str, Any], key: str, each: Callable[[Any], Any]) -> None:
        if isinstance(place.get(key), list):
            place[key] = [new for item in place[key] if (new := each(item)) is not None]

    training = thaw(project.training)
    follow(training, "objective", entry)
    phases = training.get("phases")
    for phase in phases if isinstance(phases, list) else ():
        if isinstance(phase, dict):
            for key, each in (("minimise", term), ("maximise", term), ("update", entry)):
                follow(phase, key, each)
    frozen = FrozenDict(training)
    return project if frozen == project.training else replace(project, training=frozen)
