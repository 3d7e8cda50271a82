"""Fast-forward as a person meets it: offered where it works, with a reason where it does not, and told when it ends."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QLabel

from engine import edits
from engine.events import FAST_LEFT, FAST_REFUSED, Said, StateChanged
from engine.fastforward.calls import Step
from engine.fastforward.kernel import Kernel
from engine.planning import kernels
from engine.snapshots import KernelMaking, Progress
from gui.inspector.fast_part import FastPart
from gui.main_window import MainWindow
from gui.notices import notices
from tests.helpers.windows import PATIENCE, open_example, play_to_the_end


def part(window: MainWindow) -> FastPart:
    return window.inspector.settings.fast


def note(window: MainWindow) -> str:
    label = window.inspector.findChild(QLabel, "fastForwardNote")
    assert label is not None
    return "" if label.isHidden() else label.text()


def engine_word(window: MainWindow) -> str:
    label = window.findChild(QLabel, "stepEngine")
    assert label is not None
    return label.text()


def test_where_no_kernel_can_work_the_blocks_are_named(window):
    open_example(window, "residual-digits")
    switch, action = part(window).switch, window.actions_.fast_forward
    assert switch.isVisible()
    assert (switch.isEnabled(), action.isEnabled()) == (False, False)
    assert note(window) == "Not with stem, res: only PyTorch computes such blocks."
    assert "stem, res" in switch.toolTip()
    assert "stem, res" in action.toolTip()


def test_dropout_that_is_switched_off_is_no_reason(window):
    open_example(window, "overfitting-cured")
    assert not part(window).switch.isEnabled()
    assert "drop1, drop2" in note(window)
    window.inspector.settings._dropout.setChecked(True)
    assert part(window).switch.isEnabled()
    part(window).switch.setChecked(True)
    window.inspector.settings._dropout.setChecked(False)
    assert (part(window).switch.isChecked(), part(window).switch.isEnabled()) == (False, False)


def test_an_edit_that_makes_it_impossible_switches_it_off(window):
    open_example(window, "circle")
    window.actions_.fast_forward.trigger()
    assert part(window).switch.isChecked()
    window.document.edit("settings", *edits.set_training(window.document.project, {"micro_batch": 2}))
    assert not part(window).switch.isChecked()
    assert note(window) == "Only without micro-batches (Device and memory)."
    window.document.undo_stack.undo()
    assert part(window).switch.isEnabled()
    assert note(window) == ""


def test_without_a_compiler_it_says_what_to_install(window, monkeypatch):
    monkeypatch.setattr(kernels, "compiler_there", lambda: False)
    open_example(window, "circle")
    assert not part(window).switch.isEnabled()
    assert "pip install llvmlite" in note(window)
    assert "pip install llvmlite" in window.actions_.fast_forward.toolTip()


@pytest.mark.parametrize("topic", [FAST_REFUSED, FAST_LEFT])
def test_what_the_training_refuses_is_told_once_and_switched_off(window, topic: str):
    open_example(window, "circle")
    window.actions_.fast_forward.trigger()
    before = len(notices().history)
    window.feed._deliver(Said("warning", "Fast-forward was left: a reason.", topic))
    told = notices().history[before:]
    assert [notice.text for notice in told] == ["Fast-forward was left: a reason."]
    assert ("1e-5" in told[0].details) is (topic == FAST_LEFT)
    assert not part(window).switch.isChecked()
    assert not part(window).switch.isEnabled()
    assert note(window) == "Fast-forward was left: a reason."
    window.feed.restarted.emit()
    assert part(window).switch.isEnabled()
    assert note(window) == ""


def progress(engine: str) -> Progress:
    return Progress(1, 9, 3, 3, 100.0, None, 0.1, 0.5, engine=engine)  # type: ignore[arg-type]


def test_the_status_bar_says_that_a_kernel_is_being_made_while_it_is(window):
    open_example(window, "circle")
    window.actions_.fast_forward.trigger()
    window.feed._deliver(StateChanged("running", step=1))
    assert engine_word(window) == ""
    window.feed._deliver(KernelMaking(going=True))
    assert engine_word(window) == "Preparing fast-forward…"
    window.feed._deliver(progress("captured"))  # told before it began
    assert engine_word(window) == "Preparing fast-forward…"
    window.feed._deliver(KernelMaking(going=False))
    assert engine_word(window) == "Captured"
    window.feed._deliver(progress("fast"))
    assert engine_word(window) == "Fast-forward"
    window.feed._deliver(StateChanged("ready"))


def test_every_kernel_is_told_while_it_is_made(window, qtbot, monkeypatch):
    """One for the steps, one for the validation: of each, that it begins and that it ends."""
    told: list[bool] = []
    there: list[int] = []
    made = Kernel.__init__

    def making(kernel: Kernel, step: Step) -> None:
        there.append(len(told))
        made(kernel, step)

    monkeypatch.setattr(Kernel, "__init__", making)
    monkeypatch.setattr(KernelMaking, "lane", property(id))  # each is kept
    window.feed.on(KernelMaking, lambda event: told.append(event.going))
    open_example(window, "circle", epochs=2)
    window.actions_.fast_forward.trigger()
    play_to_the_end(qtbot, window)
    assert there
    assert told == [True, False] * len(there)


def test_a_training_in_fast_forward(window, qtbot):
    open_example(window, "circle", epochs=400)
    window.actions_.fast_forward.trigger()
    window.actions_.play.trigger()
    qtbot.waitUntil(lambda: engine_word(window) == "Fast-forward", timeout=PATIENCE)
    assert note(window) == ""
