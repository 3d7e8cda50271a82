"""From a project to everything a training needs: plan, data, device, start values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_safetensors
from torch import Tensor

from engine.build import tensor_specs
from engine.data.dataset import DataSet
from engine.data.filefacts import waiting_lookup
from engine.data.load import load_data
from engine.datafiles import is_file_based, stamps
from engine.dataspec import Split
from engine.graph import Project
from engine.plan import check
from engine.problem import ChainruleError, DataError, FileError, GraphError, Problem
from engine.result import Result, Source

Weights = Mapping[str, NDArray[Any]]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A project ready to be trained.

    Attributes:
        project, folder: what was loaded, and what relative paths start from.
        result: without errors.
        data: path of each Input -> its data set.
        stamps: path of each Input -> what its files looked like when they were read.
        device, dtype: where and how it computes.
        start: explicit start values that fit, `block.parameter` -> numbers.
        remarks: sentences worth saying.
    """

    project: Project
    folder: Path | None
    result: Result
    data: Mapping[str, DataSet]
    stamps: Mapping[str, Any]
    device: torch.device
    dtype: torch.dtype
    start: Mapping[str, Any]
    remarks: tuple[str, ...] = field(default=())

    def part(self, split: Split) -> dict[str, Tensor]:
        """Field -> tensor of one split, keyed `input.field`, on the device; {} where an Input has no samples in it."""
        if not self.data or any(not data.count(split) for data in self.data.values()):
            return {}
        return {
            f"{path}.{name}": tensor.to(self.device)
            for path, data in self.data.items()
            for name, tensor in data.part(split).items()
        }

    def targets(self) -> dict[Source, Tensor]:
        """The training samples of every field."""
        return {(path, name): tensor for path, data in self.data.items() for name, tensor in data.train.items()}


def load(project: Project, folder: Path | None = None, before: Loaded | None = None) -> Loaded:
    """Check the project and load its data; waits for files.

    Args:
        project: any project.
        folder: of the graph file, which paths are relative to.
        before: data that are still the same are taken over from it.

    Raises:
        GraphError, DataError, FileError: what the first error of the project is, or why data or weights cannot be read.
    """
    result = check(project, waiting_lookup(folder))
    if result.errors:
        raise error_of(result.errors[0])
    dtype = torch.float64 if result.settings["dtype"] == "float64" else torch.float32
    device, remarks = choose_device(result.settings["device"], dtype)
    data: dict[str, DataSet] = {}
    seen: dict[str, Any] = {}
    for path in result.inputs:
        params = result.nodes[path].params
        seen[path] = (dict(params), dtype, stamps(params, folder) if is_file_based(params["dataset"]) else None)
        if before is not None and before.stamps.get(path) == seen[path]:
            data[path] = before.data[path]
        else:
            data[path] = load_data(params, folder, dtype)
    _check_counts(data)
    start, lost = _start_values(project, folder, result)
    if lost:
        remarks.append(f"Weights of the file that fit no block any more are left out: {_some(lost)}.")
    return Loaded(project, folder, result, data, seen, device, dtype, start, tuple(remarks))


def error_of(problem: Problem) -> ChainruleError:
    """The problem of a check as an exception."""
    kind = {"D": DataError, "F": FileError}.get(problem.code[:1], GraphError)
    where = f'"{problem.node}": ' if problem.node and f'"{problem.node}"' not in problem.message else ""
    return kind(f"{where}{problem.message}", code=problem.code, hint=problem.hint)


def choose_device(name: str, dtype: torch.dtype) -> tuple[torch.device, list[str]]:
    """The device of that name, `auto` being the fastest there is; a remark when it is not there."""
    there = {"cpu": True, "cuda": torch.cuda.is_available()}
    there["mps"] = torch.backends.mps.is_available() and dtype == torch.float32
    if name == "auto":
        return torch.device(next((kind for kind in ("cuda", "mps") if there[kind]), "cpu")), []
    if there.get(name):
        return torch.device(name), []
    return torch.device("cpu"), [f'The device "{name}" is not available here; the CPU is used.']


def _check_counts(data: Mapping[str, DataSet]) -> None:
    counts = {path: loaded.count("train") for path, loaded in data.items()}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f'"{path}" has {count:,}' for path, count in counts.items())
        raise DataError(
            f"The Inputs differ in their number of training samples: {listed}.",
            code="D06",
            hint="Samples of several Inputs belong together row by row: give all the same number.",
        )


def _start_values(project: Project, folder: Path | None, result: Result) -> tuple[dict[str, Any], list[str]]:
    """Those of the file and those of the weights file beside it that still fit, and the names of those that do not."""
    values: dict[str, Any] = {}
    lost: list[str] = []
    if project.weights:
        specs = tensor_specs(result)
        for name, array in read_weights((folder or Path()) / project.weights).items():
            if name in specs and tuple(array.shape) == specs[name].shape:
                values[name] = array
            else:
                lost.append(name)
    return {**values, **project.parameters}, lost


def read_weights(path: Path) -> dict[str, NDArray[Any]]:
    """All tensors of a safetensors file.

    Raises:
        FileError: F02 it is missing, F01 it is damaged or holds other than real numbers.
    """
    try:
        arrays: dict[str, NDArray[Any]] = load_safetensors(path.read_bytes())
    except FileNotFoundError:
        raise FileError(f'The weights file "{path}" is missing.', code="F02", hint="Put it back beside it.") from None
    except OSError as error:
        raise FileError(f'"{path}" cannot be read: {error.strerror or error}.', code="F02") from None
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise FileError(f'The weights file "{path}" is damaged ({error}).', code="F01") from None
    for name, array in arrays.items():
        if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
            raise FileError(f'The weights file "{path}" holds numbers that are not finite in "{name}".', code="F01")
    return arrays


def _some(names: Iterable[str], most: int = 6) -> str:
    listed = list(names)
    return ", ".join(listed[:most]) + (f" … ({len(listed)})" if len(listed) > most else "")
