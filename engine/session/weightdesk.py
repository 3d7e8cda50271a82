"""Answers about single weights: followed through the updates, set by hand, and the loss over one of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from engine.events import Event, Said, copied
from engine.linearfit import linear_fit
from engine.losscurve import CurveWork, weight_in
from engine.problem import ChainruleError
from engine.session import stepcommands
from engine.session.commands import Command
from engine.stepevents import Followed, LinearFitTaken, LossCurveTaken, LossCurving
from engine.training.run import Run
from engine.weightviews import Entry

_CHUNK = 0.03
"""Seconds of work on a curve until commands are looked for; what a curve that is wanted at once may take."""

_REFUSALS = (ChainruleError, IndexError, KeyError, ValueError, RuntimeError)


@final
@dataclass(slots=True)
class _Follower:
    """One that asked for weights: views of them, and their values since they were told last."""

    entries: tuple[Entry, ...]
    weights: list[Tensor] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    rows: list[list[float]] = field(default_factory=list)
    error: str = ""
    told: int = -1
    """The last update that was noted: a unit of work may also be a part of a validation."""

    def note(self, step: int) -> None:
        """The values after this update."""
        self.told = step
        self.steps.append(step)
        self.rows.append([weight.item() for weight in self.weights])


@final
class WeightDesk:
    """Takes questions about single weights. Tell `note` of each unit of work, `moved` of whatever else changes them."""

    def __init__(
        self, post: Callable[[Event], None], ready_run: Callable[[], Run], changed: Callable[[], None]
    ) -> None:
        """Args: `ready_run` gives the run, loading it first; `changed` is called when weights were set by hand."""
        self._post, self._ready_run, self._changed = post, ready_run, changed
        self._run: Run | None = None
        self._followers: dict[str, _Follower] = {}
        self._curve: CurveWork | None = None
        self._request, self._began, self._told = 0, 0.0, 0.0
        self._handlers: dict[type[Command], Callable[[Any], None]] = {
            stepcommands.TakeLossCurve: self._take_curve,
            stepcommands.CancelLossCurve: self._cancel,
            stepcommands.FollowWeights: self._follow,
            stepcommands.SetWeights: self._set,
            stepcommands.TakeLinearFit: self._linear_fit,
        }

    @property
    def handlers(self) -> Mapping[type[Command], Callable[[Any], None]]:
        """By the commands they take."""
        return self._handlers

    # -- following --

    @property
    def following(self) -> bool:
        """Whether somebody wants to know of every update."""
        return any(follower.weights for follower in self._followers.values())

    def note(self, run: Run) -> None:
        """A unit of work was done."""
        if not self._followers:
            return
        step = run.trainer.steps
        for follower in self._followers.values():
            if follower.weights and follower.told != step:
                follower.note(step)

    def flush(self) -> None:
        """Tell what was noted."""
        for who, follower in self._followers.items():
            if follower.steps:
                self._tell(who, follower, moved=False)

    def moved(self, run: Run | None) -> None:
        """The weights are others now, though no step was made; or the run is another one."""
        self.flush()  # the updates before
        self._run = run
        for who, follower in self._followers.items():
            self._look(follower)
            if run is not None:
                follower.note(run.trainer.steps)
                self._tell(who, follower, moved=True)

    def _look(self, follower: _Follower) -> None:
        """Find the weights in the present network."""
        follower.weights, follower.error = [], ""
        if self._run is None:
            return
        try:
            follower.weights = [weight_in(self._run.trainer.net, entry) for entry in follower.entries]
        except ValueError as error:
            follower.error = str(error)

    def _tell(self, who: str, follower: _Follower, *, moved: bool) -> None:
        steps, rows = follower.steps, follower.rows
        follower.steps, follower.rows = [], []
        values = copied(rows, np.float64).reshape(len(steps), -1)
        self._post(Followed(who, follower.entries, copied(steps, np.int64), values, moved, follower.error))

    def _follow(self, command: stepcommands.FollowWeights) -> None:
        self.flush()  # who asks again for the same weights misses none of their updates
        if not command.entries:
            self._followers.pop(command.who, None)
            return
        self._followers.pop(command.who, None)
        follower = _Follower(command.entries)
        try:
            self._run = self._ready_run()  # which tells the others, if it is a new one
        except _REFUSALS as error:
            self._followers[command.who] = follower
            nothing = copied([], np.float64)
            self._post(Followed(command.who, command.entries, nothing, nothing, moved=True, error=sentence(error)))
            return
        self._followers[command.who] = follower
        self._look(follower)
        follower.note(self._run.trainer.steps)
        self._tell(command.who, follower, moved=True)

    # -- by hand --

    def _set(self, command: stepcommands.SetWeights) -> None:
        try:
            net = self._ready_run().trainer.net
            found = [(weight_in(net, entry), value) for entry, value in command.numbers]
        except _REFUSALS as error:
            self._post(Said("warning", sentence(error)))
            return
        with torch.no_grad():
            for weight, value in found:
                weight.fill_(value)
        self._changed()

    # -- curves --

    @property
    def working(self) -> bool:
        """Whether a curve is under way."""
        return self._curve is not None

    def work(self) -> None:
        """A little of it."""
        work = self._curve
        if work is None:
            return
        try:
            self._advance(work)
        except _REFUSALS as error:
            self._curve = None
            self._post(LossCurveTaken(self._request, complete=False, error=sentence(error)))
            return
        if work.done:
            self._finish()
        else:
            self._post(LossCurving(self._request, work.curve(), work.made, work.total))

    def _advance(self, work: CurveWork) -> None:
        end = time.perf_counter() + _CHUNK
        while not work.done:
            work.advance()
            if time.perf_counter() > end:
                break

    def _take_curve(self, command: stepcommands.TakeLossCurve) -> None:
        self._finish()
        self._request, self._began = command.request, time.perf_counter()
        try:
            run = self._ready_run()
            self._curve = CurveWork(run, command.entry, command.low, command.high, command.count, command.on)
        except _REFUSALS as error:
            self._post(LossCurveTaken(command.request, complete=False, error=sentence(error)))
            return
        self.work()
        if command.now:
            self._finish()

    def _cancel(self, command: stepcommands.CancelLossCurve) -> None:
        if command.request == self._request:
            self._finish()

    def _finish(self) -> None:
        work, self._curve = self._curve, None
        if work is not None:
            seconds = time.perf_counter() - self._began
            self._post(LossCurveTaken(self._request, work.curve(), work.done, seconds))

    # -- linear fits --

    def _linear_fit(self, command: stepcommands.TakeLinearFit) -> None:
        try:
            self._post(LinearFitTaken(command.request, linear_fit(self._ready_run())))
        except _REFUSALS as error:
            self._post(LinearFitTaken(command.request, error=sentence(error)))


def sentence(error: BaseException) -> str:
    """What an exception says."""
    return str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
