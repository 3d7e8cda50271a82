"""The handle of a dock: its name, and buttons to float and to close it."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QToolButton, QWidget

from gui.icons import icon
from gui.theme import set_kind, theme
from gui.widgets.labels import plain_tooltip, text_label

HEIGHT = 30


@final
class DockTitle(QWidget):
    """Dragged to move its dock, double-clicked to float it; without height while the dock is a tab among others."""

    def __init__(self, dock: QDockWidget) -> None:
        super().__init__(dock)
        self._tabbed = False
        name = text_label(dock.windowTitle(), "section", "secondary")
        name.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 6, 0)
        row.setSpacing(2)
        row.addWidget(name, 1)
        self._buttons = (
            self._button("float", self.tr("Float or dock {0}").format(dock.windowTitle())),
            self._button("close", self.tr("Close {0} (View ▸ Panels brings it back)").format(dock.windowTitle())),
        )
        float_button, close_button = self._buttons
        float_button.clicked.connect(lambda: dock.setFloating(not dock.isFloating()))
        close_button.clicked.connect(dock.close)
        for button in self._buttons:
            row.addWidget(button)
        dock.setTitleBarWidget(self)
        theme().changed.connect(self._rescale)
        self._rescale()

    def _button(self, icon_name: str, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setIcon(icon(icon_name, "secondary"))
        button.setToolTip(plain_tooltip(tip))
        button.setAccessibleName(tip)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        set_kind(button, "small")
        return button

    def set_tabbed(self, tabbed: bool) -> None:
        """Whether the dock is a tab among others, which then is its handle."""
        if tabbed != self._tabbed:
            self._tabbed = tabbed
            self._rescale()

    def _rescale(self) -> None:
        side = theme().px(12)
        for button in self._buttons:
            button.setIconSize(QSize(side, side))
            button.setVisible(not self._tabbed)
        self.setFixedHeight(0 if self._tabbed else theme().px(HEIGHT))

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self.maximumHeight())

    def minimumSizeHint(self) -> QSize:
        return QSize(super().minimumSizeHint().width(), self.maximumHeight())
