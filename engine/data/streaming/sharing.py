"""Which samples are whose, when processes each keep to a part of the data."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.data.streaming.rows import Indices


def own(samples: int, rank: int, world: int, files: NDArray[np.int32] | None = None) -> Indices:
    """The samples of one process, ascending: whole files where there are enough, else a run of neighbours.

    The parts of all processes are disjoint and cover everything. Files go, the largest first, each to whoever has the
    least so far, so that parts are about as large as files allow; runs of neighbours differ by one at most.

    Args:
        samples: how many there are.
        rank: number of the process, from 0.
        world: how many processes there are.
        files: number of the file that each sample lies in, (samples,).

    Raises:
        ValueError: there is no such process.
    """
    if not 0 <= rank < world:
        raise ValueError(f"{world} processes are counted from 0 to {world - 1}; there is no {rank}")
    names, counts = np.unique(files, return_counts=True) if files is not None else (np.empty(0), np.empty(0))
    if files is None or len(names) < world:
        return np.arange(samples * rank // world, samples * (rank + 1) // world)
    load = np.zeros(world, dtype=np.int64)
    mine = []
    for place in np.argsort(-counts, kind="stable"):
        taker = int(np.argmin(load))
        load[taker] += counts[place]
        if taker == rank:
            mine.append(names[place])
    return np.flatnonzero(np.isin(files, mine))
