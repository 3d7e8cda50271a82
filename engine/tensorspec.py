"""What flows along a wire: shape and element type, before any number exists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final

Dim = int | str
"""A size, or the name of one that is free: `N` the batch, `T` time."""

DType = Literal["float", "int", "bool"]
"""`float` is the dtype of the training (float32 or float64), `int` is int64."""

Meaning = Literal["", "logit", "probability", "distribution", "log_probability"]
"""What the numbers are known to be: `probability` lies in (0, 1) element by element, `distribution` sums to 1 over
dim 1, `log_probability` is its logarithm, "" is not known."""

BATCH = "N"


@final
@dataclass(frozen=True, slots=True)
class TensorSpec:
    """Shape and dtype of a tensor; `shape[0]` is `N` for batched values, a scalar has shape `()`."""

    shape: tuple[Dim, ...]
    dtype: DType = "float"
    meaning: Meaning = ""
    classes: int | None = None
    """For integer class labels: how many classes there are, where it is known."""

    @property
    def batched(self) -> bool:
        """Whether the first dimension is the batch."""
        return bool(self.shape) and self.shape[0] == BATCH

    @property
    def sample_shape(self) -> tuple[Dim, ...]:
        """The shape without the batch dimension."""
        return self.shape[1:] if self.batched else self.shape

    @property
    def numel(self) -> int | None:
        """Numbers in one sample (or in the whole tensor if it has no batch); None when a size is free."""
        count = 1
        for dim in self.sample_shape:
            if isinstance(dim, str):
                return None
            count *= dim
        return count

    def with_shape(self, shape: tuple[Dim, ...]) -> TensorSpec:
        """The same kind of numbers in another shape."""
        return TensorSpec(shape, self.dtype, self.meaning, self.classes)

    def __str__(self) -> str:
        return shape_text(self.shape)


def shape_text(shape: tuple[Dim, ...]) -> str:
    """`N × 3 × 28 × 28`; a scalar reads `scalar`."""
    return " × ".join(str(dim) for dim in shape) if shape else "scalar"
