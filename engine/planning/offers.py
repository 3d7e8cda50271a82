"""What could be connected to an input that stands open: the one output that fits, or a choice of a few."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.block import ShapeError
from engine.planning.guard import guarded
from engine.planning.structure import Structure
from engine.planning.sweep import Plans
from engine.planning.words import quoted
from engine.problem import Problem
from engine.result import Source

_MANY = 8
"""So many free outputs are not tried any more: one of many would fit only by chance."""

_CHOICE = 4
"""So many outputs are offered at most: more are no choice but a search."""

_ANSWERED = 20

_FAR = 100
"""So many blocks before an output are looked at; in a check after every edit, a hint may not cost more."""

Free = tuple[Source, str]
"""An output that no wire names, and its kind."""


def with_offers(problems: list[Problem], structure: Structure, plans: Plans) -> list[Problem]:
    """The same problems; those of open inputs name the free outputs of the top level that fit, if they are few."""
    places = [number for number, problem in enumerate(problems) if problem.code == "G07" and problem.port]
    if not places or len(plans.free) > _MANY:
        return problems
    free = _free_outputs(plans)
    if not 0 < len(free) <= _MANY:
        return problems
    before = {source[0]: _all_before(source[0], structure) for source, _ in free}
    found = list(problems)
    for number in places[:_ANSWERED]:
        problem = problems[number]
        path, port = problem.node, problem.port
        flat = structure.flat.get(path) if path else None
        if path is None or port is None or flat is None or flat.scope:
            continue
        wanted = _wanted(path, port, plans)
        alike = [source for source, kind in free if kind == wanted and _apart(path, source[0], before, structure)]
        fitting = [source for source in alike if _takes(path, port, source, plans)]
        if wanted == "target" and not fitting:
            fitting = (
                alike  # labels have no other place to go; what is wrong beside their shape is told once they are in
            )
        if 0 < len(fitting) <= _CHOICE:
            fitting.sort(key=lambda source: (structure.position[source[0]], source[1]))
            names = quoted((path if out == "out" else f"{path}.{out}" for path, out in fitting), "or")
            ways = tuple(("connect", *source) for source in fitting)
            fix = ways[0] if len(ways) == 1 else ("choose", ways)
            found[number] = replace(problem, hint=f"Connect {names} to it.", fix=fix)
    return found


def _free_outputs(plans: Plans) -> list[Free]:
    free: list[Free] = []
    for path in plans.free:
        shell = plans.shells[path]
        kinds = zip(shell.outputs, shell.output_kinds, strict=False)
        free += [((path, port), kind) for port, kind in kinds if port not in shell.flat.named]
    return free


def _wanted(path: str, port: str, plans: Plans) -> str | None:
    """The kind of output that belongs into an input."""
    shell = plans.shells[path]
    return dict(zip(shell.inputs, shell.input_kinds, strict=False)).get(port)


def _apart(path: str, other: str, before: Mapping[str, frozenset[str] | None], structure: Structure) -> bool:
    """Whether a wire from the other block to this one surely closes no loop."""
    if structure.position[other] < structure.position[path] and path not in structure.in_loop:
        return True
    known = before[other]
    return known is not None and path not in known


def _all_before(path: str, structure: Structure) -> frozenset[str] | None:
    """The block and everything that it depends on; None where that is too much to look at."""
    found, waiting = {path}, [path]
    while waiting:
        for source in structure.before.get(waiting.pop(), ()):
            if source not in found:
                found.add(source)
                waiting.append(source)
        if len(found) > _FAR:
            return None
    return frozenset(found)


def _takes(path: str, port: str, source: Source, plans: Plans) -> bool:
    """Whether the block takes what comes; yes while its shape, or another input's, is not known."""
    shell, plan = plans.shells[path], plans.plans[path]
    specs = {**plan.inputs, port: plans.plans[source[0]].outputs.get(source[1])}
    known = {name: spec for name, spec in specs.items() if spec is not None}
    block = shell.block
    if block is None or len(known) < len(specs):
        return block is not None

    def accepts() -> bool:
        try:
            block.shape(shell.params, known)
        except ShapeError:
            return False
        return True

    return guarded(path, "shape", accepts, False, [])
