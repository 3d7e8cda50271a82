"""Garbage is collected in the GUI thread, and only there. (Who is in which thread: see test_notices.py.)"""

from __future__ import annotations

import gc
import os
import threading

import pytest
from PySide6.QtCore import QTimer

from gui.threads import GuiCollector, paint_in_one_thread


@pytest.mark.parametrize(("before", "after"), [(None, "1"), ("0", "0")])
def test_painting_in_one_thread_leaves_the_choice_to_the_user(monkeypatch, before, after):
    monkeypatch.delenv("QT_NO_GUI_THREADPOOL", raising=False)
    if before is not None:
        monkeypatch.setenv("QT_NO_GUI_THREADPOOL", before)
    paint_in_one_thread()
    assert os.environ["QT_NO_GUI_THREADPOOL"] == after


class Ring:
    """Garbage only the cyclic collector finds; notes the thread it dies in."""

    died: list[int]

    def __init__(self, died: list[int]) -> None:
        self.died = died
        self.itself = self

    def __del__(self) -> None:
        self.died.append(threading.get_ident())


@pytest.fixture
def collector(qapp):
    made = GuiCollector(qapp)
    yield made
    made.stop()
    made.deleteLater()
    assert gc.isenabled()


def test_garbage_of_other_threads_dies_in_the_gui_thread(collector, qtbot):
    died: list[int] = []

    def work() -> None:
        for _ in range(20_000):
            Ring(died)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert died == []  # twenty times the amount at which Python would collect by itself
    QTimer.singleShot(0, lambda: None)
    qtbot.waitUntil(lambda: len(died) > 0)
    assert set(died) == {threading.get_ident()}


def test_little_garbage_waits(collector, qtbot, monkeypatch):
    calls: list[int] = []
    gc.collect()
    monkeypatch.setattr(gc, "collect", calls.append)
    qtbot.wait(20)
    assert calls == []
