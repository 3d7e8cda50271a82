"""What can be told of one node before any shape: its block, parameters, ports and the wires at them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, final

import engine.block
from engine.block import Block, Port, PortKind, block_named
from engine.dataspec import DataFacts, Facts, Pending
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
@dataclass(frozen=True, slots=True)
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
    likeness: tuple[object, ...] | None = field(default=None, compare=False)

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
    block = block_named(flat.node.block)
    if block is None:
        return None
    problems: list[Problem] = []
    muted = flat.node.bypass
    params = _parse(flat, block, problems)
    facts = None
    if flat.node.block == INPUT and not (muted or problems):
        facts = _look_up(flat.path, lookup, params, problems)
    is_pending = flat.node.block == INPUT and not muted and not isinstance(facts, DataFacts)
    if not muted:
        problems += _unknown_keys(flat, block)
    ports, others = block.inputs(params), block.outputs(params, facts if isinstance(facts, DataFacts) else None)
    inputs, outputs = tuple(port.name for port in ports), tuple(port.name for port in others)
    required = tuple(port.name for port in _required(ports, muted=muted))
    usable = not is_pending and not any(problem.severity == "error" for problem in problems)
    feeds = judge_inputs(flat, inputs, required, problems)
    if muted and not inputs:
        message = f'"{flat.path}" is muted, but has no input that it could pass on.'
        problems.append(Problem("error", "G07", flat.path, None, message, "Unmute it, or remove it."))
    if not is_pending:
        judge_outputs(flat, outputs[:1] if muted else outputs, problems)
    refs = names_blocks(block)
    return Shell(
        flat=flat,
        block=block,
        params=params,
        inputs=inputs,
        outputs=outputs,
        no_inputs=dict.fromkeys((*inputs, *(wire.port for wire in flat.wires))),
        no_outputs=dict.fromkeys((*outputs, *flat.named)),
        feeds=feeds,
        problems=tuple(problems),
        free_ports=is_pending,
        usable=usable and all(port in feeds for port in required),
        refs=refs,
        objective=not muted and bool(block.objective(params)),
        input_kinds=tuple(port.kind for port in ports),
        output_kinds=tuple(port.kind for port in others),
        facts=facts,
        likeness=None if refs or flat.node.block == INPUT else _likeness(block, params),
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


def _parse(flat: FlatNode, block: Block, problems: list[Problem]) -> Mapping[str, Any]:
    """The parameters, bad ones with their default and a problem, which a muted node is spared."""
    parsed, errors = parse_all(block.params, flat.node.params)
    for name, message in errors if not flat.node.bypass else ():
        text, hint = ended(f'"{flat.path}": {name} {message}'), f"Correct {name}, or remove it to get the default."
        problems.append(Problem("error", "G06", flat.path, None, text, hint))
    return parsed


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


def _required(inputs: Sequence[Port], *, muted: bool) -> list[Port]:
    """Inputs that must not stay open; of a muted node only the first is needed."""
    return list(inputs[:1]) if muted else [port for port in inputs if not port.optional]


def _likeness(block: Block, parsed: Mapping[str, Any]) -> tuple[object, ...] | None:
    key = (block, *parsed.values())
    try:
        hash(key)
    except TypeError:  # a parameter of a plug-in
        return None
    return key
