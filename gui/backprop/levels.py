"""In and out of the levels of a step: from blocks to single neurons and single weights, fetched a page at a time."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from engine.moments import Level, Step
from engine.numeralparts import Numeral
from engine.stepevents import NumeralsTaken, OutlineTaken
from gui.backprop.inside import LEVELS, WHOLE, Inside, Stops, stops_of
from gui.run_feed import RunFeed

PAGE: Final = 60
"""Numerals that are fetched together."""
_KEPT: Final = 40
_AHEAD: Final = 15
_Page = tuple[Level, int]


@final
class Levels(QObject):
    """Where the cursor is below the level of blocks. Asks the session for what it comes to, and waits for nothing.

    Attributes:
        level: `block` while it is not inside.
        at: the stop, from 0.

    Signals:
        changed(): what was asked for has come: show it.
        refused(str): a sentence on why one cannot go in.
    """

    changed = Signal()
    refused = Signal(str)

    def __init__(self, feed: RunFeed, parent: QObject) -> None:
        super().__init__(parent)
        self._feed = feed
        self.level: Level = "block"
        self.at = 0
        self._step: Step | None = None
        self._sample = 0
        self._fine: NDArray[Any] | None = None
        self._stops: dict[Level, Stops] = {}
        self._wanted: tuple[Level | None, int, bool] | None = None
        self._outline_request = 0
        self._pages: OrderedDict[_Page, tuple[Numeral, ...]] = OrderedDict()
        self._asked: dict[int, _Page] = {}
        feed.on(OutlineTaken, self._outlined)
        feed.on(NumeralsTaken, self._taken)

    # -- which step --

    def set_step(self, step: Step) -> None:
        """Another step is walked; the level stays."""
        self.forget()
        self._step = step
        if self.level != "block":
            self._wanted = (self.level, self.at, True)
            self._ask_outline()

    def forget(self) -> None:
        """Nothing is known any more."""
        self._step, self._fine, self._wanted = None, None, None
        self._stops, self._outline_request = {}, 0
        self._pages.clear()
        self._asked.clear()

    # -- in and out --

    def go_in(self, moment: int) -> None:
        """One level further: from a moment of blocks to its first neuron, or to its weights if it has no neurons."""
        if self._step is None or self.level == LEVELS[-1]:
            return
        if self.level == "block":
            self._place(None, moment)
        else:
            self._deepen()

    def go_out(self) -> None:
        """One level back. The moment of blocks stays the same."""
        if self.level == "neuron" or not self.ready:
            self.level = "block"
        elif self.level == "weight":
            number, moment = self._number, self.moment
            self.level = "neuron"
            assert self._fine is not None
            stops = self._stops["neuron"]
            same = number != WHOLE and not self._fine[number]
            coarse = int(np.count_nonzero(~self._fine[: number + 1])) - 1
            if number != WHOLE and (same or coarse >= 0):
                self.at = stops.of_number(coarse)
            else:
                self.at = stops.near(moment)
        self.changed.emit()

    def go_to(self, level: Level, moment: int) -> None:
        """The first stop of a moment of blocks at a level."""
        if level == "block":
            self.level = "block"
            self.changed.emit()
        elif self._step is not None:
            self._place(level, moment)

    def leave(self) -> None:
        """Back among the blocks. Silent."""
        self.level, self.at, self._wanted = "block", 0, None

    def walk(self, at: int) -> bool:
        """Put the cursor on a stop; whether it moved."""
        at = min(max(0, at), self.count - 1)
        moved, self.at = at != self.at, at
        return moved

    def walk_to_moment(self, moment: int) -> bool:
        """Put the cursor on the first stop of a moment of blocks, or behind it."""
        return self.walk(self._stops[self.level].near(moment))

    # -- where it is --

    @property
    def ready(self) -> bool:
        """Whether the stops of this level are known."""
        return self.level in self._stops

    @property
    def count(self) -> int:
        """Stops of this level."""
        return len(self._stops[self.level].moments) if self.ready else 0

    @property
    def moments(self) -> NDArray[Any]:
        """The moment of blocks of each stop."""
        return self._stops[self.level].moments

    @property
    def moment(self) -> int:
        """The moment of blocks that the cursor is in."""
        return int(self.moments[self.at])

    @property
    def _number(self) -> int:
        return int(self._stops[self.level].numbers[self.at])

    def inside(self) -> Inside:
        """What the cursor is at; asks for it, and for what comes next, where it is not here yet."""
        number = self._number
        samples = 1 if self._step is None else self._step.samples
        if number == WHOLE:
            return Inside(self.level, None, True, self._sample, samples)
        page, place = divmod(number, PAGE)
        self._fetch(page)
        if place >= PAGE - _AHEAD:
            self._fetch(page + 1)
        elif place < _AHEAD and page:
            self._fetch(page - 1)
        found = self._pages.get((self.level, page), ())
        return Inside(self.level, found[place] if place < len(found) else None, False, self._sample, samples)

    # -- placing --

    def _place(self, level: Level | None, moment: int) -> None:
        """Level None: the first one that has something of this moment."""
        self._wanted = (level, moment, False)
        if self._fine is None:
            self._ask_outline()
        else:
            self._arrive()

    def _arrive(self) -> None:
        if self._wanted is None:
            return
        (level, at, is_stop), self._wanted = self._wanted, None
        if level is None:
            neurons, weights = (self._stops[each].first_of(at) for each in LEVELS[1:])
            level = "weight" if neurons is None and weights is not None else "neuron"
        self.level = level
        self.at = min(at, self.count - 1) if is_stop else self._stops[level].near(at)
        self.changed.emit()

    def _deepen(self) -> None:
        """From a neuron to the first of its weights, where they come next; else to the same number."""
        if not self.ready:
            return
        assert self._fine is not None
        number, moment = self._number, self.moment
        self.level = "weight"
        stops = self._stops["weight"]
        if number == WHOLE:
            self.at = stops.near(moment)
        else:
            same = int(np.flatnonzero(~self._fine)[number])
            follows = same + 1 < len(self._fine) and bool(self._fine[same + 1])
            self.at = stops.of_number(same + 1 if follows else same)
        self.changed.emit()

    # -- asking --

    def _ask_outline(self) -> None:
        if not self._outline_request:
            self._outline_request = self._feed.next_request()
            self._feed.session.outline(self._outline_request)

    def _outlined(self, event: OutlineTaken) -> None:
        if event.request != self._outline_request or self._step is None:
            return
        self._outline_request = 0
        if event.moments is None or event.fine is None:
            self.leave()
            self.refused.emit(event.error)
            return
        self._fine = event.fine
        for level, moments in (("neuron", event.moments[~event.fine]), ("weight", event.moments)):
            self._stops[level] = stops_of(self._step, moments)  # type: ignore[index]
        self._arrive()

    def _fetch(self, page: int) -> None:
        key = (self.level, page)
        if key in self._pages:
            self._pages.move_to_end(key)
        elif key not in self._asked.values():
            request = self._feed.next_request()
            self._asked[request] = key
            self._feed.session.numerals(self.level, request, sample=self._sample, first=page * PAGE, count=PAGE)

    def _taken(self, event: NumeralsTaken) -> None:
        key = self._asked.pop(event.request, None)
        if key is None:
            return
        self._pages[key] = event.numerals
        while len(self._pages) > _KEPT:
            self._pages.popitem(last=False)
        if self.ready and key == (self.level, self._number // PAGE):
            self.changed.emit()
