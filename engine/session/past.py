"""The past of the run that is trained, and what is told of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

from engine.events import Event
from engine.history import History
from engine.stepevents import Timeline
from engine.training.run import Run


@final
class Past:
    """That of one run after the other.

    Attributes:
        history: of the run, None before there is one.
    """

    def __init__(self, post: Callable[[Event], None]) -> None:
        self._post = post
        self.history: History | None = None

    def follow(self, run: Run, on_forgotten: Callable[[int], None]) -> None:
        """Another run is trained from now on; `on_forgotten` as for a `History`."""
        self.history = History(run, on_forgotten=on_forgotten)

    @property
    def at(self) -> int:
        """Updates made by now."""
        return self._known.at

    @property
    def _known(self) -> History:
        assert self.history is not None
        return self.history

    def changed(self) -> None:
        """Something but a step changed the run: where a future is lost by that, it is told."""
        if self.history is not None and self.history.changed():
            self.tell()

    def goto(self, at: int) -> None:
        """Take the run to the state after so many updates, which can be gone to."""
        self._known.goto(at)

    def reaches(self, at: int) -> bool:
        """Whether that state can be gone to; it is told where it cannot."""
        first, last = self._known.first, self._known.last
        if first <= at <= last:
            return True
        self.tell(error=f"The updates from {first} to {last} can be gone to; {at} cannot.")
        return False

    def tell(self, request: int = 0, *, moved: bool = False, error: str = "") -> None:
        """A `Timeline`."""
        past = self._known
        reach = (past.first, past.last, past.at, past.bytes, past.limit, past.states)
        self._post(Timeline(request, *reach, moved=moved, error=error))
