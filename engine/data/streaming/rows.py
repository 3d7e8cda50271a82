"""Samples on disk: what a reader of them can do, and a choice of them that looks like an array."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]


class Rows(ABC):
    """Samples that lie on disk. `read` may be called by several threads at once.

    Attributes:
        shape: (samples, ...) of all, as `read` gives them.
        dtype: of what `read` gives: uint8 for pixels, else float64.
        threads: how many threads are worth reading with; 0: reading is so fast that the caller does it best himself.
        shards: which file each sample lies in, int32 (samples,); None where all lie in one, or each in its own.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    threads: int
    shards: NDArray[np.int32] | None = None

    @abstractmethod
    def identity(self) -> list[object]:
        """Plain values that change when the numbers do: paths, sizes and times of the files, and how they are read."""

    @abstractmethod
    def read(self, rows: Indices) -> NDArray[Any]:
        """These samples in this order, as a new array (len(rows), ...).

        Raises:
            DataError: a sample is damaged (D02), gone (D03), not finite (D04), or of another form (D06); or its file
                was changed meanwhile (D08).
        """


@final
class View:
    """Some of the samples on disk in an order, indexed as an array is; nothing is read before that.

    Attributes:
        rows: where they lie.
        picked: which, int64 (n,).
        shape, dtype: of the array that this looks like.
    """

    def __init__(self, rows: Rows, picked: Indices | None = None) -> None:
        self.rows = rows
        self.picked: Indices = np.arange(rows.shape[0]) if picked is None else picked
        self.shape = (len(self.picked), *rows.shape[1:])
        self.dtype = rows.dtype

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def ndim(self) -> int:
        """Dimensions, that of the samples first."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Numbers in all."""
        return math.prod(self.shape)

    def __getitem__(self, rows: slice | NDArray[Any]) -> NDArray[Any]:
        """Read some; raises as `Rows.read`."""
        return self.rows.read(self.picked[rows])

    def part(self, rows: Indices) -> View:
        """A choice of these."""
        return View(self.rows, self.picked[rows])
