"""All samples in batches that are cut when they are asked for: those on disk need not fit into memory together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

from torch import Tensor

from engine.training.batching import Batch


@final
class Slices(Sequence[Batch]):
    """Data in batches of a size, in their order; data without samples are one empty batch.

    Attributes:
        samples: in all.
    """

    def __init__(self, data: Mapping[str, Tensor], size: int) -> None:
        """Args: `data` name -> (n, ...), all of one length; `size` of the batches."""
        self._data, self._size = data, size
        self.samples = len(next(iter(data.values()))) if data else 0

    def __len__(self) -> int:
        return max(1, -(-self.samples // self._size))

    def __getitem__(self, number: Any) -> Any:
        """The batch of that number."""
        if not 0 <= number < len(self):
            raise IndexError(f"there are {len(self)} batches, counted from 0; there is no {number}")
        start = number * self._size
        return {name: tensor[start : start + self._size] for name, tensor in self._data.items()} if self.samples else {}
