"""Where the cursor is inside of the blocks, and the stops that it makes there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from engine.moments import Backward, Forward, Level, Moment, Objective, Outcome, Step, Update
from engine.numeralparts import Numeral

LEVELS: Final[tuple[Level, ...]] = ("block", "neuron", "weight")
WHOLE: Final = -1
"""The number of a stop at a block as a whole: it has no numbers of its own at this level."""


@final
@dataclass(frozen=True, slots=True)
class Inside:
    """A stop inside of a block.

    Attributes:
        level: `neuron` or `weight`.
        numeral: the number that is looked at; None while it is fetched, and where `whole`.
        whole: the block has nothing finer at this level, and is looked at as a whole.
        sample: of the batch, from 0; `samples`: in the batch.
    """

    level: Level
    numeral: Numeral | None
    whole: bool
    sample: int = 0
    samples: int = 1


@final
@dataclass(frozen=True, slots=True, eq=False)
class Stops:
    """What the cursor comes to at a level, in order: int arrays of one length.

    Attributes:
        moments: index of the moment of blocks that each is part of.
        numbers: which numeral of the level each is, or `WHOLE`.
    """

    moments: NDArray[Any]
    numbers: NDArray[Any]

    def first_of(self, moment: int) -> int | None:
        """The first stop in a moment of blocks."""
        found = np.flatnonzero(self.moments == moment)
        return int(found[0]) if found.size else None

    def near(self, moment: int) -> int:
        """The same, or the first stop behind it; the last one if there is none."""
        first = self.first_of(moment)
        if first is not None:
            return first
        behind = np.flatnonzero(self.moments > moment)
        return int(behind[0]) if behind.size else len(self.moments) - 1

    def of_number(self, number: int) -> int:
        """The stop at a numeral, or the last one before it."""
        found = np.flatnonzero((self.numbers <= number) & (self.numbers != WHOLE))
        return int(found[-1]) if found.size else 0


def stops_of(step: Step, moments: NDArray[Any]) -> Stops:
    """The stops of a level whose numerals belong to these moments.

    A block whose numbers come without a formula of their own is one stop, however many numbers it has.
    """
    written = np.array([is_written(moment) for moment in step.moments])
    keep = written[moments]
    _, firsts = np.unique(moments, return_index=True)
    keep[firsts] = True
    places = np.flatnonzero(keep)
    numbers = np.where(written[moments[places]], places, WHOLE)
    found = moments[places]
    missing = [at for at in _silent(step.moments) if at not in found]
    where = [int(behind[0]) if (behind := np.flatnonzero(found > at)).size else len(found) for at in missing]
    return Stops(np.insert(found, where, missing), np.insert(numbers, where, WHOLE))


def is_written(moment: Moment) -> bool:
    """Whether single numbers of a moment are worked out, each with its own formula."""
    if isinstance(moment, Forward):
        return moment.form in ("linear", "number", "scalar")
    if isinstance(moment, Backward):
        return moment.form == "linear" or bool(moment.local) or any(each.terms for each in moment.upstream)
    return isinstance(moment, Objective | Update)


def _silent(moments: Sequence[Moment]) -> Iterator[int]:
    """Moments that are stopped at although they may have no numerals."""
    for moment in moments:
        if isinstance(moment, Outcome) or (isinstance(moment, Forward | Backward) and not is_written(moment)):
            yield moment.index
