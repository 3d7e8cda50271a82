"""Steps that were made in one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

from torch import Tensor

CALL_SECONDS = 0.005
"""That such a call takes at most, about: between calls it is looked whether a picture is due, sixty times a second."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """They follow one another in one epoch, each with as many samples.

    Attributes:
        losses: of each, before its update.
        outputs: those that are wanted, of all batches in a row.
        lr: learning rate of the last step.
    """

    losses: Sequence[float]
    outputs: Mapping[str, Tensor]
    lr: float
