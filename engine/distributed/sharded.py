"""FSDP2: every process has a part of each parameter, its gradient and what the optimizer remembers of it.

A block's parameters are brought together just before it runs, and let go again afterwards. Nowhere, and at no time, is
the whole network in one memory: it is made on the meta device, and each parameter is drawn by itself and cut.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from engine.build import Net, tensor_specs
from engine.distributed.group import Group
from engine.distributed.norms import Presence, synchronise
from engine.distributed.steps import Passes
from engine.init import start
from engine.netcode import Batch
from engine.netmodules import make_modules, put, tensors_of, tree
from engine.problem import GraphError
from engine.recipe import Call, Ref
from engine.result import NodePlan, Result
from engine.training.captured import Forward
from engine.training.loading import Loaded


@final
class _Root(nn.Module):
    """The network as FSDP takes it: what is to be run is an argument."""

    def __init__(self, net: Net) -> None:
        super().__init__()
        self.net = net

    def forward(self, run: Callable[[Batch], Any], part: Batch) -> Any:
        """What `run` makes of the part."""
        return run(part)


@final
class Sharded(Passes):
    """A network that was made in parts.

    Attributes:
        net: its parameters are DTensors.
    """

    sharded = True

    def __init__(self, loaded: Loaded, group: Group, seed: int, presence: Presence) -> None:
        """Make the part of this process.

        Raises:
            GraphError: T05, the training has several phases; or a start value fits no parameter (G18).
        """
        result = loaded.result
        if len(result.phases) > 1:
            raise GraphError(
                "A training with several phases cannot be sharded.", code="T05", hint="Use --strategy ddp."
            )
        paths, modules = make_modules(result)
        for path, module in modules.items():
            for spec in tensors_of(result.nodes[path].recipe):
                dtype = torch.int64 if spec.dtype == "int" else loaded.dtype
                empty = torch.empty(spec.shape, dtype=dtype, device="meta")
                put(module, spec, empty, trainable=spec.name not in result.nodes[path].frozen)
        self.net = Net(result, tree(modules), paths)
        synchronise(self.net, presence)
        self._mesh = init_device_mesh(group.device.type, (group.size,))
        self._root = _Root(self.net)
        for path in _by_themselves(result):
            module = self.net.get_submodule(path)
            if any(True for _ in module.parameters()):
                fully_shard(module, mesh=self._mesh)
        self._fsdp: FSDPModule = fully_shard(self._root, mesh=self._mesh)
        self._root.to_empty(device=group.device)
        self._fill(loaded, seed)

    def _fill(self, loaded: Loaded, seed: int) -> None:
        """Draw each parameter, or take its start value, and keep the part of this process."""
        specs = tensor_specs(loaded.result)
        with torch.no_grad():
            for name, tensor in (*self.net.named_parameters(), *self.net.named_buffers()):
                value = start(specs[name], name, seed, loaded.start).to(tensor.dtype)
                local(tensor).copy_(local(scattered(value, tensor, self._mesh)))

    def forward(self, phase: int, run: Callable[[Batch], Any], part: Batch) -> Any:
        return self._root(run, part)

    def last(self, phase: int, *, last: bool) -> AbstractContextManager[Any]:
        self._fsdp.set_requires_gradient_sync(last)
        return nullcontext()

    def passing(self, run: Forward) -> Forward:
        """A function that runs the network outside of a step, parameters brought together."""
        return lambda batch: self._root(run, batch)

    # -- states --

    def fitting(self, name: str, like: Mapping[str, Tensor]) -> DTensor | None:
        """The parameter that a tensor of a state is of, or is as: `trainer/optimizers/0/dense.weight/exp_avg`."""
        found = (like[part] for part in name.split("/") if part in like)
        return next((tensor for tensor in found if isinstance(tensor, DTensor)), None)

    def sharded_as(self, name: str, tensor: Tensor) -> Tensor:
        """A whole tensor, or the part of this process, of a state as a DTensor, where it belongs to a parameter."""
        like = self.fitting(name, dict(self.net.named_parameters()))
        if like is None or isinstance(tensor, DTensor):
            return tensor
        if tensor.shape == like.shape and tensor.shape != like.to_local().shape:
            return scattered(tensor.to(like.device), like, self._mesh)
        if tensor.shape == like.to_local().shape:
            return DTensor.from_local(
                tensor, self._mesh, like.placements, run_check=False, shape=like.shape, stride=like.stride()
            )
        return tensor

    def empty_as(self, name: str, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        """Room for a tensor of a state: the part of this process where it belongs to a parameter."""
        like = self.fitting(name, dict(self.net.named_parameters()))
        if like is None or tuple(like.shape) != shape:
            return torch.empty(shape, dtype=dtype)
        return torch.empty_like(like, dtype=dtype)


def local(tensor: Tensor) -> Tensor:
    """The part of this process."""
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def whole(tensor: Tensor) -> Tensor:
    """The tensor with the parts of all processes, which all have to ask for."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def scattered(tensor: Tensor, like: Tensor, mesh: DeviceMesh) -> Tensor:
    """A whole tensor, which every process has, cut as another one is."""
    if not isinstance(like, DTensor):
        return tensor
    return distribute_tensor(tensor.to(like.device), mesh, like.placements, src_data_rank=None)


def _by_themselves(result: Result) -> list[str]:
    """Blocks whose parameters are needed while their own module runs, once in a pass, and at no other time."""
    uses: dict[str, int] = {}
    for path in result.order:
        plan = result.nodes[path]
        borrowed = plan.recipe.borrows if plan.recipe is not None else ()
        for home in (plan.weights_path, *(result.nodes[other].weights_path for other in borrowed)):
            uses[home] = uses.get(home, 0) + 1
    return [path for path in result.order if uses.get(path) == 1 and _within_module(result.nodes[path])]


def _within_module(plan: NodePlan) -> bool:
    recipe = plan.recipe
    if recipe is None or recipe.module is None:
        return False
    calls: tuple[Call, ...] = (*recipe.calls, *(recipe.eval_calls or ()))
    values = [value for call in calls for value in (*call.args, *(value for _, value in call.kwargs))]
    return not any(isinstance(value, Ref) and value.name.startswith("self.") for value in values)
