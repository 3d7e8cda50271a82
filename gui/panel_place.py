"""Where a live panel stands in its dock: the panel is made when somebody looks at it, or something is trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, final

from PySide6.QtCore import QSize, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gui.document import Document
from gui.panel import Panel
from gui.panel_words import words_of
from gui.run_feed import RunFeed
from gui.theme import theme

LEAST: Final = {
    "lossPlot": (QSize(241, 116), QSize(428, 142)),
    "gradientPlot": (QSize(215, 176), QSize(381, 240)),
    "weightPlot": (QSize(177, 134), QSize(307, 175)),
    "outputPlot": (QSize(210, 154), QSize(373, 266)),
    "predictions": (QSize(180, 145), QSize(314, 208)),
    "weightCurve": (QSize(245, 170), QSize(434, 229)),
    "landscapePlot": (QSize(288, 177), QSize(522, 256)),
    "linkedSpaces": (QSize(257, 142), QSize(447, 198)),
}
"""The least sizes of the panels at text scale 1 and 2: docks keep their places when these are made."""


@final
class PanelPlace(QWidget):
    """Bears the panel's object name until the panel does.

    No event of a session is missed by a panel that keeps what comes (`keeps`): such a panel is made before the session
    is opened. The others ask for what they show when they are looked at, and are made then.

    Signals:
        made(object): the panel, just made.
    """

    made = Signal(object)

    def __init__(
        self, name: str, keeps: bool, load: Callable[[], type[Panel]], document: Document, feed: RunFeed
    ) -> None:
        """Makes nothing yet.

        Args:
            name: the panel's object name.
            keeps: whether it keeps what comes while nobody looks.
            load: imports the panel's class.
            document: what is drawn.
            feed: what is trained.
        """
        super().__init__()
        self.setObjectName(name)
        self.name, self._keeps, self._load, self._document, self._feed = name, keeps, load, document, feed
        self._words = words_of(name)
        self._panel: Panel | None = None
        self._visible = self._behind = False
        self._part, self._fewest, self._tabs = 1.0, 0, 0
        self._room = QVBoxLayout(self)
        self._room.setContentsMargins(0, 0, 0, 0)
        self._empty = self._words.empty_state() if self._words.head else None
        if self._empty is not None:
            self._room.addWidget(self._empty)
            document.checked.connect(self._fit_words)
        feed.opening.connect(self._run_begins)

    @property
    def title(self) -> str:
        """The dock's title, translated."""
        return self._words.title

    @property
    def is_made(self) -> bool:
        """Whether the panel is there."""
        return self._panel is not None

    @property
    def panel(self) -> Panel:
        """The panel, made now if it was not."""
        if self._panel is None:
            self._panel = panel = self._load()(self._document, self._feed, self)
            self.setObjectName(f"{self.name}Place")
            panel.set_behind(self._behind)
            if self._empty is not None:
                self._empty.hide()
                self._empty.deleteLater()
                self._empty = None
            self._room.addWidget(panel)
            self._feed.opening.disconnect(self._run_begins)
            self.made.emit(panel)
        return self._panel

    @property
    def wish(self) -> QSize:
        """The least size in which everything is to be read, the tabs beside its own as well."""
        least, large = LEAST[self.name]
        size = least + (large - least) * (theme().text_scale - 1)
        return super().minimumSizeHint().expandedTo(size).expandedTo(QSize(self._tabs, 0))

    def minimumSizeHint(self) -> QSize:
        wish = self.wish
        if self._part == 1:
            return wish
        return QSize(max(min(self._fewest, wish.width()), int(wish.width() * self._part)), wish.height())

    def set_part(self, part: float, fewest: int) -> None:
        """Make do with so much of the width, `fewest` pixels at least: the window is no wider."""
        if part != self._part:
            self._part, self._fewest = part, fewest
            self.updateGeometry()

    def set_tabs(self, width: int) -> None:
        """It stands among tabs that take so much room."""
        if width != self._tabs:
            self._tabs = width
            self.updateGeometry()

    def _fit_words(self) -> None:
        if self._empty is not None:
            self._words.fit(self._empty, self._document.result, self._feed.away)

    # -- being looked at --

    def set_behind(self, behind: bool) -> None:
        """The dock is (or no longer is) behind another tab, which Qt does not take for hidden."""
        self._behind = behind
        if self._panel is not None:
            self._panel.set_behind(behind)
        else:
            self._look()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._visible = True
        self._look()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._visible = False

    @property
    def _wanted(self) -> bool:
        return (
            self._visible
            and not self._behind
            and (self._empty is None or self._feed.has_session or self._feed.away is not None)
        )

    def _look(self) -> None:
        """Docks that are arranged are shown and hidden many times: what counts is where that ends."""
        if self._panel is None and self._wanted:
            QTimer.singleShot(0, self, self._make_wanted)

    def _make_wanted(self) -> None:
        if self._panel is None and self._wanted:
            _ = self.panel

    def _run_begins(self, all_panels: bool) -> None:
        if all_panels or self._keeps or (self._visible and not self._behind):
            _ = self.panel
