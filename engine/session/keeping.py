"""What the runs of a session leave on disk. A disk that refuses is told once, and hinders no training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import final

from engine.events import Event, RunKept, Said
from engine.problem import FileError
from engine.runplace import RunPlace, new_run_path
from engine.training.run import Run
from engine.training.run_folder import RunFolder


@final
class Keeping:
    """Gives each run a directory of its own, made when it begins to train."""

    def __init__(self, post: Callable[[Event], None], place: RunPlace | None) -> None:
        self._post, self._place = post, place
        self._held: RunFolder | None = None
        """The directory that others may not write into now."""

    def begin(self, run: Run, *, by_hand: bool = False) -> None:
        """Give a run its directory, with what it has recorded so far, if it is to have one and has none.

        One that begins with weights set by hand is saved at once: nothing else tells what it began with.
        """
        if self._place is None or run.disk.folder is not None:
            return
        try:
            folder = RunFolder.create(new_run_path(self._place.folder), run.loaded.project, self._place.checkpoints)
            self._hold(folder)
            folder.add_records(run.records)
        except FileError as error:
            self.gave_up(error)
            return
        run.disk.folder = folder
        self._place.prune(folder.path)
        self._post(RunKept(str(folder.path)))
        if by_hand:
            run.save()

    def choose(self, place: RunPlace | None, run: Run | None) -> None:
        """Keep runs there from now on; what has been learned already is kept there at once."""
        before, self._place = self._place, place
        if run is None:
            return
        if place is not None and run.disk.folder is not None:
            run.disk.folder.plan = place.checkpoints
        if place is None:
            if run.disk.folder is not None:
                run.disk.folder = None
                self.release()
                self._post(RunKept(""))
        elif run.disk.folder is None:
            if run.trainer.steps:
                self.begin(run)
                run.save()
        elif before is not None and before.passing and not place.passing:
            assert isinstance(run.disk.folder, RunFolder)
            self._move(run.disk.folder, place)

    def _move(self, folder: RunFolder, place: RunPlace) -> None:
        """The document has a place of its own now: its run goes there, too."""
        try:
            folder.move(new_run_path(place.folder))
        except FileError as error:
            self._post(Said("warning", f'{error.message} The run stays in "{folder.path}".'))
            return
        self._post(RunKept(str(folder.path)))

    def take_up(self, path: Path) -> RunFolder:
        """The directory of an earlier run, which goes on in it. Raises FileError, as `RunFolder.taken_up`."""
        if self._held is not None and self._held.path.resolve() == path.resolve():
            self.release()  # it is that of the run before a reset
        folder = RunFolder.taken_up(path, None if self._place is None else self._place.checkpoints)
        self._hold(folder)
        return folder

    def release(self) -> None:
        """Let others write into the last run's directory."""
        if self._held is not None:
            self._held.release()
            self._held = None

    def _hold(self, folder: RunFolder) -> None:
        self.release()
        self._held = folder

    def gave_up(self, error: FileError) -> None:
        """Nothing can be written: it is not tried again before another place is chosen."""
        self._place = None
        self._post(Said("warning", f"{error.message} The training goes on, but this run is not kept on disk."))
        self._post(RunKept(""))
