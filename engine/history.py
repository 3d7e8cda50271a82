"""The past of a training: any of the last updates can be gone back to, and branched off from, the same to the bit.

Now and then a complete state is kept: weights, optimizer, random states, the place in the epoch, everything that a
resumed training needs. What lies between two of them is made once more from the earlier one, which gives the same
numbers to the bit. So the past of a fast training costs it little time, and the memory that it takes is bounded.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, final

from torch import Tensor

from engine.training.bits import equal
from engine.training.run import Run

LIMIT = 64 << 20
"""Bytes that the past may take unless told otherwise."""

_SHARE = 0.03
"""Part of the time of a training that may go into keeping states."""

_APART = 1024
"""Updates between two kept states at most, so many have to be made once more; fewer where that would take seconds."""

_WAIT = 1.0
"""Seconds that making updates once more may take."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Kept:
    """A state after so many updates, and its size in bytes without what it shares with the one kept before."""

    at: int
    state: Mapping[str, Any]
    size: int


@final
class History:
    """The ring of one run. Tell `note` of each unit of work, `changed` of whatever else changes the run."""

    def __init__(self, run: Run, limit: int = LIMIT, on_forgotten: Callable[[int], None] | None = None) -> None:
        """Begin where the run is now.

        Args:
            run: that is followed.
            limit: bytes that the kept states may take together.
            on_forgotten: told the update after which everything will come differently, when the future is given up.
        """
        self._on_forgotten = on_forgotten
        self._run, self.limit = run, limit
        self._kept: list[_Kept] = []
        self._sizes: dict[int, int | None] = {}
        """Number of an update -> samples it was made with, where these were asked for."""
        self._records: list[dict[str, Any]] = list(run.records)
        self.last = self._here = run.trainer.steps
        self._pending = False
        """Whether the next state has to be kept, the steps before it being those of other numbers."""
        self._seconds = 0.0
        """That an update takes."""
        self._cost, self._kept_at = 0.0, time.monotonic()
        self._keep()

    # -- what there is --

    @property
    def first(self) -> int:
        """The earliest update that can be gone back to."""
        return self._kept[0].at if self._kept else self.at

    @property
    def at(self) -> int:
        """Updates made by now."""
        return self._run.trainer.steps

    @property
    def bytes(self) -> int:
        """Memory that the states take."""
        return sum(kept.size for kept in self._kept)

    @property
    def states(self) -> int:
        """How many are kept."""
        return len(self._kept)

    # -- growing --

    def note(self, size: int | None = None, seconds: float = 0.0) -> None:
        """A unit of work was done: an update, or a part of a validation.

        Args:
            size: samples of the update; None: a batch.
            seconds: that it took.
        """
        at = self.at
        if at != self._here:
            self._forget_future(self._here)
            self._tell_forgotten(self._here)
            self._seconds += 0.1 * (seconds / max(1, at - self._here) - self._seconds)
            self.last = self._here = at
            if size is not None:
                self._sizes[at] = size
        if self._run.busy or (self._kept and at == self._kept[-1].at and not self._pending):
            return
        since = time.monotonic() - self._kept_at
        if since * _SHARE >= self._cost or not self._kept or self._pending or at - self._kept[-1].at >= self._apart:
            self._keep()

    @property
    def _apart(self) -> int:
        if self._seconds <= 0:
            return _APART
        soon = int(_WAIT / self._seconds)
        return max(1, soon if self._run.trainer.fast.running else min(_APART, soon))

    def changed(self) -> bool:
        """Something but a step changed the run: the next step begins from here. Whether a future is gone with that."""
        ahead = self.last > self.at
        self._remember_records()
        self._forget_future(self.at, here=True)
        self._tell_forgotten(self.at)
        self.last = self._here = self.at
        self._pending = True
        self._keep()
        return ahead

    def _forget_future(self, at: int, *, here: bool = False) -> None:
        """Drop what lies beyond this update (with `here`, its own state too)."""
        while self._kept and (self._kept[-1].at > at or (here and self._kept[-1].at == at)):
            self._kept.pop()
        if self._sizes and self.last > at:
            self._sizes = {step: size for step, size in self._sizes.items() if step <= at}

    def _tell_forgotten(self, at: int) -> None:
        if self.last > at and self._on_forgotten is not None:
            self._on_forgotten(at)

    def _keep(self) -> None:
        if self._run.busy:
            return
        began = time.monotonic()
        before = self._kept[-1].state if self._kept else None
        state = _copied(self._run.state(), before)
        self._pending = False
        whole, alone = _sizes(state, before)
        if whole <= self.limit:
            if self._kept and self._kept[-1].at == self.at:
                self._kept.pop()
            self._kept.append(_Kept(self.at, state, alone))
            while self.bytes > self.limit:
                self._thin()
        else:
            self._kept.clear()
        self._kept_at = time.monotonic()
        self._cost = self._kept_at - began

    def _thin(self) -> None:
        """Every second state goes, where the steps between its neighbours are few enough; else the oldest one."""
        kept = self._kept[:1]
        for number, each in enumerate(self._kept[1:-1], 1):
            after = self._kept[number + 1].at
            if kept[-1] is self._kept[number - 1] and after - kept[-1].at <= self._apart:
                continue
            kept.append(each)
        kept += self._kept[-1:] if len(self._kept) > 1 else []
        if len(kept) == len(self._kept):
            kept = kept[1:]
        states = [None, *(each.state for each in kept)]
        self._kept = [
            _Kept(each.at, each.state, _sizes(each.state, old)[1]) for each, old in zip(kept, states, strict=False)
        ]

    # -- going --

    def goto(self, at: int) -> int:
        """Go to the state after so many updates, as near as there is; where it went.

        The records of the epochs follow. Nothing is posted. The future stays until the run makes another one.
        """
        at = max(self.first, min(at, self.last))
        if not self._kept or (at == self.at and not self._run.busy):
            return self.at
        self._remember_records()
        start = self._kept[bisect_right([kept.at for kept in self._kept], at) - 1]
        ends = {record["epoch"]: record for record in self._records}
        run = self._run
        run.restore(_thawed(start.state))
        with run.trainer.drawing():
            while run.trainer.steps < at:
                following = run.trainer.steps + 1
                most = 1 if following in self._sizes else self._alike(following, at)
                run.redo(self._sizes.get(following), ends, most)
        self._here = self.at
        epochs = run.trainer.epochs
        run.show_records([record for record in self._records if record["epoch"] <= epochs])
        return self.at

    def _alike(self, step: int, at: int) -> int:
        """Updates from this one on that are made with whole batches."""
        return min([at, *(other - 1 for other in self._sizes if other > step)]) - step + 1

    def _remember_records(self) -> None:
        """Those of the run, and those of the future that it has gone back from."""
        now = self._run.records
        epochs = now[-1]["epoch"] if now else 0
        later = [each for each in self._records if each["epoch"] > epochs and self.at < each["step"] <= self.last]
        self._records = [*now, *later]


# -- states --


def _copied(value: Any, before: Any) -> Any:
    """A copy that no step can change; tensors equal to those of the state before are shared with it."""
    if isinstance(value, Tensor):
        shared = isinstance(before, Tensor) and value.stride() == before.stride() and equal(value, before)
        return before if shared else value.detach().clone()
    if isinstance(value, Mapping):
        known = before if isinstance(before, Mapping) else {}
        return {key: _copied(item, known.get(key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        old = before if isinstance(before, list) and len(before) == len(value) else [None] * len(value)
        return [_copied(*pair) for pair in zip(value, old, strict=True)]
    return value


def _thawed(value: Any) -> Any:
    """A copy that a run may take over."""
    if isinstance(value, Tensor):
        return value.clone()
    if isinstance(value, Mapping):
        return {key: _thawed(item) for key, item in value.items()}
    return [_thawed(item) for item in value] if isinstance(value, list) else value


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping | list):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _tensors(item)


def _sizes(state: Any, before: Any) -> tuple[int, int]:
    """Bytes of a state's tensors, and of those that it does not share with the one before."""
    shared = {id(tensor) for tensor in _tensors(before)}
    whole = alone = 0
    for tensor in _tensors(state):
        size = tensor.numel() * tensor.element_size()
        whole += size
        alone += 0 if id(tensor) in shared else size
    return whole, alone
