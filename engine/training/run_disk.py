"""A run writes itself into its directory, line by line, while it trains; a disk that refuses need not end it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

from engine.problem import FileError
from engine.training.saving import Folder, SavePace

_TOGETHER = 0.1
"""Seconds for which lines may wait for others."""


@final
class RunDisk:
    """The way of one run to disk.

    Attributes:
        folder: where it leaves its files, or None.
        pace: when its checkpoints are due.
        waiting: records of epochs that are not on disk yet, in order: where epochs take no time, many go in one piece.
        on_unwritable: is told why the directory can no longer be written, and the training goes on without one; while
            it is None, that is an error like any other.
    """

    def __init__(self, folder: Folder | None) -> None:
        self.folder = folder
        self.pace = SavePace()
        self.waiting: list[dict[str, Any]] = []
        self.on_unwritable: Callable[[FileError], None] | None = None
        self._lines_at = 0.0

    @property
    def lines_due(self) -> bool:
        """Whether records have waited long enough, by a clock that processes which train together share."""
        return self.pace.now() >= self._lines_at

    def add(self, record: dict[str, Any]) -> None:
        """An epoch has ended. Raises as `write`."""
        if self.folder is not None:
            self.waiting.append(record)
        if self.lines_due:
            self.write_lines()

    def write_lines(self) -> None:
        """Write the records that wait. Raises as `write`."""
        if self.waiting:
            records, self.waiting = self.waiting, []
            self._lines_at = self.pace.now() + _TOGETHER
            self.write(lambda folder: folder.add_records(records))

    def write(self, write: Callable[[Folder], None]) -> None:
        """Write something into the directory, if there is one.

        Raises:
            FileError: the disk refuses, and nobody is there to be told.
        """
        if self.folder is None:
            return
        try:
            write(self.folder)
        except FileError as error:
            if self.on_unwritable is None:
                raise
            self.folder = None
            self.on_unwritable(error)

    def behind(self, steps: int) -> bool:
        """Whether a run of so many updates has changed since it was saved, or lines wait for others."""
        return self.pace.changed or steps != self.pace.step or bool(self.waiting)
