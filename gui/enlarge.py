"""Makes a panel large for a closer look: its dock floats over the window, and goes back to where it was."""

from __future__ import annotations

from typing import Final, final

from PySide6.QtCore import QEvent, QObject, QRect, QSize, Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabBar, QToolButton, QWidget

from gui.icons import icon
from gui.theme import set_kind, theme
from gui.widgets.labels import plain_tooltip

LARGE: Final = QSize(900, 700)
"""At text scale 1, if the screen has the room."""


@final
class EnlargeButton(QToolButton):
    """A small button for any place inside a dock."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("enlarge")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setIcon(icon("float", "secondary"))
        set_kind(self, "small")
        self.clicked.connect(self.toggle)
        theme().changed.connect(self._rescale)
        self._rescale()
        self._tell(large=False)

    @property
    def dock(self) -> QDockWidget | None:
        """The dock that it is in, or whose tab is at the front; None before there is one."""
        widget = self.parentWidget()
        if isinstance(widget, QTabBar):
            title = widget.tabText(widget.currentIndex())
            docks = widget.window().findChildren(QDockWidget)
            return next((dock for dock in docks if dock.windowTitle() == title), None)
        while widget is not None and not isinstance(widget, QDockWidget):
            widget = widget.parentWidget()
        return widget

    def toggle(self) -> None:
        """Make the panel large, or put it back."""
        dock = self.dock
        if dock is None:
            return
        if not isinstance(self.parentWidget(), QTabBar):  # there, the next one comes to the front
            dock.topLevelChanged.connect(self._tell, Qt.ConnectionType.UniqueConnection)
        if dock.isFloating():
            dock.setFloating(False)
            dock.raise_()
            return
        window = dock.parentWidget()
        dock.setFloating(True)
        room = dock.screen().availableGeometry()
        size = QSize(theme().px(LARGE.width()), theme().px(LARGE.height())).boundedTo(room.size())
        place = QRect(dock.pos(), size)
        if window is not None:
            place.moveCenter(window.geometry().center())
        place.moveLeft(min(max(place.left(), room.left()), room.right() + 1 - size.width()))
        place.moveTop(min(max(place.top(), room.top()), room.bottom() + 1 - size.height()))
        dock.setGeometry(place)
        dock.raise_()

    def _tell(self, large: bool) -> None:
        words = self.tr("Put it back into the window") if large else self.tr("Make it large, over the window")
        self.setToolTip(plain_tooltip(words))
        self.setAccessibleName(words)

    def _rescale(self) -> None:
        side = theme().px(14)
        self.setIconSize(QSize(side, side))


@final
class TabCorner(QObject):
    """Keeps the button at the right end of a row of tabs, as long as the tabs leave room for it."""

    def __init__(self, tabs: QTabBar) -> None:
        super().__init__(tabs)
        self._tabs = tabs
        self._button = EnlargeButton(tabs)
        tabs.installEventFilter(self)
        self._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest, QEvent.Type.Show):
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        side = self._button.sizeHint()
        left = self._tabs.width() - side.width() - theme().px(6)
        last = self._tabs.tabRect(self._tabs.count() - 1)
        self._button.setGeometry(left, (self._tabs.height() - side.height()) // 2, side.width(), side.height())
        self._button.setVisible(last.right() < left)


def give_corners(window: QMainWindow) -> None:
    """A button to make the panel at the front large, at every row of tabs above docks that has none yet."""
    for tabs in window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly):
        if tabs.shape() == QTabBar.Shape.RoundedNorth and tabs.findChild(EnlargeButton) is None:
            TabCorner(tabs)
