"""What a session's thread runs: everything heavy is imported there."""

from __future__ import annotations

import queue
import traceback
from collections.abc import Callable
from typing import Any

from engine.events import Event, RunFailed, StateChanged
from engine.session.commands import Command


def load() -> None:
    """Import what every session's thread needs, torch above all, so that the first one begins at once.

    Takes about a second; call it in a thread. Raises whatever a broken installation raises.
    """
    from engine.session import worker  # noqa: F401


def work(inbox: queue.SimpleQueue[Command], post: Callable[[Event], None], *rest: Any) -> None:
    """The body of the thread, until the command to close; `rest` as for a `Worker`."""
    try:
        from engine.session.worker import Worker
    except Exception as error:  # noqa: BLE001 - a broken installation has to be told, not to be silent
        post(RunFailed("T04", f"The training cannot be loaded: {error}", details=traceback.format_exc()))
        post(StateChanged("failed"))
        return
    Worker(inbox, post, *rest).work()
