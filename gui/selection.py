"""Which blocks are selected: shared by canvas, inspector and problem list; not part of the history."""

from __future__ import annotations

from collections.abc import Iterable
from typing import final

from PySide6.QtCore import QObject, Signal


@final
class Selection(QObject):
    """The ids of the selected nodes. `changed` tells of every difference, `reveal` asks the canvas to show one."""

    changed = Signal()
    reveal = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ids: frozenset[str] = frozenset()

    @property
    def ids(self) -> frozenset[str]:
        """The selected ids."""
        return self._ids

    @property
    def single(self) -> str | None:
        """The id, when exactly one node is selected."""
        return next(iter(self._ids)) if len(self._ids) == 1 else None

    def set(self, ids: Iterable[str]) -> None:
        """Select exactly these."""
        new = frozenset(ids)
        if new != self._ids:
            self._ids = new
            self.changed.emit()

    def show(self, node_id: str) -> None:
        """Select one node and bring it into view."""
        self.set({node_id})
        self.reveal.emit(node_id)
