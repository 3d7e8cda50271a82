"""Batch normalisation over the whole batch, whose samples lie in several processes."""

from __future__ import annotations

from typing import Any, final

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


@final
class Presence:
    """Whether this process has samples of its own in the pass that is made.

    Attributes:
        counts: 1.0, or 0.0 where its only sample is another's.
    """

    counts = 1.0


@final
class _Sum(torch.autograd.Function):
    """The sum over all processes. What each does with it counts: so its gradient is the sum of theirs."""

    @staticmethod
    def forward(_ctx: Any, value: Tensor) -> Tensor:
        total = value.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(_ctx: Any, *grads: Tensor) -> Tensor:
        total = grads[0].contiguous().clone()
        dist.all_reduce(total)
        return total


@final
class SyncedNorm(nn.Module):
    """As `torch.nn.BatchNorm1d` or `2d` of the whole batch, on any device; (n, channels, …), n of this process.

    `torch.nn.SyncBatchNorm` refuses the CPU, and cannot leave a process out that has no samples.
    """

    weight: nn.Parameter | None
    bias: nn.Parameter | None
    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(self, norm: _BatchNorm, presence: Presence) -> None:
        """Args: `norm` whose parameters and buffers it takes; `presence` of this process."""
        super().__init__()
        self.eps, self._presence = norm.eps, presence
        self.momentum = 0.1 if norm.momentum is None else norm.momentum
        for name in ("weight", "bias"):
            self.register_parameter(name, getattr(norm, name))
        for name in ("running_mean", "running_var", "num_batches_tracked"):
            self.register_buffer(name, getattr(norm, name))

    def forward(self, x: Tensor) -> Tensor:
        """Normalised; the running statistics follow in training mode."""
        if not self.training:
            return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, False, 0.0, self.eps)
        full = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
        dims, shape = (0, *range(2, x.ndim)), (1, -1, *(1 for _ in x.shape[2:]))
        counts = self._presence.counts
        ours = full.new_full((1,), counts * full.numel() / full.shape[1])
        sums, number = _sum(torch.cat((full.sum(dims) * counts, ours))).split((full.shape[1], 1))
        number = number.detach()
        if float(number) <= 1:
            raise ValueError("Expected more than 1 value per channel when training")
        mean = sums / number
        centred = full - mean.view(shape)
        squares = _sum(centred.square().sum(dims) * counts)
        with torch.no_grad():
            self.num_batches_tracked.add_(1)
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(squares / (number - 1), self.momentum)
        made = centred * (squares / number + self.eps).rsqrt().view(shape)
        if self.weight is not None and self.bias is not None:
            made = made * self.weight.view(shape) + self.bias.view(shape)
        result: Tensor = made.to(x.dtype)
        return result


def _sum(value: Tensor) -> Tensor:
    total: Tensor = _Sum.apply(value)  # type: ignore[no-untyped-call]
    return total


def synchronise(net: nn.Module, presence: Presence) -> None:
    """Put a `SyncedNorm` in the place of every batch normalisation, with the same parameters and buffers."""
    for path, module in list(net.named_modules()):
        if isinstance(module, _BatchNorm):
            parent, _, name = path.rpartition(".")
            net.get_submodule(parent).add_module(name, SyncedNorm(module, presence))
