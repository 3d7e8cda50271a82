"""The wires at a node, judged by the ports it has."""

from __future__ import annotations

from engine.planning.flatten import FlatNode
from engine.planning.words import did_you_mean, quoted
from engine.problem import Problem
from engine.result import Source
from engine.wording import shown

Feeds = dict[str, Source | None]
"""Input port -> its one source; None where that stands for nothing."""


def judge_inputs(flat: FlatNode, inputs: tuple[str, ...], required: tuple[str, ...], problems: list[Problem]) -> Feeds:
    """What comes into each input, where that is one wire; problems with the others are added."""
    wires = flat.wires
    feeds: Feeds = {wire.port: wire.source for wire in wires}
    open_ports = [port for port in required if port not in feeds]
    if len(feeds) < len(wires) or not feeds.keys() <= set(inputs):
        feeds = _single(flat, inputs, problems)
    if open_ports:
        group_ports = {port: (use, name) for port, use, name in flat.open}
        problems += [_unconnected(*group_ports.get(port, (flat.path, port))) for port in open_ports]
    return feeds


def _single(flat: FlatNode, inputs: tuple[str, ...], problems: list[Problem]) -> Feeds:
    """What comes into inputs that there are by a single wire; problems with the others are added."""
    by_port: dict[str, list[Source | None]] = {}
    for wire in flat.wires:
        by_port.setdefault(wire.port, []).append(wire.source)
    feeds: Feeds = {}
    for port, sources in by_port.items():
        if port not in inputs:
            problems.append(missing_port(flat.path, port, inputs, "input"))
        elif len(sources) > 1:
            problems.append(_too_many(flat.path, port, sources))
        else:
            feeds[port] = sources[0]
    return feeds


def judge_outputs(flat: FlatNode, outputs: tuple[str, ...], problems: list[Problem]) -> None:
    """Adds a problem for each output that wires name and the node lacks."""
    problems += [missing_port(flat.path, port, outputs, "output") for port in flat.named if port not in outputs]


def missing_port(path: str, port: str, ports: tuple[str, ...], word: str) -> Problem:
    """A wire names a port that is not there."""
    if len(ports) > 1:
        there = f"its {word}s are {quoted(ports)}"
    else:
        there = f'its {word} is "{ports[0]}"' if ports else f"it has no {word}s"
    message = f'"{path}" has no {word} {shown(port)}; {there}.'
    hint = did_you_mean(port, ports, "Remove the wire, or connect it elsewhere.")
    return Problem("error", "G12", path, port, message, hint, ("unwire", word))


def _too_many(path: str, port: str, sources: list[Source | None]) -> Problem:
    names = quoted(".".join(source) if source else "nothing" for source in sources)
    message = f'Input "{port}" of "{path}" has {len(sources)} wires, from {names}, but takes one.'
    return Problem("error", "G09", path, port, message, "Remove all but one, or join them with Add or Concat.")


def _unconnected(path: str, port: str) -> Problem:
    message = f'Input "{port}" of "{path}" is not connected.'
    return Problem("error", "G07", path, port, message, "Connect an output to it.")
