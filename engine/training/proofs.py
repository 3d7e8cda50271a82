"""Which gradients of wide Dense layers are finite, known without reading them.

The gradient of a weight is the sum over the rows of a batch of δ · x. So none of its numbers, and no sum on the way to
one, is larger than rows · max|δ| · max|x|, and δ and x together are much smaller than the weight. Reading the gradients
of 100 million weights to see whether one is not finite takes a tenth of a step.
"""

from __future__ import annotations

from typing import Any, final

import torch
from torch import Tensor, nn

from engine.build import Net

WIDE = 1 << 22
"""Weights of a layer from which on it is worth it."""


@final
class Proofs:
    """Bounds of the gradients of a network's wide Dense layers since the last `clear`."""

    def __init__(self, net: Net) -> None:
        """Watches layers whose weights nothing else reads, and whose gradients are computed in their own precision."""
        self._bounds: dict[Tensor, list[Tensor]] = {}
        result = net.result
        recipes = [plan.recipe for plan in result.nodes.values() if plan.recipe is not None]
        lent = {result.nodes[path].weights_path for recipe in recipes for path in recipe.borrows}
        if result.settings["precision"] != "float32":
            return
        for name, module in net.named_modules():
            if type(module) is nn.Linear and module.weight.numel() >= WIDE and name not in lent:
                module.register_forward_hook(self._went_forward)

    def clear(self) -> None:
        """The gradients begin at zero."""
        self._bounds.clear()

    def covers(self, parameter: nn.Parameter) -> bool:
        """Whether its gradient is known to be finite."""
        bounds = self._bounds.get(parameter)
        if bounds is None:
            return False
        return sum(float(bound) for bound in bounds) < torch.finfo(parameter.dtype).max / 4

    def _went_forward(self, module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        assert isinstance(module, nn.Linear)
        if not output.requires_grad or not module.weight.requires_grad:
            return
        x, weight = inputs[0].detach(), module.weight

        def came_back(delta: Tensor) -> None:
            rows = x.numel() // x.shape[-1]
            bound = rows * _largest(x) * _largest(delta.detach())
            self._bounds.setdefault(weight, []).append(bound)

        output.register_hook(came_back)


def _largest(tensor: Tensor) -> Tensor:
    """The largest size of a number; not finite as soon as one is not."""
    largest: Tensor = torch.linalg.vector_norm(tensor, float("inf"))
    return largest
