"""A checkpoint that several processes write together: a directory with a safetensors file of each, and an index.

The index, JSON, says which part of which tensor lies where, and holds all that is no tensor. It is written last: with
it, the directory is a checkpoint. Nothing is unpickled.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from engine import diskfile
from engine.checkpoints import SHARD_INDEX
from engine.problem import FileError
from engine.runplace import WEIGHTS
from engine.training.stateparts import put_together

VERSION = 1
_FILE = re.compile(r"\d{1,9}\.safetensors")
_DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        torch.float64,
        torch.float32,
        torch.float16,
        torch.bfloat16,
        torch.int64,
        torch.int32,
        torch.uint8,
        torch.bool,
    )
}
DAMAGES = (SafetensorError, OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError, RecursionError)
"""What reading a damaged checkpoint raises (JSON's errors are values, a file too deep a recursion)."""


@final
@dataclass(frozen=True, slots=True)
class Chunk:
    """A block of a tensor: where it begins and how large it is, dimension by dimension, and the file it lies in."""

    offsets: tuple[int, ...]
    sizes: tuple[int, ...]
    file: str


@final
@dataclass(frozen=True, slots=True)
class Stored:
    """A tensor as the index describes it; its chunks fill it once, without gaps."""

    shape: tuple[int, ...]
    dtype: torch.dtype
    chunks: tuple[Chunk, ...]


@final
@dataclass(frozen=True, slots=True)
class Index:
    """What stands in the index: the state without its tensors, and these by name."""

    plain: Mapping[str, Any]
    tensors: Mapping[str, Stored]


def key_of(name: str, offsets: Sequence[int]) -> str:
    """What a chunk is called in its file."""
    return f"{name}@{','.join(map(str, offsets))}"


def write_index(path: Path, index: Index, about: Mapping[str, Any]) -> None:
    """Make a directory, in which all chunks lie, a checkpoint. Raises FileError F05."""
    tensors = {
        name: {
            "shape": stored.shape,
            "dtype": str(stored.dtype).removeprefix("torch."),
            "chunks": [[chunk.offsets, chunk.sizes, chunk.file] for chunk in stored.chunks],
        }
        for name, stored in index.tensors.items()
    }
    content = {"version": VERSION, "about": about, "state": index.plain, "tensors": tensors}
    diskfile.write(path / SHARD_INDEX, [json.dumps(content).encode()])


def read_index(path: Path) -> Index:
    """The index of a checkpoint.

    Raises:
        FileError: F03, a newer version wrote it.
        Exception: one of `DAMAGES`.
    """
    content = json.loads((path / SHARD_INDEX).read_bytes())
    if int(content["version"]) > VERSION:
        raise FileError(f'"{path}" was written by a newer version.', code="F03", hint="Update Chainrule.")
    return Index(content["state"], {name: _stored(entry) for name, entry in content["tensors"].items()})


def _stored(entry: Mapping[str, Any]) -> Stored:
    shape = _sizes(entry["shape"])
    chunks = tuple(Chunk(_sizes(offsets), _sizes(sizes), file) for offsets, sizes, file in entry["chunks"])
    for chunk in chunks:
        if not _FILE.fullmatch(chunk.file):
            raise ValueError(f"{chunk.file!r} is no name of its files")
        ends = [offset + size for offset, size in zip(chunk.offsets, chunk.sizes, strict=True)]
        if any(end > most for end, most in zip(ends, shape, strict=True)):
            raise ValueError("a part lies beyond the end of its tensor")
    if sum(math.prod(chunk.sizes) for chunk in chunks) != math.prod(shape):
        raise ValueError("the parts of a tensor are not the whole")
    return Stored(shape, _DTYPES[entry["dtype"]], chunks)


def _sizes(numbers: Sequence[Any]) -> tuple[int, ...]:
    sizes = tuple(map(int, numbers))
    if any(size < 0 for size in sizes):
        raise ValueError("a size is negative")
    return sizes


def read_chunks(path: Path, wanted: Mapping[str, Sequence[tuple[str, Chunk]]]) -> Iterator[tuple[str, Chunk, Tensor]]:
    """Chunks of tensors, on the CPU, file by file.

    Args:
        path: of the checkpoint.
        wanted: name of a file -> (name of a tensor, chunk) to read from it.

    Raises:
        Exception: one of `DAMAGES`.
    """
    for file, pairs in wanted.items():
        with safe_open(path / file, framework="pt", device="cpu") as opened:
            for name, chunk in pairs:
                tensor = opened.get_tensor(key_of(name, chunk.offsets))
                if tuple(tensor.shape) != chunk.sizes:
                    raise ValueError(f"a part of {name!r} has another size than the index says")
                yield name, chunk, tensor


def load_state(path: Path) -> dict[str, Any]:
    """The whole state, put together from its parts.

    Raises:
        FileError: F01 it is damaged, F03 a newer version wrote it.
    """
    try:
        index = read_index(path)
        tensors = {name: torch.empty(stored.shape, dtype=stored.dtype) for name, stored in index.tensors.items()}
        wanted: dict[str, list[tuple[str, Chunk]]] = {}
        for name, stored in index.tensors.items():
            for chunk in stored.chunks:
                if math.prod(chunk.sizes):
                    wanted.setdefault(chunk.file, []).append((name, chunk))
        for name, chunk, tensor in read_chunks(path, wanted):
            place = tuple(slice(start, start + size) for start, size in zip(chunk.offsets, chunk.sizes, strict=True))
            tensors[name][place] = tensor
        return put_together(index.plain, tensors)
    except DAMAGES as error:
        raise damaged(path, error) from None


def damaged(path: Path, error: BaseException) -> FileError:
    """What one of `DAMAGES` means."""
    return FileError(
        f'The checkpoint "{path}" is damaged ({error}).',
        code="F01",
        hint=f"Start another run; the weights as they were then are in {WEIGHTS}, beside it.",
    )
