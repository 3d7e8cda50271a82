"""The plan of one node, once what it reads from is planned: shapes, recipe, counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, final

from engine.block import Block, Context, Remark, ShapeError
from engine.planning.ports import Shell, guarded
from engine.planning.starts import judge_starts
from engine.planning.words import quoted
from engine.problem import Problem
from engine.recipe import Recipe, Tensor
from engine.result import NodePlan, Source
from engine.shapes import received
from engine.tensorspec import TensorSpec

_BYTES = {"float": 4, "int": 8, "bool": 1}


@final
@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a node's plan depends on besides its shell and inputs.

    Attributes:
        in_loop: the node is part of a loop, so its shapes cannot be found.
        owner: path that holds its weights, itself unless they are shared.
        owned: the owner's parameters, where they are shared and known.
        starts: start values by short name.
        refs: parameter name -> paths of the blocks it names, for parameters that name blocks.
        parameters: path -> its parameters, for the blocks named.
        missing: names that are no block's.
        waiting: the parameters of the blocks named are not known yet.
    """

    owner: str
    in_loop: bool = False
    owned: tuple[Tensor, ...] | None = None
    starts: Mapping[str, Any] = field(default_factory=dict)
    refs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    parameters: Mapping[str, tuple[Tensor, ...]] = field(default_factory=dict)
    missing: tuple[Problem, ...] = ()
    waiting: bool = False


Planned = tuple[NodePlan, tuple[Problem, ...]]


def real_source(source: Source | None, shells: Mapping[str, Shell], plans: Mapping[str, NodePlan]) -> Source | None:
    """Where a value comes from, muted nodes passed over; None when that port does not exist."""
    shell = shells.get(source[0]) if source else None
    if source is None or shell is None or (source[1] not in shell.outputs and not shell.free_ports):
        return None
    if shell.flat.node.bypass and shell.block is not None:
        if not shell.inputs or source[1] != shell.outputs[0] or source[0] not in plans:
            return None
        return plans[source[0]].sources.get(shell.inputs[0])
    return source


def plan_node(
    shell: Shell, shells: Mapping[str, Shell], plans: Mapping[str, NodePlan], around: Surroundings
) -> Planned:
    """One node's plan and the problems that come with shapes; what it reads from has to be in `plans`."""
    flat = shell.flat
    stuck = around.in_loop and flat.node.bypass  # what a muted node in a loop passes on would be itself
    feeds = {} if stuck else shell.feeds
    sources = {port: real for port, source in feeds.items() if (real := real_source(source, shells, plans))}
    inputs: dict[str, TensorSpec | None] = dict.fromkeys((*shell.inputs, *(wire.port for wire in flat.wires)))
    for port, source in shell.feeds.items():
        plan = plans.get(source[0]) if source else None
        if source and plan is not None and port in sources:
            inputs[port] = plan.outputs.get(source[1])
    outputs: dict[str, TensorSpec | None] = dict.fromkeys((*shell.outputs, *flat.named))
    params = {**shell.params, **around.refs} if around.refs else shell.params
    plan = NodePlan(
        path=flat.path,
        node=flat.top,
        block=flat.node.block,
        params=params,
        sources=sources,
        inputs=inputs,
        outputs=outputs,
        frozen=flat.node.frozen,
        weights_path=around.owner,
        facts=shell.data,
    )
    problems = list(around.missing)
    specs = {port: spec for port in shell.feeds if (spec := inputs[port]) is not None}
    if shell.block is None:
        return plan, tuple(problems)
    if flat.node.bypass:
        return (plan if stuck else _muted(plan, shell, specs)), tuple(problems)
    block = shell.block
    held_up = around.in_loop or around.waiting or around.missing
    if shell.usable and len(specs) == len(shell.feeds) and not held_up:
        plan = _with_shapes(plan, shell, block, specs, around, problems)
    summary = guarded(flat.path, "summary", lambda: str(block.summary(params, specs)), "", problems)
    return (replace(plan, summary=summary) if summary else plan), tuple(problems)


def _muted(plan: NodePlan, shell: Shell, specs: Mapping[str, TensorSpec]) -> NodePlan:
    """The first input passed to the first output; nothing is run."""
    spec = specs.get(shell.inputs[0]) if shell.inputs else None
    if spec is None or not shell.outputs:
        return plan
    return replace(plan, outputs={**plan.outputs, shell.outputs[0]: spec}, recipe=Recipe(), macs=0, activation_bytes=0)


def _with_shapes(
    plan: NodePlan,
    shell: Shell,
    block: Block,
    specs: dict[str, TensorSpec],
    around: Surroundings,
    problems: list[Problem],
) -> NodePlan:
    path, params = plan.path, plan.params
    context = Context(shell.data, around.parameters)

    def work() -> tuple[dict[str, TensorSpec], Recipe] | Problem:
        try:
            shapes = block.shape(params, specs, context)
            for port in shell.outputs:
                if not isinstance(shapes.get(port), TensorSpec):
                    raise TypeError(f'no shape for its output "{port}"')
            return shapes, block.recipe(params, specs, context)
        except ShapeError as error:
            return _shape_problem(plan, error)

    found = guarded(path, "shape and recipe", work, None, problems)
    if found is None:
        return plan
    if isinstance(found, Problem):
        problems.append(found)
        return plan
    shapes, recipe = found
    outputs = {**plan.outputs, **{port: shapes[port] for port in shell.outputs}}
    problems += _remarks(plan, block, specs, context)
    problems += judge_starts(plan, recipe, around.starts)
    problems += _unknown_frozen(plan, recipe)
    plan = replace(plan, outputs=outputs)
    conflict = _sharing_conflict(plan, recipe, around)
    if conflict is not None:
        problems.append(conflict)
        return plan
    sizes = [spec.numel for spec in (*specs.values(), *shapes.values())]
    macs = None
    if None not in sizes:
        macs = guarded(path, "macs", lambda: int(block.macs(params, specs, shapes)), None, problems)
    return replace(
        plan,
        recipe=recipe,
        parameters=recipe.parameter_count if around.owner == path else 0,
        macs=macs,
        activation_bytes=_activation_bytes(shapes),
        frozen=plan.frozen & {tensor.name for tensor in recipe.parameters},
    )


def _shape_problem(plan: NodePlan, error: ShapeError) -> Problem:
    message = _with_source(error.message.rstrip("."), plan, error.port)
    return Problem("error", error.code, plan.path, error.port, f'"{plan.path}" {message}.', error.hint, error.fix)


def _with_source(message: str, plan: NodePlan, port: str | None) -> str:
    """`… but gets 784 numbers from "data.x"`: who sends it is told where the message says what arrives."""
    source, spec = (plan.sources.get(port), plan.inputs.get(port)) if port else (None, None)
    if source is None or spec is None:
        return message
    before, what, after = message.partition(f" gets {received(spec)}")
    if not what or after[:1] not in {"", ","}:
        return message
    name = source[0] if source[1] == "out" else ".".join(source)
    return f'{before}{what} from "{name}"{after}'


def _remarks(plan: NodePlan, block: Block, specs: dict[str, TensorSpec], context: Context) -> list[Problem]:
    problems: list[Problem] = []
    none: tuple[Remark, ...] = ()
    remarks = guarded(plan.path, "remarks", lambda: tuple(block.remarks(plan.params, specs, context)), none, problems)
    for remark in remarks:
        message = f'"{plan.path}" {remark.message.rstrip(".")}.'
        problems.append(Problem("warning", remark.code, plan.path, remark.port, message, remark.hint))
    return problems


def _unknown_frozen(plan: NodePlan, recipe: Recipe) -> list[Problem]:
    names = [tensor.name for tensor in recipe.parameters]
    wrong = sorted(plan.frozen.difference(names))
    if not wrong:
        return []
    there = f"its parameters are {quoted(names)}" if names else "it has no parameters"
    message = f'"{plan.path}" freezes {quoted(wrong)}, but {there}.'
    return [Problem("warning", "G18", plan.path, None, message, "Take the name off its frozen parameters.")]


def _sharing_conflict(plan: NodePlan, recipe: Recipe, around: Surroundings) -> Problem | None:
    """Weights that are shared must have one shape in every use."""
    if around.owned is None or around.owner == plan.path:
        return None
    wanted = {tensor.name: tensor.shape for tensor in recipe.parameters}
    there = {tensor.name: tensor.shape for tensor in around.owned}
    if wanted == there:
        return None
    name = next((name for name in wanted if wanted[name] != there.get(name)), "")
    message = (
        f'"{plan.path}" shares the weights of "{around.owner}", but its {name or "parameters"} would be '
        f"{_sizes(wanted.get(name))} and not {_sizes(there.get(name))}."
    )
    return Problem("error", "G16", plan.path, None, message, "Give both the same input shape, or do not share.")


def _sizes(shape: tuple[int, ...] | None) -> str:
    return "absent" if shape is None else " × ".join(map(str, shape)) or "scalar"


def _activation_bytes(shapes: Mapping[str, TensorSpec]) -> int | None:
    total = 0
    for spec in shapes.values():
        if spec.numel is None:
            return None
        total += spec.numel * _BYTES[spec.dtype]
    return total
