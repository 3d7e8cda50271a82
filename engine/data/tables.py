"""CSV tables as data sets: which columns are inputs, which is the target, and what kind of target it is."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.data.csvfile import Record, Table, bad_cell, is_number, open_table
from engine.data.opening import check_amount
from engine.data.source import Source
from engine.datafiles import resolve
from engine.dataspec import DataFacts, Field
from engine.inline import MOST_CLASSES
from engine.param import closest
from engine.problem import DataError

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
    `target_type` decides otherwise. Classes are sorted, by number where they are numbers.

    Raises:
        DataError: the file or a cell is broken, or a column is not there.
    """
    path = resolve(params["path"], folder)
    with open_table(path) as table:
        target = _target_column(table, params["target"])
        features = _feature_columns(table, params["features"], target)
        x, rows, labels = _scan(table, features, target)
        y, field = _target(table, params["target_type"], labels, rows, target)
    x_field = Field("x", (len(features),), columns=tuple(table.columns[index] for index in features))
    return Source(DataFacts((x_field, field), (len(x), 0, 0)), {"x": x, "y": y}, label=path.name)


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


def _scan(table: Table, features: tuple[int, ...], target: int) -> tuple[NDArray[np.float64], list[int], list[str]]:
    """The features (n, features), and for every sample its row in the file and its target as text."""
    numbers = array("d")
    rows: list[int] = []
    labels: list[str] = []
    for record in table.records:
        numbers.extend(cell_numbers(table, record, features))
        rows.append(record.row)
        labels.append(record.cells[target].strip())
        if len(rows) % _CHECK_EVERY == 0:
            check_amount(table.path, len(numbers))
    if not rows:
        raise DataError(f'"{table.path.name}" has a header but no rows.', code="D02")
    check_amount(table.path, len(numbers))
    return np.array(numbers).reshape(len(rows), len(features)), rows, labels


def cell_numbers(table: Table, record: Record, columns: tuple[int, ...]) -> list[float]:
    """The cells of these columns as numbers.

    Raises:
        DataError: D04, a cell is empty or no finite number.
    """
    for index in columns:
        if not is_number(record.cells[index]):
            raise bad_cell(table, record.row, table.columns[index], record.cells[index])
    return [float(record.cells[index]) for index in columns]


def _target(table: Table, kind: str, labels: list[str], rows: list[int], column: int) -> tuple[NDArray[Any], Field]:
    name = table.columns[column]
    if kind == "numbers" or (kind == "auto" and _looks_like_numbers(labels)):
        for label, row in zip(labels, rows, strict=True):
            if not is_number(label):
                raise bad_cell(table, row, name, label)
        return np.array([[float(label)] for label in labels]), Field("y", (1,), columns=(name,))
    if "" in labels:
        raise bad_cell(table, rows[labels.index("")], name, "")
    classes = sorted(set(labels), key=_class_order)
    if len(classes) > MOST_CLASSES:
        raise DataError(
            f'The column "{name}" of "{table.path.name}" has {len(classes):,} different values; '
            f"at most {MOST_CLASSES:,} classes are possible.",
            code="D05",
            hint="Choose another target.",
        )
    numbers = {label: index for index, label in enumerate(classes)}
    return np.array([numbers[label] for label in labels], dtype=np.int64), Field("y", (), "int", classes=tuple(classes))


def _class_order(label: str) -> tuple[bool, float, str]:
    numeric = is_number(label)
    return (not numeric, float(label) if numeric else 0.0, label)


def _looks_like_numbers(labels: list[str]) -> bool:
    """Whether an automatic target is a quantity.

    Text makes it a class, unless nearly all other cells are numbers: then it is a slip, to be reported.
    """
    different = set(labels)
    numeric = sum(is_number(label) for label in labels)
    if numeric < len(labels):
        return numeric > 0.9 * len(labels) and len(different) > _MOST_AUTOMATIC_CLASSES
    if len(different) > _MOST_AUTOMATIC_CLASSES or 2 * len(different) > len(labels):
        return True
    return not all(label.lstrip("+-").isdigit() for label in different)
