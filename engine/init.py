"""How parameters begin: each drawn from a generator of its own, so that adding a block does not change the others."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from engine import recipe
from engine.problem import GraphError
from engine.tensorspec import shape_text


def generator(seed: int, name: str) -> torch.Generator:
    """The generator of one parameter, on the CPU; the same for a seed and a name on every machine and version."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)


def draw(spec: recipe.Tensor, seed: int, name: str) -> Tensor:
    """The first value of a parameter or buffer, on the CPU: float64 of `spec.shape`, or int64.

    Drawn in float64 whatever the network's precision, so that float32 and float64 begin at the same numbers.

    Args:
        spec: shape and distribution.
        seed: of the run.
        name: `block.parameter`.
    """
    if spec.dtype == "int":
        number = int(spec.init.value) if spec.init.kind == "constant" else int(spec.init.kind == "ones")
        return torch.full(spec.shape, number, dtype=torch.int64)
    value = torch.empty(spec.shape, dtype=torch.float64)
    return _fill(value, spec.init, generator(seed, name))


def _fill(value: Tensor, init: recipe.Init, source: torch.Generator) -> Tensor:
    word: Any = init.nonlinearity
    if init.kind in ("default", "uniform"):
        return nn.init.uniform_(value, -init.bound, init.bound, generator=source)
    if init.kind == "normal":
        return nn.init.normal_(value, 0.0, init.std, generator=source)
    if init.kind == "kaiming_uniform":
        return nn.init.kaiming_uniform_(value, init.slope, nonlinearity=word, generator=source)
    if init.kind == "kaiming_normal":
        return nn.init.kaiming_normal_(value, init.slope, nonlinearity=word, generator=source)
    if init.kind == "xavier_uniform":
        return nn.init.xavier_uniform_(value, gain=nn.init.calculate_gain(word, init.slope), generator=source)
    if init.kind == "xavier_normal":
        return nn.init.xavier_normal_(value, gain=nn.init.calculate_gain(word, init.slope), generator=source)
    if init.kind == "orthogonal":
        return nn.init.orthogonal_(value, gain=nn.init.calculate_gain(word, init.slope), generator=source)
    number = {"zeros": 0.0, "ones": 1.0, "constant": init.value}[init.kind]
    return nn.init.constant_(value, number)


def explicit(value: Any, spec: recipe.Tensor, name: str) -> Tensor:
    """An explicit start value (nested numbers, an array or a tensor) as a float64 or int64 tensor of its own.

    Raises:
        GraphError: it is not of the parameter's shape, or no numbers (G18).
    """
    try:
        array = value.detach().cpu().numpy() if isinstance(value, Tensor) else np.asarray(value)
        tensor = torch.from_numpy(np.array(array, dtype=np.int64 if spec.dtype == "int" else np.float64))
    except (TypeError, ValueError) as error:
        raise GraphError(f'The start value of "{name}" is no array of numbers.', code="G18") from error
    if tuple(tensor.shape) != spec.shape:
        raise GraphError(
            f'The start value of "{name}" is {shape_text(tuple(tensor.shape))}, '
            f"but the parameter is {shape_text(spec.shape)}.",
            code="G18",
            hint="Correct it, or remove it: the parameter is drawn then.",
        )
    return tensor


def start(spec: recipe.Tensor, name: str, seed: int, given: Mapping[str, Any]) -> Tensor:
    """The explicit value where one is given, else the drawn one. Raises GraphError."""
    return explicit(given[name], spec, name) if name in given else draw(spec, seed, name)
