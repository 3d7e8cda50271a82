"""What the pictures of the output panel share."""

from __future__ import annotations

from abc import abstractmethod

from PySide6.QtWidgets import QWidget

from engine.events import Snapshot
from gui.panel import Table


class OutputView(QWidget):
    """Draws one kind of snapshot. Subclasses are final."""

    @abstractmethod
    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Draw a snapshot of the view's kind."""

    @abstractmethod
    def clear(self) -> None:
        """Forget what was shown: another run."""

    @abstractmethod
    def table(self) -> Table:
        """The numbers drawn, as header and rows."""
