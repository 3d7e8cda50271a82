"""A session takes up the training of a run directory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine import checkpoints
from engine.compare import differences
from engine.events import EpochEnd, Event, RunKept, RunResumed, Said, StateChanged
from engine.problem import ChainruleError, FileError
from engine.session.commands import ResumeRun
from engine.session.keeping import Keeping
from engine.session.live import bring
from engine.settings import LIVE, TRAINING
from engine.training.loading import Loaded
from engine.training.resuming import resumed, take_records
from engine.training.run import Run

_MOST_TOLD = 2000
"""Records of earlier epochs that are told at most: more than a plot has points for."""


def take_up(
    command: ResumeRun,
    load: Callable[[], Loaded],
    keeping: Keeping,
    post: Callable[[Event], None],
    live: Mapping[str, Any],
) -> Run | None:
    """The run that goes on in a directory, its past told; None, told why, where it cannot.

    Args:
        command: which directory.
        load: what the session trains.
        keeping: holds the directory from now on.
        post: takes events.
        live: hyperparameters that were changed by hand in this session.
    """
    try:
        run = _taken_up(command, load(), keeping, post)
    except ChainruleError as error:
        post(RunResumed(command.request, str(command.path), error=str(error)))
        return None
    _bring_settings(run, live, post)
    post(StateChanged("loading"))  # step 0: what was shown of the run before is over
    post(RunKept(str(command.path)))
    apart = -(-len(run.records) // _MOST_TOLD) or 1
    for record in run.records[::-1][::apart][::-1]:  # with the last one
        post(EpochEnd(record))
    trainer = run.trainer
    post(RunResumed(command.request, str(command.path), trainer.steps, trainer.epochs, run.planned, run.over))
    return run


def _taken_up(command: ResumeRun, loaded: Loaded, keeping: Keeping, post: Callable[[Event], None]) -> Run:
    folder = keeping.take_up(command.path)
    try:
        if checkpoints.trains(folder.project()) != checkpoints.trains(loaded.project):
            raise FileError(
                f'The run "{command.path}" trained another network, or with other settings or data'
                f"{differences(folder.project(), loaded.project, checkpoints.FREE)}.",
                code="F07",
                hint="Change that back, or open the graph.chainrule that lies in it.",
            )
        run = resumed(loaded, folder, post, lambda sentence: post(Said("warning", sentence)))
        take_records(run)
    except ChainruleError:
        keeping.release()
        raise
    return run


def _bring_settings(run: Run, live: Mapping[str, Any], post: Callable[[Event], None]) -> None:
    """What may be changed while it trains goes on as the window shows it; where that is new, it is said."""
    now = run.loaded.result.phases[0].settings
    wanted = {name: live.get(name, now.get(name, False)) for name in LIVE}
    changed = [name for name, value in wanted.items() if not run.trainer.has_hyper(name, value)]
    bring(run, wanted)
    if changed and run.trainer.steps:
        switches = {"dropout_off": "dropout", "fast_forward": "fast-forward"}
        names = ", ".join(TRAINING[name].label or name if name in TRAINING else switches[name] for name in changed)
        post(Said("info", f"It goes on with the present settings, which differ from those it had: {names}."))
