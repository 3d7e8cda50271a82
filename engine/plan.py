"""`check`: everything wrong with a project at once, and everything that can be known of it: the `Result`.

A check builds on the one before: `structure` updates the graph with groups written out and its order, `sweep` plans the
nodes that changed and goes on to their readers only while specs change, and what concerns the whole graph is put
together here. The result is the same, field for field, as that of a check from scratch.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import compress, filterfalse
from typing import Any, final

from rpds import HashTrieMap

from engine.graph import Graph, Group, Project
from engine.planning.groupuse import GROUP
from engine.planning.leaks import judge_losses, judge_targets
from engine.planning.memory import judge_memory
from engine.planning.objectives import Aims, aims, dead_end_problem, dead_ends, live_paths, parameter_names
from engine.planning.offers import with_offers
from engine.planning.shells import FactsLookup
from engine.planning.starts import lost_starts
from engine.planning.structure import Delta, Structure, loop_problems, updated
from engine.planning.sweep import Plans, Sweep, Swept
from engine.planning.training import (
    judge_beside_data,
    judge_learning,
    judge_precision,
    judge_single_samples,
    read_settings,
)
from engine.planning.uses import plan_use
from engine.problem import Problem
from engine.result import NodePlan, Result, Source

__all__ = ["FactsLookup", "changed_since", "check", "runs_before"]

_SEVERITY = {"error": 0, "warning": 1, "info": 2}
_FLOAT_BYTES = {"float32": 4, "float64": 8}


@final
@dataclass(frozen=True, slots=True)
class _State:
    """What the next check takes over.

    `changed` are the paths that were planned anew or went since the check with the mark `since`; None where uses of
    groups are planned as well, each time.
    """

    project: Project
    structure: Structure
    plans: Plans
    settings: Mapping[str, Any]
    setting_problems: tuple[Problem, ...]
    loops: tuple[Problem, ...]
    use_problems: Mapping[str, tuple[Problem, ...]]
    names: tuple[str, ...]
    roots: tuple[Source, ...]
    live: frozenset[str]
    ends: tuple[str, ...]
    changed: frozenset[str] | None = None
    since: object = None
    mark: object = field(default_factory=object)


def changed_since(result: Result, before: Result | None) -> set[str]:
    """Paths whose plans are others than in an earlier result: quickly told where `result` was made from that one."""
    now, then = result.state, before.state if before is not None else None
    if isinstance(now, _State) and isinstance(then, _State) and now.since is then.mark and now.changed is not None:
        return set(now.changed)
    old: Mapping[str, NodePlan] = before.nodes if before is not None else {}
    nodes = result.nodes
    # Without a loop of Python's own: there may be thousands.
    changed = set(compress(nodes, map(operator.is_not, nodes.values(), map(old.get, nodes))))
    changed.update(filterfalse(nodes.__contains__, old))
    return changed


def runs_before(result: Result, one: str, other: str) -> bool:
    """Whether one node is known to run before another: then no way leads back, and a wire between closes no loop.

    Answers in a moment, however large the graph; no says nothing.
    """
    state = result.state
    if not isinstance(state, _State):
        return False
    structure = state.structure
    start, end = structure.position.get(one), structure.position.get(other)
    if start is None or end is None or start >= end:
        return False
    return one not in structure.in_loop and other not in structure.in_loop


def check(
    project: Project, facts: FactsLookup, previous: Result | None = None, touched: frozenset[str] | None = None
) -> Result:
    """Check a project and plan it as far as that is possible. Never raises: what is wrong is in the result.

    Args:
        project: any project, however unfinished.
        facts: what is known of the data set of an Input with these parsed parameters.
        previous: the result for an earlier version of the project.
        touched: ids of all top-level nodes that differ between that version and this one, and of Inputs whose data were
            read meanwhile. None: they are looked for, which takes a moment in a large graph.
    """
    old = previous.state if previous is not None else None
    if not isinstance(old, _State):
        return _check(project, facts, None, frozenset(project.graph.nodes))
    inputs = frozenset(old.structure.flat[path].top for path in old.plans.inputs)
    if touched is None:
        touched = _differing(old.project.graph, project.graph) | inputs
    if _regrouped(old.project.groups, project.groups):
        uses = (node.id for node in project.graph.nodes.values() if node.block == GROUP)
        touched |= {*old.structure.groups, *uses}
    return _check(project, facts, old, touched)


def _regrouped(before: HashTrieMap[str, Group], now: HashTrieMap[str, Group]) -> bool:
    """Whether a group is another by more than the places of its blocks."""
    if before is now:
        return False
    return set(before) != set(now) or any(
        (group.graph, group.inputs, group.outputs) != (now[name].graph, now[name].inputs, now[name].outputs)
        for name, group in before.items()
        if group is not now[name]
    )


def _differing(before: Graph, after: Graph) -> frozenset[str]:
    """Ids of nodes that are not the same in both graphs, by themselves or by their wires."""
    names: set[str] = set()
    for mine, other in (
        (before.nodes, after.nodes),
        (before.into, after.into),
        (before.out_of, after.out_of),
    ):
        found: dict[str, object] = dict(mine.items())
        # By identity: what an edit leaves alone it shares, and equal values may differ in their place in the file.
        names.update(name for name, value in other.items() if found.pop(name, None) is not value)
        names.update(found)
    return frozenset(names)


def _check(project: Project, facts: FactsLookup, old: _State | None, touched: frozenset[str]) -> Result:
    if old is not None and old.project.training is project.training:
        settings, setting_problems = old.settings, old.setting_problems
    else:
        parsed, found = read_settings(project.training)
        settings, setting_problems = parsed, tuple(found)
        if old is not None and old.settings["dtype"] != settings["dtype"]:  # every figure in bytes is another
            old, touched = None, frozenset(project.graph.nodes)
    structure, delta = updated(old.structure if old else None, project, touched)
    sweep = Sweep(old.plans if old else None, structure, delta, _FLOAT_BYTES[settings["dtype"]])
    sweep.run(project, facts, touched, old.project if old else None)
    plans, swept = sweep.new, sweep.done
    uses, use_problems = _uses(structure, plans)
    names = old.names if old and not swept.weights else _parameters(old, structure, delta, plans, swept)
    goals = aims(project.training, settings, structure, plans, names)
    live, ends = _reached(old, goals.roots, structure, delta, plans, swept)
    loops = old.loops if old and not delta.reordered else tuple(loop_problems(structure))
    changed = None if uses or old is None or old.structure.uses else delta.removed.union(swept.planned)
    state = _State(
        project,
        structure,
        plans,
        settings,
        setting_problems,
        loops,
        use_problems,
        names,
        goals.roots,
        live,
        ends,
        frozenset(changed) if changed is not None else None,
        old.mark if old is not None else None,
    )
    return _result(state, goals, {**plans.plans, **uses} if uses else plans.plans, uses, swept.replanned)


def _parameters(old: _State | None, structure: Structure, delta: Delta, plans: Plans, swept: Swept) -> tuple[str, ...]:
    """The names of all parameters that are not frozen, with new nodes' behind those that were there before."""
    if old is not None and delta.extended:
        before, now = old.plans.trained, plans.trained
        if all(before.get(path) == now.get(path) for path in swept.planned if path in old.structure.flat):
            return (*old.names, *parameter_names(structure, plans, len(old.structure.order)))
    return parameter_names(structure, plans)


def _reached(
    old: _State | None, roots: tuple[Source, ...], structure: Structure, delta: Delta, plans: Plans, swept: Swept
) -> tuple[frozenset[str], tuple[str, ...]]:
    """What the objectives depend on, and where branches end that they do not depend on."""
    if old is not None and old.roots == roots:
        if not swept.rewired:
            return old.live, old.ends
        before = old.plans.plans
        if delta.extended and all(
            path not in before or before[path].sources == plans.plans[path].sources for path in swept.planned
        ):
            # What nothing read before reads from nothing that is new: only ends may be others.
            looked = delta.changed.union(swept.planned)
            ends = set(old.ends).difference(looked)
            ends.update(dead_ends(looked, structure, plans, old.live) if roots else ())
            return old.live, tuple(sorted(ends, key=structure.position.__getitem__))
    live = live_paths(roots, plans.plans)
    return live, tuple(dead_ends(structure.order, structure, plans, live)) if roots else ()


def _uses(structure: Structure, plans: Plans) -> tuple[dict[str, NodePlan], dict[str, tuple[Problem, ...]]]:
    """The plans of all uses of groups, for their ports and sums, and what is wrong with their own ports."""
    found: dict[str, NodePlan] = {}
    problems: dict[str, tuple[Problem, ...]] = {}
    for path, use in structure.uses.items():
        found[path], wrong = plan_use(use, plans.shells, plans.plans)
        if wrong:
            problems[path] = wrong
    return found, problems


def _result(
    state: _State, goals: Aims, nodes: Mapping[str, NodePlan], uses: Mapping[str, NodePlan], replanned: int
) -> Result:
    plans, structure = state.plans, state.structure
    totals = plans.totals
    position = structure.position
    inputs = sorted((path for path in plans.inputs if path not in structure.in_loop), key=position.__getitem__)
    used = [path for path in inputs if path in state.live] or inputs  # what a training loads
    known = {path: data for path in used if (data := plans.shells[path].data) is not None}

    def live() -> Iterator[NodePlan]:
        return (plans.plans[path] for path in structure.order if path in state.live)

    whole = [
        *state.setting_problems,
        *judge_beside_data(state.settings, known),
        *judge_single_samples(state.settings, known.values(), live()),
        *judge_precision(state.settings, live()),
        *(judge_learning(state.names) if goals.objectives else ()),
        *lost_starts(plans.lost, structure.flat),
        *goals.problems,
        *state.loops,
        *judge_memory(totals.parameters, state.settings, plans.plans.values()),
        *_dead(state),
        *judge_targets(inputs, structure, plans),
        *judge_losses(inputs, structure, plans),
    ]
    open_ports: set[tuple[str | None, str | None]] = set()
    for wrong in (*plans.issues.values(), *state.use_problems.values()):
        for problem in wrong:
            # An open input of a group is told once, however many blocks inside wait for it.
            if problem.code == "G07":
                if (problem.node, problem.port) in open_ports:
                    continue
                open_ports.add((problem.node, problem.port))
            whole.append(problem)
    return Result(
        nodes=nodes,
        order=structure.order,
        problems=_sorted(with_offers(whole, structure, plans), structure, uses),
        objectives=goals.objectives,
        phases=goals.phases,
        settings=state.settings,
        inputs=tuple(inputs),
        live=state.live,
        parameters=totals.parameters,
        macs=None if totals.no_macs else totals.macs,
        activation_bytes=None if totals.no_bytes else totals.bytes,
        replanned=replanned,
        state=state,
    )


def _dead(state: _State) -> Iterable[Problem]:
    """Dead branches, where nothing worse is wrong at their end."""
    for path in state.ends:
        issues = state.plans.issues.get(path, ())
        if not any(problem.severity == "error" for problem in issues):
            yield dead_end_problem(path)


def _sorted(problems: Iterable[Problem], structure: Structure, uses: Mapping[str, object]) -> tuple[Problem, ...]:
    """Errors, warnings, infos; in each first what concerns the whole graph, then nodes in plan order."""
    position = structure.position

    def place(problem: Problem) -> tuple[int, int, str]:
        path = problem.node
        if path is None:
            return (_SEVERITY[problem.severity], -1, "")
        if path in uses:
            members: tuple[str, ...] = structure.uses[path].members
            return (_SEVERITY[problem.severity], min((position[member] for member in members), default=-1), path)
        return (_SEVERITY[problem.severity], position.get(path, len(position)), path)

    return tuple(sorted(problems, key=place))
