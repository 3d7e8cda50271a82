"""Tensors of any shape laid out flat, to be looked at."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

MOST_TILES: Final = 64
GAP: Final = -1


@final
@dataclass(frozen=True, slots=True, eq=False)
class Flat:
    """A picture of a tensor.

    Attributes:
        values: float (rows, columns), NaN in gaps.
        index: int (rows, columns), the place of each number in the tensor row by row, or `GAP`.
        left_out: how many numbers are not in the picture.
    """

    values: NDArray[np.float64]
    index: NDArray[np.int64]
    left_out: int = 0


def flat(array: NDArray[Any]) -> Flat:
    """Rows stay rows; of pictures `(samples, channels, height, width)` the first one, its channels as tiles.

    Kernels `(out, in, height, width)` of few pixels become a row of tiles for each output.
    """
    index: NDArray[np.int64] = np.arange(array.size, dtype=np.int64)
    index = index.reshape(array.shape)
    if array.ndim == 4 and max(array.shape[2:]) <= 7 and array.shape[2] * array.shape[3] > 1:
        index = _rows_of_tiles(index)
    elif array.ndim >= 3:
        index = _tiled(index[0] if array.ndim >= 4 else index)
    elif array.ndim < 2:
        index = index.reshape(1, -1)
    numbers = array.reshape(-1).astype(np.float64)
    found = np.where(index == GAP, np.nan, numbers[np.maximum(index, 0)] if array.size else np.nan)
    return Flat(found, index, array.size - int((index != GAP).sum()))


def _tiled(pictures: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pictures `(n, height, width)`, or more axes before these, as near to a square as they go."""
    pictures = pictures.reshape(-1, *pictures.shape[-2:])[:MOST_TILES]
    count, height, width = pictures.shape
    columns = max(1, ceil(sqrt(count * height / max(1, width))))
    rows = ceil(count / columns)
    sheet = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1), GAP, dtype=np.int64)
    for number, picture in enumerate(pictures):
        top, left = number // columns * (height + 1), number % columns * (width + 1)
        sheet[top : top + height, left : left + width] = picture
    return sheet


def _rows_of_tiles(kernels: NDArray[np.int64]) -> NDArray[np.int64]:
    if kernels.shape[1] == 1:
        return _tiled(kernels[:, 0])
    kernels = kernels[:16, :16]
    rows = [np.pad(kernel, ((0, 0), (0, 1), (0, 1)), constant_values=GAP) for kernel in kernels]
    return np.concatenate([np.concatenate(list(row), axis=1) for row in rows], axis=0)[:-1, :-1]
