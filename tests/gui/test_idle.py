"""Where nothing happens nothing runs: no timer fires, nothing is painted, no processor time is taken."""

from __future__ import annotations

from collections import Counter
from typing import final

import pytest
from PySide6.QtCore import QEvent, QEventLoop, QObject, QTimer
from PySide6.QtGui import QPixmapCache
from PySide6.QtWidgets import QApplication

from tests.helpers.windows import main_window, open_example

WATCHED = 1000
"""Milliseconds of rest."""
LOOKS = 15
"""After so many seconds, what opening started has come to its end on any machine."""
_COUNTED = (QEvent.Type.Paint, QEvent.Type.UpdateRequest, QEvent.Type.Timer, QEvent.Type.LayoutRequest)


@final
class Happenings(QObject):
    """Counts what wakes the application, and names whom it wakes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _COUNTED:
            self.found[f"{event.type().name} of {type(watched).__name__} {watched.objectName()}".strip()] += 1
        return False


def happenings(milliseconds: int) -> Counter[str]:
    """What happens in that time, but for the one timer that ends the wait."""
    app, made = QApplication.instance(), Happenings()
    assert app is not None
    QPixmapCache.clear()  # or Qt looks every thirty seconds whether what an earlier test drew is still wanted
    loop, end = QEventLoop(), QTimer()
    end.setObjectName("the end")
    end.setSingleShot(True)
    end.timeout.connect(loop.quit)
    end.start(milliseconds)
    app.installEventFilter(made)
    loop.exec()
    app.removeEventFilter(made)
    assert made.found.pop("Timer of QTimer the end") == 1
    return made.found


def at_rest() -> Counter[str]:
    """What happens in a second, looked at until it is nothing: what happens again and again never ends."""
    for _ in range(LOOKS):
        found = happenings(WATCHED)
        if not found:
            break
    return found


@pytest.mark.parametrize("busy", ["opened", "selected", "searched"])
def test_a_window_at_rest_does_nothing(qtbot, busy):
    with main_window(qtbot) as window:
        open_example(window, "spiral")
        window.canvas.setFocus()
        if busy == "selected":
            window.selection.set(window.document.project.graph.nodes)
            window.canvas.fit()
        if busy == "searched":
            window.canvas.find_bar.open()
            window.canvas.find_bar.close()
            window.command_palette.open()
            window.command_palette.popup.close()
            window.canvas.setFocus()
        assert at_rest() == Counter()


def test_the_watch_sees_what_happens(qtbot):
    with main_window(qtbot) as window:
        assert at_rest() == Counter()
        window.startTimer(50)
        window.canvas.viewport().update()
        found = happenings(200)
        assert any(name.startswith("Timer of MainWindow") for name in found)
        assert any(name.startswith(("UpdateRequest", "Paint")) for name in found)
