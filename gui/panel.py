"""What every dock panel shares: a name, a title, an icon, a way in and ways out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path

from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QLayout, QStackedLayout, QVBoxLayout, QWidget

from gui.document import Document
from gui.panel_words import words_of
from gui.run_feed import RunFeed
from gui.saving import Picture
from gui.widgets.empty_state import EmptyState

Table = tuple[list[str], Iterable[Sequence[object]]]
"""Header and rows; the rows may be read in another thread, and later."""


class Panel(QWidget):
    """A panel of the bottom dock. Subclasses set `name` (Qt object name) and `icon_name`, and are final.

    A panel asks for its snapshots only while it is seen: `lanes` names them. Hidden, it only keeps what comes.
    """

    name = ""
    icon_name = ""
    lanes: frozenset[str] = frozenset()

    def __init__(self, document: Document, feed: RunFeed, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(self.name)
        self.document = document
        self.feed = feed
        self._pages: QStackedLayout | None = None
        self._visible = self._behind = False

    def build(self, empty: EmptyState, *parts: QWidget | QLayout) -> None:
        """Lay out the parts, the last of them with all the room; until `set_filled`, `empty` is shown instead."""
        filled = QWidget()
        column = QVBoxLayout(filled)
        column.setContentsMargins(8, 6, 8, 8)
        column.setSpacing(4)
        for part in parts:
            if isinstance(part, QWidget):
                column.addWidget(part)
            else:
                column.addLayout(part)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(empty)
        self._pages.addWidget(filled)

    def set_filled(self, filled: bool) -> None:
        """Show the panel's parts, or what it is for."""
        assert self._pages is not None
        self._pages.setCurrentIndex(1 if filled else 0)

    @property
    def filled(self) -> bool:
        """Whether there is something to see."""
        return self._pages is not None and self._pages.currentIndex() == 1

    @property
    def title(self) -> str:
        """The dock's title, translated."""
        return words_of(self.name).title

    def waiting(self) -> EmptyState:
        """What is shown until something is trained."""
        words = words_of(self.name)
        empty = words.empty_state()

        def fit() -> None:
            words.fit(empty, self.document.result, self.feed.away)

        self.feed.restarted.connect(fit)
        self.feed.away_told.connect(fit)
        self.document.checked.connect(fit)
        fit()
        return empty

    @abstractmethod
    def refresh(self) -> bool:
        """Draw what came since the last time, if the panel is seen; whether there was something to draw.

        Called in one of the next frames, and when the panel is shown.
        """

    @abstractmethod
    def picture(self) -> QWidget:
        """The widget that is saved as the panel's picture."""

    def caption(self) -> str:
        """What its picture shows at the moment, translated: the step, the layer; may be empty."""
        return ""

    def as_picture(self) -> Picture:
        """What is shown, to be saved or copied."""
        note = " · ".join(part for part in (self.document.project.name, self.caption()) if part)
        return Picture(self.picture(), self.title, note)

    @abstractmethod
    def table(self) -> Table:
        """The numbers shown, with full precision."""

    def save_picture(self, path: Path) -> None:
        """Write what is shown as PNG or SVG, by the file's suffix. Raises OSError."""
        self.as_picture().save(path)

    # -- being seen --

    @property
    def seen(self) -> bool:
        """Whether somebody can look at the panel: it is shown, and not behind another tab."""
        return self._visible and not self._behind

    def set_behind(self, behind: bool) -> None:
        """The panel's dock is (or no longer is) behind another tab, which Qt does not take for hidden."""
        self._behind = behind
        self._follow()

    def _follow(self) -> None:
        self.feed.watch(self, self.lanes if self.seen else frozenset())
        if self.seen:
            self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._visible = True
        self._follow()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._visible = False
        self._follow()
