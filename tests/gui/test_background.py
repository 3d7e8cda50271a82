"""Work off the GUI thread, whose asker may be gone when it is done."""

from __future__ import annotations

import threading

import pytest
import shiboken6
from PySide6.QtCore import QThreadPool
from PySide6.QtWidgets import QApplication, QLabel

from gui import background
from gui.background import run_aside, run_in_background


def refuse(what: object) -> None:
    raise AssertionError(what)


def test_a_widget_closed_meanwhile_is_not_told(qtbot):
    gate = threading.Event()
    label = QLabel("before")
    run_in_background(lambda: str(gate.wait(5)), label.setText, refuse)
    shiboken6.delete(label)
    gate.set()
    QThreadPool.globalInstance().waitForDone()
    QApplication.processEvents()  # an exception in here fails the test


def test_the_result_or_the_error_arrives_in_the_gui_thread(qtbot):
    told: list[tuple[object, int]] = []

    def note(what: object) -> None:
        told.append((what, threading.get_ident()))

    run_in_background(threading.get_ident, note, refuse)
    qtbot.waitUntil(lambda: len(told) == 1)
    assert told[0][0] != threading.get_ident()
    assert told[0][1] == threading.get_ident()
    run_in_background(lambda: int("six"), refuse, note)
    qtbot.waitUntil(lambda: len(told) == 2)
    assert isinstance(told[1][0], ValueError)
    assert told[1][1] == threading.get_ident()


def test_work_aside_returns_or_raises(qapp):
    assert run_aside(lambda: 6 * 7) == 42
    with pytest.raises(ZeroDivisionError):
        run_aside(lambda: 1 / 0)


def test_work_that_ends_after_the_application_complains_to_nobody(qtbot, capfd):
    gate, told = threading.Event(), []
    run_in_background(lambda: gate.wait(5), told.append, refuse)
    assert background._desk is not None
    shiboken6.delete(background._desk)
    gate.set()
    QThreadPool.globalInstance().waitForDone()
    assert (told, capfd.readouterr().err) == ([], "")
    run_in_background(lambda: 6 * 7, told.append, refuse)
    qtbot.waitUntil(lambda: told == [42])
