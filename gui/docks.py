"""The docks around the canvas and their places."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, final

from PySide6.QtCore import QCoreApplication, QObject, Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabWidget, QWidget

from gui.panel import Panel
from gui.theme import theme

if TYPE_CHECKING:
    from collections.abc import Iterable

LEFT = Qt.DockWidgetArea.LeftDockWidgetArea
RIGHT = Qt.DockWidgetArea.RightDockWidgetArea
BOTTOM = Qt.DockWidgetArea.BottomDockWidgetArea
TILES: tuple[tuple[str, ...], ...] = (
    ("lossPlot", "problems"),
    ("gradientPlot", "weightPlot"),
    ("outputPlot", "predictions"),
)
"""The bottom dock, left to right: tiles of tabs."""


@final
class Docks(QObject):
    """Every dock by the name of what it holds."""

    def __init__(
        self, window: QMainWindow, palette: QWidget, inspector: QWidget, problems: QWidget, panels: Sequence[Panel]
    ) -> None:
        super().__init__(window)
        self._window = window
        tr = QCoreApplication.translate
        self._docks: dict[str, QDockWidget] = {}
        self._add(palette, tr("Docks", "Blocks"), LEFT)
        self._add(inspector, tr("Docks", "Inspector"), RIGHT)
        self._add(problems, tr("Docks", "Problems"), BOTTOM)
        for panel in panels:
            self._add(panel, panel.title, BOTTOM)
        window.setCorner(Qt.Corner.BottomLeftCorner, LEFT)
        window.setCorner(Qt.Corner.BottomRightCorner, RIGHT)
        window.setTabPosition(BOTTOM, QTabWidget.TabPosition.North)
        self.arrange()

    def _add(self, widget: QWidget, title: str, area: Qt.DockWidgetArea) -> None:
        dock = QDockWidget(title, self._window)
        dock.setObjectName(f"{widget.objectName()}Dock")
        dock.setWidget(widget)
        self._window.addDockWidget(area, dock)
        self._docks[widget.objectName()] = dock

    def __getitem__(self, name: str) -> QDockWidget:
        return self._docks[name]

    def all(self) -> list[QDockWidget]:
        """Every dock, for the View menu."""
        return list(self._docks.values())

    def show(self, name: str) -> None:
        """Bring a dock to the front."""
        self._docks[name].show()
        self._docks[name].raise_()

    def arrange(self) -> None:
        """The places of a first start."""
        tiles = [[self._docks[name] for name in tile if name in self._docks] for tile in TILES]
        # Taken out and added anew: what is split off a tab becomes another tab, and they may be tabs already.
        for dock in itertools.chain.from_iterable(tiles):
            self._window.removeDockWidget(dock)
            dock.setFloating(False)
        for tile in tiles:
            self._window.addDockWidget(BOTTOM, tile[0], Qt.Orientation.Horizontal)
            tile[0].show()
        for tile in tiles:
            for dock in tile[1:]:
                self._window.tabifyDockWidget(tile[0], dock)
                dock.show()
            tile[0].raise_()
        self._resize([("palette", 200), ("inspector", 300)], Qt.Orientation.Horizontal)
        self._resize([("lossPlot", 340), ("gradientPlot", 320), ("outputPlot", 300)], Qt.Orientation.Horizontal)
        self._resize([("lossPlot", 300)], Qt.Orientation.Vertical)

    def _resize(self, sizes: Iterable[tuple[str, int]], orientation: Qt.Orientation) -> None:
        known = [(self._docks[name], theme().px(size)) for name, size in sizes if name in self._docks]
        self._window.resizeDocks([dock for dock, _ in known], [size for _, size in known], orientation)
