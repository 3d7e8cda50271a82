"""A window may be as narrow as the screen: what stands in it makes do with the room there is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QDockWidget, QLayout, QMainWindow, QTabBar

from gui.docks import BOTTOM, LEFT, RIGHT, Docks
from gui.panel_place import PanelPlace
from gui.theme import theme

LEAST: Final = (640, 400)
"""Of the window, at text scale 1; below that nothing is to be read."""
FEWEST: Final = 110
"""Pixels that a panel keeps at text scale 1, however narrow the window is."""

BESIDE_TABS: Final = 28
"""For the button at the end of a row of tabs."""
CORNERS: Final = {Qt.Corner.BottomLeftCorner: LEFT, Qt.Corner.BottomRightCorner: RIGHT}
"""Of the window, and the docks that reach down into them where there is room."""


@final
class Room(QObject):
    """Lets no dock push the window wider than somebody made it.

    Qt makes a window as wide as all its docks want at least. Here the live panels reach below the docks at the sides
    where they would be too narrow between them; where the whole width is not enough, they want less, all in the same
    proportion. All is as before as soon as there is room again.
    """

    def __init__(self, window: QMainWindow, docks: Docks, places: Sequence[PanelPlace]) -> None:
        super().__init__(window)
        self._window, self._docks, self._places = window, docks, places
        layout = window.layout()
        assert layout is not None
        layout.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        window.installEventFilter(self)
        docks.rearranged.connect(self.share)
        theme().changed.connect(self._rescale)
        self._rescale()

    def _rescale(self) -> None:
        look, room = theme(), self._window.screen().availableGeometry().size()
        wide, high = (look.px(side) for side in LEAST)
        self._window.setMinimumSize(min(wide, room.width()), min(high, room.height()))
        self.share()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._window and event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest):
            self.share()
        return super().eventFilter(watched, event)

    def share(self) -> None:
        """Let panels have as much as they want, or as there is."""
        shown = [dock for dock in self._docks.all() if not dock.isHidden() and not dock.isFloating()]
        sides = sum(self._widest(shown, area) for area in (LEFT, RIGHT))
        columns = self._columns(shown)
        tabs = {place: width for width, column in columns for place in column}
        for place in self._places:
            place.set_tabs(tabs.get(place, 0))
        # Separators stand between the columns and before the sides.
        room = self._window.width() - theme().px(4) * (len(columns) + 2)
        wanted = sum(max(place.wish.width() for place in column) for _, column in columns)
        below = wanted > room - sides
        for corner, side in CORNERS.items():
            self._window.setCorner(corner, BOTTOM if below else side)
        part = min(1.0, room / wanted) if below else 1.0
        for place in self._places:
            place.set_part(part, theme().px(FEWEST))

    def _widest(self, docks: Sequence[QDockWidget], area: Qt.DockWidgetArea) -> int:
        return max((dock.minimumSizeHint().width() for dock in docks if self._area(dock) == area), default=0)

    def _area(self, dock: QDockWidget) -> Qt.DockWidgetArea:
        return self._window.dockWidgetArea(dock)

    def _columns(self, docks: Sequence[QDockWidget]) -> list[tuple[int, list[PanelPlace]]]:
        """The panels at the bottom, those among tabs together, and how wide these tabs are."""
        bars = self._window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
        widths = {frozenset(bar.tabText(at) for at in range(bar.count())): bar.sizeHint().width() for bar in bars}
        found: list[tuple[int, list[PanelPlace]]] = []
        rest = [dock for dock in docks if self._area(dock) == BOTTOM]
        while rest:
            group = [rest[0], *self._window.tabifiedDockWidgets(rest[0])]
            tabs = widths.get(frozenset(dock.windowTitle() for dock in group), 0)
            places = [place for dock in group if isinstance(place := dock.widget(), PanelPlace)]
            found.append((tabs + theme().px(BESIDE_TABS) if tabs else 0, places))
            rest = [dock for dock in rest if dock not in group]
        return [column for column in found if column[1]]
