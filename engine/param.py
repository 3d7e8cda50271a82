"""Parameters of blocks and of the training: default, range, unit, help; the inspector is generated from them.

Every parameter reads a JSON value with `parse`, which returns the value the block works with or raises `ParamError`
with a sentence that says what was expected and received. Values are JSON-like throughout: tuples inside, lists in files.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

_SHOWN = 60


class ParamError(ValueError):
    """A value that a parameter does not take."""


def shown(value: object) -> str:
    """The value as messages quote it, shortened."""
    text = repr(value) if not isinstance(value, str) else f'"{value}"'
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


@dataclass(frozen=True, kw_only=True)
class Param(ABC):
    """What all parameters share.

    Attributes:
        doc: one sentence of help.
        unit: shown behind the value: `px`, `samples`, `σ`.
        when: show only while another parameter has one of these values: `("function", ("leaky_relu",))`.
        label: display name; the key with spaces where empty.
        advanced: shown under "More" in the inspector.
    """

    doc: str
    unit: str = ""
    when: tuple[str, tuple[Any, ...]] | None = None
    label: str = ""
    advanced: bool = False

    @property
    @abstractmethod
    def start(self) -> Any:
        """The default value."""

    @abstractmethod
    def parse(self, value: Any) -> Any:
        """The value as blocks use it. Raises ParamError."""

    def visible(self, params: Mapping[str, Any]) -> bool:
        """Whether the parameter means anything beside these values of its siblings."""
        return self.when is None or params.get(self.when[0]) in self.when[1]


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
        if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise ParamError(f"expects a whole number but got {shown(value)}")
        _check_range(value, self.min, self.max)
        return value


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
            raise ParamError(f"must be more than {self.above:g} but is {number:g}")
        _check_range(number, self.min, self.max)
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
class Choices(Param):
    """Several words out of a list, in order, each once (features of a toy set, metrics)."""

    default: tuple[str, ...]
    options: tuple[str, ...]
    labels: tuple[str, ...] = ()
    least: int = 0

    @property
    def start(self) -> tuple[str, ...]:
        return self.default

    def parse(self, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
            raise ParamError(f"expects a list of words but got {shown(value)}")
        for item in value:
            if item not in self.options:
                raise ParamError(f"expects some of {', '.join(self.options)} but got {shown(item)}")
        if len(set(value)) != len(value):
            raise ParamError(f"names one entry twice: {shown(value)}")
        if len(value) < self.least:
            raise ParamError(f"needs at least {self.least} of {', '.join(self.options)}")
        return tuple(value)


@final
@dataclass(frozen=True, kw_only=True)
class Size(Param):
    """A size in one or several dimensions as torch takes it: `3` or `[3, 5]`; `words` such as "same" are admitted.

    `parse` returns an int, a tuple of `dims` ints, one of the words, or None where `optional`.
    """

    default: int | tuple[int, ...] | str | None
    dims: int
    min: int = 0
    max: int | None = None
    words: tuple[str, ...] = ()
    optional: bool = False

    @property
    def start(self) -> int | tuple[int, ...] | str | None:
        return self.default

    def parse(self, value: Any) -> int | tuple[int, ...] | str | None:
        if value is None and self.optional:
            return None
        if isinstance(value, str) and value in self.words:
            return value
        if isinstance(value, list | tuple):
            if len(value) != self.dims:
                raise ParamError(f"expects {self.dims} sizes but got {len(value)}: {shown(value)}")
            return tuple(self._one(item) for item in value)
        return self._one(value)

    def _one(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            words = "".join(f' or "{word}"' for word in self.words)
            sizes = f" or {self.dims} of them" if self.dims > 1 else ""
            raise ParamError(f"expects a whole number{sizes}{words} but got {shown(value)}")
        _check_range(value, self.min, self.max)
        return value


@final
@dataclass(frozen=True, kw_only=True)
class Shape(Param):
    """A list of whole numbers of free length (Reshape, Permute); -1 where `infer` admits one."""

    default: tuple[int, ...]
    min: int = 1
    infer: bool = False

    @property
    def start(self) -> tuple[int, ...]:
        return self.default

    def parse(self, value: Any) -> tuple[int, ...]:
        if not isinstance(value, list | tuple) or not all(type(item) is int for item in value):
            raise ParamError(f"expects a list of whole numbers but got {shown(value)}")
        for item in value:
            if not (self.infer and item == -1):
                _check_range(item, self.min, None)
        if list(value).count(-1) > 1:
            raise ParamError("can leave only one size open (-1)")
        return tuple(value)


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
    multiline: bool = False

    @property
    def start(self) -> str:
        return self.default

    def parse(self, value: Any) -> str:
        if not isinstance(value, str):
            raise ParamError(f"expects text but got {shown(value)}")
        if any(0xD800 <= ord(char) <= 0xDFFF for char in value) or "\0" in value:
            raise ParamError("holds characters that are not text")
        return value


@final
@dataclass(frozen=True, kw_only=True)
class Names(Param):
    """A list of free words (column names, formulas). `offers` are words to choose from; any other is taken too."""

    default: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()

    @property
    def start(self) -> tuple[str, ...]:
        return self.default

    def parse(self, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
            raise ParamError(f"expects a list of names but got {shown(value)}")
        return tuple(value)


@final
@dataclass(frozen=True, kw_only=True)
class Array(Param):
    """Numbers typed or pasted by hand, nested to any regular shape; None where there are none."""

    default: tuple[Any, ...] | None = None

    @property
    def start(self) -> tuple[Any, ...] | None:
        return self.default

    def parse(self, value: Any) -> Any:
        if value is None:
            return None
        array_shape(value)
        return _freeze(value)


@final
@dataclass(frozen=True, kw_only=True)
class Refs(Param):
    """Other nodes by id (Regularizer); edits follow renames, copies and deletions. `()` means all."""

    default: tuple[str, ...] = ()

    @property
    def start(self) -> tuple[str, ...]:
        return self.default

    def parse(self, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
            raise ParamError(f"expects a list of block names but got {shown(value)}")
        if len(set(value)) != len(value):
            raise ParamError(f"names one block twice: {shown(value)}")
        return tuple(value)


def array_shape(value: Any) -> tuple[int, ...]:
    """The shape of nested lists of finite numbers.

    Raises:
        ParamError: an entry is not a finite number or the rows differ in length; the message gives its index.
    """
    shape: list[int] = []
    probe = value
    while isinstance(probe, list | tuple):
        shape.append(len(probe))
        if not probe:
            raise ParamError("is empty")
        probe = probe[0]
        if len(shape) > 8:
            raise ParamError("is nested more than 8 deep")
    if not shape:
        raise ParamError(f"expects a list of numbers but got {shown(value)}")
    level: list[tuple[str, Any]] = [("", value)]
    for depth, size in enumerate(shape):
        below: list[tuple[str, Any]] = []
        for where, item in level:
            if not isinstance(item, list | tuple) or len(item) != size:
                got = f"{len(item)} entries" if isinstance(item, list | tuple) else shown(item)
                raise ParamError(f"needs {size} entries at {where or 'the top'} (level {depth + 1}) but has {got}")
            below.extend((f"{where}[{index}]", part) for index, part in enumerate(item))
        level = below
    for where, item in level:
        if isinstance(item, bool) or not isinstance(item, int | float) or not math.isfinite(item):
            raise ParamError(f"expects a finite number at {where} but got {shown(item)}")
    return tuple(shape)


def closest(word: str, options: tuple[str, ...] | list[str]) -> str | None:
    """The option most like the word, for "did you mean"; None when nothing is near."""
    import difflib

    found = difflib.get_close_matches(word, options, n=1, cutoff=0.6)
    return found[0] if found else None


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


def _check_range(value: float, low: float | None, high: float | None) -> None:
    if low is not None and value < low:
        raise ParamError(f"must be at least {low:g} but is {value:g}")
    if high is not None and value > high:
        raise ParamError(f"must be at most {high:g} but is {value:g}")


def _freeze(value: Any) -> Any:
    return tuple(_freeze(item) for item in value) if isinstance(value, list | tuple) else value
