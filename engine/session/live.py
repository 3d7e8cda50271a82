"""Hyperparameters that may be changed while a training runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine import edits
from engine.frozen import DROP
from engine.graph import Project
from engine.param import ParamError
from engine.settings import LIVE, TRAINING
from engine.training.run import Run


def live_value(name: str, value: Any) -> Any:
    """The value as the trainer takes it. Raises ParamError, a sentence."""
    if name not in LIVE:
        raise ParamError(f"{name} cannot be changed while it trains; apply the change.")
    if name not in TRAINING:
        return bool(value)
    try:
        return TRAINING[name].parse(value)
    except ParamError as error:
        raise ParamError(f"{name} {error}.") from None


def with_live(project: Project, name: str, value: Any) -> Project:
    """A project that begins with this value, where it is one of its settings: so its next run does, and says so."""
    if name not in TRAINING:
        return project
    return edits.set_training(project, {name: DROP if value == TRAINING[name].start else value})[0]


def switches(changed: dict[str, Any]) -> dict[str, Any]:
    """Those of the changed ones that stand in no project, which therefore outlast an edit."""
    return {name: value for name, value in changed.items() if name not in TRAINING}


def bring(run: Run, changed: Mapping[str, Any]) -> bool:
    """Let what was changed by hand be in force; whether it was not.

    Back in time, other values are. Who goes on from there goes on with those that the window shows.
    """
    missing = [name for name, value in changed.items() if not run.trainer.has_hyper(name, value)]
    for name in missing:
        run.set_hyper(name, changed[name])
    return bool(missing)
