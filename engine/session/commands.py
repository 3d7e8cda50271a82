"""What a session is asked to do: frozen values, so that they could cross into another process as well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, final

from engine.events import Array
from engine.graph import Project

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
    until: Until = field(default_factory=Until)


@final
@dataclass(frozen=True, slots=True)
class Pause(Command):
    pass


@final
@dataclass(frozen=True, slots=True)
class Step(Command):
    grain: Grain


@final
@dataclass(frozen=True, slots=True)
class Stop(Command):
    pass


@final
@dataclass(frozen=True, slots=True)
class Reset(Command):
    seed: int | None = None


@final
@dataclass(frozen=True, slots=True)
class Apply(Command):
    project: Project
    renamed: Mapping[str, str] = field(default_factory=dict)


@final
@dataclass(frozen=True, slots=True)
class SetHyper(Command):
    name: str
    value: float | bool | None


@final
@dataclass(frozen=True, slots=True)
class SetParameter(Command):
    name: str
    value: Array


@final
@dataclass(frozen=True, slots=True)
class Evaluate(Command):
    split: str


@final
@dataclass(frozen=True, slots=True)
class Predict(Command):
    data: Array | str
    request: int


@final
@dataclass(frozen=True, slots=True)
class Preview(Command):
    node: str
    project: Project
    request: int


@final
@dataclass(frozen=True, slots=True)
class Trace(Command):
    batch: int
    request: int


@final
@dataclass(frozen=True, slots=True)
class TakeWeights(Command):
    request: int


@final
@dataclass(frozen=True, slots=True)
class LoadWeights(Command):
    weights: Mapping[str, Array]


@final
@dataclass(frozen=True, slots=True)
class ReadFacts(Command):
    key: str
    params: Mapping[str, Any]
    folder: Path | None


@final
@dataclass(frozen=True, slots=True)
class Export(Command):
    kind: ExportKind
    path: Path
    request: int


@final
@dataclass(frozen=True, slots=True)
class Watch(Command):
    kinds: frozenset[str]


@final
@dataclass(frozen=True, slots=True)
class Close(Command):
    pass
