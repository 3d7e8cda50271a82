"""How many threads a training computes with: decided by the work of a step, never by the clock.

Threads have to be woken and waited for, which takes longer than a small network's arithmetic. What each number of them
makes of work of which size is measured once on a machine (`calibration`) and kept, or taken from constants; from that
and a network's plan the number follows without a look at the clock, so that the same run is made with the same number:
the last bits of its sums depend on it.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, final

from engine.result import NodePlan, Result

Kind = Literal["elements", "products", "convolutions"]
KINDS: Final[tuple[Kind, ...]] = ("elements", "products", "convolutions")
"""Numbers one by one; sums of products over vectors; sums of products over pictures."""

GAIN: Final = 1.1
"""Times as fast as with fewer threads it has to be, or the others are left asleep."""

WINDOW_GAIN: Final = 1.3
"""The same where the last core is taken as well while a window is open.

The window wants that core now and then, and all the others wait at the end of each operation for the thread that lost
it. With less to gain, a training is as fast without it, and the window livelier.
"""

_RATES: Final[Mapping[Kind, float]] = MappingProxyType({"elements": 5e8, "products": 2.5e10, "convolutions": 1.5e10})
"""Multiply-adds of a forward pass, or elements, that one thread takes forward and backward in a second, where nothing
was measured: about what AVX-512 cores of 2.7 GHz do."""

_WAKING: Final = 5e-5
"""Seconds that a block's operations take longer for each doubling of the threads, which sleep between them
(`engine.spinning`), are woken and waited for: measured with two, on cores that others use, too."""

_GRAINS: Final[Mapping[Kind, int]] = MappingProxyType(
    {"elements": 1 << 15, "products": 1 << 18, "convolutions": 1 << 18}
)
"""Work that a further thread is worth; less is not divided (of elements: `at::internal::GRAIN_SIZE`)."""

_SHARED: Final = 0.75
"""What a further thread adds to the speed of one: memory and caches are shared."""

_SIZES: Final = tuple(1 << power for power in range(10, 33, 2))
"""Of the works of the reckoned curves."""


@final
@dataclass(frozen=True, slots=True)
class Work:
    """What a block computes in the forward pass of a step: multiply-adds, or elements."""

    kind: Kind
    amount: int


@final
@dataclass(frozen=True, slots=True)
class Curve:
    """Seconds, forward and backward, of growing works.

    Attributes:
        works: sizes, growing.
        seconds: for each, by number of threads, in the order of `Speeds.threads`.
    """

    works: tuple[int, ...]
    seconds: tuple[tuple[float, ...], ...]

    def at(self, work: int, which: int) -> float:
        """Seconds with one of the numbers of threads: a straight line between sizes on logarithmic axes.

        Below the least size it takes as long as that, above the largest in proportion.
        """
        place = bisect_left(self.works, work)
        if place == 0:
            return self.seconds[0][which]
        if place == len(self.works):
            return self.seconds[-1][which] * work / self.works[-1]
        before, behind = self.works[place - 1], self.works[place]
        part = math.log(work / before) / math.log(behind / before)
        low, high = self.seconds[place - 1][which], self.seconds[place][which]
        return low * math.exp(part * math.log(high / low))


@final
@dataclass(frozen=True, slots=True)
class Speeds:
    """What a machine does with each number of threads.

    Attributes:
        threads: the numbers, growing, the first 1.
        curves: of every kind of work.
        measured: whether on this machine.
    """

    threads: tuple[int, ...]
    curves: Mapping[Kind, Curve]
    measured: bool

    def seconds(self, works: Iterable[Work], which: int) -> float:
        """Of a step, with one of the numbers."""
        return math.fsum(self.curves[work.kind].at(work.amount, which) for work in works)


@final
@dataclass(frozen=True, slots=True)
class Chosen:
    """A number of threads, and why.

    Attributes:
        threads: the number.
        faster: than with one thread, as it was reckoned.
        measured: whether with what was measured on this machine.
    """

    threads: int
    faster: float
    measured: bool


def numbers(most: int) -> tuple[int, ...]:
    """The numbers of threads that come into question: powers of two, all, and all but one."""
    powers = {1 << power for power in range(most.bit_length())}
    return tuple(sorted(number for number in powers | {most, most - 1} if 0 < number <= most))


def reckoned(most: int) -> Speeds:
    """The speeds of a machine on which nothing was measured, by the constants of this module."""
    threads = numbers(most)
    curves = {kind: Curve(_SIZES, tuple(_reckoned(kind, work, threads) for work in _SIZES)) for kind in KINDS}
    return Speeds(threads, curves, measured=False)


def _reckoned(kind: Kind, work: int, threads: Sequence[int]) -> tuple[float, ...]:
    def seconds(number: int) -> float:
        used = min(float(number), max(1.0, work / _GRAINS[kind]))
        return work / _RATES[kind] / (1 + _SHARED * (used - 1)) + _WAKING * math.log2(number) * (used > 1)

    return tuple(seconds(number) for number in threads)


def works_of(result: Result, samples: int) -> list[Work]:
    """What a step with so many samples computes: of each block that the loss depends on, and of the update."""
    live = [result.nodes[path] for path in result.order if path in result.live]
    found = [_work(plan, samples, result.settings["dtype"]) for plan in live]
    return [work for work in (*found, Work("elements", result.parameters)) if work.amount]


def _work(plan: NodePlan, samples: int, dtype: str) -> Work:
    """Blocks are told apart by what they compute: how many multiply-adds go into a number that comes out."""
    elements = (plan.activation_bytes or 0) // (8 if dtype == "float64" else 4)
    macs = plan.macs or 0
    if macs <= 2 * elements:
        return Work("elements", max(macs, elements) * samples)
    pictures = any(spec is not None and len(spec.shape) == 4 for spec in plan.outputs.values())
    return Work("convolutions" if pictures else "products", macs * samples)


def chosen(works: Sequence[Work], speeds: Speeds, most: int, *, window: bool = False) -> Chosen:
    """The number for a step: the least that no larger one beats by `GAIN`. A function of its arguments alone.

    Args:
        works: of the step.
        speeds: of the machine.
        most: threads there may be.
        window: whether the last of them is wanted by a window, too (`WINDOW_GAIN`).
    """
    best, alone = 0, speeds.seconds(works, 0)
    if not works or alone <= 0:
        return Chosen(1, 1.0, speeds.measured)
    taken = alone
    for which, number in enumerate(speeds.threads):
        if number > most:
            break
        gain = WINDOW_GAIN if window and number == most else GAIN
        seconds = speeds.seconds(works, which)
        if which and seconds * gain <= taken:
            best, taken = which, seconds
    return Chosen(speeds.threads[best], alone / taken, speeds.measured)
