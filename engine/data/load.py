"""From the parameters of an Input to tensors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.data.dataset import DataSet, Floats, Inputs, Pipeline, Scaling
from engine.data.files import read_files
from engine.data.generated import read_generated, read_inline, read_random, read_real
from engine.data.source import Arrays, Source, class_indices
from engine.data.split import split
from engine.data.streaming.column import Column
from engine.data.streaming.remembered import remembered
from engine.data.streaming.rows import View
from engine.data.streaming.statistics import Watch, mean_and_deviation
from engine.dataspec import SPLITS, DataFacts, Field, Split
from engine.facts import builtin, finish
from engine.features import coordinates, feature_formulas
from engine.problem import DataError


def load_data(
    params: Mapping[str, Any],
    folder: Path | None = None,
    dtype: torch.dtype = torch.float32,
    watch: Watch | None = None,
) -> DataSet:
    """Read, split, scale: everything in memory as tensors, or, where that is too much, the inputs as columns on disk.

    Args:
        params: the parsed parameters of an Input (`param.parse_all`).
        folder: of the graph file, which paths are relative to.
        dtype: of the inputs and of targets that are numbers.
        watch: is told how many samples of how many were looked at for the standardisation; may raise to end it.

    Raises:
        DataError: the data are missing (D03), broken (D01, D02, D04), do not fit each other (D06), or the parameters
            do not fit them (D05, D07).
    """
    source = read_source(params, folder)
    facts = finish(source.facts, params)
    raw, views, points = _parts(source, params, facts)
    generated = coordinates(params["dataset"])
    x_field = facts.fields[0]
    inputs: dict[Split, Inputs] = {name: views[name] if views else raw[name]["x"] for name in SPLITS}
    scaling = _standardisation(inputs["train"], source, facts, watch) if params["standardize"] else None
    pipeline = Pipeline(source.divisor, scaling, dtype)
    tensors = {name: _tensors(inputs[name], raw[name].get("y"), source.facts, facts, pipeline) for name in SPLITS}
    names = generated or (_names(x_field) if points is not None else ())
    return DataSet(
        params=params,
        facts=facts,
        train=tensors["train"],
        val=tensors["val"],
        test=tensors["test"],
        raw=raw,
        inputs=inputs,
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
) -> tuple[dict[Split, Arrays], dict[Split, View], dict[Split, Floats] | None]:
    """The raw arrays of each split, the inputs that stay on disk, and the coordinates of data with one or two inputs.

    Data that are streamed are too many to be drawn as points.
    """
    samples = source.facts.counts[0]
    _, val, test = facts.counts
    y_field = source.facts.field("y")
    classes = class_indices(y_field, source.train.get("y")) if params["stratify"] else None
    own_val, own_test = source.facts.counts[1:]
    drawn = split(samples, 0 if own_val else val, 0 if own_test else test, params["split_seed"], classes)
    rows: dict[Split, NDArray[np.int64]] = {"train": drawn.train, "val": drawn.val, "test": drawn.test}
    whole = len(drawn.train) == samples
    own: dict[Split, Arrays | None] = {"train": source.train if whole else None, "val": source.val, "test": source.test}
    raw: dict[Split, Arrays] = {name: _picked(own[name], source.train, rows[name]) for name in SPLITS}
    if source.facts.filled:
        raw = _filled(raw, source.facts.fields[0])
    if source.streamed:
        train = source.streamed["train"]
        views = {name: train.part(rows[name]) for name in SPLITS}
        views.update({name: view for name, view in source.streamed.items() if name != "train"})
        return raw, views, None
    if source.points is not None:
        return raw, {}, {name: source.points[rows[name]] for name in SPLITS}
    if facts.fields[0].shape in ((1,), (2,)):
        return raw, {}, {name: np.asarray(raw[name]["x"], dtype=np.float64) / source.divisor for name in SPLITS}
    return raw, {}, None


def _picked(own: Arrays | None, train: Arrays, rows: NDArray[np.int64]) -> Arrays:
    return {field: array[rows] for field, array in train.items()} if own is None else own


def _filled(raw: dict[Split, Arrays], x_field: Field) -> dict[Split, Arrays]:
    """The parts with the training part's mean of the column in the place of each missing number.

    Raises:
        DataError: D04, a column has none in the training part.
    """
    train = raw["train"]["x"]
    empty = np.flatnonzero(np.isnan(train).all(0))
    if len(empty):
        column = x_field.columns[empty[0]]
        raise DataError(
            f'The training part has no number in the column "{column}", so there is no mean to fill in.',
            code="D04",
            hint=f'Choose features without "{column}", or another split_seed.',
        )
    means = np.nanmean(train, axis=0)
    return {name: {**part, "x": np.where(np.isnan(part["x"]), means, part["x"])} for name, part in raw.items()}


def _tensors(
    x: Inputs, targets: NDArray[Any] | None, source: DataFacts, facts: DataFacts, pipeline: Pipeline
) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {"x": Column(x, pipeline) if isinstance(x, View) else pipeline(x)}
    before, after = source.field("y"), facts.field("y")
    if before is None or after is None or targets is None:
        return tensors
    y = torch.from_numpy(np.ascontiguousarray(targets))
    if before.shape != after.shape or before.dtype != after.dtype:
        indices = class_indices(before, targets)
        assert indices is not None
        y = torch.nn.functional.one_hot(torch.from_numpy(indices), len(after.classes))
    tensors["y"] = y.to(torch.int64 if after.dtype == "int" else pipeline.dtype, copy=True)
    return tensors


def _standardisation(x: Inputs, source: Source, facts: DataFacts, watch: Watch | None) -> Scaling:
    """As measured on the training part; of samples on disk it is remembered."""
    found = remembered(x, watch) if isinstance(x, View) else mean_and_deviation(x, watch)
    mean, deviation = found
    return Scaling(mean / source.divisor, deviation / source.divisor, _names(facts.fields[0]))


def _names(field: Field) -> tuple[str, ...]:
    """Names of the features or channels."""
    if field.columns:
        return field.columns
    first = field.shape[0]
    assert isinstance(first, int)
    if len(field.shape) > 1:
        return tuple(f"channel {index + 1}" for index in range(first))
    return ("x",) if first == 1 else tuple(f"x{index + 1}" for index in range(first))
