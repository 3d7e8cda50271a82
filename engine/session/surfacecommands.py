"""What a session is asked about the loss surface: frozen values, as in `engine.session.commands`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from engine.session.commands import Command
from engine.surfaceevents import SurfaceWanted


@final
@dataclass(frozen=True, slots=True)
class ComputeSurface(Command):
    """The loss over a plane through the present weights."""

    wanted: SurfaceWanted
    request: int


@final
@dataclass(frozen=True, slots=True)
class CancelSurface(Command):
    """Give that surface up."""

    request: int


@final
@dataclass(frozen=True, slots=True)
class StartThere(Command):
    """Overwrite the weights with those of a place of that surface."""

    x: float
    y: float
    request: int
