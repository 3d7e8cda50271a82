"""Targets as they are stored in files, as classes or numbers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.dataspec import Field
from engine.inline import MOST_CLASSES
from engine.problem import DataError


def target_field(path: Path, kind: str, targets: Mapping[str, NDArray[Any]]) -> Field:
    """The field `y`: classes or numbers.

    Args:
        path: of the file, for messages.
        kind: `auto`, `classes` or `numbers`, as `target_type` of an Input.
        targets: those of each part, by name, as they are stored.

    Raises:
        DataError: D06, the parts differ; D05, they are no classes.
    """
    if all(y.dtype.kind == "U" for y in targets.values()):
        names = sorted({str(label) for y in targets.values() for label in np.unique(y)})
        return Field("y", (), "int", classes=tuple(names))
    shapes = {y.shape[1:] or (1,) for y in targets.values()}
    if len(shapes) > 1 or any(y.dtype.kind == "U" for y in targets.values()):
        raise DataError(f'"{path.name}": the targets of the parts differ in shape or type.', code="D06")
    whole = all(y.dtype.kind in "iub" and y.ndim == 1 and y.min(initial=0) >= 0 for y in targets.values())
    if kind == "numbers" or (kind == "auto" and not whole):
        return Field("y", shapes.pop())
    largest = -1
    for role, y in targets.items():
        if shapes != {(1,)} or not bool(np.all((y == np.floor(y)) & (y >= 0) & (y < MOST_CLASSES))):
            raise DataError(
                f'"{path.name}": {role} does not hold class numbers (one whole number from 0 to {MOST_CLASSES - 1:,} '
                "a sample).",
                code="D05",
                hint='Set target_type to "numbers".',
            )
        largest = max(largest, int(y.max(initial=0)))
    return Field("y", (), "int", classes=tuple(str(index) for index in range(largest + 1)))


def as_field(path: Path, field: Field, name: str, y: NDArray[Any]) -> NDArray[Any]:
    """Targets in the form that their field tells: int64 class indices (n,), or float64 (n, ...).

    Raises:
        DataError: D04, a number is not finite.
    """
    if y.dtype.kind == "U":
        y = np.searchsorted(np.array(field.classes), y)
    y = y.reshape(len(y), *field.shape)
    return y.astype(np.int64) if field.dtype == "int" else finite(path, name, y)


def finite(path: Path, name: str, values: NDArray[Any]) -> NDArray[np.float64]:
    """As float64. Raises DataError D04: one is not finite."""
    numbers = values.astype(np.float64)
    bad = np.argwhere(~np.isfinite(numbers))
    if len(bad):
        index = ", ".join(str(position) for position in bad[0])
        raise DataError(
            f'"{path.name}": {name}[{index}] is {numbers[tuple(bad[0])]}; a finite number is expected.',
            code="D04",
            hint="Remove or replace such values.",
        )
    return numbers
