"""What can be made ready while a step is being taken apart, so that its first moment comes as quickly as the others."""

from __future__ import annotations

from typing import Final, final

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from gui.background import run_in_background
from gui.backprop.panel import BackpropPanel
from gui.mathtext import formula_ready, prepare
from gui.notices import notices

FORMULA: Final = r"\frac{\partial L}{\partial x_{1}} = (-0.5) \cdot 10^{-3} + \underset{2}{\dots} = 1"
"""Whatever formulas with numbers are made of."""


@final
class WarmUp(QObject):
    """Loads what draws formulas in a pool thread; makes the views and styles them one by one, between events. Once."""

    def __init__(self, panel: BackpropPanel, parent: QObject) -> None:
        super().__init__(parent)
        self._panel = panel
        self._views: list[QWidget] | None = None
        self._started = False

    def start(self) -> None:
        """Begin, or do nothing if it was done."""
        if not formula_ready(FORMULA):
            run_in_background(lambda: prepare([FORMULA]), lambda _none: None, self._failed)
        if not self._started:
            self._started = True
            QTimer.singleShot(0, self, self._next)

    def _next(self) -> None:
        if self._panel.prepare():
            QTimer.singleShot(0, self, self._next)
            return
        if self._views is None:
            self._views = list(self._panel.lenses.values())
        if self._views:
            view = self._views.pop()
            for part in (view, *view.findChildren(QWidget)):
                part.ensurePolished()
            QTimer.singleShot(0, self, self._next)

    def _failed(self, error: BaseException) -> None:
        notices().failure(error, self.tr("Formulas cannot be drawn."))
