"""A look at the data of an Input before training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.data.dataset import DataSet
from engine.data.load import load_data
from engine.data.planes import sample_points
from engine.dataspec import SPLITS
from engine.events import Previewed, copied
from engine.problem import DataError

ROWS = 64


def preview(params: Mapping[str, Any], folder: Path | None, node: str) -> Previewed:
    """Load the data of one Input and describe them; never raises for bad data, `error` says what is wrong."""
    try:
        return describe(load_data(params, folder), node)
    except DataError as error:
        return Previewed(node, error=str(error))
    except MemoryError:
        return Previewed(node, error="The data do not fit into memory.")


def describe(data: DataSet, node: str) -> Previewed:
    """The preview of data already loaded: the first training samples, class balance, scaling, points."""
    rows = slice(0, ROWS)
    raw: dict[str, NDArray[Any]] = {"x": copied(data.pictures("train", rows))}
    if data.target is not None:
        raw["y"] = copied(data.raw["train"]["y"][rows])
    return Previewed(
        node,
        fields={name: copied(tensor[rows].numpy()) for name, tensor in data.train.items()},
        raw=raw,
        counts=data.facts.counts,
        classes=data.classes,
        class_counts=_class_counts(data),
        columns=data.x_field.columns,
        scaling=data.scaling.rows() if data.scaling else (),
        points=_points(data),
    )


def _class_counts(data: DataSet) -> NDArray[np.int64] | None:
    """Samples of each class in each part: int64 (3, classes)."""
    if not data.classes:
        return None
    counts = np.zeros((len(SPLITS), len(data.classes)), dtype=np.int64)
    for index, split in enumerate(SPLITS):
        labels = data.labels(split)
        if labels is not None:
            counts[index] = np.bincount(labels, minlength=len(data.classes))
    return copied(counts)


def _points(data: DataSet) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]] | None:
    points = sample_points(data)
    return None if points is None or points.x.shape[1] != 2 else (points.x, points.target, points.split)
