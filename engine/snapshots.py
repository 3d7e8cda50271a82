"""What the session tells of which only the latest counts: where a training is, and what probes see of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, final

from engine.events import Array, Snapshot

Engine = Literal["captured", "eager", "fast"]
"""What makes the steps."""


@final
@dataclass(frozen=True, slots=True)
class Progress(Snapshot):
    """Where the training is.

    Attributes:
        epochs: planned total; steps_per_epoch; seconds_left: estimate, None when unknown.
        lr: the current learning rate, schedule applied.
        engine: `captured` when steps are made by programs without Python, `eager` when PyTorch makes them one by one,
            `fast` when a kernel makes many at once.
    """

    epoch: int
    epochs: int
    step: int
    steps_per_epoch: int
    samples_per_s: float
    seconds_left: float | None
    lr: float
    loss: float
    engine: Engine = "eager"


@final
@dataclass(frozen=True, slots=True)
class KernelMaking(Snapshot):
    """Fast-forward makes machine code for steps or evaluations (`going`), tenths of a second and more; or has ended."""

    going: bool


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


@final
@dataclass(frozen=True, slots=True)
class UnitPictures:
    """What the units of one block answer, as pictures on a scale that is symmetric around zero.

    Attributes:
        pictures: uint8 (shown, rows, cols), row 0 on top: 127 is zero, 254 is the unit's limit and beyond, 0 its
            negative; 255 where the number is not finite.
        limits: float64 (shown,): the largest absolute number, but twice the root mean square at most, so that a corner
            does not dim the rest. Of all units together, so that their colours compare; of each alone at an Input,
            whose features are of different kinds. 0 where all are zero.
        ranges: float64 (shown, 2): smallest and largest number of each unit, NaN where none is finite.
        units: how many the block has; the first of them are shown.
        names: of the units, or ().
    """

    pictures: Array
    limits: Array
    ranges: Array
    units: int
    names: tuple[str, ...] = ()


@final
@dataclass(frozen=True, slots=True)
class Responses(Snapshot):
    """Every unit as a picture: over the plane of a two-feature input, or what it makes of one image.

    Attributes:
        blocks: path -> its pictures, of the blocks that somebody looks at.
        extent: (x_min, x_max, y_min, y_max) of a plane, in data units; None for an image.
        axes: names of the plane's two features.
        sample: which image, counted within its part of the data; samples: how many there are.
        split: the part of the data that the image is of.
        image: it, uint8 (height, width) or (height, width, 3); None for a plane.
        label: what the image shows, where that is known.
        source: path of the Input.
    """

    step: int
    blocks: Mapping[str, UnitPictures]
    source: str
    extent: tuple[float, float, float, float] | None = None
    axes: tuple[str, str] = ("", "")
    sample: int = 0
    samples: int = 0
    split: str = ""
    image: Array | None = None
    label: str = ""
