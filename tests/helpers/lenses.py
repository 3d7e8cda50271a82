"""A view of a moment in a real window."""

from __future__ import annotations

from typing import TypeVar

from pytestqt.qtbot import QtBot

from engine.moments import Moment
from gui.backprop.lens import Lens
from gui.main_window import MainWindow
from tests.helpers.windows import PATIENCE

View = TypeVar("View", bound=Lens)


def lens_at(qtbot: QtBot, window: MainWindow, wanted: type[View], kind: type[Moment], node: str) -> View:
    """Enter the mode if need be, choose the view and go to a moment of a block."""
    if not window.backprop.active:
        window.actions_.backprop.trigger()
    qtbot.waitUntil(lambda: window.backprop.step is not None, timeout=PATIENCE)
    step = window.backprop.step
    assert step is not None
    moment = step.at(kind, node)
    assert moment is not None
    window.backprop.panel.choose(wanted.key)
    window.backprop.go(moment.index)
    lens = window.backprop.panel.lens
    assert isinstance(lens, wanted)
    return lens
