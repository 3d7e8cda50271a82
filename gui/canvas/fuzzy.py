"""Finding blocks by what people type: letters of the name, keywords, choices such as `tanh`, words that describe it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, final

from engine.block import Block
from engine.param import Choice
from gui.canvas.slips import mended
from gui.canvas.synonyms import is_elsewhere, looked_for
from gui.icons import block_icon_name

CATEGORY_ORDER: Final = ("data", "layers", "activation", "regularisation", "shape", "math", "loss")
_TAIL: Final = 0.55
"""What is worth less than this part of the best find is left out: nobody who types `den` means Concat."""

_ASIDE: Final = 0.4
"""How much a choice counts that does not make the block what it is, such as how its weights are drawn."""


@final
@dataclass(frozen=True, slots=True)
class Offer:
    """A block to add, as it comes or with one choice made.

    Attributes:
        params: what is set for the choice; empty where it is the default.
        choice: the choice as the inspector shows it; "" for the block as it comes.
    """

    block: Block
    params: Mapping[str, Any] = field(default_factory=dict)
    choice: str = ""

    @property
    def title(self) -> str:
        """`Dense`, `Activation – tanh`."""
        return f"{self.block.kind} – {self.choice}" if self.choice else self.block.kind

    @property
    def key(self) -> str:
        """What pins and recent choices are remembered by."""
        return self.block.kind

    @property
    def category(self) -> str:
        """Of the block."""
        return self.block.category

    @property
    def tint(self) -> str:
        """The colour of its icon."""
        return self.block.category

    @property
    def doc(self) -> str:
        """What the block does."""
        return self.block.doc

    @property
    def icon(self) -> str:
        """Its name."""
        return block_icon_name(self.block.icon, self.block.category)

    @property
    def settable(self) -> tuple[str, ...]:
        """Names of the parameters that the inspector shows first."""
        given = {name: param.start for name, param in self.block.params.items()} | dict(self.params)
        return tuple(name for name, param in self.block.params.items() if not param.advanced and param.visible(given))


def offers(query: str, blocks: Iterable[Block]) -> list[Offer]:
    """What matches, best first: blocks as they come, and blocks with the choice that was typed.

    For an empty query, all blocks: beginners' first, by category. Where nothing matches, each word may hold a slip.
    Nothing for what is known to be no block (`synonyms.elsewhere` tells where it is).
    """
    words, blocks = looked_for(plain(unicodedata.normalize("NFKC", query)).split()), list(blocks)
    if is_elsewhere(words):
        return []
    scored = [entry for block in blocks for entry in _scored(words, block)]
    if not scored:
        meant = mended(words, {word for block in blocks for word in _words_of(block)})
        scored = [entry for block in blocks for entry in _scored(meant, block)] if meant else []
    least = _TAIL * max((points for points, _ in scored), default=0.0)
    found = [(points, offer) for points, offer in scored if points >= least]
    found.sort(key=lambda entry: (-entry[0], *_usual_place(entry[1].block)))  # choices stay in the block's own order
    return [offer for _, offer in found]


def _usual_place(block: Block) -> tuple[bool, int, str]:
    return (not block.beginner, CATEGORY_ORDER.index(block.category), block.kind)


def _scored(words: Sequence[str], block: Block) -> Iterator[tuple[float, Offer]]:
    """The offers of one block that match all the words together, with what they are worth."""
    choices = [(name, param) for name, param in block.params.items() if isinstance(param, Choice) and _shown(param)]
    spoken = {plain(option) for _, param in choices for option in param.options}
    keywords = [text for keyword in block.keywords if (text := plain(keyword)) not in spoken]
    points = [_of_block(word, block, keywords) for word in words]
    if all(points):
        yield sum(points), Offer(block)
    for number, (name, param) in enumerate(choices if words else ()):
        main = number == 0 and next(iter(block.params)) == name
        labels = param.labels or param.options
        for option, label in zip(param.options, labels, strict=True):
            if not main and option == param.default:
                continue
            worth = _of_choice(words, points, {plain(option), plain(label)})
            if worth:
                given = {} if option == param.default else {name: option}
                yield worth * (1.0 if main else _ASIDE), Offer(block, given, label)


def _words_of(block: Block) -> Iterator[str]:
    """What people call a block and its choices; each choice also written as one word."""
    yield block.kind.lower()
    for keyword in block.keywords:
        yield from plain(keyword).split()
    for param in block.params.values():
        for option in param.options if isinstance(param, Choice) and _shown(param) else ():
            yield plain(option).replace(" ", "")
            yield from plain(option).split()


def _shown(param: Choice) -> bool:
    return not param.advanced and param.when is None


def plain(text: str) -> str:
    """Small letters and digits, in words."""
    return re.sub(r"[\W_]+", " ", text.lower()).strip()


# -- what a match is worth --


def _of_block(word: str, block: Block, keywords: Iterable[str]) -> float:
    return max(
        _in_name(word, block.kind),
        max((_in_phrase(word, keyword, 60.0) for keyword in keywords), default=0.0),
        _in_phrase(word, block.category, 30.0),
        _in_phrase(word, block.doc.lower(), 20.0) if len(word) > 2 else 0.0,
    )


def _in_name(word: str, kind: str) -> float:
    name = kind.lower()
    if name == word:
        return 120.0
    if name.startswith(word):
        return 100.0
    if any(part.lower().startswith(word) for part in re.findall(r"[A-Z][a-z]*|\d\w*", kind)):
        return 90.0
    if len(word) > 1 and word in name:
        return 45.0
    return 50.0 * _subsequence(word, name)


def _in_phrase(word: str, phrase: str, worth: float) -> float:
    if phrase == word:
        return worth * 1.15
    if any(part.startswith(word) for part in phrase.replace("-", " ").split()):
        return worth * 0.9
    return worth * 0.5 if len(word) > 2 and word in phrase else 0.0


def _of_choice(words: Sequence[str], points: Sequence[float], names: Iterable[str]) -> float:
    """A choice named by all the words, or by some of them while the rest is about its block (`dense xavier`)."""
    whole = max(_in_choice(" ".join(words), name) for name in names)
    if whole:
        return whole * len(words)
    own = [max(_in_choice(word, name) for name in names) for word in words]
    together = [max(pair) for pair in zip(own, points, strict=True)]
    return sum(together) if any(own) and all(together) else 0.0


def _in_choice(text: str, name: str) -> float:
    """`leaky relu`, `leakyrelu`, `leaky`, `relu` and `lr` for `leaky relu`."""
    close, parts = text.replace(" ", ""), name.split()
    if close == name.replace(" ", ""):
        return 110.0
    if len(close) < 2:
        return 0.0
    if name.replace(" ", "").startswith(close):
        return 95.0
    if close == "".join(part[0] for part in parts):
        return 90.0
    if all(any(part.startswith(word) for part in parts) for word in text.split()):
        return 85.0
    return 40.0 if len(close) > 2 and close in name else 0.0


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
