"""What a recipe may call: names of `engine.recipe` resolved to functions and modules of torch, under an allow-list.

Nothing in a graph file is ever a target; the list is the second lock, for recipes of plug-ins and for mistakes. Allowed
are functions that compute new tensors from tensors, modules of `torch.nn` that hold weights, and `engine.nn`. Refused
are all others: what reads or writes files, compiles, loads code, changes its argument in place or is private.
"""

from __future__ import annotations

import inspect
import operator
import re
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any, final

import torch
from torch.nn import functional, grad, init
from torch.overrides import get_overridable_functions

import engine.nn

_NAME = re.compile(r"[a-z]+(?:\.[A-Za-z][A-Za-z0-9_]*)+")

_OPERATORS = frozenset({"add", "sub", "mul", "truediv", "neg", "pow", "matmul", "getitem"})

_CREATING = frozenset(
    {"arange", "eye", "full", "linspace", "normal", "ones", "rand", "rand_like", "randn", "randn_like", "zeros"}
)
"""Functions of torch that make tensors and therefore cannot be overridden by one."""

_FUNCTIONAL = frozenset({"hardsigmoid", "hardswish", "sigmoid", "tanh"})
"""Functions of torch.nn.functional that torch's own list of overridable ones leaves out."""

_TENSOR_METHODS = frozenset({"expand_as", "reshape_as", "type_as", "view_as"})
_GRADIENTS = frozenset(f"conv{dims}d_{of}" for dims in (1, 2, 3) for of in ("input", "weight"))


@final
class TargetError(ValueError):
    """A name that is no allowed call."""


def resolve(target: str) -> Callable[..., Any]:
    """The function or module class that a target names (`self` is not one: it is the block's own module).

    Raises:
        TargetError: it is not on the list.
    """
    found = _resolve(target)
    if found is None:
        raise TargetError(f'"{target}" is not a call that recipes may make')
    return found


@cache
def _resolve(target: str) -> Callable[..., Any] | None:
    if not _NAME.fullmatch(target):
        return None
    place, _, name = target.rpartition(".")
    if name.endswith("_") and place != "torch.nn.init":  # changes its argument
        return None
    found: Callable[..., Any] | None = None
    if place == "operator" and name in _OPERATORS:
        found = getattr(operator, name)
    elif place == "chainrule.nn":
        found = _own(name)
    elif place == "torch.nn":
        found = _module(name)
    elif place == "torch.nn.init":
        found = _initialisation(name)
    elif place == "torch.nn.grad" and name in _GRADIENTS:
        found = getattr(grad, name)
    elif place == "torch.Tensor" and name in _TENSOR_METHODS:
        found = getattr(torch.Tensor, name)
    elif place in ("torch", "torch.nn.functional"):
        found = _function(torch if place == "torch" else functional, name)
    return found


def _own(name: str) -> Callable[..., Any] | None:
    """A class or function written in `engine/nn.py` itself."""
    found = getattr(engine.nn, name, None)
    ours = inspect.isfunction(found) or inspect.isclass(found)
    return found if ours and found.__module__ == engine.nn.__name__ else None


def _module(name: str) -> Callable[..., Any] | None:
    """A module of torch.nn with weights of known shape: no container, no lazy one, none that spreads over devices."""
    found = getattr(torch.nn, name, None)
    if not (inspect.isclass(found) and issubclass(found, torch.nn.Module)) or found is torch.nn.Module:
        return None
    place = found.__module__
    plain = place.startswith("torch.nn.modules.") and place != "torch.nn.modules.container"
    return found if plain and not issubclass(found, torch.nn.modules.lazy.LazyModuleMixin) else None


def _initialisation(name: str) -> Callable[..., Any] | None:
    found = getattr(init, name, None)
    return found if inspect.isfunction(found) and name.endswith("_") and found.__module__ == init.__name__ else None


def _function(place: ModuleType, name: str) -> Callable[..., Any] | None:
    """A function that computes a tensor; torch lists them itself, as those that a kind of tensor can override."""
    found: Callable[..., Any] | None = getattr(place, name, None)
    extra = _CREATING if place is torch else _FUNCTIONAL
    if found is None or inspect.isclass(found) or not (name in extra or id(found) in _overridable(place)):
        return None
    return found


@cache
def _overridable(place: ModuleType) -> frozenset[int]:
    listed = get_overridable_functions()
    functions = [*listed[torch], *listed[torch.functional]] if place is torch else listed[place]
    return frozenset(id(function) for function in functions)
