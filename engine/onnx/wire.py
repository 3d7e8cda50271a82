"""The wire format of protocol buffers, read strictly: nothing is copied, and no size is believed before it is checked.

Source: protobuf.dev, "Encoding". Groups, which were abandoned before ONNX began, are refused.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_SIZES = {FIXED64: 8, FIXED32: 4}
_LONGEST = 10
"""Bytes of a varint: 64 bits, seven a byte."""


@final
class WireError(Exception):
    """Bytes that are no message; the text is a clause, `at` the place in the file."""

    def __init__(self, what: str, at: int) -> None:
        super().__init__(what)
        self.at = at


@final
@dataclass(frozen=True, slots=True)
class Span:
    """A part of the file, from `start` up to `stop`."""

    buffer: memoryview
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    @property
    def data(self) -> memoryview:
        """The bytes."""
        return self.buffer[self.start : self.stop]

    def text(self) -> str:
        """The bytes as text. Raises WireError where they are no UTF-8."""
        try:
            return str(self.data, "utf-8")
        except UnicodeDecodeError:
            raise WireError("a text is no UTF-8", self.start) from None


@final
@dataclass(frozen=True, slots=True)
class Field:
    """One entry of a message: its number, the kind of its coding, its value and where it begins."""

    number: int
    kind: int
    value: int | Span
    at: int

    def span(self) -> Span:
        """The value of a text, of bytes or of a message. Raises WireError for another kind."""
        if not isinstance(self.value, Span) or self.kind != BYTES:
            raise WireError(f"field {self.number} is of the wrong kind", self.at)
        return self.value

    def text(self) -> str:
        """The value as text. Raises WireError."""
        return self.span().text()

    def whole(self) -> int:
        """The value as a signed number of 64 bits. Raises WireError for another kind."""
        if self.kind != VARINT or not isinstance(self.value, int):
            raise WireError(f"field {self.number} is of the wrong kind", self.at)
        return signed(self.value)

    def single(self) -> float:
        """The value as a number of single precision. Raises WireError for another kind."""
        if self.kind != FIXED32 or not isinstance(self.value, Span):
            raise WireError(f"field {self.number} is of the wrong kind", self.at)
        return float(struct.unpack("<f", self.value.data)[0])

    def wholes(self) -> list[int]:
        """A repeated whole number: packed, many at once, or this one. Raises WireError."""
        return [signed(value) for value in varints(self.span())] if self.kind == BYTES else [self.whole()]


def fields(span: Span) -> Iterator[Field]:
    """The entries of a message, in their order. Raises WireError."""
    buffer, at, stop = span.buffer, span.start, span.stop
    while at < stop:
        begin = at
        key, at = _varint(buffer, at, stop)
        number, kind = key >> 3, key & 7
        if not 0 < number < 1 << 29:
            raise WireError(f"a field has the number {number}", begin)
        if kind == VARINT:
            value, at = _varint(buffer, at, stop)
            yield Field(number, kind, value, begin)
            continue
        if kind == BYTES:
            size, at = _varint(buffer, at, stop)
        elif kind in _SIZES:
            size = _SIZES[kind]
        else:
            raise WireError(f"field {number} has the unknown kind {kind}", begin)
        if size > stop - at:
            raise WireError(f"field {number} should have {size:,} bytes, more than are left", begin)
        yield Field(number, kind, Span(buffer, at, at + size), begin)
        at += size


def varints(span: Span) -> Iterator[int]:
    """Packed whole numbers. Raises WireError."""
    at = span.start
    while at < span.stop:
        value, at = _varint(span.buffer, at, span.stop)
        yield value


def signed(value: int) -> int:
    """64 bits as a number that may be negative."""
    return value - (1 << 64) if value >= 1 << 63 else value


def _varint(buffer: memoryview, at: int, stop: int) -> tuple[int, int]:
    value = 0
    for index in range(_LONGEST):
        if at + index >= stop:
            raise WireError("it ends within a number", at)
        byte = buffer[at + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            if value >= 1 << 64:
                break
            return value, at + index + 1
    raise WireError("a number has more than 64 bits", at)
