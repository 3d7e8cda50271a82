"""Which blocks are selected: shared by canvas, inspector and problem list; not part of the history."""

from __future__ import annotations

from collections.abc import Callable, Iterable
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
        self._guide: Callable[[str], None] | None = None

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

    def set_guide(self, guide: Callable[[str], None]) -> None:
        """Who goes to where a block is: the canvas, which shows one level at a time."""
        self._guide = guide

    def show_path(self, path: str) -> None:
        """Bring the block at a path of the plan into view, whichever group it is in, and select it."""
        if self._guide is not None:
            self._guide(path)
        else:
            self.show(path.split(".", 1)[0])
