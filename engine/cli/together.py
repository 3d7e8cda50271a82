"""`chainrule train` under torchrun: several processes make one training, and the leader alone tells of it."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NoReturn, final

from engine import files
from engine.checkpoints import use_text
from engine.cli.arguments import Arguments
from engine.cli.output import say, say_error
from engine.cli.train import Interrupted, Told, as_begun, chosen, enough, interruptible, plan_of
from engine.distributed.folder import SharedFolder
from engine.distributed.group import Group, is_lost
from engine.distributed.launch import Launch, join
from engine.distributed.place import own_run, sign
from engine.distributed.sameness import agree
from engine.distributed.training import begun, resumed
from engine.events import Event
from engine.graph import Project
from engine.problem import ChainruleError
from engine.runplace import WEIGHTS
from engine.training.calibration import set_threads
from engine.training.errors import StepError
from engine.training.failure import told
from engine.training.loading import Loaded, load
from engine.training.process import tune_allocator
from engine.training.run import Run
from engine.training.run_folder import RunFolder, latest_run, new_run_path
from engine.wording import plural

_FAILED = 1
_REPORT = "TORCHELASTIC_ERROR_FILE"
"""Environment: what torchrun reads when a process has failed."""


def run(arguments: Arguments) -> NoReturn:
    """Ends the process as `chainrule train` does: 0 trained, 1 it failed, 128 and a signal's number stopped.

    Raises:
        ChainruleError: the processes do not find together.
    """
    launch = Launch.of(os.environ)
    tune_allocator()
    group = join(launch, _device(arguments))
    with interruptible(insisting=False) as interrupted:
        training = _Training(arguments, launch, group)
        try:
            code = training.prepared() or training.train(interrupted)
            group.gathered(None)  # nobody leaves before all are done
            _leave(code)
        except KeyboardInterrupt:
            _leave(130)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others must not wait for this process
            if not group.shares(error):
                training.give_up(error)
            training.tell(error)
            group.gathered(None)  # as soon as one leaves, torchrun ends the others
            _leave(_FAILED)


def _trained_in(run: Path, project: Project, arguments: Arguments) -> bool:
    try:
        as_begun(project, RunFolder(run), arguments)
    except ChainruleError:
        return False
    return True


def _options(arguments: Arguments) -> dict[str, str]:
    """What the command line says that all processes have to be told alike."""
    names = ("epochs", "steps", "seed", "strategy", "checkpoint-every")
    return {name: str(getattr(arguments, name.replace("-", "_"))) for name in names}


def _device(arguments: Arguments) -> str:
    """Where the file or the command line wants it; a file that cannot be read says so later, in all processes."""
    try:
        return str(chosen(files.load(arguments.file), arguments).training.get("device", "auto"))
    except ChainruleError:
        return arguments.device or "auto"


@final
class _Training:
    """One process's side of it."""

    def __init__(self, arguments: Arguments, launch: Launch, group: Group) -> None:
        self.arguments, self.launch, self.group = arguments, launch, group
        self._told = Told(arguments)
        self._run: Run | None = None
        self._folder: SharedFolder | None = None

    def prepared(self) -> int:
        """Load everything, and begin or go on; 0. Raises ChainruleError, the same in all processes."""
        arguments, group = self.arguments, self.group
        project = group.agreed(lambda: chosen(files.load(arguments.file), arguments))
        mine, project, resume = self._place(project)
        self._folder = folder = SharedFolder(group, mine if group.leads else None, mine.path, mine.plan)
        loaded = group.agreed(partial(self._loaded, project))
        agree(group, loaded, _options(arguments))
        if arguments.fast:
            self._say("--fast counts for one process; these are several.")
        strategy = arguments.strategy
        if resume:
            self._run = run = resumed(loaded, group, self._post, folder, strategy, self._say)
            if arguments.epochs is not None:
                run.planned = arguments.epochs
        else:
            self._run = run = begun(loaded, group, self._post, folder, strategy)
        if arguments.steps is not None and arguments.epochs is None:
            run.plan(steps=arguments.steps)
        return 0

    def _place(self, project: Project) -> tuple[RunFolder, Project, bool]:
        """The run directory, the project as it trains there, and whether that goes on."""
        arguments, group, launch = self.arguments, self.group, self.launch
        mine: list[RunFolder] = []

        def choose() -> tuple[str, bool]:
            if not group.leads:
                return "", False
            own = own_run(arguments.file, arguments.run, launch)
            if own is not None and not arguments.resume and not _trained_in(own, project, arguments):
                own = None  # of another launch with the same --rdzv-id
            resume = arguments.resume or own is not None
            if resume:
                path = own or arguments.run or latest_run(arguments.file)
                mine.append(RunFolder.taken_up(path, plan_of(arguments)))
            else:
                path = arguments.run or new_run_path(arguments.file)
                mine.append(RunFolder.create(path, project, plan_of(arguments)))
            sign(path, launch)
            return str(path.absolute()), resume

        path, resume = group.of_leader(list(group.agreed(choose)))
        folder = mine[0] if mine else RunFolder(Path(path), plan_of(arguments))
        if resume:
            project = group.agreed(lambda: as_begun(project, folder, arguments))
        return folder, project, bool(resume)

    def _loaded(self, project: Project) -> Loaded:
        """The project with its data, on the device of this process."""
        named = self.arguments.threads
        number = named if isinstance(named, int) else project.training.get("threads")
        if isinstance(number, int):  # else as many as torchrun says
            set_threads(number)
        placed = replace(project, training=project.training.merged({"device": str(self.group.device)}))
        return replace(load(placed, self.arguments.file.absolute().parent), project=project)

    def train(self, interrupted: Interrupted) -> int:
        """To the end, or until one process is asked to stop; the exit code."""
        run, folder, steps = self._run, self._folder, self.arguments.steps
        assert run is not None
        assert folder is not None
        self._say(f"Run: {folder.path}")
        if run.over or enough(run, steps):
            made = f"{plural(run.trainer.epochs, 'epoch')}, {plural(run.trainer.steps, 'step')}"
            self._say(f"Nothing is left to do: {made} made.")
            return 0
        folder.cut_records(run.trainer.steps, run.trainer.epochs)
        run.records = self.group.of_leader(folder.records())
        failed = self._steps(run, interrupted)
        self._told.end()
        if run.unsaved or not (folder.path / WEIGHTS).exists():
            run.save()
        stopped = self.group.signal
        if stopped and not failed:
            self._say(f"Stopped at step {run.trainer.steps:,}. Go on with: --resume --run {folder.path}")
        self._say(f"On disk: {use_text(folder.path)}.")
        if self.group.leads and not failed and not stopped:
            self._told.summary(run)
        folder.release()
        return failed or (128 + stopped if stopped else 0)

    def _steps(self, run: Run, interrupted: Interrupted) -> int:
        """All of them; 1 where one could not be made, which all know and the leader tells, else 0."""
        group, steps = self.group, self.arguments.steps
        if group.leads:
            self._told.begin(run)
        try:
            with run.trainer.drawing():
                while not (run.over or group.signal or enough(run, steps)):
                    group.own_signal, before = interrupted.by, run.trainer.steps
                    run.tick()
                    if run.trainer.steps == before:  # a step tells the others of a signal by itself
                        group.together(())
                    if group.leads:
                        self._told.progress(run)
                    else:
                        run.scalars()
            if not group.signal:
                run.end_partial_epoch()
        except StepError as failure:
            if failure.code not in ("T01", "T02"):  # of this process alone
                raise
            nodes = [node for node in group.gathered(failure.node) if node is not None]
            failure.node = min(nodes, key=run.loaded.result.order.index, default=None)  # who has the sample knows best
            if group.leads:
                self._told.end()
                event = told(failure, run.trainer)
                _say_why(f"{event.message} {event.hint}")
            return _FAILED
        return 0

    def tell(self, error: Exception) -> None:
        """What went wrong in all processes, or in one before the others could go on."""
        self._told.end()
        if self.group.leads:
            _say_why(str(error))
            if self.arguments.debug:
                sys.excepthook(type(error), error, error.__traceback__)

    def give_up(self, error: Exception) -> NoReturn:
        """Leave the others, who learn of it as soon as they miss this process; one of all processes tells."""
        self._told.end()
        if self.arguments.debug:
            sys.excepthook(type(error), error, error.__traceback__)
        first, step = self.group.says(), 0 if self._run is None else self._run.trainer.steps
        if first and is_lost(error):
            again = self.launch.restarts < self.launch.most_restarts
            then = "All are started again." if again else "Go on with --resume."
            _say_why(f"Another process of the training was lost after step {step:,}. {then}")
        elif first:
            who = f"Process {self.group.rank}: " if self.group.rank else ""
            if isinstance(error, ChainruleError):
                _say_why(f"{who}{error}")
            elif isinstance(error, StepError) and self._run is not None:
                event = told(error, self._run.trainer)
                _say_why(f"{who}{event.message} {event.hint}")
            else:
                _say_why(f"{who}{type(error).__name__}: {error} (--debug tells more)")
        _leave(_FAILED)

    def _post(self, event: Event) -> None:
        if self.group.leads:
            self._told(event)

    def _say(self, sentence: str) -> None:
        if self.group.leads:
            say(sentence)


def _say_why(sentence: str) -> None:
    """Tell what went wrong, and let torchrun tell it, too, in the last lines of its own report."""
    say_error(sentence)
    file = os.environ.get(_REPORT)
    if file:
        with contextlib.suppress(OSError):
            Path(file).write_text(json.dumps({"message": sentence, "timestamp": int(time.time())}), "utf-8")


def _leave(code: int) -> NoReturn:
    """At once: taking a process group down waits for processes that may be gone, or ends in an abort of its threads."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
