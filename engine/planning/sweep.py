"""Plans every node whose surroundings changed, in order, and goes on to its readers only while specs change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from typing import Any, final

from engine.graph import Project
from engine.planning.nodes import Surroundings, plan_node
from engine.planning.ports import INPUT, FactsLookup, Shell, make_shell
from engine.planning.starts import Starts, index_starts
from engine.planning.structure import Delta, Structure
from engine.planning.words import did_you_mean
from engine.problem import Problem
from engine.recipe import Tensor
from engine.result import NodePlan

_MISSING_SHOWN = 8


@final
@dataclass(slots=True)
class Totals:
    """Sums over all nodes; `no_macs` and `no_bytes` count the nodes where they are unknown."""

    parameters: int = 0
    macs: int = 0
    no_macs: int = 0
    bytes: int = 0
    no_bytes: int = 0

    def count(self, plan: NodePlan, sign: int) -> None:
        """Adds a node's figures, or takes them away."""
        self.parameters += sign * plan.parameters
        self.macs += sign * (plan.macs or 0)
        self.no_macs += sign * (plan.macs is None)
        self.bytes += sign * (plan.activation_bytes or 0)
        self.no_bytes += sign * (plan.activation_bytes is None)


@final
@dataclass(slots=True)
class Plans:
    """All nodes as planned. Never changed once it is made: `swept` copies.

    Attributes:
        issues: path -> its problems, for nodes that have some.
        inputs: paths of data sets; objectives: paths whose `out` is minimised by default.
        lost: start values that belong to no block.
    """

    shells: dict[str, Shell] = field(default_factory=dict)
    plans: dict[str, NodePlan] = field(default_factory=dict)
    issues: dict[str, tuple[Problem, ...]] = field(default_factory=dict)
    inputs: frozenset[str] = frozenset()
    objectives: frozenset[str] = frozenset()
    starts: Starts = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    totals: Totals = field(default_factory=Totals)


@final
@dataclass(slots=True)
class Swept:
    """What a sweep did.

    Attributes:
        planned: paths planned anew, or removed.
        replanned: how many were planned.
        rewired: some node's sources are others; weights: some node's parameters or frozen names are.
    """

    planned: set[str] = field(default_factory=set)
    replanned: int = 0
    rewired: bool = False
    weights: bool = False


@final
class Sweep:
    """One pass over what changed."""

    def __init__(self, old: Plans | None, structure: Structure, delta: Delta) -> None:
        base = old or Plans()
        self.structure = structure
        self.delta = delta
        self.new = Plans(
            shells=base.shells.copy(),
            plans=base.plans.copy(),
            issues=base.issues.copy(),
            inputs=base.inputs,
            objectives=base.objectives,
            starts=base.starts,
            lost=base.lost,
            totals=Totals(
                base.totals.parameters,
                base.totals.macs,
                base.totals.no_macs,
                base.totals.bytes,
                base.totals.no_bytes,
            ),
        )
        self.done = Swept(rewired=delta.reordered or delta.rewired, weights=delta.reordered)
        self._other_ports: set[str] = set()
        self._heap: list[tuple[int, str]] = []
        self._waiting: set[str] = set()

    def run(self, project: Project, lookup: FactsLookup, touched: frozenset[str], old: Project | None) -> None:
        """Plans everything that the delta, the start values or the data sets ask for."""
        self._remove()
        self._make_shells(lookup, touched)
        if old is None or old.parameters is not project.parameters or self.delta.added or self.delta.removed:
            self._take_starts(project.parameters)
        for path in self.delta.changed:
            self._push(path)
        self._drain(late=False)
        if self.structure.refs and (self.done.weights or self.delta.added or self.delta.removed):
            for path in self.structure.refs:
                self._push(path)
        self._drain(late=True)

    # -- what to plan --

    def _remove(self) -> None:
        new = self.new
        for path in self.delta.removed:
            del new.shells[path]
            new.totals.count(new.plans.pop(path), -1)
            new.issues.pop(path, None)
            self.done.planned.add(path)
        new.inputs -= self.delta.removed
        new.objectives -= self.delta.removed

    def _make_shells(self, lookup: FactsLookup, touched: frozenset[str]) -> None:
        """Shells of changed nodes, and of data sets that may have been read meanwhile."""
        new, flat = self.new, self.structure.flat
        inputs, objectives = set(new.inputs), set(new.objectives)
        again = {path for path in inputs - self.delta.changed if flat[path].top in touched or self._unknown(path)}
        for path in self.delta.changed | again:
            shell = make_shell(flat[path], lookup)
            if path in again and shell == new.shells[path]:
                continue
            was = new.shells.get(path)
            if was is None or _ports(was) != _ports(shell):
                self._other_ports.add(path)
                self.done.rewired = True
            new.shells[path] = shell
            self._push(path)
            (inputs.add if flat[path].node.block == INPUT else inputs.discard)(path)
            (objectives.add if shell.objective else objectives.discard)(path)
        new.inputs, new.objectives = frozenset(inputs), frozenset(objectives)

    def _unknown(self, path: str) -> bool:
        return self.new.shells[path].data is None

    def _take_starts(self, parameters: Mapping[str, Any]) -> None:
        old, flat = self.new.starts, self.structure.flat
        self.new.starts, self.new.lost = index_starts(parameters, flat)
        for path in old.keys() | self.new.starts.keys():
            if path in flat and old.get(path) != self.new.starts.get(path):
                self._push(path)

    def _push(self, path: str) -> None:
        if path not in self._waiting:
            self._waiting.add(path)
            heappush(self._heap, (self.structure.position[path], path))

    # -- planning --

    def _drain(self, *, late: bool) -> None:
        heap = self._heap
        while heap and (late or heap[0][1] not in self.structure.late):
            path = heappop(heap)[1]
            self._waiting.discard(path)
            self._plan(path)

    def _plan(self, path: str) -> None:
        new, structure = self.new, self.structure
        shell, was = new.shells[path], new.plans.get(path)
        plan, problems = plan_node(shell, new.shells, new.plans, self._around(shell))
        new.plans[path] = plan
        new.totals.count(plan, 1)
        if was is not None:
            new.totals.count(was, -1)
        all_problems = shell.problems + problems
        if all_problems:
            new.issues[path] = all_problems
        else:
            new.issues.pop(path, None)
        self.done.planned.add(path)
        self.done.replanned += 1
        self.done.rewired |= was is None or was.sources != plan.sources
        if was is None or _weights(was) != _weights(plan):
            self.done.weights = True
            for other in structure.shared.get(shell.flat.weights, ()):
                if structure.position[other] > structure.position[path]:
                    self._push(other)
        other_ports = path in self._other_ports
        self._other_ports.discard(path)
        if was is None or other_ports or was.outputs != plan.outputs or _passes_other(shell, was, plan):
            for other in structure.after.get(path, ()):
                self._push(other)

    def _around(self, shell: Shell) -> Surroundings:
        flat, structure = shell.flat, self.structure
        path = flat.path
        owner = structure.owner(path)
        owned = None
        if owner != path:
            recipe = self.new.plans[owner].recipe if owner in self.new.plans else None
            owned = recipe.parameters if recipe else None
        starts = self.new.starts.get(path, {})
        around = Surroundings(owner, path in structure.in_loop, owned, starts)
        return self._with_refs(shell, around) if shell.refs and not flat.node.bypass else around

    def _with_refs(self, shell: Shell, around: Surroundings) -> Surroundings:
        """With the blocks that this one names, and their parameters; no names at all mean all blocks."""
        refs: dict[str, tuple[str, ...]] = {}
        missing: list[Problem] = []
        for param in shell.refs:
            refs[param], wrong = self._named(shell, param)
            missing += wrong
        structure, plans = self.structure, self.new.plans
        everything = not all(refs.values())
        named = structure.order if everything else dict.fromkeys(name for names in refs.values() for name in names)
        parameters: dict[str, tuple[Tensor, ...]] = {}
        unknown = False
        for name in named:
            if name in structure.late:
                continue
            plan = plans.get(name)  # what is in a loop may come later
            recipe = plan.recipe if plan else None
            if plan is None or recipe is None:
                unknown = True
            elif (recipe.parameters or not everything) and plan.weights_path == name:
                parameters[name] = recipe.parameters
        return replace(
            around,
            refs=refs,
            parameters=parameters,
            missing=tuple(missing),
            waiting=unknown and not (everything and parameters),
        )

    def _named(self, shell: Shell, param: str) -> tuple[tuple[str, ...], list[Problem]]:
        """The paths that a parameter names, weights that are shared once, and a problem for each name of none."""
        structure, scope, path = self.structure, shell.flat.scope, shell.flat.path
        found: dict[str, None] = {}
        missing: list[Problem] = []
        for name in shell.params[param]:
            inside = self._inside(scope + name)
            message, hint = "", f"Take it off {param}."
            if not inside:
                message = f'"{path}": {param} names "{name}", but there is no such block.'
                hint = did_you_mean(name, self._siblings(scope), hint) if len(missing) < _MISSING_SHOWN else hint
            elif not structure.late.isdisjoint(inside):
                message = f'"{path}": {param} names "{name}", which itself depends on a block of this kind.'
            if message and len(missing) < _MISSING_SHOWN:
                missing.append(Problem("error", "G06", path, None, message, hint))
            found.update(dict.fromkeys(structure.owner(member) for member in inside))
        return tuple(found), missing

    def _inside(self, path: str) -> tuple[str, ...]:
        """The nodes that a name stands for: itself, or all inside a use of a group."""
        if path in self.structure.flat:
            return (path,)
        use = self.structure.uses.get(path)
        return use.members if use else ()

    def _siblings(self, scope: str) -> list[str]:
        names = (*self.structure.flat, *self.structure.uses)
        return [name[len(scope) :] for name in names if name.startswith(scope) and "." not in name[len(scope) :]]


def _ports(shell: Shell) -> tuple[object, ...]:
    """What readers have to know of a node besides its specs."""
    return shell.inputs[:1], shell.outputs, shell.free_ports, shell.flat.node.bypass, shell.block is None


def _passes_other(shell: Shell, was: NodePlan, plan: NodePlan) -> bool:
    """A muted node hands on its source as well."""
    return shell.flat.node.bypass and was.sources != plan.sources


def _weights(plan: NodePlan) -> tuple[object, ...]:
    return (plan.recipe.parameters if plan.recipe else None, plan.weights_path, plan.frozen)
