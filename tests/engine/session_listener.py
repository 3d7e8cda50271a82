"""A session with everything it posted, for tests."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar, final

import numpy as np

from engine import session as sessions
from engine.events import Event, RunFailed, RunState, StateChanged, WeightsTaken
from engine.graph import Project
from engine.runplace import RunPlace
from engine.session import Session
from engine.training.run import Run

E = TypeVar("E", bound=Event)
PATIENCE = 60.0
"""Seconds until a test that waits for something gives up."""


@final
class Listener:
    """Opens a session, collects its events, closes it."""

    def __init__(self, project: Project, folder: Path | None = None, runs: RunPlace | None = None) -> None:
        self.session: Session = sessions.open(project, folder=folder, runs=runs, threads=1)
        self.events: list[Event] = []

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.session.close()
        self.drain()

    def drain(self) -> None:
        """Take what has come."""
        self.events.extend(self.session.mailbox.drain())

    def mark(self) -> int:
        """How many events have come so far: those of the next command are `since` this."""
        self.drain()
        return len(self.events)

    def of(self, kind: type[E]) -> list[E]:
        """All events of a type so far."""
        self.drain()
        return [event for event in self.events if isinstance(event, kind)]

    def wait(self, kind: type[E], which: Callable[[E], Any] = lambda _: True, since: int = 0) -> E:
        """The first event of that type (after the first `since` events) for which `which` holds; waits for it."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self.drain()
            for event in self.events[since:]:
                if isinstance(event, kind) and which(event):
                    return event
            time.sleep(0.002)
        told = [event.details or event.message for event in self.events if isinstance(event, RunFailed)]
        raise AssertionError(f"no {kind.__name__} came; {self.events[-20:]} did; {told}")

    def until(self, *states: RunState, since: int = 0) -> StateChanged:
        """Waits for one of these states."""
        return self.wait(StateChanged, lambda event: event.state in states, since)

    def ask(self, command: Callable[[], None], kind: type[E]) -> E:
        """Give a command and wait for its answer."""
        since = self.mark()
        command()
        return self.wait(kind, since=since)

    def play_to_the_end(self) -> StateChanged:
        """Play until it is finished or has failed."""
        since = self.mark()
        self.session.play()
        return self.until("finished", "failed", since=since)


def weights_of(listener: Listener) -> dict[str, Any]:
    """The session's weights now."""
    return dict(listener.ask(lambda: listener.session.weights(1), WeightsTaken).weights)


def assert_same_weights(listener: Listener, run: Run) -> None:
    """To the bit."""
    found = weights_of(listener)
    assert found.keys() == run.weights().keys()
    for name, value in run.weights().items():
        assert np.array_equal(found[name], value.numpy()), name
