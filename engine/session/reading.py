"""Data that take long to be looked through: how far that is, and that it can be ended."""

from __future__ import annotations

import queue
import time
from collections import deque
from collections.abc import Callable
from typing import final

from engine.events import Event, StateChanged
from engine.problem import DataError
from engine.session import commands
from engine.session.commands import Command

_PAUSE = 0.25
"""Seconds before the first word on how far it is, and between two; what takes less is not ended either."""


@final
class Inbox:
    """The commands that wait for the thread, which may look at them before it takes them. Only the thread uses it."""

    def __init__(self, source: queue.SimpleQueue[Command]) -> None:
        self._source = source
        self._seen: deque[Command] = deque()

    def empty(self) -> bool:
        """Whether no command waits."""
        return not self._seen and self._source.empty()

    def get(self) -> Command:
        """The next command; waits for it."""
        return self._seen.popleft() if self._seen else self._source.get()

    def holds(self, *kinds: type[Command]) -> bool:
        """Whether a command of such a kind waits."""
        while not self._source.empty():
            self._seen.append(self._source.get())
        return any(isinstance(command, kinds) for command in self._seen)


@final
class Reading:
    """What `load` is given to watch a pass over all samples."""

    def __init__(self, inbox: Inbox, post: Callable[[Event], None]) -> None:
        self._inbox, self._post = inbox, post
        self._told, self._last = 0.0, 0

    def __call__(self, done: int, total: int) -> None:
        """So many samples of so many were seen.

        Raises:
            DataError: D09, a command waits that ends this.
        """
        now = time.perf_counter()
        if done <= self._last or not self._last:
            self._told = now
        self._last = done if done < total else 0
        if done == total or now - self._told < _PAUSE:
            return
        self._told = now
        if self._inbox.holds(commands.Close, commands.Stop):
            raise DataError(
                f"The data were not read to their end ({done:,} of {total:,} samples).",
                code="D09",
                hint="Their mean and standard deviation are not known yet; Play reads them again.",
            )
        self._post(StateChanged("loading", message=f"Reading the data: {100 * done // total} %"))
