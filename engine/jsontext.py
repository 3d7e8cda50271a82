"""JSON read strictly: what Python's own reader lets through is an error here, with its line and its path.

Refused are duplicate keys, NaN and Infinity, numbers beyond what a file can hold, half characters (lone surrogates) and
nesting deeper than `MAX_DEPTH`. Python's fast reader does the work; only what it refuses, or what looks suspicious, is
read again by the exact one below, which knows where it is and never recurses.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final, NoReturn, final

from engine.param import shown

MAX_DEPTH = 64
LEAST, MOST = -(2**63), 2**64 - 1
"""The whole numbers a file may hold: those of 64 bits."""

Path = tuple[str | int, ...]
_SHOWN = 40
_STEPS = 8

# Half a character (escaped or not), an exponent of three digits, 19 digits in a row: rare, so worth a second look.
# One pattern for all of them takes twice as long.
_SUSPICIOUS = [
    re.compile(pattern) for pattern in (r"\\u[dD][89a-fA-F]", "[\ud800-\udfff]", r"[0-9][eE]\+?[0-9]{3}", "[0-9]{19}")
]
_decoder = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"(-?(?:0|[1-9]\d*))(\.\d+)?([eE][-+]?\d+)?", re.ASCII)
_HALF = re.compile("[\ud800-\udfff]")
_WORDS: Final = {"true": True, "false": False, "null": None}
_FORBIDDEN = ("NaN", "Infinity", "-Infinity")


@final
class JsonError(ValueError):
    """What is wrong with a text, where.

    Attributes:
        what: a clause: `the value ends early`.
        path: the value concerned, from the top: `("nodes", 3, "params")`.
        line: of the text, from 1; 0 while nobody has looked.
    """

    def __init__(self, what: str, path: Path, line: int = 0) -> None:
        self.what, self.path, self.line = what, path, line
        super().__init__(f"line {line}, {path_text(path)}: {what}" if line else f"{path_text(path)}: {what}")


def path_text(path: Path) -> str:
    """The path as people write it: `$.nodes[3].params`; a long one is shortened in the middle."""
    parts = ["$"]
    for key in path:
        if isinstance(key, int):
            parts.append(f"[{key}]")
        else:
            parts.append(f".{key}" if key.isidentifier() and len(key) <= _SHOWN else f"[{shown(key, _SHOWN)}]")
    if len(parts) > _STEPS:
        parts[_STEPS // 2 : -_STEPS // 2] = ["…"]
    return "".join(parts)


def half_character(text: str) -> bool:
    """Whether the text holds a lone surrogate, which UTF-8 has no bytes for."""
    return _HALF.search(text) is not None


def parse(text: str) -> Any:
    """The value of a JSON text. Raises JsonError."""
    if not any(pattern.search(text) for pattern in _SUSPICIOUS):
        try:
            value = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse)
        except (ValueError, RecursionError):
            pass  # the exact reader finds the place
        else:
            if not _too_deep(value):
                return value
    return _Reader(text).document()


def locate(text: str, path: Path) -> int:
    """The line on which the value at a path begins, or as much of the path as there is; the text is valid JSON."""
    reader = _Reader(text)
    reader.wanted = path
    reader.document()
    return reader.line(reader.found)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError
    return made


def _refuse(word: str) -> NoReturn:
    raise ValueError(word)


def _too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            item
            for outer in level
            for item in (outer.values() if type(outer) is dict else outer if type(outer) is list else ())
            if type(item) is dict or type(item) is list
        ]
        if not level:
            return False
    return True


@final
class _Reader:
    """Reads one text from left to right with the open lists and objects on a stack of its own."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.open: list[dict[str, Any] | list[Any]] = []
        self.path: list[str | int] = []
        self.wanted: Path | None = None
        self.found = 0
        self.best = -1

    def line(self, at: int) -> int:
        """The line of a position."""
        return self.text.count("\n", 0, at) + 1

    def fail(self, what: str, at: int | None = None) -> NoReturn:
        raise JsonError(what, tuple(self.path), self.line(self.at if at is None else at))

    def document(self) -> Any:
        """The value the whole text is."""
        while True:
            value = self.value()
            if value is _OPENED:
                continue
            while self.open:
                self.store(value)
                if self.goes_on():
                    break
                value = self.open.pop()
            else:
                if self.peek():
                    self.fail("something follows after the end")
                return value

    def peek(self) -> str:
        """The next character that is no space; empty at the end."""
        match = _SPACE.match(self.text, self.at)
        assert match is not None
        self.at = match.end()
        return self.text[self.at : self.at + 1]

    def value(self) -> Any:
        """A scalar or an empty container; or `_OPENED`, when a container has begun whose first value comes next."""
        char = self.peek()
        self.note()
        if not char:
            self.fail("the value ends early")
        if char == '"':
            return self.string()
        if char in "{[":
            return self.begin(char)
        for word, meaning in _WORDS.items():
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return meaning
        return self.number()

    def note(self) -> None:
        """Remember where the wanted path, or its longest part that is there, begins."""
        if self.wanted is not None and self.best < len(self.path) and tuple(self.path) == self.wanted[: len(self.path)]:
            self.best, self.found = len(self.path), self.at

    def begin(self, char: str) -> Any:
        if len(self.open) >= MAX_DEPTH:
            self.fail(f"lists and objects are nested more than {MAX_DEPTH} deep")
        self.at += 1
        made: dict[str, Any] | list[Any] = {} if char == "{" else []
        if self.peek() == ("}" if char == "{" else "]"):
            self.at += 1
            return made
        self.open.append(made)
        if char == "{":
            self.path.append("")
            self.key()
        else:
            self.path.append(0)
        return _OPENED

    def store(self, value: Any) -> None:
        outer, key = self.open[-1], self.path[-1]
        if isinstance(outer, list):
            outer.append(value)
        else:
            assert isinstance(key, str)
            outer[key] = value

    def goes_on(self) -> bool:
        """Whether another value of the innermost container follows; at its end, the path loses its last step."""
        outer = self.open[-1]
        char = self.peek()
        if char == ("]" if isinstance(outer, list) else "}"):
            self.at += 1
            self.path.pop()
            return False
        if char != ",":
            self.path.pop()
            self.fail("a comma or the end is missing" if char else "the value ends early")
        self.at += 1
        if isinstance(outer, list):
            self.path[-1] = len(outer)
        else:
            self.key()
        return True

    def key(self) -> None:
        outer = self.open[-1]
        self.path.pop()
        char = self.peek()
        if char != '"':
            self.fail("a key in double quotes is missing" if char else "the value ends early")
        at, key = self.at, self.string()
        if key in outer:
            self.fail(f"the key {shown(key)} stands twice", at)
        if self.peek() != ":":
            self.fail(f"a colon is missing after the key {shown(key)}" if self.peek() else "the value ends early")
        self.at += 1
        self.path.append(key)

    def string(self) -> str:
        try:
            value, end = _decoder.raw_decode(self.text, self.at)
        except json.JSONDecodeError as error:
            if error.msg.startswith("Unterminated"):
                self.fail("the value ends early")
            self.fail("the text in quotes holds a character that has to be escaped, or a wrong escape", error.pos)
        assert isinstance(value, str)
        if half_character(value):
            self.fail("the text in quotes holds half a character (a lone surrogate)")
        self.at = end
        return value

    def number(self) -> int | float:
        match = _NUMBER.match(self.text, self.at)
        if match is None:
            if self.text.startswith(_FORBIDDEN, self.at):
                self.fail("NaN and Infinity are no numbers a file can hold")
            self.fail(f"a value is missing before {json.dumps(self.text[self.at], ensure_ascii=False)}")
        whole, fraction, exponent = match.groups()
        if fraction is None and exponent is None:
            value: int | float = int(whole) if len(whole) <= 20 else MOST + 1
            if not LEAST <= value <= MOST:
                self.fail("a whole number of more than 64 bits")
        else:
            value = float(match[0])
            if not math.isfinite(value):
                self.fail(f"the number {match[0][:40]} is too large")
        self.at = match.end()
        return value


_OPENED: Final = object()
