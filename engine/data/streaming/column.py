"""A field of a data set that stays on disk: a tensor of all its samples, as far as its shape and its slices tell."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Protocol, Self, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.data.layout import channels_last
from engine.data.streaming.ahead import Ahead
from engine.data.streaming.rows import Indices, View

_TOLD = frozenset(("__get__", "__len__", "dim", "element_size", "is_floating_point", "numel", "size"))
"""What can be asked of a tensor without its numbers: attributes, and these methods."""


class Prepares(Protocol):
    """From raw inputs to the network's, as `engine.data.dataset.Pipeline` does."""

    @property
    def dtype(self) -> torch.dtype:
        """Of the tensors."""

    def __call__(self, raw: NDArray[Any]) -> Tensor:
        """Raw inputs (n, ...) as a new tensor of the same shape."""


@final
class Column(Tensor):
    """Samples (n, ...) on disk: a tensor without storage, with the shape, dtype and device of one that has.

    Slices, and picks by an array of indices, are ordinary tensors with the values that they would have in memory;
    pictures are laid out channels last. Slices that follow each other, or lie at equal distances, are read ahead,
    and so are batches taken by `along`. All else that can be done to a tensor raises TypeError. Belongs to one thread
    at a time.

    Attributes:
        samples: as they are stored.
        batches, slices: read ahead.
    """

    samples: View
    batches: Ahead
    slices: Ahead
    _pipeline: Prepares
    _all: Indices
    _last: tuple[int, int, int]
    _order: tuple[Tensor, Indices] | None

    @staticmethod
    def __new__(cls: type[Self], view: View, pipeline: Prepares, device: torch.device | None = None) -> Self:
        """Nothing is read. Args: `pipeline` makes tensors of raw samples, `device` is where they come to."""
        made: Self = torch.Tensor._make_wrapper_subclass(  # noqa: SLF001 - PyTorch's documented way
            cls, view.shape, dtype=pipeline.dtype, device=device or torch.device("cpu")
        )
        return made

    def __init__(self, view: View, pipeline: Prepares, device: torch.device | None = None) -> None:
        super().__init__()
        self.samples, self._pipeline = view, pipeline
        self._read = reading = _Reading(view, pipeline)  # no method: what reads ahead must not keep the column alive
        threads = min(view.rows.threads, max(1, os.cpu_count() or 1))
        self.batches = Ahead(reading, threads, self.row_bytes)
        self.slices = Ahead(reading, threads, self.row_bytes)
        self._all = np.arange(len(view))
        self._last = (-1, -1, 0)
        self._order = None

    @property
    def row_bytes(self) -> int:
        """Of one sample as a tensor."""
        return self.shape[1:].numel() * self.dtype.itemsize

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Tell sizes and attributes; refuse what would need all samples at once, before PyTorch loads what it needs."""
        if func.__name__ in _TOLD:
            return super().__torch_function__(func, types, args, kwargs or {})  # type: ignore[no-untyped-call]
        raise TypeError(f"These samples are on disk; {func.__name__} needs a slice of them.")

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:  # type: ignore[override]
        """What gets here from C++ is refused, too."""
        raise TypeError(f"These samples are on disk; {func} needs a slice of them.")

    def __repr__(self, **_: Any) -> str:  # type: ignore[override]
        return f"Column({tuple(self.shape)}, {self.dtype}, on disk)"

    def to(self, *args: Any, **kwargs: Any) -> Tensor:
        """The same, giving tensors on a device, the only argument."""
        (device,) = args
        same = torch.device(device) == self.device and not kwargs
        return self if same else Column(self.samples, self._pipeline, torch.device(device))

    def __getitem__(self, rows: Any) -> Tensor:
        """Some samples: a slice, or a tensor or array of indices; raises as `Rows.read`."""
        if not isinstance(rows, slice):
            picked = rows.cpu().numpy() if isinstance(rows, Tensor) else np.asarray(rows)
            return self._moved(self._read(picked))
        start, stop, step = rows.indices(len(self.samples))
        began, ended, before = self._last
        stride = start - began
        self._last = (start, stop, stride)
        if step == 1 and stop > start and (start == ended or stride == before > 0):
            return self._moved(self.slices.take(self._all, start, stop, 0 if start == ended else stride))
        return self._moved(self._read(self._all[rows]))

    def along(self, order: Tensor, start: int, stop: int, stride: int = 0) -> Tensor:
        """Samples `order[start:stop]`, and a look at those that will be asked for next.

        Args:
            order: int64 (n,); another object is another order.
            start: first place in it.
            stop: place after the last.
            stride: how far on the next batch begins; 0: right behind this one. A process of several that share each
                batch passes the size of the whole one, and reads only its own part of it.
        """
        if self._order is None or self._order[0] is not order:
            self._order = (order, order.cpu().numpy())
        return self._moved(self.batches.take(self._order[1], start, stop, stride))

    def _moved(self, tensor: Tensor) -> Tensor:
        return tensor.to(self.device)

    def part(self, rows: Indices) -> Column:
        """A choice of the samples."""
        return Column(self.samples.part(rows), self._pipeline, self.device)

    def close(self) -> None:
        """End the threads; what is asked for afterwards starts them again."""
        self.batches.close()
        self.slices.close()


def columns_of(data: Mapping[str, Tensor]) -> list[Column]:
    """Those of the fields that stay on disk."""
    return [tensor for tensor in data.values() if isinstance(tensor, Column)]


@final
class _Reading:
    """Reads samples and prepares them, in the layout that convolutions are fastest with."""

    def __init__(self, view: View, pipeline: Prepares) -> None:
        self._view, self._pipeline = view, pipeline

    def __call__(self, rows: Indices) -> Tensor:
        return channels_last(self._pipeline(self._view[rows]))
