"""The chain rule at work: each block's own formulas, from the loss back to the data, beside autograd."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.block import Block, block_named
from engine.build import Net
from engine.netcode import Batch, tensor_home
from engine.recipe import GradContext
from engine.replay import Moment, replay, total
from engine.result import Objective, Source
from engine.targets import resolve

Array = NDArray[Any]
Tensors = dict[str, Tensor]
Terms = Sequence[tuple[str, Tensor]]
"""(where it comes from, gradient) of the parts that add up to a gradient."""

_RTOL = {torch.float64: 1e-9, torch.float32: 1e-3}
_ROUNDINGS = 100
"""How many roundings of what arrives may add up."""
_TURNS = 3


@final
class Chain:
    """The chain rule at work: a forward pass, then each block's own formulas from the loss back to the data."""

    def __init__(self, net: Net, objectives: Sequence[Objective]) -> None:
        self.net = net
        self.objectives = objectives
        self.moments: list[Moment] = []
        self.loss = torch.zeros(())
        self.errors: list[str] = []
        self.arriving: dict[Source, list[tuple[str, Tensor]]] = {}
        self.by_parameter: dict[str, list[tuple[str, Tensor]]] = {}
        self.autograd: dict[int, Tensor | None] = {}

    def forward(self, batch: Batch) -> None:
        """Runs every node once, and autograd back through all of them."""
        leaves = {name: value.detach().requires_grad_() for name, value in self.net.named_parameters()}
        data = {name: _leaf(value) for name, value in batch.items()}
        self.moments = replay(self.net, data, self.objectives, traced=True, weights=leaves)
        self.loss = total(self.moments, self.objectives)
        asked = [value for moment in self.moments for value in _all_of(moment) if value.requires_grad]
        found = torch.autograd.grad(self.loss, asked, allow_unused=True) if asked and self.loss.requires_grad else ()
        self.autograd = {id(value): grad for value, grad in zip(asked, found, strict=False)}

    def backward(self) -> list[dict[str, Any]]:
        """The gradients of every node, in reverse plan order."""
        for objective in self.objectives:
            one = torch.full_like(self.loss, objective.weight)
            self.arriving.setdefault((objective.path, objective.port), []).append(("objective", one))
        position = {path: index for index, path in enumerate(self.net.result.order)}
        ordered = sorted(self.moments, key=lambda moment: position[moment.plan.path], reverse=True)
        return [self._node(moment) for moment in ordered]

    def _node(self, moment: Moment) -> dict[str, Any]:
        path = moment.plan.path
        upstream: Tensors = {}
        terms: dict[str, Any] = {}
        for port, value in moment.outputs.items():
            parts = self.arriving.get((path, port), [])
            if value.is_floating_point():
                upstream[port] = summed(parts) if parts else torch.zeros_like(value)
            if len(parts) > 1:
                terms[port] = [{"from": where, "grad": array(part)} for where, part in parts]
        shown: dict[str, Any] = {"node": path, "grad_outputs": arrays(upstream)}
        found, error = self._formulas(moment, upstream)
        flowing = self._expected(moment) if error else found
        for port, source in moment.plan.sources.items():
            if port in flowing:
                self.arriving.setdefault(source, []).append((f"{path}.{port}", flowing[port]))
        for name in moment.weights:
            if name in flowing:
                full = tensor_home(self.net.result, name if "." in name else f"{path}.{name}")
                self.by_parameter.setdefault(full, []).append((path, flowing[name]))
        shown["grad_inputs"] = arrays({port: found[port] for port in moment.inputs if port in found})
        shown["grad_parameters"] = arrays({name: found[name] for name in moment.weights if name in found})
        shown["terms"] = terms
        if error:
            shown["error"] = error
            self.errors.append(f'"{path}": {error}')
        return shown

    def _formulas(self, moment: Moment, upstream: Tensors) -> tuple[Tensors, str]:
        """What the block's own formulas give, and what is wrong with it."""
        plan = moment.plan
        block = block_named(plan.block)
        if block is None or plan.path in self.net.result.inputs:
            return {}, ""
        if plan.recipe is not None and not plan.recipe.calls:  # muted
            return {}, ""
        context = self.context(moment, upstream)
        try:
            found = block.grads(context)
            wrong = self._disagreement(moment, found)
            if wrong:
                wrong = self._beyond_rounding(moment, block, context)
        except Exception as error:  # noqa: BLE001  whatever a block's formulas do wrong is shown, the trace goes on
            return {}, f"Its formulas failed: {type(error).__name__}: {error}"
        return found, wrong

    def _beyond_rounding(self, moment: Moment, block: Block, context: GradContext) -> str:
        """What looks wrong may be rounding where large numbers cancel, here or already in what arrives.

        So the formulas are given what arrives at autograd, and that rounded otherwise.
        """
        known = {port: self.autograd.get(id(moment.outputs[port])) for port in context.upstream}
        upstream = {port: context.upstream[port] if grad is None else grad for port, grad in known.items()}
        found = block.grads(replace(context, upstream=upstream))
        shaken = [
            block.grads(replace(context, upstream={port: _shaken(value, turn) for port, value in upstream.items()}))
            for turn in range(_TURNS)
        ]
        return self._disagreement(moment, found, shaken, _passed_on(moment, upstream))

    def context(self, moment: Moment, upstream: Tensors) -> GradContext:
        """What a block's formulas are given, for these gradients of its outputs."""
        plan = moment.plan
        module = self.net.module_of(plan.path)
        return GradContext(
            params=dict(plan.params),
            inputs=_detached(moment.inputs),
            outputs=_detached(moment.outputs),
            weights=_detached(moment.weights),
            buffers=moment.buffers,
            saved=_detached({name: moment.values[name] for name in plan.recipe.saved} if plan.recipe else {}),
            upstream=upstream,
            training=module.training if module is not None else self.net.training,
            call=lambda target, *args, **kwargs: resolve(target)(*args, **kwargs),
        )

    def _expected(self, moment: Moment) -> Tensors:
        """Autograd's gradients of a node's inputs and weights."""
        expected: Tensors = {}
        for name, value in (*moment.inputs.items(), *moment.weights.items()):
            if value.is_floating_point():
                grad = self.autograd.get(id(value))
                expected[name] = torch.zeros_like(value) if grad is None else grad
        return expected

    def _disagreement(
        self, moment: Moment, found: Mapping[str, Any], shaken: Sequence[Mapping[str, Any]] = (), scale: float = 0.0
    ) -> str:
        """Where the formulas and autograd differ by more than rounding; "" where they do not.

        Args:
            moment: of the node.
            found: by the formulas.
            shaken: the same for arriving gradients that are rounded otherwise, in several ways.
            scale: size of the numbers that may cancel in the gradients of inputs.
        """
        expected = self._expected(moment)
        for name in found:
            if name not in expected:
                return f'Its formulas give a gradient for "{name}", which has none.'
        for name, grad in expected.items():
            got = found.get(name, torch.zeros_like(grad))
            if not isinstance(got, Tensor) or got.shape != grad.shape:
                return f'Its formulas give "{name}" a gradient of another shape than the value has.'
            noise = max((_largest(each[name] - got) for each in shaken if name in each), default=0.0)
            if name in moment.inputs:
                noise = max(noise, scale * torch.finfo(grad.dtype).eps)
            worst = _difference(got, grad, noise)
            if worst is not None:
                return f'Its formula for "{name}" differs from autograd by {worst:.3g}.'
        return ""


# -- numbers --


def summed(parts: Terms) -> Tensor:
    """The sum of the parts."""
    first, *rest = (part for _, part in parts)
    return sum(rest, start=first)


def array(value: Any) -> Array:
    """A copy of a tensor, or a number, as an array."""
    return value.detach().cpu().numpy().copy() if isinstance(value, Tensor) else np.asarray(value)


def arrays(values: Mapping[str, Any]) -> dict[str, Array]:
    """Copies of tensors as arrays."""
    return {name: array(value) for name, value in values.items()}


def _leaf(value: Tensor) -> Tensor:
    return value.detach().requires_grad_() if value.is_floating_point() else value


def _all_of(moment: Moment) -> Iterable[Tensor]:
    return (*moment.inputs.values(), *moment.weights.values(), *moment.outputs.values())


def _detached(values: Mapping[str, Tensor]) -> Tensors:
    return {name: value.detach() for name, value in values.items()}


def _shaken(value: Tensor, turn: int) -> Tensor:
    """The numbers, each a rounding larger or smaller, in one of several irregular ways."""
    # Not torch's draws: those may be the very ones that are held while gradients are checked.
    signs = 2 * np.random.default_rng(turn).integers(2, size=tuple(value.shape)) - 1
    return value * (1 + torch.finfo(value.dtype).eps * torch.as_tensor(signs, device=value.device))


def _passed_on(moment: Moment, upstream: Tensors) -> float:
    """How large the gradient of an input can be: what arrives, times how much the block stretches its inputs."""
    reach = max((_range(value) for value in moment.outputs.values()), default=1.0)
    least = min((_range(value) for value in moment.inputs.values() if value.is_floating_point()), default=1.0)
    return max(map(_largest, upstream.values()), default=0.0) * max(1.0, reach / least if least else 1.0)


def _range(value: Tensor) -> float:
    return _largest(value - value.mean()) if value.is_floating_point() else 0.0


def _largest(value: Tensor) -> float:
    """The largest size of a finite number."""
    return value.abs().nan_to_num(0.0, 0.0, 0.0).max().item() if value.numel() else 0.0


def _difference(got: Tensor, wanted: Tensor, noise: float) -> float | None:
    """How far two gradients are apart, None when it is no more than rounding.

    Args:
        got: a gradient.
        wanted: another of its shape.
        noise: how far the gradient moves when what arrives is rounded otherwise.
    """
    odd = ~torch.isfinite(wanted)
    if not torch.equal(odd, ~torch.isfinite(got)):
        return float("inf")
    worst = _largest(torch.where(odd, 0.0, got - wanted))
    allowed = _RTOL.get(wanted.dtype, 1e-3) * _largest(wanted) + _ROUNDINGS * noise
    return worst if worst > allowed else None
