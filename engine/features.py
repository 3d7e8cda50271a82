"""Inputs computed from the points of generated data: formulas in x1 and x2, or in x."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.blocks.input import TOYS
from engine.expression import Expression, ExpressionError, parse
from engine.problem import DataError

MOST_FEATURES = 64


def coordinates(dataset: str) -> tuple[str, ...]:
    """Names of the coordinates of generated points; `()` for data that are not generated."""
    return ("x1", "x2") if dataset in TOYS else ("x",) if dataset == "function" else ()


def feature_formulas(params: Mapping[str, Any]) -> tuple[tuple[str, Expression], ...]:
    """(formula as typed, tree) of every input of a generated data set; the coordinates themselves where none is chosen.

    Raises:
        DataError: D05, a formula cannot be read.
    """
    names = coordinates(params["dataset"])
    chosen = params["features"] or names
    if len(chosen) > MOST_FEATURES:
        raise DataError(f"{len(chosen)} features are chosen; at most {MOST_FEATURES} are possible.", code="D05")
    return tuple((text, _read(f'the feature "{text}"', text, names)) for text in chosen)


def curve_formula(params: Mapping[str, Any]) -> Expression:
    """The tree of the `function` data set's expression.

    Raises:
        DataError: D05, it cannot be read.
    """
    return _read("the expression", params["expression"], coordinates("function"))


def _read(what: str, text: str, names: tuple[str, ...]) -> Expression:
    try:
        return parse(text, frozenset(names))
    except ExpressionError as error:
        raise DataError(
            f"{what[0].upper()}{what[1:]} cannot be read: {error}.",
            code="D05",
            hint=f"Write a formula in {' and '.join(names)}.",
        ) from None
