"""What is told of the loss over a plane through the weights, and of the path of a training over it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final

from engine.events import Array, Event, Snapshot
from engine.weightviews import Entry

Span = Literal["weights", "random", "path"]
"""What spans a plane: two single weights; two random directions, scaled filter by filter; the main directions of the
path of the training so far."""

SPANS: tuple[Span, ...] = ("weights", "random", "path")


@final
@dataclass(frozen=True, slots=True)
class SurfaceWanted:
    """A question for a surface.

    Attributes:
        span: which plane.
        entries: the two weights for `weights`; None: the two that moved most.
        seed: of the directions for `random`.
        zoom: the plane's size, relative to one that fits the path, or by itself.
        side: points a side, odd.
        most: training samples at most; of more, a fixed part is taken.
    """

    span: Span = "weights"
    entries: tuple[Entry, Entry] | None = None
    seed: int = 0
    zoom: float = 1.0
    side: int = 41
    most: int = 2000


@final
@dataclass(frozen=True, slots=True, eq=False)
class LossSurface:
    """The loss on a grid of a plane through the weights.

    In evaluation mode: without dropout, batch norm by its running statistics.

    Attributes:
        wanted: what was asked for, `entries` filled in.
        at: updates made before.
        xs, ys: ascending places of columns (columns,) and rows (rows,), float64.
        loss: float64 (rows, columns); NaN and infinite where the network gives that.
        here: the place of the weights it was computed around; `value`: the loss there.
        lengths: how far one unit of x and of y is in the space of all weights.
        explained: parts of the variance of the path that its two directions explain; None for other spans.
        samples: evaluated, of so many there are; 0 without data.
        dimensions: how many numbers are trained in all; where they are two, the plane is the whole space.
        batched: at how many points at once the network could be evaluated.
    """

    wanted: SurfaceWanted
    at: int
    xs: Array
    ys: Array
    loss: Array
    here: tuple[float, float]
    value: float
    lengths: tuple[float, float]
    explained: tuple[float, float] | None
    samples: int
    of: int
    dimensions: int
    batched: int = 1


@final
@dataclass(frozen=True, slots=True, eq=False)
class SurfaceComputing(Snapshot):
    """A surface is under way: so many of so many points, and the finest complete grid so far."""

    request: int
    made: int
    total: int
    surface: LossSurface | None = None


@final
@dataclass(frozen=True, slots=True, eq=False)
class SurfaceComputed(Event):
    """Answer to `surface`.

    Attributes:
        surface: the finest complete grid, None when there is none.
        cancelled: given up before the end.
        seconds: of work, the training's own not counted.
        error: a sentence when it could not be done, else "".
    """

    request: int
    surface: LossSurface | None = None
    cancelled: bool = False
    seconds: float = 0.0
    error: str = ""


@final
@dataclass(frozen=True, slots=True, eq=False)
class PathOnSurface(Snapshot):
    """The path of the training, projected onto the plane of the surface computed last.

    Attributes:
        request: of that surface.
        step: updates made by now.
        steps: int64 (k,), those that were kept; the last one is the present.
        x, y: float64 (k,) places on the plane.
        distance: float64 (k,) from the plane, in the space of all weights.
        begins: bool (k,), whether the line begins anew here: weights were set by hand.
        since: the first step that could be kept.
    """

    request: int
    step: int
    steps: Array
    x: Array
    y: Array
    distance: Array
    begins: Array
    since: int = 0


@final
@dataclass(frozen=True, slots=True)
class StartedThere(Event):
    """Answer to `start_there`: the weights are those of that place of the plane, or a sentence why not."""

    request: int
    x: float
    y: float
    error: str = ""
