"""The graph with groups written out, and the order in which it runs; updated by what an edit touched."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import final

from engine.block import block_named
from engine.graph import Node, Project
from engine.planning.flatten import FlatNode, Flattener, FlatUse
from engine.planning.groupuse import GROUP, Catalogue
from engine.planning.guard import guarded
from engine.planning.layers import branched
from engine.planning.order import (
    Key,
    Rank,
    first_order,
    loop_through,
    loops,
    merged_order,
    shortest_loop,
    with_all_after,
)
from engine.planning.shells import names_blocks
from engine.problem import Problem

_SHOWN_OF_LOOP = 12


@final
@dataclass(slots=True)
class Structure:
    """Nodes, who reads from whom, and the order. Never changed once it is made: `updated` copies.

    Attributes:
        flat: path -> node; uses: path -> use of a group that was written out.
        members: top-level use -> paths of its nodes and uses, for uses alone.
        groups: top-level nodes that are uses of groups.
        before, after: path -> paths it reads from, paths that read from it.
        refs: paths whose block names other blocks; `late`: these and what reads from them.
        top: no node has a larger key.
        order: everything that is not in a loop; position: path -> place, loops last.
        loops: the nodes of each loop, in file order.
        shared: weights name -> paths that share it, in order, where there are several.
    """

    catalogue: Catalogue | None = None
    flat: MutableMapping[str, FlatNode] = field(default_factory=dict)
    uses: MutableMapping[str, FlatUse] = field(default_factory=dict)
    members: MutableMapping[str, tuple[str, ...]] = field(default_factory=dict)
    groups: frozenset[str] = frozenset()
    before: MutableMapping[str, tuple[str, ...]] = field(default_factory=dict)
    after: MutableMapping[str, list[str]] = field(default_factory=dict)
    refs: frozenset[str] = frozenset()
    late: frozenset[str] = frozenset()
    top: Key = ()
    order: tuple[str, ...] = ()
    position: MutableMapping[str, int] = field(default_factory=dict)
    loops: tuple[tuple[str, ...], ...] = ()
    in_loop: frozenset[str] = frozenset()
    shared: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def owner(self, path: str) -> str:
        """The path that holds the node's weights: the first in order of those that share them."""
        sharing = self.shared.get(self.flat[path].weights)
        return sharing[0] if sharing else path


@final
@dataclass(slots=True)
class Delta:
    """What is different from the structure before."""

    changed: set[str] = field(default_factory=set)
    elsewhere: set[str] = field(default_factory=set)
    """Nodes that are the same, but are in a loop now or no longer, or have their weights at another path."""
    removed: set[str] = field(default_factory=set)
    added: bool = False
    rewired: bool = False
    reordered: bool = False
    extended: bool = False
    """The order is as it was, with new nodes behind it."""


def updated(old: Structure | None, project: Project, touched: Iterable[str]) -> tuple[Structure, Delta]:
    """The structure after an edit that touched these top-level nodes; without an old one, of the whole project."""
    base = old or Structure()
    new = Structure(
        catalogue=base.catalogue,
        flat=branched(base.flat),
        uses=branched(base.uses),
        members=branched(base.members),
        groups=base.groups,
        before=branched(base.before),
        after=branched(base.after),
        refs=base.refs,
        top=base.top,
        order=base.order,
        position=base.position,
    )
    delta = Delta()
    known = base.catalogue
    flattener = Flattener(project, known if known is not None and known.groups is project.groups else None)
    new.catalogue = flattener.catalogue
    changed = _rewrite(new, project, flattener, _present(base, project, touched), delta)
    _wire(new, changed, delta)
    _follow_refs(new, delta)
    if old is not None and _extend(base, new, delta):
        delta.reordered = delta.extended = True
    elif old is None or not _still_ordered(base, new, delta):
        if old is None or base.loops or not _merge(base, new, delta):
            _reorder(new, None if old is None or base.loops else _other_sources(base, new, delta))
        delta.reordered = True
        delta.extended = old is not None and _begins_with(new.order, old.order)
        delta.elsewhere |= {path for path in base.in_loop ^ new.in_loop if path in new.flat}
    else:
        new.loops, new.in_loop = base.loops, base.in_loop
        if delta.removed:
            _set_order(new, [path for path in base.order if path not in delta.removed])
            delta.reordered = True
    _share(base, new, delta)
    return new, delta


def loop_problems(structure: Structure) -> list[Problem]:
    """One problem for each loop, with its path."""
    problems: list[Problem] = []
    for loop in structure.loops:
        inside = set(loop)
        after = {path: structure.after.get(path, ()) for path in loop}
        for path, readers in after.items():
            if len(readers) > 1:
                among = (reader for reader in readers if reader in inside)
                after[path] = sorted(among, key=lambda path: (structure.flat[path].key, path))
        way = shortest_loop(loop[0], loop, after)
        way = [*way, way[0]]
        if len(way) > _SHOWN_OF_LOOP:
            way = [*way[: _SHOWN_OF_LOOP - 2], f"… ({len(way) - _SHOWN_OF_LOOP} more)", *way[-2:]]
        message = f"Loop: {' → '.join(way)}."
        problems.append(Problem("error", "G02", loop[0], None, message, "Remove one of these connections."))
    return problems


# -- nodes --


def _present(base: Structure, project: Project, touched: Iterable[str]) -> dict[str, Node | None]:
    """The touched nodes as they are now; with a use of a group among them, all uses and what reads from them."""
    nodes = project.graph.nodes
    present = {name: nodes.get(name) for name in sorted(touched)}
    uses = {name for name, node in present.items() if node is not None and node.block == GROUP}
    if not uses and base.groups.isdisjoint(present):
        return present
    uses |= base.groups
    wide = present.keys() | uses
    for name in uses:
        wide.update(wire.to_node for wire in project.graph.wires_out_of(name))
        # The node may have been a use before, with other names for its outputs: ask the old readers as well.
        for path in base.members.get(name, (name,)):
            wide.update(base.flat[reader].top for reader in base.after.get(path, ()) if reader in base.flat)
    return {name: nodes.get(name) for name in sorted(wide)}


def _rewrite(
    new: Structure, project: Project, flattener: Flattener, present: dict[str, Node | None], delta: Delta
) -> dict[str, FlatNode | None]:
    """Writes the nodes out anew; returns the paths that differ, with what they were."""
    groups = (new.groups - present.keys()) | {
        name for name, node in present.items() if node is not None and node.block == GROUP
    }
    if groups:
        flattener.count_uses(project.graph.nodes[name] for name in sorted(groups))
    new.groups = frozenset(groups)
    changed: dict[str, FlatNode | None] = {}
    for name, node in present.items():
        old_paths = new.members.pop(name, (name,))
        nodes, uses = flattener.piece(node) if node is not None else ([], [])
        if uses:
            delta.added |= any(use.path not in new.uses for use in uses)
        made = tuple([flat.path for flat in nodes])
        if made != (name,) or old_paths != made or name in new.uses:  # it is, or was, no block by itself
            now = set(made)
            for path in old_paths:
                new.uses.pop(path, None)
                if path not in now and path in new.flat:
                    changed[path] = new.flat.pop(path)
                    delta.removed.add(path)
        for flat in nodes:
            was = new.flat.get(flat.path)
            if was != flat:
                changed[flat.path] = was
                delta.added |= was is None
                new.flat[flat.path] = flat
                new.top = max(new.top, flat.key)
                delta.changed.add(flat.path)
        if uses:
            new.members[name] = (*made, *(use.path for use in uses))
            new.uses.update((use.path, use) for use in uses)
    return changed


def _wire(new: Structure, changed: dict[str, FlatNode | None], delta: Delta) -> None:
    """Brings `before` and `after` up to date. Lists of the old structure are replaced, never changed."""
    fresh: set[str] = set()

    def readers(path: str) -> list[str]:
        if path not in fresh:
            fresh.add(path)
            new.after[path] = list(new.after.get(path, ()))
        return new.after[path]

    for path in changed:
        flat = new.flat.get(path)
        old_before = new.before.pop(path, ())
        if flat is not None:
            new.before[path] = flat.before
        now = new.before.get(path, ())
        if old_before == now:
            continue
        delta.rewired = True
        for other in old_before:
            if other not in now:
                readers(other).remove(path)
        for other in now:
            if other not in old_before:
                readers(other).append(path)
    for path in delta.removed:
        if not new.after.get(path):
            new.after.pop(path, None)


def _follow_refs(new: Structure, delta: Delta) -> None:
    kinds: dict[str, bool] = {}
    refs = set(new.refs) - delta.removed
    for path in delta.changed:
        kind = new.flat[path].node.block
        if kind not in kinds:
            kinds[kind] = _is_referring(kind)
        if kinds[kind]:
            refs.add(path)
        else:
            refs.discard(path)
    new.refs = frozenset(refs)
    late, waiting = set(refs), sorted(refs)
    while waiting:
        for path in new.after.get(waiting.pop(), ()):
            if path not in late:
                late.add(path)
                waiting.append(path)
    new.late = frozenset(late)


def _is_referring(kind: str) -> bool:
    def look() -> bool:
        block = block_named(kind)
        return block is not None and bool(names_blocks(block))

    return guarded(kind, "registry", look, False, [])


# -- order --


def _extend(base: Structure, new: Structure, delta: Delta) -> bool:
    """Puts new nodes behind the old order. False, and nothing done, where more than that may have to be done."""
    if not delta.added or delta.removed or base.loops or base.late or new.late:
        return False
    came = [path for path in delta.changed if path not in base.flat]
    for path in delta.changed:
        flat, was = new.flat[path], base.flat.get(path)
        if flat.key <= base.top if was is None else (flat.key, new.before[path]) != (was.key, base.before[path]):
            return False

    def rank(path: str) -> Rank:
        return (False, new.flat[path].key, path)

    behind = merged_order((), {}, set(came), rank, new.before, new.after)
    if len(behind) < len(came):
        return False
    new.order = (*base.order, *behind)
    new.position = branched(base.position)
    new.position.update(zip(behind, range(len(base.order), len(new.order)), strict=True))
    new.loops, new.in_loop = (), frozenset()
    return True


def _still_ordered(base: Structure, new: Structure, delta: Delta) -> bool:
    """Whether the old order, without what was removed, is what `_reorder` would find.

    It is exactly if each node comes after what it reads from, and all between the last of those and the node have
    smaller keys; only nodes with other sources can have lost that.
    """
    if delta.added or base.loops or new.late != base.late:
        return False
    for path in delta.changed:
        flat, was = new.flat[path], base.flat[path]
        if flat.key == was.key and new.before[path] == base.before[path]:
            continue
        here = base.position[path]
        last = max((base.position.get(other, len(base.order)) for other in new.before[path]), default=-1)
        if flat.key != was.key or last >= here:
            return False
        key = (path in new.late, flat.key, path)
        between = (other for other in base.order[last + 1 : here] if other in new.flat)
        if any((other in new.late, new.flat[other].key, other) > key for other in between):
            return False
    return True


def _other_sources(base: Structure, new: Structure, delta: Delta) -> list[str]:
    return [path for path in delta.changed if new.before[path] != base.before.get(path, ())]


def _merge(base: Structure, new: Structure, delta: Delta) -> bool:
    """Takes what changed, and what depends on it, into the old order. False, and nothing done, where a loop is new."""
    late, flat = new.late, new.flat
    moved = {path for path in delta.changed if path not in base.flat or base.flat[path].key != flat[path].key}
    moved.update(_other_sources(base, new, delta), (path for path in base.late ^ late if path in flat))
    loose = with_all_after(moved, new.after)

    def rank(path: str) -> Rank:
        return (path in late, flat[path].key, path)

    kept = base.order
    if delta.removed or any(path in base.flat for path in loose):
        kept = tuple(path for path in base.order if path in flat and path not in loose)
    place = base.position if kept is base.order else dict(zip(kept, range(len(kept)), strict=True))
    order = merged_order(kept, place, loose, rank, new.before, new.after)
    if len(order) < len(flat):
        return False
    new.loops, new.in_loop = (), frozenset()
    _set_order(new, order)
    return True


def _reorder(new: Structure, rewired: list[str] | None) -> None:
    """Finds order and loops; `rewired` are the nodes with other sources than before, when there was no loop."""
    keys = {path: flat.key for path, flat in new.flat.items()}
    order = first_order(keys, new.before, new.after, new.late)
    new.loops, new.in_loop = (), frozenset()
    if len(order) < len(keys):
        left = keys.keys() - order
        if rewired is not None and len(rewired) == 1:
            parts = [loop_through(rewired[0], left, new.before)]
        else:
            parts = loops(list(left), {path: [p for p in new.after.get(path, ()) if p in left] for path in left})
        found = [sorted(loop, key=lambda path: (keys[path], path)) for loop in parts]
        found.sort(key=lambda loop: (keys[loop[0]], loop[0]))
        new.loops = tuple(map(tuple, found))
        new.in_loop = frozenset(path for loop in found for path in loop)
        order = first_order(keys, new.before, new.after, new.late, new.in_loop)
    _set_order(new, order)


def _set_order(new: Structure, order: list[str]) -> None:
    before, new.order = new.order, tuple(order)
    if not new.loops and len(new.position) == len(before) and _begins_with(new.order, before):
        new.position = branched(new.position)  # a tenth of the work of looking at each
        new.position.update(zip(order[len(before) :], range(len(before), len(order)), strict=True))
        return
    new.position = dict(zip(order, range(len(order)), strict=True))
    for loop in new.loops:
        for path in loop:
            new.position[path] = len(new.position)


def _begins_with(order: tuple[str, ...], first: tuple[str, ...]) -> bool:
    return order[: len(first)] == first


def _share(base: Structure, new: Structure, delta: Delta) -> None:
    """Who shares weights with whom; those whose owner is another one now count as changed."""
    if not new.groups and not base.shared:
        return
    sharing: dict[str, list[str]] = {}
    for path in [path for path, flat in new.flat.items() if path not in new.in_loop and flat.scope]:
        sharing.setdefault(new.flat[path].weights, []).append(path)
    for name, paths in sharing.items():
        if len(paths) > 1:
            new.shared[name] = tuple(sorted(paths, key=new.position.__getitem__))
    for path in new.flat:
        if path in base.flat and base.owner(path) != new.owner(path):
            delta.elsewhere.add(path)
