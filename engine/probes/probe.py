"""What all probes share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.data.dataset import DataSet
from engine.dataspec import Split
from engine.events import Snapshot
from engine.netcode import execution
from engine.result import Source
from engine.training.batching import Batch
from engine.training.run import Run

Interrupted = Callable[[], bool]
Ints = NDArray[np.int64]


class Probe(ABC):
    """Takes one kind of snapshot of one run, and remembers what its history needs."""

    kind: ClassVar[type[Snapshot]]
    shortest: ClassVar[float] = 1 / 15
    """Seconds between two snapshots, at least."""

    def __init__(self, run: Run) -> None:
        self.run = run

    @property
    def lane(self) -> str:
        """As `Session.watch` names it."""
        return self.kind.__name__

    @abstractmethod
    def fits(self) -> bool:
        """Whether such a snapshot means anything for this run."""

    @abstractmethod
    def take(self) -> Snapshot | None:
        """A snapshot of now, quickly: the training waits. None when there is nothing to see yet."""

    def take_at_rest(self, interrupted: Interrupted) -> Snapshot | None:
        """A snapshot while nothing runs, which may take longer; given up when `interrupted` says so."""
        return None if interrupted() else self.take()

    def look_at(self, blocks: frozenset[str], sample: int) -> None:  # noqa: B027  most show the same always
        """Somebody looks at these blocks, by their paths, and at this sample."""

    def forget(self, step: int) -> None:  # noqa: B027  most remember nothing
        """What was observed after this step will come differently, after going back in time."""


class Watcher:
    """The network as a function of the inputs of one Input: what a user's own samples are put through.

    Attributes:
        input: path of the Input; data: its data set.
    """

    def __init__(self, run: Run, source: Source, input_path: str) -> None:
        self._run = run
        self._name = ".".join(source)
        self._compute = run.trainer.net.forward_to([self._name])
        self.input = input_path
        self.data: DataSet = run.loaded.data[input_path]

    def __call__(self, x: Tensor) -> Tensor:
        """Prediction (n, …) for inputs (n, …), on the CPU, in evaluation mode."""
        batch: Batch = {f"{self.input}.{self.data.x_field.name}": x.to(self._run.loaded.device)}
        with self._run.trainer.evaluating():
            return self._compute(batch)[self._name].cpu()


def watcher(run: Run) -> Watcher | None:
    """The prediction as a function of x, where it depends on the x of one Input alone."""
    task = run.trainer.task
    outputs = run.trainer.net.outputs
    if task is not None:
        source: Source = task.prediction
    elif outputs:
        path, _, port = outputs[0].rpartition(".")
        source = (path, port)
    else:
        return None
    result = run.loaded.result
    needed = set(execution(result, [source]))
    inputs = [path for path in result.inputs if path in needed]
    if len(inputs) != 1:
        return None
    first = run.loaded.data[inputs[0]].x_field.name
    read = {port for path in needed for origin, port in result.nodes[path].sources.values() if origin == inputs[0]}
    return Watcher(run, source, inputs[0]) if read <= {first} else None


def spread_over(data: DataSet, most: int) -> tuple[Split, Ints]:
    """The part that samples are shown of, validation where there is one, and rows of `most` of them, evenly spread."""
    split: Split = "val" if data.count("val") else "train"
    count = data.count(split)
    return split, np.linspace(0, count - 1, min(most, count)).astype(np.int64)


def finite(values: Tensor) -> Tensor:
    """With what is not finite as NaN, so that pictures show a gap there."""
    return torch.where(torch.isfinite(values), values, torch.nan)
