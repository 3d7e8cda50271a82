"""`chainrule train`: a whole training, its progress on stderr, its epochs on stdout."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType
from typing import Any, final

import torch

from engine import files
from engine.cli.arguments import Arguments
from engine.cli.output import number, print_json, say, say_error
from engine.cli.progress import Display
from engine.events import EpochEnd, Event, Said
from engine.graph import Layout, Project
from engine.problem import FileError
from engine.training.errors import StepError
from engine.training.failure import told
from engine.training.loading import load
from engine.training.process import tune_allocator
from engine.training.run import Run
from engine.training.run_folder import RunFolder, json_record, latest_run, new_run_path
from engine.wording import plural


def run(arguments: Arguments) -> int:
    """0: trained; 1: it failed; 130: interrupted, and ready to be resumed. Raises ChainruleError."""
    project = _chosen(files.load(arguments.file), arguments)
    tune_allocator()
    with _Told(arguments) as told_to:
        training = _resumed(project, arguments, told_to) if arguments.resume else _new(project, arguments, told_to)
        if arguments.steps is not None and arguments.epochs is None:
            training.plan(steps=arguments.steps)
        return _train(training, arguments.steps, told_to)


def _chosen(project: Project, arguments: Arguments) -> Project:
    """The project with what the command line says of its training."""
    given = {name: getattr(arguments, name) for name in ("epochs", "device", "seed")}
    changes = {name: value for name, value in given.items() if value is not None}
    return replace(project, training=project.training.merged(changes))


def _new(project: Project, arguments: Arguments, told_to: _Told) -> Run:
    run = Run(load(project, arguments.file.absolute().parent), told_to)
    run.folder = RunFolder.create(arguments.run or new_run_path(arguments.file), project)
    return run


def _resumed(project: Project, arguments: Arguments, told_to: _Told) -> Run:
    folder = RunFolder.existing(arguments.run or latest_run(arguments.file))
    if _essence(folder.project()) != _essence(project):
        raise FileError(
            f'"{arguments.file.name}" is not what the run "{folder.path}" trains.',
            code="F07",
            hint="Start a new run without --resume.",
        )
    state = folder.checkpoint()
    run = Run(load(project, arguments.file.absolute().parent), told_to, folder=folder)
    try:
        torch.set_num_threads(int(state["trainer"]["threads"]))
        run.restore(state)
    except (KeyError, ValueError, TypeError, RuntimeError) as error:
        what = next(iter(str(error).splitlines()), "")
        raise FileError(f'The checkpoint of "{folder.path}" does not fit ({what}).', code="F07") from error
    return run


def _essence(project: Project) -> str:
    """What has to be the same for a run to go on: everything but looks, and how long and where it trains."""
    training = {name: value for name, value in project.training.items() if name not in ("epochs", "device")}
    plain = replace(project, name="", notes="", layout=Layout(), training=type(project.training)(training))
    return files.dumps(plain)


def _train(run: Run, steps: int | None, told_to: _Told) -> int:
    assert run.folder is not None
    say(f"Run: {run.folder.path}")
    if run.over or _made(run, steps):
        made = f"{plural(run.trainer.epochs, 'epoch')}, {plural(run.trainer.steps, 'step')}"
        say(f"Nothing is left to do: {made} made.")
        return 0
    run.folder.cut_records(run.trainer.steps, run.trainer.epochs)
    with _interruptible() as interrupted:
        try:
            _loop(run, steps, told_to, interrupted)
        except StepError as failure:
            told_to.end()
            event = told(failure, run.trainer)
            say_error(f"{event.message} {event.hint}")
            return 1
        finally:
            told_to.end()
            run.save()
    if interrupted.by:
        say(f"Stopped at step {run.trainer.steps:,}. Go on with: --resume --run {run.folder.path}")
        return 128 + interrupted.by
    told_to.summary(run)
    return 0


def _loop(run: Run, steps: int | None, told_to: _Told, interrupted: _Interrupted) -> None:
    told_to.begin(run)
    with run.trainer.drawing():
        while not (run.over or interrupted.by or _made(run, steps)):
            run.tick()
            told_to.progress(run)
    if not interrupted.by:
        run.end_partial_epoch()


def _made(run: Run, steps: int | None) -> bool:
    return steps is not None and run.trainer.steps >= steps and not run.epoch_waits


@final
class _Told:
    """Takes a run's events to the terminal."""

    def __init__(self, arguments: Arguments) -> None:
        self._json = arguments.json
        self._display = Display()

    def __enter__(self) -> _Told:
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
        if self._json or not run.records:
            return
        record: dict[str, Any] = run.records[-1]
        parts = [f"loss {number(record['loss'])}"]
        parts += [f"val_loss {number(record['val_loss'])}"] if record["val_loss"] is not None else []
        parts += [f"{name} {number(value)}" for name, value in record["metrics"].items() if value is not None]
        print(f"epoch {record['epoch']}, step {record['step']}: {', '.join(parts)}")


@final
class _Interrupted:
    by = 0
    """Number of the signal that asked to stop."""


@contextmanager
def _interruptible() -> Iterator[_Interrupted]:
    """Ctrl-C, and being asked to terminate, are noted once; a second time they interrupt at once."""
    state = _Interrupted()

    def note(signum: int, _frame: FrameType | None) -> None:
        if state.by:
            raise KeyboardInterrupt
        state.by = signum

    before = {}
    if threading.current_thread() is threading.main_thread():  # no other has signals
        before = {which: signal.signal(which, note) for which in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield state
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)
