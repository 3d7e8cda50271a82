"""A training that was left, or killed, goes on where its last checkpoint is, the same to the bit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.data.sketch import alike
from engine.problem import FileError
from engine.training.calibration import set_threads
from engine.training.loading import Loaded
from engine.training.run import Post, Run
from engine.training.run_folder import RunFolder


def resumed(loaded: Loaded, folder: RunFolder, post: Post, say: Callable[[str], None], *, threads: bool = True) -> Run:
    """A run that goes on in a run directory; from the start where it was killed before its first checkpoint.

    Args:
        loaded: what the directory trains.
        folder: taken up.
        post: takes the run's events.
        say: is told of a checkpoint that is damaged, for which the one before is taken, and of data that are others.
        threads: let torch use as many as then, which the last bits of a sum depend on.

    Raises:
        FileError: F01 all checkpoints are damaged, F03 a newer version wrote it, F07 it is of something else.
        GraphError: the graph cannot be trained.
    """
    state = _state(folder, say)
    run = Run(loaded, post, seed=None if state is None else state.get("seed"))
    if state is not None:
        try:
            if threads:
                run.threads = int(state["trainer"]["threads"])
                set_threads(run.threads)
            run.restore(state)
            run.planned = max(run.planned, int(state.get("planned", 0)))
            compare_data(loaded, state, say)
        except (KeyError, ValueError, TypeError, RuntimeError, AttributeError) as error:
            what = next(iter(str(error).splitlines()), "")
            raise FileError(f'The checkpoint of "{folder.path}" does not fit ({what}).', code="F07") from error
    run.taken_up(folder)
    return run


def compare_data(loaded: Loaded, state: Mapping[str, Any], say: Callable[[str], None]) -> None:
    """Say which data are not those that a training was saved with: it goes on, but not as it would have.

    Raises:
        AttributeError: the state is none.
    """
    now = loaded.sketches()
    changed = [name for name, before in state.get("data", {}).items() if not alike(before, now.get(name))]
    if changed:
        names = ", ".join(f'"{name}"' for name in changed)
        say(f"The data are not those that this run was saved with ({names}); it goes on with what is there now.")


def take_records(run: Run) -> None:
    """Let the run have the records that lead to where it is; what was written after its checkpoint is dropped."""
    if run.disk.folder is not None:
        run.disk.folder.cut_records(run.trainer.steps, run.trainer.epochs)
        run.records = run.disk.folder.records()


def _state(folder: RunFolder, say: Callable[[str], None]) -> dict[str, Any] | None:
    try:
        return folder.checkpoint(say)
    except FileError as error:
        if error.code != "F02":
            raise
        return None
