"""Words that the messages of several checks share."""

from __future__ import annotations

from collections.abc import Iterable

from engine.wording import closest

_COMPARED = 400
_LONGEST = 80


def near(word: str, options: Iterable[str]) -> str | None:
    """The option most like the word; of very many only some are compared, for comparing costs time."""
    word, among = word[:_LONGEST], sorted(set(options))
    if len(among) > _COMPARED:
        among = [name for name in among if name[:1] == word[:1] and abs(len(name) - len(word)) < 3][:_COMPARED]
    return closest(word, among)


def did_you_mean(word: str, options: Iterable[str], otherwise: str = "") -> str:
    """The hint for a misspelt name."""
    found = near(word, options)
    return f'Did you mean "{found}"?' if found else otherwise


def ended(text: str) -> str:
    """The text as a sentence, with a full stop where it has no end of its own."""
    return text if text.endswith((".", "?", "!", "…")) else f"{text}."


def quoted(names: Iterable[str], joint: str = "and") -> str:
    """`"a", "b" and "c"`."""
    words = [f'"{name}"' for name in names]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {joint} {words[-1]}"
