"""Where a wire runs along below a block: pictures end above it, where there is room enough."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final

from PySide6.QtCore import QRectF, Qt

from gui.canvas.scene import CanvasScene
from gui.canvas.wire_item import WireItem

_LEVEL: Final = 1.0
"""A stretch of a wire that rises less than this is level."""


def wire_below(scene: CanvasScene, strip: QRectF) -> float:
    """The height of the uppermost wire that runs level through the strip; infinity where there is none."""
    found = math.inf
    for item in scene.items(strip, Qt.ItemSelectionMode.IntersectsItemBoundingRect):
        if isinstance(item, WireItem):
            for (x, y), (to_x, to_y) in pairwise(item.corners):
                inside = min(max(x, to_x), strip.right()) - max(min(x, to_x), strip.left())
                if abs(to_y - y) <= _LEVEL and inside > 0.0 and strip.top() < y < strip.bottom():
                    found = min(found, y, to_y)
    return found
