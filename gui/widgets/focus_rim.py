"""A line round the canvas or a plot while it has the focus by way of keys: nothing else would show it."""

from __future__ import annotations

from typing import Final, final

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QFocusEvent, QPainter, QPaintEvent, QRegion
from PySide6.QtWidgets import QAbstractScrollArea, QWidget

from gui.theme import theme

_WIDTH: Final = 2
_BY_KEYS: Final = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)


@final
class FocusRim(QWidget):
    """Floats over the edges of the view; the mouse goes through, and a press takes it away."""

    def __init__(self, view: QAbstractScrollArea) -> None:
        super().__init__(view)
        self.setObjectName("focusRim")
        self._view = view
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()
        view.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if isinstance(event, QFocusEvent) and kind in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self._show(kind == QEvent.Type.FocusIn and event.reason() in _BY_KEYS)
        elif kind == QEvent.Type.Resize and not self.isHidden():
            self._show(True)
        elif kind == QEvent.Type.MouseButtonPress:
            self._show(False)
        return False

    def _show(self, shown: bool) -> None:
        if self.isHidden() == shown:  # listened to only while it is there: it hears of each frame
            viewport = self._view.viewport()
            (viewport.installEventFilter if shown else viewport.removeEventFilter)(self)
        if shown:
            area = self._view.rect()
            self.setGeometry(area)
            self.setMask(QRegion(area) - QRegion(area.adjusted(_WIDTH, _WIDTH, -_WIDTH, -_WIDTH)))
            self.raise_()
        self.setVisible(shown)

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), theme().color("accent"))
