"""The steps that were made since somebody asked last: what they are told as is worked out only then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np

from engine.events import Scalars
from engine.training.epochs import Epochs, Floats
from engine.training.trainer import Trainer


@final
class Recent:
    """Steps of one trainer."""

    def __init__(self) -> None:
        self._made: list[tuple[int, Sequence[float] | Floats, float | Floats, float]] = []
        """Number of the last step, losses, position in epochs after it (or after each), and how far each went."""

    def add(self, trainer: Trainer, losses: Sequence[float]) -> None:
        """Steps were made just now, all with as many samples."""
        batches = trainer.batches
        part = batches.whole / batches.samples if len(losses) > 1 and batches is not None else 0.0
        end = trainer.position + (1.0 if trainer.epoch_over else 0.0)
        self._made.append((trainer.steps, losses, end, part))

    def add_epochs(self, trainer: Trainer, made: Epochs) -> None:
        """Whole epochs were made just now."""
        ends = np.cumsum(made.sizes) / made.sizes.sum()
        begin = trainer.epochs - len(made.losses)
        positions = (begin + np.arange(len(made.losses)))[:, np.newaxis] + ends
        self._made.append((trainer.steps, made.losses.ravel(), positions.ravel(), 0.0))

    def take(self) -> Scalars | None:
        """All of them, which are forgotten; None: there are none."""
        if not self._made:
            return None
        made, self._made = self._made, []
        steps = np.concatenate([np.arange(last - len(losses) + 1, last + 1) for last, losses, _, _ in made])
        values = np.concatenate([losses for _, losses, _, _ in made])
        later = [end - part * np.arange(len(losses) - 1, -1, -1) for _, losses, end, part in made]
        return Scalars(steps, values, np.concatenate(later))
