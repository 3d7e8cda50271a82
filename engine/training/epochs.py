"""Whole epochs in fast-forward in one call: their steps, and their validations.

An epoch of a small network takes a kernel less time than Python takes to begin and end it. So kernels are called epoch
after epoch without Python, and its lock, in between. They compute what they compute when an epoch is made by itself, so
how many go into a call may depend on the clock.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.fastforward.conductor import Calls, Copying, conduct
from engine.fastforward.kernel import Kernel
from engine.training import forwarding
from engine.training.batching import Batches
from engine.training.chunk import CALL_SECONDS
from engine.training.forwarding import FastForward, address, numbers_of
from engine.training.forwardonly import room_for
from engine.training.judging import Judging
from engine.training.turns import Kept, Turn
from engine.training.updates import Slot

_FIRST = 4
"""Epochs of the first call at most, whose time tells how many fit."""
_TRY_SECONDS = 0.05
"""That two epochs may take by what is known of their steps, for it to be tried how long they take in one call.

Steps by themselves take several times as long, and the times of the first ones are longer still.
"""
_PATIENCE = 64
"""Epochs made by themselves before it is tried again whether two fit into a call."""

Floats = NDArray[np.float64]
Sizes = NDArray[np.int64]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """How the validations of epochs ended.

    Attributes:
        losses: float64 (epochs, batches).
        sizes: of the batches, int64 (batches,).
        outputs: of all samples, epoch after epoch in a row; None where there is no prediction.
    """

    losses: Floats
    sizes: Sizes
    outputs: Tensor | None


@final
@dataclass(frozen=True, slots=True, eq=False)
class Epochs:
    """Epochs that were made.

    Attributes:
        losses: float64 (epochs, steps), before each update.
        sizes: of the batches of an epoch, int64 (steps,).
        rates: learning rate of the last step of each epoch, float64 (epochs,).
        outputs: of the training, as `rows` hands the samples out, epoch after epoch; None where there is no prediction.
        rows: of the data, int64 (epochs, samples).
        judged: None where there is no validation.
        kept: the packed weights after each epoch, (epochs, numbers) by slot; empty where nobody wants them.
        seconds: that they took.
    """

    losses: Floats
    sizes: Sizes
    rates: Floats
    outputs: Tensor | None
    rows: Tensor
    judged: Judged | None
    kept: Sequence[tuple[Slot, Tensor]]
    seconds: float

    @property
    def samples(self) -> float:
        """That were trained with, in all."""
        return float(self.sizes.sum()) * len(self.losses)

    def weights(self, net: nn.Module, number: int) -> dict[str, Tensor]:
        """All parameters and buffers as they were after one of the epochs, which change none but the kept ones."""
        found = {}
        for name, tensor in net.state_dict().items():
            storage = tensor.untyped_storage().data_ptr()
            at = next((rows for slot, rows in self.kept if slot.weight.untyped_storage().data_ptr() == storage), None)
            row = None if at is None else at[number].clone()
            found[name] = (
                tensor.detach().clone()
                if row is None
                else row.as_strided(tensor.shape, tensor.stride(), tensor.storage_offset())
            )
        return found


@final
@dataclass(frozen=True, slots=True)
class Looks:
    """The validation of a training.

    Attributes:
        data: name -> (n, ...); {}: there is none.
        size: samples of its batches.
        judging: evaluates them; None: nothing has been evaluated yet.
    """

    data: Mapping[str, Tensor]
    size: int
    judging: Judging | None

    @property
    def samples(self) -> int:
        """How many there are."""
        return len(next(iter(self.data.values()), ()))


@final
class WholeEpochs:
    """Makes epochs of one training in a row, where kernels make all their steps."""

    def __init__(self, fast: FastForward) -> None:
        """Args: `fast` has the kernels."""
        self._fast = fast
        self._pace = Pace(_FIRST)
        self._singly_until = 0

    def make(self, turn: Turn, batches: Batches, at: int, most: int, looks: Looks, *, keep: bool) -> Epochs | None:
        """Up to `most` epochs; None: the next one is to be made by itself, and nothing has changed.

        Args:
            turn: the only phase.
            batches: stand at the beginning of an epoch, and stay there.
            at: updates made by now.
            most: at least 1.
            looks: the validation.
            keep: the weights after each epoch are wanted.
        """
        parts, seen = parts_of(batches.samples, batches.size), parts_of(looks.samples, looks.size)
        steps, slots = sum(count for _, count in parts), turn.updater.slots
        since = at % forwarding.APART
        left = forwarding.APART - since if since else 0  # the first of them is checked
        room = min(most, left // steps)
        if room < 2 or at < self._singly_until:
            return None
        kernels = [self._fast.ready([turn], batches, part) for part, _ in parts]
        judges = [self._fast.judge.ready(looks.data, part) for part, _ in seen]
        ready = [kernel for kernel in kernels if kernel is not None]
        judging_by = [judge for judge in judges if judge is not None]
        if len(ready) < len(parts) or len(judging_by) < len(seen):
            return None
        alone = sum(seconds * count for (*_, seconds), (_, count) in zip(ready, parts, strict=True))
        room = min(room, self._pace.room(alone))
        room = min([room, *(free // count for (_, _, free), (_, count) in zip(judging_by, seen, strict=True))])
        if room < 2:
            return None
        before, place = Kept(turn), batches.state()
        began, used = time.perf_counter(), time.thread_time()
        made_by = [(part, (kernel, addresses)) for part, (kernel, addresses, _) in zip(parts, ready, strict=True)]
        training = _Training(turn, batches, at, room, made_by)
        judging = _Judging(room, list(zip(seen, judging_by, strict=True))) if seen else None
        kept = [(slot, torch.empty((room, slot.weight.numel()), dtype=slot.weight.dtype)) for slot in slots if keep]
        calls = [*training.calls, *(judging.calls if judging is not None else ()), *_copies(kept)]
        if not conduct(calls):  # what is wrong, an epoch by itself will say
            before.put_back()
            batches.restore(place)
            self._singly_until = at + room * steps
            return None
        self._pace.took(time.thread_time() - used, room)
        for slot in slots:
            slot.step += room * steps
        for part, count in seen:
            self._fast.judge.used(part, room * count)
        judged = None if judging is None else judging.judged
        return training.epochs(judged, kept, time.perf_counter() - began)


Part = tuple[int, int]
"""Batches of an epoch: the samples of each, and how many there are."""

Ready = tuple[Kernel, Mapping[str, int]]
"""What makes their steps, and where what it works on lies."""


@final
class _Training:
    """The steps of some epochs, as calls that are still to be made."""

    def __init__(self, turn: Turn, batches: Batches, at: int, epochs: int, parts: Sequence[tuple[Part, Ready]]) -> None:
        self._sizes = np.concatenate([np.full(count, size) for (size, count), _ in parts])
        steps = len(self._sizes)
        self._orders = batches.orders(epochs)
        self._samples = batches.samples
        self._rates = turn.schedule.rates(turn.updater.hyper.lr, at, epochs * steps)
        self._numbers = numbers_of(turn, self._rates)
        self._losses = np.empty((epochs, steps))
        self._outputs = _room(parts, epochs)
        each = np.arange(epochs)
        row = self._numbers.strides[0]
        self.calls: list[Calls] = []
        rows = done = 0
        for (size, count), (kernel, addresses) in parts:
            words: dict[str, Sizes | int] = {
                "steps": count,
                "order": self._orders.data_ptr() + 8 * (each * batches.total + rows),
                "numbers": address(self._numbers) + row * (each * steps + done),
                "losses": address(self._losses) + 8 * (each * steps + done),
                "shown": _shown(self._outputs, epochs, each, rows, self._samples),
            }
            self.calls.append(Calls(kernel, epochs, addresses, **words))
            rows, done = rows + size * count, done + count

    def epochs(self, judged: Judged | None, kept: Sequence[tuple[Slot, Tensor]], seconds: float) -> Epochs:
        """Once the calls were made."""
        steps = len(self._sizes)
        rows = self._orders[:, : self._samples]
        ends = self._rates[steps - 1 :: steps]
        return Epochs(self._losses, self._sizes, ends, self._outputs, rows, judged, kept, seconds)


@final
class _Judging:
    """The validations of some epochs, as calls that are still to be made."""

    def __init__(self, epochs: int, looks: Sequence[tuple[Part, tuple[Kernel, Mapping[str, int], int]]]) -> None:
        sizes = np.concatenate([np.full(count, size) for (size, count), _ in looks])
        parts = [(look, (kernel, addresses)) for look, (kernel, addresses, _) in looks]
        losses, outputs = np.empty((epochs, len(sizes))), _room(parts, epochs)
        self.judged = Judged(losses, sizes, outputs)
        each, samples = np.arange(epochs), int(sizes.sum())
        self.calls: list[Calls] = []
        rows = done = 0
        for (size, count), (kernel, addresses) in parts:
            words: dict[str, Sizes | int] = {
                "steps": count,
                "order": addresses["order"] + 8 * rows,
                "losses": address(losses) + 8 * (each * len(sizes) + done),
                "shown": _shown(outputs, epochs, each, rows, samples),
            }
            self.calls.append(Calls(kernel, epochs, addresses, **words))
            rows, done = rows + size * count, done + count


def _room(parts: Sequence[tuple[Part, Ready]], epochs: int) -> Tensor | None:
    """Where what is shown of all samples goes."""
    step = parts[0][1][0].step
    samples = sum(size * count for (size, count), _ in parts)
    return None if step.shown is None else room_for(step, epochs, samples)


def _shown(outputs: Tensor | None, epochs: int, each: Sizes, rows: int, samples: int) -> Sizes | int:
    """Where that of the samples from one on goes, epoch by epoch."""
    if outputs is None:
        return 0
    row = outputs.numel() // (epochs * samples) * outputs.element_size()
    place: Sizes = outputs.data_ptr() + row * (each * samples + rows)
    return place


def _copies(kept: Sequence[tuple[Slot, Tensor]]) -> Iterator[Calls]:
    """Weights, written down at the end of each epoch."""
    for slot, rows in kept:
        size = rows.shape[1] * rows.element_size()
        places = rows.data_ptr() + size * np.arange(len(rows))
        yield Calls(Copying(size // 8), len(rows), {}, steps=1, target=places, source=slot.weight.data_ptr())


@final
class Pace:
    """How many epochs a call may make, by the time that the thread took for the last one.

    Other threads and processes that are busy do not add to that. The first call, which touches and loads what later
    ones find, may take a hundred times as long: what was told to be too slow is tried again, ever more rarely.
    """

    def __init__(self, first: int) -> None:
        """Args: `first`: epochs of the first call at most."""
        self._first = first
        self._seconds = 0.0
        self._refused, self._patience = 0, _PATIENCE

    def room(self, alone: float) -> int:
        """The epochs that fit; `alone`: seconds that the steps of one take when they are made by themselves."""
        may_try = 0 < 2 * alone <= _TRY_SECONDS
        if not self._seconds:
            return min(self._first, max(2, int(CALL_SECONDS / alone))) if may_try else 1
        room = int(CALL_SECONDS / self._seconds)
        if room > 1 or not may_try:
            return room
        self._refused += 1
        if self._refused < self._patience:
            return room
        self._refused, self._patience = 0, 2 * self._patience
        return 2

    def took(self, seconds: float, count: int) -> None:
        """A call took so long for so many epochs."""
        self._seconds = seconds / count


def parts_of(samples: int, size: int) -> list[Part]:
    """Sizes of the batches, and how many there are of each."""
    whole, rest = divmod(samples, size)
    return [(part, count) for part, count in ((size, whole), (rest, 1)) if part and count]
