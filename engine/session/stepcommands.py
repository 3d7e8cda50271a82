"""What a session is asked about single steps and about its past: frozen values, as in `engine.session.commands`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from engine.moments import Level
from engine.session.commands import Command
from engine.weightviews import Entry, On


@final
@dataclass(frozen=True, slots=True)
class TakeValues(Command):
    """A tensor of the step last unfolded, in full."""

    key: str
    request: int


@final
@dataclass(frozen=True, slots=True)
class TakeNumerals(Command):
    """Neurons or weights of the step last unfolded; of one moment, or of all."""

    level: Level
    moment: int | None
    sample: int
    first: int
    count: int
    request: int


@final
@dataclass(frozen=True, slots=True)
class TakeOutline(Command):
    """The order of the numerals of the step last unfolded."""

    request: int


@final
@dataclass(frozen=True, slots=True)
class FindChain(Command):
    """The paths of a weight to the loss."""

    name: str
    index: tuple[int, ...]
    batch: int | None
    sample: int | None
    paths: int
    request: int


@final
@dataclass(frozen=True, slots=True)
class TakeJacobian(Command):
    """The derivatives of a block's output by an input, for one sample; `alone`: the step is of this sample alone."""

    node: str
    port: str
    sample: int
    alone: int | None
    request: int


@final
@dataclass(frozen=True, slots=True)
class CheckGradients(Command):
    """Gradients against central differences."""

    batch: int | None
    parameters: tuple[str, ...] | None
    entries: int | None
    request: int


@final
@dataclass(frozen=True, slots=True)
class CancelCheck(Command):
    """Give the gradient check up."""

    request: int


@final
@dataclass(frozen=True, slots=True)
class TellHistory(Command):
    """How far one can go back."""

    request: int


@final
@dataclass(frozen=True, slots=True)
class StepBack(Command):
    """To the update before."""


@final
@dataclass(frozen=True, slots=True)
class Goto(Command):
    """To the state after so many updates."""

    at: int


@final
@dataclass(frozen=True, slots=True)
class TakeLossCurve(Command):
    """The loss over one weight; `now`: at once, and only as far as that takes a moment."""

    entry: Entry
    low: float
    high: float
    count: int
    on: On
    now: bool
    request: int


@final
@dataclass(frozen=True, slots=True)
class CancelLossCurve(Command):
    """Give the curve up."""

    request: int


@final
@dataclass(frozen=True, slots=True)
class FollowWeights(Command):
    """Tell these weights after every update from now on."""

    who: str
    entries: tuple[Entry, ...]


@final
@dataclass(frozen=True, slots=True)
class SetWeights(Command):
    """Overwrite single weights."""

    numbers: tuple[tuple[Entry, float], ...]


@final
@dataclass(frozen=True, slots=True)
class TakeLinearFit(Command):
    """The data and the space of a linear fit."""

    request: int
