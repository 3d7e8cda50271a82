"""How messages quote values that came from a person or a file, and what they suggest instead."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

_SHOWN = 60
_DEPTH = 8
_LONG = 130
"""Bits of a whole number that is not written out any more: about 40 digits."""

_WORDS = {None: "null", True: "true", False: "false"}


def shown(value: Any, most: int = _SHOWN) -> str:
    """The value as a graph file writes it, on one line, shortened to `most` characters; a large one costs no more."""
    text = "".join(islice(_pieces(value, _DEPTH), most + 1))  # a piece has one character at least
    return text if len(text) <= most else text[: most - 1] + "…"


def number_text(value: float) -> str:
    """`0.5`, `1,000,000`, `1e-05`; no digits that mean nothing, none lost that a person typed."""
    if isinstance(value, int):
        return f"{value:,}" if value.bit_length() < _LONG else _vast(value)
    return f"{value:.12g}"


def index_text(index: Sequence[int]) -> str:
    """`[1, 4]` for the index (0, 3): counted from 1, as in formulas; nothing for what is one number."""
    return f"[{', '.join(str(place + 1) for place in index)}]" if index else ""


def plural(count: object, word: str) -> str:
    """`1 unit`, `8 units`, `1,000 units`, `2 classes`; a size that is free keeps its name: `T samples`."""
    text = number_text(count) if isinstance(count, int) else str(count)
    return f"{text} {word}" if count == 1 else f"{text} {word}{'es' if word.endswith('s') else 's'}"


def byte_text(size: int) -> str:
    """`18 GiB`, `3.6 TiB`."""
    units = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
    step = 0
    while size >= 1024 << (10 * step) and step < len(units) - 1:
        step += 1
    whole, tenths = divmod(size * 10 >> (10 * step), 10)
    return f"{number_text(whole)}{f'.{tenths}' if whole < 10 and tenths and step else ''} {units[step]}"


def closest(word: str, options: Sequence[str]) -> str | None:
    """The option most like the word, for "did you mean"; None when nothing is near."""
    found = difflib.get_close_matches(word, options, n=1, cutoff=0.6)
    return found[0] if found else None


def _vast(value: int) -> str:
    """A whole number by its power of ten: writing a very long one out is slow, and forbidden by Python."""
    power = int((value.bit_length() - 1) * math.log10(2))
    return f"10^{power:,} or more" if value > 0 else f"−10^{power:,} or less"


def _pieces(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        start = value[: _SHOWN + 1]
        yield json.dumps(start, ensure_ascii=not start.isprintable())
    elif isinstance(value, bool) or value is None:
        yield _WORDS[value]
    elif isinstance(value, int):
        yield str(int(value)) if value.bit_length() < _LONG else _vast(value)
    elif isinstance(value, float):
        yield repr(float(value))
    elif isinstance(value, Mapping):
        items = ((f"{shown(str(key))}: ", item) for key, item in value.items())
        yield from _joined("{", items, "}", depth)
    elif isinstance(value, list | tuple):
        yield from _joined("[", (("", item) for item in value), "]", depth)
    else:
        yield f"a value of the kind {type(value).__name__}"


def _joined(begin: str, items: Iterator[tuple[str, Any]], end: str, depth: int) -> Iterator[str]:
    if not depth:
        yield "…"
        return
    yield begin
    for number, (label, item) in enumerate(items):
        if number or label:
            yield (", " if number else "") + label
        yield from _pieces(item, depth - 1)
    yield end
