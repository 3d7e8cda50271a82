"""How the command line tells things: results on stdout, everything else on stderr, one line each."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from typing import Any


def say(text: str) -> None:
    """A remark on stderr, in one line."""
    print(" ".join(text.split()), file=sys.stderr, flush=True)


def say_error(text: str) -> None:
    """An error on stderr, in one line."""
    say(f"chainrule: {text}")


def print_json(value: Any) -> None:
    """One JSON object in one line on stdout; numbers that are not finite as strings."""
    print(json.dumps(finite(value), ensure_ascii=False, allow_nan=False), flush=True)


def finite(value: Any) -> Any:
    """With `"NaN"`, `"Infinity"`, `"-Infinity"` for what JSON has no number for."""
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def number(value: float | None) -> str:
    """A figure for people."""
    return "–" if value is None else f"{value:.6g}"
