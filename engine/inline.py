"""Facts of data that stand in the graph file itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.dataspec import DataFacts, Field
from engine.problem import DataError
from engine.wording import plural

MOST_CLASSES = 10_000
PARTS = ("", "_val", "_test")


def inline_facts(params: Mapping[str, Any]) -> DataFacts:
    """Source facts of an `inline` data set: `x`, and `y` where it is given.

    A flat list becomes a column of numbers, `(N, 1)`; a flat `y` of whole numbers from 0 on becomes class indices,
    unless `target_type` says otherwise.

    Raises:
        DataError: D06, the arrays do not fit each other; D05, the target is not what `target_type` says.
    """
    if params["x"] is None:
        raise DataError("The data have no x.", code="D06", hint="Type the inputs in, one row a sample.")
    counts = tuple(_count(params, part) for part in PARTS)
    fields = [Field("x", _common_shape(params, "x"))]
    if params["y"] is not None:
        fields.append(_target(params))
    return DataFacts(tuple(fields), (counts[0], counts[1], counts[2]))


def _count(params: Mapping[str, Any], part: str) -> int:
    """Samples in one part, once x and y are known to agree."""
    x, y = params[f"x{part}"], params[f"y{part}"]
    if part and x is None and y is None:
        return 0
    if x is None:
        raise DataError(f"y{part} is given without x{part}.", code="D06", hint=f"Type x{part} in, or remove y{part}.")
    if (y is None) != (params["y"] is None):
        given, lacking = (f"x{part}", f"y{part}") if y is None else (f"y{part}", "y")
        raise DataError(f"{given} is given without {lacking}.", code="D06", hint=f"Type {lacking} in.")
    if y is not None and len(x) != len(y):
        raise DataError(
            f"x{part} has {plural(len(x), 'sample')} but y{part} has {len(y):,}.",
            code="D06",
            hint="Give both as many rows.",
        )
    return len(x)


def _common_shape(params: Mapping[str, Any], name: str) -> tuple[int, ...]:
    """The shape of a sample, the same in every part; a flat list counts as a column."""
    shapes = {
        f"{name}{part}": _sample_shape(params[f"{name}{part}"]) or (1,)
        for part in PARTS
        if params[f"{name}{part}"] is not None
    }
    first = shapes[name]
    for other, shape in shapes.items():
        if shape != first:
            raise DataError(
                f"A sample of {name} has shape {_text(first)} but one of {other} has {_text(shape)}.",
                code="D06",
                hint="Give every part samples of one shape.",
            )
    return first


def _sample_shape(array: tuple[Any, ...]) -> tuple[int, ...]:
    """The shape of the first sample; parsing the parameter has seen to it that the others have the same."""
    shape: list[int] = []
    probe = array[0]
    while isinstance(probe, tuple):
        shape.append(len(probe))
        probe = probe[0]
    return tuple(shape)


def _text(shape: tuple[int, ...]) -> str:
    return "×".join(str(size) for size in shape)


def _target(params: Mapping[str, Any]) -> Field:
    kind = params["target_type"]
    if kind == "numbers" or (kind == "auto" and not _looks_like_classes(params)):
        return Field("y", _common_shape(params, "y"))
    if _common_shape(params, "y") != (1,):
        raise DataError(
            "The target is said to name classes, but y has several numbers a sample.",
            code="D05",
            hint='Give one whole number a sample, or set target_type to "numbers".',
        )
    largest = -1
    for label in labels(params):
        if label != int(label) or not 0 <= label < MOST_CLASSES:
            raise DataError(
                f"Classes are whole numbers from 0 to {MOST_CLASSES - 1:,}, but y holds {label:g}.",
                code="D05",
                hint='Number the classes from 0, or set target_type to "numbers".',
            )
        largest = max(largest, int(label))
    return Field("y", (), "int", classes=tuple(str(index) for index in range(largest + 1)))


def _looks_like_classes(params: Mapping[str, Any]) -> bool:
    given = [params[f"y{part}"] for part in PARTS if params[f"y{part}"] is not None]
    return all(type(label) is int and 0 <= label < MOST_CLASSES for part in given for label in part)


def labels(params: Mapping[str, Any]) -> Iterator[float]:
    """All targets of all parts in order, a column `[[0], [1]]` read as a flat list."""
    for part in PARTS:
        for label in params[f"y{part}"] or ():
            yield label[0] if isinstance(label, tuple) else label
