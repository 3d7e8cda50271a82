"""What a use of a group says, whether it can be written out, and how large that would be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from rpds import HashTrieMap

from engine.graph import Graph, Group, Node
from engine.param import Bool, Int, Param, Text, parse_all
from engine.planning.order import components, shortest_loop
from engine.planning.words import did_you_mean, ended
from engine.problem import GraphError, Problem
from engine.wording import plural, shown

GROUP = "Group"
"""The kind of a node that stands for a group."""

MAX_NODES = 100_000
MAX_DEPTH = 32

USE_PARAMS: Mapping[str, Param] = {
    "group": Text(default="", doc="The group that is used."),
    "repeat": Int(default=1, min=1, max=10_000, doc="How many times in a row."),
    "share_across_repeats": Bool(default=False, doc="All repetitions use the same weights."),
    "share_with": Text(default="", doc="Another use of the group, whose weights this one shares."),
}


@final
@dataclass(frozen=True, slots=True)
class Use:
    """The parsed parameters of a use; errors are (parameter, message)."""

    group: str
    repeat: int
    share_across_repeats: bool
    share_with: str
    errors: tuple[tuple[str, str], ...] = ()


@final
@dataclass(slots=True)
class Catalogue:
    """Sizes of these groups of a project: blocks in one use, nesting, and the loop of one that contains itself."""

    groups: HashTrieMap[str, Group]
    sizes: dict[str, int]
    depths: dict[str, int]
    loops: dict[str, tuple[str, ...]]

    def use(self, node: Node) -> Use:
        """What a use says."""
        return parse_use(node.params)

    def size(self, node: Node) -> int:
        """How many blocks a use stands for; 1 when it cannot be written out."""
        use = self.use(node)
        return self.sizes.get(use.group, 1) * use.repeat


def parse_use(params: Mapping[str, Any]) -> Use:
    """The parameters of a use; a bad one gets its default."""
    given = {key: value for key, value in params.items() if not (key == "share_with" and value is None)}
    parsed, errors = parse_all(USE_PARAMS, given)
    return Use(**parsed, errors=tuple(errors))


def catalogue(groups: HashTrieMap[str, Group]) -> Catalogue:
    """Measures all groups, each once, the inner ones first."""
    uses: dict[str, list[Use]] = {}
    for name in sorted(groups):
        inner = (node for node in groups[name].graph.ordered_nodes() if node.block == GROUP)
        uses[name] = [use for node in inner if (use := parse_use(node.params)).group in groups]
    after = {name: list(dict.fromkeys(use.group for use in used)) for name, used in uses.items()}
    made = Catalogue(groups, {}, {}, {})
    for part in components(sorted(groups), after):
        for name in part:
            if len(part) > 1 or name in after[name]:
                made.loops[name] = (*shortest_loop(name, part, after), name)
        for name in part:
            inner_uses = [use for use in uses[name] if use.group not in made.loops]
            plain = len(groups[name].graph) - len(inner_uses)
            made.sizes[name] = plain + sum(made.sizes[use.group] * use.repeat for use in inner_uses)
            made.depths[name] = 1 + max((made.depths[use.group] for use in inner_uses), default=0)
    return made


def used_in(graph: Graph) -> set[str]:
    """The groups that blocks of a graph stand for."""
    return {parse_use(node.params).group for node in graph.nodes.values() if node.block == GROUP}


def refuse_loop(name: str, groups: HashTrieMap[str, Group]) -> None:
    """Raises GraphError when a group contains itself."""
    loop = catalogue(groups).loops.get(name)
    if loop is not None:
        way = f": {' → '.join(loop)}" if len(loop) > 2 else ""
        raise GraphError(
            f'"{name}" cannot be put into itself{way}.',
            code="G16",
            hint=f'For a copy of "{loop[-2]}" in it: add another use outside, make that independent, and move it in.',
        )


def check_use(
    node: Node, path: str, graph: Graph, groups: HashTrieMap[str, Group], known: Catalogue
) -> tuple[Problem, ...]:
    """Why a use cannot be written out; empty when it can."""
    use = known.use(node)
    if use.errors:
        return tuple(_problem(path, ended(f'"{path}": {name} {message}'), code="G06") for name, message in use.errors)
    group = groups.get(use.group)
    if group is None:
        return (_unknown_group(path, use.group, groups),)
    message, hint = (
        _too_large(use, known) or _bad_ports(use, group) or _bad_sharing(node, use, graph, known) or ("", "")
    )
    return (_problem(path, f'"{path}" {message}', hint),) if message else ()


def _problem(path: str, message: str, hint: str = "", *, code: str = "G16") -> Problem:
    return Problem("error", code, path, None, message, hint)


def _unknown_group(path: str, name: str, groups: HashTrieMap[str, Group]) -> Problem:
    if not name:
        return _problem(path, f'"{path}" names no group.', "Set its parameter group.")
    hint = did_you_mean(name, groups, "Choose one of the document's groups.")
    return _problem(path, f'"{path}" uses the group {shown(name)}, which does not exist.', hint)


def _too_large(use: Use, known: Catalogue) -> tuple[str, str] | None:
    loop = known.loops.get(use.group)
    if loop:
        return (
            f'uses the group "{use.group}", which contains itself: {" → ".join(loop)}.',
            "Take one of these uses out.",
        )
    if known.depths[use.group] > MAX_DEPTH:
        return f"nests groups {known.depths[use.group]} deep; at most {MAX_DEPTH} levels are possible.", ""
    size = known.sizes[use.group] * use.repeat
    if size > MAX_NODES:
        return f"stands for {size:,} blocks, but at most {MAX_NODES:,} are possible.", "Lower the repeats."
    return None


def _bad_ports(use: Use, group: Group) -> tuple[str, str] | None:
    for word, ports in (("input", group.inputs), ("output", group.outputs)):
        for port in ports:
            if port.node and port.node not in group.graph:
                return (
                    f'uses the group "{use.group}", whose {word} "{port.name}" stands for "{port.node}.{port.port}", '
                    f'but there is no block "{port.node}" in it.'
                ), "Correct the port or remove it."
    inputs = list(dict.fromkeys(port.name for port in group.inputs))
    outputs = [port.name for port in group.outputs]
    if len(set(outputs)) != len(outputs):
        return f'uses the group "{use.group}", which has two outputs of one name.', "Rename one of them."
    if use.repeat > 1 and len(inputs) != len(outputs):
        return (
            f"cannot be repeated: each repetition feeds the next, output by output, but the group has "
            f"{plural(len(inputs), 'input')} and {plural(len(outputs), 'output')}."
        ), "Set repeat to 1, or give the group as many outputs as inputs."
    return None


def _bad_sharing(node: Node, use: Use, graph: Graph, known: Catalogue) -> tuple[str, str] | None:
    if not use.share_with:
        return None
    seen, current = [node.id], use
    while current.share_with:
        name = current.share_with
        other = graph.nodes.get(name)
        if other is None or other.block != GROUP:
            uses = (found.id for found in graph.nodes.values() if found.block == GROUP)
            hint = did_you_mean(name, uses, "Name another use of the same group.")
            return f"shares the weights of {shown(name)}, which is no use of a group.", hint
        if name in seen:
            return f"shares its weights in a circle: {' → '.join((*seen, name))}.", "Clear share_with in one of them."
        seen.append(name)
        current = known.use(other)
        if (current.group, current.repeat) != (use.group, use.repeat):
            return (
                f'shares the weights of "{name}", which is another group or has another repeat.',
                "Weights can be shared between equal uses only.",
            )
    return None
