"""The products that add up to one number of a convolution or pooling, forwards and backwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from gui.backprop.sliding import Bools, Floats, Pair, Sliding, taken

Array = NDArray[Any]
AGREES: Final = 1e-4
"""Of the size of the terms: how far the sum of float32 numbers may be from the traced one."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """One number as a sum of products.

    Attributes:
        left, right: the factors, `(parts, rows, columns)`; `here` of that shape tells which of them there are.
        of: what each part is: a channel, or a sample, from 0.
        added: to the sum; the bias.
        picks: a window of which one number alone is taken, not the sum.
    """

    left: Floats
    right: Floats
    here: Bools
    of: tuple[int, ...]
    added: float | None = None
    picks: bool = False

    @property
    def products(self) -> Floats:
        """Of the factors; 0 where there are none."""
        return np.where(self.here, self.left * self.right, 0.0)

    @property
    def sums(self) -> list[float]:
        """Of each part."""
        return [float(part.sum()) for part in self.products]

    @property
    def total(self) -> float:
        """The number."""
        if self.picks:
            return float(self.left[self.here].max())
        return float(self.products.sum()) + (self.added or 0.0)

    @property
    def count(self) -> int:
        """How many products."""
        return int(self.here.sum())

    def comes_to(self, traced: float, digits: float = AGREES) -> bool:
        """Whether this is the traced number, to rounding."""
        size = float(np.abs(self.products).sum()) + abs(self.added or 0.0)
        return bool(abs(self.total - traced) <= digits * max(size, 1e-30)) or bool(self.total == traced)


def gathered(slide: Sliding, fine: Array, weight: Array, channel: int, place: Pair, added: float | None) -> Terms:
    """A number of the coarse plane from `fine` `(channels, height, width)`: the window over it, times the kernel."""
    channels = slide.fine_of(channel)
    rows, columns = slide.under(place)
    left = taken(fine[channels.start : channels.stop], rows, columns)
    right = weight[channel].astype(np.float64)
    return Terms(left, right, np.ones(left.shape, dtype=bool), tuple(channels), added)


def scattered(slide: Sliding, coarse: Array, weight: Array, channel: int, place: Pair, added: float | None) -> Terms:
    """A number of the fine plane from `coarse` `(channels, height, width)`: every window that sees it."""
    channels = slide.coarse_of(channel)
    rows, columns, here = slide.over(place)
    left = taken(coarse[channels.start : channels.stop], rows, columns)
    right = weight[channels.start : channels.stop, slide.row_of(channel)].astype(np.float64)
    return Terms(left, right, np.broadcast_to(here, left.shape), tuple(channels), added)


def correlated(slide: Sliding, fine: Array, coarse: Array, channels: Pair, entry: Pair) -> Terms:
    """The gradient of an entry of the kernel from a coarse to a fine channel, a part for each sample.

    `fine` and `coarse` are `(samples, channels, height, width)`; one of them holds what arrives at the output.
    """
    rows, columns = slide.met(entry)
    left = taken(fine[:, channels[1]], rows, columns)
    right = coarse[:, channels[0]].astype(np.float64)
    return Terms(left, right, np.ones(left.shape, dtype=bool), tuple(range(len(left))))


def largest(slide: Sliding, fine: Array, channel: int, place: Pair) -> Terms:
    """A window of a pooling, of which the largest number is taken; padding does not count."""
    rows, columns = slide.under(place)
    left = taken(fine[channel : channel + 1], rows, columns)
    return Terms(left, np.ones(left.shape), slide.inside(rows, columns)[None], (channel,), picks=True)


def averaged(slide: Sliding, fine: Array, channel: int, place: Pair) -> Terms:
    """A window of a pooling, each number with its share."""
    rows, columns = slide.under(place)
    left = taken(fine[channel : channel + 1], rows, columns)
    here = np.ones(left.shape, dtype=bool) if slide.counts_pads else slide.inside(rows, columns)[None]
    return Terms(left, np.full(left.shape, 1.0 / slide.count(place)), here, (channel,))


def returned(slide: Sliding, delta: Array, chosen: Array | None, channel: int, place: Pair) -> Terms:
    """What a number gets back from all windows that see it.

    Args:
        slide: a pooling.
        delta: `(channels, height, width)`, arriving at the output.
        chosen: of that shape, the number that each window took, counted row by row; None: a mean.
        channel: of the input.
        place: of the input.
    """
    rows, columns, here = slide.over(place)
    left = taken(delta[channel : channel + 1], rows, columns)
    right = np.zeros(left.shape)
    for u, v in zip(*np.nonzero(here), strict=True):
        where = (int(rows[u, v]), int(columns[u, v]))
        if chosen is None:
            right[0, u, v] = 1.0 / slide.count(where)
        else:
            right[0, u, v] = float(int(chosen[channel][where]) == place[0] * slide.fine[2] + place[1])
    return Terms(left, right, here[None], (channel,))
