"""Lines of a run's files, read strictly: they may come from a machine that nobody here knows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, final

from engine.jsontext import JsonError, parse

_WORDS: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_MOST_METRICS: Final = 100
_MOST_NAME: Final = 80
_MOST_COUNT: Final = 1 << 53


@final
@dataclass(frozen=True, slots=True)
class HyperChange:
    """A line of changes.jsonl: a setting that was changed while the run went on."""

    step: int
    name: str
    old: float | bool | None
    new: float | bool | None


def epoch_of(line: bytes) -> dict[str, Any] | None:
    """The record of an epoch, keys `epoch step loss val_loss metrics lr samples_per_s`; None for any other line.

    Numbers that are not finite are written as words. Keys of later versions are left out.
    """
    data = _object(line)
    try:
        metrics = data["metrics"]
        if not isinstance(metrics, dict) or len(metrics) > _MOST_METRICS:
            return None
        return {
            "epoch": _count(data["epoch"], 1),
            "step": _count(data["step"]),
            "loss": _number(data["loss"]),
            "val_loss": _perhaps(data.get("val_loss")),
            "metrics": {_name(name): _perhaps(value) for name, value in metrics.items()},
            "lr": _perhaps(data.get("lr")),
            "samples_per_s": _perhaps(data.get("samples_per_s")),
        }
    except (KeyError, ValueError):
        return None


def change_of(line: bytes) -> HyperChange | None:
    """The change of a setting; None for any other line."""
    data = _object(line)
    try:
        return HyperChange(
            _count(data["step"]), _name(data["name"]), _setting(data.get("old")), _setting(data.get("new"))
        )
    except (KeyError, ValueError):
        return None


def _object(line: bytes) -> Mapping[str, Any]:
    try:
        data = parse(line.decode())
    except (UnicodeDecodeError, JsonError):
        return {}
    return data if isinstance(data, dict) else {}


def _count(value: Any, least: int = 0) -> int:
    if type(value) is not int or not least <= value <= _MOST_COUNT:
        raise ValueError
    return value


def _number(value: Any) -> float:
    if isinstance(value, str) and value in _WORDS:
        return _WORDS[value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise ValueError


def _perhaps(value: Any) -> float | None:
    return None if value is None else _number(value)


def _setting(value: Any) -> float | bool | None:
    return value if isinstance(value, bool) else _perhaps(value)


def _name(value: Any) -> str:
    if not isinstance(value, str) or not value or len(value) > _MOST_NAME or not value.isprintable():
        raise ValueError
    return value
