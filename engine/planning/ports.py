"""What can be told of one node before any shape: its block, parameters, ports and the wires at them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, final

import engine.block
from engine.block import Block, Port, block_named
from engine.dataspec import DataFacts, Facts, Pending
from engine.param import Refs, parse_all
from engine.planning.flatten import FlatNode
from engine.planning.words import did_you_mean, quoted
from engine.problem import Problem
from engine.result import Source

FactsLookup = Callable[[Mapping[str, Any]], Facts]
INPUT = "Input"
"""The kind that reads a data set."""

T = TypeVar("T")
logger = logging.getLogger(__name__)


@final
@dataclass(frozen=True, slots=True)
class Shell:
    """A node without shapes.

    Attributes:
        block: None when its kind is unknown, or it is a group that cannot be written out.
        params: parsed, with names in Refs as they stand in the file.
        inputs, outputs: names of the ports there are; `required` inputs cannot stay open.
        free_ports: ports are not known, so any name is taken for one.
        feeds: input port -> its one source; None where that stands for nothing.
        usable: parameters and wires are such that shapes can be found once the inputs' are known.
        refs: names of parameters that name other blocks.
        objective: its `out` belongs to the default objective.
    """

    flat: FlatNode
    block: Block | None
    params: Mapping[str, Any]
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    free_ports: bool = False
    feeds: Mapping[str, Source | None] = field(default_factory=dict)
    usable: bool = False
    refs: tuple[str, ...] = ()
    objective: bool = False
    facts: Facts | None = None
    problems: tuple[Problem, ...] = ()
    no_inputs: Mapping[str, None] = field(default_factory=dict)
    no_outputs: Mapping[str, None] = field(default_factory=dict)
    """All ports, those that only wires name behind the others, as of unknown shape."""
    likeness: tuple[object, ...] | None = None
    """Equal for nodes that do the same with the same inputs; None where other things play a part."""

    @property
    def data(self) -> DataFacts | None:
        """What is known of the data set of an Input."""
        return self.facts if isinstance(self.facts, DataFacts) else None


def guarded(path: str, what: str, call: Callable[[], T], otherwise: T, problems: list[Problem]) -> T:
    """The call's value; if a block's own code fails, a problem that names the block, and `otherwise`."""
    try:
        return call()
    except Exception as error:
        logger.exception("block %s failed in %s", path, what)
        message = f'"{path}" failed in its own code ({what}: {type(error).__name__}: {str(error)[:200]}).'
        problems.append(
            Problem(
                "error",
                "G19",
                path,
                None,
                message,
                "This is a fault of the block, not of your graph; please report it.",
            )
        )
        return otherwise


def make_shell(flat: FlatNode, lookup: FactsLookup) -> Shell:
    """Everything about a node that needs no shapes."""
    problems: list[Problem] = list(flat.problems)
    block = (
        None if flat.problems else guarded(flat.path, "registry", lambda: block_named(flat.node.block), None, problems)
    )
    if block is None:
        if not problems:
            problems.append(_unknown_block(flat))
        return _free_shell(flat, problems)
    node = flat.node
    parsed, bad = _parse(flat, block, problems)
    if not node.bypass:
        problems += bad
        problems += _unknown_keys(flat, block)
    facts = None
    if node.block == INPUT and not bad and not node.bypass:
        facts = _look_up(flat.path, lookup, parsed, problems)
    data = facts if isinstance(facts, DataFacts) else None
    none: tuple[Port, ...] = ()
    inputs = guarded(flat.path, "inputs", lambda: tuple(block.inputs(parsed)), none, problems)
    outputs = guarded(flat.path, "outputs", lambda: tuple(block.outputs(parsed, data)), none, problems)
    objective = not node.bypass and guarded(
        flat.path, "objective", lambda: bool(block.objective(parsed)), False, problems
    )
    refs = tuple(name for name, param in block.params.items() if isinstance(param, Refs))
    usable = not any(problem.severity == "error" for problem in problems)
    shell = Shell(
        flat=flat,
        block=block,
        params=parsed,
        inputs=tuple(port.name for port in inputs),
        outputs=tuple(port.name for port in outputs),
        required=_required(node.bypass, inputs),
        free_ports=node.block == INPUT and data is None,
        refs=refs,
        objective=objective,
        facts=facts,
        no_inputs=dict.fromkeys((*(port.name for port in inputs), *(wire.port for wire in flat.wires))),
        no_outputs=dict.fromkeys((*(port.name for port in outputs), *flat.named)),
        likeness=None if node.block == INPUT or refs else _likeness(block, parsed),
    )
    return _with_wires(shell, usable and (node.block != INPUT or node.bypass or data is not None), problems)


def _free_shell(flat: FlatNode, problems: list[Problem]) -> Shell:
    """A node of which nothing is known but what wires say."""
    feeds: dict[str, Source | None] = {}
    for wire in flat.wires:
        feeds.setdefault(wire.port, wire.source)
    return Shell(
        flat=flat,
        block=None,
        params={},
        inputs=tuple(feeds),
        outputs=flat.named,
        free_ports=True,
        feeds=feeds,
        problems=tuple(problems),
        no_inputs=dict.fromkeys(feeds),
        no_outputs=dict.fromkeys(flat.named),
    )


def _unknown_block(flat: FlatNode) -> Problem:
    kind = flat.node.block
    hint = did_you_mean(
        kind, engine.block.registry(), "It is kept as it is; a newer version or a plug-in of the app may know it."
    )
    return Problem("error", "G11", flat.path, None, f'"{flat.path}" is of the unknown kind "{kind}".', hint)


def _parse(flat: FlatNode, block: Block, problems: list[Problem]) -> tuple[dict[str, Any], list[Problem]]:
    def parse() -> tuple[dict[str, Any], list[tuple[str, str]]]:
        return parse_all(block.params, flat.node.params)

    no_errors: list[tuple[str, str]] = []
    defaults = {name: param.start for name, param in block.params.items()}
    parsed, errors = guarded(flat.path, "parameters", parse, (defaults, no_errors), problems)
    return parsed, [
        Problem("error", "G06", flat.path, None, f'"{flat.path}": {name} {message}.', _range_hint(name))
        for name, message in errors
    ]


def _range_hint(name: str) -> str:
    return f"Correct {name}, or remove it to get the default."


def _unknown_keys(flat: FlatNode, block: Block) -> list[Problem]:
    return [
        Problem(
            "info",
            "G06",
            flat.path,
            None,
            f'"{flat.path}" has no parameter "{key}"; it is kept, but has no effect.',
            did_you_mean(key, block.params),
        )
        for key in flat.node.params
        if key not in block.params
    ]


def _look_up(path: str, lookup: FactsLookup, params: Mapping[str, Any], problems: list[Problem]) -> Facts | None:
    facts = guarded(path, "data", lambda: lookup(params), None, problems)
    if isinstance(facts, Pending):
        problems.append(Problem("info", "D00", path, None, f'"{path}": reading {facts.what} …'))
    elif isinstance(facts, Problem):
        problems.append(replace(facts, node=path))
    return facts


def _likeness(block: Block, parsed: Mapping[str, Any]) -> tuple[object, ...] | None:
    key = (block, *parsed.values())
    try:
        hash(key)
    except TypeError:  # a parameter of a plug-in
        return None
    return key


def _required(bypass: bool, inputs: tuple[Port, ...]) -> tuple[str, ...]:
    if bypass:
        return tuple(port.name for port in inputs[:1])
    return tuple(port.name for port in inputs if not port.optional)


def _with_wires(shell: Shell, usable: bool, problems: list[Problem]) -> Shell:
    """With the wires at the node judged by the ports it has."""
    flat, path = shell.flat, shell.flat.path
    by_port: dict[str, list[Source | None]] = {}
    for wire in flat.wires:
        by_port.setdefault(wire.port, []).append(wire.source)
    feeds: dict[str, Source | None] = {}
    for port, sources in by_port.items():
        if port not in shell.inputs:
            problems.append(missing_port(path, port, shell.inputs, "input"))
        elif len(sources) > 1:
            problems.append(_two_wires(path, port, sources))
        else:
            feeds[port] = sources[0]
    group_port = {port: (use, name) for port, use, name in flat.open}
    open_inputs = [port for port in shell.required if port not in by_port]
    problems += [_unconnected(path, port, group_port.get(port)) for port in open_inputs]
    if flat.node.bypass and not shell.inputs:
        message = f'"{path}" is muted, but has no input that it could pass on.'
        problems.append(Problem("error", "G07", path, None, message, "Unmute it, or remove it."))
    if not shell.free_ports:
        outputs = shell.outputs[:1] if flat.node.bypass else shell.outputs
        problems += [missing_port(path, port, outputs, "output") for port in flat.named if port not in outputs]
    ready = usable and all(port in feeds for port in shell.required)
    return replace(shell, feeds=feeds, usable=ready, problems=tuple(problems))


def missing_port(path: str, port: str, ports: tuple[str, ...], word: str) -> Problem:
    """A wire names a port that is not there."""
    there = f"its {word}s are {quoted(ports)}" if len(ports) > 1 else f'its {word} is "{ports[0]}"' if ports else ""
    message = f'"{path}" has no {word} "{port}"; {there or f"it has no {word}s"}.'
    return Problem(
        "error", "G12", path, port, message, did_you_mean(port, ports, "Remove the wire, or connect it elsewhere.")
    )


def _two_wires(path: str, port: str, sources: list[Source | None]) -> Problem:
    names = quoted(".".join(source) if source else "nothing" for source in sources)
    message = f'Input "{port}" of "{path}" has {len(sources)} wires, from {names}, but takes one.'
    return Problem("error", "G09", path, port, message, "Remove all but one, or join them with Add or Concat.")


def _unconnected(path: str, port: str, group_port: tuple[str, str] | None) -> Problem:
    message = f'Input "{port}" of "{path}" is not connected'
    if group_port is None:
        return Problem("error", "G07", path, port, f"{message}.", "Connect an output to it.")
    use, name = group_port
    return Problem(
        "error",
        "G07",
        path,
        port,
        f'{message}: nothing comes into "{use}.{name}".',
        f'Connect an output to "{use}.{name}".',
    )
