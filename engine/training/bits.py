"""Equality to the bit."""

from __future__ import annotations

import torch
from torch import Tensor

_BITS = {2: torch.int16, 4: torch.int32, 8: torch.int64}


def equal(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are the same to the bit: 0 and -0 are not, and NaN is."""
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    bits = _BITS.get(one.element_size()) if one.is_floating_point() else None
    return torch.equal(one, other) if bits is None else torch.equal(one.detach().view(bits), other.detach().view(bits))
