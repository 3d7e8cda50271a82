"""Permutations of the samples, many in one call, as `torch.randperm` draws them one by one."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from engine.training import scripted

_TEXT = f"""def {scripted.NAME}(size: int, count: int, generator: Generator):
    drawn = torch.empty([count, size], dtype=torch.int64)
    for number in range(count):
        drawn[number] = torch.ops.aten.randperm(size, generator=generator)
    return drawn
"""


def drawn_orders(size: int, count: int, generator: torch.Generator) -> Tensor:
    """Int64 (count, size): permutations, the same as from as many calls of `torch.randperm`."""
    function = _scripted()
    if function is None:
        return torch.stack([torch.randperm(size, generator=generator) for _ in range(count)])
    drawn: Tensor = function(size, count, generator)
    return drawn


@cache
def _scripted() -> scripted.Function | None:
    return scripted.scripted(_TEXT)
