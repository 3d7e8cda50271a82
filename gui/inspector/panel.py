"""The inspector dock: the page of the selected block, or of the whole graph."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QScrollArea, QStackedLayout, QWidget

from engine.references import BOUNDARY, GROUP
from gui.document import Document
from gui.inspector.group_page import GroupPage
from gui.inspector.node_page import NodePage
from gui.inspector.ports_page import PortsPage
from gui.inspector.settings_page import SettingsPage
from gui.inspector.several_page import SeveralPage
from gui.level import LevelView
from gui.run_feed import RunFeed
from gui.selection import Selection
from gui.widgets.scroll import VerticalScroll


@final
class Inspector(QWidget):
    """Keeps one page a kind of block and fills it with the selected node.

    Signals:
        preview_wanted(): the user wants to look at the data.
        left(): Escape was pressed.
        group_wanted(str, str): what is wanted of a group, and of which use of it; see `GroupPage.wanted`.
    """

    preview_wanted = Signal()
    left = Signal()
    group_wanted = Signal(str, str)

    def __init__(
        self, document: Document | LevelView, selection: Selection, feed: RunFeed, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("inspector")
        document = document if isinstance(document, LevelView) else LevelView(document, self)
        self._document, self._selection = document, selection
        self.settings = SettingsPage(document.document, feed)
        self.settings.preview.clicked.connect(self.preview_wanted)
        self.several = SeveralPage(document)
        self._pages: dict[str, NodePage | GroupPage | PortsPage] = {}
        self._areas: dict[QWidget, QScrollArea] = {}
        self._stack = QStackedLayout(self)
        self._stack.setContentsMargins(0, 0, 0, 0)
        self._add(self.settings)
        self._add(self.several)
        selection.changed.connect(self.refresh)
        document.changed.connect(self.refresh)
        document.replaced.connect(self.refresh)
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        # A number turned in one go is one undo step; turned again later, it is another.
        app.focusChanged.connect(document.end_merge)
        self.refresh()

    def _add(self, page: QWidget) -> None:
        area = VerticalScroll(page, self)
        self._areas[page] = area
        self._stack.addWidget(area)

    @property
    def page(self) -> NodePage | None:
        """The page of the selected block, if there is exactly one."""
        area = self._stack.currentWidget()
        shown = area.widget() if isinstance(area, QScrollArea) else None
        return shown if isinstance(shown, NodePage) else None

    def focus_parameters(self) -> None:
        """Give the keyboard to the first parameter, or to the name where there is none. Escape leads back."""
        page = self.page
        if page is not None:
            page.focus_first()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def refresh(self) -> None:
        """Show what is selected now."""
        graph = self._document.project.graph
        ids = [node_id for node_id in self._selection.ids if node_id in graph]
        if len(ids) > 1:  # what stands for a group's ports has no parameters to share
            ids = [node_id for node_id in ids if graph.node(node_id).block not in BOUNDARY] or [min(ids)]
        if len(ids) > 1:
            self.several.show_nodes(ids)
            self._stack.setCurrentWidget(self._areas[self.several])
        elif not ids:
            self.settings.refresh()
            self._stack.setCurrentWidget(self._areas[self.settings])
        else:
            page = self._page(graph.node(ids[0]).block)
            page.show_node(ids[0])
            self._stack.setCurrentWidget(self._areas[page])

    def _page(self, kind: str) -> NodePage | GroupPage | PortsPage:
        page = self._pages.get(kind)
        if page is None:
            page = self._pages[kind] = self._make_page(kind)
            self._add(page)
        return page

    def _make_page(self, kind: str) -> NodePage | GroupPage | PortsPage:
        if kind in BOUNDARY:
            return PortsPage(self._document)
        if kind == GROUP:
            uses = GroupPage(self._document)
            uses.wanted.connect(self.group_wanted)
            return uses
        page = NodePage(kind, self._document)
        page.preview.clicked.connect(self.preview_wanted)
        return page
