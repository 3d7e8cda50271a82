"""Runs a recipe directly with torch: the shortest reading of what recipes mean, to check blocks against."""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping
from typing import Any, final

import torch

import engine.nn
from engine.recipe import Call, Recipe, Ref
from engine.targets import resolve

_ROOTS: dict[str, Any] = {"torch": torch, "operator": operator, "chainrule": type("chainrule", (), {"nn": engine.nn})}


def call(target: str, *args: Any, **kwargs: Any) -> Any:
    """Calls what the target names."""
    root, *names = target.split(".")
    function: Any = functools.reduce(getattr, names, _ROOTS[root])
    assert resolve(target) is function
    return function(*args, **kwargs)


@final
class Runner:
    """One node made real. `weights` are tensors by short name, and `NODE.weight` for borrowed ones."""

    def __init__(
        self,
        recipe: Recipe,
        weights: Mapping[str, torch.Tensor] | None = None,
        *,
        training: bool = True,
        device: str = "cpu",
        dtype: torch.dtype = torch.float64,
    ) -> None:
        self.recipe, self.weights, self.training = recipe, dict(weights or {}), training
        self.module: torch.nn.Module | None = None
        if recipe.module:
            made = recipe.module
            self.module = call(made.target, *made.args, **dict(made.kwargs)).to(device, dtype).train(training)

    def run(self, inputs: Mapping[str, torch.Tensor], traced: bool = False) -> dict[str, Any]:
        """All values by name, inputs included."""
        calls = self.recipe.calls
        if traced and self.recipe.traced_calls is not None:
            calls = self.recipe.traced_calls
        elif not self.training and self.recipe.eval_calls is not None:
            calls = self.recipe.eval_calls
        values: dict[str, Any] = {**inputs, **self.weights}
        for one in calls:
            result = self._result(one, values)
            values.update({one.out: result} if isinstance(one.out, str) else zip(one.out, result, strict=True))
        return values

    def _result(self, one: Call, values: Mapping[str, Any]) -> Any:
        args = [_value(arg, values) for arg in one.args]
        kwargs = {name: _value(arg, values) for name, arg in one.kwargs}
        if one.target != "self":
            return call(one.target, *args, **kwargs)
        assert self.module is not None
        own = {name: self.weights[name] for name, _ in self.module.named_parameters()}
        return torch.func.functional_call(self.module, own, tuple(args), kwargs)


def _value(arg: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(arg, Ref):
        return values[arg.name.removeprefix("self.")]
    return tuple(_value(item, values) for item in arg) if isinstance(arg, tuple) else arg
