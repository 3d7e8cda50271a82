"""The docks around the canvas and their places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final, final

from PySide6.QtCore import QCoreApplication, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication, QDockWidget, QMainWindow, QTabWidget, QWidget

from gui.dock_title import DockTitle
from gui.enlarge import give_corners
from gui.panel_place import PanelPlace
from gui.theme import theme
from gui.walk_window import enter, is_in_sight

LEFT: Final = Qt.DockWidgetArea.LeftDockWidgetArea
RIGHT: Final = Qt.DockWidgetArea.RightDockWidgetArea
BOTTOM: Final = Qt.DockWidgetArea.BottomDockWidgetArea
TILES: Final[tuple[tuple[str, ...], ...]] = (
    ("lossPlot", "problems", "linkedSpaces"),
    ("gradientPlot", "predictions", "weightCurve"),
    ("outputPlot", "weightPlot", "landscapePlot"),
)
"""The bottom dock, left to right: tiles of tabs. A click on the output brings Predict to the front, beside it."""
LARGE_TILES: Final[tuple[tuple[str, ...], ...]] = (
    ("lossPlot", "gradientPlot", "predictions"),
    ("outputPlot", "weightPlot", "problems"),
)
"""The same where large text leaves no room for three; the View menu opens what does not fit beside these."""
ASIDE: Final = ("history", "backprop")
"""Tabs behind the inspector, closed on a first start."""
LARGE_TEXT: Final = 1.3


@final
class Docks(QObject):
    """Every dock by the name of what it holds. A dock among tabs has no title of its own: its tab is the handle.

    Signals:
        rearranged(): docks were shown, hidden or moved.
    """

    rearranged = Signal()

    def __init__(
        self,
        window: QMainWindow,
        palette: QWidget,
        inspector: QWidget,
        problems: QWidget,
        panels: Sequence[PanelPlace],
        history: QWidget,
        backprop: QWidget,
    ) -> None:
        super().__init__(window)
        self._window = window
        tr = QCoreApplication.translate
        self._docks: dict[str, QDockWidget] = {}
        self._titles: dict[str, DockTitle] = {}
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self.show_titles)
        self._scale = theme().text_scale
        self._left_out: set[str] = set()
        """Docks for which large text leaves no room; closed by that alone, they come back with smaller text."""
        self._waiting: set[str] = set()
        """Docks hidden before they were ever laid out: they get their share when they are first shown."""
        theme().changed.connect(self._rescale)
        self._add(palette, tr("Docks", "Blocks"), LEFT)
        self._add(inspector, tr("Docks", "Inspector"), RIGHT)
        self._add(problems, tr("Docks", "Problems"), BOTTOM)
        for panel in panels:
            self._add(panel, panel.title, BOTTOM)
            self._docks[panel.name].visibilityChanged.connect(lambda seen, panel=panel: panel.set_behind(not seen))
        self._add(history, tr("Docks", "History"), RIGHT)
        self._add(backprop, tr("Docks", "Backpropagation"), RIGHT)
        for name in ASIDE:
            self._docks[name].hide()
        window.setCorner(Qt.Corner.BottomLeftCorner, LEFT)
        window.setCorner(Qt.Corner.BottomRightCorner, RIGHT)
        window.setTabPosition(BOTTOM, QTabWidget.TabPosition.North)

    def _add(self, widget: QWidget, title: str, area: Qt.DockWidgetArea) -> None:
        dock = QDockWidget(title, self._window)
        dock.setObjectName(f"{widget.objectName()}Dock")
        dock.setWidget(widget)
        self._titles[widget.objectName()] = DockTitle(dock)
        self._window.addDockWidget(area, dock)
        self._docks[widget.objectName()] = dock
        self._mind_menu(dock)
        for moved in (dock.topLevelChanged, dock.dockLocationChanged, dock.visibilityChanged):
            moved.connect(lambda *_: self._later.start())

    def _mind_menu(self, dock: QDockWidget) -> None:
        """The menu opens a dock in front of the tabs beside it, and closes only one that is seen."""
        action, seen = dock.toggleViewAction(), False

        def note() -> None:
            nonlocal seen
            seen = is_in_sight(dock)

        def follow(wanted: bool) -> None:
            if wanted or not seen:
                dock.show()
                dock.raise_()
                focus = QApplication.focusWidget()
                if focus is not None and not is_in_sight(focus):  # in a panel that is behind this one now
                    enter(dock)

        action.toggled.connect(note)  # comes before the dock is shown or hidden, and `triggered` after that
        action.triggered.connect(follow)

    def __getitem__(self, name: str) -> QDockWidget:
        return self._docks[name]

    def all(self) -> list[QDockWidget]:
        """Every dock, for the View menu."""
        return list(self._docks.values())

    def show(self, name: str) -> None:
        """Bring a dock to the front."""
        self._docks[name].show()
        self._docks[name].raise_()

    def widen(self, name: str, width: int) -> None:
        """Give a dock at a side so much room, in pixels at text scale 1."""
        self._resize({name: width}, Qt.Orientation.Horizontal)

    def show_titles(self) -> None:
        """A title for docks that stand alone, none for those among tabs."""
        for name, dock in self._docks.items():
            beside = [other for other in self._window.tabifiedDockWidgets(dock) if not other.isHidden()]
            self._titles[name].set_tabbed(bool(beside) and not dock.isFloating())
        shown = {name for name in self._waiting if not self._docks[name].isHidden()}
        if shown:
            self._waiting -= shown
            self._share()
        give_corners(self._window)
        self.rearranged.emit()

    def hide_all(self) -> None:
        """The canvas alone. Docks that are brought back one by one share the room as on a first start."""
        self._waiting = {name for name, dock in self._docks.items() if not dock.isFloating()}
        for dock in self._docks.values():
            dock.hide()

    def arrange(self) -> None:
        """The places of a first start."""
        for name, area in (("palette", LEFT), ("inspector", RIGHT)):
            self._put(name, area)
        for name in ASIDE:
            self._window.tabifyDockWidget(self._docks["inspector"], self._docks[name])
            self._docks[name].hide()
        tiles = LARGE_TILES if theme().text_scale >= LARGE_TEXT else TILES
        for tile in TILES:
            for name in tile:
                self._window.removeDockWidget(self._docks[name])
        heads = [tile[0] for tile in tiles]
        self._put(heads[0], BOTTOM)
        # All splits before the first tab: beside a tab, Qt makes another tab instead.
        for left, right in pairwise(heads):
            self._docks[right].setFloating(False)
            self._window.splitDockWidget(self._docks[left], self._docks[right], Qt.Orientation.Horizontal)
            self._docks[right].show()
        for head, *others in tiles:
            for name in others:
                self._docks[name].setFloating(False)
                self._window.tabifyDockWidget(self._docks[head], self._docks[name])
                self._docks[name].show()
            self._docks[head].raise_()
        placed = {name for tile in tiles for name in tile}
        self._left_out = {name for tile in TILES for name in tile} - placed
        for head, *others in TILES:
            for name in self._left_out.intersection(others):
                self._docks[name].setFloating(False)
                self._window.tabifyDockWidget(self._docks[head], self._docks[name])
                self._docks[name].hide()
        self.show_titles()
        self._waiting.clear()
        self._share()

    def _share(self) -> None:
        """The sizes of a first start, for the docks that are open."""
        large = theme().text_scale >= LARGE_TEXT
        sides = {"palette": 180, "inspector": 250} if large else {"palette": 200, "inspector": 300}
        self._resize(sides, Qt.Orientation.Horizontal)
        open_tiles = [[name for name in tile if self._is_docked(name)] for tile in (LARGE_TILES if large else TILES)]
        heads = {names[0]: width for names, width in zip(open_tiles, (330, 270, 340), strict=False) if names}
        if large:
            heads = dict.fromkeys(heads, 330)
        self._resize(heads, Qt.Orientation.Horizontal)
        low = min(theme().px(300), self._window.height() * 2 // 5)  # large text would leave the canvas a strip
        self._window.resizeDocks([self._docks[name] for name in heads], [low] * len(heads), Qt.Orientation.Vertical)

    def _is_docked(self, name: str) -> bool:
        return not (self._docks[name].isHidden() or self._docks[name].isFloating())

    def _rescale(self) -> None:
        """Other places where text has another size; docks that are closed stay closed."""
        if theme().text_scale != self._scale:
            self._scale = theme().text_scale
            closed = {name for name, dock in self._docks.items() if dock.isHidden()} - self._left_out
            size = self._window.size()
            self.arrange()
            for name in closed:
                self._docks[name].hide()
            self._window.resize(size)  # on the way, they may have needed more room than they do now

    def _put(self, name: str, area: Qt.DockWidgetArea) -> None:
        dock = self._docks[name]
        dock.setFloating(False)
        self._window.addDockWidget(area, dock)
        dock.show()

    def _resize(self, sizes: Mapping[str, int], orientation: Qt.Orientation) -> None:
        known = [(self._docks[name], theme().px(size)) for name, size in sizes.items() if self._is_docked(name)]
        self._window.resizeDocks([dock for dock, _ in known], [size for _, size in known], orientation)
