"""What every dock panel shares: a name, a title, an icon, a way in and ways out."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path

from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from gui.document import Document
from gui.run_feed import RunFeed


class Panel(QWidget):
    """A panel of the bottom dock. Subclasses set `name` (Qt object name) and `icon_name`, and are final.

    A panel asks for its snapshots only while it is seen: `lanes` names them.
    """

    name = ""
    icon_name = ""
    lanes: frozenset[str] = frozenset()

    def __init__(self, document: Document, feed: RunFeed, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(self.name)
        self.document = document
        self.feed = feed

    @property
    @abstractmethod
    def title(self) -> str:
        """The dock's title, translated."""

    @abstractmethod
    def save_picture(self, path: Path) -> None:
        """Write what is shown as PNG or SVG, by the file's suffix. Raises OSError."""

    @abstractmethod
    def table(self) -> tuple[list[str], list[list[object]]]:
        """The numbers shown, as header and rows, for CSV."""

    def showEvent(self, event: QShowEvent) -> None:
        self.feed.watch(self, self.lanes)
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self.feed.watch(self, frozenset())
        super().hideEvent(event)
