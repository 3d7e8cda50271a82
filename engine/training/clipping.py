"""Limits to a gradient before it is used."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

_TINY = 1e-6
"""torch.nn.utils.clip_grad_norm_ adds it to the norm it divides by."""


def total_norm(grads: Sequence[Tensor]) -> float:
    """L2 norm of all gradients taken as one vector; not finite as soon as one number is not."""
    return float(norm_of(grads)) if grads else 0.0


def norm_of(grads: Sequence[Tensor]) -> Tensor:
    """As `total_norm`, of at least one gradient, as a scalar tensor."""
    if len(grads) == 1:
        norm: Tensor = torch.linalg.vector_norm(grads[0])
        return norm
    return torch.nn.utils.get_total_norm(grads)


def clipped(
    grads: Sequence[Tensor],
    norm: float,
    clip_norm: float | None,
    clip_value: float | None,
    total: Callable[[Sequence[Tensor]], float] = total_norm,
) -> Sequence[Tensor]:
    """Gradients as `clip_grad_value_` and then `clip_grad_norm_` of torch.nn.utils make them; None is no limit.

    What is within the limits is returned as it is; the gradients themselves are not changed.

    Args:
        grads: gradients that together form the vector whose norm is limited.
        norm: their `total_norm`.
        clip_norm: largest norm.
        clip_value: largest size of one entry.
        total: the norm of several, which are parts of longer ones where parameters are sharded.
    """
    if clip_value is not None:
        grads = [grad.clamp(-clip_value, clip_value) for grad in grads]
        norm = total(grads) if clip_norm is not None else norm
    if clip_norm is not None and norm + _TINY > clip_norm:
        grads = [grad * (clip_norm / (norm + _TINY)) for grad in grads]
    return grads
