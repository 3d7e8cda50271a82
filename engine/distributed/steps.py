"""Steps of several processes: each takes its part of the batch, and together they make the step of the whole.

The loss of a batch is a sum over its samples, or a mean, which is a weighted sum. So each process multiplies what its
part gives with the part's share of the whole; loss and gradient of the batch are the sums over the processes, however
uneven the parts are. DistributedDataParallel and FSDP take means of gradients: what each computes the gradient of is
multiplied by the number of processes before.
"""

from __future__ import annotations

import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, final

import torch
from torch import Tensor

from engine.distributed.group import Group
from engine.distributed.norms import Presence
from engine.netcode import Batch
from engine.problem import GraphError
from engine.result import Objective, Result
from engine.training.captured import Made
from engine.training.precision import in_full
from engine.training.slicing import Adds, NotSliceableError, adding, batch_norm_of, shares
from engine.training.trainer import Trainer
from engine.training.turns import Turn


class Passes(ABC):
    """Runs the network of all processes, forward and backward, so that gradients come together.

    Attributes:
        sharded: whether each process has a part of every parameter and its gradient, and not all of them.
    """

    sharded: bool

    @abstractmethod
    def forward(self, phase: int, run: Callable[[Batch], Any], part: Batch) -> Any:
        """A forward pass of one phase's objectives."""

    @abstractmethod
    def last(self, phase: int, *, last: bool) -> AbstractContextManager[Any]:
        """Forward and backward pass are made inside of this; gradients need only come together with the last one."""


@final
class Steps:
    """Makes the steps of a trainer, in place of its own."""

    def __init__(self, trainer: Trainer, group: Group, passes: Passes, presence: Presence, seed: int) -> None:
        """Take over.

        Args:
        trainer: with the part of this process in its batches.
        group: all processes.
        passes: of the trainer's network.
        presence: told of each pass whether this process has samples.
        seed: of the random blocks; each process draws its own numbers.

        Raises:
            GraphError: T05, an objective is more than a sum or a mean over samples.
        """
        self._trainer, self._group, self._passes, self._presence = trainer, group, passes, presence
        result, task = trainer.result, trainer.task
        self._shown = () if task is None else (".".join(task.prediction), ".".join(task.target))
        self._phases = [_terms(result, phase.objectives) for phase in result.phases]
        net = trainer.net
        self._runs = [net.forward_to((*names, *self._shown)) for names, _ in self._phases]
        recipes = (result.nodes[path].recipe for path in net.order)
        self._draws = any(recipe is not None and recipe.random for recipe in recipes)
        self._seed = seed
        self._least = 2 if batch_norm_of(result) else 1
        trainer.maker = self.step

    def step(self, turn: Turn, batch: Batch, lr: float) -> Made:
        """Make a step; raises what PyTorch raises, and where another process is lost."""
        updater, scale = turn.updater, self._trainer.sliced.precision.scale
        updater.total = self._norm
        updater.clear()
        self._draw()
        # Where the loss is scaled as much as fp16 bears, the mean is made up for afterwards.
        factor = self._group.size if scale is None else scale.factor
        losses: list[Tensor] = []
        outputs: list[Mapping[str, Tensor]] = []
        parts, own = self._parts(batch)
        for number, part in enumerate(parts):
            with self._passes.last(turn.number, last=number == len(parts) - 1):
                loss, shown = self._pass(turn.number, part, own)
                losses.append(loss.detach())
                outputs.append(shown)
                turn.backward(loss * factor)
        (value,) = self._group.together([sum(loss.item() for loss in losses)])
        if not math.isfinite(value):
            return value, math.nan, {}
        if scale is not None:
            updater.multiply(self._group.size)
        return value, self._trainer.sliced.update(turn, lr), _joined(outputs) if own else _none(outputs)

    def _parts(self, batch: Batch) -> tuple[list[Batch], int]:
        """The part of this process, in as many micro-batches as every other makes; how many samples are its own."""
        batches = self._trainer.batches
        if batches is None:
            return [batch], 0
        most, size = self._trainer.sliced.most, self._group.size
        if most is None:
            return [batch], batches.mine
        largest, smallest = -(-batches.whole // size), batches.whole // size
        count = max(1, min(-(-largest // most), smallest // self._least))
        return _split(batch, count), batches.mine

    def _pass(self, phase: int, part: Batch, own: int) -> tuple[Tensor, Mapping[str, Tensor]]:
        """What a part adds to the loss of the whole batch, and the wanted outputs."""
        batches = self._trainer.batches
        (names, kinds), objectives = self._phases[phase], self._trainer.result.phases[phase].objectives
        samples, whole = (1, self._group.size) if batches is None else (_samples(part) if own else 0, batches.whole)
        self._presence.counts = float(samples > 0)
        with self._trainer.sliced.precision.casting():
            outputs = self._passes.forward(phase, self._runs[phase], part)
        by_term = shares(kinds, samples, whole) if samples else [0.0] * len(kinds)
        terms = [
            in_full(outputs[name]) * (term.weight * share)
            for name, term, share in zip(names, objectives, by_term, strict=True)
        ]
        shown = {name: part[name] if name in part else in_full(outputs[name].detach()) for name in self._shown}
        return torch.stack(terms).sum(), shown

    def _norm(self, grads: Sequence[Tensor]) -> float:
        """L2 norm of the whole gradient, of which every process has all, or where parameters are sharded its part."""
        if not grads:
            return 0.0
        norm = float(torch.nn.utils.get_total_norm(grads))
        if not self._passes.sharded:
            return norm
        (square,) = self._group.together([norm * norm])
        return math.sqrt(square) if math.isfinite(square) and square >= 0 else math.nan

    def _draw(self) -> None:
        """Random blocks draw from a generator of this process and step: a training that goes on draws the same."""
        if self._draws:
            text = f"{self._seed}/random blocks/{self._group.rank}/{self._trainer.steps}"
            digest = hashlib.sha256(text.encode()).digest()
            torch.manual_seed(int.from_bytes(digest[:8], "little") >> 1)


def _terms(result: Result, objectives: Sequence[Objective]) -> tuple[tuple[str, ...], list[Adds]]:
    try:
        kinds = adding(result, objectives)
    except NotSliceableError as refusal:
        raise GraphError(
            f'"{refusal.path}" looks at all samples of a batch at once, which several processes share.',
            code="T05",
            hint="Train it by one process.",
        ) from None
    return tuple(f"{term.path}.{term.port}" for term in objectives), kinds


def _split(batch: Batch, count: int) -> list[Batch]:
    """As many parts in every process, whatever it has."""
    if count == 1:
        return [batch]
    cuts: dict[str, Sequence[Tensor]] = {name: tensor.tensor_split(count) for name, tensor in batch.items()}
    return [{name: parts[number] for name, parts in cuts.items()} for number in range(count)]


def _samples(part: Batch) -> int:
    return next(iter(part.values())).size(0)


def _joined(outputs: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    if len(outputs) == 1:
        return dict(outputs[0])
    return {name: torch.cat([each[name] for each in outputs]) for name in outputs[0]}


def _none(outputs: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Outputs of no sample: what came of another's is not counted twice."""
    return {name: tensor[:0] for name, tensor in outputs[0].items()}
