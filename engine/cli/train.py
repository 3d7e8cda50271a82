"""`chainrule train`: a whole training, its progress on stderr, its epochs on stdout."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType
from typing import Any, final

from engine import files, settings
from engine.checkpoints import CheckpointPlan, use_text
from engine.cli.arguments import Arguments
from engine.cli.output import number, print_json, say, say_error
from engine.cli.progress import Display
from engine.compare import differences
from engine.events import EpochEnd, Event, Said
from engine.graph import Layout, Project
from engine.problem import FileError
from engine.training.concluding import verdict
from engine.training.errors import StepError
from engine.training.failure import told
from engine.training.loading import load
from engine.training.process import tune_allocator
from engine.training.records import json_record
from engine.training.resuming import resumed
from engine.training.run import Run
from engine.training.run_folder import RunFolder, latest_run, new_run_path
from engine.training.threadchoice import Allowed, allowed, measure, use
from engine.wording import plural

_WITHOUT_END = 1 << 30


def run(arguments: Arguments) -> int:
    """0: trained; 1: it failed; 130: interrupted, and ready to be resumed. Raises ChainruleError."""
    project = chosen(files.load(arguments.file), arguments)
    tune_allocator()
    if arguments.strategy != "auto":
        say("--strategy counts for several processes, under torchrun; this is one.")
    freedom = may_use(arguments)
    with Told(arguments) as told_to:
        training = _resumed(project, arguments, told_to) if arguments.resume else _new(project, arguments, told_to)
        folder = training.disk.folder
        assert isinstance(folder, RunFolder)
        try:
            if freedom.given is not None:
                training.threads = None  # as it is said now, not as it was begun
            use(training, freedom)
            if arguments.steps is not None and arguments.epochs is None:
                training.plan(steps=arguments.steps)
            if arguments.fast and not training.trainer.has_hyper("fast_forward", True):
                training.set_hyper("fast_forward", True)
            return _train(training, folder, arguments.steps, told_to)
        finally:
            folder.release()


def may_use(arguments: Arguments) -> Allowed:
    """How many threads there may be, once the machine was measured if that is asked for."""
    freedom = allowed()
    if arguments.threads != "measure":
        return replace(freedom, given=arguments.threads)
    measured = measure(freedom.most)
    say("Measured what threads gain on this machine." if measured else "The machine is too busy to be measured.")
    return freedom


def chosen(project: Project, arguments: Arguments) -> Project:
    """The project with what the command line says of its training."""
    given = {name: getattr(arguments, name) for name in ("epochs", "device", "seed")}
    changes = {name: value for name, value in given.items() if value is not None}
    return replace(project, training=project.training.merged(changes))


def _new(project: Project, arguments: Arguments, told_to: Told) -> Run:
    run = Run(load(project, arguments.file.absolute().parent), told_to)
    run.disk.folder = RunFolder.create(arguments.run or new_run_path(arguments.file), project, plan_of(arguments))
    return run


def plan_of(arguments: Arguments) -> CheckpointPlan:
    """When checkpoints are written, and how many are kept."""
    return CheckpointPlan(arguments.checkpoint_every, arguments.keep_checkpoints)


def _resumed(project: Project, arguments: Arguments, told_to: Told) -> Run:
    folder = RunFolder.taken_up(arguments.run or latest_run(arguments.file), plan_of(arguments))
    project = as_begun(project, folder, arguments)
    run = resumed(load(project, arguments.file.absolute().parent), folder, told_to, say)
    if arguments.epochs is not None:
        run.planned = arguments.epochs
    return run


def as_begun(project: Project, folder: RunFolder, arguments: Arguments) -> Project:
    """The project with the seed the run was begun with, and its epochs where these are more, unless told otherwise.

    Raises:
        FileError: F07, it is not what the run trains.
    """
    before = folder.project()
    began, now = (settings.parse(each.training)[0] for each in (before, project))
    changes = {} if arguments.seed is not None else {"seed": began["seed"]}
    if arguments.epochs is None and began["epochs"] > now["epochs"]:
        changes["epochs"] = began["epochs"]
    project = replace(project, training=project.training.merged(changes))
    seeded = arguments.seed is not None
    if _essence(before, seeded) != _essence(project, seeded):
        raise FileError(
            f'"{arguments.file.name}" is not what the run "{folder.path}" trains'
            f"{differences(before, project, _free(seeded))}.",
            code="F07",
            hint="Change that back, or start a new run without --resume.",
        )
    return project


def _essence(project: Project, seeded: bool) -> str:
    """What has to be the same for a run to go on: everything but looks, and how long, where and in what parts."""
    free = _free(seeded)
    training = {name: value for name, value in sorted(project.training.items()) if name not in free}
    plain = replace(project, name="", notes="", layout=Layout(), training=type(project.training)(training))
    return files.dumps(plain)


def _free(seeded: bool) -> frozenset[str]:
    """Settings with which a run may go on otherwise."""
    return frozenset({"epochs", "device", "micro_batch", "threads"} | (set() if seeded else {"seed"}))


def _train(run: Run, folder: RunFolder, steps: int | None, told_to: Told) -> int:
    say(f"Run: {folder.path}")
    if run.over or enough(run, steps):
        made = f"{plural(run.trainer.epochs, 'epoch')}, {plural(run.trainer.steps, 'step')}"
        say(f"Nothing is left to do: {made} made.")
        return 0
    folder.cut_records(run.trainer.steps, run.trainer.epochs)
    with interruptible() as interrupted:
        try:
            _loop(run, steps, told_to, interrupted)
        except StepError as failure:
            told_to.end()
            event = told(failure, run.trainer)
            say_error(f"{event.message} {event.hint}")
            return 1
        finally:
            told_to.end()
            if run.unsaved or not folder.weights_file.exists():
                run.save()
    if interrupted.by:
        say(f"Stopped at step {run.trainer.steps:,}. Go on with: --resume --run {folder.path}")
    say(f"On disk: {use_text(folder.path)}.")
    if interrupted.by:
        return 128 + interrupted.by
    told_to.summary(run)
    return 0


def _loop(run: Run, steps: int | None, told_to: Told, interrupted: Interrupted) -> None:
    told_to.begin(run)
    with run.trainer.drawing():
        while not (run.over or interrupted.by or enough(run, steps)):
            run.tick(most=_WITHOUT_END if steps is None else max(1, steps - run.trainer.steps))
            told_to.progress(run)
    if not interrupted.by:
        run.end_partial_epoch()


def enough(run: Run, steps: int | None) -> bool:
    """Whether so many steps are made, and the epoch they complete has ended."""
    return steps is not None and run.trainer.steps >= steps and not run.epoch_waits


@final
class Told:
    """Takes a run's events to the terminal."""

    def __init__(self, arguments: Arguments) -> None:
        self._json = arguments.json
        self._display = Display()

    def __enter__(self) -> Told:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def __call__(self, event: Event) -> None:
        if isinstance(event, Said):
            say(event.message)
        elif isinstance(event, EpochEnd):
            if self._json:
                print_json(json_record(event.record))
            self._display.epoch(event.record)

    def begin(self, run: Run) -> None:
        """The training begins."""
        self._display.begin(run)

    def progress(self, run: Run) -> None:
        """A unit of work was done."""
        run.scalars()
        self._display.progress(run)

    def end(self) -> None:
        """No more progress."""
        self._display.end()

    def summary(self, run: Run) -> None:
        """What came of it, for people."""
        if run.ending():
            say(run.ending())
        if run.over and (found := verdict(run)) is not None:
            say(f"{found.message} {found.hint}")
        if self._json or not run.records:
            return
        record: dict[str, Any] = run.records[-1]
        parts = [f"loss {number(record['loss'])}"]
        parts += [f"val_loss {number(record['val_loss'])}"] if record["val_loss"] is not None else []
        parts += [f"{name} {number(value)}" for name, value in record["metrics"].items() if value is not None]
        print(f"epoch {record['epoch']}, step {record['step']}: {', '.join(parts)}")


@final
class Interrupted:
    """Whether somebody asked to stop.

    Attributes:
        by: number of the signal; 0 for none.
    """

    by = 0


@contextmanager
def interruptible(*, insisting: bool = True) -> Iterator[Interrupted]:
    """Ctrl-C, and being asked to terminate, are noted once; a second time they interrupt at once.

    Args:
        insisting: False where a second time means nothing: a process of several is asked by torchrun and by SLURM.
    """
    state = Interrupted()

    def note(signum: int, _frame: FrameType | None) -> None:
        if state.by and insisting:
            raise KeyboardInterrupt
        state.by = state.by or signum

    before = {}
    if threading.current_thread() is threading.main_thread():  # no other has signals
        before = {which: signal.signal(which, note) for which in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield state
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)
