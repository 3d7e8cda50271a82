"""The status bar says in a word how steps are made."""

from __future__ import annotations

import math

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from engine.training import choosing
from tests.helpers.windows import main_window, open_example, play_to_the_end


@pytest.mark.parametrize(("gain", "word", "tip"), [(math.inf, "Captured", "without Python"), (0.0, "Eager", "PyTorch")])
def test_the_status_bar_names_the_engine(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, gain: float, word: str, tip: str
):
    monkeypatch.setattr(choosing, "_GAIN", gain)
    with main_window(qtbot) as window:
        open_example(window, "circle", epochs=8)
        label = window.findChild(QLabel, "stepEngine")
        assert label is not None
        assert label.text() == ""
        play_to_the_end(qtbot, window)
        assert label.text() == word
        assert tip in label.toolTip()
