"""What the session tells its listeners: frozen values of numbers, strings and small copied arrays; never a tensor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, final

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


# -- lossless --


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
        details: traceback text for a details view, may be empty.
    """

    code: str
    message: str
    hint: str = ""
    step: int = 0
    node: str | None = None
    suggested_lr: float | None = None
    details: str = ""


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
    """A remark worth showing: `The last batch of one sample is dropped: …`."""

    severity: Literal["info", "warning"]
    message: str


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


# -- latest wins --


@final
@dataclass(frozen=True, slots=True)
class Progress(Snapshot):
    """Where the training is.

    Attributes:
        epochs: planned total; steps_per_epoch; seconds_left: estimate, None when unknown.
        lr: the current learning rate, schedule applied.
        engine: `captured` when steps are made by programs without Python, `eager` when PyTorch makes them one by one.
    """

    epoch: int
    epochs: int
    step: int
    steps_per_epoch: int
    samples_per_s: float
    seconds_left: float | None
    lr: float
    loss: float
    engine: Literal["captured", "eager"] = "eager"


@final
@dataclass(frozen=True, slots=True)
class RunSaved(Snapshot):
    """A checkpoint was written.

    Attributes:
        path: of the run directory.
        step, epochs: updates and complete epochs it is of.
        bytes: that the directory takes now.
    """

    path: str
    step: int
    epochs: int
    bytes: int


@final
@dataclass(frozen=True, slots=True)
class Gradients(Snapshot):
    """Gradient norms at one step, layers in plan order.

    Attributes:
        layers: paths of nodes with trainable parameters.
        norms: float64 (layers,) L2 norm of each layer's gradient.
        mean_abs: float64 (layers,) mean |g| over the layer's weights.
        history_steps: int64 (k,), history: float64 (k, layers): norms over time so far, thinned to at most 600 rows.
    """

    step: int
    layers: tuple[str, ...]
    norms: Array
    mean_abs: Array
    history_steps: Array
    history: Array


@final
@dataclass(frozen=True, slots=True)
class WeightHistograms(Snapshot):
    """Histogram of each layer's `weight` over time.

    Attributes:
        layers: paths; edges: per layer float64 (bins + 1,), common to all its rows.
        counts: per layer int64 (k, bins), one row per recorded time; steps: int64 (k,).
        stats: float64 (layers, 4): mean, std, min, max now.
        dead: float64 (layers,) part of the layer's units whose ReLU-like activation is never above 0 on the probe
            batch, NaN where that means nothing.
    """

    step: int
    layers: tuple[str, ...]
    edges: tuple[Array, ...]
    counts: tuple[Array, ...]
    steps: Array
    stats: Array
    dead: Array


@final
@dataclass(frozen=True, slots=True)
class Surface(Snapshot):
    """Output of the network over the plane of a two-feature input.

    Attributes:
        extent: (x_min, x_max, y_min, y_max) in data units, before standardisation.
        values: float32 (rows, cols) for one output (in -1..1 or 0..1, see `centre`), or (rows, cols, classes) of
            probabilities. Row 0 is y_min.
        centre: the decision level of a single output: 0 for ±1 targets and logits, 0.5 for probabilities.
        points, targets, split: float (n, 2), (n,), int8 (n,) 0 train / 1 val / 2 test; at most 2,000.
        names: of the two features; classes: names.
    """

    step: int
    extent: tuple[float, float, float, float]
    values: Array
    centre: float
    points: Array
    targets: Array
    split: Array
    names: tuple[str, str] = ("x1", "x2")
    classes: tuple[str, ...] = ()


@final
@dataclass(frozen=True, slots=True)
class Curve(Snapshot):
    """Fitted curve of a one-feature input: x float (k,), y float (k, outputs), and the data points."""

    step: int
    x: Array
    y: Array
    points: Array
    targets: Array
    split: Array
    name: str = "x"


@final
@dataclass(frozen=True, slots=True)
class ImageGrid(Snapshot):
    """Sample images with what the network thinks of them.

    Attributes:
        images: uint8 (n, height, width) or (n, height, width, 3).
        true, predicted: class indices int (n,); confidence: float (n,).
    """

    step: int
    images: Array
    true: Array
    predicted: Array
    confidence: Array
    classes: tuple[str, ...]


@final
@dataclass(frozen=True, slots=True)
class Fit(Snapshot):
    """Predicted against true values on validation data, for regressions with several inputs: float (n,) each."""

    step: int
    true: Array
    predicted: Array
    name: str = "y"


@final
@dataclass(frozen=True, slots=True)
class Confusion(Snapshot):
    """Confusion matrix int64 (classes, classes), rows true, columns predicted, on `split`."""

    step: int
    matrix: Array
    classes: tuple[str, ...]
    split: str


def copied(array: Any, dtype: Any = None) -> Array:
    """A contiguous copy that no later computation can change, marked read-only."""
    result = np.array(array, dtype=dtype, copy=True, order="C")
    result.flags.writeable = False
    return result
