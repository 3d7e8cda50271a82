"""One training step with all its numbers: forward, backward by the blocks' own formulas, update.

What is shown is what training does: the update is that of the trainer's own code, with the gradients of the network's
own code, from the same weights, optimizer state and random draws. The backward pass is computed by `Block.grads`, which
knows nothing of autograd, and compared with autograd on the spot: a formula that is wrong is marked, never hidden.
"""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from engine.backpass import Chain, Terms, array, arrays, summed
from engine.build import Net, tensor_specs
from engine.netcode import Batch
from engine.replay import undisturbed
from engine.result import Objective
from engine.training.optimizers import RULES, Hyper
from engine.training.updates import Memory, Updater

Trace = dict[str, Any]


def trace_step(
    net: Net,
    batch: Batch,
    *,
    phase: int = 0,
    hyper: Hyper | None = None,
    lr: float | None = None,
    memory: Mapping[str, Memory] | None = None,
) -> Trace:
    """One step in training mode on a batch, under torch's present random state. Changes neither network nor state.

    Args:
        net: a network with objectives.
        batch: one batch of training data.
        phase: whose objectives, parameters and optimizer.
        hyper: numbers of the optimizer; None: those of the settings.
        lr: learning rate of this step, schedule applied; None: that of the settings.
        memory: what the optimizer remembers, by parameter (`Updater.memory`).

    Returns:
        What `chainrule step --json` prints, with arrays for tensors:

        * `loss`, a float,
        * `forward`: `{node, outputs: {port: array}}` in the order of execution,
        * `backward`, in reverse plan order: `{node, grad_outputs, grad_inputs, grad_parameters, terms}`. `terms` holds,
          for each output that several wires leave, the parts that add up to its gradient: `{port: [{from, grad}]}`.
          A node whose formulas disagree with autograd has an `error` besides, and what flows on is autograd's,
        * `update`: `{parameter, before, grad, applied, state_before, state_after, after}`: `grad` is raw, `applied` is
          clipped and decayed as far as decay is part of the gradient, None for parameters that are not updated.
          A parameter used in several places has `terms` besides, as above,
        * `after`: `loss` of the same batch, with the same random draws, once the step is made, and `outputs`, of the
          nodes that the objectives read from, as in `forward`,
        * `errors`: the messages of all nodes where the trace found a formula wrong.
    """
    twin = _twin(net)
    objectives = net.result.phases[phase].objectives
    chain = Chain(twin, objectives)
    with undisturbed(twin):
        with torch.enable_grad():
            chain.forward(batch)
        forward = [{"node": moment.plan.path, "outputs": arrays(moment.outputs)} for moment in chain.moments]
        with torch.no_grad():
            backward = chain.backward()
    updater = updater_of(twin, phase, chain, memory or {})
    if hyper is not None:
        updater.hyper = hyper
    with undisturbed(twin):
        made = make_step(twin, batch, phase, updater, lr)
    if not _alike(chain.loss.detach(), made.loss):
        chain.errors.append("The traced calls give another loss than the network.")
    names = [name for name in tensor_specs(net.result) if name in chain.by_parameter]
    return {
        "loss": made.loss.item(),
        "forward": forward,
        "backward": backward,
        "update": [_entry(name, chain.by_parameter[name], made) for name in names],
        "after": _after(twin, objectives, batch),
        "errors": chain.errors,
    }


def _twin(net: Net) -> Net:
    """A copy in training mode."""
    twin = copy.deepcopy(net)
    if not twin.training:
        twin.train()
    return twin


def to_json(trace: Mapping[str, Any]) -> str:
    """A trace as JSON; numbers that are not finite become the strings "NaN", "Infinity", "-Infinity"."""
    return json.dumps(_plain(trace), allow_nan=False)


# -- the update --


@final
@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """What one step did to all parameters; `raw` and `applied` hold those that were updated."""

    loss: Tensor
    before: Mapping[str, Tensor]
    after: Mapping[str, Tensor]
    raw: Mapping[str, Tensor]
    applied: Mapping[str, Tensor]
    state_before: Mapping[str, Memory]
    state_after: Mapping[str, Memory]


def updater_of(net: Net, phase: int, chain: Chain, memory: Mapping[str, Memory]) -> Updater:
    """The optimizer as the trainer has it: over the parameters that the phase updates and its objectives depend on."""
    phases = net.result.phases
    everything = [name for each in phases for name in each.update]
    parameters = {
        name: parameter
        for name, parameter in net.trainable(phase).items()
        if name in chain.by_parameter and parameter.requires_grad
    }
    known = {name: memory[name] for name in parameters if name in memory}
    apart = len(everything) == len(set(everything))
    return Updater(parameters, phases[phase].settings, pack=apart, memory=known)


def make_step(net: Net, batch: Batch, phase: int, updater: Updater, lr: float | None) -> Made:
    """The step itself, on the copy, by the trainer's code."""
    before = _copies(net)
    state_before = updater.memory()
    updater.clear()
    with torch.enable_grad():
        loss = net.loss(batch, phase)
    if loss.requires_grad and updater.parameters:
        torch.autograd.backward(loss, inputs=list(updater.parameters.values()))
    raw = {name: grad.clone() for name, grad in updater.gradients().items()}
    norm, rule = updater.norm(), RULES[updater.kind]
    clipped = updater.clipped(norm)
    applied = {name: rule.decayed(before[name], grad, updater.hyper) for name, grad in clipped.items()}
    updater.update(updater.hyper.lr if lr is None else lr, norm)
    return Made(loss.detach(), before, _copies(net), raw, applied, state_before, updater.memory())


def _answers(chain: Chain) -> list[dict[str, Any]]:
    """What the objectives, and the nodes that they read from, gave."""
    nodes = chain.net.result.nodes
    wanted = {objective.path for objective in chain.objectives}
    wanted |= {path for objective in chain.objectives for path, _ in nodes[objective.path].sources.values()}
    wanted -= set(chain.net.result.inputs)
    return [{"node": m.plan.path, "outputs": arrays(m.outputs)} for m in chain.moments if m.plan.path in wanted]


def _copies(net: Net) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in net.named_parameters()}


def _entry(name: str, parts: Terms, step: Made) -> dict[str, Any]:
    """What happened to one parameter."""
    entry: dict[str, Any] = {
        "parameter": name,
        "before": array(step.before[name]),
        "grad": array(step.raw[name] if name in step.raw else summed(parts)),
        "applied": array(step.applied[name]) if name in step.applied else None,
        "state_before": arrays(step.state_before.get(name, {})),
        "state_after": arrays(step.state_after.get(name, {})),
        "after": array(step.after[name]),
    }
    if len(parts) > 1:
        entry["terms"] = [{"from": where, "grad": array(part)} for where, part in parts]
    return entry


# -- JSON --


def _plain(value: Any) -> Any:
    """Arrays as lists, numbers that are not finite as words."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        finite = value.dtype.kind != "f" or bool(np.isfinite(value).all())
        return value.tolist() if finite else _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def _after(net: Net, objectives: Sequence[Objective], batch: Batch) -> Trace:
    """What the network makes of the batch once the step is made, with the same random draws."""
    chain = Chain(net, objectives)
    with undisturbed(net):
        chain.forward(batch)
    return {"loss": chain.loss.item(), "outputs": _answers(chain)}


def _alike(one: Tensor, other: Tensor) -> bool:
    """Whether two losses are the same but for rounding: kernels may differ with where a tensor lies in memory."""
    rtol = 1e-12 if one.dtype == torch.float64 else 1e-5
    return torch.allclose(one, other, rtol=rtol, atol=0.0, equal_nan=True)
