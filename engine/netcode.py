"""Straight-line code of a network: the calls of all recipes one after another, written out by torch.fx.

No loop over blocks runs at a step. There is one function for training and one for evaluation, and one for each set of
outputs somebody asks for; each runs only what it needs.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, final

from torch import Tensor, fx, nn

from engine.block import block_named
from engine.problem import GraphError
from engine.recipe import Call, Ref, Value
from engine.result import NodePlan, Objective, Result, Source
from engine.targets import TargetError, resolve

Batch = Mapping[str, Tensor]
"""`input.field` (`data.x`) -> tensor (batch, …)."""

_ASSIGNMENT = re.compile(r"\s*(\w+) = ")


@final
@dataclass(frozen=True, slots=True)
class Code:
    """One function of a network.

    Attributes:
        function: takes the root module and a batch.
        source: its text.
        lines: line number in `source` -> path of the node the line belongs to.
        order: paths in the order in which they run.
    """

    function: Callable[[nn.Module, Batch], Any]
    source: str
    lines: Mapping[int, str]
    order: tuple[str, ...] = field(repr=False)

    def node_at(self, trace: TracebackType | None) -> str | None:
        """The node whose line a traceback passes through; None when it is not in this function."""
        code = getattr(self.function, "__code__", None)
        while trace is not None:
            if trace.tb_frame.f_code is code:
                return self.lines.get(trace.tb_lineno)
            trace = trace.tb_next
        return None


def predictions(result: Result) -> tuple[Source, ...]:
    """What the network says: what goes into the values of its losses; without losses, what nobody reads."""
    found: dict[Source, None] = {}
    judged = False
    for path in result.order:
        for port in _judged_ports(result, path):
            judged = True
            source = result.nodes[path].sources.get(port)
            if source is not None and not is_input(result, source[0]):
                found[source] = None
    return tuple(found) if judged else _unread(result)


def _judged_ports(result: Result, path: str) -> list[str]:
    """The ports of a loss that take what the network says."""
    plan = result.nodes[path]
    block = block_named(plan.block)
    if not runs(result, path) or block is None or not block.objective(plan.params):
        return []
    return [port.name for port in block.inputs(plan.params) if port.kind == "value"]


def _unread(result: Result) -> tuple[Source, ...]:
    running = [path for path in result.order if runs(result, path)]
    read = {source for path in running for source in result.nodes[path].sources.values()}
    priced = {(objective.path, objective.port) for objective in result.objectives}
    found = [(path, port) for path in running for port in result.nodes[path].outputs]
    unread = [source for source in found if source not in read]
    return tuple(source for source in unread if source not in priced) or tuple(unread)


def is_input(result: Result, path: str) -> bool:
    """Whether a node is a data set, whose values the batch brings."""
    return path in result.inputs


def runs(result: Result, path: str) -> bool:
    """Whether a node has calls of its own: not a data set, not muted."""
    plan = result.nodes[path]
    return plan.recipe is not None and bool(plan.recipe.calls)


def execution(result: Result, roots: Iterable[Source]) -> tuple[str, ...]:
    """The nodes that the roots need, in the order they run: first what makes the predictions, then what judges them.

    The order counts for random draws. Exported code, which has one method for each of the two, draws in it, too.
    """
    needed = _ancestors(result, (path for path, _ in roots))
    first = _ancestors(result, (path for path, _ in predictions(result))) & needed
    ordered = [path for path in result.order if path in needed]
    return (*(path for path in ordered if path in first), *(path for path in ordered if path not in first))


def _ancestors(result: Result, paths: Iterable[str]) -> set[str]:
    found = set(paths)
    waiting = list(found)
    while waiting:
        for path, _ in result.nodes[waiting.pop()].sources.values():
            if path not in found:
                found.add(path)
                waiting.append(path)
    return found


def calls_of(plan: NodePlan, *, training: bool) -> tuple[Call, ...]:
    """The calls of a node in one mode."""
    recipe = plan.recipe
    if recipe is None:
        raise GraphError(f'"{plan.path}" cannot be run: its shapes are not known.', code="G03")
    return recipe.calls if training or recipe.eval_calls is None else recipe.eval_calls


def modes_differ(result: Result, paths: Iterable[str]) -> bool:
    """Whether evaluation needs code of its own (modules that switch by themselves do not)."""
    plans = (result.nodes[path] for path in paths)
    return any(plan.recipe is not None and plan.recipe.eval_calls not in (None, plan.recipe.calls) for plan in plans)


def tensor_home(result: Result, name: str) -> str:
    """Where the parameter `block.parameter` lives: itself, or at the first block that shares it."""
    path, _, short = name.rpartition(".")
    return f"{result.nodes[path].weights_path}.{short}"


def write(
    result: Result,
    root: nn.Module,
    module_paths: Mapping[str, str],
    *,
    training: bool,
    objectives: Sequence[Objective] = (),
    outputs: Sequence[Source] | None = None,
) -> Code:
    """A function of (root, batch): the weighted sum of the objectives, or a dict of outputs, or the two as a pair.

    Args:
        result: a plan without errors.
        root: bears the modules that the code calls.
        module_paths: node path -> path of its module under `root`.
        training: which mode's calls.
        objectives: what to add up.
        outputs: `(path, port)` of the values to return, keyed `path.port`; None returns the sum alone.

    Raises:
        GraphError: a recipe calls what it may not.
    """
    roots = [(objective.path, objective.port) for objective in objectives] + list(outputs or ())
    order = execution(result, roots)
    writer = _Writer(result, module_paths)
    for path in order:
        if not is_input(result, path):
            writer.node(result.nodes[path], training=training)
    total = writer.sum(objectives) if objectives else None
    shown = {f"{path}.{port}": writer.value((path, port)) for path, port in outputs or ()}
    returned = shown if total is None else total if outputs is None else (total, shown)
    writer.graph.output(returned)
    made = fx.GraphModule(root, writer.graph)
    lines = {
        number: writer.owner[match[1]]
        for number, line in enumerate(made.code.splitlines(), 1)
        if (match := _ASSIGNMENT.match(line)) and match[1] in writer.owner
    }
    return Code(type(made).forward, made.code, lines, order)


@final
class _Writer:
    """Puts the calls of one node after another into an fx graph."""

    def __init__(self, result: Result, module_paths: Mapping[str, str]) -> None:
        self.result = result
        self.module_paths = module_paths
        self.graph = fx.Graph()
        self.batch = self.graph.placeholder("batch")
        self.values: dict[Source, fx.Node] = {}
        self.owner: dict[str, str] = {}
        """Name of a variable -> path of the node it belongs to."""

    def value(self, source: Source) -> fx.Node:
        """The value of an output; a field of a data set is taken out of the batch when it is first asked for."""
        if source not in self.values:
            path, port = source
            if not is_input(self.result, path):
                raise GraphError(f'"{path}" has no output "{port}" that can be computed.', code="G12")
            field_of = (self.batch, f"{path}.{port}")
            self.values[source] = self._create(path, "call_function", operator.getitem, field_of, {}, port)
        return self.values[source]

    def node(self, plan: NodePlan, *, training: bool) -> None:
        """All calls of a node."""
        known = {port: self.value(source) for port, source in plan.sources.items()}
        calls = calls_of(plan, training=training)
        if known and not calls:  # muted: hands its first input on
            self.values[(plan.path, next(iter(plan.outputs)))] = next(iter(known.values()))
        for call in calls:
            self._call(plan, call, known)
        for port in plan.outputs:
            if port in known:
                self.values[(plan.path, port)] = known[port]

    def sum(self, objectives: Sequence[Objective]) -> fx.Node:
        """The weighted sum of objectives."""
        total: fx.Node | None = None
        for objective in objectives:
            term = self.value((objective.path, objective.port))
            if objective.weight != 1.0:
                weighted = (objective.weight, term)
                term = self._create(objective.path, "call_function", operator.mul, weighted, {}, "weighted")
            added = (total, term)
            total = term if total is None else self._create("", "call_function", operator.add, added, {}, "objective")
        assert total is not None
        return total

    def _call(self, plan: NodePlan, call: Call, known: dict[str, fx.Node]) -> None:
        args = tuple(self._argument(plan, arg, known) for arg in call.args)
        kwargs = {name: self._argument(plan, arg, known) for name, arg in call.kwargs}
        outs = call.out if isinstance(call.out, tuple) else (call.out,)
        label = outs[0] if len(outs) == 1 else "parts"
        if call.target == "self":
            made = self._create(plan.path, "call_module", self.module_paths[plan.path], args, kwargs, label)
        else:
            try:
                made = self._create(plan.path, "call_function", resolve(call.target), args, kwargs, label)
            except TargetError as error:
                raise GraphError(f'"{plan.path}" ({plan.block}) cannot be built: {error}.', code="G19") from error
        if isinstance(call.out, str):
            known[call.out] = made
            return
        for index, out in enumerate(call.out):
            known[out] = self._create(plan.path, "call_function", operator.getitem, (made, index), {}, out)

    def _argument(self, plan: NodePlan, value: Value, known: Mapping[str, fx.Node]) -> Any:
        if isinstance(value, tuple):
            return tuple(self._argument(plan, item, known) for item in value)
        if not isinstance(value, Ref):
            return value
        if value.name in known:
            return known[value.name]
        name = f"{plan.path}{value.name[4:]}" if value.name.startswith("self.") else value.name
        home = tensor_home(self.result, name)
        return self._create(plan.path, "get_attr", home, (), {}, name.rpartition(".")[2])

    def _create(self, path: str, kind: str, target: Any, args: Any, kwargs: Any, label: str) -> fx.Node:
        label = path if label == "out" else f"{path}_{label}"
        made = self.graph.create_node(kind, target, args, kwargs, name=label.replace(".", "_").lstrip("_"))
        self.owner[made.name] = path
        return made
