"""The images of a folder, decoded as they are asked for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import final

import numpy as np
from numpy.typing import NDArray

from engine.data.pictures import open_picture, pixels, with_class
from engine.data.streaming.rows import Indices, Rows
from engine.problem import DataError

THREADS = 4
"""Decoding needs the interpreter for opening and for parsing headers only. Measured with two cores, samples a second,
one thread / two threads / two processes: PNG 28×28 1,900 / 3,300 / 5,000, JPEG 64×64 1,700 / 3,000 / 4,400, JPEG
224×224 820 / 1,100 / 540: processes, which take seconds to start, gain for the smallest pictures only."""

Differs = Callable[[Path, tuple[int, ...], tuple[int, int]], DataError]


def empty_pictures(count: int, channels: int, height: int, width: int) -> NDArray[np.uint8]:
    """Room for bytes (count, channels, height, width), which lie as the network's batch will: channels last."""
    return np.moveaxis(np.empty((count, height, width, channels), dtype=np.uint8), 3, 1)


@final
class PictureRows(Rows):
    """Image files, all brought to one size and number of channels: bytes (n, channels, height, width)."""

    threads = THREADS

    def __init__(
        self,
        paths: tuple[Path, ...],
        channels: int,
        size: tuple[int, int],
        *,
        resized: bool,
        differs: Differs,
    ) -> None:
        """The files need not be looked at before they are read.

        Args:
            paths: of the files.
            channels: 1 or 3.
            size: (height, width) of all.
            resized: whether images of another size are made fit; else `differs` makes the error for them.
            differs: the error for (path, its height and width, those of the others).
        """
        self._paths, self._channels, self._size = paths, channels, size
        self._resized, self._differs = resized, differs
        self.shape = (len(paths), channels, *size)
        self.dtype = np.dtype(np.uint8)

    def identity(self) -> list[object]:
        files = []
        for path in self._paths:
            status = path.stat() if path.exists() else os.stat_result((0,) * 10)
            files.append((str(path), status.st_size, status.st_mtime_ns))
        return [files, self._channels, self._size, self._resized]

    def read(self, rows: Indices) -> NDArray[np.uint8]:
        found = empty_pictures(len(rows), *self.shape[1:])
        for place, row in enumerate(rows.tolist()):
            path = self._paths[row]
            with open_picture(path, with_class(path)) as image:
                picture = pixels(image, self._channels, self._size if self._resized else None)
            if picture.shape != self.shape[1:]:
                raise self._differs(path, picture.shape[1:], self._size)
            found[place] = picture
        return found
