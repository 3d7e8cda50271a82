"""Weights files as torch tensors: written for a network, read back with every doubt told. Never unpickles."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import torch
from torch import Tensor

from engine import diskfile, tensorfile
from engine.build import tensor_specs
from engine.fingerprint import fingerprint
from engine.frozen import FrozenDict
from engine.graph import EMPTY, Project
from engine.references import present_names
from engine.result import Result
from engine.tensorspec import shape_text

_FINGERPRINT = "chainrule.fingerprint"
_DTYPES = {
    "BOOL": torch.bool,
    "U8": torch.uint8,
    "I8": torch.int8,
    "I16": torch.int16,
    "I32": torch.int32,
    "I64": torch.int64,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F32": torch.float32,
    "F64": torch.float64,
}


@final
@dataclass(frozen=True, slots=True, eq=False)
class WeightFile:
    """What a weights file holds.

    Attributes:
        tensors: `block.parameter` -> tensor of its own.
        fingerprint: of the network it was written for, "" when the file does not say.
        strange: names whose numbers are of a kind no parameter has, with that kind.
        nonfinite: names with numbers that are not finite.
    """

    tensors: Mapping[str, Tensor]
    fingerprint: str
    strange: Mapping[str, str]
    nonfinite: tuple[str, ...]

    def fitting(self, result: Result) -> tuple[dict[str, Tensor], list[str]]:
        """The tensors that a network has a place for, and a sentence for each thing that is wrong with the others."""
        specs = tensor_specs(result)
        good: dict[str, Tensor] = {}
        doubts = [f'"{name}" holds numbers of the kind {kind}.' for name, kind in self.strange.items()]
        doubts += [f'"{name}" holds numbers that are not finite.' for name in self.nonfinite]
        for name, tensor in self.tensors.items():
            if name not in specs:
                doubts.append(f'"{name}" is no parameter of this network.')
            elif tuple(tensor.shape) != specs[name].shape:
                sizes = [shape_text(tuple(tensor.shape)), shape_text(specs[name].shape)]
                doubts.append(f'"{name}" is {sizes[0]} there, but {sizes[1]} in this network.')
            elif name not in self.nonfinite:
                good[name] = tensor
        return good, doubts


def write(
    path: Path, weights: Mapping[str, Tensor], project: Project, metadata: Mapping[str, str] | None = None
) -> None:
    """Write a weights file whose metadata say which network it is for, and what else is given of them.

    The file appears wholly or not at all.

    Raises:
        FileError: F05 it cannot be written, F06 a weight is not finite.
    """
    entries = {
        name: tensorfile.tensor_of(name, value.detach().cpu().contiguous().numpy()) for name, value in weights.items()
    }
    diskfile.write(
        path, tensorfile.encode(entries, {"format": "pt", _FINGERPRINT: fingerprint(project), **(metadata or {})})
    )


def read(path: Path, former: FrozenDict = EMPTY) -> WeightFile:
    """Read a weights file of any origin; `former` as in `Project` tells of nodes that were renamed since.

    Raises:
        FileError: F01 it is damaged, F02 it does not exist, F04 it cannot be read.
    """
    stored, metadata = tensorfile.read(path)
    entries = {new: stored[old] for old, new in present_names(former, stored).items()}
    strange = {name: entry.dtype for name, entry in entries.items() if entry.dtype not in _DTYPES}
    tensors = {name: _tensor(entry) for name, entry in entries.items() if name not in strange}
    nonfinite = [
        name for name, value in tensors.items() if value.is_floating_point() and not bool(value.isfinite().all())
    ]
    return WeightFile(tensors, metadata.get(_FINGERPRINT, ""), strange, tuple(nonfinite))


def _tensor(entry: tensorfile.Tensor) -> Tensor:
    dtype: Any = _DTYPES[entry.dtype]
    if not math.prod(entry.shape):
        return torch.empty(entry.shape, dtype=dtype)
    return torch.frombuffer(bytearray(entry.data), dtype=dtype).reshape(entry.shape)
