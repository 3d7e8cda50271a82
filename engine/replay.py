"""A network run node by node, with every value and every gradient at hand: for looking inside, not for training."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor

from engine.build import Net
from engine.netcode import Batch, calls_of, execution, tensor_home
from engine.recipe import Call, Ref, Value
from engine.result import NodePlan, Objective
from engine.targets import resolve

Tensors = dict[str, Tensor]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """One node as it ran.

    Attributes:
        plan: the node.
        inputs: input port -> value. Each is a tensor of its own even where a value goes to several nodes, so that the
            gradient of each wire can be told; the same holds for `weights`.
        weights: short name -> parameter, `NODE.weight` -> borrowed parameter.
        buffers: as they were before.
        values: everything the calls name.
        outputs: output port -> value.
    """

    plan: NodePlan
    inputs: Tensors
    weights: Tensors
    buffers: Tensors
    values: Mapping[str, Any]
    outputs: Tensors


def replay(
    net: Net,
    batch: Batch,
    objectives: Sequence[Objective],
    *,
    traced: bool = False,
    weights: Mapping[str, Tensor] | None = None,
) -> list[Moment]:
    """Runs what the objectives need, in the network's present mode, and changes its buffers and torch's random state.

    Args:
        net: the network; see `undisturbed`.
        batch: the data.
        objectives: what is to be computed.
        traced: by the calls that name what `Block.grads` wants to know (masks, places of maxima).
        weights: `block.parameter` -> tensor to use in place of the network's own.
    """
    own = dict(net.named_parameters()) | dict(weights or {})
    result = net.result
    known: dict[tuple[str, str], Tensor] = {}
    moments: list[Moment] = []
    for path in execution(result, [(term.path, term.port) for term in objectives]):
        plan = result.nodes[path]
        if path in result.inputs:
            fields = {port: batch[f"{path}.{port}"] for port in plan.outputs if f"{path}.{port}" in batch}
            moment = Moment(plan, {}, {}, {}, fields, fields)
        else:
            inputs = {port: _alias(known[source]) for port, source in plan.sources.items()}
            moment = _run(net, plan, inputs, _weights_of(net, plan, own), traced=traced)
        known.update(((path, port), value) for port, value in moment.outputs.items())
        moments.append(moment)
    return moments


def total(moments: Sequence[Moment], objectives: Sequence[Objective]) -> Tensor:
    """The weighted sum of the objectives, added up as the network's own code does."""
    found = {moment.plan.path: moment for moment in moments}
    terms = []
    for objective in objectives:
        value = found[objective.path].outputs[objective.port]
        terms.append(value if objective.weight == 1.0 else objective.weight * value)
    return sum(terms[1:], start=terms[0])


@contextmanager
def undisturbed(net: Net, prepare: Callable[[], None] | None = None) -> Iterator[None]:
    """Puts buffers and random states back at the end.

    Args:
        net: the network that is replayed inside.
        prepare: sets the random states for the replay.
    """
    buffers = [(buffer, buffer.clone()) for buffer in net.buffers()]
    places = {tensor.device for tensor in (*net.parameters(), *net.buffers())}
    kind = next((place.type for place in places if place.type in ("cuda", "mps")), "cuda")
    devices = sorted(place.index or 0 for place in places if place.type == kind)
    with torch.random.fork_rng(devices=devices, device_type=kind):
        try:
            if prepare is not None:
                prepare()
            yield
        finally:
            with torch.no_grad():
                for buffer, before in buffers:
                    buffer.copy_(before)


# -- where a number first was not finite --


def first_nonfinite(
    net: Net, batch: Batch, phase: int | None = None, prepare: Callable[[], None] | None = None
) -> str | None:
    """Path of the first node, in execution order, with an output that is NaN or infinite; an Input when the data are.

    Leaves the network and the random states as they are.

    Args:
        net: in the mode that is asked about.
        batch: the data.
        phase: whose objectives; None means all.
        prepare: puts the random states back to those of the failing step.
    """
    with undisturbed(net, prepare), torch.no_grad():
        for moment in replay(net, batch, _objectives(net, phase)):
            if any(map(_is_bad, moment.outputs.values())):
                return moment.plan.path
    return None


def first_nonfinite_gradient(
    net: Net, batch: Batch, phase: int | None = None, prepare: Callable[[], None] | None = None
) -> str | None:
    """Path of the first node, going back from the loss, that makes gradients that are not finite from finite ones.

    The arguments are those of `first_nonfinite`.
    """
    objectives = _objectives(net, phase)
    with undisturbed(net, prepare), torch.enable_grad():
        moments = replay(net, batch, objectives)
        asked = {id(value): value for moment in moments for value in _differentiable(moment)}
        if not asked:
            return None
        found = torch.autograd.grad(total(moments, objectives), list(asked.values()), allow_unused=True)
        grads = dict(zip(asked, found, strict=True))
    for moment in reversed(moments):
        arrived = [grads.get(id(value)) for value in moment.outputs.values()]
        made = [grads.get(id(value)) for value in (*moment.inputs.values(), *moment.weights.values())]
        if any(map(_is_bad, made)) and not any(map(_is_bad, arrived)):
            return moment.plan.path
    return None


def _objectives(net: Net, phase: int | None) -> tuple[Objective, ...]:
    return net.result.objectives if phase is None else net.result.phases[phase].objectives


def _differentiable(moment: Moment) -> Iterator[Tensor]:
    for value in (*moment.inputs.values(), *moment.weights.values(), *moment.outputs.values()):
        if value.requires_grad:
            yield value


def _is_bad(value: Tensor | None) -> bool:
    return value is not None and value.is_floating_point() and not bool(torch.isfinite(value).all())


# -- one node --


def _alias(value: Tensor) -> Tensor:
    """The same numbers as a tensor of its own, which has a gradient of its own."""
    return value.view_as(value)


def _weights_of(net: Net, plan: NodePlan, own: Mapping[str, Tensor]) -> Tensors:
    assert plan.recipe is not None
    found = {spec.name: own[f"{plan.weights_path}.{spec.name}"] for spec in plan.recipe.parameters}
    for path in plan.recipe.borrows:
        borrowed = net.result.nodes[path].recipe
        names = [f"{path}.{spec.name}" for spec in borrowed.parameters] if borrowed else []
        found |= {name: own[tensor_home(net.result, name)] for name in names}
    return {name: _alias(value) for name, value in found.items()}


def _run(net: Net, plan: NodePlan, inputs: Tensors, weights: Tensors, *, traced: bool) -> Moment:
    assert plan.recipe is not None
    recipe, module = plan.recipe, net.module_of(plan.path)
    buffers = {} if module is None else {name: value.clone() for name, value in module.named_buffers()}
    calls = calls_of(plan, training=net.training)
    if traced and recipe.traced_calls is not None and (net.training or recipe.eval_calls is None):
        calls = recipe.traced_calls
    values: dict[str, Any] = {**inputs, **weights, **{f"self.{name}": value for name, value in weights.items()}}
    own = {spec.name: weights[spec.name] for spec in recipe.parameters}
    for call in calls:
        found = _call(call, values, module, own)
        values.update({call.out: found} if isinstance(call.out, str) else zip(call.out, found, strict=True))
    if inputs and not calls:  # muted
        values[next(iter(plan.outputs))] = next(iter(inputs.values()))
    return Moment(plan, inputs, weights, buffers, values, {port: values[port] for port in plan.outputs})


def _call(call: Call, values: Mapping[str, Any], module: torch.nn.Module | None, own: Tensors) -> Any:
    args = tuple(_value(arg, values) for arg in call.args)
    kwargs = {name: _value(arg, values) for name, arg in call.kwargs}
    if call.target != "self":
        return resolve(call.target)(*args, **kwargs)
    assert module is not None
    return torch.func.functional_call(module, own, args, kwargs)


def _value(arg: Value, values: Mapping[str, Any]) -> Any:
    if isinstance(arg, Ref):
        return values[arg.name]
    return tuple(_value(item, values) for item in arg) if isinstance(arg, tuple) else arg
