"""The real window, opened on an example, trained or stepped through, and taken as a picture."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtGui import QImage

from engine.moments import Backward
from gui.main_window import MainWindow
from gui.theme import Mode, theme

SIZE = (1440, 900)
ENDED = ("finished", "failed")


def wait(milliseconds: int) -> None:
    """Let the event loop turn."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def shot(example: str, mode: Mode, *, seconds: float = 20.0, train: bool = True) -> QImage:
    """The window on an example file, trained to its end or for so many seconds, in a theme, 1440 × 900."""
    theme().set_mode(mode)
    window = MainWindow()
    window.resize(*SIZE)
    window.show()
    try:
        window.files.open_example(example)
        wait(300)
        if train:
            window.actions_.play.trigger()
            waited = 0
            while window.feed.state not in ENDED and waited < seconds * 1000:
                wait(100)
                waited += 100
            window.feed.session.pause()
        wait(700)
        return window.grab().toImage()
    finally:
        window.document.undo_stack.setClean()
        window.close()
        window.deleteLater()
        wait(50)


def backprop_shot(example: str, mode: Mode, weight: tuple[str, tuple[int, ...]], *, updates: int = 60) -> QImage:
    """The window in the backprop mode after so many updates, at the chain rule of a weight, 1440 × 900."""
    theme().set_mode(mode)
    window = MainWindow()
    window.resize(*SIZE)
    window.show()
    try:
        window.files.open_example(example)
        wait(300)
        for made in range(1, updates + 1):
            window.feed.step("batch")
            until(partial(_has_made, window, made))
        window.backprop.enter()
        until(lambda: window.backprop.step is not None)
        assert window.backprop.step is not None
        block = weight[0].rsplit(".", 1)[0]
        moments = window.backprop.step.moments
        window.backprop.go(next(each.index for each in moments if isinstance(each, Backward) and each.node == block))
        window.backprop.panel.lenses["chain"].weight_picked.emit(*weight)
        window.docks.show("weightCurve")
        wait(1500)
        return window.grab().toImage()
    finally:
        window.document.undo_stack.setClean()
        window.close()
        window.deleteLater()
        wait(50)


def _has_made(window: MainWindow, updates: int) -> bool:
    return window.feed.steps == updates and window.feed.state != "running"


def until(so: Callable[[], bool], most: int = 30_000) -> None:
    """Let the event loop turn until something is so, no longer than so many milliseconds."""
    waited = 0
    while not so() and waited < most:
        wait(10)
        waited += 10
    assert so()
