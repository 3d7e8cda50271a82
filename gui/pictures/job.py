"""A picture in the making, while the window goes on: painted in slices, with progress and a way out.

Qt paints text in the thread of the window alone, so that a thread of its own is no way.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar, final

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QProgressDialog, QWidget

from engine.problem import ChainruleError
from gui.colors import PAPER
from gui.pictures.drawing import Steps
from gui.theme import theme

T = TypeVar("T")

AT_FIRST: Final = 0.03
"""Seconds of the first slice: most pictures are done by then."""
SLICE: Final = 0.008
"""Seconds of painting between two turns of the event loop."""
PATIENCE_MS: Final = 400
"""Nobody is told of what is done sooner."""


@final
class PaintJob(QObject, Generic[T]):
    """Takes steps until they end, then calls `done` with what they made, or `failed`; after `stop` neither."""

    def __init__(
        self, steps: Steps[T], done: Callable[[T], object], failed: Callable[[ChainruleError], object], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._steps: Steps[T] | None = steps
        self._done, self._failed = done, failed
        self._dialog: QProgressDialog | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(lambda: self._take(SLICE))

    @property
    def is_over(self) -> bool:
        """Whether it came to its end, or was stopped."""
        return self._steps is None

    def start(self, said: str = "", window: QWidget | None = None) -> None:
        """Begin; what takes longer is said in a small window over that one, with a button that stops it."""
        self._take(AT_FIRST)
        if not self.is_over and window is not None:
            dialog = self._dialog = QProgressDialog(said, self.tr("Cancel"), 0, 1000, window)
            dialog.setObjectName("pictureProgress")
            dialog.setWindowModality(Qt.WindowModality.NonModal)
            dialog.setMinimumDuration(PATIENCE_MS)
            dialog.setAutoClose(False)
            dialog.setAutoReset(False)
            dialog.canceled.connect(self.stop)
            dialog.setValue(0)

    def stop(self) -> None:
        """Leave it unfinished; nothing happens where it is over."""
        if self._steps is None:  # Qt's part of it is gone by now
            return
        steps = self._end()
        with theme().painting_in(PAPER):
            steps.close()

    def _take(self, seconds: float) -> None:
        end, steps = time.perf_counter() + seconds, self._steps
        found = list[T]()
        if steps is None:
            return
        try:
            with theme().painting_in(PAPER):
                while True:  # one step at least: on a busy machine, the time may be over before the first
                    part = next(steps)
                    if time.perf_counter() >= end:
                        break
        except StopIteration as stop:
            found.append(stop.value)
        except ChainruleError as error:
            self._end()
            self._failed(error)
            return
        except BaseException:
            self._end()
            raise
        if found:
            self._end()
            self._done(found[0])
            return
        if self._dialog is not None:
            self._dialog.setValue(round(1000 * part))
        self._timer.start(0)

    def _end(self) -> Steps[Any]:
        assert self._steps is not None
        steps, self._steps = self._steps, None
        self._timer.stop()
        if self._dialog is not None:
            self._dialog.hide()
            self._dialog.deleteLater()
            self._dialog = None
        self.deleteLater()
        return steps
