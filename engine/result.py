"""What `plan.check` finds out: the intermediate representation between the document and everything torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple, final

from engine.dataspec import DataFacts
from engine.problem import Problem
from engine.recipe import Recipe
from engine.tensorspec import TensorSpec

Source = tuple[str, str]
"""(node path, output port)."""

_NONE: Mapping[str, Any] = MappingProxyType({})


@final
class NodePlan(NamedTuple):  # made in an eighth of the time of a frozen dataclass: an edit may need thousands
    """One node as planned, groups flattened.

    A use of a group has a plan of its own, too, for its ports and sums: in `Result.nodes`, never in `Result.order` and
    in no total. A muted node (`bypass`) stays in the order with an empty recipe; what reads from it has the source of
    the muted node among its own `sources`, so nothing needs to run for it.

    Attributes:
        path: id, or `group_use.inner_id`, with a repeat `group_use.2.inner_id`; names weights, problems and moments.
        node: id of the top-level node that contains it (itself, outside groups).
        block: kind.
        params: parsed parameters, defaults filled in (empty for an unknown block).
        sources: input port -> where its value comes from (only proper, single connections).
        inputs: input port -> spec, None while unknown; declared ports first, then ports that only wires name.
        outputs: output port -> spec, None while unknown.
        recipe: None while shapes are unknown or wrong.
        frozen: short names of parameters that are not trained.
        parameters: trainable and frozen numbers owned; 0 for a later use of shared weights.
        macs: multiply-adds for one sample, None unknown.
        activation_bytes: of its outputs for one sample, in the dtype of the training; None unknown.
        summary: the line under the name.
        weights_path: where its parameters live: the path itself, or the first path that shares them.
    """

    path: str
    node: str
    block: str
    params: Mapping[str, Any]
    sources: Mapping[str, Source] = _NONE
    inputs: Mapping[str, TensorSpec | None] = _NONE
    outputs: Mapping[str, TensorSpec | None] = _NONE
    recipe: Recipe | None = None
    frozen: frozenset[str] = frozenset()
    parameters: int = 0
    macs: int | None = None
    activation_bytes: int | None = None
    summary: str = ""
    weights_path: str = ""
    facts: DataFacts | None = None


@final
@dataclass(frozen=True, slots=True)
class Objective:
    """A scalar that is minimised: `weight` × the output `port` of `path`."""

    path: str
    port: str = "out"
    weight: float = 1.0


@final
@dataclass(frozen=True, slots=True)
class Phase:
    """One alternation of the training: what is minimised (negative weights: maximised), over which parameters, how.

    Attributes:
        objectives: their weighted sum is minimised.
        update: `block.parameter` names this phase updates, in plan order (frozen ones left out).
        settings: parsed training settings with the phase's own values on top.
        steps: updates in a row before the next phase's turn.
    """

    objectives: tuple[Objective, ...]
    update: tuple[str, ...]
    settings: Mapping[str, Any]
    steps: int = 1


@final
@dataclass(frozen=True, slots=True)
class Result:
    """A checked project. `check` never raises: an unfinished graph gives problems and what shapes could be found.

    Attributes:
        nodes: path -> plan, of every node, in no particular order.
        order: all paths that are not in a cycle, in execution order (stable: file order among equals).
        problems: everything found, errors first, in plan order.
        objectives: what is minimised when there is one phase.
        phases: never empty when `objectives` is not.
        settings: parsed training settings, defaults filled in.
        inputs: paths of Input nodes, in order.
        live: paths that an objective depends on (others are dead branches: not run in training).
        parameters, macs, activation_bytes: totals; macs and bytes are None while anything is unknown.
        replanned: how many nodes this check planned anew (the rest was taken over).
        state: what the next check builds on; private to `engine.plan`.
    """

    nodes: Mapping[str, NodePlan]
    order: tuple[str, ...]
    problems: tuple[Problem, ...]
    objectives: tuple[Objective, ...]
    phases: tuple[Phase, ...]
    settings: Mapping[str, Any]
    inputs: tuple[str, ...]
    live: frozenset[str]
    parameters: int
    macs: int | None
    activation_bytes: int | None
    replanned: int
    state: object = field(default=None, compare=False, repr=False)

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that stop building and training."""
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def trainable(self) -> bool:
        """No errors, and something to minimise."""
        return not self.errors and bool(self.objectives)
