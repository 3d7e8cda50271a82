"""After edits and a training the window comes to rest: no timer, no repaint, no work of the processor."""

from __future__ import annotations

import time

from PySide6.QtCore import QAbstractAnimation, QEvent, QEventLoop, QObject, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gui.main_window import MainWindow
from tests.helpers.windows import PATIENCE, main_window, open_example, play_to_the_end, set_params

WATCHED_MS = 1000
LOOKS = 15
"""After so many seconds, the last of what was begun has happened on any machine; what goes on for ever never has."""


class Watch(QObject):
    """Counts what is delivered to anybody of the application."""

    def __init__(self) -> None:
        super().__init__()
        self.paints: list[str] = []
        self.timers: list[str] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Paint, QEvent.Type.UpdateRequest):
            self.paints.append(_name(watched))
        elif event.type() == QEvent.Type.Timer and type(watched) is not QObject:  # Qt's own, such as its pixmap cache
            self.timers.append(_name(watched))
        return False


def _name(watched: QObject) -> str:
    parent = watched.parent()
    owner = f" of {type(parent).__name__}" if parent is not None else ""
    return f"{type(watched).__name__} {watched.objectName()}{owner}"


def running(window: MainWindow) -> list[str]:
    """The timers and animations under way, but for those that wait once for minutes (autosave)."""
    timers = [timer for timer in window.findChildren(QTimer) if timer.isActive()]
    names = [_name(timer) for timer in timers if not (timer.isSingleShot() and timer.interval() > 2 * WATCHED_MS)]
    moving = window.findChildren(QAbstractAnimation)
    return names + [_name(each) for each in moving if each.state() == QAbstractAnimation.State.Running]


def watched() -> tuple[Watch, float]:
    """What happens in a second, and the share of it that this thread worked."""
    watch, loop, end = Watch(), QEventLoop(), QTimer()
    end.setSingleShot(True)
    end.timeout.connect(loop.quit)
    application = QApplication.instance()
    assert application is not None
    application.installEventFilter(watch)
    start, worked = time.perf_counter(), time.thread_time()
    end.start(WATCHED_MS)
    loop.exec()
    took, worked = time.perf_counter() - start, time.thread_time() - worked
    application.removeEventFilter(watch)
    watch.timers.remove(_name(end))
    return watch, worked / took


def assert_idle(qtbot: QtBot, window: MainWindow) -> None:
    """Whatever was begun comes to an end, and then there is a second of nothing."""
    qtbot.waitUntil(lambda: not running(window), timeout=PATIENCE)
    for _ in range(LOOKS):
        watch, share = watched()
        if not watch.paints and not watch.timers:
            break
    assert watch.paints == []
    assert watch.timers == []
    assert running(window) == []
    assert share < 0.05


def test_an_idle_window_does_nothing(qtbot: QtBot) -> None:
    with main_window(qtbot) as window:
        assert_idle(qtbot, window)
        open_example(window, "spiral")
        assert_idle(qtbot, window)
        window.canvas.items_.wires.choose(window.canvas.items_.wires.items)
        window.selection.set(window.canvas.items_.blocks)
        set_params(window, "output", out_features=2)
        window.document.undo_stack.undo()
        assert_idle(qtbot, window)


def test_a_window_is_idle_again_after_a_training(qtbot: QtBot) -> None:
    with main_window(qtbot) as window:
        open_example(window, "spiral", epochs=2)
        play_to_the_end(qtbot, window)
        assert_idle(qtbot, window)


def test_what_is_not_idle_is_found(qtbot: QtBot) -> None:
    with main_window(qtbot) as window:
        assert_idle(qtbot, window)
        busy = QTimer(window)
        busy.setObjectName("busy")
        busy.timeout.connect(window.canvas.viewport().update)
        busy.start(50)
        watch, _ = watched()
        busy.stop()
        assert any("busy" in name for name in watch.timers)
        assert watch.paints
