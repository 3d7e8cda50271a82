"""Input tensors for the conformance tests, kept clear of kinks, where a derivative is a matter of convention."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from engine.tensorspec import BATCH, Dim, TensorSpec

TIME = 3
"""What a free size T is in tests."""


def concrete(shape: tuple[Dim, ...], batch: int) -> tuple[int, ...]:
    """The sizes with `batch` for N and TIME for any other free size."""
    return tuple(batch if dim == BATCH else TIME if isinstance(dim, str) else dim for dim in shape)


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def smooth(
    params: Mapping[str, Any], specs: Mapping[str, TensorSpec], batch: int, seed: int, dtype: torch.dtype
) -> dict[str, Any]:
    """Normal numbers; class labels where the spec is int."""
    generator = _generator(seed)
    found: dict[str, torch.Tensor] = {}
    for port, spec in specs.items():
        shape = concrete(spec.shape, batch)
        if spec.dtype == "int":
            found[port] = torch.randint(spec.classes or 3, shape, generator=generator)
        else:
            found[port] = torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)
    return found


def positive(
    params: Mapping[str, Any], specs: Mapping[str, TensorSpec], batch: int, seed: int, dtype: torch.dtype
) -> dict[str, Any]:
    """Numbers from 0.5 on, for logarithms, roots and powers."""
    found = smooth(params, specs, batch, seed, torch.float64)
    return {port: (0.5 + value.abs()).to(dtype) for port, value in found.items()}


def clear_of_zero(
    params: Mapping[str, Any], specs: Mapping[str, TensorSpec], batch: int, seed: int, dtype: torch.dtype
) -> dict[str, Any]:
    """Numbers of either sign, none smaller than 0.5."""
    found = smooth(params, specs, batch, seed, torch.float64)
    return {port: torch.where(value < 0, value - 0.5, value + 0.5).to(dtype) for port, value in found.items()}


def distinct(
    params: Mapping[str, Any], specs: Mapping[str, TensorSpec], batch: int, seed: int, dtype: torch.dtype
) -> dict[str, Any]:
    """No two numbers alike, so that the largest of a window is clear."""
    shape = concrete(specs["in"].shape, batch)
    count = torch.Size(shape).numel()
    order = torch.randperm(count, generator=_generator(seed)).to(torch.float64)
    return {"in": (order / count - 0.5).reshape(shape).to(dtype)}


def spread(
    params: Mapping[str, Any], specs: Mapping[str, TensorSpec], batch: int, seed: int, dtype: torch.dtype
) -> dict[str, Any]:
    """Neighbours differ by about 6: what is normalised has a variance, and single precision does not lose it."""
    values = smooth(params, specs, batch, seed, torch.float64)["in"]
    samples, places = torch.arange(batch), torch.arange(values[0].numel())
    signs = 1 - 2 * ((samples[:, None] + places) % 2)
    return {"in": (values + 3 * signs.reshape(values.shape)).to(dtype)}


def away(values: torch.Tensor, kinks: tuple[float, ...], gap: float = 0.05) -> torch.Tensor:
    """The values, those near a kink moved off it."""
    for kink in kinks:
        offset = values - kink
        values = torch.where(offset.abs() < gap, kink + torch.where(offset < 0, -gap, gap), values)
    return values


def activation_data(
    params: Mapping[str, Any], specs: Mapping[str, TensorSpec], batch: int, seed: int, dtype: torch.dtype
) -> dict[str, Any]:
    kinks: tuple[float, ...] = {
        "hardtanh": (params.get("min_val", -1.0), params.get("max_val", 1.0)),
        "hardsigmoid": (-3.0, 3.0),
        "hardswish": (-3.0, 3.0),
        "relu6": (0.0, 6.0),
        "custom": (-2.0, 0.0, 2.0),
    }.get(params["function"], (0.0,))
    values = smooth(params, specs, batch, seed, torch.float64)["in"] * 3
    return {"in": away(values, kinks).to(dtype)}


def loss_data(
    params: Mapping[str, Any], specs: Mapping[str, TensorSpec], batch: int, seed: int, dtype: torch.dtype
) -> dict[str, Any]:
    found = smooth(params, specs, batch, seed, torch.float64)
    function, given = params["function"], found["target"]
    if function in {"binary_cross_entropy", "bce_with_logits", "cross_entropy"} and given.is_floating_point():
        found["target"] = given.sigmoid()
    if function == "hinge" and given.is_floating_point():
        found["target"] = torch.where(given < 0, -1.0, 1.0).to(torch.float64)
    if function == "binary_cross_entropy":
        found["prediction"] = 0.05 + 0.9 * found["prediction"].sigmoid()
    if function in {"l1", "huber", "hinge"}:
        target = found["target"].to(torch.float64)
        if function == "hinge" and not given.is_floating_point():
            target = 2 * target - 1
        target = target.reshape(found["prediction"].shape)
        delta = params.get("delta", 1.0)
        error = away(found["prediction"] - target, {"l1": (0.0,), "huber": (-delta, delta), "hinge": (0.0,)}[function])
        found["prediction"] = target + error
    return {port: value.to(dtype) if value.is_floating_point() else value for port, value in found.items()}
