"""The session's thread: takes commands, trains, posts events."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, final

from engine.events import Concluded, Event, RunFailed, RunState, Said
from engine.graph import Project
from engine.runplace import RunPlace
from engine.session import commands, stepcommands
from engine.session.commands import Command
from engine.session.desk import Desk
from engine.session.failing import failed
from engine.session.goal import reached, steps_ahead
from engine.session.keeping import Keeping
from engine.session.live import bring
from engine.session.looking import Looking
from engine.session.machine import Machine
from engine.session.pace import Pace
from engine.session.past import Past
from engine.session.reading import Inbox, Reading
from engine.session.runs import Runs
from engine.session.stepdesk import StepDesk
from engine.session.surfacedesk import SurfaceDesk
from engine.session.weightdesk import WeightDesk
from engine.stepevents import NextStepChanged
from engine.training.concluding import verdict
from engine.training.run import Run

_FLUSH = 0.02
"""Seconds between two posts of scalars."""
_PROGRESS = 1 / 15


@final
class Worker:
    """Trains. While a run goes, the queue is looked into after each unit of work; else the thread sleeps on it."""

    def __init__(
        self,
        inbox: queue.SimpleQueue[Command],
        post: Callable[[Event], None],
        project: Project,
        folder: Path | None,
        runs: RunPlace | None,
        threads: int | None,
    ) -> None:
        self._inbox, self._post = Inbox(inbox), post
        self._keeping, self._threads = Keeping(post, runs), threads
        self._looking = Looking(post, self._inbox)
        reading = Reading(self._inbox, post)
        self._runs = Runs(post, project, folder, self._keeping, reading, follow=self._follow, show=self._looking.show)
        self._goal = commands.Until()
        self._samples: int | None = None
        self._pace, self._machine = Pace(), Machine(post)
        self._past = Past(post)
        self._steps = StepDesk(post, self._runs.for_answer)
        self._weights = WeightDesk(post, self._runs.for_answer, self._set_by_hand)
        self._surfaces = SurfaceDesk(post, self._runs.for_answer, self._set_by_hand)
        self._handlers: dict[type[Command], Callable[[Any], None]] = {
            commands.Play: lambda command: self._go(command.until),
            commands.Pause: self._pause,
            commands.Step: self._step,
            commands.Stop: self._stop,
            commands.Reset: self._runs.reset,
            commands.Apply: self._apply,
            commands.SetHyper: self._set_hyper,
            commands.Watch: self._watch,
            commands.LookAt: lambda command: self._looking.look_at(command, running=self._runs.state == "running"),
            commands.ResumeRun: self._resume,
            commands.TellMachine: lambda _command: self._machine.tell(),
            commands.KeepRuns: lambda command: self._keeping.choose(command.place, self._runs.run),
            stepcommands.TellHistory: self._tell_history,
            stepcommands.StepBack: lambda _command: self._travel(-1),
            stepcommands.Goto: lambda command: self._travel(command.at - self._runs.ready().trainer.steps),
            **self._steps.handlers,
            **self._weights.handlers,
            **self._surfaces.handlers,
        }
        self._desk = Desk(post, self._runs.for_answer, lambda: self._runs.loaded, folder)

    # -- the thread --

    def work(self) -> None:
        """Until the command to close."""
        self._machine.begin(self._threads)
        self._runs.tell("ready")
        while True:
            command = self._next()
            if isinstance(command, commands.Close):
                break
            self._guarded(lambda command=command: self._handle(command))  # type: ignore[misc]
        self._guarded(self._runs.save)
        self._keeping.release()
        self._machine.end()
        self._runs.tell("closed")

    def _next(self) -> Command:
        """The next command; trains, or works on what was asked, until there is one."""
        while self._inbox.empty():
            if self._runs.state == "running":
                self._guarded(self._train)
            elif self._looking.unseen:
                self._guarded(self._looking.show)
            elif busy := [desk for desk in (self._steps, self._weights, self._surfaces) if desk.working]:
                self._guarded(busy[0].work)
            elif self._machine.restless:
                self._guarded(self._machine.measure)
            else:
                break
        return self._inbox.get()

    def _guarded(self, work: Callable[[], None]) -> None:
        """Whatever goes wrong is told and pauses the training; the thread lives on."""
        try:
            work()
        except Exception as error:  # noqa: BLE001 - a thread that dies answers nobody any more
            self._fail(*failed(error, self._runs.run, self._runs.loaded))

    def _fail(self, event: RunFailed, state: RunState) -> None:
        self._count()
        self._post(event)
        if self._runs.state in ("running", "loading"):
            self._runs.tell(state, event.message)
        if event.code in ("T01", "T02"):  # the weights before the step: what was seen of a training may lag behind
            self._looking.show()

    def _handle(self, command: Command) -> None:
        handler = self._handlers.get(type(command))
        if handler is not None:
            handler(command)
        elif self._desk.answer(command):
            self._set_by_hand()

    def _set_by_hand(self) -> None:
        """Weights were overwritten."""
        run, self._runs.by_hand = self._runs.run, True
        if run is not None:
            run.disk.pace.changed = True
        self._changed()
        self._weights.moved(run)
        self._surfaces.jumped()
        if self._runs.state != "running":
            self._looking.show()

    # -- training --

    def _train(self) -> None:
        """Units of work, one at least, until a command comes or the goal is reached."""
        run, inbox, observer, past = self._runs.run, self._inbox, self._looking.observer, self._past.history
        assert run is not None
        assert observer is not None
        assert past is not None
        now = time.perf_counter()
        flush_at, progress_at = now + _FLUSH, now
        with run.trainer.drawing(), self._pace.going(run):
            while not reached(run, self._goal):
                began = time.perf_counter()
                run.tick(self._samples, steps_ahead(run, self._goal, all_seen=self._weights.following))
                now = time.perf_counter()
                past.note(self._samples, now - began)
                self._weights.note(run)
                self._surfaces.note(run, now)
                if now >= flush_at:
                    self._flush()
                    flush_at = now + _FLUSH
                if now >= observer.next_due:
                    for snapshot in observer.take_due(now):
                        self._post(snapshot)
                if now >= progress_at:
                    self._post(self._pace.progress(run, now))
                    progress_at = now + _PROGRESS
                if not inbox.empty():
                    break
        if reached(run, self._goal):
            self._hold("finished" if run.over else "paused", run.ending())
            if run.over and (found := verdict(run)) is not None:
                self._post(Concluded(found.message, found.hint, found.suggested_lr))

    def _go(self, goal: commands.Until, samples: int | None = None) -> None:
        run = self._runs.ready()
        if bring(run, self._runs.live):
            self._changed()
        if run.over:
            run.extend()
        run.plan(goal.epochs, goal.steps)
        self._keeping.begin(run, by_hand=self._runs.by_hand)
        self._goal, self._samples = goal, samples
        self._runs.tell("running")

    def _hold(self, state: RunState, message: str = "") -> None:
        """Stop going: everything is told as it stands now."""
        self._count()
        self._runs.tell(state, message)
        self._looking.show()
        self._runs.save()

    def _count(self) -> None:
        """All numbers up to the step that the training stands at."""
        self._flush()
        if self._runs.run is not None:
            self._post(self._pace.progress(self._runs.run, time.perf_counter()))

    def _flush(self) -> None:
        run = self._runs.run
        if run is not None and (scalars := run.scalars()) is not None:
            self._post(scalars)
            self._machine.note(run)
        self._weights.flush()

    def _follow(self, run: Run) -> None:
        """Another run is there."""
        self._machine.fit(run)
        self._pace.restart()
        self._surfaces.follow(run)
        self._past.follow(run, self._looking.follow(run).forget)
        self._weights.moved(run)
        self._post(NextStepChanged())

    # -- commands --

    def _pause(self, _command: commands.Pause) -> None:
        if self._runs.state == "running":
            self._hold("paused")

    def _step(self, command: commands.Step) -> None:
        run = self._runs.ready()
        trainer = run.trainer
        if command.grain == "epoch":
            self._go(commands.Until(epochs=trainer.epochs + 1))
            return
        if command.grain == "sample" and run.batch_norm:
            message = f'"{run.batch_norm}" cannot normalise a single sample; step by batches.'
            self._post(Said("warning", message))
            return
        self._go(commands.Until(steps=trainer.steps + 1), 1 if command.grain == "sample" else None)
        self._train()  # at once, so that a question asked next is about the weights after the step

    def _stop(self, _command: commands.Stop) -> None:
        if self._runs.state in ("running", "paused", "failed"):
            self._hold("ready")

    def _resume(self, command: commands.ResumeRun) -> None:
        self._guarded(self._runs.save)  # what comes next is another run
        self._runs.resume(command)

    def _apply(self, command: commands.Apply) -> None:
        self._flush()  # the steps of the graph before
        self._runs.apply(command)

    def _set_hyper(self, command: commands.SetHyper) -> None:
        if self._runs.set_hyper(command):
            self._changed()

    def _watch(self, command: commands.Watch) -> None:
        if self._looking.watch(command) and self._runs.state != "running":
            self._looking.show()

    # -- time --

    def _changed(self) -> None:
        """Something but a step changed the run."""
        self._post(NextStepChanged())
        self._past.changed()

    def _tell_history(self, command: stepcommands.TellHistory) -> None:
        self._runs.for_answer()
        self._past.tell(command.request)

    def _travel(self, steps: int) -> None:
        """So many updates on or, negative, back; then it is paused there."""
        run, past = self._runs.ready(), self._past
        wanted = past.at + steps
        if self._runs.state == "running":
            self._hold("paused")
        if not past.reaches(wanted):
            return
        self._flush()
        past.goto(wanted)
        self._weights.moved(run)
        self._pace.restart()
        self._post(self._pace.progress(run, time.perf_counter()))
        past.tell(moved=True)  # before the state: who hears of step 0 knows that it is no reset
        self._runs.tell("paused" if run.trainer.steps else "ready")
        self._looking.show()
