"""What a training minimises, in which phases, and which nodes that depends on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, final

from engine.frozen import FrozenDict
from engine.planning.nodes import real_source
from engine.planning.shells import Shell
from engine.planning.structure import Structure
from engine.planning.sweep import Plans
from engine.planning.training import read_settings
from engine.planning.words import did_you_mean
from engine.problem import Problem
from engine.result import NodePlan, Objective, Phase, Source
from engine.tensorspec import TensorSpec
from engine.wording import shown

_PHASE_KEYS = ("minimise", "maximise", "update", "steps")
_SHOWN = 20


@final
@dataclass(slots=True)
class Aims:
    """The objectives of a project.

    Attributes:
        roots: everything some phase minimises, known to be a scalar or not.
        objectives, phases: as in `Result`; empty while the shape of a root is not known.
    """

    roots: tuple[Source, ...] = ()
    objectives: tuple[Objective, ...] = ()
    phases: tuple[Phase, ...] = ()
    problems: list[Problem] = field(default_factory=list)


@final
class _Reader:
    """Reads names in the training settings against a plan."""

    def __init__(self, structure: Structure, plans: Plans) -> None:
        self.structure = structure
        self.plans = plans
        self.problems: list[Problem] = []
        self.roots: dict[Source, None] = {}

    def problem(self, message: str, hint: str = "", *, node: str | None = None) -> None:
        """Something wrong, but not thousands of them."""
        if len(self.problems) < _SHOWN:
            self.problems.append(Problem("error", "G17", node, None, message, hint))

    def objective(self, text: object, where: str, weight: float = 1.0) -> Objective | None:
        """The scalar that `block.port` names; None with a problem, or while its shape is unknown."""
        source = self._source(text, where)
        return None if source is None else self.scalar(source, where, weight)

    def spec(self, source: Source) -> TensorSpec | None:
        """What leaves an output, where that is known."""
        return self.plans.plans[source[0]].outputs.get(source[1])

    def scalar(self, source: Source, where: str, weight: float) -> Objective | None:
        """An output as an objective, if it is a scalar; None while that is unknown."""
        real = real_source(source, self.plans.shells, self.plans.plans)
        if real is None:
            return None
        source = real
        self.roots[source] = None
        spec = self.spec(source)
        if spec is None:
            return None
        if spec.shape or spec.dtype != "float":
            self.problem(
                f'{where}: "{".".join(source)}" is {spec}, but only a single number can be minimised.',
                "Name the output of a Loss, or reduce it to a scalar first.",
                node=source[0],
            )
            return None
        return Objective(source[0], source[1], weight)

    def _source(self, text: object, where: str) -> Source | None:
        if not isinstance(text, str):
            self.problem(f"{where}: expects a name such as loss.out but got {shown(text)}.")
            return None
        path, _, port = text.rpartition(".")
        use = self.structure.uses.get(path)
        if use is not None:
            source = dict(use.outputs).get(port)
            ports = [name for name, _ in use.outputs]
            if source is not None:
                path, port = source
            elif port in ports:
                return None
        else:
            shell = self.plans.shells.get(path)
            ports = list(shell.outputs) if shell else []
        if use is None and path not in self.plans.shells:
            hint = did_you_mean(path, self.structure.flat, "Name a block and its output, such as loss.out.")
            self.problem(f"{where}: {shown(text)} names no block.", hint)
            return None
        shell = self.plans.shells.get(path)
        if shell is None or port not in shell.outputs:
            if shell is not None and shell.free_ports:
                return None
            self.problem(f'{where}: "{path}" has no output {shown(port)}.', did_you_mean(port, ports), node=path)
            return None
        return (path, port)


def aims(
    training: Mapping[str, Any], settings: Mapping[str, Any], structure: Structure, plans: Plans, names: tuple[str, ...]
) -> Aims:
    """The objectives and phases of the training settings; `names` are all parameters that are not frozen."""
    reader = _Reader(structure, plans)
    default = _default_objectives(training, reader)
    default_roots = tuple(reader.roots)
    given = training.get("phases")
    if given is None or given == ():
        only = (Phase(default, names, settings),) if default else ()
        return _judged(reader, default_roots, default, only)
    phases = _phases(given, training, reader, names, default)
    merged = default or tuple({(o.path, o.port): o for phase in phases for o in phase.objectives}.values())
    if not phases and merged:
        phases = (Phase(merged, names, settings),)
    return _judged(reader, tuple(reader.roots), merged, phases)


def _judged(
    reader: _Reader, roots: tuple[Source, ...], objectives: tuple[Objective, ...], phases: tuple[Phase, ...]
) -> Aims:
    problems = reader.problems
    if any(reader.spec(root) is None for root in roots):
        objectives, phases = (), ()
    if not roots and reader.structure.flat and not any(problem.severity == "error" for problem in problems):
        message = "There is nothing to minimise."
        hint = "Add a Loss and connect a prediction and a target to it."
        problems = [Problem("warning", "G01", None, None, message, hint), *problems]
    return Aims(roots, objectives, phases, problems)


def _default_objectives(training: Mapping[str, Any], reader: _Reader) -> tuple[Objective, ...]:
    """All losses and regularizers, and what `training.objective` names, each once."""
    position = reader.structure.position
    found: dict[Source, Objective] = {}
    losses = [path for path in reader.plans.objectives if path not in reader.structure.in_loop]
    for path in sorted(losses, key=position.__getitem__):
        objective = reader.scalar((path, "out"), "Training", 1.0)
        if objective is not None:
            found[(path, "out")] = objective
    named = training.get("objective", ())
    if not isinstance(named, tuple):
        reader.problem('Training: objective expects a list of names such as ["loss.out"].')
        named = ()
    for text in named:
        objective = reader.objective(text, "Training objective")
        if objective is not None:
            found.setdefault((objective.path, objective.port), objective)
    return tuple(found.values())


# -- phases --


def _phases(
    given: object, training: Mapping[str, Any], reader: _Reader, names: tuple[str, ...], default: tuple[Objective, ...]
) -> tuple[Phase, ...]:
    if not isinstance(given, tuple):
        reader.problem("Training: phases expects a list of objects.")
        return ()
    base = {key: value for key, value in training.items() if key not in {"phases", "objective"}}
    phases: list[Phase] = []
    for number, entry in enumerate(given, 1):
        where = f"Phase {number}"
        if not isinstance(entry, FrozenDict):
            reader.problem(f"{where}: expects an object with minimise, update and steps.")
            continue
        own = {key: value for key, value in entry.items() if key not in _PHASE_KEYS}
        common = read_settings(base, where, _PHASE_KEYS)[1]  # told once already, without the phase
        parsed, problems = read_settings({**base, **own}, where, _PHASE_KEYS)
        reader.problems += [problem for problem in problems if problem not in common]
        terms = _terms(entry, where, reader)
        if "minimise" not in entry and "maximise" not in entry:
            terms = list(default)
        elif not entry.get("minimise") and not entry.get("maximise"):
            reader.problem(f"{where} minimises nothing.", "Name an output, such as loss.out, in minimise.")
        update = _updates(entry.get("update", ("*",)), where, reader, names)
        steps = entry.get("steps", 1)
        if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
            reader.problem(f"{where}: steps expects a whole number of at least 1 but got {shown(steps)}.")
            steps = 1
        if terms:
            phases.append(Phase(tuple(terms), update, parsed, steps))
    return tuple(phases)


def _terms(entry: Mapping[str, Any], where: str, reader: _Reader) -> list[Objective]:
    terms: list[Objective] = []
    for key, sign in (("minimise", 1.0), ("maximise", -1.0)):
        listed = entry.get(key, ())
        if not isinstance(listed, tuple):
            reader.problem(f"{where}: {key} expects a list.")
            continue
        for term in listed:
            if not isinstance(term, FrozenDict) or "from" not in term:
                reader.problem(f'{where}: {key} expects objects such as {{"from": "loss.out", "weight": 1.0}}.')
                continue
            weight = term.get("weight", 1.0)
            if isinstance(weight, bool) or not isinstance(weight, int | float) or not _is_finite(weight):
                reader.problem(f"{where}: a weight expects a finite number but got {shown(weight)}.")
                continue
            objective = reader.objective(term["from"], f"{where}, {key}", sign * float(weight))
            if objective is not None:
                terms.append(objective)
    return terms


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


def _updates(patterns: object, where: str, reader: _Reader, names: tuple[str, ...]) -> tuple[str, ...]:
    """The parameters that a phase updates: `*`, a block or group, or one parameter."""
    if not isinstance(patterns, tuple):
        reader.problem(f'{where}: update expects a list of names, or ["*"].')
        return names
    if "*" in patterns:
        return names
    chosen: set[str] = set()
    for pattern in patterns:
        inside = [
            name for name in names if isinstance(pattern, str) and (name == pattern or name.startswith(f"{pattern}."))
        ]
        chosen.update(inside)
        if not inside and not _is_frozen_or_bare(pattern, reader):
            word = pattern if isinstance(pattern, str) else ""
            hint = did_you_mean(word, reader.structure.flat, 'Name a block, a parameter, or "*".')
            reader.problem(f"{where}: update names {shown(pattern)}, but there is no such block or parameter.", hint)
    return tuple(name for name in names if name in chosen)


def _is_frozen_or_bare(pattern: object, reader: _Reader) -> bool:
    """Whether a name that stands for no parameter to train is at least a block or a frozen parameter."""
    if not isinstance(pattern, str):
        return False
    if pattern in reader.structure.flat or pattern in reader.structure.uses:
        return True
    plan = reader.plans.plans.get(pattern.rpartition(".")[0])
    if plan is None:
        return False
    return plan.recipe is None or pattern.rpartition(".")[2] in plan.frozen


# -- what depends on what --


def parameter_names(structure: Structure, plans: Plans, begin: int = 0) -> tuple[str, ...]:
    """`block.parameter` of all parameters that are not frozen, shared ones once, from that place of the order on."""
    trained, order = plans.trained, structure.order[begin:] if begin else structure.order
    return tuple(chain.from_iterable(map(trained.__getitem__, filter(trained.__contains__, order))))


def live_paths(roots: Iterable[Source], plans: Mapping[str, NodePlan]) -> frozenset[str]:
    """Everything the roots depend on, themselves included; muted nodes are passed over."""
    live = {path for path, _ in roots}
    waiting = list(live)
    while waiting:
        for path, _ in plans[waiting.pop()].sources.values():
            if path not in live:
                live.add(path)
                waiting.append(path)
    return frozenset(live)


def dead_ends(among: Iterable[str], structure: Structure, plans: Plans, live: frozenset[str]) -> list[str]:
    """Those among these nodes that end branches on which nothing minimised depends."""
    return [path for path in among if path not in live and not structure.after.get(path) and _runs(plans.shells[path])]


def _runs(shell: Shell) -> bool:
    return shell.block is not None and not shell.flat.node.bypass


def dead_end_problem(path: str) -> Problem:
    """The warning at the end of a dead branch."""
    message = f'Nothing that is minimised depends on "{path}".'
    return Problem(
        "warning", "G10", path, None, message, "Connect it to the rest, or remove it; training leaves it out."
    )
