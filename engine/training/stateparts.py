"""The state of a training in two parts: tensors by the place where they stand, and everything else as JSON takes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

_TENSOR = "tensor:"


def take_apart(state: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """A state of nested dicts with string keys of numbers, strings, None, tensors, and lists of these, as two.

    Returns:
        The state with names in place of tensors, and the tensors by these names (`trainer/network/dense.weight`), as
        they are.
    """
    tensors: dict[str, Tensor] = {}
    return {key: _without(value, key, tensors) for key, value in state.items()}, tensors


def put_together(plain: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    """The reverse, each tensor copied. Raises KeyError, one is missing; RecursionError."""
    return {key: _with(value, tensors) for key, value in plain.items()}


def _without(value: Any, place: str, tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, Tensor):
        tensors[place] = value.detach()
        return f"{_TENSOR}{place}"
    if isinstance(value, Mapping):
        return {key: _without(item, f"{place}/{key}", tensors) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without(item, f"{place}/{index}", tensors) for index, item in enumerate(value)]
    if isinstance(value, str) and value.startswith(_TENSOR):
        raise ValueError(f"a string may not begin with {_TENSOR}")
    return value


def _with(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    if isinstance(value, dict):
        return {key: _with(item, tensors) for key, item in value.items()}
    if isinstance(value, list):
        return [_with(item, tensors) for item in value]
    if isinstance(value, str) and value.startswith(_TENSOR):
        return torch.clone(tensors[value.removeprefix(_TENSOR)])
    return value
