"""The views of activations, losses, Jacobians, updates and batches in the room they have: nothing is cut off."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from engine.moments import Backward, Forward, Moment, Outcome, Update
from gui.main_window import MainWindow
from gui.theme import theme
from tests.helpers.cut_text import lasting_faults
from tests.helpers.windows import PATIENCE, main_window, open_example

PLACES: list[tuple[str, str, type[Moment], str]] = [
    ("activation", "mazur", Backward, "act1"),
    ("activation", "deep-sigmoid", Forward, "sigmoid1"),
    ("softmax", "deep-sigmoid", Backward, "loss"),
    ("softmax", "mazur", Forward, "loss"),
    ("jacobian", "mazur", Backward, "output"),
    ("jacobian", "deep-sigmoid", Backward, "output"),
    ("update", "mazur", Update, "output.weight"),
    ("update", "deep-sigmoid", Update, "output.weight"),
    ("update", "vanishing-10", Update, "layer10.bias"),
    ("batch", "mazur", Outcome, ""),
    ("batch", "deep-sigmoid", Outcome, ""),
]


@pytest.fixture
def window(qtbot: QtBot, scale: float) -> Iterator[MainWindow]:
    theme().set_text_scale(scale)  # first: thousands of widgets that are there take half a second to be dressed anew
    with main_window(qtbot) as window:
        yield window


@pytest.mark.parametrize("scale", [1.0, 1.25])
@pytest.mark.parametrize(("key", "example", "kind", "node"), PLACES)
def test_nothing_is_cut_off(
    qtbot: QtBot, window: MainWindow, key: str, example: str, kind: type[Moment], node: str
) -> None:
    open_example(window, example)
    window.actions_.backprop.trigger()
    qtbot.waitUntil(lambda: window.backprop.step is not None, timeout=PATIENCE)
    step = window.backprop.step
    assert step is not None
    moment = step.at(kind, node) or next(each for each in step.moments if isinstance(each, kind))
    panel = window.backprop.panel
    panel.choose(key)
    window.backprop.go(moment.index)
    assert panel.lens.key == key
    assert lasting_faults(panel.lens) == []
