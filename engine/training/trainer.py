"""One training, step by step: batch, loss, gradient, update."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, final

import torch
from torch import Tensor

from engine.build import Net
from engine.replay import first_nonfinite, first_nonfinite_gradient
from engine.result import Result
from engine.training.batching import Batch, Batches
from engine.training.captured import Forward, Made
from engine.training.choosing import Choice
from engine.training.crew import ALONE, Crew
from engine.training.epochs import Epochs, Looks, WholeEpochs
from engine.training.errors import StepError, is_out_of_memory
from engine.training.footprint import Footprint
from engine.training.forwarding import FastForward
from engine.training.livesettings import LiveSettings
from engine.training.looping import Loop
from engine.training.metrics import Meter
from engine.training.modes import Modes
from engine.training.precision import Precision
from engine.training.randomness import Randomness
from engine.training.rollback import Rollback
from engine.training.scriptedepochs import ScriptedEpochs
from engine.training.sliced import SlicedSteps
from engine.training.slicing import batch_norm_of
from engine.training.task import Task
from engine.training.turns import Turn, Turns
from engine.training.updates import Memory, Updater


@final
class Trainer:
    """Makes steps. Owns network, batches, optimizers; knows nothing of files, events or threads.

    Attributes:
        steps: updates made.
        epochs: epochs completed (a graph without data has an epoch a step).
        loss_sum, loss_weight: of the epoch so far: losses times samples, and samples.
        meter: collects the training metrics of the epoch.
        last_lr: learning rate of the last update; last_loss: of the last step; first_loss: of the first one made here.
        turns: the phases, and whose update is next.
        randomness: of the random blocks.
        modes: training and evaluation, and whether dropout is switched off.
        choice: whether steps are captured or eager; `loop` makes captured ones in a row.
        fast: makes many steps at once, where it is switched on.
        sliced: makes steps in mixed precision or in micro-batches instead.
        crew: the processes that make this training; `batches` hands out the part of this one.
        maker: makes the steps where there are several processes, in place of the others.
        passing: what a function has to be wrapped in that runs the network outside of a step.
        footprint: measures the memory that the first step takes.
    """

    def __init__(
        self,
        net: Net,
        batches: Batches | None,
        meter: Meter,
        *,
        device: torch.device,
        seed: int,
        memory: Sequence[Mapping[str, Memory]] = (),
        crew: Crew = ALONE,
    ) -> None:
        """Begin at step 0.

        Args:
        net: of a result without errors that has objectives; on `device`.
        batches: of the training data; None when the graph has no Input.
        meter: for the training metrics; its task names the prediction.
        device: where the network is.
        seed: of the random blocks.
        memory: for each phase, what an optimizer remembers of some parameters.
        crew: the processes that make this training.
        """
        self.crew = crew
        self.maker: Callable[[Turn, Batch, float], Made] | None = None
        self.passing: Callable[[Forward], Forward] = lambda forward: forward
        self.net, self.batches, self.meter = net, batches, meter
        self.result: Result = net.result
        self.settings = self.result.settings
        self.randomness = Randomness(seed, device)
        self.steps = self.epochs = 0
        self.last_lr = self.last_loss = 0.0
        self.first_loss: float | None = None
        self.loss_sum = self.loss_weight = 0.0
        self.modes = Modes(net, gathers=crew.size > 1)
        self._random = any((recipe := self.result.nodes[path].recipe) and recipe.random for path in net.order)
        self._rollback = Rollback(net, self.randomness if self._random else None)
        self.turns = Turns(net, self.steps_per_epoch, memory)
        self._shown = _wanted(meter.task)
        runs = [net.loss_and(self._shown, phase=turn.number) for turn in self.turns.all]
        self.choice = Choice(net, runs, self._rollback)
        self.loop = Loop(net, self.choice, self._rollback)
        self.fast = FastForward(net, runs, self._shown, self._rollback, self.modes)
        self._epochs = WholeEpochs(self.fast), ScriptedEpochs(net, self.choice, self._rollback)
        self._live = LiveSettings(self.turns, self.modes, self.choice, self.fast)
        precision = Precision(self.settings["precision"], device)
        least = 2 if batch_norm_of(self.result) else 1
        self.sliced = SlicedSteps(net, self._shown, precision, self.settings["micro_batch"], least)
        self.footprint = Footprint(net, device)
        self.modes.train()

    # -- reading --

    @property
    def task(self) -> Task | None:
        """What the network is asked."""
        return self.meter.task

    @property
    def steps_per_epoch(self) -> int:
        """Updates in one epoch."""
        return self.batches.steps_per_epoch if self.batches is not None else 1

    @property
    def epoch_over(self) -> bool:
        """Whether the epoch's samples are used up."""
        return self.batches is None or self.batches.at_end

    @property
    def position(self) -> float:
        """Epochs made, with fraction."""
        if self.batches is None or self.batches.at_end:
            return float(self.epochs)
        return self.epochs + self.batches.position / self.batches.samples

    @property
    def updaters(self) -> tuple[Updater, ...]:
        """One for each phase."""
        return tuple(turn.updater for turn in self.turns.all)

    @property
    def lr(self) -> float:
        """The learning rate of the next update, schedule applied."""
        turn = self.turns.now
        return turn.schedule.lr(turn.updater.hyper.lr, self.steps)

    @property
    def samples_at_once(self) -> int:
        """The most samples that a step computes with at the same time."""
        size = 1 if self.batches is None else min(self.batches.size, self.batches.samples)
        return min(size, self.sliced.most or size)

    @property
    def turn(self) -> int:
        """Number of the phase whose update is next."""
        return self.turns.now.number

    def gradients(self) -> dict[str, Tensor]:
        """Gradients of the last step by parameter, over all phases; before clipping. None before its first step.

        A trainer that goes on from another, or from a file, has made no step of its own yet; nor has one that failed.
        """
        return self.turns.gradients()

    # -- stepping --

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """Steps are made inside of this: it gives them their random numbers."""
        if not self._random:
            yield
            return
        with self.randomness.drawing():
            yield

    def step(self, size: int | None = None) -> float:
        """One update with the next batch, or with the next `size` samples; its loss, before the update.

        At the end of an epoch, call `end_epoch` first.

        Raises:
            StepError: the loss or the gradient is not finite, or a block failed; nothing has changed.
        """
        start = 0 if self.batches is None else self.batches.position
        batch = {} if self.batches is None else self.batches.next(size)
        self._rollback.keep()
        turn = self.turns.now
        try:
            value, outputs = self._try(turn, batch)
        except StepError as failure:
            self._rollback.put_back()
            self.turns.stepped = False  # its gradients may lie over those of the step before
            if self.batches is not None:
                self.batches.position = start
            if failure.code in ("T01", "T02"):
                failure.node = self._first_bad(failure.code, batch, turn.number)
            raise
        self._count([value], outputs)
        return value

    def advance(self, most: int, size: int | None = None) -> Sequence[float]:
        """One update as `step`, or up to `most` of this epoch in one call; their losses. Raises as `step`."""
        made, turn, self.fast.running = None, self.turns.now, False
        if size is None and self.batches is not None and self.whole:
            if self.fast.wanted:
                made = self.fast.steps(self.turns.all, self.batches, self.steps, most)
            if made is None and self.footprint.parts is not None:
                made = self.loop.steps(turn, self.batches, self.steps, self.turns.room(most))
        if made is None:
            return [self.step(size)]
        self.last_lr = made.lr
        self._count(made.losses, made.outputs)
        return made.losses

    def advance_epochs(self, most: int, looks: Looks, *, keep: bool) -> Epochs | None:
        """Up to `most` epochs in one call, validations included; None: the next one is to be made by itself.

        Args:
            most: at least 1.
            looks: the validation.
            keep: the weights after each epoch are wanted.
        """
        batches, turn = self.batches, self.turns.now
        alone = len(self.turns.all) == 1 and turn.schedule.kind != "plateau"
        if batches is None or batches.position or not (alone and self.whole):
            return None
        if [name in batches.data for name in self._shown] not in ([], [False, True]):
            return None  # an epoch's predictions are computed, and its targets are data
        made = self._epochs[0 if self.fast.wanted else 1].make(turn, batches, self.steps, most, looks, keep=keep)
        if made is not None:
            self.steps, self.epochs = self.steps + made.losses.size, self.epochs + len(made.losses)
            batches.next_epoch(len(made.losses))
            self.last_loss, self.last_lr = float(made.losses[-1, -1]), float(made.rates[-1])
            self.turns.made(made.losses.size)
            self.fast.running = self.fast.wanted
        return made

    @property
    def whole(self) -> bool:
        """Whether one process makes each step in one piece."""
        return not (self.sliced.most or self.sliced.precision.mixed or self.maker) and self.crew.size == 1

    @property
    def may_be_fast(self) -> bool:
        """Whether kernels are asked for, and nothing stands against them but what is to be computed."""
        return self.fast.wanted and self.whole

    def _try(self, turn: Turn, batch: Batch) -> tuple[float, Mapping[str, Tensor]]:
        lr = turn.schedule.lr(turn.updater.hyper.lr, self.steps)
        value, norm, outputs = self._made(turn, batch, lr)
        for code, number in (("T01", value), ("T02", norm)):
            if not math.isfinite(number):
                raise StepError(code, value=number)
        self.last_lr = lr
        return value, outputs

    def _made(self, turn: Turn, batch: Batch, lr: float) -> Made:
        steps = self.sliced if self.sliced.wanted(batch) else self.choice
        try:
            if self.maker is not None:
                return self.maker(turn, batch, lr)
            if self.footprint.parts is not None:
                return steps.step(turn, batch, lr)
            with self.footprint.measuring(turn):
                return steps.step(turn, batch, lr)
        except (RuntimeError, ValueError, TypeError, IndexError, MemoryError) as error:
            code = "T03" if is_out_of_memory(error) else "T04"
            if code == "T03":
                turn.updater.clear()  # what came together by then is of no use, and memory is short
            raise StepError(code, self.net.node_at(error), cause=error) from error

    def _count(self, losses: Sequence[float], outputs: Mapping[str, Tensor]) -> None:
        """Updates of the phase whose turn it is were made, all with as many samples."""
        self.steps += len(losses)
        samples = 1 if self.batches is None else self.batches.whole
        if self._shown and self.meter.names:
            self.meter.add(*(outputs[name] for name in self._shown), batches=len(losses))
        self.last_loss = losses[-1]
        if self.first_loss is None:
            self.first_loss = losses[0]
        for value in losses:
            self.loss_sum += value * samples
        self.loss_weight += samples * len(losses)
        self.turns.made(len(losses))

    def _first_bad(self, code: str, batch: Batch, phase: int) -> str | None:
        """The block that first produced the bad number, found by running the batch once more, node by node."""
        find = first_nonfinite if code == "T01" else first_nonfinite_gradient
        try:
            with self.sliced.precision.casting():
                return find(self.net, batch, phase, self._rollback.put_random_states_back)
        except (RuntimeError, MemoryError):  # what could just be run may not fit with every value held
            return None

    def end_epoch(self, monitored: float) -> bool:
        """Begin the next epoch; `monitored` is what the plateau watches. Whether a learning rate was reduced."""
        self.epochs += 1
        self.loss_sum = self.loss_weight = 0.0
        self.meter.clear()
        if self.batches is not None:
            self.batches.next_epoch()
        return self.turns.epoch_ended(monitored)

    # -- changing --

    def set_hyper(self, name: str, value: Any) -> Any:
        """Change one of `settings.LIVE` in every phase that has the first one's value; the old value."""
        return self._live.set(name, value)

    def has_hyper(self, name: str, value: Any) -> bool:
        """Whether one of `settings.LIVE` has this value, in the first phase."""
        return self._live.has(name, value)

    def evaluating(self) -> AbstractContextManager[None]:
        """The network in evaluation mode, without gradients."""
        return self.modes.evaluating()


def _wanted(task: Task | None) -> tuple[str, ...]:
    return () if task is None else (".".join(task.prediction), ".".join(task.target))
