"""Answers about the loss surface: computed a little at a time, beside a training as well, which it leaves alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, final

import torch

from engine.events import Event
from engine.landscape.planes import Plane, WeightPlane, make_plane
from engine.landscape.surface import SurfaceWork
from engine.probes.path import path_of
from engine.problem import ChainruleError
from engine.session import surfacecommands
from engine.session.commands import Command
from engine.surfaceevents import LossSurface, StartedThere, SurfaceComputed, SurfaceComputing, SurfaceWanted
from engine.training.run import Run
from engine.training.trail import Trail, split

_CHUNK = 0.03
"""Seconds of work until commands are looked for."""

_SHARE = 0.25
"""Part of the time that a surface may take of a training."""

_REFUSALS = (ChainruleError, ValueError, RuntimeError)


@final
class SurfaceDesk:
    """Keeps the path of the training, and one surface at a time.

    Tell `follow` of each new run, `note` of each unit of training, `jumped` of weights that were set by hand.
    """

    def __init__(
        self, post: Callable[[Event], None], ready_run: Callable[[], Run], changed: Callable[[], None]
    ) -> None:
        """Args: `ready_run` gives the run, loading it first; `changed` is called when weights were set by hand."""
        self._post, self._ready_run, self._changed = post, ready_run, changed
        self._run: Run | None = None
        self._plane: Plane | None = None
        self._work: SurfaceWork | None = None
        self._wanted = SurfaceWanted()
        self._request, self._at, self._seconds = 0, 0, 0.0
        self._known: LossSurface | None = None
        self._due = 0.0
        self._handlers: dict[type[Command], Callable[[Any], None]] = {
            surfacecommands.ComputeSurface: self._start,
            surfacecommands.CancelSurface: self._cancel,
            surfacecommands.StartThere: self._start_there,
        }

    @property
    def handlers(self) -> Mapping[type[Command], Callable[[Any], None]]:
        """By the commands they take."""
        return self._handlers

    # -- the path --

    def follow(self, run: Run) -> None:
        """The training is another one now; where it goes on from the one before, so does its path."""
        before, self._run = self._run, run
        trail = run.trail = Trail(run.trainer.net, run.trainer.steps)
        if before is not None and before.trail is not None and run.trainer.steps:
            trail.take_over(before.trail)
        if self._plane is not None and self._plane.fits(trail):
            trail.plane = self._plane
        else:
            self._finish(cancelled=True)
            self._plane = None

    def note(self, run: Run, now: float) -> None:
        """A unit of training was done; `now` is of time.perf_counter."""
        if run.trail is not None:
            run.trail.note(run.trainer.steps)
        if self._work is not None and now >= self._due:
            self.work()
            ended = time.perf_counter()
            self._due = ended + (ended - now) * (1 / _SHARE - 1)

    def jumped(self) -> None:
        """Weights were set by hand."""
        if self._run is not None and self._run.trail is not None:
            self._run.trail.jumped(self._run.trainer.steps)

    # -- the surface --

    @property
    def working(self) -> bool:
        """Whether a surface is under way."""
        return self._work is not None

    def work(self) -> None:
        """A little of it."""
        work = self._work
        if work is None:
            return
        began = time.perf_counter()
        try:
            while not work.done and time.perf_counter() < began + _CHUNK:
                work.advance()
        except _REFUSALS as error:
            self._work = None
            self._post(SurfaceComputed(self._request, self._known, error=str(error)))
            return
        finally:
            self._seconds += time.perf_counter() - began
        if work.done:
            self._finish(cancelled=False)
        else:
            self._post(SurfaceComputing(self._request, work.made, work.total, self._surface(work)))

    def _start(self, command: surfacecommands.ComputeSurface) -> None:
        self._finish(cancelled=True)
        self._request, self._known, self._seconds = command.request, None, 0.0
        try:
            run = self._ready_run()
            trail, trainer, wanted = run.trail, run.trainer, command.wanted
            assert trail is not None
            plane = make_plane(trail, wanted)
            plane.request = command.request
            path = [place for _, place in trail.projected(plane, trainer.steps)]
            data = {} if trainer.batches is None else trainer.batches.data
            limits = plane.limits(path, wanted.zoom)
            self._work = SurfaceWork(trainer.net, plane, limits, wanted.side, data, wanted.most, trainer.turn)
        except _REFUSALS as error:
            self._post(SurfaceComputed(command.request, error=str(error)))
            return
        if isinstance(plane, WeightPlane):
            wanted = replace(wanted, entries=plane.entries)
        self._wanted, self._at = wanted, trainer.steps
        self._plane = trail.plane = plane
        self._post(SurfaceComputing(self._request, 0, self._work.total))
        found = path_of(run)
        if found is not None:
            self._post(found)

    def _surface(self, work: SurfaceWork) -> LossSurface | None:
        """What is complete of it; the same object as long as nothing is added."""
        grid, plane = work.grid(), self._plane
        if grid is None or plane is None:
            return None
        if self._known is None or self._known.loss.shape != grid[2].shape:
            self._known = LossSurface(
                self._wanted,
                self._at,
                *grid,
                here=plane.here,
                value=work.value,
                lengths=plane.lengths,
                explained=plane.explained,
                samples=work.samples,
                of=work.of,
                dimensions=plane.centre.numel(),
                batched=work.batched,
            )
        return self._known

    def _cancel(self, command: surfacecommands.CancelSurface) -> None:
        if command.request == self._request:
            self._finish(cancelled=True)

    def _finish(self, *, cancelled: bool) -> None:
        work, self._work = self._work, None
        if work is not None:
            self._post(SurfaceComputed(self._request, self._surface(work), cancelled, self._seconds))

    # -- starting elsewhere --

    def _start_there(self, command: surfacecommands.StartThere) -> None:
        answer = StartedThere(command.request, command.x, command.y)
        plane = self._plane
        if plane is None or plane.request != command.request:
            error = "The network is another one than that of this surface. Compute it anew."
            self._post(replace(answer, error=error))
            return
        try:
            net = self._ready_run().trainer.net
        except _REFUSALS as error:
            self._post(replace(answer, error=str(error)))
            return
        places = (torch.tensor([value], dtype=torch.float64) for value in (command.x, command.y))
        row = plane.row(*places)[0]
        with torch.no_grad():
            for name, value in split(row, plane.names, plane.shapes).items():
                net.get_parameter(name).copy_(value)
        self._changed()
        self._post(answer)
