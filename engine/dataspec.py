"""What a data set looks like, known without loading it: names, shapes, classes and counts of its fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final

from engine.problem import Problem
from engine.tensorspec import BATCH, Dim, DType, TensorSpec

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")


@final
@dataclass(frozen=True, slots=True)
class Field:
    """One named array of a data set, an output port of its Input block.

    Attributes:
        name: port name: `x`, `y`, ...
        shape: of one sample, without the batch: `(2,)`, `(1, 28, 28)`, `()` for one class index.
        dtype: `int` for class indices.
        classes: names of the classes, in the order of their indices; empty when the field is not a class label.
        columns: names of the features, when there are such; else empty.
    """

    name: str
    shape: tuple[Dim, ...]
    dtype: DType = "float"
    classes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()

    @property
    def spec(self) -> TensorSpec:
        """The batched tensor that leaves the port."""
        return TensorSpec((BATCH, *self.shape), self.dtype, classes=len(self.classes) or None)


@final
@dataclass(frozen=True, slots=True)
class DataFacts:
    """Everything `plan.check` needs to know of a data set."""

    fields: tuple[Field, ...]
    counts: tuple[int, int, int]
    """Samples in training, validation and test part."""
    streamed: int = 0
    """Bytes of the inputs where they stay on disk and are read as they are needed; 0: they are held in memory."""
    left_out: int = 0
    """Rows of a table that are not used, because a cell is missing."""
    filled: int = 0
    """Missing cells of the rows that are used, in whose place the mean of their column stands."""

    def field(self, name: str) -> Field | None:
        """The field of that name, or None."""
        return next((field for field in self.fields if field.name == name), None)


@final
@dataclass(frozen=True, slots=True)
class Pending:
    """The facts are being read (a file outside the document); shapes are unknown until then."""

    what: str


Facts = DataFacts | Pending | Problem
"""What is known of one data set: facts, not yet, or why not (a Problem whose `node` is filled in by `check`)."""
