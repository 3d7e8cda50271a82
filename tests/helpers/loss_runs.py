"""Runs of a loss panel whose session needs no thread: trained, reset, and what is told of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from engine import edits
from engine.events import Event, Scalars, StateChanged
from gui.plots.earlier_legend import RunEntry
from gui.plots.loss import LossPanel
from tests.helpers import sample_events
from tests.helpers.fake_session import FakeSession


def post(panel: LossPanel, *events: Event) -> None:
    """The session tells this."""
    session = panel.feed.session
    assert isinstance(session, FakeSession)
    session.post(*events)
    panel.feed.drain()


def train(
    panel: LossPanel, steps: int = 75, seed: int = 0, epochs: int = 3, put: Mapping[int, float] | None = None
) -> Scalars:
    """A run of so many steps; `put`: losses at places."""
    event = sample_events.scalars(steps, seed=seed)
    for place, value in (put or {}).items():
        event.loss[place] = value
    post(panel, StateChanged("running"), event, *sample_events.epochs(epochs), StateChanged("finished", step=steps))
    return event


def reset(panel: LossPanel) -> None:
    """Back to step 0."""
    post(panel, StateChanged("ready", step=0))


def set_training(panel: LossPanel, **training: object) -> None:
    """Edit the settings as the inspector does."""
    document = panel.document
    document.edit("settings", *edits.set_training(document.project, training))


def names(panel: LossPanel) -> list[str]:
    """What the earlier runs are called, oldest first."""
    return [entry.text() for entry in panel.earlier.legend.entries]


def entry(panel: LossPanel, number: int) -> RunEntry:
    """The entry of a run."""
    return next(each for each in panel.earlier.legend.entries if each.number == number)


def rows_of(panel: LossPanel) -> list[dict[str, str]]:
    """Its table as a CSV file has it."""
    header, rows = panel.table()
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return list(csv.DictReader(io.StringIO(text.getvalue())))
