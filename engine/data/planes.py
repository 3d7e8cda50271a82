"""Places to evaluate a network at, so that its decision surface or its curve can be drawn over the data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from engine.blocks.input import TOYS
from engine.data.dataset import DataSet
from engine.data.prepare import prepare_rows
from engine.dataspec import SPLITS, Split
from engine.events import copied

MOST_POINTS = 2000
_TOY_EXTENT = (-6.0, 6.0, -6.0, 6.0)
_MARGIN = 0.1

Extent = tuple[float, float, float, float]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """A grid over the plane of two coordinates.

    Attributes:
        x: what the network gets, (n·n, ...), row after row from the smallest second coordinate up.
        extent: (x_min, x_max, y_min, y_max) in the coordinates of the data; the grid's outer points lie on it.
        n: points along each side.
    """

    x: Tensor
    extent: Extent
    n: int


@final
@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Places along one coordinate: `at` float64 (n,) in the data's own numbers, `x` what the network gets (n, ...)."""

    x: Tensor
    at: NDArray[np.float64]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Samples as points: `x` float64 (n, 1 or 2), `target` float64 (n,), `split` int8 (n,) 0 train, 1 val, 2 test."""

    x: NDArray[np.float64]
    target: NDArray[np.float64]
    split: NDArray[np.int8]


def plane_grid(data: DataSet, n: int) -> Plane | None:
    """An n × n grid over data with two coordinates, passed through derived inputs and scaling; None for other data.

    Toy sets are drawn in the square -6..6, as in Playground; other data with a margin of a tenth around them.
    """
    if data.points is None or len(data.point_names) != 2:
        return None
    extent = _TOY_EXTENT if data.params["dataset"] in TOYS else _extent(data)
    across, up = np.linspace(extent[0], extent[1], n), np.linspace(extent[2], extent[3], n)
    grid = np.stack([np.tile(across, n), np.repeat(up, n)], axis=1)
    return Plane(prepare_rows(data, grid), extent, n)


def line_grid(data: DataSet, n: int) -> Line | None:
    """Evenly spaced places, n of them, over data with one coordinate, with a margin of a tenth; None for other data."""
    if data.points is None or len(data.point_names) != 1:
        return None
    low, high = _span(np.concatenate([data.points[split][:, 0] for split in SPLITS]))
    at = np.linspace(low, high, n)
    return Line(prepare_rows(data, at[:, None]), copied(at))


def sample_points(data: DataSet, most: int = MOST_POINTS) -> Points | None:
    """At most this many samples of data with one or two coordinates, evenly picked from all parts; None for other data.

    The target is the number itself, or the index of the class. Without a target it is 0.
    """
    if data.points is None:
        return None
    x = np.concatenate([data.points[split] for split in SPLITS])
    target = np.concatenate([_numbers(data, split) for split in SPLITS])
    split = np.repeat(np.arange(3, dtype=np.int8), data.facts.counts)
    picked = np.linspace(0, len(x) - 1, min(most, len(x))).astype(np.int64)
    return Points(copied(x[picked]), copied(target[picked]), copied(split[picked]))


def _numbers(data: DataSet, split: Split) -> NDArray[np.float64]:
    y = data.raw[split].get("y")
    if y is None:
        return np.zeros(data.count(split))
    return np.asarray(y if y.ndim == 1 else y.reshape(len(y), math.prod(y.shape[1:]))[:, 0], dtype=np.float64)


def _extent(data: DataSet) -> Extent:
    assert data.points is not None
    points = np.concatenate([data.points[split] for split in SPLITS])
    return (*_span(points[:, 0]), *_span(points[:, 1]))


def _span(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    margin = (high - low) * _MARGIN or 1.0
    return low - margin, high + margin
