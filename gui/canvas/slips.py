"""Words with a slip of the finger: `dnese`, `atention`, `softmaxx`, `relo` for what was meant."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final

LEAST: Final = 3
"""A word of fewer letters is within a slip of too much."""


def mended(words: Iterable[str], known: Collection[str]) -> list[str]:
    """The words, each that begins no known word replaced by the nearest that does; empty when one has none."""
    found = [word if any(each.startswith(word) for each in known) else _nearest(word, known) for word in words]
    return found if all(found) else []


def _nearest(word: str, known: Iterable[str]) -> str:
    """The beginning of a known word that is a slip away and as long if possible; "" where none is."""
    near = {each for meant in known for each in _a_slip_away(word, meant)} if len(word) >= LEAST else set()
    return min(near, key=lambda each: (abs(len(each) - len(word)), each), default="")


def _a_slip_away(typed: str, meant: str) -> Iterator[str]:
    beginnings = (meant[:size] for size in range(len(typed) - 1, len(typed) + 2))
    return (each for each in beginnings if each[:1] == typed[0] and _one_slip(typed, each))


def _one_slip(typed: str, meant: str) -> bool:
    """Two letters swapped, one wrong, one too many or one missing."""
    pairs = enumerate(zip(typed, meant, strict=False))
    same = next((place for place, (one, other) in pairs if one != other), min(len(typed), len(meant)))
    a, b = typed[same:], meant[same:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])
