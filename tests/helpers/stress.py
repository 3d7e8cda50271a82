"""A pytest plugin that makes luck bad: a slow worker thread, panels that draw late or at once, a busy machine.

Off unless asked for: `make test-stress`, or `pytest -p tests.helpers.stress --stress worker,turns FILES`. A test that
fails under it relies on how fast something comes, or on which of two threads is first: some day it fails without it.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, final

import pytest

LONGEST = 0.03
"""Seconds that the worker's thread is held up at most, before it tells something and before it takes a command."""
BUSY = 3
"""Processes for each core that do nothing but keep it busy."""
LATE_MS = 600
"""Milliseconds that a panel waits for its turn at most, while frames come as ever."""


@final
class _Luck:
    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.random = random.Random(os.environ.get("PYTEST_CURRENT_TEST", "") + str(os.getpid()))
        self.patch = patch

    def worker(self) -> None:
        """Each event reaches the window late, and each command the worker."""
        from engine.mailbox import Mailbox
        from engine.session.reading import Inbox

        self._hold_up(Mailbox, "post")
        self._hold_up(Inbox, "get")

    def _hold_up(self, kind: type, name: str) -> None:
        from engine.events import Snapshot

        ready: Callable[..., Any] = getattr(kind, name)

        def late(*args: Any) -> Any:
            often = 0.1 if isinstance(args[-1], Snapshot) else 1.0  # or pictures would be all that the thread does
            if threading.current_thread() is not threading.main_thread() and self.random.random() < often:
                time.sleep(self.random.uniform(0, LONGEST))
            return ready(*args)

        self.patch.setattr(kind, name, late)

    def turns(self) -> None:
        """Frames come, but the panels' turns to draw only after a while."""
        from gui.turns import Turns

        draw = Turns.draw
        due: dict[int, float] = {}

        def late(turns: Turns) -> bool:
            now = time.monotonic()
            if _is_played(turns):
                return draw(turns)
            if now < due.setdefault(id(turns), now + self.random.uniform(0, LATE_MS / 1000)):
                return True
            del due[id(turns)]
            return draw(turns)

        self.patch.setattr(Turns, "draw", late)

    def eager(self) -> None:
        """All panels draw in each frame, and frames follow at once."""
        from PySide6.QtCore import QTimer

        from gui.turns import Turns

        draw, schedule = Turns.draw, Turns.schedule

        def at_once(turns: Turns) -> bool:
            if _is_played(turns):
                return draw(turns)
            drawn = [draw() for draw in (*turns._light, *turns._drawing)]
            return any(drawn)

        self.patch.setattr(Turns, "draw", at_once)

        def now(turns: Turns, timer: QTimer, *, news: bool) -> None:
            if _is_played(turns):
                schedule(turns, timer, news=news)
            elif not timer.isActive():
                timer.start(0)

        self.patch.setattr(Turns, "schedule", now)


KINDS = {name: work for name, work in vars(_Luck).items() if not name.startswith("_")}


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--stress KINDS`, by commas."""
    parser.addoption("--stress", default="", help=f"by commas: busy, {', '.join(KINDS)}")


_PATCH = pytest.StashKey[tuple[pytest.MonkeyPatch, list["subprocess.Popen[bytes]"]]]()


def _is_played(turns: Any) -> bool:
    """Whether the session is a test's own, which says itself when frames come."""
    from engine.session import Session

    return not isinstance(getattr(turns.parent(), "_session", None), Session)


def pytest_configure(config: pytest.Config) -> None:
    """Bad luck from here on."""
    kinds: Iterable[str] = filter(None, config.getoption("--stress").split(","))
    patch, busy = pytest.MonkeyPatch(), []
    luck = _Luck(patch)
    for kind in kinds:
        if kind != "busy":
            KINDS[kind](luck)
        elif not hasattr(config, "workerinput"):
            command = [sys.executable, "-c", "while True: pass"]
            busy = [subprocess.Popen(command) for _ in range(BUSY * (os.cpu_count() or 1))]
    config.stash[_PATCH] = patch, busy


def pytest_unconfigure(config: pytest.Config) -> None:
    """As it was."""
    patch, busy = config.stash[_PATCH]
    patch.undo()
    for each in busy:
        each.kill()
