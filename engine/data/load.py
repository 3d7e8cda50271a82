"""From the parameters of an Input to tensors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.data.dataset import DataSet, Floats, Pipeline, Scaling
from engine.data.files import read_files
from engine.data.generated import read_generated, read_inline, read_random, read_real
from engine.data.source import Arrays, Source, class_indices
from engine.data.split import split
from engine.dataspec import SPLITS, DataFacts, Field, Split
from engine.facts import builtin, finish
from engine.features import coordinates, feature_formulas

_CHUNK = 4096


def load_data(params: Mapping[str, Any], folder: Path | None = None, dtype: torch.dtype = torch.float32) -> DataSet:
    """Read, split, scale: everything in memory as tensors.

    Args:
        params: the parsed parameters of an Input (`param.parse_all`).
        folder: of the graph file, which paths are relative to.
        dtype: of the inputs and of targets that are numbers.

    Raises:
        DataError: the data are missing (D03), broken (D01, D02, D04), do not fit each other (D06), or the parameters
            do not fit them (D05, D07).
    """
    source = read_source(params, folder)
    facts = finish(source.facts, params)
    raw, points = _parts(source, params, facts)
    generated = coordinates(params["dataset"])
    x_field = facts.fields[0]
    scaling = _standardisation(raw["train"]["x"], source.divisor, x_field) if params["standardize"] else None
    pipeline = Pipeline(source.divisor, scaling, dtype)
    tensors = {name: _tensors(raw[name], source.facts, facts, pipeline) for name in SPLITS}
    names = generated or (_names(x_field) if points is not None else ())
    return DataSet(
        params=params,
        facts=facts,
        train=tensors["train"],
        val=tensors["val"],
        test=tensors["test"],
        raw=raw,
        pipeline=pipeline,
        points=points,
        point_names=names,
        formulas=feature_formulas(params) if generated else (),
        label=source.label,
    )


def read_source(params: Mapping[str, Any], folder: Path | None) -> Source:
    """The data as they lie there.

    Raises:
        DataError: they cannot be read.
    """
    dataset = params["dataset"]
    facts = builtin(params)
    if facts is None:
        return read_files(params, folder)
    if dataset == "inline":
        return read_inline(params, facts)
    if dataset == "random":
        return read_random(params, facts)
    return read_generated(params, facts) if coordinates(dataset) else read_real(params)


def _parts(
    source: Source, params: Mapping[str, Any], facts: DataFacts
) -> tuple[dict[Split, Arrays], dict[Split, Floats] | None]:
    """The raw arrays of each split, and the coordinates of data with one or two inputs."""
    _, val, test = facts.counts
    y_field = source.facts.field("y")
    classes = class_indices(y_field, source.train.get("y")) if params["stratify"] else None
    drawn = split(
        len(source.train["x"]), 0 if source.val else val, 0 if source.test else test, params["split_seed"], classes
    )
    rows: dict[Split, NDArray[np.int64]] = {"train": drawn.train, "val": drawn.val, "test": drawn.test}
    whole = len(drawn.train) == len(source.train["x"])
    own: dict[Split, Arrays | None] = {"train": source.train if whole else None, "val": source.val, "test": source.test}
    raw: dict[Split, Arrays] = {
        name: own[name] or {field: array[rows[name]] for field, array in source.train.items()} for name in SPLITS
    }
    if source.points is not None:
        return raw, {name: source.points[rows[name]] for name in SPLITS}
    if facts.fields[0].shape in ((1,), (2,)):
        return raw, {name: np.asarray(raw[name]["x"], dtype=np.float64) / source.divisor for name in SPLITS}
    return raw, None


def _tensors(raw: Arrays, source: DataFacts, facts: DataFacts, pipeline: Pipeline) -> dict[str, Tensor]:
    tensors = {"x": pipeline(raw["x"])}
    before, after = source.field("y"), facts.field("y")
    if before is None or after is None:
        return tensors
    y = torch.from_numpy(np.ascontiguousarray(raw["y"]))
    if before.shape != after.shape or before.dtype != after.dtype:
        indices = class_indices(before, raw["y"])
        assert indices is not None
        y = torch.nn.functional.one_hot(torch.from_numpy(indices), len(after.classes))
    tensors["y"] = y.to(torch.int64 if after.dtype == "int" else pipeline.dtype, copy=True)
    return tensors


def _standardisation(x: NDArray[Any], divisor: float, field: Field) -> Scaling:
    """Mean and standard deviation (of the population) of every feature, or of every channel of images.

    A feature that never changes keeps the standard deviation 1, so that it becomes 0.
    """
    axes = (0,) if x.ndim == 2 else (0, *range(2, x.ndim))
    count = x.size // x.shape[1]
    chunks = range(0, len(x), _CHUNK)
    keep = x.ndim > 2
    total = sum(x[at : at + _CHUNK].sum(axis=axes, dtype=np.float64, keepdims=keep) for at in chunks)
    mean = total / count
    squares = sum(np.square(x[at : at + _CHUNK] - mean).sum(axis=axes, keepdims=keep) for at in chunks)
    deviation = np.sqrt(squares / count)
    mean, deviation = (array[0] if keep else array for array in (mean, deviation))
    constant = deviation <= np.abs(mean) * 1e-12
    return Scaling(mean / divisor, np.where(constant, 1.0, deviation / divisor), _names(field))


def _names(field: Field) -> tuple[str, ...]:
    """Names of the features or channels."""
    if field.columns:
        return field.columns
    first = field.shape[0]
    assert isinstance(first, int)
    if len(field.shape) > 1:
        return tuple(f"channel {index + 1}" for index in range(first))
    return ("x",) if first == 1 else tuple(f"x{index + 1}" for index in range(first))
