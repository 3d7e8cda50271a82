"""What a reader of data hands over: the arrays as they lie there, before split, scaling and one-hot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from engine.dataspec import DataFacts, Field

Arrays = Mapping[str, NDArray[Any]]
"""Field name -> one row a sample."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A data set as it lies there.

    Attributes:
        facts: its source facts (see `engine.facts`).
        train: all samples that may be split: `x` uint8 or float64 (n, ...), `y` int64 class indices (n,) or float64.
        val, test: parts of its own, or None.
        divisor: what `x` is divided by (255 for bytes of pixels), so that pixels lie in 0..1.
        points: coordinates (n, 1) or (n, 2) that `x` was computed from, for generated data.
        label: what it is, in words: `Fashion-MNIST, bundled sample`.
    """

    facts: DataFacts
    train: Arrays
    val: Arrays | None = None
    test: Arrays | None = None
    divisor: float = 1.0
    points: NDArray[np.float64] | None = None
    label: str = ""


def class_indices(field: Field | None, y: NDArray[Any] | None) -> NDArray[np.int64] | None:
    """The class of every sample; None when the target is no class.

    Targets of two classes may be numbers (n, 1), -1 and 1 or 0 and 1.
    """
    if field is None or y is None or not field.classes:
        return None
    if y.dtype.kind == "f":
        return (y[:, 0] > 0).astype(np.int64)
    return y.astype(np.int64, copy=False)
