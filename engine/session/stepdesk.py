"""Answers about single steps: moments, neurons, weights, chains, and the gradient check, which works on by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, final

from engine.events import Event
from engine.gradcheck import GradientCheck
from engine.numerals import Numerals
from engine.pathfinder import PathFinder
from engine.problem import ChainruleError
from engine.samplejacobian import sample_jacobian
from engine.scalargraph import ScalarGraph
from engine.session import answers, commands, stepcommands
from engine.session.commands import Command
from engine.stepevents import (
    ChainTaken,
    GradientsChecked,
    GradientsChecking,
    JacobianTaken,
    NumeralsTaken,
    OutlineTaken,
    Unfolded,
    ValuesTaken,
)
from engine.training.run import Run
from engine.unfolding import Unfolding

_CHUNK = 0.03
"""Seconds of checking until commands are looked for."""

_REFUSALS = (ChainruleError, IndexError, KeyError, ValueError, RuntimeError)
_NOT_UNFOLDED = "No step has been taken apart yet."
_GONE_ON = (
    "The training has gone on since the step was taken apart, from step {0} to {1}, so that the weights are others by "
    "now. Pause it, and take its next step apart."
)


@final
class StepDesk:
    """Takes questions about steps. It keeps the step last unfolded, and one gradient check at a time."""

    def __init__(self, post: Callable[[Event], None], ready_run: Callable[[], Run]) -> None:
        self._post, self._ready_run = post, ready_run
        self._unfolding: Unfolding | None = None
        self._unfolded_at = 0
        self._check: GradientCheck | None = None
        self._request = 0
        self._handlers: dict[type[Command], Callable[[Any], None]] = {
            commands.Unfold: self._unfold,
            stepcommands.TakeValues: self._values,
            stepcommands.TakeNumerals: self._numerals,
            stepcommands.TakeOutline: self._outline,
            stepcommands.FindChain: self._chain,
            stepcommands.TakeJacobian: self._jacobian,
            stepcommands.CheckGradients: self._start_check,
            stepcommands.CancelCheck: self._cancel,
        }

    @property
    def handlers(self) -> Mapping[type[Command], Callable[[Any], None]]:
        """By the commands they take."""
        return self._handlers

    # -- one step --

    def _unfold(self, command: commands.Unfold) -> None:
        try:
            run = self._ready_run()
            found = self._unfolding = answers.unfold(run, command.batch, command.sample)
        except _REFUSALS as error:
            self._post(Unfolded(command.request, error=_sentence(error)))
            return
        self._unfolded_at = run.trainer.steps
        self._post(Unfolded(command.request, found.step, run.trainer.steps, arrays=found.arrays))

    def _values(self, command: stepcommands.TakeValues) -> None:
        known = {} if self._unfolding is None else self._unfolding.arrays
        if command.key not in known:
            self._post(ValuesTaken(command.request, command.key, error=f'There are no values "{command.key}".'))
            return
        self._post(ValuesTaken(command.request, command.key, known[command.key]))

    def _numerals(self, command: stepcommands.TakeNumerals) -> None:
        if self._unfolding is None:
            self._post(NumeralsTaken(command.request, command.first, error=_NOT_UNFOLDED))
            return
        step = self._unfolding.step
        if not 0 <= command.sample < step.samples:
            error = f"The batch has {step.samples} samples, counted from 0; there is no {command.sample}."
            self._post(NumeralsTaken(command.request, command.first, error=error))
            return
        look = Numerals(step, command.sample, self._unfolding.arrays.get)
        window = (command.first, command.count)
        if command.moment is None:
            found = look.walk(command.level, *window)
        else:
            found = look.inside(command.moment, command.level, *window)
        self._post(NumeralsTaken(command.request, command.first, found))

    def _outline(self, command: stepcommands.TakeOutline) -> None:
        if self._unfolding is None:
            self._post(OutlineTaken(command.request, error=_NOT_UNFOLDED))
            return
        try:
            found = Numerals(self._unfolding.step, 0, self._unfolding.arrays.get).outline()
        except ValueError as error:
            self._post(OutlineTaken(command.request, error=str(error)))
            return
        self._post(OutlineTaken(command.request, *found))

    def _chain(self, command: stepcommands.FindChain) -> None:
        try:
            run = self._ready_run()
            with answers.as_next(run, command.batch, command.sample) as batch:
                finder = PathFinder(ScalarGraph(run.trainer.net, batch, run.trainer.turn))
            found = finder.chain(command.name, command.index, paths=command.paths)
        except _REFUSALS as error:
            self._post(ChainTaken(command.request, error=_sentence(error)))
            return
        self._post(ChainTaken(command.request, found))

    def _jacobian(self, command: stepcommands.TakeJacobian) -> None:
        try:
            run = self._ready_run()
            if self._unfolding is not None and run.trainer.steps != self._unfolded_at:
                error = _GONE_ON.format(self._unfolded_at, run.trainer.steps)
                self._post(JacobianTaken(command.request, error=error))
                return
            with answers.as_next(run, None, command.alone) as batch:
                net, phase = run.trainer.net, run.trainer.turn
                found = sample_jacobian(net, batch, command.node, command.port, command.sample, phase)
        except _REFUSALS as error:
            self._post(JacobianTaken(command.request, error=_sentence(error)))
            return
        self._post(JacobianTaken(command.request, found))

    # -- the gradient check --

    @property
    def working(self) -> bool:
        """Whether a gradient check is under way."""
        return self._check is not None

    def work(self) -> None:
        """A little of it."""
        check = self._check
        if check is None:
            return
        end = time.perf_counter() + _CHUNK
        try:
            while not check.done and time.perf_counter() < end:
                check.advance()
        except _REFUSALS as error:
            self._check = None
            self._post(GradientsChecked(self._request, check.report(), error=_sentence(error)))
            return
        if check.done:
            self._finish(cancelled=False)
        else:
            self._post(GradientsChecking(self._request, check.checked, check.total))

    def _start_check(self, command: stepcommands.CheckGradients) -> None:
        self._finish(cancelled=True)
        try:
            run = self._ready_run()
            trainer = run.trainer
            with answers.as_next(run, command.batch) as batch:
                self._check = GradientCheck(
                    trainer.net, batch, phase=trainer.turn, parameters=command.parameters, entries=command.entries
                )
        except _REFUSALS as error:
            self._post(GradientsChecked(command.request, error=_sentence(error)))
            return
        self._request = command.request
        self._post(GradientsChecking(self._request, 0, self._check.total))

    def _cancel(self, command: stepcommands.CancelCheck) -> None:
        if command.request == self._request:
            self._finish(cancelled=True)

    def _finish(self, *, cancelled: bool) -> None:
        check, self._check = self._check, None
        if check is not None:
            self._post(GradientsChecked(self._request, check.report(), cancelled))


def _sentence(error: BaseException) -> str:
    return str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
