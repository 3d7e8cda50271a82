"""What somebody looks at, whichever run there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

from engine.events import Event
from engine.probes.observer import Observer
from engine.session.commands import LookAt, Watch


@final
class Looking:
    """Outlives the observers, which are of one run each."""

    def __init__(self, post: Callable[[Event], None]) -> None:
        self._post = post
        self._kinds: frozenset[str] = frozenset()
        self._at: tuple[frozenset[str], int] = (frozenset(), 0)

    def bring(self, observer: Observer) -> None:
        """Tell a new observer."""
        observer.look_at(*self._at)
        observer.watch(self._kinds)

    def watch(self, command: Watch, observer: Observer | None) -> bool:
        """Other lanes are watched from now on. Whether some are new to the observer."""
        new, self._kinds = command.kinds - self._kinds, command.kinds
        if observer is not None:
            observer.watch(command.kinds)
        return observer is not None and bool(new)

    def look_at(self, command: LookAt, observer: Observer | None, *, running: bool) -> None:
        """Other blocks or another sample are looked at; while nothing runs, they are shown at once."""
        self._at = (command.blocks, command.sample)
        if observer is not None:
            observer.look_at(*self._at)
            found = None if running else observer.take_lane("Responses")
            if found is not None:
                self._post(found)
