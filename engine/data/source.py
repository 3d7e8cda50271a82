"""What a reader of data hands over: the arrays as they lie there, before split, scaling and one-hot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from engine.data.streaming.rows import View
from engine.dataspec import DataFacts, Field, Split

Arrays = Mapping[str, NDArray[Any]]
"""Field name -> one row a sample."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A data set as it lies there.

    Attributes:
        facts: its source facts (see `engine.facts`).
        train: all samples that may be split: `x` uint8 or float64 (n, ...), `y` int64 class indices (n,) or float64;
            without `x` where that is streamed.
        val, test: parts of its own, or None.
        divisor: what `x` is divided by (255 for bytes of pixels), so that pixels lie in 0..1.
        points: coordinates (n, 1) or (n, 2) that `x` was computed from, for generated data.
        label: what it is, in words: `Fashion-MNIST, bundled sample`.
        streamed: the `x` of each of these parts, where it stays on disk.
    """

    facts: DataFacts
    train: Arrays
    val: Arrays | None = None
    test: Arrays | None = None
    divisor: float = 1.0
    points: NDArray[np.float64] | None = None
    label: str = ""
    streamed: Mapping[Split, View] = field(default_factory=dict)


def class_indices(target: Field | None, y: NDArray[Any] | None) -> NDArray[np.int64] | None:
    """The class of every sample; None when the target is no class.

    Targets of two classes may be numbers (n, 1), -1 and 1 or 0 and 1.
    """
    if target is None or y is None or not target.classes:
        return None
    if y.dtype.kind == "f":
        return (y[:, 0] > 0).astype(np.int64)
    return y.astype(np.int64, copy=False)
