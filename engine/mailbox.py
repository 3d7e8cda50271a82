"""How events leave a worker thread: a lossless lane for what must all arrive, a latest-wins lane for pictures."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import final

from engine.events import Event, Snapshot


@final
class Mailbox:
    """A thread-safe box with two lanes. Writers never wait; the reader takes everything in one call.

    A `Snapshot` replaces an undrained one of the same `lane`; every other event is kept in order.
    `on_first` is called (in the writer's thread) when the box turns from empty to full, so that a reader that went to
    sleep can be woken without polling.
    """

    def __init__(self, on_first: Callable[[], None] | None = None) -> None:
        self._lock = threading.Lock()
        self._lossless: list[Event] = []
        self._latest: dict[str, Snapshot] = {}
        self.on_first = on_first

    def post(self, event: Event) -> None:
        """Put an event in its lane."""
        with self._lock:
            was_empty = not self._lossless and not self._latest
            if isinstance(event, Snapshot):
                self._latest[event.lane] = event
            else:
                self._lossless.append(event)
        wake = self.on_first  # the reader may take it away meanwhile
        if was_empty and wake is not None:
            wake()

    def drain(self) -> list[Event]:
        """Everything posted since the last call: the lossless lane in order, then the latest snapshots."""
        with self._lock:
            events: list[Event] = [*self._lossless, *self._latest.values()]
            self._lossless, self._latest = [], {}
        return events
