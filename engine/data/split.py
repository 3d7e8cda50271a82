"""Which samples are for training, which are held out: exact counts, the same for the same seed on every machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Indices of the samples of each part, ascending."""

    train: Indices
    val: Indices
    test: Indices


def split(samples: int, val: int, test: int, seed: int, classes: Indices | None = None) -> Split:
    """Hold out `val` and `test` of the samples, drawn at random.

    Args:
        samples: how many there are.
        val: how many are held out for validation.
        test: how many for the test.
        seed: draws others.
        classes: class of every sample, to give each part the classes in proportion (to the nearest whole sample, by the
            method of largest remainders); None draws from all alike.
    """
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(1,))))
    order = np.argsort(rng.random(samples), kind="stable")
    test_part, rest = _take(order, test, classes)
    val_part, train_part = _take(rest, val, classes)
    return Split(np.sort(train_part), np.sort(val_part), np.sort(test_part))


def _take(order: Indices, wanted: int, classes: Indices | None) -> tuple[Indices, Indices]:
    """The first `wanted` of the samples in this order, and the rest; class by class where classes are given."""
    if classes is None or wanted == 0:
        return order[:wanted], order[wanted:]
    labels = classes[order]
    present, members = np.unique(labels, return_counts=True)
    quotas = _quotas(members, wanted)
    taken = np.zeros(len(order), dtype=bool)
    for label, quota in zip(present, quotas, strict=True):
        taken[np.flatnonzero(labels == label)[:quota]] = True
    return order[taken], order[~taken]


def _quotas(members: Indices, wanted: int) -> Indices:
    """`wanted` shared out in proportion to the members of each class, in whole samples."""
    exact = members * wanted
    total = int(members.sum())
    quotas = exact // total
    first = np.lexsort((np.arange(len(members)), -(exact % total)))[: wanted - int(quotas.sum())]
    quotas[first] += 1
    return quotas
