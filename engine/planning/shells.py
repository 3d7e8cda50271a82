"""What can be told of one node before any shape: its block, parameters, ports and the wires at them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, final

import engine.block
from engine.block import Block, PortKind, block_named
from engine.dataspec import DataFacts, Facts, Pending
from engine.frozen import FrozenDict
from engine.param import Refs, parse_all
from engine.planning.flatten import FlatNode
from engine.planning.guard import guarded
from engine.planning.wires import Feeds, judge_inputs, judge_outputs
from engine.planning.words import did_you_mean, ended
from engine.problem import Problem
from engine.wording import shown

FactsLookup = Callable[[Mapping[str, Any]], Facts]
INPUT = "Input"
"""The kind that reads a data set."""

_SHOWN = 10


@final
@dataclass(slots=True)  # not frozen: thousands are made, and freezing takes thrice as long
class Shell:
    """A node without shapes.

    Attributes:
        block: None when its kind is unknown, or it is a group that cannot be written out.
        params: parsed, with names in Refs as they stand in the file.
        inputs, outputs: names of the ports there are; input_kinds, output_kinds: their kinds, () of an unknown block.
        no_inputs, no_outputs: all ports, those that only wires name behind the others, as of unknown shape.
        free_ports: output ports are not known, so any name is taken for one.
        usable: parameters and wires are such that shapes can be found once the inputs' are known.
        refs: names of parameters that name other blocks.
        objective: its `out` belongs to the default objective.
        likeness: equal for nodes that do the same with the same inputs; None where other things play a part.
    """

    flat: FlatNode
    block: Block | None
    params: Mapping[str, Any]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    no_inputs: Mapping[str, None]
    no_outputs: Mapping[str, None]
    feeds: Feeds
    problems: tuple[Problem, ...]
    free_ports: bool = True
    usable: bool = False
    refs: tuple[str, ...] = ()
    objective: bool = False
    input_kinds: tuple[PortKind, ...] = ()
    output_kinds: tuple[PortKind, ...] = ()
    facts: Facts | None = None
    likeness: object | None = field(default=None, compare=False)

    @property
    def data(self) -> DataFacts | None:
        """What is known of the data set of an Input."""
        return self.facts if isinstance(self.facts, DataFacts) else None


def make_shell(flat: FlatNode, lookup: FactsLookup) -> Shell:
    """Everything about a node that needs no shapes."""
    problems: list[Problem] = list(flat.problems)
    if not problems:
        shell = guarded(flat.path, "ports and parameters", lambda: _known_shell(flat, lookup), None, problems)
        if shell is not None:
            return shell
        if not problems:
            problems.append(_unknown_block(flat))
    feeds: Feeds = {}
    for wire in flat.wires:
        feeds.setdefault(wire.port, wire.source)
    return Shell(
        flat=flat,
        block=None,
        params={},
        inputs=tuple(feeds),
        outputs=flat.named,
        no_inputs=dict.fromkeys(feeds),
        no_outputs=dict.fromkeys(flat.named),
        feeds=feeds,
        problems=tuple(problems),
    )


def _known_shell(flat: FlatNode, lookup: FactsLookup) -> Shell | None:
    """The shell of a node whose kind is known; None when it is not."""
    node = flat.node
    block = block_named(node.block)
    if block is None:
        return None
    if node.block == INPUT and not node.bypass:
        return _data_shell(flat, block, lookup)
    kind = _kind(block, node.params, node.bypass)
    problems = [] if node.bypass else _param_problems(flat, kind.errors)
    if kind.has_more:
        problems += _unknown_keys(flat, block)
    return _shell(flat, block, kind, problems)


def _data_shell(flat: FlatNode, block: Block, lookup: FactsLookup) -> Shell:
    """The shell of a data set, whose outputs depend on what is known of it."""
    params, errors = parse_all(block.params, flat.node.params)
    problems = _param_problems(flat, errors)
    facts = None if problems else _look_up(flat.path, lookup, params, problems)
    problems += _unknown_keys(flat, block)
    kind = _asked(block, params, facts if isinstance(facts, DataFacts) else None)
    return _shell(flat, block, kind, problems, facts, is_pending=not isinstance(facts, DataFacts))


def _shell(
    flat: FlatNode,
    block: Block,
    kind: _Kind,
    problems: list[Problem],
    facts: Facts | None = None,
    *,
    is_pending: bool = False,
) -> Shell:
    """A shell of that kind in its place, with all that is wrong with its wires."""
    muted = flat.node.bypass
    required = kind.inputs[:1] if muted else kind.required
    usable = not is_pending and not (problems and any(problem.severity == "error" for problem in problems))
    feeds = judge_inputs(flat, kind.inputs, required, problems)
    if muted and not kind.inputs:
        message = f'"{flat.path}" is muted, but has no input that it could pass on.'
        problems.append(Problem("error", "G07", flat.path, None, message, "Unmute it, or remove it."))
    if not is_pending:
        judge_outputs(flat, kind.outputs[:1] if muted else kind.outputs, problems)
    # By position, which takes half as long: there are thousands.
    return Shell(
        flat,
        block,
        kind.params,
        kind.inputs,
        kind.outputs,
        _none_of(kind.inputs, tuple([wire.port for wire in flat.wires])),
        _none_of(kind.outputs, flat.named),
        feeds,
        tuple(problems),
        is_pending,
        usable and all(map(feeds.__contains__, required)),
        kind.refs,
        not muted and kind.objective,
        kind.input_kinds,
        kind.output_kinds,
        facts,
        kind.likeness,
    )


@lru_cache(maxsize=1024)
def _none_of(ports: tuple[str, ...], wired: tuple[str, ...]) -> Mapping[str, None]:
    """Nothing at each port, the same for all nodes with these."""
    return dict.fromkeys((*ports, *wired))


@final
@dataclass(frozen=True, slots=True)
class _Kind:
    """What all nodes with this block and these parameters have in common.

    Attributes:
        errors: (parameter, what is wrong with it); has_more: there are parameters that the block does not know.
        required: inputs that must not stay open.
    """

    params: Mapping[str, Any]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    required: tuple[str, ...]
    input_kinds: tuple[PortKind, ...]
    output_kinds: tuple[PortKind, ...]
    refs: tuple[str, ...]
    objective: bool
    likeness: object | None
    errors: Sequence[tuple[str, str]] = ()
    has_more: bool = False


@lru_cache(maxsize=2048)
def _kind(block: Block, given: FrozenDict, muted: bool) -> _Kind:
    """The kind of a node with these parameters as they stand in the file; bad ones get their default."""
    params, errors = parse_all(block.params, given)
    kind = _asked(block, params, None)
    return replace(kind, errors=errors, has_more=not muted and not given.keys() <= block.params.keys())


def _asked(block: Block, params: Mapping[str, Any], facts: DataFacts | None) -> _Kind:
    inputs, outputs = block.inputs(params), block.outputs(params, facts)
    refs = names_blocks(block)
    return _Kind(
        params=params,
        inputs=tuple([port.name for port in inputs]),
        outputs=tuple([port.name for port in outputs]),
        required=tuple([port.name for port in inputs if not port.optional]),
        input_kinds=tuple([port.kind for port in inputs]),
        output_kinds=tuple([port.kind for port in outputs]),
        refs=refs,
        objective=bool(block.objective(params)),
        likeness=None if refs or block.kind == INPUT else _likeness(block, params),
    )


@lru_cache(maxsize=1024)
def names_blocks(block: Block) -> tuple[str, ...]:
    """The parameters of a block that name other blocks."""
    return tuple(name for name, param in block.params.items() if isinstance(param, Refs))


def _unknown_block(flat: FlatNode) -> Problem:
    kind = flat.node.block
    hint = "It is kept as it is; a newer version or a plug-in of the app may know it."
    hint = did_you_mean(kind, engine.block.registry(), hint)
    return Problem("error", "G11", flat.path, None, f'"{flat.path}" is of the unknown kind {shown(kind)}.', hint)


def _param_problems(flat: FlatNode, errors: Iterable[tuple[str, str]]) -> list[Problem]:
    """A problem for each bad parameter, which has its default instead."""
    problems = []
    for name, message in errors:
        text, hint = ended(f'"{flat.path}": {name} {message}'), f"Correct {name}, or remove it to get the default."
        problems.append(Problem("error", "G06", flat.path, None, text, hint))
    return problems


def _unknown_keys(flat: FlatNode, block: Block) -> list[Problem]:
    unknown = [key for key in flat.node.params if key not in block.params][:_SHOWN]
    return [
        Problem(
            "info",
            "G06",
            flat.path,
            None,
            f'"{flat.path}" has no parameter {shown(key)}; it is kept, but has no effect.',
            did_you_mean(key, block.params),
        )
        for key in unknown
    ]


def _look_up(path: str, lookup: FactsLookup, params: Mapping[str, Any], problems: list[Problem]) -> Facts | None:
    facts = guarded(path, "data", lambda: lookup(params), None, problems)
    if isinstance(facts, Pending):
        problems.append(Problem("info", "D00", path, None, f'"{path}": reading {facts.what} …'))
    elif isinstance(facts, Problem):
        problems.append(replace(facts, node=path))
    return facts


def _likeness(block: Block, parsed: Mapping[str, Any]) -> object | None:
    try:
        return _token((block, *parsed.values()))
    except TypeError:  # a parameter of a plug-in that cannot be hashed
        return None


@lru_cache(maxsize=2048)
def _token(_key: tuple[object, ...]) -> object:
    """One object for all equal keys: looked up in a moment, however many parameters there are."""
    return object()
