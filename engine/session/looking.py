"""What somebody looks at, whichever run there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

from engine.events import Event, Said
from engine.probes.observer import Observer
from engine.session.commands import LookAt, Watch
from engine.session.reading import Inbox
from engine.training.run import Run


@final
class Looking:
    """Outlives the observers, which are of one run each.

    Attributes:
        observer: of the present run; None before there is one.
        unseen: whether a command came before everything watched was shown.
    """

    def __init__(self, post: Callable[[Event], None], inbox: Inbox) -> None:
        self._post, self._inbox = post, inbox
        self._kinds: frozenset[str] = frozenset()
        self._at: tuple[frozenset[str], int] = (frozenset(), 0)
        self.observer: Observer | None = None
        self.unseen = False

    def follow(self, run: Run) -> Observer:
        """Another run is looked at from now on."""
        observer = self.observer = Observer(run, lambda sentence: self._post(Said("warning", sentence)))
        observer.look_at(*self._at)
        observer.watch(self._kinds)
        return observer

    def show(self) -> None:
        """Snapshots of what is watched, as far as no command waits; the others after it."""
        self.unseen = False
        if self.observer is not None:
            for snapshot in self.observer.take_all(lambda: not self._inbox.empty()):
                self._post(snapshot)
            self.unseen = not self._inbox.empty()

    def watch(self, command: Watch) -> bool:
        """Other lanes are watched from now on. Whether some are new to the observer."""
        new, self._kinds = command.kinds - self._kinds, command.kinds
        if self.observer is not None:
            self.observer.watch(command.kinds)
        return self.observer is not None and bool(new)

    def look_at(self, command: LookAt, *, running: bool) -> None:
        """Other blocks or another sample are looked at; while nothing runs, they are shown at once."""
        self._at = (command.blocks, command.sample)
        if self.observer is not None:
            self.observer.look_at(*self._at)
            found = None if running else self.observer.take_lane("Responses")
            if found is not None:
                self._post(found)
