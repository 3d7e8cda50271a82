"""What the session answers about single steps: moments, numbers, chains of weights, gradient checks, the past."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import final

from engine.chains import WeightChain
from engine.events import Array, Event, Snapshot
from engine.moments import Step
from engine.numeralparts import Numeral
from engine.weightviews import Entry, LinearFit, LossCurve

# -- gradient check --


@final
@dataclass(frozen=True, slots=True)
class EntryCheck:
    """One number of one parameter.

    Attributes:
        index: in the parameter.
        difference: ∂L/∂w by central differences; `unsure`: how far that may be off by itself.
        autograd, formula: by PyTorch, and by the blocks' own formulas.
        tolerance: relative error that is still right.
    """

    index: tuple[int, ...]
    difference: float
    unsure: float
    autograd: float
    formula: float
    tolerance: float

    @property
    def error(self) -> float:
        """The larger of the two relative errors; infinite where a number is not finite.

        They are relative to the larger of both numbers, but to no less than what makes the uncertainty of the
        differences themselves count as just right: a gradient of 1e-18 is not wrong for being taken for 0.
        """
        return max(self._relative(self.autograd), self._relative(self.formula))

    def _relative(self, grad: float) -> float:
        off = abs(grad - self.difference)
        if not math.isfinite(off):
            return math.inf
        scale = max(abs(grad), abs(self.difference), self.unsure / self.tolerance)
        return off / scale if scale else 0.0

    @property
    def wrong(self) -> str:
        """`autograd`, `formula`, `both`, or "" when both are right."""
        names = [name for name in ("autograd", "formula") if self._relative(getattr(self, name)) > self.tolerance]
        return "both" if len(names) > 1 else "".join(names)


@final
@dataclass(frozen=True, slots=True)
class ParameterCheck:
    """One parameter: how many of its numbers were checked, how many are wrong, and the worst of them, worst first.

    Attributes:
        parameter: `block.parameter`; its `shape` and `size`.
        error: the largest relative error.
    """

    parameter: str
    shape: tuple[int, ...]
    checked: int
    size: int
    wrong: int
    error: float
    worst: tuple[EntryCheck, ...]


@final
@dataclass(frozen=True, slots=True)
class GradientReport:
    """A gradient check, complete when `checked` is `total`. `loss` is what was differentiated."""

    parameters: tuple[ParameterCheck, ...]
    checked: int
    total: int
    loss: float
    tolerance: float

    @property
    def wrong(self) -> int:
        """How many numbers are wrong."""
        return sum(each.wrong for each in self.parameters)

    @property
    def error(self) -> float:
        """The largest relative error."""
        return max((each.error for each in self.parameters), default=0.0)


@final
@dataclass(frozen=True, slots=True)
class GradientsChecking(Snapshot):
    """A gradient check is under way: so many of so many numbers."""

    request: int
    checked: int
    total: int


@final
@dataclass(frozen=True, slots=True)
class GradientsChecked(Event):
    """Answer to `check_gradients`.

    Attributes:
        report: as far as it came; `cancelled` tells whether it was given up.
        error: a sentence when it could not be done, else "".
    """

    request: int
    report: GradientReport | None = None
    cancelled: bool = False
    error: str = ""


# -- one step --


@final
@dataclass(frozen=True, slots=True, eq=False)
class Unfolded(Event):
    """Answer to `unfold`: the step as moments; `at` is the number of updates made before it.

    Attributes:
        arrays: every tensor of the moments in full, by `Values.key`; not to be changed.
    """

    request: int
    step: Step | None = None
    at: int = 0
    error: str = ""
    arrays: Mapping[str, Array] = field(default_factory=dict)


@final
@dataclass(frozen=True, slots=True, eq=False)
class ValuesTaken(Event):
    """Answer to `values`: a tensor of the step last unfolded, in full."""

    request: int
    key: str
    array: Array | None = None
    error: str = ""


@final
@dataclass(frozen=True, slots=True)
class NumeralsTaken(Event):
    """Answer to `numerals`: single neurons and weights of the step last unfolded, from number `first` on."""

    request: int
    first: int
    numerals: tuple[Numeral, ...] = ()
    error: str = ""


@final
@dataclass(frozen=True, slots=True, eq=False)
class OutlineTaken(Event):
    """Answer to `outline`: every numeral of the step last unfolded, in order.

    Attributes:
        moments: int32, the moment that each is part of, at the level of weights.
        fine: bool, whether it is of that level only; without those they are the numerals of the level of neurons.
    """

    request: int
    moments: Array | None = None
    fine: Array | None = None
    error: str = ""


@final
@dataclass(frozen=True, slots=True)
class ChainTaken(Event):
    """Answer to `chain`: the paths of one weight to the loss."""

    request: int
    chain: WeightChain | None = None
    error: str = ""


# -- single weights --


@final
@dataclass(frozen=True, slots=True, eq=False)
class LossCurving(Snapshot):
    """A loss curve is under way: as far as it is known, and so many of so many batches evaluated."""

    request: int
    curve: LossCurve
    made: int
    total: int


@final
@dataclass(frozen=True, slots=True, eq=False)
class LossCurveTaken(Event):
    """Answer to `loss_curve`.

    Attributes:
        curve: as far as it came; `complete` tells whether that is all of it.
        seconds: that it took.
        error: a sentence when it could not be done, else "".
    """

    request: int
    curve: LossCurve | None = None
    complete: bool = True
    seconds: float = 0.0
    error: str = ""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Followed(Event):
    """The weights that `follow` asked for, after each of the last updates.

    Attributes:
        who: asked for them.
        entries: k weights.
        steps: int64 (n,), updates made; `values`: float64 (n, k), the weights then. n is at least 1.
        moved: whether the one value in it came by something else than an update: set by hand, another run, another
            time; or just asked for.
        error: a sentence when there are no such weights; then there are no values.
    """

    who: str
    entries: tuple[Entry, ...]
    steps: Array
    values: Array
    moved: bool = False
    error: str = ""


@final
@dataclass(frozen=True, slots=True, eq=False)
class LinearFitTaken(Event):
    """Answer to `linear_fit`; `error` is a sentence when the network is none."""

    request: int
    fit: LinearFit | None = None
    error: str = ""


@final
@dataclass(frozen=True, slots=True, eq=False)
class JacobianTaken(Event):
    """Answer to `jacobian`: `(outputs, inputs)` of one sample of one block, row by row."""

    request: int
    matrix: Array | None = None
    error: str = ""


# -- time --


@final
@dataclass(frozen=True, slots=True)
class NextStepChanged(Event):
    """Something but a step changed what the next one will be: weights or settings by hand, a reset, an edit.

    Answers that come after it know of it.
    """


@final
@dataclass(frozen=True, slots=True)
class Timeline(Event):
    """The past that can be gone back to.

    Posted on `history`, after every `step_back` and `goto`, and when a change takes away what lay ahead.

    Attributes:
        request: of `history`; 0 for one that came unasked.
        first, last: numbers of updates between which every one can be gone to; `at` is the present one. `last` is
            beyond `at` after going back, until a step, an edit or a weight set by hand makes another future of it.
        bytes, limit: memory that the past takes, and may take.
        states: how many complete states are kept; in between, the steps are made once more, which gives the same bits.
        moved: whether the training has just gone to another place of the past: plots should end at `at`.
        error: a sentence when it could not be done, else "".
    """

    request: int
    first: int
    last: int
    at: int
    bytes: int
    limit: int
    states: int
    moved: bool = False
    error: str = ""
