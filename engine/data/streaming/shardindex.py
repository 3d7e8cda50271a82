"""What lies where in a shard: samples of an archive in the WebDataset convention, found by one pass over its headers.

Members that share the name up to its first dot are a sample: `0001.png`, `0001.cls`. The input is an image or an array
(`.npy`), the target `.cls` (a class, by number or name), `.json` (a number, a name, a list of numbers, or an object
with one of them) or, beside an image, an array `.y.npy`. Nothing is ever unpickled.

Source: https://github.com/webdataset/webdataset, "The WebDataset Format"
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, final

import numpy as np
from numpy.typing import NDArray

from engine.data.npyfile import parse_array
from engine.data.pictures import SUFFIXES
from engine.data.streaming.remembered import keep, kept, key_of
from engine.data.streaming.tarfiles import Member, members
from engine.problem import DataError

MOST_MEMBER = 1 << 28
_MOST_TARGET = 1 << 20
_MOST_INDEX = 1 << 31
_MOST_NAME = 200
_PICTURES = frozenset(suffix[1:] for suffix in SUFFIXES)
_ARRAYS = ("npy", "x.npy")
_TARGETS = ("cls", "json", "y.npy")
_NEVER = frozenset(("pyd", "pickle", "pkl", "pth", "pt", "pyc", "joblib", "dill"))
_KEYS = ("cls", "class", "label", "target", "y")
_VERSION = 1


@final
@dataclass(frozen=True, slots=True, eq=False)
class Shard:
    """One archive and its samples.

    Attributes:
        path: of the archive.
        stamp: (size, time of change in ns) when it was looked through.
        at, size: bytes of the input of each sample, int64 (n,).
        arrays: whether the inputs are arrays; else images.
        targets: int64 (n,) or float64 (n, ...), or names (n,); None where there are none.
    """

    path: Path
    stamp: tuple[int, int]
    at: NDArray[np.int64]
    size: NDArray[np.int64]
    arrays: bool
    targets: NDArray[Any] | None


def look_through(path: Path) -> Shard:
    """The samples of an archive, from the cache if it has not changed since.

    Raises:
        DataError: it is damaged, or its members are no samples.
    """
    try:
        status = path.stat()
        stamp = (status.st_size, status.st_mtime_ns)
    except OSError:
        stamp = (0, 0)  # opening tells what is wrong
    name = key_of("shard", _VERSION, str(path.absolute()), stamp) + ".npz"
    known = _parsed(path, stamp, kept(name, _MOST_INDEX))
    if known is not None:
        return known
    shard = _scan(path, stamp)
    keep(name, _as_bytes(shard))
    return shard


def _as_bytes(shard: Shard) -> bytes:
    file = io.BytesIO()
    targets = np.empty(0) if shard.targets is None else shard.targets
    np.savez(file, at=shard.at, size=shard.size, arrays=np.array(shard.arrays), targets=targets)
    return file.getvalue()


def _parsed(path: Path, stamp: tuple[int, int], content: bytes | None) -> Shard | None:
    """What was kept of a shard; None where that is no such thing."""
    if content is None:
        return None
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            at, size, arrays = file["at"], file["size"], bool(file["arrays"])
            stored = file["targets"]
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile):
        return None
    whole = at.dtype == size.dtype == np.int64 and at.shape == size.shape and len(at) and at.ndim == 1
    inside = whole and at.min() >= 0 and size.min() >= 0 and int((at + size).max()) <= stamp[0]
    if not inside or len(stored) not in (0, len(at)):
        return None
    return Shard(path, stamp, at, size, arrays, stored if len(stored) else None)


@final
@dataclass(slots=True)
class _Sample:
    key: str
    x: Member | None = None
    arrays: bool = False
    target: Any = None
    by: str = ""
    """Suffix of the target."""


def _scan(path: Path, stamp: tuple[int, int]) -> Shard:
    samples = list(_samples(path))
    if not samples:
        raise DataError(
            f'"{path.name}" holds no samples.', code="D02", hint="Members like 0001.png and 0001.cls belong in it."
        )
    first = samples[0]
    for sample in samples:
        if sample.x is None:
            raise DataError(
                f'"{path.name}": the sample "{sample.key}" has no input.',
                code="D06",
                hint="An image or an array (.npy) is expected.",
            )
        if (sample.arrays, sample.by) != (first.arrays, first.by):
            raise DataError(
                f'"{path.name}": "{sample.key}" has other members than "{first.key}" '
                f"({_kind(sample)}; {_kind(first)}).",
                code="D06",
                hint="All samples need an input and a target of the same kind.",
            )
    at = np.array([sample.x.at for sample in samples if sample.x], dtype=np.int64)
    size = np.array([sample.x.size for sample in samples if sample.x], dtype=np.int64)
    targets = _stacked(path, samples) if first.by else None
    return Shard(path, stamp, at, size, first.arrays, targets)


def _kind(sample: _Sample) -> str:
    return f"{'array' if sample.arrays else 'image'} with {'.' + sample.by if sample.by else 'no target'}"


def _samples(path: Path) -> Iterator[_Sample]:
    """Members by their key; those of one key follow each other."""
    current: _Sample | None = None
    seen: set[str] = set()
    for file, member in members(path):
        folder, _, name = member.name.rpartition("/")
        stem, _, suffix = name.partition(".")
        if not stem or not suffix:
            continue  # hidden files, and those without a kind
        suffix = suffix.lower()
        if suffix.rpartition(".")[2] in _NEVER:
            raise DataError(
                f'"{path.name}": "{member.name}" (at byte {member.at:,}) would have to be unpickled, '
                "which is never done.",
                code="D02",
                hint="Store numbers as .npy, .json or .cls.",
            )
        key = f"{folder}/{stem}" if folder else stem
        if current is None or current.key != key:
            if current is not None:
                yield current
            if key in seen:
                raise _in(path, member, "its sample began before, with other samples between")
            seen.add(key)
            current = _Sample(key)
        _take(path, file, member, suffix, current)
    if current is not None:
        yield current


def _take(path: Path, file: BinaryIO, member: Member, suffix: str, sample: _Sample) -> None:
    """Let a member be what its suffix says; unknown ones are passed over."""
    if suffix in _PICTURES or suffix in _ARRAYS:
        if sample.x is not None:
            raise _in(path, member, "its sample has two inputs")
        if member.size > MOST_MEMBER:
            raise _in(path, member, f"it has {member.size:,} bytes; at most {MOST_MEMBER:,} are read")
        sample.x, sample.arrays = member, suffix in _ARRAYS
    elif suffix in _TARGETS:
        if sample.by:
            raise _in(path, member, "its sample has two targets")
        if member.size > _MOST_TARGET:
            raise _in(path, member, f"it has {member.size:,} bytes; at most {_MOST_TARGET:,} are read")
        file.seek(member.at)
        sample.target, sample.by = _target(path, member, suffix, file.read(member.size)), suffix


def _in(path: Path, member: Member, what: str) -> DataError:
    return DataError(f'"{path.name}": "{member.name}" (at byte {member.at:,}) cannot be used: {what}.', code="D02")


def _target(path: Path, member: Member, suffix: str, content: bytes) -> Any:
    """A number, a name, or an array of numbers."""
    if suffix == "y.npy":
        return parse_array(path, f'"{member.name}"', content)
    try:
        text = content.decode("utf-8").strip()
        if suffix == "cls":
            return int(text) if text.isdecimal() and len(text) < 16 else _name(text)
        value = json.loads(text, parse_constant=_never_finite)
    except (ValueError, RecursionError) as error:
        raise _in(path, member, f"it cannot be read ({error})") from None
    if isinstance(value, dict):
        value = next((value[key] for key in _KEYS if key in value), None)
    try:
        if isinstance(value, str):
            return _name(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value if isinstance(value, int) and abs(value) < 1 << 53 else float(value)
        if isinstance(value, list):
            return np.array(value, dtype=np.float64)
    except (ValueError, TypeError, OverflowError):
        pass  # as what is of another kind: told with what is expected
    raise _in(path, member, f"a number, a name or a list of numbers is expected (under one of {', '.join(_KEYS)})")


def _never_finite(text: str) -> float:
    raise ValueError(f"{text} is not finite")


def _name(text: str) -> str:
    if not text or len(text) > _MOST_NAME or not text.isprintable():
        raise ValueError("the name of a class is empty, too long, or has signs that cannot be shown")
    return text


def _stacked(path: Path, samples: list[_Sample]) -> NDArray[Any]:
    """The targets of all samples as one array."""
    targets = [sample.target for sample in samples]
    if any(isinstance(target, str) for target in targets):
        return np.array([str(target) for target in targets])
    if all(isinstance(target, int) for target in targets):
        return np.array(targets, dtype=np.int64)
    arrays = [np.asarray(target, dtype=np.float64) for target in targets]
    odd = next((place for place, array in enumerate(arrays) if array.shape != arrays[0].shape), None)
    if odd is not None:
        raise DataError(
            f'"{path.name}": the target of "{samples[odd].key}" has shape {arrays[odd].shape}, '
            f"others {arrays[0].shape}.",
            code="D06",
        )
    return np.stack(arrays)
