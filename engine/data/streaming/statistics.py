"""Mean and standard deviation of every feature in one pass, over arrays in memory and samples on disk alike.

Chan, Golub, LeVeque: Algorithms for computing the sample variance (1983): the sums of squares about the means of two
parts add up, with what the means lie apart. The parts are the same wherever the samples lie, so the result is, too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.data.streaming.rows import View

Floats = NDArray[np.float64]
Watch = Callable[[int, int], None]
"""Is told how many samples of how many were seen; what it raises ends the work."""

_MOST_ROWS = 4096
_MOST_VALUES = 1 << 22
"""Numbers that are looked at together: 32 MiB of float64."""


def mean_and_deviation(x: NDArray[Any] | View, watch: Watch | None = None) -> tuple[Floats, Floats]:
    """Of every feature, or of every channel of images: float64, shaped so that they broadcast against one sample.

    The deviation is that of the population; of a feature that never changes it is 1, so that scaling makes it 0.

    Raises:
        DataError: a sample cannot be read.
    """
    axes = (0,) if x.ndim == 2 else (0, *range(2, x.ndim))
    keep = x.ndim > 2
    row_values = max(1, x.size // max(1, len(x)))
    rows = max(1, min(_MOST_ROWS, _MOST_VALUES // row_values))
    per_row = row_values // x.shape[1]
    count, mean, squares = 0, np.zeros(()), np.zeros(())
    for at in range(0, len(x), rows):
        part = x[at : at + rows]
        here = len(part) * per_row
        part_mean = part.sum(axis=axes, dtype=np.float64, keepdims=keep) / here
        part_squares = np.square(part - part_mean).sum(axis=axes, keepdims=keep)
        apart = part_mean - mean
        total = count + here
        squares = squares + part_squares + np.square(apart) * (count * here / total)
        mean = part_mean if not count else mean + apart * (here / total)
        count = total
        if watch is not None:
            watch(min(at + rows, len(x)), len(x))
    deviation = np.sqrt(squares / count)
    mean, deviation = (array[0] if keep else array for array in (mean, deviation))
    constant = deviation <= np.abs(mean) * 1e-12
    return mean, np.where(constant, 1.0, deviation)
