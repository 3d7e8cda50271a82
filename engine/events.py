"""What the session tells its listeners, nothing left out: frozen values of numbers, strings and small copied arrays.

Never a tensor. Where only the latest counts, see `engine.snapshots`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, final

import numpy as np
from numpy.typing import NDArray

from engine.dataspec import DataFacts
from engine.problem import Problem

Array = NDArray[Any]
RunState = Literal["loading", "ready", "running", "paused", "finished", "failed", "closed"]
"""`loading`: data or module are being prepared; `ready`: at step 0 or stopped; `finished`: all epochs done."""


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events of the lossless lane."""


@dataclass(frozen=True, slots=True)
class Snapshot(Event):
    """Base of the events of which only the latest counts, per `lane`."""

    @property
    def lane(self) -> str:
        """Snapshots of one lane replace each other."""
        return type(self).__name__


@final
@dataclass(frozen=True, slots=True)
class StateChanged(Event):
    """The session's state. `message` is a sentence for the status bar: `Early stopping: …`, `cuda out of memory`."""

    state: RunState
    epoch: int = 0
    step: int = 0
    device: str = ""
    message: str = ""


@final
@dataclass(frozen=True, slots=True)
class Scalars(Event):
    """A batch of training steps, one entry a step, in order. Posted at most about every 20 ms.

    Attributes:
        steps: int64 (k,) step numbers, from 1.
        loss: float64 (k,) training loss of each step's batch.
        epochs: float64 (k,) position in epochs: 1.5 is the middle of the second.
    """

    steps: Array
    loss: Array
    epochs: Array


@final
@dataclass(frozen=True, slots=True)
class EpochEnd(Event):
    """One line of metrics.jsonl: keys `epoch step loss val_loss metrics lr samples_per_s` (non-finite as float)."""

    record: Mapping[str, Any]


@final
@dataclass(frozen=True, slots=True)
class HyperChanged(Event):
    """A live hyperparameter was changed at this step; recorded in the run."""

    step: int
    name: str
    old: float | bool | None
    new: float | bool | None


@final
@dataclass(frozen=True, slots=True)
class RunFailed(Event):
    """Training paused before a bad update, or an error in a block.

    Attributes:
        code: `T01` non-finite loss, `T02` non-finite gradient, `T03` out of memory, `T04` error in a block,
            `D..` data, `G..` graph.
        node: path of the block that first produced it, where known.
        suggested_lr: a smaller learning rate to try, for T01 and T02.
        suggested_micro_batch: samples of a micro-batch to go on with, for T03.
        reset_first: the weights that are kept are spoilt already, so a smaller learning rate alone would not help.
        details: traceback text for a details view, may be empty.
    """

    code: str
    message: str
    hint: str = ""
    step: int = 0
    node: str | None = None
    suggested_lr: float | None = None
    details: str = ""
    suggested_micro_batch: int | None = None
    reset_first: bool = False


@final
@dataclass(frozen=True, slots=True)
class Concluded(Event):
    """A training that is over learned nothing, or left where it began: what that means and what to try.

    Attributes:
        suggested_lr: a smaller learning rate to begin again with, where that is the way out.
    """

    message: str
    hint: str
    suggested_lr: float | None = None


@final
@dataclass(frozen=True, slots=True)
class RunKept(Event):
    """The directory that the run leaves its files in; "" when it leaves none (any more)."""

    path: str


@final
@dataclass(frozen=True, slots=True)
class RunLoaded(Event):
    """Answer to `load_run`: the weights of that run directory or file are in place, or a sentence why not."""

    request: int
    path: str
    error: str = ""


@final
@dataclass(frozen=True, slots=True)
class RunResumed(Event):
    """Answer to `resume_run`: the training of that run directory goes on from here, or a sentence why not.

    Attributes:
        over: whether nothing was left to do.
    """

    request: int
    path: str
    step: int = 0
    epochs: int = 0
    planned: int = 0
    over: bool = False
    error: str = ""


@final
@dataclass(frozen=True, slots=True)
class Applied(Event):
    """An edited graph runs now: parameters kept, drawn anew, and gone, as `block.parameter`."""

    kept: tuple[str, ...]
    drawn: tuple[str, ...]
    gone: tuple[str, ...] = ()


@final
@dataclass(frozen=True, slots=True)
class Said(Event):
    """A remark worth showing: `The last batch of one sample is dropped: …`.

    Attributes:
        topic: what it is about, where somebody has to act on it: `FAST_REFUSED`, `FAST_LEFT`.
    """

    severity: Literal["info", "warning"]
    message: str
    topic: str = ""


FAST_REFUSED: Final = "fast-forward refused"
"""There is no kernel for these steps."""
FAST_LEFT: Final = "fast-forward left"
"""A kernel and PyTorch disagreed."""


@final
@dataclass(frozen=True, slots=True)
class Evaluated(Event):
    """Answer to `evaluate`."""

    split: str
    loss: float
    metrics: Mapping[str, float]
    samples: int


@final
@dataclass(frozen=True, slots=True)
class Predicted(Event):
    """Answer to `predict`, by its `request` number.

    Attributes:
        outputs: float (rows, ...) raw outputs of the predicting node.
        probabilities: float (rows, classes), or None when the output is no classification.
        classes: names of the classes, or ().
        labels: predicted class name a row, or ().
        error: a sentence when the data did not fit, else "".
    """

    request: int
    outputs: Array
    probabilities: Array | None = None
    classes: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    error: str = ""


@final
@dataclass(frozen=True, slots=True)
class Previewed(Event):
    """Answer to `preview`: a look at the data of one Input node, before training.

    Attributes:
        node: id of the Input.
        fields: name -> the first rows as the network gets them, float (rows, ...) at most 64.
        raw: name -> the same rows before standardisation.
        counts: samples in train, val, test.
        classes: names; class_counts: int (3, classes) for train, val, test, or None.
        columns: feature names.
        scaling: (feature, mean, std) of the fitted standardisation, or ().
        points: for two-feature data, float (n, 2) and the target (n,) of up to 2,000 samples, with split index (n,).
        error: a sentence when the data could not be read, else "".
    """

    node: str
    fields: Mapping[str, Array] = field(default_factory=dict)
    raw: Mapping[str, Array] = field(default_factory=dict)
    counts: tuple[int, int, int] = (0, 0, 0)
    classes: tuple[str, ...] = ()
    class_counts: Array | None = None
    columns: tuple[str, ...] = ()
    scaling: tuple[tuple[str, float, float], ...] = ()
    points: tuple[Array, Array, Array] | None = None
    error: str = ""


@final
@dataclass(frozen=True, slots=True)
class FactsRead(Event):
    """Answer to `read_facts`: what a data file looks like; put it in the FactsCache and check again."""

    key: str
    facts: DataFacts | Problem


@final
@dataclass(frozen=True, slots=True)
class WeightsTaken(Event):
    """Answer to `weights`: a copy of all parameters and buffers, `block.parameter` -> array."""

    request: int
    weights: Mapping[str, Array]
    step: int = 0


@final
@dataclass(frozen=True, slots=True)
class Exported(Event):
    """Answer to `export`: the files written, or a sentence why not."""

    request: int
    paths: tuple[str, ...] = ()
    error: str = ""


@final
@dataclass(frozen=True, slots=True)
class Traced(Event):
    """Answer to `trace`: the content of `chainrule step --json`, values as arrays; `error` when it failed."""

    request: int
    trace: Mapping[str, Any]
    error: str = ""


def copied(array: Any, dtype: Any = None) -> Array:
    """A contiguous copy that no later computation can change, marked read-only."""
    result = np.array(array, dtype=dtype, copy=True, order="C")
    result.flags.writeable = False
    return result
