"""Where numbers find room beside the lines they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSizeF

_LEVEL: Final = (0.5, 0.42, 0.58, 0.36, 0.64)
_SLANTED: Final = (0.34, 0.4, 0.3, 0.46, 0.54, 0.6, 0.66, 0.26, 0.72)
"""Where on a line words are tried: lines that slant cross in the middle."""
_AIR: Final = 2.0


def beside(
    ends: Sequence[tuple[QPointF, QPointF]], sizes: Sequence[QSizeF], taken: Sequence[QRectF]
) -> list[QRectF | None]:
    """A place on each line that is free of other places; None where there is none.

    Args:
        ends: of the lines.
        sizes: of the words.
        taken: where nothing may stand.
    """
    full = list(taken)
    found: list[QRectF | None] = []
    for (start, end), size in zip(ends, sizes, strict=True):
        place = None
        for part in _LEVEL if abs(end.y() - start.y()) < _AIR else _SLANTED:
            middle = start + (end - start) * part
            room = QRectF(0, 0, size.width(), size.height())
            room.moveCenter(middle)
            wide = room.adjusted(-_AIR, -_AIR, _AIR, _AIR)
            if not any(wide.intersects(other) for other in full):
                place = room
                break
        found.append(place)
        if place is not None:
            full.append(place)
    return found
