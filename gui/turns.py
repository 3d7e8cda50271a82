"""Who draws in the next frame, and how long the training is left alone before it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import final

from PySide6.QtCore import QElapsedTimer, QObject, QTimer

FRAME_MS = 25
LIGHT_MS = 12
"""Between frames while something light is drawn in each: a little less than a screen's, which the timer adds."""
LIGHT_REST = 5.0
"""As `REST`: what takes 2.8 ms comes in every frame of a screen."""
LIT_MS = 500
"""So long it is expected to go on."""
LONGEST_MS = 250
REST = 12.0
"""A frame begins after so many times what the last one took at the earliest: the training needs its turn, too."""


@final
class Turns(QObject):
    """Lets one of those who draw do so in a frame: all at once would hold up the mouse, and the training.

    What is light is drawn in each frame, and such frames follow sooner; the others wait as long as they would without.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._drawing: deque[Callable[[], bool]] = deque()
        self._light: list[Callable[[], bool]] = []
        self._since, self._turn, self._lit = QElapsedTimer(), QElapsedTimer(), QElapsedTimer()
        self._since.start()
        self._turn.start()
        self._began = self._cost = self._light_cost = 0.0
        self._heavy = False
        # Comes after the painting that drawing asks for, which is posted: so it measures a frame's whole cost.
        self._painted = QTimer(self)
        self._painted.setSingleShot(True)
        self._painted.timeout.connect(self._measure)

    def add(self, draw: Callable[[], bool]) -> None:
        """Call it again and again; it says whether there was something to draw."""
        self._drawing.append(draw)

    def add_light(self, draw: Callable[[], bool]) -> None:
        """Call it in every frame; it says whether there was something to draw."""
        self._light.append(draw)

    def begin(self) -> None:
        """A frame begins."""
        self._since.restart()
        # The thread's own time: while it waits for the training, it costs the training nothing.
        self._began = time.thread_time()

    def draw(self) -> bool:
        """Let what is light draw, and the next one whose turn it is; whether others may have something left to draw."""
        drawn = [draw() for draw in self._light]
        if any(drawn):
            self._lit.start()
            self._heavy = False
            self._painted.start(0)
        if self._is_lit and self._turn.elapsed() < self._interval():
            return True  # this frame came sooner than their turn
        for _ in range(len(self._drawing)):
            self._drawing.rotate(-1)
            if self._drawing[-1]():
                self._turn.restart()
                self._heavy = True
                self._painted.start(0)
                return True
        return False

    def schedule(self, timer: QTimer, *, news: bool) -> None:
        """Let a timer, which may be running, begin the next frame; `news`: something has come that may be light."""
        wait = max(0, self._interval() - int(self._turn.elapsed()), FRAME_MS - int(self._since.elapsed()))
        if news and self._is_lit:
            light = min(max(LIGHT_MS, int(LIGHT_REST * self._light_cost)), LONGEST_MS)
            wait = max(0, min(wait, light - int(self._lit.elapsed())))
        if not timer.isActive() or (news and timer.remainingTime() > wait):
            timer.start(wait)

    @property
    def _is_lit(self) -> bool:
        """Whether something light was drawn just now, so that the next is to be expected."""
        return self._lit.isValid() and self._lit.elapsed() < LIT_MS

    def _interval(self) -> int:
        """Between two turns."""
        return min(max(FRAME_MS, int(REST * self._cost)), LONGEST_MS)

    def stop(self) -> None:
        """No frame is to come."""
        self._painted.stop()

    def _measure(self) -> None:
        cost = 1000 * (time.thread_time() - self._began)
        if self._heavy:
            self._cost = cost
        else:
            self._light_cost = cost
