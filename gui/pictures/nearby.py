"""A scene that knows what lies where without an event loop: Qt's own index is built only when the loop next turns."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final, final

from PySide6.QtCore import QRectF, Qt
from PySide6.QtWidgets import QGraphicsItem, QGraphicsScene

_CELL: Final = 256.0


@final
class NearbyScene(QGraphicsScene):
    """Items stay where they are when they are first looked for."""

    def __init__(self) -> None:
        super().__init__()
        self._cells: dict[tuple[int, int], list[QGraphicsItem]] | None = None

    def items(  # type: ignore[override] # of Qt's many ways to ask, the one that items use
        self, area: QRectF, mode: Qt.ItemSelectionMode = Qt.ItemSelectionMode.IntersectsItemBoundingRect
    ) -> list[QGraphicsItem]:
        """What touches an area by its bounding rectangle, in no order."""
        if self._cells is None:
            self._cells = {}
            for item in super().items():
                for cell in _cells(item.sceneBoundingRect()):
                    self._cells.setdefault(cell, []).append(item)
        near = {id(item): item for cell in _cells(area) for item in self._cells.get(cell, ())}
        return [item for item in near.values() if item.sceneBoundingRect().intersects(area)]


def _cells(area: QRectF) -> Iterator[tuple[int, int]]:
    for column in range(math.floor(area.left() / _CELL), math.floor(area.right() / _CELL) + 1):
        for row in range(math.floor(area.top() / _CELL), math.floor(area.bottom() / _CELL) + 1):
            yield column, row
