"""What a session is asked to do: frozen values, so that they could cross into another process as well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, final

from engine.events import Array
from engine.graph import Project
from engine.runplace import RunPlace

Grain = Literal["sample", "batch", "epoch"]
"""How far `step` goes: an update with one sample, an update with a batch, to the end of the epoch."""

ExportKind = Literal["pytorch", "weights"]


@final
@dataclass(frozen=True, slots=True)
class Until:
    """Where `play` ends: at this many epochs or updates in all, whichever comes first; without either, as planned."""

    epochs: int | None = None
    steps: int | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """Base of all commands."""


@final
@dataclass(frozen=True, slots=True)
class Play(Command):
    """Train until then."""

    until: Until = field(default_factory=Until)


@final
@dataclass(frozen=True, slots=True)
class Pause(Command):
    """Hold."""


@final
@dataclass(frozen=True, slots=True)
class Step(Command):
    """One grain, then pause."""

    grain: Grain


@final
@dataclass(frozen=True, slots=True)
class Stop(Command):
    """End the training."""


@final
@dataclass(frozen=True, slots=True)
class Reset(Command):
    """Back to the start values; `seed` draws others."""

    seed: int | None = None


@final
@dataclass(frozen=True, slots=True)
class Apply(Command):
    """Let an edited project run; `renamed` maps old ids of blocks to new ones."""

    project: Project
    renamed: Mapping[str, str] = field(default_factory=dict)


@final
@dataclass(frozen=True, slots=True)
class SetHyper(Command):
    """Change a live hyperparameter."""

    name: str
    value: float | bool | None


@final
@dataclass(frozen=True, slots=True)
class SetParameter(Command):
    """Overwrite `block.parameter`."""

    name: str
    value: Array


@final
@dataclass(frozen=True, slots=True)
class Evaluate(Command):
    """Loss and metrics of a part of the data."""

    split: str


@final
@dataclass(frozen=True, slots=True)
class Predict(Command):
    """Predictions for rows, pictures or a file."""

    data: Array | str
    request: int


@final
@dataclass(frozen=True, slots=True)
class Preview(Command):
    """A look at the data of an Input of a project."""

    node: str
    project: Project
    request: int


@final
@dataclass(frozen=True, slots=True)
class Trace(Command):
    """A step of a batch of the present epoch, or of one sample of it, number by number; None: of the next batch."""

    batch: int | None
    request: int
    sample: int | None = None


@final
@dataclass(frozen=True, slots=True)
class Unfold(Command):
    """The same as a list of moments."""

    batch: int | None
    request: int
    sample: int | None = None


@final
@dataclass(frozen=True, slots=True)
class TakeWeights(Command):
    """A copy of all weights."""

    request: int


@final
@dataclass(frozen=True, slots=True)
class LoadWeights(Command):
    """Overwrite what fits."""

    weights: Mapping[str, Array]


@final
@dataclass(frozen=True, slots=True)
class LoadRun(Command):
    """Overwrite all weights with those of a run directory or weights file."""

    path: Path
    request: int


@final
@dataclass(frozen=True, slots=True)
class ResumeRun(Command):
    """Go on with the training of a run directory, where its last checkpoint is."""

    path: Path
    request: int


@final
@dataclass(frozen=True, slots=True)
class TellMachine(Command):
    """As `Session.machine`."""


@final
@dataclass(frozen=True, slots=True)
class KeepRuns(Command):
    """Where runs leave their files from now on; None: nowhere."""

    place: RunPlace | None


@final
@dataclass(frozen=True, slots=True)
class ReadFacts(Command):
    """What a data file looks like."""

    key: str
    params: Mapping[str, Any]
    folder: Path | None


@final
@dataclass(frozen=True, slots=True)
class Export(Command):
    """Write the network."""

    kind: ExportKind
    path: Path
    request: int


@final
@dataclass(frozen=True, slots=True)
class Watch(Command):
    """Which snapshot lanes are looked at."""

    kinds: frozenset[str]


@final
@dataclass(frozen=True, slots=True)
class LookAt(Command):
    """Whose responses are looked at, and to which sample."""

    blocks: frozenset[str]
    sample: int


@final
@dataclass(frozen=True, slots=True)
class Close(Command):
    """End the thread."""
