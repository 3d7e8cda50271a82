"""Parameters of blocks and of the training: default, range, unit, help; the inspector is generated from them.

Every parameter reads a JSON value with `parse`, which returns the value the block works with or raises `ParamError`
with a sentence that says what was expected and received. Values are JSON-like: tuples inside, lists in files.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from engine.parambase import Param, ParamError, check_range, check_text, whole
from engine.paramlists import Array, Choices, Names, Refs, Shape, Size, array_shape
from engine.wording import closest, number_text, shown

__all__ = [
    "Array",
    "Bool",
    "Choice",
    "Choices",
    "Device",
    "Float",
    "Int",
    "Names",
    "Param",
    "ParamError",
    "Refs",
    "Shape",
    "Size",
    "Text",
    "array_shape",
    "closest",
    "parse_all",
    "shown",
]

_DEVICE = re.compile(r"auto|cpu|mps|cuda(:\d{1,3})?")


@final
@dataclass(frozen=True, kw_only=True)
class Int(Param):
    """A whole number; `optional` admits None."""

    default: int | None
    min: int | None = None
    max: int | None = None
    optional: bool = False

    @property
    def start(self) -> int | None:
        return self.default

    def parse(self, value: Any) -> int | None:
        if value is None and self.optional:
            return None
        number = whole(value)
        if number is None:
            raise ParamError(f"expects a whole number but got {shown(value)}")
        check_range(number, self.min, self.max)
        return number


@final
@dataclass(frozen=True, kw_only=True)
class Float(Param):
    """A finite number; `log` tells editors to step by factors, `optional` admits None."""

    default: float | None
    min: float | None = None
    max: float | None = None
    log: bool = False
    optional: bool = False
    above: float | None = None
    """Exclusive lower bound."""

    @property
    def start(self) -> float | None:
        return self.default

    def parse(self, value: Any) -> float | None:
        if value is None and self.optional:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ParamError(f"expects a number but got {shown(value)}")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise ParamError(f"expects a finite number but got {shown(value)}")
        if self.above is not None and number <= self.above:
            raise ParamError(f"must be more than {number_text(self.above)} but is {number_text(number)}")
        check_range(number, self.min, self.max)
        return number


@final
@dataclass(frozen=True, kw_only=True)
class Bool(Param):
    """Yes or no."""

    default: bool

    @property
    def start(self) -> bool:
        return self.default

    def parse(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise ParamError(f"expects true or false but got {shown(value)}")
        return value


@final
@dataclass(frozen=True, kw_only=True)
class Choice(Param):
    """One of several words. `labels` are their display names, in the same order."""

    default: str
    options: tuple[str, ...]
    labels: tuple[str, ...] = ()

    @property
    def start(self) -> str:
        return self.default

    def parse(self, value: Any) -> str:
        if not isinstance(value, str) or value not in self.options:
            close = closest(value, self.options) if isinstance(value, str) else None
            tail = f'; did you mean "{close}"?' if close else ""
            raise ParamError(f"expects one of {', '.join(self.options)} but got {shown(value)}{tail}")
        return value


@final
@dataclass(frozen=True, kw_only=True)
class Device(Param):
    """Where to compute: `auto`, `cpu`, `cuda`, `mps`, or one of several graphics cards, `cuda:1`, counted from 0."""

    default: str

    @property
    def start(self) -> str:
        return self.default

    def parse(self, value: Any) -> str:
        if not isinstance(value, str) or not _DEVICE.fullmatch(value):
            raise ParamError(f"expects auto, cpu, cuda, cuda:1 (the second one) or mps but got {shown(value)}")
        return value


@final
@dataclass(frozen=True, kw_only=True)
class Text(Param):
    """A line of text: an expression, a column name, a path.

    `path` = "file", "folder" or "any" (either) gives a browse button. `offers` are entries to choose from; any other
    text is taken too.
    """

    default: str
    path: str = ""
    offers: tuple[str, ...] = ()
    pattern: str = ""
    """Name filter of the file dialog, such as `CSV files (*.csv)`."""

    @property
    def start(self) -> str:
        return self.default

    def parse(self, value: Any) -> str:
        if not isinstance(value, str):
            raise ParamError(f"expects text but got {shown(value)}")
        check_text(value)
        return value


def parse_all(params: Mapping[str, Param], values: Mapping[str, Any]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Every parameter parsed, defaults filled in, and the errors as (name, message); a bad value gets the default.

    Keys that no parameter bears are left out (they stay in the file).
    """
    parsed: dict[str, Any] = {}
    errors: list[tuple[str, str]] = []
    for name, param in params.items():
        if name not in values:
            parsed[name] = param.start
            continue
        try:
            parsed[name] = param.parse(values[name])
        except ParamError as error:
            parsed[name] = param.start
            errors.append((name, str(error)))
    return parsed, errors
