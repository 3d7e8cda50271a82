"""Plans every node whose surroundings changed, in order, and goes on to its readers only while specs change."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from typing import Any, final

from engine.graph import Project
from engine.planning.layers import branched
from engine.planning.nodes import ALONE, Spot, Surroundings, make_spot
from engine.planning.referring import with_named
from engine.planning.shells import INPUT, FactsLookup, Shell, make_shell
from engine.planning.starts import Starts, index_starts
from engine.planning.structure import Delta, Structure
from engine.planning.work import Known
from engine.problem import Problem
from engine.result import NodePlan


@final
@dataclass(slots=True)
class Totals:
    """Sums over all nodes; `no_macs` and `no_bytes` count the nodes where they are unknown."""

    parameters: int = 0
    macs: int = 0
    no_macs: int = 0
    bytes: int = 0
    no_bytes: int = 0

    def exchange(self, was: NodePlan | None, plan: NodePlan) -> None:
        """A node's figures for those it had."""
        if was is None:
            self.count(plan, 1)
            return
        self.parameters += plan.parameters - was.parameters
        if was.macs != plan.macs:
            self.no_macs += (plan.macs is None) - (was.macs is None)
            self.macs += (plan.macs or 0) - (was.macs or 0)
        if was.activation_bytes != plan.activation_bytes:
            self.no_bytes += (plan.activation_bytes is None) - (was.activation_bytes is None)
            self.bytes += (plan.activation_bytes or 0) - (was.activation_bytes or 0)

    def count(self, plan: NodePlan, sign: int) -> None:
        """Adds a node's figures, or takes them away."""
        self.parameters += sign * plan.parameters
        if plan.macs is None:
            self.no_macs += sign
        else:
            self.macs += sign * plan.macs
        if plan.activation_bytes is None:
            self.no_bytes += sign
        else:
            self.bytes += sign * plan.activation_bytes


@final
@dataclass(slots=True)
class Plans:
    """All nodes as planned. Never changed once it is made: a `Sweep` copies.

    Attributes:
        issues: path -> its problems, for nodes that have some.
        inputs: paths of data sets; objectives: paths whose `out` is minimised by default; `free`: paths of the top
            level with outputs that no wire names.
        trained: path -> `path.parameter` of its parameters that are not frozen, where it owns some.
        lost: start values that belong to no block.
        known: what blocks answered so far; grows, and is the same for all checks that build on each other.
    """

    shells: MutableMapping[str, Shell] = field(default_factory=dict)
    spots: MutableMapping[str, Spot] = field(default_factory=dict)
    plans: MutableMapping[str, NodePlan] = field(default_factory=dict)
    issues: MutableMapping[str, tuple[Problem, ...]] = field(default_factory=dict)
    trained: MutableMapping[str, tuple[str, ...]] = field(default_factory=dict)
    inputs: frozenset[str] = frozenset()
    objectives: frozenset[str] = frozenset()
    free: frozenset[str] = frozenset()
    starts: Starts = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    totals: Totals = field(default_factory=Totals)
    known: Known = field(default_factory=Known)


@final
@dataclass(slots=True)
class Swept:
    """What a sweep did.

    Attributes:
        replanned: how many nodes were planned.
        rewired: some node's sources are others; weights: some node's parameters or frozen names are.
        planned: paths whose plan is another one.
    """

    replanned: int = 0
    rewired: bool = False
    weights: bool = False
    planned: list[str] = field(default_factory=list)


@final
class Sweep:
    """One pass over what changed."""

    def __init__(self, old: Plans | None, structure: Structure, delta: Delta, float_bytes: int) -> None:
        base = old or Plans(known=Known(float_bytes))
        self.structure = structure
        self.delta = delta
        self.new = replace(
            base,
            shells=branched(base.shells),
            spots=branched(base.spots),
            plans=branched(base.plans),
            issues=branched(base.issues),
            trained=branched(base.trained),
            totals=replace(base.totals),
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
        for path in self.delta.elsewhere:
            self._push(path, anew=self._stands_elsewhere(path))
        self._drain(late=False)
        if self.structure.refs and (self.done.weights or self.delta.added or self.delta.removed):
            for path in self.structure.refs:
                self._push(path, anew=True)
        self._drain(late=True)
        if self.done.weights:
            self._name_parameters()

    # -- what to plan --

    def _remove(self) -> None:
        new = self.new
        for path in self.delta.removed:
            del new.shells[path]
            new.totals.count(new.plans.pop(path), -1)
            new.issues.pop(path, None)
            new.trained.pop(path, None)
            new.spots.pop(path, None)
        new.inputs -= self.delta.removed
        new.objectives -= self.delta.removed
        new.free -= self.delta.removed

    def _make_shells(self, lookup: FactsLookup, touched: frozenset[str]) -> None:
        """Shells of changed nodes, and of data sets that may have been read meanwhile."""
        new, flat = self.new, self.structure.flat
        inputs, objectives, free = set(new.inputs), set(new.objectives), set(new.free)
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
            self._push(path, anew=True)
            (inputs.add if flat[path].node.block == INPUT else inputs.discard)(path)
            (objectives.add if shell.objective else objectives.discard)(path)
            (free.add if _has_free_output(shell) else free.discard)(path)
        new.inputs, new.objectives, new.free = frozenset(inputs), frozenset(objectives), frozenset(free)

    def _unknown(self, path: str) -> bool:
        return self.new.shells[path].data is None

    def _take_starts(self, parameters: Mapping[str, Any]) -> None:
        old, flat = self.new.starts, self.structure.flat
        self.new.starts, self.new.lost = index_starts(parameters, flat)
        for path in old.keys() | self.new.starts.keys():
            if path in flat and old.get(path) != self.new.starts.get(path):
                self._push(path, anew=True)

    def _push(self, path: str, *, anew: bool = False) -> None:
        """Puts a node on the list; `anew` where more than the specs that come in may be different."""
        if anew:
            self.new.spots.pop(path, None)
        if path not in self._waiting:
            self._waiting.add(path)
            # What is in a loop puts out nothing, whatever comes in: first, so that its readers know in their turn.
            position = self.structure.position
            place = position[path] - (len(position) if path in self.structure.in_loop else 0)
            heappush(self._heap, (place, path))

    def _stands_elsewhere(self, path: str) -> bool:
        """Whether a node that got into a loop, or out of one, or has another owner, is to be placed anew."""
        spot = self.new.spots.get(path)
        if spot is None or (spot.around.owner or path) != self.structure.owner(path):
            return True
        return spot.shell.flat.node.bypass or bool(spot.shell.refs)

    # -- planning --

    def _drain(self, *, late: bool) -> None:
        """Plans what is on the list, in order. This runs for every block behind a changed shape, hence the locals."""
        new, heap, waiting = self.new, self._heap, self._waiting
        spots, plans, issues, known, exchange = new.spots, new.plans, new.issues, new.known, new.totals.exchange
        structure, done, other_ports, planned = self.structure, self.done, self._other_ports, self.done.planned
        late_paths, loops, readers, nobody = structure.late, structure.in_loop, structure.after, ()
        mind_weights = bool(structure.shared)
        while heap and (late or heap[0][1] not in late_paths):
            path = heappop(heap)[1]
            waiting.discard(path)
            in_loop = path in loops
            spot = spots.get(path) or self._place(path, in_loop=in_loop)
            was = plans.get(path)
            specs = [plans[name].outputs.get(port) if name in plans else None for name, port in spot.taps]
            plan, problems = spot.plan(specs, known, in_loop=in_loop)
            done.replanned += 1
            if plan is was:
                continue
            plans[path] = plan
            planned.append(path)
            if problems:
                issues[path] = problems
            elif path in issues:
                del issues[path]
            exchange(was, plan)
            anew = False
            if (
                was is None
                or was.sources is not plan.sources
                or mind_weights
                or not done.weights
                or path in other_ports
            ):
                anew = self._hand_on(spot, was, plan)
            if anew or was is None or (was.outputs is not plan.outputs and was.outputs != plan.outputs):
                for other in readers.get(path, nobody):
                    if other not in waiting or (anew and other in spots):
                        self._push(other, anew=anew)

    def _name_parameters(self) -> None:
        plans, trained = self.new.plans, self.new.trained
        for path in self.done.planned:
            names = _trained(plans[path])
            if names:
                trained[path] = names
            else:
                trained.pop(path, None)

    def _place(self, path: str, *, in_loop: bool) -> Spot:
        new = self.new
        shell = new.shells[path]
        around = self._around(shell, in_loop=in_loop)
        spot = make_spot(shell, around, new.shells, new.plans, new.known, in_loop=in_loop)
        new.spots[path] = spot
        return spot

    def _hand_on(self, spot: Spot, was: NodePlan | None, plan: NodePlan) -> bool:
        """What is different now besides the specs; whether the readers have to be placed anew."""
        path, structure, done = plan.path, self.structure, self.done
        if was is None or ((structure.shared or not done.weights) and _weights_differ(was, plan)):
            done.weights = True
            for other in structure.shared.get(spot.shell.flat.weights, ()):
                if structure.position[other] > structure.position[path]:
                    self._push(other, anew=True)
        anew = False
        if was is None or (was.sources is not plan.sources and was.sources != plan.sources):
            done.rewired = True
            anew = spot.shell.flat.node.bypass  # a muted node hands on its source as well
        if path in self._other_ports:
            self._other_ports.discard(path)
            anew = True
        return anew

    def _around(self, shell: Shell, *, in_loop: bool) -> Surroundings:
        flat, structure = shell.flat, self.structure
        path = flat.path
        owner = structure.owner(path) if structure.shared else path
        starts = self.new.starts.get(path)
        around = ALONE if starts is None else Surroundings(starts=starts)
        if owner != path:
            recipe = self.new.plans[owner].recipe if owner in self.new.plans else None
            around = replace(around, owner=owner, owned=recipe.parameters if recipe else None)
        if not shell.refs or flat.node.bypass or in_loop:
            return around
        return with_named(shell, around, structure, self.new.plans)


def _ports(shell: Shell) -> tuple[object, ...]:
    """What readers have to know of a node besides its specs."""
    return shell.inputs[:1], shell.outputs, shell.free_ports, shell.flat.node.bypass, shell.block is None


def _has_free_output(shell: Shell) -> bool:
    flat = shell.flat
    return len(flat.named) < len(shell.outputs) and not flat.scope and not flat.node.bypass


def _trained(plan: NodePlan) -> tuple[str, ...]:
    recipe, path = plan.recipe, plan.path
    if recipe is None or not recipe.parameters or plan.weights_path != path:
        return ()
    return tuple([f"{path}.{tensor.name}" for tensor in recipe.parameters if tensor.name not in plan.frozen])


def _weights_differ(was: NodePlan, plan: NodePlan) -> bool:
    one, other = was.recipe, plan.recipe
    if was.weights_path != plan.weights_path or was.frozen != plan.frozen or (one is None) != (other is None):
        return True
    return one is not None and other is not None and one is not other and one.parameters != other.parameters
