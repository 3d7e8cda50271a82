"""The session's thread: takes commands, trains, posts events."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, final

from engine.events import Applied, Concluded, Event, RunFailed, RunState, Said, StateChanged
from engine.graph import Project
from engine.param import ParamError
from engine.probes.observer import Observer
from engine.problem import ChainruleError
from engine.runplace import RunPlace
from engine.session import commands, stepcommands
from engine.session.commands import Command
from engine.session.desk import Desk
from engine.session.failing import failed
from engine.session.goal import reached, steps_ahead
from engine.session.keeping import Keeping
from engine.session.live import bring, live_value, switches, with_live
from engine.session.looking import Looking
from engine.session.machine import Machine
from engine.session.pace import Pace
from engine.session.past import Past
from engine.session.reading import Inbox, Reading
from engine.session.resuming import take_up
from engine.session.stepdesk import StepDesk
from engine.session.surfacedesk import SurfaceDesk
from engine.session.transfer import edited_run
from engine.session.weightdesk import WeightDesk
from engine.stepevents import NextStepChanged
from engine.training.concluding import verdict
from engine.training.loading import Loaded, load
from engine.training.run import Run

_FLUSH = 0.02
"""Seconds between two posts of scalars."""
_PROGRESS = 1 / 15


@final
class Worker:
    """Owns the run. While it goes, the queue is looked into after each unit of work; else the thread sleeps on it."""

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
        self._reading = Reading(self._inbox, post)
        self._project, self._folder = project, folder
        self._keeping = Keeping(post, runs)
        self._threads = threads
        self._loaded: Loaded | None = None
        self.run: Run | None = None
        self._observer: Observer | None = None
        self._looking = Looking(post)
        self._live: dict[str, Any] = {}
        """Hyperparameters changed by hand; they outlast a reset, and an edited project brings its own."""
        self._by_hand = False  # whether weights were
        self._state: RunState = "ready"
        self._goal = commands.Until()
        self._samples: int | None = None
        self._pace, self._machine = Pace(), Machine(post)
        self._past = Past(post)
        self._unseen = False  # whether a command came before everything watched was shown
        self._steps = StepDesk(post, self._run_for_answer)
        self._weights = WeightDesk(post, self._run_for_answer, self._set_by_hand)
        self._surfaces = SurfaceDesk(post, self._run_for_answer, self._set_by_hand)
        self._handlers: dict[type[Command], Callable[[Any], None]] = {
            commands.Play: lambda command: self._go(command.until),
            commands.Pause: self._pause,
            commands.Step: self._step,
            commands.Stop: self._stop,
            commands.Reset: self._reset,
            commands.Apply: self._apply,
            commands.SetHyper: self._set_hyper,
            commands.Watch: self._watch,
            commands.LookAt: lambda command: self._looking.look_at(
                command, self._observer, running=self._state == "running"
            ),
            commands.ResumeRun: self._resume,
            commands.TellMachine: lambda _command: self._machine.tell(),
            commands.KeepRuns: lambda command: self._keeping.choose(command.place, self.run),
            stepcommands.TellHistory: self._tell_history,
            stepcommands.StepBack: lambda _command: self._travel(-1),
            stepcommands.Goto: lambda command: self._travel(command.at - self._ready_run().trainer.steps),
            **self._steps.handlers,
            **self._weights.handlers,
            **self._surfaces.handlers,
        }
        self._desk = Desk(post, self._run_for_answer, lambda: self._loaded, folder)

    # -- the thread --

    def work(self) -> None:
        """Until the command to close."""
        self._machine.begin(self._threads)
        self._tell("ready")
        while True:
            command = self._next()
            if isinstance(command, commands.Close):
                break
            self._guarded(lambda command=command: self._handle(command))  # type: ignore[misc]
        self._guarded(self._save)
        self._keeping.release()
        self._machine.end()
        self._tell("closed")

    def _next(self) -> Command:
        """The next command; trains, or works on what was asked, until there is one."""
        while self._inbox.empty():
            if self._state == "running":
                self._guarded(self._train)
            elif self._unseen:
                self._guarded(self._show)
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
            self._fail(*failed(error, self.run, self._loaded))

    def _fail(self, event: RunFailed, state: RunState) -> None:
        self._count()
        self._post(event)
        if self._state in ("running", "loading"):
            self._tell(state, event.message)
        if event.code in ("T01", "T02"):  # the weights before the step: what was seen of a training may lag behind
            self._show()

    def _handle(self, command: Command) -> None:
        handler = self._handlers.get(type(command))
        if handler is not None:
            handler(command)
        elif self._desk.answer(command):
            self._set_by_hand()

    def _set_by_hand(self) -> None:
        """Weights were overwritten."""
        self._by_hand = True
        if self.run is not None:
            self.run.disk.pace.changed = True
        self._changed()
        self._weights.moved(self.run)
        self._surfaces.jumped()
        if self._state != "running":
            self._show()

    # -- training --

    def _train(self) -> None:
        """Units of work, one at least, until a command comes or the goal is reached."""
        run, inbox, observer, past = self.run, self._inbox, self._observer, self._past.history
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
        run = self._ready_run()
        if bring(run, self._live):
            self._changed()
        if run.over:
            run.extend()
        run.plan(goal.epochs, goal.steps)
        self._keeping.begin(run, by_hand=self._by_hand)
        self._goal, self._samples = goal, samples
        self._tell("running")

    def _hold(self, state: RunState, message: str = "") -> None:
        """Stop going: everything is told as it stands now."""
        self._count()
        self._tell(state, message)
        self._show()
        self._save()

    def _count(self) -> None:
        """All numbers up to the step that the training stands at."""
        self._flush()
        if self.run is not None:
            self._post(self._pace.progress(self.run, time.perf_counter()))

    def _flush(self) -> None:
        scalars = self.run.scalars() if self.run is not None else None
        if self.run is not None and scalars is not None:
            self._post(scalars)
            self._machine.note(self.run)
        self._weights.flush()

    def _show(self) -> None:
        """Snapshots of what is watched, as far as no command waits; the others after it."""
        self._unseen = False
        if self._observer is not None:
            for snapshot in self._observer.take_all(lambda: not self._inbox.empty()):
                self._post(snapshot)
            self._unseen = not self._inbox.empty()

    def _save(self) -> None:
        if self.run is not None and self.run.unsaved:
            self.run.save()

    # -- the run --

    def _load(self) -> Loaded:
        self._loaded = load(self._project, self._folder, self._loaded, self._reading)
        return self._loaded

    def _ready_run(self) -> Run:
        """The run, loaded and built when it is first needed. Raises ChainruleError."""
        if self.run is None:
            before = self._state
            self._tell("loading")
            self._install(Run(self._load(), self._post))
            self._tell("ready" if before == "failed" else before)
            self._show()
        assert self.run is not None
        return self.run

    def _run_for_answer(self) -> Run:
        """The run, for a question: a project that cannot run leaves the state as it is. Raises ChainruleError."""
        before = self._state
        try:
            return self._ready_run()
        except ChainruleError:
            self._tell(before)
            raise

    def _install(self, run: Run) -> None:
        self.run = run
        self._machine.fit(run)
        self._pace.restart()
        run.disk.on_unwritable = self._keeping.gave_up
        for name, value in self._live.items():
            run.trainer.set_hyper(name, value)
        self._surfaces.follow(run)
        self._observer = Observer(run, lambda sentence: self._post(Said("warning", sentence)))
        self._past.follow(run, self._observer.forget)
        self._looking.bring(self._observer)
        self._weights.moved(run)
        self._post(NextStepChanged())

    def _tell(self, state: RunState, message: str = "") -> None:
        self._state = state
        run = self.run
        if run is None:
            self._post(StateChanged(state, message=message))
            return
        device = str(run.loaded.device)
        self._post(StateChanged(state, run.trainer.epochs, run.trainer.steps, device, message))

    # -- commands --

    def _pause(self, _command: commands.Pause) -> None:
        if self._state == "running":
            self._hold("paused")

    def _step(self, command: commands.Step) -> None:
        run = self._ready_run()
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
        if self._state in ("running", "paused", "failed"):
            self._hold("ready")

    def _reset(self, command: commands.Reset) -> None:
        if self._loaded is None:
            self._tell("loading")
        loaded = self._load()
        self._save()  # what comes next is another run
        self._by_hand = False
        self._install(Run(loaded, self._post, seed=command.seed))
        self._tell("ready")
        self._show()

    def _resume(self, command: commands.ResumeRun) -> None:
        self._guarded(self._save)  # what comes next is another run
        before = self._state if self._state != "running" else "paused"
        self._tell("loading")
        run = take_up(command, self._load, self._keeping, self._post, self._live)
        if run is None:
            self._tell(before)
            return
        self._by_hand = False
        self._install(run)
        self._tell("finished" if run.over else "paused", run.ending())
        self._show()

    def _apply(self, command: commands.Apply) -> None:
        run = self.run
        if run is None:
            self._project, self._live = command.project, switches(self._live)
            self._post(Applied(kept=(), drawn=()))
            return
        loaded = load(command.project, self._folder, self._loaded, self._reading)
        learned = run.trainer.steps > 0 or self._by_hand
        self._flush()
        self._save()  # as it was learned by the graph before
        new, applied = edited_run(run, loaded, command.renamed, self._post, learned=learned)
        self._project, self._loaded, self._live = command.project, loaded, switches(self._live)
        self._install(new)
        self._post(applied)
        if self._state != "running":
            self._tell("paused" if self._state == "finished" and not new.over else self._state)
            self._show()

    def _set_hyper(self, command: commands.SetHyper) -> None:
        try:
            value = live_value(command.name, command.value)
        except ParamError as error:
            self._post(Said("warning", str(error)))
            return
        self._live[command.name] = value
        self._project = with_live(self._project, command.name, value)
        if self.run is not None:
            self.run.set_hyper(command.name, value)
            self._changed()

    def _watch(self, command: commands.Watch) -> None:
        if self._looking.watch(command, self._observer) and self._state != "running":
            self._show()

    # -- time --

    def _changed(self) -> None:
        """Something but a step changed the run."""
        self._post(NextStepChanged())
        self._past.changed()

    def _tell_history(self, command: stepcommands.TellHistory) -> None:
        self._run_for_answer()
        self._past.tell(command.request)

    def _travel(self, steps: int) -> None:
        """So many updates on or, negative, back; then it is paused there."""
        run, past = self._ready_run(), self._past
        wanted = past.at + steps
        if self._state == "running":
            self._hold("paused")
        if not past.reaches(wanted):
            return
        self._flush()
        past.goto(wanted)
        self._weights.moved(run)
        self._pace.restart()
        self._post(self._pace.progress(run, time.perf_counter()))
        past.tell(moved=True)  # before the state: who hears of step 0 knows that it is no reset
        self._tell("paused" if run.trainer.steps else "ready")
        self._show()
