"""Who draws in the next frame, and how long the training is left alone before it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import final

from PySide6.QtCore import QElapsedTimer, QObject, QTimer

FRAME_MS = 25
LONGEST_MS = 250
REST = 12.0
"""A frame begins after so many times what the last one took at the earliest: the training needs its turn, too."""


@final
class Turns(QObject):
    """Lets one of those who draw do so in a frame: all at once would hold up the mouse, and the training."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._drawing: deque[Callable[[], bool]] = deque()
        self._since = QElapsedTimer()
        self._since.start()
        self._began = self._cost = 0.0
        # Comes after the painting that drawing asks for, which is posted: so it measures a frame's whole cost.
        self._painted = QTimer(self)
        self._painted.setSingleShot(True)
        self._painted.timeout.connect(self._measure)

    def add(self, draw: Callable[[], bool]) -> None:
        """Call it again and again; it says whether there was something to draw."""
        self._drawing.append(draw)

    def begin(self) -> None:
        """A frame begins."""
        self._since.restart()
        # The thread's own time: while it waits for the training, it costs the training nothing.
        self._began = time.thread_time()

    def draw(self) -> bool:
        """Let the next one that has something new draw it; whether there was one."""
        for _ in range(len(self._drawing)):
            self._drawing.rotate(-1)
            if self._drawing[-1]():
                self._painted.start(0)
                return True
        return False

    def wait_ms(self) -> int:
        """How long to wait until the next frame."""
        interval = min(max(FRAME_MS, int(REST * self._cost)), LONGEST_MS)
        return max(0, interval - int(self._since.elapsed()))

    def stop(self) -> None:
        """No frame is to come."""
        self._painted.stop()

    def _measure(self) -> None:
        self._cost = 1000 * (time.thread_time() - self._began)
