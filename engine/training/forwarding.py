"""Fast-forward: many steps of a small network in one call of a kernel, where somebody switched it on.

A kernel computes what PyTorch computes, but adds in another order, so its numbers differ in the last digits. Therefore
it runs only when it is asked for, and then from the next step on, at once: which steps it makes follows from the switch
and the position in the training, never from the clock. A run in fast-forward can so be repeated, resumed and gone back
in, to the bit, as any other.

Whenever a kernel is new, and every `APART` updates after, PyTorch makes the same step from the same weights. The loss,
the outputs and the gradient have to agree; so has the update that PyTorch makes of the kernel's gradient. Where they do
not, the kernel's step is taken back, and fast-forward is left for good.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.build import Net
from engine.fastforward.arrays import UnsupportedError
from engine.fastforward.calls import Step
from engine.fastforward.kernel import Kernel
from engine.fastforward.machine import available
from engine.training.batching import Batches
from engine.training.captured import Forward
from engine.training.chunk import Chunk
from engine.training.forwardonly import AGREE, REFUSALS, DisagreementError, ForwardOnly, Judged, room_for
from engine.training.modes import Modes
from engine.training.optimizers import Hyper
from engine.training.rollback import Rollback
from engine.training.stepcalls import arrays, labels_below, recorded
from engine.training.turns import Kept, Turn

APART = 4096
"""Updates between two steps that PyTorch makes as well."""

_SECONDS = 0.03
"""That a call takes at most, about."""

_FIRST = 64
"""Steps of the first call, whose time tells how many fit."""

_KINDS = 16
"""Sizes of batches for which there are kernels at most."""

Floats = NDArray[np.float64]


@final
@dataclass(slots=True, eq=False)
class _Made:
    """A kernel, and what it was made for."""

    kernel: Kernel
    hyper: Hyper
    layout: list[list[str]]
    checked: bool = False
    seconds: float = 0.0
    losses: Floats = field(default_factory=lambda: np.empty(0))
    losses_at: int = 0
    bound: tuple[Turn, Mapping[str, Tensor], dict[str, int]] | None = None

    def on(self, turn: Turn) -> bool:
        """Whether the phase's parameters are packed as they were."""
        return (self.bound is not None and self.bound[0] is turn) or turn.layout() == self.layout


@final
class FastForward:
    """Makes steps of one training by kernels.

    Attributes:
        wanted: whether it is switched on; may be changed between steps.
        left: why it was given up, "" while it was not.
        refused: why there is no kernel for the steps asked for last, "" where there is.
        remark: what has to be said about that and has not been said.
        running: whether a kernel made the last step.
        judge: evaluates.
    """

    def __init__(
        self, net: Net, runs: Sequence[Forward], shown: Sequence[str], rollback: Rollback, modes: Modes
    ) -> None:
        """Begin.

        Args:
            net: that is trained.
            runs: compute loss and wanted outputs, by phase.
            shown: names prediction and target, or nothing.
            rollback: keeps what a step changes besides the weights.
            modes: switch the network to evaluation.
        """
        self._net, self._runs, self._rollback = net, runs, rollback
        self._shown = shown[0] if shown else None
        self._target = shown[1] if shown else ""
        self.wanted, self.left, self.refused, self.running = False, "", "", False
        self.remark = ""
        self._made: dict[int, _Made | None] = {}
        self._data: dict[str, Tensor] = {}
        self.judge = ForwardOnly(net, self._shown, modes)
        self._making: Callable[[bool], object] = self.judge.making
        self._largest: dict[str, float] = {}
        """Of each thing compared, the largest size that a check has seen: rounding errors are relative to that."""

    def tell_making(self, tell: Callable[[bool], object]) -> None:
        """Call that before and after a kernel is made, with True and False."""
        self._making = self.judge.making = tell

    def begin_again(self) -> None:
        """Something but weights and hyperparameters has changed: the kernels are no longer right."""
        self._made.clear()
        self._largest.clear()
        self.judge.begin_again()

    def told(self) -> str:
        """The remark, which is said with that."""
        remark, self.remark = self.remark, ""
        return remark

    def state(self) -> dict[str, Any]:
        """What a resumed training needs."""
        largest = {**self._largest, "evaluation": self.judge.largest}
        return {"wanted": self.wanted, "left": self.left, "largest": largest}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state`."""
        self.wanted, self.left = bool(state.get("wanted", False)), str(state.get("left", ""))
        self._largest = {name: float(value) for name, value in state.get("largest", {}).items()}
        self.judge.largest = self._largest.pop("evaluation", 0.0)
        for made in self._made.values():
            if made is not None:
                made.bound = None
        self.judge.rebind()

    def judged(self, data: Mapping[str, Tensor], start: int, stop: int, reference: Forward) -> Judged | None:
        """Loss and wanted output of some samples in evaluation mode; None: it is left to PyTorch. See `ForwardOnly`."""
        if not self.wanted or self.left:
            return None
        try:
            return self.judge.batch(data, start, stop, reference)
        except DisagreementError as difference:
            self._leave(f"its {difference} in an evaluation differed from PyTorch's")
            return None

    def _leave(self, why: str) -> None:
        self.left = why
        self.remark = f"Fast-forward was left: {why}. PyTorch goes on from there."

    def steps(self, turns: Sequence[Turn], batches: Batches, at: int, most: int) -> Chunk | None:
        """Make up to `most` steps of the epoch; None: the next step is left to PyTorch.

        Args:
            turns: all phases.
            batches: stand before the first step, and are moved on.
            at: updates made by now.
            most: at least 1.
        """
        self.running = False
        if not self.wanted or self.left:
            return None
        left = batches.samples - batches.position
        size = min(batches.size, left)
        made = self._kernel(turns, batches, size)
        if made is None:
            return None
        turn, count = turns[0], max(1, min(most, left // size))
        if not made.checked or at % APART == 0:
            chunk = self._checked(made, turn, batches, at)
        else:
            room = max(1, int(_SECONDS / made.seconds)) if made.seconds else _FIRST
            chunk = self._run(made, turn, batches, at, min(count, room, APART - at % APART))
        self.running = chunk is not None
        return chunk

    # -- kernels --

    def _kernel(self, turns: Sequence[Turn], batches: Batches, size: int) -> _Made | None:
        turn = turns[0]
        known = self._made.get(size)
        if known is not None and known.on(turn):
            hyper = turn.updater.hyper
            if hyper is known.hyper:
                return known
            if replace(hyper, lr=known.hyper.lr) == known.hyper:
                known.hyper = hyper
                return known
        elif known is None and size in self._made:
            return None
        if len(self._made) >= _KINDS and size not in self._made:
            return None
        self._making(True)
        try:
            self._made[size] = made = self._compiled(turns, batches, size)
        finally:
            self._making(False)
        return made

    def _compiled(self, turns: Sequence[Turn], batches: Batches, size: int) -> _Made | None:
        turn = turns[0]
        try:
            if not available():
                raise UnsupportedError("no compiler: install chainrule[fast]")
            if batches.streamed or len(turns) > 1 or next(self._net.parameters()).device.type != "cpu":
                raise UnsupportedError("data on disk, several phases, or another device")
            if self._target and self._target not in batches.data:
                raise UnsupportedError("a target that is computed")
            batch = batches.first(size)
            step = self._recorded(turn, batch)
            self._take_data(batches)
            for number, limit in labels_below(step).items():
                labels = self._data[number]
                if int(labels.min()) < 0 or int(labels.max()) >= limit:
                    raise UnsupportedError("labels beyond the classes")
            kernel = Kernel(step)
        except REFUSALS as refusal:
            if self.refused != str(refusal):
                self.refused = str(refusal)
                self.remark = f"Fast-forward cannot make these steps; PyTorch does ({self.refused})."
            return None
        self.refused = ""
        return _Made(kernel, turn.updater.hyper, turn.layout())

    def _recorded(self, turn: Turn, batch: Mapping[str, Tensor]) -> Step:
        self._rollback.keep()
        try:
            return recorded(self._net, self._runs[0], turn, dict(batch), self._shown)
        finally:
            self._rollback.put_back()

    def _take_data(self, batches: Batches) -> None:
        """All samples, each in one piece."""
        if not self._data:
            self._data = {f"x{number}": tensor.contiguous() for number, tensor in enumerate(batches.data.values())}

    # -- steps --

    def ready(self, turns: Sequence[Turn], batches: Batches, size: int) -> tuple[Kernel, dict[str, int], float] | None:
        """The kernel of batches of so many samples, once it was checked; where what it works on lies; its seconds."""
        made = self._kernel(turns, batches, size) if self.wanted and not self.left else None
        if made is None or not made.checked:
            return None
        return made.kernel, self._addresses(made, turns[0]), made.seconds

    def _addresses(self, made: _Made, turn: Turn) -> dict[str, int]:
        if made.bound is None or made.bound[0] is not turn:
            tensors = {**arrays(self._net, turn), **self._data}
            made.bound = turn, tensors, {name: tensor.data_ptr() for name, tensor in tensors.items()}
        return made.bound[2]

    def _run(self, made: _Made, turn: Turn, batches: Batches, at: int, count: int) -> Chunk | None:
        step, kernel = made.kernel.step, made.kernel
        addresses = self._addresses(made, turn)
        if len(made.losses) < count:
            made.losses = np.empty(count)
            made.losses_at = address(made.losses)
        rates = turn.schedule.rates(turn.updater.hyper.lr, at, count)
        numbers = numbers_of(turn, rates)
        rows = batches.rows[batches.position : batches.position + count * step.samples]
        shown = None
        if step.shown is not None:
            shown = room_for(step, count)
        addresses["order"], addresses["numbers"] = rows.data_ptr(), address(numbers)
        addresses["losses"], addresses["shown"] = made.losses_at, 0 if shown is None else shown.data_ptr()
        began = time.perf_counter()
        done = kernel.run(count, addresses)
        if not done:
            return None
        made.seconds = (time.perf_counter() - began) / done
        for slot in turn.updater.slots:
            slot.step += done
        batches.move_on(done, step.samples)
        if done < count:
            rows, shown = rows[: done * step.samples], None if shown is None else shown[: done * step.samples]
        outputs: dict[str, Tensor] = {}
        if self._shown is not None and shown is not None:
            outputs = {self._shown: shown, self._target: batches.data[self._target][rows]}
        return Chunk(made.losses[:done].tolist(), outputs, float(rates[done - 1]))

    # -- checks --

    def _checked(self, made: _Made, turn: Turn, batches: Batches, at: int) -> Chunk | None:
        """One step, made by PyTorch as well; None when they disagree, with nothing changed."""
        before, start = Kept(turn), batches.position
        chunk = self._run(made, turn, batches, at, 1)
        if chunk is None:
            return None
        after = Kept(turn)
        before.put_back()
        rows = batches.rows[start : start + made.kernel.step.samples]
        batch = dict(zip(batches.data, (data[rows] for data in self._data.values()), strict=True))
        differing = self._differing(turn, batch, chunk, after.vectors)
        if differing:
            self._leave(f"its {differing} at step {at + 1} differed from PyTorch's")
            before.put_back()
            batches.position = start
            return None
        after.put_back()
        made.checked = True
        return chunk

    def _differing(self, turn: Turn, batch: Mapping[str, Tensor], chunk: Chunk, after: Sequence[Tensor]) -> str:
        """What PyTorch finds otherwise, "" for nothing; weights and gradients are changed meanwhile."""
        updater, parameter = turn.updater, next(self._net.parameters())
        tolerance = AGREE[parameter.dtype]
        loss, outputs = self._runs[0](dict(batch))
        updater.clear()
        torch.autograd.backward(loss, inputs=turn.inputs)
        theirs = {"loss": loss.detach().double(), **{f"gradient {n}": grad for n, grad in enumerate(_grads(turn))}}
        ours = {f"gradient {number}": grad for number, grad in enumerate(_grads_of(turn, after))}
        ours["loss"] = torch.tensor(chunk.losses[0], dtype=torch.float64)
        if self._shown is not None:
            theirs["output"], ours["output"] = outputs[self._shown].detach(), chunk.outputs[self._shown]
        for name, value in theirs.items():
            mine, largest = ours[name].reshape(value.shape), max(self._largest.get(name, 0.0), float(value.abs().max()))
            if name.startswith("gradient") and not _close(mine, value, tolerance * largest):
                largest = max(largest, self._of_one_sample(turn, batch))
            self._largest[name] = largest
            if not _close(mine, value, tolerance * largest):
                return name.split(maxsplit=1)[0]
        for grad, mine in zip(_grads(turn), _grads_of(turn, after), strict=True):
            grad.copy_(mine)
        updater.update(chunk.lr, updater.norm())
        for vector, mine in zip(turn.vectors(), after, strict=True):
            if not _close(mine, vector, tolerance * float(vector.abs().max())):
                return "update"
        return ""

    def _of_one_sample(self, turn: Turn, batch: Mapping[str, Tensor]) -> float:
        """The largest number in the gradients of single samples. They may cancel each other, their errors do not."""
        before, largest = [grad.clone() for grad in _grads(turn)], 0.0
        for number in range(len(next(iter(batch.values())))):
            turn.updater.clear()
            turn.backward(self._runs[0]({name: field[number : number + 1] for name, field in batch.items()})[0])
            largest = max([largest, *(float(grad.abs().max()) for grad in _grads(turn))])
        for grad, kept in zip(_grads(turn), before, strict=True):
            grad.copy_(kept)
        return largest


def _grads(turn: Turn) -> list[Tensor]:
    return [slot.grad for slot in turn.updater.slots if slot.grad is not None]


def _grads_of(turn: Turn, vectors: Sequence[Tensor]) -> Sequence[Tensor]:
    """Those among copies of the turn's vectors."""
    count = len(turn.updater.slots)
    return vectors[count : 2 * count]


def _close(one: Tensor, other: Tensor, within: float) -> bool:
    return bool(((one - other).abs() <= within).all())


def numbers_of(turn: Turn, rates: Floats) -> Floats:
    """What changes from step to step, for steps with these learning rates; those of one step side by side."""
    rule, hyper = turn.updater.rule, turn.updater.hyper
    columns: list[Any] = []
    for slot in turn.updater.slots:
        counts: Any = np.arange(slot.step + 1, slot.step + 1 + len(rates))
        lr: Any = rates
        columns += rule.numbers(hyper, lr, counts)
    return np.ascontiguousarray(columns[0]) if len(columns) == 1 else np.stack(columns, axis=1)


def address(numbers: NDArray[Any]) -> int:
    """Where an array lies in memory."""
    return int(numbers.__array_interface__["data"][0])
