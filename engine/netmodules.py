"""The modules of a network: made from recipes on the meta device, and filled with tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import torch
from torch import Tensor, nn

from engine import recipe
from engine.problem import GraphError
from engine.result import NodePlan, Result
from engine.targets import TargetError, resolve
from engine.tensorspec import shape_text


@final
class _Tensors(nn.Module):
    """Holds the parameters of a block that has no module of its own."""


def make_modules(result: Result) -> tuple[dict[str, str], dict[str, nn.Module]]:
    """Node path -> path of its module, and the modules, empty, by their paths; sharing nodes have one module."""
    paths: dict[str, str] = {}
    modules: dict[str, nn.Module] = {}
    for path in result.order:
        plan = result.nodes[path]
        if plan.recipe is None:
            continue
        home = result.nodes[plan.weights_path].recipe
        if plan.weights_path in modules and home is not None and home.module == plan.recipe.module:
            paths[path] = plan.weights_path
        elif plan.recipe.module is not None or tensors_of(plan.recipe):
            paths[path] = path
            modules[path] = _make_module(plan)
    return paths, modules


def _make_module(plan: NodePlan) -> nn.Module:
    """The block's module on the meta device: nothing is allocated, nothing drawn."""
    assert plan.recipe is not None
    made = plan.recipe.module
    if made is None:
        return _Tensors()
    try:
        with torch.device("meta"):
            module: nn.Module = resolve(made.target)(*made.args, **dict(made.kwargs))
    except TargetError as error:
        raise GraphError(f'"{plan.path}" ({plan.block}) cannot be built: {error}.', code="G19") from error
    there = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    promised = {spec.name: spec.shape for spec in tensors_of(plan.recipe)}
    if there != promised:
        name = next(name for name in {**there, **promised} if there.get(name) != promised.get(name))
        sizes = [shape_text(shapes[name]) if name in shapes else "none" for shapes in (promised, there)]
        raise GraphError(
            f'"{plan.path}" ({plan.block}) cannot be built: its recipe promises {sizes[0]} for "{name}", '
            f"but {made.target} has {sizes[1]}.",
            code="G19",
        )
    if isinstance(module, nn.GroupNorm):
        module.register_forward_pre_hook(_in_order)
    return module


def _in_order(_norm: nn.Module, given: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
    """Pictures that need no gradient lie channel by channel, and their strides say so.

    Otherwise PyTorch (2.13, on the processor) writes the gradient that nobody wants of them all the same: into nothing.
    """
    x = given[0]
    wanted = x.ndim == 4 and torch.is_grad_enabled() and not x.requires_grad
    return (x.clone(memory_format=torch.contiguous_format),) if wanted else None


def tensors_of(made: recipe.Recipe | None) -> tuple[recipe.Tensor, ...]:
    """Parameters and buffers of a node."""
    return () if made is None else (*made.parameters, *made.buffers)


def put(module: nn.Module, spec: recipe.Tensor, value: Tensor, *, trainable: bool) -> None:
    """Gives a module one of its tensors; a name with dots belongs to a child."""
    place, _, name = spec.name.rpartition(".")
    owner = module.get_submodule(place)
    if spec.dtype == "int" or name in dict(owner.named_buffers(recurse=False)):
        owner.register_buffer(name, value)
    else:
        owner.register_parameter(name, nn.Parameter(value, requires_grad=trainable))


def tree(modules: Mapping[str, nn.Module]) -> dict[str, nn.Module]:
    """The modules nested by the dots of their paths."""
    groups: dict[str, nn.Module] = {}
    top: dict[str, nn.Module] = {}

    def place(path: str, module: nn.Module) -> None:
        group, _, name = path.rpartition(".")
        if not group:
            top[name] = module
            return
        if group not in groups:
            groups[group] = nn.Module()
            place(group, groups[group])
        groups[group].add_module(name, module)

    for path, module in modules.items():
        place(path, module)
    return top
