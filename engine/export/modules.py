"""How exported code makes the module of a block: constructor, initialisation, frozen parameters."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from engine import recipe
from engine.export.calls import constant, constructor
from engine.export.layout import Expr, call, flat, lines, tuple_of
from engine.result import NodePlan
from engine.targets import resolve

_FIXED = ("zeros", "ones")


def module_lines(place: str, plan: NodePlan, parameter: Callable[[str], str]) -> list[str]:
    """`self.dense = nn.Linear(2, 16)` and what goes with it.

    Args:
        place: `self.dense`.
        plan: a node that uses the module.
        parameter: short name of a parameter -> the expression for it.
    """
    assert plan.recipe is not None
    if plan.recipe.module is not None:
        found = lines(8, f"{place} = ", constructor(plan.recipe.module))
    else:
        held = [f"{constant(spec.name)}: nn.Parameter({_empty(spec)})" for spec in plan.recipe.parameters]
        found = lines(8, f"{place} = ", call("nn.ParameterDict", ["{" + ", ".join(held) + "}"]))
    fixed = _fixed_by_module(plan.recipe)
    for spec in plan.recipe.parameters:
        drawn = _initialisation(spec, parameter(spec.name))
        if drawn is not None and spec.name not in fixed:
            found += lines(8, "", drawn)
    names = [spec.name for spec in plan.recipe.parameters]
    frozen = [name for name in names if name in plan.frozen]
    if frozen and frozen == names:
        found.append(f"        {place}.requires_grad_(False)")
    else:
        found += [f"        {parameter(name)}.requires_grad_(False)" for name in frozen]
    return found


def _empty(spec: recipe.Tensor) -> str:
    if spec.init.kind == "ones":
        return flat(call("torch.ones", [_sizes(spec)]))
    if spec.init.kind == "constant" and not spec.shape:
        return flat(call("torch.tensor", [constant(float(spec.init.value))]))
    if spec.init.kind == "constant":
        return flat(call("torch.full", [_sizes(spec), constant(float(spec.init.value))]))
    return flat(call("torch.zeros", [_sizes(spec)]))


def _sizes(spec: recipe.Tensor) -> Expr:
    return tuple_of([str(size) for size in spec.shape])


def _fixed_by_module(made: recipe.Recipe) -> set[str]:
    """Parameters that begin at zeros or ones, and that the module itself makes so."""
    asked = [spec for spec in made.parameters if spec.init.kind in _FIXED]
    if made.module is None:
        return {spec.name for spec in made.parameters if spec.init.kind in (*_FIXED, "constant")}
    if not asked:
        return set()
    with torch.random.fork_rng(devices=[]):
        module: nn.Module = resolve(made.module.target)(*made.module.args, **dict(made.module.kwargs))
    wanted = {"zeros": 0.0, "ones": 1.0}
    return {spec.name for spec in asked if bool((module.get_parameter(spec.name) == wanted[spec.init.kind]).all())}


def _initialisation(spec: recipe.Tensor, place: str) -> Expr | None:
    """The call of torch.nn.init that draws a parameter as the app does; None for PyTorch's default."""
    init = spec.init
    kind = init.kind
    slope = [("a", constant(init.slope))] if init.slope else []
    word = constant(init.nonlinearity)
    if kind == "default":
        return None
    if kind in ("kaiming_uniform", "kaiming_normal"):
        return call(f"nn.init.{kind}_", [place], [*slope, ("nonlinearity", word)])
    if kind in ("xavier_uniform", "xavier_normal", "orthogonal"):
        gain = call("nn.init.calculate_gain", [word, *(value for _, value in slope)])
        plain = torch.nn.init.calculate_gain(init.nonlinearity, init.slope) == 1  # type: ignore[arg-type]
        return call(f"nn.init.{kind}_", [place], [] if plain else [("gain", gain)])
    if kind == "normal":
        return call("nn.init.normal_", [place], [("std", constant(init.std))])
    if kind == "uniform":
        return call("nn.init.uniform_", [place, constant(-init.bound), constant(init.bound)])
    return call(f"nn.init.{kind}_", [place, *([constant(init.value)] if kind == "constant" else [])])
