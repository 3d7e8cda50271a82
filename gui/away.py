"""Which of the session's events still count: after a reset, and while a run elsewhere is shown in its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import final

from engine.events import EpochEnd, Event, Scalars, Snapshot, StateChanged
from engine.snapshots import Progress


@final
@dataclass
class Away:
    """What the feed has to know of it.

    Attributes:
        step: the session has the weights that the run had after so many updates; 0: its own.
        load: fetches the weights that the run saved last.
        walk: steps through backpropagation, with the weights that the session has.
    """

    step: int = 0
    load: Callable[[], None] = lambda: None
    walk: Callable[[], None] = lambda: None

    def of_session(self, events: Sequence[Event]) -> list[Event]:
        """Its answers and pictures, at the step of the weights it was given, but nothing of how a training goes on."""
        return [self._dated(event) for event in events if not isinstance(event, Scalars | EpochEnd | Progress)]

    def _dated(self, event: Event) -> Event:
        if self.step and isinstance(event, Snapshot) and getattr(event, "step", None) == 0:
            return replace(event, step=self.step)  # type: ignore[call-arg]
        return event


def since_reset(events: list[Event], steps: int) -> list[Event]:
    """Without pictures of the run before a reset: they wait in a lane of their own, and would come after it."""
    last = next((event for event in reversed(events) if isinstance(event, StateChanged)), None)
    if steps == 0 or last is None or last.step > 0:
        return events
    return [event for event in events if not (isinstance(event, Snapshot) and getattr(event, "step", 0) > 0)]
