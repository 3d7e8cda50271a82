"""Two versions of a project side by side: what a training has to be told of, and what may change while it runs."""

from __future__ import annotations

from dataclasses import replace

from engine import edits, settings
from engine.frozen import DROP
from engine.graph import Project
from engine.session import Session


def same_network(one: Project, other: Project) -> bool:
    """Whether they differ in nothing but settings of the training, and looks."""
    return (one.graph, one.groups, one.parameters) == (other.graph, other.groups, other.parameters)


def same_run(one: Project, other: Project) -> bool:
    """Whether they differ in nothing that a training knows of."""
    return same_network(one, other) and one.training == other.training


def follow(session: Session, running: Project, now: Project) -> Project:
    """Tell a session the live settings that are others now; what runs then."""
    values, errors = settings.parse(now.training)
    before, _ = settings.parse(running.training)
    wrong = {name for name, _ in errors}
    names = [name for name in settings.LIVE if name in settings.TRAINING and name not in wrong]
    for name in names:
        if values[name] != before[name]:
            session.set_hyper(name, values[name])
    written = settings.from_file(now.training)
    same = edits.set_training(running, {name: written.get(name, DROP) for name in names})[0].training
    return replace(running, training=same)
