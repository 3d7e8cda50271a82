"""DistributedDataParallel: every process has the whole network, and gradients are added up while they are computed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from engine.build import Net
from engine.distributed.steps import Passes
from engine.netcode import Batch
from engine.training.trainer import Trainer


@final
class _Whole(nn.Module):
    """The network as DistributedDataParallel takes it: what is to be run is an argument."""

    def __init__(self, net: Net, apart: Iterable[str]) -> None:
        """Args: `apart` names parameters and buffers that are none of its business."""
        super().__init__()
        self.net = net
        # The name DistributedDataParallel looks for: https://docs.pytorch.org/docs/stable/notes/ddp.html
        self._ddp_params_and_buffers_to_ignore = [f"net.{name}" for name in apart]

    def forward(self, run: Callable[[Batch], Any], part: Batch) -> Any:
        """What `run` makes of the part."""
        return run(part)


@final
class Replicated(Passes):
    """A wrapper for each phase, which waits for the gradients of this phase's parameters alone."""

    sharded = False

    def __init__(self, trainer: Trainer) -> None:
        """Args: `trainer` whose parameters lie where they stay, and are equal in all processes."""
        net = trainer.net
        names = {name for name, _ in (*net.named_parameters(), *net.named_buffers())}
        packed = any(updater.packed for updater in trainer.updaters)
        self._phases: list[nn.Module] = []
        for phase, updater in enumerate(trainer.updaters):
            wanted = {name for name, parameter in updater.parameters.items() if parameter.requires_grad}
            wanted -= set(_unreached(trainer, phase))
            whole = _Whole(net, names - wanted)
            wrapped: nn.Module = whole
            if wanted:
                wrapped = DistributedDataParallel(
                    whole,
                    init_sync=False,  # all drew the same parameters
                    gradient_as_bucket_view=not packed,  # packed gradients have a home already
                )
            self._phases.append(wrapped)

    def forward(self, phase: int, run: Callable[[Batch], Any], part: Batch) -> Any:
        return self._phases[phase](run, part)

    def last(self, phase: int, *, last: bool) -> AbstractContextManager[Any]:
        wrapped = self._phases[phase]
        if last or not isinstance(wrapped, DistributedDataParallel):
            return nullcontext()
        silent: AbstractContextManager[Any] = wrapped.no_sync()
        return silent


def _unreached(trainer: Trainer, phase: int) -> Iterator[str]:
    """Names of parameters that a phase trains, but no gradient reaches: nobody may wait for these."""
    parameters = {
        name: parameter for name, parameter in trainer.updaters[phase].parameters.items() if parameter.requires_grad
    }
    if not parameters:
        return
    batch: dict[str, Tensor] = {}
    if trainer.batches is not None:
        batch = {name: tensor[:2] for name, tensor in trainer.batches.data.items()}
    with _frozen_statistics(trainer.net):
        loss = trainer.net.loss(batch, phase)
    if not loss.requires_grad:
        yield from parameters
        return
    grads: tuple[Tensor | None, ...] = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True)
    yield from (name for name, grad in zip(parameters, grads, strict=True) if grad is None)


@contextmanager
def _frozen_statistics(net: nn.Module) -> Iterator[None]:
    """The network in evaluation mode, with gradients: nothing is drawn and no running statistics change."""
    before = [(module, module.training) for module in net.modules()]
    net.eval()
    try:
        yield
    finally:
        for module, training in before:
            vars(module)["training"] = training
