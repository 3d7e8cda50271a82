"""The loss over one weight: the others held at their present values, computed a batch at a time, coarse to fine."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import final

import numpy as np
import torch
from torch import Tensor

from engine.build import Net
from engine.netcode import Batch, tensor_home
from engine.replay import undisturbed
from engine.tracing import make_step
from engine.training.evaluation import batch_size
from engine.training.run import Run
from engine.training.slices import Slices
from engine.training.updates import Updater
from engine.weightviews import Entry, LossCurve, On, entry_text, sealed


def home_of(net: Net, name: str) -> str:
    """Where `block.parameter` lives: itself, or at the first block that shares it."""
    return tensor_home(net.result, name) if name.rpartition(".")[0] in net.result.nodes else name


def weight_in(net: Net, entry: Entry) -> Tensor:
    """A view of a single weight, without dimensions; what is written to it is written to the network.

    Raises:
        ValueError: there is no such parameter, or it has no such number; a sentence.
    """
    name, index = entry
    parameter = dict(net.named_parameters()).get(home_of(net, name))
    if parameter is None:
        raise ValueError(f'There is no parameter "{name}".')
    inside = len(index) == parameter.ndim and all(0 <= i < n for i, n in zip(index, parameter.shape, strict=False))
    if not inside:
        shape = " × ".join(map(str, parameter.shape)) or "one number"
        raise ValueError(f"{name} is {shape}, counted from 1; there is no {entry_text(entry)}.")
    weight: Tensor = parameter.data[index]
    return weight


@final
class CurveWork:
    """Computes a `LossCurve` of a copy of the network; the training is not touched, and may go on meanwhile.

    `advance` until `done`; `curve` tells what is known by now. First comes what holds at the present weight, then the
    curve from its ends to the middles of ever smaller gaps, so that an unfinished one is a whole one, only coarser.
    """

    def __init__(self, run: Run, entry: Entry, low: float, high: float, count: int, on: On) -> None:
        """Begin.

        Args:
            run: whose weights are looked at.
            entry: the weight.
            low: where the curve begins.
            high: where it ends.
            count: places on it, at least 2.
            on: the data.

        Raises:
            ValueError: there is no such weight, or no such curve.
        """
        if not (math.isfinite(low) and math.isfinite(high) and low < high and count >= 2):
            raise ValueError("A curve needs two finite ends, the lower one first, and two places.")
        trainer = run.trainer
        weight_in(trainer.net, entry)
        self._net = copy.deepcopy(trainer.net)
        self._entry, self._on, self._phase = entry, on, trainer.turn
        self._weight = weight_in(self._net, entry)
        self._here = self._weight.item()
        self._random = trainer.randomness.state()
        self._put_random = trainer.randomness.put
        self._next_batch: Batch = {} if trainer.batches is None else trainer.batches.upcoming()
        data = {} if trainer.batches is None else trainer.batches.data
        self._parts: Sequence[Batch] = [self._next_batch]
        if on == "train":
            self._parts = Slices(data, batch_size(run.loaded.result))
        self._samples = _size(data if on == "train" else self._next_batch)
        if on == "train":
            self._net.eval()
        self._at, self._lr = trainer.steps, trainer.lr
        self._after = self._gradient = math.nan
        self._plain = False
        self._value = self._slope = math.nan
        self._places = np.linspace(low, high, count)
        self._found: dict[int, tuple[float, float]] = {}
        self._made = 0
        self.total = len(self._parts) * (count + 1)
        self._take_step(run)
        self._work = self._go()

    @property
    def done(self) -> bool:
        """Whether the curve is complete."""
        return self._made >= self.total

    @property
    def made(self) -> int:
        """Batches evaluated by now, of `total`."""
        return self._made

    def advance(self) -> None:
        """One batch."""
        next(self._work)
        self._made += 1

    def curve(self) -> LossCurve:
        """What is known by now."""
        found = [self._found[place] for place in sorted(self._found)]
        return LossCurve(
            entry=self._entry,
            at=self._at,
            w=sealed([w for w, _ in found]),
            loss=sealed([loss for _, loss in found]),
            here=self._here,
            value=self._value,
            slope=self._slope,
            after=self._after,
            gradient=self._gradient,
            lr=self._lr,
            plain=self._plain,
            on=self._on,
            samples=self._samples,
        )

    # -- inside --

    def _go(self) -> Iterator[None]:
        yield from self._look_here()
        for place in coarse_to_fine(len(self._places)):
            total = 0.0
            for number, part in enumerate(self._parts, 1):
                total += self._loss_at(float(self._places[place]), part) * self._share(part)
                if number == len(self._parts):
                    self._found[place] = (self._rounded(float(self._places[place])), total)
                yield

    def _loss_at(self, place: float, part: Batch) -> float:
        """With the weight there; afterwards it is back."""
        with torch.no_grad(), self._same_draws():
            self._weight.fill_(place)
            loss = self._net.loss(part, self._phase).item()
            self._weight.fill_(self._here)
        return loss

    def _look_here(self) -> Iterator[None]:
        """Value and slope at the present weight."""
        name, index = self._entry
        parameter = self._net.get_parameter(home_of(self._net, name))
        frozen = not parameter.requires_grad
        value = slope = 0.0
        for number, part in enumerate(self._parts, 1):
            with self._same_draws(), torch.enable_grad():
                parameter.requires_grad_()
                loss = self._net.loss(part, self._phase)
                grad = torch.autograd.grad(loss, parameter, allow_unused=True)[0] if loss.requires_grad else None
                parameter.requires_grad_(not frozen)
            value += loss.item() * self._share(part)
            slope += 0.0 if grad is None else grad[index].item() * self._share(part)
            if number == len(self._parts):
                self._value, self._slope = value, slope
            yield

    def _share(self, part: Batch) -> float:
        return _size(part) / self._samples if self._samples else 1.0

    def _rounded(self, place: float) -> float:
        """The place as the parameter holds it: float32 rounds."""
        return torch.tensor(place, dtype=self._weight.dtype).item()

    @contextmanager
    def _same_draws(self) -> Iterator[None]:
        """Every evaluation draws what the next step will draw, and leaves buffers as they were."""
        if self._on == "train":
            yield
            return
        with undisturbed(self._net, lambda: self._put_random(self._random)):
            yield

    def _take_step(self, run: Run) -> None:
        """Where the next update takes the weight, by the trainer's own code, on a copy."""
        trainer = run.trainer
        own = trainer.updaters[trainer.turn]
        name, index = self._entry
        home = home_of(self._net, name)
        if home not in own.parameters:
            return
        twin = copy.deepcopy(trainer.net)
        parameters = {each: twin.get_parameter(each) for each in own.parameters}
        updater = Updater(parameters, run.loaded.result.phases[trainer.turn].settings, memory=own.memory())
        updater.hyper = own.hyper
        with undisturbed(twin, lambda: self._put_random(self._random)):
            made = make_step(twin, self._next_batch, trainer.turn, updater, trainer.lr)
        if home in made.raw:
            self._gradient = made.raw[home][index].item()
            self._after = made.after[home][index].item()
            hyper = own.hyper
            limits = (hyper.momentum, hyper.weight_decay, hyper.clip_norm, hyper.clip_value)
            self._plain = own.kind == "sgd" and not any(limits)


def coarse_to_fine(count: int) -> Iterator[int]:
    """0 … count − 1, the ends first, then the middles of ever smaller gaps."""
    seen: set[int] = set()
    stride = 1 << max(0, (count - 1).bit_length())
    while stride:
        for place in [*range(0, count, stride), count - 1]:
            if place not in seen:
                seen.add(place)
                yield place
        stride >>= 1


def _size(batch: Mapping[str, Tensor]) -> int:
    return len(next(iter(batch.values()))) if batch else 0
