"""The status bar says in a word how steps are made, and by how many threads."""

from __future__ import annotations

import math
from typing import get_args

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from engine.machineevents import ThreadsChosen, WhyThreads
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


def test_the_status_bar_tells_the_threads_and_why(qtbot: QtBot):
    with main_window(qtbot) as window:
        open_example(window, "circle", epochs=1)
        label = window.findChild(QLabel, "threadsInUse")
        assert label is not None
        assert label.text() == ""
        play_to_the_end(qtbot, window)
        assert label.text() == "1 thread"  # a step so small is worth no more
        assert "one" in label.toolTip()
        deliver = window.feed._deliver
        deliver(ThreadsChosen(4, 8, "measured", 2.5))
        assert label.text() == "4 threads"
        assert "Of 8 threads 4 compute" in label.toolTip()
        assert "1/2.5" in label.toolTip()
        tips = set()
        for why in get_args(WhyThreads):
            deliver(ThreadsChosen(2, 8, why, 1.5))
            tips.add(label.toolTip())
        assert len(tips) == len(get_args(WhyThreads))
