"""Sample images with what the network thinks of them."""

from __future__ import annotations

from typing import final

import numpy as np

from engine.events import copied
from engine.probes.probe import Probe, spread_over, watcher
from engine.snapshots import ImageGrid
from engine.training.run import Run

SHOWN = 24
_WAYS = 3
_WHITE = 255


@final
class ImageProbe(Probe):
    """The same few images each time, from the validation part where there is one."""

    kind = ImageGrid

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._watcher = watcher(run)
        if not self.fits():
            return
        assert self._watcher is not None
        data = self._watcher.data
        split, spread = spread_over(data, SHOWN)
        rows = np.concatenate([spread[way::_WAYS] for way in range(_WAYS)])  # so the first ones are of all classes, too
        pictures = np.rint(np.clip(data.pictures(split, rows), 0, 1) * _WHITE).astype(np.uint8)
        self._images = copied(pictures[:, 0] if pictures.shape[1] == 1 else np.moveaxis(pictures, 1, 3))
        labels = data.labels(split)
        assert labels is not None
        self._true = copied(labels[rows], np.int64)
        self._x = data.part(split)[data.x_field.name][rows]

    def fits(self) -> bool:
        task = self.run.trainer.task
        found = self._watcher
        return found is not None and found.data.is_image and task is not None and task.kind == "classes"

    def take(self) -> ImageGrid | None:
        task = self.run.trainer.task
        assert self._watcher is not None
        assert task is not None
        prediction = self._watcher(self._x)
        probabilities = task.probabilities(prediction)
        confidence = (prediction.clamp(0, 1) if probabilities is None else probabilities).amax(1)
        return ImageGrid(
            self.run.trainer.steps,
            self._images,
            self._true,
            copied(task.chosen(prediction).numpy(), np.int64),
            copied(confidence.numpy(), np.float64),
            task.classes,
        )
