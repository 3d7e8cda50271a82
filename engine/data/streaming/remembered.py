"""What is found out about data on disk by reading them all, kept in the user's cache until the files change."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from engine import diskfile
from engine.data.streaming.rows import View
from engine.data.streaming.statistics import Floats, Watch, mean_and_deviation
from engine.problem import FileError

_MOST_BYTES = 1 << 24


def folder() -> Path:
    """Where it is kept; anything in it may be deleted at any time."""
    return platformdirs.user_cache_path("chainrule", appauthor=False) / "streaming"


def key_of(*parts: Any) -> str:
    """A name for what these values, plain ones and arrays, decide."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.tobytes() if isinstance(part, np.ndarray) else json.dumps(part).encode())
        digest.update(b"\0")
    return digest.hexdigest()


def keep(name: str, content: bytes) -> None:
    """Write a file into the cache; where that cannot be, what was found is found again the next time."""
    try:
        folder().mkdir(parents=True, exist_ok=True)
        diskfile.write(folder() / name, [content])
    except (OSError, FileError):
        return


def kept(name: str, limit: int = _MOST_BYTES) -> bytes | None:
    """What was kept under that name, or None."""
    try:
        return diskfile.read(folder() / name, limit)
    except FileError:
        return None


def remembered(x: View, watch: Watch | None = None) -> tuple[Floats, Floats]:
    """`mean_and_deviation`, computed once for these samples of these files. Raises as that."""
    name = key_of("mean and deviation", x.rows.identity(), x.picked) + ".json"
    known = _parsed(kept(name), x)
    if known is None:
        known = mean_and_deviation(x, watch)
        mean, deviation = known
        text = {"shape": mean.shape, "mean": mean.ravel().tolist(), "deviation": deviation.ravel().tolist()}
        keep(name, json.dumps(text).encode())
    return known


def _parsed(content: bytes | None, x: View) -> tuple[Floats, Floats] | None:
    """The numbers that were kept; None where they are none."""
    if content is None:
        return None
    try:
        text = json.loads(content)
        shape = tuple(int(size) for size in text["shape"])
        mean, deviation = (np.array(text[part], dtype=np.float64).reshape(shape) for part in ("mean", "deviation"))
    except (ValueError, KeyError, TypeError):
        return None
    fits = shape == (x.shape[1], *(1 for _ in x.shape[2:]))
    return (mean, deviation) if fits and np.isfinite([mean, deviation]).all() else None
