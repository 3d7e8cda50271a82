"""CSV tables as data sets: which columns are inputs, which is the target, and what kind of target it is."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.data.cells import Cells, is_missing, looks_like_number, number_in
from engine.data.csvfile import Record, Table, open_table
from engine.data.opening import check_amount
from engine.data.source import Source
from engine.datafiles import resolve
from engine.dataspec import DataFacts, Field
from engine.inline import MOST_CLASSES
from engine.param import closest
from engine.problem import DataError

Floats = NDArray[np.float64]
Targets = Sequence[float | str]
"""Of each sample: a number, NaN where it is missing; or the name of a class, "" where it is missing."""

_MOST_AUTOMATIC_CLASSES = 20
_CHECK_EVERY = 4096


def table_facts(params: Mapping[str, Any], folder: Path | None) -> DataFacts:
    """Source facts by one scan of the file.

    Raises:
        DataError: the file or a cell is broken, or a column is not there.
    """
    return read_table_set(params, folder).facts


def read_table_set(params: Mapping[str, Any], folder: Path | None) -> Source:
    """A CSV file: feature columns as numbers, the target as numbers or as classes.

    Whole-number targets with at most 20 different values, each twice on average, count as classes; text always does;
    `target_type` decides otherwise. Classes are sorted, by number where they are numbers. As `missing` says, missing
    cells are refused, cost their row, or stay as NaN in `x` until the split is known; a target is never made up.

    Raises:
        DataError: the file or a cell is broken, or a column is not there.
    """
    path = resolve(params["path"], folder)
    with open_table(path) as table:
        target = _target_column(table, params["target"])
        features = _feature_columns(table, params["features"], target)
        cells = Cells(path.name, params["decimal"])
        x, rows, labels = _scan(table, cells, features, target)
    names, asked = tuple(table.columns[index] for index in features), table.columns[target]
    y = _targets(cells, params["target_type"], asked, rows, labels)
    cells.check(names, gaps_allowed=params["missing"] != "refuse")
    kept = _kept(cells, x, y, params["missing"])
    values, y_field = _as_field(path.name, asked, [value for value, keep in zip(y, kept, strict=True) if keep])
    x = x[kept]
    _check_columns(path.name, x, names)
    facts = DataFacts(
        (Field("x", x.shape[1:], columns=names), y_field),
        (len(x), 0, 0),
        left_out=len(kept) - len(x),
        filled=int(np.isnan(x).sum()),
    )
    return Source(facts, {"x": x, "y": values}, label=path.name)


def _target_column(table: Table, name: str) -> int:
    if len(table.columns) < 2:
        raise DataError(
            f'"{table.path.name}" has a single column; at least one feature and the target are needed.',
            code="D02",
            hint="Columns are divided by commas, semicolons, tabs or |.",
        )
    return column_index(table, name) if name else len(table.columns) - 1


def _feature_columns(table: Table, names: tuple[str, ...], target: int) -> tuple[int, ...]:
    if not names:
        return tuple(index for index in range(len(table.columns)) if index != target)
    indices = tuple(column_index(table, name) for name in names)
    if target in indices:
        name = table.columns[target]
        raise DataError(
            f'The column "{name}" is both a feature and the target.',
            code="D05",
            hint="Choose another target or feature.",
        )
    return indices


def column_index(table: Table, name: str) -> int:
    """Where the column of that name is.

    Raises:
        DataError: D05, there is none.
    """
    if name in table.columns:
        return table.columns.index(name)
    near = closest(name, table.columns)
    known = ", ".join(table.columns[:12]) + (", …" if len(table.columns) > 12 else "")
    raise DataError(
        f'"{table.path.name}" has no column "{name}".',
        code="D05",
        hint=f'Did you mean "{near}"?' if near else f"Its columns are {known}.",
    )


def _scan(table: Table, cells: Cells, features: tuple[int, ...], target: int) -> tuple[Floats, list[int], list[str]]:
    """The features (n, features), and for every sample its row in the file and its target as text."""
    numbers = array("d")
    rows: list[int] = []
    labels: list[str] = []
    for record in table.records:
        numbers.extend(cell_numbers(table, cells, record, features))
        rows.append(record.row)
        labels.append(record.cells[target].strip())
        if len(rows) % _CHECK_EVERY == 0:
            check_amount(table.path, len(numbers))
    if not rows:
        raise DataError(f'"{table.path.name}" has a header but no rows.', code="D02")
    check_amount(table.path, len(numbers))
    return np.array(numbers).reshape(len(rows), len(features)), rows, labels


def cell_numbers(table: Table, cells: Cells, record: Record, columns: tuple[int, ...]) -> list[float]:
    """The cells of these columns as numbers; NaN for what is none, which `cells` notes."""
    cells.rows += 1
    return [cells.number(record.row, table.columns[index], record.cells[index]) for index in columns]


def _targets(cells: Cells, kind: str, column: str, rows: list[int], labels: list[str]) -> Targets:
    """The targets as numbers, NaN where they are missing, or as names of classes, "" where they are missing.

    `NA` or `?` may be the name of a class, but not between numbers that nobody called classes.
    """
    known = [label for label in labels if not is_missing(label)]
    if kind == "numbers" or (kind == "auto" and _looks_like_numbers(known)):
        return [cells.number(row, column, label) for row, label in zip(rows, labels, strict=True)]
    numbered = kind == "auto" and all(number_in(label) is not None for label in known)
    classes = ["" if numbered and is_missing(label) else label for label in labels]
    for row, label, name in zip(rows, labels, classes, strict=True):
        if not name:
            cells.missing(row, column, label)
    return classes


def _kept(cells: Cells, x: Floats, y: Targets, missing: str) -> NDArray[np.bool_]:
    """(n,): the samples that are used.

    Raises:
        DataError: D04, there are none.
    """
    kept = np.array([bool(value) if isinstance(value, str) else not math.isnan(value) for value in y])
    if missing == "drop":
        kept &= ~np.isnan(x).any(1)
    if not kept.any():
        raise cells.nothing_left(dropped=missing == "drop")
    return kept


def _check_columns(name: str, x: Floats, columns: tuple[str, ...]) -> None:
    empty = np.flatnonzero(np.isnan(x).all(0))
    if len(empty):
        column = columns[empty[0]]
        rest = tuple(other for index, other in enumerate(columns) if index not in empty)
        raise DataError(
            f'The column "{column}" of "{name}" holds no number, so there is no mean to fill in.',
            code="D04",
            hint=f'Choose features without "{column}".',
            fix=("set", "features", rest) if rest else (),
        )


def _as_field(name: str, column: str, targets: Targets) -> tuple[NDArray[Any], Field]:
    """The targets as an array: numbers (n, 1), or class indices (n,)."""
    classes = sorted({label for label in targets if isinstance(label, str)}, key=_class_order)
    if not classes:
        return np.array(targets, dtype=np.float64).reshape(-1, 1), Field("y", (1,), columns=(column,))
    if len(classes) > MOST_CLASSES:
        raise DataError(
            f'The column "{column}" of "{name}" has {len(classes):,} different values; '
            f"at most {MOST_CLASSES:,} classes are possible.",
            code="D05",
            hint="Choose another target.",
        )
    numbers: dict[float | str, int] = {label: index for index, label in enumerate(classes)}
    indices = np.array([numbers[label] for label in targets], dtype=np.int64)
    return indices, Field("y", (), "int", classes=tuple(classes))


def _class_order(label: str) -> tuple[bool, float, str]:
    number = number_in(label)
    return (number is None, number or 0.0, label)


def _looks_like_numbers(labels: list[str]) -> bool:
    """Whether an automatic target is a quantity.

    Text makes it a class, unless nearly all other cells are numbers: then it is a slip, to be reported.
    """
    different = set(labels)
    numeric = sum(looks_like_number(label) for label in labels)
    if numeric < len(labels):
        return numeric > 0.9 * len(labels) and len(different) > _MOST_AUTOMATIC_CLASSES
    if len(different) > _MOST_AUTOMATIC_CLASSES or 2 * len(different) > len(labels):
        return True
    return not all(label.lstrip("+-").isdigit() for label in different)
