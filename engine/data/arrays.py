"""NPY and NPZ files as data sets."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.data.npyfile import Stored, open_arrays
from engine.data.opening import check_amount
from engine.data.source import Arrays, Source
from engine.data.streaming.mapped import Layout, MappedRows
from engine.data.streaming.memory import streams
from engine.data.streaming.rows import View
from engine.data.targetfield import as_field, finite, target_field
from engine.datafiles import resolve
from engine.dataspec import SPLITS, DataFacts, Field
from engine.inline import PARTS
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
        facts = _facts(path, params, arrays, _targets(arrays))
        return replace(facts, streamed=_streamed(path, params, arrays))


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
        facts = replace(_facts(path, params, arrays, targets), streamed=_streamed(path, params, arrays))
        views = {part: _view(path, arrays.get(f"x{part}")) for part in PARTS} if facts.streamed else {}
        parts = [_part(path, facts, arrays, targets, part) for part in PARTS]
    divisor = 255.0 if _is_pixels(arrays["x"]) else 1.0
    train = parts[0]
    assert train is not None
    streamed = {split: view for split, part in zip(SPLITS, PARTS, strict=True) if (view := views.get(part)) is not None}
    return Source(facts, train, parts[1], parts[2], divisor=divisor, label=path.name, streamed=streamed)


def _streamed(path: Path, params: Mapping[str, Any], arrays: Chosen) -> int:
    """Bytes of the inputs on disk where they stay there; 0 where they are held in memory.

    Raises:
        DataError: D01, they are too much to be held; D05, they are to stay on disk but lie there in no such way.
    """
    inputs = [arrays[f"x{part}"] for part in PARTS if f"x{part}" in arrays]
    values = sum(math.prod(stored.shape) for stored in inputs)
    wanted = streams(params, values, 1 if _is_pixels(arrays["x"]) else 8)
    if wanted and all(stored.at is not None for stored in inputs):
        return sum(math.prod(stored.shape) * stored.dtype.itemsize for stored in inputs)
    if wanted and params["memory"] == "stream":
        raise DataError(
            f'The arrays of "{path.name}" are compressed or stored column after column, so they cannot be streamed.',
            code="D05",
            hint="Save them by numpy.savez or numpy.save, row after row, or let them be held in memory.",
        )
    for stored in inputs:
        check_amount(path, math.prod(stored.shape))
    return 0


def _view(path: Path, stored: Stored | None) -> View | None:
    if stored is None or stored.at is None:
        return None
    whole = stored.table or stored.shape
    layout = Layout(
        stored.name,
        stored.at,
        whole,
        stored.dtype,
        stored.columns,
        _channels_last(stored),
        _sample_shape(stored),
        _is_pixels(stored),
    )
    return View(MappedRows(path, layout))


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
    read_x = lambda: table.read()[:, features]  # noqa: E731
    x = Stored("x", (rows, len(features)), table.dtype, read_x, table.at, tuple(features), table.shape)
    if target is None:
        return {"x": x}
    return {"x": x, "y": Stored("y", (rows,), table.dtype, lambda: _column_of(path, table, target))}


def _column_of(path: Path, table: Stored, target: int) -> NDArray[Any]:
    """One column, which is held even where the table is not."""
    if table.at is None:
        return table.read()[:, target]
    layout = Layout("y", table.at, table.shape, table.dtype, (target,), False, (1,), pixels=False)
    return MappedRows(path, layout).column(target)


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
        fields.append(target_field(path, params["target_type"], targets))
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


def _part(
    path: Path, facts: DataFacts, arrays: Chosen, targets: Mapping[str, NDArray[Any]], part: str
) -> Arrays | None:
    stored = arrays.get(f"x{part}")
    if stored is None:
        return None
    part_arrays = {} if facts.streamed else {"x": _inputs(path, stored)}
    field, y = facts.field("y"), targets.get(f"y{part}")
    if field is not None and y is not None:
        part_arrays["y"] = as_field(path, field, f"y{part}", y)
    return part_arrays


def _inputs(path: Path, stored: Stored) -> NDArray[Any]:
    x = stored.read()
    if _channels_last(stored):
        x = np.ascontiguousarray(np.moveaxis(x, 3, 1))
    x = x.reshape(len(x), *_sample_shape(stored))
    return x if _is_pixels(stored) else finite(path, stored.name, x)
