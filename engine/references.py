"""Names of nodes that stand elsewhere than in wires, in parameters and training settings: they follow an edit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
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
def _listing(kind: str) -> tuple[str, ...]:
    """The parameters of a kind of block that list other blocks."""
    block = block_named(kind)
    return tuple(name for name, param in block.params.items() if isinstance(param, Refs)) if block else ()


def _listed(node: Node, rename: Rename) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for key in _listing(node.block):
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
    """`Project.former` after renames, (old, new) each; "" for a node whose name another bore in the weights file."""
    known = dict(former)
    for old, new in renamed:
        known[new] = known.pop(old, "" if old in known.values() else old)
    return FrozenDict({node_id: name for node_id, name in known.items() if name != node_id})


def present_names(former: FrozenDict, names: Iterable[str]) -> dict[str, str]:
    """Name in a weights file -> present name of that parameter, for those whose block was not replaced by another."""
    now = {name: node_id for node_id, name in former.items() if name}
    found: dict[str, str] = {}
    for name in names:
        owner, dot, rest = name.partition(".")
        if owner in now or owner not in former:
            found[name] = now.get(owner, owner) + dot + rest
    return found


def follow_training(project: Project, rename: Rename) -> Project:
    """With objectives and phases following, or losing an entry whose node is gone."""

    def entry(item: Any) -> Any:
        """`block.port` or `block.parameter`; None when the block is gone."""
        if not isinstance(item, str):
            return item
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
