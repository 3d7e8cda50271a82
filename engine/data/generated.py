"""Data sets that are computed, typed in, or come with scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.catalog import REAL
from engine.data.formulas import values
from engine.data.source import Arrays, Source
from engine.data.toys import draw_toy, normal
from engine.dataspec import DataFacts
from engine.expression import Expression
from engine.facts import x_range
from engine.features import coordinates, curve_formula, feature_formulas
from engine.problem import DataError

Floats = NDArray[np.float64]


def read_generated(params: Mapping[str, Any], facts: DataFacts) -> Source:
    """A toy set, or a function of x with Gaussian noise at evenly spaced places."""
    points, y = _curve(params) if params["dataset"] == "function" else draw_toy(params)
    if params["dataset"] != "function" and facts.fields[1].classes and params["labels"] == "01":
        y = (y > 0).astype(np.float64)
    x = derive(points, feature_formulas(params), coordinates(params["dataset"]))
    return Source(facts, {"x": x, "y": y[:, None]}, points=points)


def read_random(params: Mapping[str, Any], facts: DataFacts) -> Source:
    """Numbers of the standard normal distribution, which stand in for data."""
    rng = np.random.Generator(np.random.PCG64(params["seed"]))
    shape = (params["samples"], *facts.fields[0].shape)
    return Source(facts, {"x": normal(rng, int(np.prod(shape))).reshape(shape)})


def derive(points: Floats, formulas: tuple[tuple[str, Expression], ...], names: tuple[str, ...]) -> Floats:
    """The inputs (n, features) computed from points (n, coordinates).

    Raises:
        DataError: D05, a formula is not defined somewhere.
    """
    variables = {name: points[:, index] for index, name in enumerate(names)}
    columns = [values(tree, variables, len(points)) for _, tree in formulas]
    for (text, _), column in zip(formulas, columns, strict=True):
        _check_finite(f'The feature "{text}"', column, points, names)
    return np.stack(columns, axis=1)


def _curve(params: Mapping[str, Any]) -> tuple[Floats, Floats]:
    low, high = x_range(params)
    points = np.linspace(low, high, params["samples"])[:, None]
    y = values(curve_formula(params), {"x": points[:, 0]}, len(points))
    _check_finite(f'The expression "{params["expression"]}"', y, points, ("x",))
    rng = np.random.Generator(np.random.PCG64(params["seed"]))
    return points, y + params["noise"] * normal(rng, len(y))


def _check_finite(what: str, column: Floats, points: Floats, names: tuple[str, ...]) -> None:
    bad = np.flatnonzero(~np.isfinite(column))
    if len(bad):
        place = ", ".join(f"{name} = {value:.4g}" for name, value in zip(names, points[bad[0]], strict=True))
        raise DataError(f"{what} has no finite value at {place}.", code="D05", hint="Change the formula or the range.")


def read_inline(params: Mapping[str, Any], facts: DataFacts) -> Source:
    """The arrays of the graph file itself, in their order."""
    train, val, test = (_inline_part(params, facts, part) for part in ("", "_val", "_test"))
    assert train is not None
    return Source(facts, train, val, test)


def _inline_part(params: Mapping[str, Any], facts: DataFacts, part: str) -> Arrays | None:
    if params[f"x{part}"] is None:
        return None
    arrays: dict[str, NDArray[Any]] = {}
    for field in facts.fields:
        array = np.array(params[f"{field.name}{part}"], dtype=np.float64)
        whole = field.dtype == "int"
        arrays[field.name] = array.reshape(len(array), *field.shape).astype(np.int64 if whole else np.float64)
    return arrays


def read_real(params: Mapping[str, Any]) -> Source:
    """One of scikit-learn's small real sets, as it comes with the package (diabetes unscaled)."""
    from sklearn import datasets

    name = params["dataset"]
    loaded = datasets.load_diabetes(scaled=False) if name == "diabetes" else getattr(datasets, f"load_{name}")()
    facts = REAL[name]
    x_field, y_field = facts.fields
    x = loaded.data.astype(np.float64).reshape(-1, *x_field.shape)
    y = loaded.target.astype(np.int64 if y_field.dtype == "int" else np.float64).reshape(-1, *y_field.shape)
    return Source(facts, {"x": x, "y": y}, divisor=16.0 if name == "digits" else 1.0)
