"""Which classes are taken for which."""

from __future__ import annotations

from typing import final

import numpy as np
from numpy.typing import NDArray

from engine.dataspec import Split
from engine.events import copied
from engine.probes.probe import Interrupted, Probe
from engine.snapshots import Confusion
from engine.training.evaluation import Evaluator
from engine.training.run import Run

MOST_CLASSES = 200


@final
class ConfusionProbe(Probe):
    """The matrix of the whole validation part, or of the training part where there is none.

    While it trains, the validation at the end of each epoch brings it along; at rest it is computed.
    """

    kind = Confusion

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._split: Split = "val" if run.validation_data else "train"
        self._shown: NDArray[np.int64] | None = None

    def fits(self) -> bool:
        task = self.run.trainer.task
        return task is not None and 2 <= len(task.classes) <= MOST_CLASSES and bool(self.run.loaded.data)

    def take(self) -> Confusion | None:
        self.run.count_classes = True
        found = self.run.validations.confusion
        if found is None or found is self._shown:
            return None
        self._shown = found
        return self._snapshot(found)

    def take_at_rest(self, interrupted: Interrupted) -> Confusion | None:
        evaluator = Evaluator(self.run.trainer, self.run.loaded.part(self._split), count_classes=True)
        while not evaluator.done:
            if interrupted():
                return None
            evaluator.advance()
        return None if evaluator.confusion is None else self._snapshot(evaluator.confusion)

    def _snapshot(self, matrix: NDArray[np.int64]) -> Confusion:
        task = self.run.trainer.task
        assert task is not None
        return Confusion(self.run.trainer.steps, copied(matrix), task.classes, self._split)
