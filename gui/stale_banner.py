"""The strip above the canvas that says the graph differs from what runs, and what can be done about it."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from gui.actions import Actions
from gui.document import Document
from gui.run_feed import RunFeed
from gui.theme import set_kind
from gui.widgets.labels import plain_tooltip


@final
class StaleBanner(QFrame):
    """Apply keeps what was learned, Restart begins afresh. Seen only when the document differs from a trained one."""

    def __init__(self, actions: Actions, document: Document, feed: RunFeed, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("staleBanner")
        set_kind(self, "info")
        self._document, self._feed = document, feed
        self._text = QLabel(self)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setWordWrap(True)
        self._apply = QPushButton(self.tr("Apply"), self)
        self._apply.setObjectName("bannerApply")
        self._apply.setToolTip(
            plain_tooltip(self.tr("Go on with the edited graph; weights are kept wherever name and shape allow"))
        )
        set_kind(self._apply, "primary")
        self._apply.clicked.connect(actions.apply.trigger)
        self._restart = QPushButton(self.tr("Restart"), self)
        self._restart.setObjectName("bannerRestart")
        self._restart.setToolTip(self.tr("Start afresh from the graph as it is drawn now"))
        self._restart.clicked.connect(actions.restart.trigger)
        for button in (self._apply, self._restart):
            # A click hides the strip: the keyboard stays where it was instead of jumping to whatever comes next.
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 8, 6)
        row.setSpacing(8)
        row.addWidget(self._text, 1)
        row.addWidget(self._restart)
        row.addWidget(self._apply)
        feed.stale_changed.connect(self.update_state)
        feed.state_changed.connect(self.update_state)
        document.checked.connect(self.update_state)
        self.update_state()

    def update_state(self) -> None:
        """Show, hide and word the strip."""
        errors = self._document.result.errors
        self.setVisible(self._feed.stale and self._feed.trained and self._feed.away is None)
        self._apply.setEnabled(not errors)
        self._restart.setEnabled(not errors)
        if errors:
            text = self.tr("The graph has changed since this training began; mend the problems to apply the changes.")
        else:
            text = self.tr("The graph has changed since this training began. Apply keeps what was learned.")
        self._text.setText(text)
