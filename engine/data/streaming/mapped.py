"""Arrays that stay in their file, mapped into memory: the system reads the pages that a batch touches."""

from __future__ import annotations

import math
import mmap
import os
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from engine.data.opening import MAX_STREAMED, damaged, open_regular
from engine.data.streaming.rows import Indices, Rows
from engine.problem import DataError

CHANGED = "D08"
_ADVICE = hasattr(mmap, "MADV_RANDOM") and hasattr(mmap, "MADV_WILLNEED")
"""Whether the system takes advice. Measured with batches of 64 rows of 3 KB drawn from a (sparse) file of 39 GiB, on a
machine with 23: 240 ms a training step without, 10 ms with it. Of data in its cache already, it costs 5 %."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """How an array lies in its file, and what becomes of its rows.

    Attributes:
        name: of the array, as messages call it.
        at: byte of the first number; the rows follow each other from there.
        shape, dtype: of the array.
        columns: of a table, those that are taken; None: all.
        last_is_channel: (height, width, channels) becomes (channels, height, width).
        sample: shape of a sample after that.
        pixels: bytes that stay bytes; other numbers become float64, and have to be finite.
    """

    name: str
    at: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    columns: tuple[int, ...] | None
    last_is_channel: bool
    sample: tuple[int, ...]
    pixels: bool


@final
class MappedRows(Rows):
    """Rows of an array in an NPY file, or in an NPZ archive that is not compressed.

    A batch is gathered in the order of the file, so that pages are touched once. The file may be replaced by another
    of its name meanwhile; where it is itself written to, the next batch is refused.
    """

    threads = 1

    def __init__(self, path: Path, layout: Layout) -> None:
        """Map the file. Raises DataError: it is missing, or shorter than the array."""
        self._path, self._layout = path, layout
        self.shape = (layout.shape[0], *layout.sample)
        self.dtype = np.dtype(np.uint8 if layout.pixels else np.float64)
        values = math.prod(layout.shape)
        with open_regular(path, MAX_STREAMED) as file:
            self._descriptor = os.dup(file.fileno())
            weakref.finalize(self, os.close, self._descriptor)
            self._stamp = self._look()
            end = layout.at + values * layout.dtype.itemsize
            if end > self._stamp[0]:
                raise damaged(path, f"{layout.name} should end at byte {end:,} of {self._stamp[0]:,}", "Copy it again.")
            self._map = mapped = mmap.mmap(file.fileno(), end, access=mmap.ACCESS_READ)
        if _ADVICE:  # a page that is touched by chance tells nothing about its neighbours
            mapped.madvise(mmap.MADV_RANDOM)
        self._array = np.frombuffer(mapped, layout.dtype, values, layout.at).reshape(layout.shape)

    def _look(self) -> tuple[int, int]:
        status = os.fstat(self._descriptor)
        return status.st_size, status.st_mtime_ns

    def _check(self, rows: Indices) -> None:
        """A page that is no longer in the file would end the process, so its size is looked at before each batch."""
        now = self._look()
        if now != self._stamp:
            what = (
                f"now {now[0]:,} bytes, before {self._stamp[0]:,}" if now[0] != self._stamp[0] else "as large as before"
            )
            place = f"{self._layout.name}[{int(rows[0])}]" if len(rows) else self._layout.name
            raise DataError(
                f'"{self._path.name}" was changed while it is being read ({what}), at {place}.',
                code=CHANGED,
                hint="Load the data again: press Reset, or begin the training anew.",
            )

    def identity(self) -> list[object]:
        layout = self._layout
        how = (layout.at, layout.shape, layout.dtype.str, layout.columns, layout.last_is_channel, layout.sample)
        return [str(self._path.absolute()), self._stamp, how]

    def read(self, rows: Indices) -> NDArray[Any]:
        self._check(rows)
        raw = self._gathered(rows)
        self._check(rows)
        layout = self._layout
        if layout.columns is not None:
            raw = raw[:, layout.columns]
        if layout.last_is_channel:
            return np.moveaxis(raw, 3, 1)  # lies as the network's batch will
        raw = raw.reshape(len(rows), *layout.sample)
        if layout.pixels:
            return raw
        numbers = raw.astype(np.float64)
        if not np.isfinite(numbers).all():
            self._refuse(numbers, rows)
        return numbers

    def column(self, number: int) -> NDArray[Any]:
        """One column of a table, as it is stored; a copy."""
        return self._array[:, number].copy()

    def _gathered(self, rows: Indices) -> NDArray[Any]:
        """A copy of some rows; neighbours at once, others in the order of the file."""
        if len(rows) and int(rows[-1]) - int(rows[0]) == len(rows) - 1 and bool((np.diff(rows) == 1).all()):
            self._announce(rows[:1], len(rows))
            return self._array[int(rows[0]) : int(rows[-1]) + 1].copy()
        order = np.argsort(rows, kind="stable")
        self._announce(rows[order])
        there = np.empty_like(order)
        there[order] = np.arange(len(rows))
        return self._array.take(rows[order], axis=0).take(there, axis=0)  # `take` lets other threads go on meanwhile

    def _announce(self, rows: Indices, count: int = 1) -> None:
        """Let the system begin to read what is needed, all at once: `count` rows from each of these on."""
        if not _ADVICE or not self._array.nbytes:
            return
        stride = self._array.strides[0]
        for row in rows.tolist():
            begin = self._layout.at + row * stride
            aligned = begin - begin % mmap.PAGESIZE
            self._map.madvise(mmap.MADV_WILLNEED, aligned, begin - aligned + count * stride)

    def _refuse(self, numbers: NDArray[np.float64], rows: Indices) -> None:
        bad = np.argwhere(~np.isfinite(numbers))[0]
        index = ", ".join(str(place) for place in (rows[bad[0]], *bad[1:]))
        raise DataError(
            f'"{self._path.name}": {self._layout.name}[{index}] is {numbers[tuple(bad)]}; a finite number is expected.',
            code="D04",
            hint="Remove or replace such values.",
        )
