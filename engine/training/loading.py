"""From a project to everything a training needs: plan, data, device, start values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

import torch
from torch import Tensor

from engine import weightfile
from engine.data.dataset import DataSet
from engine.data.filefacts import waiting_lookup
from engine.data.layout import channels_last
from engine.data.load import load_data
from engine.data.sketch import sketch
from engine.data.streaming.column import Column
from engine.data.streaming.statistics import Watch
from engine.datafiles import is_file_based, stamps
from engine.dataspec import Split
from engine.graph import Project
from engine.plan import check
from engine.problem import ChainruleError, DataError, FileError, GraphError, Problem
from engine.result import Result, Source
from engine.training.devices import choose

_LOOKED_AT = 1 << 20
"""Numbers of targets on disk that are looked at to tell what they mean."""
_SKETCHED = 1 << 16
"""Numbers of a field that are looked at to know it again: this costs a tenth of a millisecond or so."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A project ready to be trained.

    Attributes:
        project, folder: what was loaded, and what relative paths start from.
        result: without errors.
        data: path of each Input that the training needs -> its data set.
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
    remarks: tuple[str, ...] = ()
    _parts: dict[str, dict[str, Tensor]] = field(default_factory=dict, repr=False)
    _sketches: dict[str, list[Any]] = field(default_factory=dict, repr=False)

    def part(self, split: Split) -> dict[str, Tensor]:
        """Field -> samples of one split, keyed `input.field`, on the device; {} where an Input has no samples in it.

        What is streamed is a `Column`: batches of it come to the device when they are sliced.
        """
        if not self.data or any(not data.count(split) for data in self.data.values()):
            return {}
        if split not in self._parts:
            self._parts[split] = {
                f"{path}.{name}": samples.to(self.device)
                if isinstance(samples, Column)
                else channels_last(samples.to(self.device))
                for path, data in self.data.items()
                for name, samples in data.part(split).items()
            }
        return dict(self._parts[split])

    def sketches(self) -> dict[str, list[Any]]:
        """What a training notes of its data, to tell others from them: a sketch of each field that is trained with.

        Raises:
            DataError: what is on disk cannot be read.
        """
        if not self._sketches:
            fields = ((f"{path}.{name}", part) for path, data in self.data.items() for name, part in data.train.items())
            self._sketches.update({name: sketch(part, _SKETCHED) for name, part in fields})
        return dict(self._sketches)

    def targets(self) -> dict[Source, Tensor]:
        """The training samples of every field; of one on disk that a block is compared with, the first ones."""
        compared = {plan.sources.get("target") for plan in self.result.nodes.values()}
        found = {(path, name): samples for path, data in self.data.items() for name, samples in data.train.items()}
        for source, samples in list(found.items()):
            if isinstance(samples, Column):
                del found[source]
                if source in compared:
                    found[source] = samples[: max(1, _LOOKED_AT // max(1, samples.shape[1:].numel()))]
        return found


def load(
    project: Project, folder: Path | None = None, before: Loaded | None = None, watch: Watch | None = None
) -> Loaded:
    """Check the project and load its data; waits for files.

    Args:
        project: any project.
        folder: of the graph file, which paths are relative to.
        before: data that are still the same are taken over from it.
        watch: is told how far a pass over all samples is; may raise to end it.

    Raises:
        GraphError, DataError, FileError: what the first error of the project is, or why data or weights cannot be read.
    """
    result = check(project, waiting_lookup(folder))
    if result.errors:
        raise error_of(result.errors[0])
    dtype = torch.float64 if result.settings["dtype"] == "float64" else torch.float32
    device, remarks = choose(result.settings["device"], dtype)
    data: dict[str, DataSet] = {}
    seen: dict[str, Any] = {}
    for path in [path for path in result.inputs if path in result.live] or result.inputs:
        params = result.nodes[path].params
        seen[path] = (dict(params), dtype, stamps(params, folder) if is_file_based(params["dataset"]) else None)
        if before is not None and before.stamps.get(path) == seen[path]:
            data[path] = before.data[path]
        else:
            data[path] = load_data(params, folder, dtype, watch)
    start, doubts = _start_values(project, folder, result)
    if doubts:
        remarks.append(f"Some weights of the file are left out, and drawn: {_some(doubts)}")
    return Loaded(project, folder, result, data, seen, device, dtype, start, tuple(remarks))


def error_of(problem: Problem) -> ChainruleError:
    """The problem of a check as an exception."""
    kind = {"D": DataError, "F": FileError}.get(problem.code[:1], GraphError)
    return kind(problem.placed, code=problem.code, hint=problem.hint)


def _start_values(project: Project, folder: Path | None, result: Result) -> tuple[dict[str, Any], list[str]]:
    """Those of the file and those of the weights file beside it that fit, and a sentence for each that does not."""
    if not project.weights:
        return dict(project.parameters), []
    fitting, doubts = weightfile.read((folder or Path()) / project.weights, project.former).fitting(result)
    return {**fitting, **project.parameters}, doubts


def _some(sentences: list[str], most: int = 3) -> str:
    return " ".join(sentences[:most]) + (f" … ({len(sentences)} in all)" if len(sentences) > most else "")
