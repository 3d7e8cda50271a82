"""What differs between two projects: two files, or two moments of one document's history."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, final

from engine.block import block_named
from engine.frozen import thaw
from engine.graph import Graph, Layout, Node, Project, Wire
from engine.wording import plural

_DECORATIONS: Final = "frames and notes on the canvas"
_LONGEST: Final = 40
_MOST_NAMED: Final = 4
"""Differences that a message names at most."""


@final
@dataclass(frozen=True, slots=True)
class GraphDifference:
    """Two graphs, before and after. A wire between blocks that were merely renamed counts as the same.

    Attributes:
        added: ids of blocks that are new.
        removed: the blocks that are gone.
        renamed: old id -> new id, where a block is the same in all but its name.
        changed: id after -> what changed, a line each: `out_features: 8 → 16`.
        wires_added: new wires, with the ids after.
        wires_removed: gone wires, with the ids before.
    """

    added: tuple[str, ...] = ()
    removed: tuple[Node, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    changed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    wires_added: tuple[Wire, ...] = ()
    wires_removed: tuple[Wire, ...] = ()

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not (
            self.added or self.removed or self.renamed or self.changed or self.wires_added or self.wires_removed
        )

    @property
    def summary(self) -> str:
        """`2 blocks added, 1 removed, 3 changed`; "" when nothing differs."""
        parts = [f"{plural(len(self.added), 'block')} added"] if self.added else []
        for count, word in (
            (len(self.removed), "removed"),
            (len(self.renamed), "renamed"),
            (len(self.changed), "changed"),
        ):
            if count:
                parts.append(f"{count} {word}" if parts else f"{plural(count, 'block')} {word}")
        for wires, word in ((self.wires_added, "added"), (self.wires_removed, "removed")):
            if wires:
                parts.append(f"{plural(len(wires), 'wire')} {word}")
        return ", ".join(parts)


@final
@dataclass(frozen=True, slots=True)
class Comparison:
    """Two projects.

    Attributes:
        graph: the top level.
        groups: name -> what differs inside, for definitions in both.
        groups_added, groups_removed: names of definitions in one of them alone.
        settings: what else differs, a line each: `training.lr: 0.1 → 0.01`, name, notes.
    """

    graph: GraphDifference
    groups: Mapping[str, GraphDifference]
    groups_added: tuple[str, ...]
    groups_removed: tuple[str, ...]
    settings: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether nothing but the places of the blocks differs."""
        return self.graph.same and not (self.groups or self.groups_added or self.groups_removed or self.settings)

    @property
    def summary(self) -> str:
        """One line for a person."""
        parts = [self.graph.summary] if not self.graph.same else []
        inside = len(self.groups) + len(self.groups_added) + len(self.groups_removed)
        if inside:
            parts.append(f"{plural(inside, 'group')} changed")
        settings = [line for line in self.settings if line != _DECORATIONS]
        if settings:
            parts.append(f"{plural(len(settings), 'setting')} changed")
        if len(settings) < len(self.settings):
            parts.append("frames and notes changed")
        return ", ".join(parts) or "no difference"


def compare(before: Project, after: Project) -> Comparison:
    """What an edit, or another file, made of a project. Visits each block and wire once; places do not count."""
    values = _owners(before.parameters, after.parameters)
    groups = {
        name: difference
        for name, group in after.groups.items()
        if (old := before.groups.get(name)) is not None
        and not (difference := compare_graphs(old.graph, group.graph)).same
    }
    return Comparison(
        compare_graphs(before.graph, after.graph, values),
        groups,
        tuple(sorted(name for name in after.groups if name not in before.groups)),
        tuple(sorted(name for name in before.groups if name not in after.groups)),
        tuple(_settings(before, after)),
    )


def differences(before: Project, after: Project, free: Collection[str] = ()) -> str:
    """What differs in networks, data and settings, for the end of a message: `: conv1 (stride: 1 → 2); lr: 0.1 → 0.5`.

    Args:
        before: what a run trained, for example.
        after: what it is compared with.
        free: settings of the training that do not count.
    """
    found = compare(before, after)
    graph = found.graph
    parts = [f"{name} ({', '.join(lines)})" for name, lines in graph.changed.items()]
    parts += [f"{name} is new" for name in graph.added] + [f"{node.id} is gone" for node in graph.removed]
    parts += [f"{old} is {new} now" for old, new in graph.renamed.items()]
    parts += [f"group {name}" for name in (*found.groups, *found.groups_added, *found.groups_removed)]
    training = [line.removeprefix("training.") for line in found.settings if line.startswith("training.")]
    parts += [line for line in training if line.partition(":")[0] not in free]
    if not parts and (graph.wires_added or graph.wires_removed):
        parts = ["other wires"]
    more = f"; and {len(parts) - _MOST_NAMED} more" if len(parts) > _MOST_NAMED else ""
    return f": {'; '.join(parts[:_MOST_NAMED])}{more}" if parts else ""


def compare_graphs(before: Graph, after: Graph, values: Mapping[str, tuple[str, ...]] | None = None) -> GraphDifference:
    """Two graphs. `values`: id -> lines about its start values, for blocks in both."""
    values = values or {}
    gone = [node for node in before.ordered_nodes() if node.id not in after]
    new = [node for node in after.ordered_nodes() if node.id not in before]
    renamed = _renamed(before, gone, after, new)
    changed = {}
    for node in after.ordered_nodes():
        old = before.nodes.get(node.id)
        lines = (*_node_lines(old, node), *values.get(node.id, ())) if old is not None else ()
        if lines:
            changed[node.id] = tuple(lines)
    ends_before = {_moved(wire.ends, renamed) for wire in before.iter_wires()}
    ends_after = {wire.ends for wire in after.iter_wires()}
    return GraphDifference(
        tuple(node.id for node in new if node.id not in renamed.values()),
        tuple(node for node in gone if node.id not in renamed),
        renamed,
        changed,
        tuple(wire for wire in after.wires() if wire.ends not in ends_before),
        tuple(wire for wire in before.wires() if _moved(wire.ends, renamed) not in ends_after),
    )


def _moved(ends: tuple[str, str, str, str], renamed: Mapping[str, str]) -> tuple[str, str, str, str]:
    return (renamed.get(ends[0], ends[0]), ends[1], renamed.get(ends[2], ends[2]), ends[3])


def _renamed(before: Graph, gone: Iterable[Node], after: Graph, new: Iterable[Node]) -> dict[str, str]:
    """Blocks that are alike in all but the name, and have no twin."""
    gone, new = list(gone), list(new)
    former, later = {node.id for node in gone}, {node.id for node in new}
    old_by_look = _by_look(before, gone, former)
    new_by_look = _by_look(after, new, later)
    found = {}
    for look, ids in old_by_look.items():
        twins = new_by_look.get(look, [])
        if len(ids) == len(twins) == 1:
            found[ids[0]] = twins[0]
    return found


def _by_look(graph: Graph, nodes: Iterable[Node], strangers: set[str]) -> dict[object, list[str]]:
    looks: dict[object, list[str]] = {}
    for node in nodes:
        wires = (
            *(("in", w.to_port, w.from_node, w.from_port) for w in graph.wires_into(node.id)),
            *(("out", w.from_port, w.to_node, w.to_port) for w in graph.wires_out_of(node.id)),
        )
        around = frozenset((way, port, "" if far_id in strangers else far_id, far) for way, port, far_id, far in wires)
        look = (node.block, _text(thaw(node.params)), node.frozen, node.bypass, around)
        looks.setdefault(look, []).append(node.id)
    return looks


def _node_lines(old: Node, new: Node) -> Iterable[str]:
    if old == new:
        return
    if old.block != new.block:
        yield f"block: {old.block} → {new.block}"
    for name in sorted({*old.params, *new.params}):
        before, after = old.params.get(name), new.params.get(name)
        if (name in old.params, before) != (name in new.params, after):
            yield f"{name}: {_param(old, name)} → {_param(new, name)}"
    for name in sorted(old.frozen ^ new.frozen):
        yield f"{name}: {'frozen' if name in new.frozen else 'trained again'}"
    if old.label != new.label:
        yield f"label: {_text(old.label)} → {_text(new.label)}"
    if old.bypass != new.bypass:
        yield "muted" if new.bypass else "no longer muted"
    if old.extra != new.extra:
        yield "other keys of the file"


def _param(node: Node, name: str) -> str:
    if name in node.params:
        return _text(thaw(node.params[name]))
    block = block_named(node.block)
    declared = block.params.get(name) if block is not None else None
    return f"{_text(thaw(declared.start))} (default)" if declared is not None else "not set"


def _owners(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Id -> lines about start values that differ."""
    found: dict[str, list[str]] = {}
    for key in sorted({*before, *after}):
        if before.get(key) != after.get(key):
            node, _, name = key.partition(".")
            found.setdefault(node, []).append(f"start values of {name}")
    return {node: tuple(lines) for node, lines in found.items()}


def _settings(before: Project, after: Project) -> Iterable[str]:
    if before.name != after.name:
        yield f"name: {_text(before.name)} → {_text(after.name)}"
    if before.notes != after.notes:
        yield "notes"
    for name in sorted({*before.training, *after.training}):
        old, new = before.training.get(name), after.training.get(name)
        if old != new:
            told = [_text(thaw(value)) if value is not None else "default" for value in (old, new)]
            yield f"training.{name}: {told[0]} → {told[1]}"
    if before.weights != after.weights:
        yield "weights file"
    if _decorations(before.layout) != _decorations(after.layout):
        yield _DECORATIONS


def _decorations(layout: Layout) -> tuple[object, ...]:
    return (layout.frames, layout.notes)


def _text(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True) if not isinstance(value, str) else value or '""'
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
