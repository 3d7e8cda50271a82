"""A loaded data set: tensors as the network gets them, and the way back to the numbers a person knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.data.source import Arrays, class_indices
from engine.data.streaming.column import Column
from engine.data.streaming.rows import View
from engine.data.streaming.sharing import own
from engine.dataspec import SPLITS, DataFacts, Field, Split
from engine.expression import Expression

Floats = NDArray[np.float64]
Inputs = NDArray[Any] | View
"""Raw inputs (n, ...), in memory or on disk."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Scaling:
    """Standardisation of `x`, measured on the training part: (x - mean) / std.

    Attributes:
        mean, std: float64, shaped so that they broadcast against one sample: (features,) or (channels, 1, ...).
        names: of the features or channels.
    """

    mean: Floats
    std: Floats
    names: tuple[str, ...]

    def rows(self) -> tuple[tuple[str, float, float], ...]:
        """(feature, mean, std) of each."""
        return tuple(zip(self.names, self.mean.ravel().tolist(), self.std.ravel().tolist(), strict=True))


@final
@dataclass(frozen=True, slots=True, eq=False)
class Pipeline:
    """From raw inputs to the network's `x`; the same for training data, predictions and decision surfaces.

    Attributes:
        divisor: raw numbers are divided by it first (255 for bytes of pixels).
        scaling: standardisation, or None.
        dtype: of the tensors.
    """

    divisor: float
    scaling: Scaling | None
    dtype: torch.dtype

    def __call__(self, raw: NDArray[Any]) -> Tensor:
        """Raw inputs (n, ...) as a new tensor of the same shape.

        Bytes are computed with in the tensor's dtype, everything else in float64 first. Pictures whose pixels lie with
        their channels beside each other stay so.
        """
        last = raw.ndim == 4 and np.moveaxis(raw, 1, 3).flags.c_contiguous
        x = torch.from_numpy(raw if last and raw.flags.writeable else np.ascontiguousarray(raw)).to(
            self.dtype if raw.dtype == np.uint8 else torch.float64
        )
        if x.data_ptr() == raw.__array_interface__["data"][0]:
            x = x.clone()
        if self.divisor != 1.0:
            x.div_(self.divisor)
        if self.scaling is not None:
            x.sub_(torch.from_numpy(self.scaling.mean).to(x.dtype))
            x.div_(torch.from_numpy(self.scaling.std).to(x.dtype))
        return x.to(self.dtype)


@final
@dataclass(frozen=True, slots=True, eq=False)
class DataSet:
    """One Input's data: in memory, or, where these are streamed, with the inputs on disk.

    Attributes:
        params: the Input's parsed parameters.
        facts: what `plan.check` was told; fields and counts are exactly those of the tensors.
        train, val, test: field name -> tensor (n, ...): `x` in the training's dtype, a `Column` where it is streamed;
            `y` int64 (n,) class indices, or the dtype (n, ...). The parts keep the order of the data; val and test may
            have 0 samples.
        raw: split -> field name -> the samples as they were read: before division by 255, standardisation, one-hot;
            without `x` where that is streamed.
        inputs: split -> raw `x` wherever it is; slices and arrays of indices give arrays.
        pipeline: makes `x` of raw inputs.
        points: split -> float64 (n, 1) or (n, 2): the coordinates of data with one or two inputs; None for others.
        point_names: names of the coordinates, or ().
        formulas: (text, tree) of each input where inputs are computed from the coordinates, else ().
        label: what it is, in words.
    """

    params: Mapping[str, Any]
    facts: DataFacts
    train: Mapping[str, Tensor]
    val: Mapping[str, Tensor]
    test: Mapping[str, Tensor]
    raw: Mapping[Split, Arrays]
    inputs: Mapping[Split, Inputs]
    pipeline: Pipeline
    points: Mapping[Split, Floats] | None = None
    point_names: tuple[str, ...] = ()
    formulas: tuple[tuple[str, Expression], ...] = ()
    label: str = ""

    def part(self, split: Split) -> Mapping[str, Tensor]:
        """Field name -> samples of one split."""
        return {"train": self.train, "val": self.val, "test": self.test}[split]

    @property
    def streamed(self) -> bool:
        """Whether the inputs stay on disk."""
        return self.facts.streamed > 0

    def share(self, rank: int, world: int) -> DataSet:
        """The data with only those training samples that are this process's own; the other parts stay whole.

        Of shards, each process reads its own files and no others (where there are as many as processes), so these may
        lie on its own disk. Then each draws batches of its own samples, which trains as well as, but not to the bit
        like, one process with all of them; for that, let `Batches` part each batch (`crew`), as `along` of a `Column`
        does from any file.

        Args:
            rank: number of the process, from 0.
            world: how many there are.

        Raises:
            ValueError: there is no such process.
        """
        x = self.inputs["train"]
        files = x.rows.shards[x.picked] if isinstance(x, View) and x.rows.shards is not None else None
        rows = own(len(x), rank, world, files)
        inputs = x.part(rows) if isinstance(x, View) else x[rows]
        train = {
            name: samples.part(rows) if isinstance(samples, Column) else samples[torch.from_numpy(rows)]
            for name, samples in self.train.items()
        }
        return replace(
            self,
            facts=replace(self.facts, counts=(len(rows), *self.facts.counts[1:])),
            train=train,
            raw={**self.raw, "train": {name: array[rows] for name, array in self.raw["train"].items()}},
            inputs={**self.inputs, "train": inputs},
            points=None if self.points is None else {**self.points, "train": self.points["train"][rows]},
        )

    def close(self) -> None:
        """End the threads that read ahead, if there are any; what is asked for afterwards starts them again."""
        for split in SPLITS:
            for samples in self.part(split).values():
                if isinstance(samples, Column):
                    samples.close()

    def count(self, split: Split) -> int:
        """Samples in one split."""
        return self.facts.counts[SPLITS.index(split)]

    @property
    def x_field(self) -> Field:
        """The field of the inputs."""
        return self.facts.fields[0]

    @property
    def target(self) -> Field | None:
        """The field `y`, or None where there is none."""
        return self.facts.field("y")

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; () for a regression."""
        return self.target.classes if self.target else ()

    @property
    def scaling(self) -> Scaling | None:
        """The standardisation of `x`, or None."""
        return self.pipeline.scaling

    @property
    def fills(self) -> Floats | None:
        """(features,): the training part's means, where these stand for missing cells of a table; else None."""
        if self.params["dataset"] != "csv" or self.params["missing"] != "mean":
            return None
        means: Floats = np.asarray(self.raw["train"]["x"], dtype=np.float64).mean(0)
        return means

    @property
    def is_image(self) -> bool:
        """Whether `x` are pictures: (1 or 3, height, width)."""
        shape = self.x_field.shape
        return len(shape) == 3 and shape[0] in (1, 3)

    def labels(self, split: Split) -> NDArray[np.int64] | None:
        """Class index (n,) of every sample of a split, whatever the form of its target; None for a regression."""
        return class_indices(self.target, self.raw[split].get("y"))

    def pictures(self, split: Split, rows: slice | NDArray[Any]) -> Floats:
        """Raw inputs of some samples in 0..1, before standardisation: float64 (rows, ...)."""
        return np.asarray(self.inputs[split][rows], dtype=np.float64) / self.pipeline.divisor
