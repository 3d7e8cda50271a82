"""The losses of single elements, which add up to what a Loss tells."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import Tensor

from engine.recipe import Ref, Value
from engine.replay import Moment
from engine.targets import resolve


def element_losses(moment: Moment) -> Tensor | None:
    """What each element (or, for classes, each sample) contributes to a scalar output; None where it cannot be told.

    The block's own calls are run once more without their reduction, and the result is taken only if it adds up to, or
    averages to, the output.

    Args:
        moment: of a node with one output, a scalar.
    """
    (output,) = moment.outputs.values()
    recipe = moment.plan.recipe
    if recipe is None or recipe.borrows or recipe.random:
        return None
    values: dict[str, Any] = {name: _detached(value) for name, value in moment.values.items()}
    for call in recipe.calls:
        if call.target == "self" or not isinstance(call.out, str):
            return None
        target = resolve(call.target)
        kwargs = {name: _value(arg, values) for name, arg in call.kwargs}
        if _reduces(target) and call.target.startswith(("torch.", "chainrule.nn.")):
            kwargs["reduction"] = "none"
        with torch.no_grad():
            values[call.out] = target(*(_value(arg, values) for arg in call.args), **kwargs)
    (name,) = moment.outputs
    found = values[name]
    if not isinstance(found, Tensor) or found.ndim == 0:
        return None
    wanted = output.detach()
    tolerance = 1e-9 if wanted.dtype == torch.float64 else 1e-4
    for part in (found, found / found.numel()):
        if torch.allclose(part.sum(), wanted, rtol=tolerance, atol=0.0, equal_nan=True):
            return part
    return None


def _reduces(target: Any) -> bool:
    try:
        return "reduction" in inspect.signature(target).parameters
    except (TypeError, ValueError):
        return False


def _detached(value: Any) -> Any:
    return value.detach() if isinstance(value, Tensor) else value


def _value(arg: Value, values: dict[str, Any]) -> Any:
    if isinstance(arg, Ref):
        return values[arg.name]
    return tuple(_value(item, values) for item in arg) if isinstance(arg, tuple) else arg
