"""Which way a training makes its steps, eagerly or by a captured program: the faster one, found out while it trains.

A program is taken only after it made several steps of the training to the bit as PyTorch makes them eagerly. So the
choice, which depends on the clock, is never seen in a result: a run can be repeated, resumed or gone back in, whatever
was chosen then and now.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from statistics import median
from typing import final

import torch
from torch import Tensor

from engine.build import Net
from engine.netcode import Batch
from engine.training.bits import equal
from engine.training.captured import FAILURES, Forward, Made, Program, eager
from engine.training.rollback import Rollback
from engine.training.turns import Kept, Turn

_EAGER_STEPS = 16
"""Steps of one kind made eagerly, and timed, before it is thought of capturing them."""

_COMPARED = 3
"""Steps made in both ways and compared to the bit."""

_CAPTURED_STEPS = 8
"""Steps made by the program and timed before it is kept or dropped."""

_TOO_LONG = 0.005
"""Seconds of a step that is left eager: what could be saved of it, Python's part, is nothing beside its arithmetic.

All times here are the thread's own: the window, which is busiest when a training begins, must not decide by what it
keeps the thread waiting for.
"""

_GAIN = 0.95
"""Of the eager step's time a captured one takes at most."""

_KINDS = 16
"""Kinds of steps (phases and batch sizes) that are told apart; others stay eager."""


@final
@dataclass(slots=True)
class _Trial:
    """What is known of one kind of step: of one phase, with batches of one size.

    Attributes:
        program: makes it; None while it has not been written down.
        lasting: whether the choice has been made.
        seconds: that the program takes, once it has been chosen.
    """

    program: Program | None = None
    lasting: bool = False
    eager_seconds: list[float] = field(default_factory=list)
    captured_seconds: list[float] = field(default_factory=list)
    compared: int = 0
    seconds: float = 0.0


@final
class Choice:
    """Makes the steps of one training in the way that is best.

    Attributes:
        captured: whether a program made the last step.
        allowed: whether programs may be used; may be changed between steps.
        binding: another number each time that the weights may have got other storage.
    """

    def __init__(self, net: Net, runs: Sequence[Forward], rollback: Rollback) -> None:
        """Args: `runs` compute loss and wanted outputs, by phase; `rollback` keeps the state before each step."""
        self._net, self._runs, self._rollback = net, runs, rollback
        self._trials: dict[tuple[int, int], _Trial] = {}
        self._on_cpu = all(tensor.device.type == "cpu" for tensor in (*net.parameters(), *net.buffers()))
        self.allowed, self.captured, self.binding = True, False, 0

    @property
    def made(self) -> bool:
        """Whether a program has been chosen for the steps of any kind."""
        return self.allowed and any(trial.lasting and trial.program is not None for trial in self._trials.values())

    def chosen(self, turn: Turn, samples: int) -> tuple[Program, float] | None:
        """The program that makes the phase's steps of batches of so many samples, and the seconds one takes."""
        trial = self._trials.get((turn.number, samples)) if self.allowed else None
        if trial is None or trial.program is None or not trial.lasting or not trial.program.fits(turn):
            return None
        return trial.program, trial.seconds

    def begin_again(self) -> None:
        """Something but weights and hyperparameters has changed: the programs are no longer right."""
        self._trials.clear()

    def rebind(self, turns: Sequence[Turn]) -> None:
        """Parameters and optimizers may have got other storage, or be packed otherwise."""
        self.binding += 1
        for (number, _), trial in list(self._trials.items()):
            if trial.program is not None and not trial.program.rebound(turns[number]):
                self._trials = {kind: other for kind, other in self._trials.items() if other is not trial}

    def step(self, turn: Turn, batch: Batch, lr: float) -> Made:
        """Make a step; raises what PyTorch raises."""
        self.captured = False
        if not self.allowed:
            return eager(self._runs[turn.number], turn, batch, lr)
        samples = next(iter(batch.values())).size(0) if batch else 0
        trial = self._trials.get((turn.number, samples))
        if trial is None:
            trial = self._begin(turn, samples)
        program = trial.program
        if program is None:
            if trial.lasting:
                return eager(self._runs[turn.number], turn, batch, lr)
            return self._watched(trial, turn, batch, lr)
        if not program.fits(turn):
            self._trials.pop((turn.number, samples))
            return self._watched(self._begin(turn, samples), turn, batch, lr)
        if trial.compared < _COMPARED:
            return self._compared(trial, program, turn, batch, lr)
        began = 0.0 if trial.lasting else time.thread_time()
        try:
            made = program.step(self._net, turn, batch, lr)
        except FAILURES:  # what is wrong, and in which block, the eager step will say
            self._rollback.put_back()
            return eager(self._runs[turn.number], turn, batch, lr)
        self.captured = True
        if not trial.lasting:
            self._judge(trial, time.thread_time() - began)
        return made

    def _begin(self, turn: Turn, samples: int) -> _Trial:
        trial = _Trial(lasting=not self._on_cpu or not turn.updater.packed or len(self._trials) >= _KINDS)
        if len(self._trials) < _KINDS:
            self._trials[(turn.number, samples)] = trial
        return trial

    def _watched(self, trial: _Trial, turn: Turn, batch: Batch, lr: float) -> Made:
        """An eager step with a look at the clock; after some of them, the program is written."""
        forward = self._runs[turn.number]
        if len(trial.eager_seconds) >= _EAGER_STEPS:
            if median(trial.eager_seconds) < _TOO_LONG:
                trial.program = Program.of(self._net, forward, turn, batch)
                self._rollback.put_back()
            trial.lasting = trial.program is None
        began = time.thread_time()
        made = eager(forward, turn, batch, lr)
        trial.eager_seconds.append(time.thread_time() - began)
        return made

    def _compared(self, trial: _Trial, program: Program, turn: Turn, batch: Batch, lr: float) -> Made:
        """A step made by the program, taken back, and made eagerly; the program is dropped unless both are equal."""
        before = Kept(turn)
        theirs: Made | None = None
        with suppress(*FAILURES):  # so it is not as the eager step
            theirs = program.step(self._net, turn, batch, lr)
        after = self._state(turn)
        before.put_back()
        self._rollback.put_back()
        ours = eager(self._runs[turn.number], turn, batch, lr)
        if not (math.isfinite(ours[0]) and math.isfinite(ours[1])):
            return ours  # which proves nothing
        if theirs is not None and _same(theirs, ours) and all(map(equal, after, self._state(turn))):
            trial.compared += 1
        else:
            trial.program, trial.lasting = None, True
        return ours

    def _state(self, turn: Turn) -> list[Tensor]:
        return [*Kept(turn).vectors, *(buffer.clone() for buffer in self._net.buffers()), torch.get_rng_state()]

    def _judge(self, trial: _Trial, seconds: float) -> None:
        trial.captured_seconds.append(seconds)
        if len(trial.captured_seconds) >= _CAPTURED_STEPS:
            trial.lasting = True
            trial.seconds = median(trial.captured_seconds)
            if trial.seconds > _GAIN * median(trial.eager_seconds):
                trial.program = None


def _same(one: Made, other: Made) -> bool:
    """Whether loss, norm and outputs are equal to the bit."""
    shown = all(equal(tensor, other[2][name]) for name, tensor in one[2].items())
    return one[:2] == other[:2] and shown
