"""What can wait until the window is used: panels, views and PyTorch, loaded a piece at a time while hands rest."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final, final

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication

from engine import session
from gui.background import run_in_background
from gui.backprop.panel import BackpropPanel
from gui.backprop.warm import FORMULA
from gui.mathtext import prepare
from gui.panels import Panels
from gui.threads import GuiCollector

QUIET: Final = 300
"""Milliseconds without mouse and keys after which nobody notices that a piece takes some hundredths of a second."""
HANDS: Final = frozenset(
    {
        QEvent.Type.MouseMove,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseButtonRelease,
        QEvent.Type.Wheel,
        QEvent.Type.KeyPress,
        QEvent.Type.KeyRelease,
        QEvent.Type.NativeGesture,
        QEvent.Type.TouchUpdate,
        QEvent.Type.TabletMove,
        QEvent.Type.DragMove,
    }
)


@final
class Readying(QObject):
    """Begins when the window is painted, pauses as long as somebody works, ends for good when all is there.

    PyTorch comes last, in a pool thread: once, for about a fifth of a second, it leaves no other thread a turn.

    Signals:
        finished(): all is there.
    """

    finished = Signal()

    def __init__(self, panels: Panels, backprop: BackpropPanel, collector: GuiCollector, parent: QObject) -> None:
        super().__init__(parent)
        self._panels, self._backprop, self._collector = panels, backprop, collector
        app = QApplication.instance()
        assert app is not None
        self._app = app
        self._steps = self._pieces()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._next)

    def start(self) -> None:
        """Begin at the first rest."""
        self._app.installEventFilter(self)
        self._timer.start(QUIET)

    def _pieces(self) -> Iterator[None]:
        for place in self._panels.places:
            if not place.is_made:
                yield
                _ = place.panel
        more = True
        while more:
            yield
            more = self._backprop.prepare()

    def _next(self) -> None:
        if QApplication.mouseButtons() != Qt.MouseButton.NoButton:
            self._timer.start(QUIET)
        elif next(self._steps, self) is not self:
            self._timer.start(0)  # whatever happened meanwhile goes first
        else:
            self._app.removeEventFilter(self)
            self._load_torch()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in HANDS and self._timer.isActive():
            self._timer.start(QUIET)
        return False

    def _load_torch(self) -> None:
        if "torch" in sys.modules:  # a training was quicker
            self._end()
            return
        self._collector.hold()
        run_in_background(_load, lambda _: self._end(), lambda _: self._end())

    def _end(self) -> None:
        """A failure to load is told by the session, when something is to be trained."""
        self._collector.settle()
        self.finished.emit()


def _load() -> None:
    """What draws formulas, then what trains."""
    prepare([FORMULA])
    session.load()
