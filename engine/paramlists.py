"""Parameters that hold several values: sizes, shapes, names, numbers, other blocks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from engine.parambase import Param, ParamError, check_range, check_text, whole
from engine.wording import shown


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
        number = whole(value)
        if number is None:
            words = "".join(f' or "{word}"' for word in self.words)
            sizes = f" or {self.dims} of them" if self.dims > 1 else ""
            raise ParamError(f"expects a whole number{sizes}{words} but got {shown(value)}")
        check_range(number, self.min, self.max)
        return number


@final
@dataclass(frozen=True, kw_only=True)
class Shape(Param):
    """A list of whole numbers of free length (Reshape, Permute); -1 where `infer` admits one."""

    default: tuple[int, ...]
    min: int = 1
    max: int = 2**31 - 1
    infer: bool = False

    @property
    def start(self) -> tuple[int, ...]:
        return self.default

    def parse(self, value: Any) -> tuple[int, ...]:
        numbers = [whole(item) for item in value] if isinstance(value, list | tuple) else [None]
        sizes = tuple(number for number in numbers if number is not None)
        if len(sizes) != len(numbers):
            raise ParamError(f"expects a list of whole numbers but got {shown(value)}")
        for size in sizes:
            if not (self.infer and size == -1):
                check_range(size, self.min, self.max)
        if self.infer and sizes.count(-1) > 1:
            raise ParamError("can leave only one size open (-1)")
        return sizes


@final
@dataclass(frozen=True, kw_only=True)
class Names(Param):
    """A list of free words (column names, formulas).

    Attributes:
        offers: words to choose from; any other is taken too.
        offers_when: (other parameter, values of it with which the offers mean something); None: always.
        implied: the offers that an empty list stands for.
    """

    default: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()
    offers_when: tuple[str, tuple[Any, ...]] | None = None
    implied: tuple[str, ...] = ()

    @property
    def start(self) -> tuple[str, ...]:
        return self.default

    def offered(self, params: Mapping[str, Any]) -> bool:
        """Whether the offers mean anything beside these values of its siblings."""
        return self.offers_when is None or params.get(self.offers_when[0]) in self.offers_when[1]

    def parse(self, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
            raise ParamError(f"expects a list of names but got {shown(value)}")
        for name in value:
            check_text(name)
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
    level = [value]
    for depth, size in enumerate(shape):
        for index, item in enumerate(level):
            if not isinstance(item, list | tuple) or len(item) != size:
                got = f"{len(item)} entries" if isinstance(item, list | tuple) else shown(item)
                where = _index_text(index, shape[:depth]) or "the top"
                raise ParamError(f"needs {size} entries at {where} (level {depth + 1}) but has {got}")
        level = [part for item in level for part in item]
    for index, item in enumerate(level):
        if isinstance(item, bool) or not isinstance(item, int | float) or not _is_finite(item):
            raise ParamError(f"expects a finite number at {_index_text(index, shape)} but got {shown(item)}")
    return tuple(shape)


def _index_text(index: int, shape: list[int]) -> str:
    """`[2][0]`: where the entry of that number is in C order."""
    parts: list[str] = []
    for size in reversed(shape):
        index, place = divmod(index, size)
        parts.append(f"[{place}]")
    return "".join(reversed(parts))


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond all floats
        return False


def _freeze(value: Any) -> Any:
    return tuple(_freeze(item) for item in value) if isinstance(value, list | tuple) else value
