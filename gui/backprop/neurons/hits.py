"""What lies under the pointer."""

from __future__ import annotations

import math
from typing import Final

from gui.backprop.neurons.layout import RADIUS, Layout, Part

REACH: Final = 7.0
"""Pixels beside a line that still catch it."""
_BIAS: Final = 10.0


def part_at(layout: Layout, x: float, y: float, layers: int, reach: float = REACH) -> Part | None:
    """The part at a place of the layout; neurons lie above lines, the nearest line is taken.

    Args:
        layout: what is shown.
        x: of the place.
        y: of the place.
        layers: how many columns of neurons there are besides the inputs.
        reach: how far from a line, in units of the layout.
    """
    for column in range(layers + 1):
        for row in layout.rows[column]:
            if column > 0:
                (bias_x, bias_y), _ = layout.places(Part("bias", column, row))
                if math.hypot(x - bias_x, y - bias_y) <= _BIAS:
                    return Part("bias", column, row)
            middle_x, middle_y = layout.place(column, row)
            if math.hypot(x - middle_x, y - middle_y) <= RADIUS:
                return Part("neuron", column, row)
    if layout.count > layers + 1:
        middle_x, middle_y = layout.place(layers + 1, 0)
        if abs(x - middle_x) <= 36 and abs(y - middle_y) <= 27:
            return Part("loss", layers + 1)
    best, found = reach, None
    for column in range(1, layers + 1):
        left, right = (
            layout.place(column - 1, layout.rows[column - 1][0])[0],
            layout.place(column, layout.rows[column][0])[0],
        )
        if left <= x <= right:
            for part in layout.lines(column):
                (x0, y0), (x1, y1) = layout.places(part)
                off = abs((x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)) / math.hypot(x1 - x0, y1 - y0)
                if off <= best:
                    best, found = off, part
    return found
