"""NPY and NPZ files as data sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.data.npyfile import Stored, open_arrays
from engine.data.source import Arrays, Source
from engine.datafiles import resolve
from engine.dataspec import DataFacts, Field
from engine.inline import MOST_CLASSES, PARTS
from engine.param import closest
from engine.problem import DataError
from engine.wording import plural

_NAMES = {
    "x": ("x", "x_train", "X", "X_train"),
    "y": ("y", "y_train", "Y", "Y_train", "labels"),
    "x_val": ("x_val", "X_val"),
    "y_val": ("y_val", "Y_val"),
    "x_test": ("x_test", "X_test"),
    "y_test": ("y_test", "Y_test"),
}
_PIXEL_DIMS = 3

Chosen = dict[str, Stored]
"""`x`, `y`, `x_val`, … -> the array chosen for it."""


def array_facts(params: Mapping[str, Any], folder: Path | None) -> DataFacts:
    """Source facts from the headers; of the numbers themselves only targets are read, to count the classes.

    Raises:
        DataError: the file is missing or broken, or has no such arrays.
    """
    with _chosen(params, folder) as (path, arrays):
        return _facts(path, params, arrays, _targets(arrays))


def read_arrays(params: Mapping[str, Any], folder: Path | None) -> Source:
    """An NPZ archive with arrays `x` and `y` (or `x_train`, …, and `_val`, `_test` parts), or one NPY table.

    In an NPZ, `features` names the array of inputs and `target` that of targets. In an NPY table (rows × columns) they
    name columns, numbered from 0; without a target all columns are inputs. Bytes with three or more dimensions are
    pixels: divided by 255, channels first, one channel added where there is none. One-dimensional targets of whole
    numbers from 0, or of text, are classes.

    Raises:
        DataError: the file is missing or broken, or has no such arrays.
    """
    with _chosen(params, folder) as (path, arrays):
        targets = _targets(arrays)
        facts = _facts(path, params, arrays, targets)
        parts = [_part(path, facts, arrays, targets, part) for part in PARTS]
    divisor = 255.0 if _is_pixels(arrays["x"]) else 1.0
    train = parts[0]
    assert train is not None
    return Source(facts, train, parts[1], parts[2], divisor=divisor, label=path.name)


@contextmanager
def _chosen(params: Mapping[str, Any], folder: Path | None) -> Iterator[tuple[Path, Chosen]]:
    path = resolve(params["path"], folder)
    with open_arrays(path) as arrays:
        chosen = _columns(path, params, arrays[""]) if "" in arrays else _by_name(path, params, arrays)
        yield path, {role: stored for role, stored in chosen.items() if role in ("x", "y") or stored.shape[0] > 0}


def _by_name(path: Path, params: Mapping[str, Any], arrays: Mapping[str, Stored]) -> Chosen:
    if len(params["features"]) > 1:
        raise DataError(
            f'Only one array of "{path.name}" can be the input.', code="D05", hint="Name a single array under features."
        )
    named = {"x": next(iter(params["features"]), ""), "y": params["target"]}
    chosen: Chosen = {}
    for role, names in _NAMES.items():
        wanted = named.get(role)
        if wanted and wanted not in arrays:
            raise _no_array(path, wanted, arrays)
        name = wanted or next((name for name in names if name in arrays), None)
        if name is not None:
            chosen[role] = arrays[name]
    if "x" not in chosen:
        raise _no_array(path, "x", arrays)
    for role, stored in chosen.items():
        if not stored.shape:
            raise DataError(f'"{path.name}": {role} is a single number, not an array.', code="D06")
    return chosen


def _no_array(path: Path, wanted: str, arrays: Mapping[str, Stored]) -> DataError:
    near = closest(wanted, tuple(arrays))
    known = ", ".join(list(arrays)[:12])
    hint = f'Did you mean "{near}"?' if near else f"It holds {known}; name the inputs under features."
    return DataError(f'"{path.name}" has no array "{wanted}".', code="D05", hint=hint)


def _columns(path: Path, params: Mapping[str, Any], table: Stored) -> Chosen:
    """The columns of an NPY table as if they were arrays of their own."""
    if not table.shape or table.shape[0] == 0:
        raise DataError(f'"{path.name}" holds no samples.', code="D02")
    if not params["features"] and not params["target"]:
        return {"x": replace(table, name="x")}
    if len(table.shape) != 2:
        raise DataError(
            f'"{path.name}" has {plural(len(table.shape), "dimension")}; columns can be chosen of a table '
            "(rows × columns) only.",
            code="D05",
            hint="Leave features and target empty.",
        )
    width = table.shape[1]
    target = _column(path, params["target"], width) if params["target"] else None
    features = [_column(path, name, width) for name in params["features"]]
    features = features or [index for index in range(width) if index != target]
    if not features or target in features:
        raise DataError(f'Column {target} of "{path.name}" cannot be both feature and target.', code="D05")
    rows = table.shape[0]
    x = Stored("x", (rows, len(features)), table.dtype, lambda: table.read()[:, features])
    if target is None:
        return {"x": x}
    return {"x": x, "y": Stored("y", (rows,), table.dtype, lambda: table.read()[:, target])}


def _column(path: Path, name: str, width: int) -> int:
    if name.lstrip("-").isdecimal() and -width <= int(name) < width:
        return int(name) % width
    raise DataError(
        f'"{path.name}" has no column "{name}".', code="D05", hint=f"Its columns are numbered from 0 to {width - 1}."
    )


def _is_pixels(x: Stored) -> bool:
    return x.dtype == np.uint8 and len(x.shape) >= _PIXEL_DIMS


def _channels_last(x: Stored) -> bool:
    return _is_pixels(x) and len(x.shape) == 4 and x.shape[3] in (1, 3) and x.shape[1] not in (1, 3)


def _sample_shape(x: Stored) -> tuple[int, ...]:
    """The shape of one input as the network gets it."""
    if _channels_last(x):
        return (x.shape[3], x.shape[1], x.shape[2])
    if _is_pixels(x) and len(x.shape) == _PIXEL_DIMS:
        return (1, *x.shape[1:])
    return x.shape[1:] or (1,)


def _facts(path: Path, params: Mapping[str, Any], arrays: Chosen, targets: Mapping[str, NDArray[Any]]) -> DataFacts:
    shape = _sample_shape(arrays["x"])
    if 0 in arrays["x"].shape:
        raise DataError(f'"{path.name}": the array "{arrays["x"].name}" is empty.', code="D02")
    counts = []
    for part in PARTS:
        x, y = arrays.get(f"x{part}"), arrays.get(f"y{part}")
        _check_pair(path, part, x, y, has_target="y" in arrays)
        if x is not None and (x.dtype.kind == "U" or _sample_shape(x) != shape):
            raise DataError(
                f'"{path.name}": {x.name} has shape {x.shape} and type {x.dtype}; numbers of {shape} are expected.',
                code="D06",
            )
        counts.append(x.shape[0] if x is not None else 0)
    fields = [Field("x", shape)]
    if targets:
        fields.append(_target(path, params["target_type"], targets))
    return DataFacts(tuple(fields), (counts[0], counts[1], counts[2]))


def _check_pair(path: Path, part: str, x: Stored | None, y: Stored | None, *, has_target: bool) -> None:
    if (x is None) != (y is None) and (has_target or x is None):
        lacking = f"x{part}" if x is None else f"y{part}"
        raise DataError(f'"{path.name}" lacks the array {lacking}.', code="D06")
    if x is not None and y is not None and x.shape[0] != y.shape[0]:
        raise DataError(
            f'"{path.name}": {x.name} has {plural(x.shape[0], "sample")} but {y.name} has {y.shape[0]:,}.', code="D06"
        )


def _targets(arrays: Chosen) -> dict[str, NDArray[Any]]:
    """`y`, `y_val`, `y_test` as they are stored."""
    return {role: stored.read() for role, stored in arrays.items() if role.startswith("y")}


def _target(path: Path, kind: str, targets: Mapping[str, NDArray[Any]]) -> Field:
    """The field `y`: classes or numbers."""
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


def _part(
    path: Path, facts: DataFacts, arrays: Chosen, targets: Mapping[str, NDArray[Any]], part: str
) -> Arrays | None:
    stored = arrays.get(f"x{part}")
    if stored is None:
        return None
    x = stored.read()
    if _channels_last(stored):
        x = np.ascontiguousarray(np.moveaxis(x, 3, 1))
    x = x.reshape(len(x), *_sample_shape(stored))
    part_arrays = {"x": x if _is_pixels(stored) else _finite(path, stored.name, x)}
    field, y = facts.field("y"), targets.get(f"y{part}")
    if field is not None and y is not None:
        if y.dtype.kind == "U":
            y = np.searchsorted(np.array(field.classes), y)
        y = y.reshape(len(y), *field.shape)
        part_arrays["y"] = y.astype(np.int64) if field.dtype == "int" else _finite(path, f"y{part}", y)
    return part_arrays


def _finite(path: Path, name: str, values: NDArray[Any]) -> NDArray[np.float64]:
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
