"""What other data hardly have in common with these: shapes, kinds, and a digest or means of the numbers."""

from __future__ import annotations

import hashlib
import math
from typing import Any

import torch
from torch import Tensor

from engine.data.streaming.column import Column

_ROUNDING = 1e-6
"""So much may means of numbers differ, as a part of the largest number: processors round generated data differently."""
_ON_DISK = 3
"""Samples of a field that are looked at, where they have to be read for it."""


def sketch(samples: Tensor, most: int) -> list[Any]:
    """Of one field, as plain values; at most so many numbers are looked at, of samples that lie evenly apart.

    Raises:
        DataError: what is on disk cannot be read.
    """
    count, row = len(samples), max(1, samples.shape[1:].numel())
    about: list[Any] = [list(samples.shape), str(samples.dtype)]
    if not samples.numel():
        return about
    room = _ON_DISK if isinstance(samples, Column) else max(1, most // row)
    if room < count:
        samples = samples[torch.linspace(0, count - 1, room).long()]
    if not samples.is_floating_point():
        return [*about, hashlib.sha256(samples.cpu().contiguous().numpy().tobytes()).hexdigest()]
    samples = samples[:].double()  # of a column, what it reads
    largest = float(torch.stack(samples.aminmax()).abs().max())
    each = samples.reshape(len(samples), -1).mean(1) / (largest or 1.0)
    ramp = torch.linspace(0, 1, len(each), dtype=each.dtype, device=each.device)
    return [*about, largest, float(each.mean()), float((each * ramp).mean())]


def alike(one: Any, other: Any) -> bool:
    """Whether two sketches may be of the same data."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=_ROUNDING, abs_tol=_ROUNDING)
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return all(map(alike, one, other))
    return bool(one == other)
