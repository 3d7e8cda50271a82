"""Where the start values of a document go: a few stand in the graph file, many in a weights file beside it."""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

from rpds import HashTrieMap

from engine import diskfile, tensorfile
from engine.fileread import NOT_IN_NAMES
from engine.fingerprint import fingerprint
from engine.graph import EMPTY, Project
from engine.jsontext import half_character
from engine.problem import FileError
from engine.references import present_names
from engine.tensorfile import Tensor, tensor_of

MAX_NUMBERS = 4096
"""That many numbers at most stand in the graph file itself."""

SUFFIX = ".safetensors"
_LONGEST = 200
"""Bytes of a document's name that the name of its weights file takes over; systems allow 255 in all."""

_HASHED = re.compile(r"(.+)\.[0-9a-f]{8}" + re.escape(SUFFIX), re.DOTALL)


@final
@dataclass(frozen=True, slots=True)
class Placed:
    """A project as it will be saved, and the weights file it needs, if one has to be written."""

    project: Project
    chunks: list[bytes | memoryview] | None = None


def place(project: Project, weights: Mapping[str, Any] | None, path: Path, folder: Path) -> Placed:
    """Decide where the start values go when the project is saved as `path`.

    Args:
        project: with its own start values, and the name of a weights file in `folder` or none.
        weights: new start values by `block.parameter`, buffers too; they take the place of all there are.
        path: of the graph file; a weights file comes beside it.
        folder: where the project's present weights file lies.

    Raises:
        FileError: a value is no array of finite numbers, or the present weights file is needed and cannot be read.
    """
    if weights is not None:
        tensors = {name: tensor_of(name, value) for name, value in weights.items()}
        rest = {name: value for name, value in project.parameters.items() if name not in tensors}
        if sum(tensor.count for tensor in tensors.values()) + number_count(rest.values()) <= MAX_NUMBERS:
            with contextlib.suppress(KeyError):  # BF16: no JSON for those
                values = {name: numbers(tensor) for name, tensor in tensors.items()}
                small = HashTrieMap({**rest, **values})
                return Placed(replace(project, parameters=small, weights="", former=EMPTY))
        return _beside(project, tensors, rest, path)
    many = number_count(project.parameters.values()) > MAX_NUMBERS
    there = bool(project.weights) and (folder / project.weights).is_file()
    if many or (project.former and there):
        with contextlib.suppress(FileError):  # a damaged weights file must not keep the graph from being saved
            tensors = _present(project, folder) if there else {}
            moving, staying = (project.parameters, EMPTY) if many else (EMPTY, project.parameters)
            return _beside(project, tensors, moving, path, staying)
    return _as_it_is(project, path, folder) if there else Placed(project)


def _present(project: Project, folder: Path) -> dict[str, Tensor]:
    """What the present weights file holds, by the names of today. Raises FileError."""
    tensors, _ = tensorfile.read(folder / project.weights)
    return {new: tensors[old] for old, new in present_names(project.former, tensors).items()}


def _beside(
    project: Project,
    tensors: Mapping[str, Tensor],
    values: Mapping[str, Any],
    path: Path,
    staying: Mapping[str, Any] = EMPTY,
) -> Placed:
    """Everything in a new weights file; what is no array stays in the graph file, where `check` tells of it."""
    stored, left = dict(tensors), dict(staying)
    for name, value in values.items():
        try:
            stored[name] = tensor_of(name, value)
        except FileError:
            stored.pop(name, None)
            left[name] = value
    chunks = tensorfile.encode(stored, {"format": "pt", "chainrule.fingerprint": fingerprint(project)})
    name = f"{_stem(path)}.{tensorfile.digest(chunks)}{SUFFIX}"
    return Placed(replace(project, parameters=HashTrieMap(left), weights=name, former=EMPTY), chunks)


def _as_it_is(project: Project, path: Path, folder: Path) -> Placed:
    """The weights file stays, unless it belongs to a document elsewhere or of another name: that one may delete it."""
    match = _HASHED.fullmatch(project.weights)
    is_beside = os.path.realpath(folder) == os.path.realpath(path.parent)
    if is_beside and (match is None or match[1] == _stem(path)):
        return Placed(project)
    content = diskfile.read(folder / project.weights, tensorfile.MAX_BYTES)
    copied = f"{_stem(path)}.{tensorfile.digest([content])}{SUFFIX}"
    return Placed(replace(project, weights=copied), [content])


def own_files(path: Path) -> list[Path]:
    """The weights files that were written for a graph file, and so may be deleted by it."""
    with contextlib.suppress(OSError):
        entries = [(entry, _HASHED.fullmatch(entry.name)) for entry in path.parent.iterdir()]
        return [entry for entry, match in entries if match is not None and match[1] == _stem(path)]
    return []


def _stem(path: Path) -> str:
    """What the names of a document's weights files begin with; no two documents in a folder have the same."""
    name = path.stem if path.suffix == ".chainrule" else path.name
    plain = "".join("_" if char in NOT_IN_NAMES or half_character(char) else char for char in name).lstrip(".")
    short = plain.encode()[:_LONGEST].decode(errors="ignore")
    if short == name:
        return name
    return f"{short}-{hashlib.sha256(name.encode(errors='surrogatepass')).hexdigest()[:8]}"


def number_count(values: Any) -> int:
    """How many numbers stand in nested sequences."""
    total, level = 0, list(values)
    while level:
        inner = [value for value in level if isinstance(value, list | tuple)]
        total += len(level) - len(inner)
        level = [item for value in inner for item in value]
    return total


def numbers(tensor: Tensor) -> Any:
    """A tensor as nested tuples of numbers, those of F32 as short as they can be written.

    Raises:
        KeyError: its numbers are of a kind Python does not know.
    """
    values: list[Any] = [short(value) if tensor.dtype == "F32" else value for value in tensor.flat()]
    if tensor.dtype == "BOOL":
        values = [int(value) for value in values]
    if not tensor.shape:
        return values[0]
    for position in range(len(tensor.shape) - 1, 0, -1):
        size, count = tensor.shape[position], math.prod(tensor.shape[:position])
        values = [tuple(values[row * size : (row + 1) * size]) for row in range(count)]
    return tuple(values)


def short(value: float) -> float:
    """The number with the fewest digits that is the same in single precision: 0.15 for 0.15000000596046448."""
    if math.isfinite(value):
        for digits in range(6, 10):  # nine always do
            near = float(f"{value:.{digits}g}")
            with contextlib.suppress(OverflowError):
                if struct.unpack("<f", struct.pack("<f", near))[0] == value:
                    return near
    return value
