"""Checkpoints of a run: how often they are written, how many are kept, and what one tells without being loaded."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, final

from rpds import HashTrieMap

from engine import diskfile, files, settings
from engine.frozen import thaw
from engine.graph import EMPTY, Layout, Project
from engine.settings import LIVE
from engine.wording import byte_text, plural

BEST = "best.safetensors"
"""Weights of the best epoch so far."""
ABOUT = "chainrule.run"
"""Metadata of a checkpoint: its `Standing`."""
ABOUT_BEST = "chainrule.best"
"""Metadata of the best weights: their `BestEpoch`."""
KEPT = 2
"""Checkpoints that are kept unless told otherwise."""

_NAME = re.compile(r"checkpoint(?:-(\d{1,18}))?\.(?:safetensors|shards)")
"""The one without a number is of an earlier version, which kept a single one. `shards`: a directory, of which each of
several processes wrote a part."""
SHARDS = ".shards"
SHARD_INDEX = "index.json"
"""In such a directory; with it, that is a checkpoint."""
_LEFT = re.compile(r"\.[\w.-]{1,40}\.[0-9a-f]{12}\.tmp")
"""What `diskfile.write` leaves when the process is killed meanwhile."""
_UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0}
_EVERY = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|h|epochs?|steps?)")
_MOST_HEADER = 64 * diskfile.MIB


@final
@dataclass(frozen=True, slots=True)
class Every:
    """Between two checkpoints lie this many seconds, epochs or steps; one of them is given."""

    seconds: float | None = None
    epochs: int | None = None
    steps: int | None = None

    @classmethod
    def of(cls, text: str) -> Every:
        """From `30s`, `5min`, `1h`, `10epochs` or `500steps`. Raises ValueError, a sentence."""
        found = _EVERY.fullmatch(text.strip())
        number = float(found[1]) if found else 0.0
        if found is None or not number or (found[2] not in _UNITS and not number.is_integer()):
            raise ValueError(f"30s, 5min, 1h, 10epochs or 500steps are expected, for example, not {text!r}")
        if found[2] in _UNITS:
            return cls(seconds=number * _UNITS[found[2]])
        return cls(epochs=int(number)) if found[2].startswith("epoch") else cls(steps=int(number))


@final
@dataclass(frozen=True, slots=True)
class CheckpointPlan:
    """When checkpoints are written, besides at each stop, and how many stay.

    Attributes:
        every: None: as often as costs a small part of the time, at most once a second.
        keep: so many of the newest, one at least; the weights of the best epoch are kept beside them.
    """

    every: Every | None = None
    keep: int = KEPT


@final
@dataclass(frozen=True, slots=True)
class Standing:
    """What a checkpoint tells of its run.

    Attributes:
        step: updates made.
        epochs: epochs completed.
        planned: epochs in all.
        over: whether nothing was left to do.
        trains: `trains` of the project.
    """

    step: int
    epochs: int
    planned: int
    over: bool
    trains: str


@final
@dataclass(frozen=True, slots=True)
class BestEpoch:
    """Which epoch was the best so far: the value that is watched, of that name, after so many updates."""

    monitor: str
    value: float
    epoch: int
    step: int


FREE: Final = frozenset({*LIVE, "epochs", "device", "micro_batch", "threads"})
"""Training settings with which it may go on otherwise than it began."""


def trains(project: Project) -> str:
    """Sixteen digits for what a checkpoint is of: two projects with the same can go on from each other's checkpoints.

    Looks, start values, what may be changed while a training runs, and how long, where and in how small
    parts it runs do not matter.
    """
    values, _ = settings.parse(project.training)
    training = {name: value for name, value in values.items() if name not in FREE}
    training |= {name: thaw(project.training[name]) for name in ("objective", "phases") if name in project.training}
    groups = {name: replace(group, layout=Layout()) for name, group in project.groups.items()}
    plain = replace(
        project,
        name="",
        notes="",
        layout=Layout(),
        training=EMPTY,
        groups=HashTrieMap(groups),
        parameters=HashTrieMap(),
        weights="",
    )
    text = files.dumps(plain) + json.dumps(training, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


# -- files --


def checkpoints_in(run: Path) -> list[Path]:
    """The checkpoints of a run directory, the newest first."""
    found = []
    with contextlib.suppress(OSError):
        for path in run.iterdir():
            match = _NAME.fullmatch(path.name)
            if match is not None and (path.suffix != SHARDS or (path / SHARD_INDEX).is_file()):
                found.append((int(match[1] or 0), path))
    return [path for _, path in sorted(found, reverse=True)]


def next_checkpoint(run: Path, suffix: str = ".safetensors") -> Path:
    """Where the next one goes: checkpoints are numbered in the order in which they are written."""
    newest = next(iter(checkpoints_in(run)), None)
    match = None if newest is None else _NAME.fullmatch(newest.name)
    return run / f"checkpoint-{int(match[1] or 0) + 1 if match else 1:06}{suffix}"


def prune(run: Path, keep: int) -> None:
    """Delete all checkpoints but the newest, and those that are of a future the run went back from."""
    found = checkpoints_in(run)
    now = standing(found[0]) if found else None
    for place, path in enumerate(found[1:], 1):
        old = None if place >= keep else standing(path)
        if old is None or (now is not None and (old.step > now.step or old.trains != now.trains)):
            _delete(path)


def _delete(path: Path) -> None:
    with contextlib.suppress(OSError):
        if path.suffix == SHARDS:
            (path / SHARD_INDEX).unlink(missing_ok=True)  # first: what is left of it is no checkpoint
            shutil.rmtree(path)
        else:
            path.unlink()


def tidy(run: Path) -> None:
    """Delete what a process left that was killed while it wrote into a run directory."""
    with contextlib.suppress(OSError):
        for path in run.iterdir():
            if _LEFT.fullmatch(path.name) and path.is_file() and not path.is_symlink():
                path.unlink(missing_ok=True)
            if path.suffix == SHARDS and _NAME.fullmatch(path.name) and not (path / SHARD_INDEX).exists():
                _delete(path)


def disk_use(folder: Path) -> tuple[int, int]:
    """Bytes and files in a directory, links not followed, with what lies in directories in it."""
    size = count = 0
    with contextlib.suppress(OSError):
        for path in folder.rglob("*"):
            with contextlib.suppress(OSError):
                if path.is_file() and not path.is_symlink():
                    size, count = size + path.lstat().st_size, count + 1
    return size, count


def use_text(folder: Path) -> str:
    """`38.2 KiB in 5 files`."""
    size, count = disk_use(folder)
    return f"{byte_text(size)} in {plural(count, 'file')}"


# -- what they tell --


def standing(path: Path) -> Standing | None:
    """What a checkpoint tells of its run; None where it tells nothing or cannot be read."""
    about = _about(path, ABOUT)
    try:
        numbers = (int(about["step"]), int(about["epochs"]), int(about["planned"]))
        return Standing(*numbers, over=bool(about["over"]), trains=str(about["trains"]))
    except (KeyError, TypeError, ValueError):
        return None


def best_epoch(run: Path) -> BestEpoch | None:
    """Of which epoch the best weights in a run directory are; None where there are none."""
    about = _about(run / BEST, ABOUT_BEST)
    try:
        value = float(about["value"])
        return BestEpoch(str(about["monitor"]), value, int(about["epoch"]), int(about["step"]))
    except (KeyError, TypeError, ValueError):
        return None


def _about(path: Path, key: str) -> Mapping[str, Any]:
    """A JSON object in the metadata of a safetensors file; {} where there is none."""
    try:
        if path.suffix == SHARDS:
            with diskfile.open_regular(path / SHARD_INDEX, _MOST_HEADER) as file:
                about = json.loads(file.read())["about"]
            return about if isinstance(about, dict) else {}
        with diskfile.open_regular(path, 1 << 62) as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > _MOST_HEADER:
                return {}
            about = json.loads(json.loads(file.read(length))["__metadata__"][key])
    except (OSError, diskfile.NotReadableError, struct.error, ValueError, KeyError, TypeError, RecursionError):
        return {}
    return about if isinstance(about, dict) else {}
