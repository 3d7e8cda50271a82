"""Wires that look for their ways one after the other, while the window goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Final, final

from PySide6.QtCore import QObject, QTimer

from gui.canvas.wire_item import Ends

AT_ONCE: Final = 400
"""Up to so many wires look for their ways within a frame or two."""
_SLICE: Final = 0.008
"""Seconds of looking between two turns of the event loop."""


@final
class Ways(QObject):
    """A queue of wires. Its timer runs only while somebody waits."""

    def __init__(self, look: Callable[[Ends], None], shown: Callable[[], None], parent: QObject) -> None:
        """`look` lets one wire look for its way; `shown` is told after some have."""
        super().__init__(parent)
        self._look = look
        self._shown = shown
        self._waiting: dict[Ends, None] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._go_on)

    def __len__(self) -> int:
        return len(self._waiting)

    def wait(self, ends: Iterable[Ends]) -> None:
        """Let these look later, in this order; those that wait already are in it, too."""
        self._waiting = {**dict.fromkeys(ends), **self._waiting}
        if self._waiting:
            self._timer.start(0)

    def forget(self) -> None:
        """Nobody waits any more."""
        self._waiting.clear()
        self._timer.stop()

    def finish(self) -> None:
        """Let everybody look at once."""
        waiting = list(self._waiting)
        self.forget()
        for ends in waiting:
            self._look(ends)
        self._shown()

    def _go_on(self) -> None:
        end = time.perf_counter() + _SLICE
        while self._waiting and time.perf_counter() < end:
            ends = next(iter(self._waiting))
            del self._waiting[ends]
            self._look(ends)
        self._shown()
        if self._waiting:
            self._timer.start(0)
