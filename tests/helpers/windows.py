"""Real windows for tests: opened, trained, and left without a question."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from engine import edits
from engine.events import WeightsTaken
from engine.graph import Project
from gui.main_window import MainWindow
from gui.panel import Panel
from tests.helpers.leaks import let_go

P = TypeVar("P", bound=Panel)
W = TypeVar("W", bound=QWidget)

PATIENCE = 60_000
"""Milliseconds until a training on a busy machine is taken for stuck."""


@contextmanager
def main_window(qtbot: QtBot, project: Project | None = None) -> Iterator[MainWindow]:
    """A window, 1440 × 900, with the real engine behind it."""
    window = MainWindow(project)
    window.resize(1440, 900)
    window.show()
    qtbot.waitExposed(window)
    try:
        yield window
    finally:
        window.document.undo_stack.setClean()  # nobody is there to be asked
        if window.runs.folder is None:  # nor about what was learned
            window.feed.close()
            window.document.replace(Project())
        window.close()
        window.deleteLater()
        let_go()


def open_example(window: MainWindow, name: str, **training: object) -> None:
    """An example, with other training settings if any are given."""
    assert window.files.open_example(f"{name}.chainrule")
    if training:
        window.document.edit("settings", *edits.set_training(window.document.project, training))


def set_params(window: MainWindow, node: str, **params: object) -> None:
    """Edit a block as the inspector does."""
    window.document.edit("edit", *edits.set_params(window.document.project, node, params))


def wait_for(qtbot: QtBot, window: MainWindow, *states: str) -> None:
    """Until the run is in one of these states."""
    qtbot.waitUntil(lambda: window.feed.state in states, timeout=PATIENCE)


def play_to_the_end(qtbot: QtBot, window: MainWindow) -> None:
    """Press Play and wait until the training is done, and on disk."""
    window.actions_.play.trigger()
    wait_for(qtbot, window, "finished")
    wait_for_worker(qtbot, window)


def wait_for_worker(qtbot: QtBot, window: MainWindow) -> None:
    """Until the session has done what it was asked: it tells of an end before it saves."""
    answers: list[WeightsTaken] = []
    window.feed.on(WeightsTaken, answers.append)
    request = window.feed.next_request()
    window.feed.session.weights(request)
    qtbot.waitUntil(lambda: request in [answer.request for answer in answers], timeout=PATIENCE)
    window.feed.off(WeightsTaken, answers.append)


def make_step(qtbot: QtBot, window: MainWindow) -> None:
    """Press Step and wait until the step is made and the next one can be: while it runs, the button is off."""
    steps = window.feed.steps
    assert window.actions_.step.isEnabled()
    window.actions_.step.trigger()
    qtbot.waitUntil(lambda: window.feed.steps > steps and window.actions_.step.isEnabled(), timeout=PATIENCE)


@contextmanager
def slow_steps() -> Iterator[None]:
    """Trainings go on for as long as this does: a hundredth of a second a step, however busy the window is."""

    from engine.training.run import Run  # torch is for those alone who train

    def slowly(run: Run, size: int | None = None, most: int = 1) -> None:
        time.sleep(0.01)
        tick(run, size, 1)

    tick = Run.tick
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "tick", slowly)
        yield


def panel_of(window: MainWindow, kind: type[P]) -> P:
    """The window's panel of a kind."""
    return window.panels.of(kind)
