"""Finding blocks by what people type: letters of the name in order, keywords, words of the description."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from engine.block import Block

CATEGORY_ORDER: Final = ("data", "layers", "activation", "regularisation", "shape", "loss")


def ranked(query: str, blocks: Iterable[Block]) -> list[Block]:
    """The blocks that match, best first; for an empty query all, beginners' blocks first, by category."""
    words = query.lower().split()
    scored = [(score(words, block), block) for block in blocks]
    found = [(points, block) for points, block in scored if points is not None]
    found.sort(key=lambda entry: (-entry[0], *_usual_place(entry[1])))
    return [block for _, block in found]


def _usual_place(block: Block) -> tuple[bool, int, str]:
    return (not block.beginner, CATEGORY_ORDER.index(block.category), block.kind)


def score(words: Sequence[str], block: Block) -> float | None:
    """How well a block answers all the words together; None when it misses one."""
    total = 0.0
    for word in words:
        points = max(
            _in_name(word, block.kind.lower()),
            max((_in_phrase(word, keyword.lower(), 60.0) for keyword in block.keywords), default=0.0),
            _in_phrase(word, block.category, 30.0),
            _in_phrase(word, block.doc.lower(), 20.0) if len(word) > 2 else 0.0,
        )
        if points <= 0.0:
            return None
        total += points
    return total


def _in_name(word: str, name: str) -> float:
    if name == word:
        return 120.0
    if name.startswith(word):
        return 100.0
    if word in name:
        return 80.0
    return 50.0 * _subsequence(word, name)


def _in_phrase(word: str, phrase: str, worth: float) -> float:
    if phrase == word:
        return worth
    if any(part.startswith(word) for part in phrase.replace("-", " ").split()):
        return worth * 0.9
    return worth * 0.5 if len(word) > 2 and word in phrase else 0.0


def _subsequence(word: str, name: str) -> float:
    """Letters in order with gaps (`cnv2`): 1 without gaps, towards 0 with many; 0 when one is missing.

    The first letter has to be the name's own.
    """
    if not word or word[0] != name[0]:
        return 0.0
    place = -1
    for letter in word:
        place = name.find(letter, place + 1)
        if place < 0:
            return 0.0
    return len(word) / (place + 1)
