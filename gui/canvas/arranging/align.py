"""Aligning and distributing boxes: plain arithmetic, exact to the last bit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal

from engine.graph import Point

Box = tuple[float, float, float, float]
"""Left, top, width, height."""
Edge = Literal["left", "right", "top", "bottom", "centre", "middle"]
Axis = Literal["across", "down"]

TIGHT: Final = 24.0
"""Distance of blocks that would overlap if they were spread over the room they have."""


def aligned(boxes: Mapping[str, Box], edge: Edge) -> dict[str, Point]:
    """Places in which all boxes share an edge, or a centre line: that of what they cover together.

    `centre` puts them below each other on one vertical line, `middle` beside each other on one horizontal line.
    """
    left, top = min(box[0] for box in boxes.values()), min(box[1] for box in boxes.values())
    right = max(box[0] + box[2] for box in boxes.values())
    bottom = max(box[1] + box[3] for box in boxes.values())
    rules: dict[Edge, Callable[[Box], Point]] = {
        "left": lambda box: (left, box[1]),
        "right": lambda box: (right - box[2], box[1]),
        "top": lambda box: (box[0], top),
        "bottom": lambda box: (box[0], bottom - box[3]),
        "centre": lambda box: ((left + right - box[2]) / 2, box[1]),
        "middle": lambda box: (box[0], (top + bottom - box[3]) / 2),
    }
    return {name: rules[edge](box) for name, box in boxes.items()}


def distributed(boxes: Mapping[str, Box], axis: Axis) -> dict[str, Point]:
    """Places with equal gaps between neighbours; the first and the last stay, where there is room for all."""
    at = 0 if axis == "across" else 1
    order = sorted(boxes, key=lambda name: (boxes[name][at] + boxes[name][at + 2] / 2, name))
    first, last = boxes[order[0]], boxes[order[-1]]
    room = last[at] - (first[at] + first[at + 2]) - sum(boxes[name][at + 2] for name in order[1:-1])
    gap = room / (len(order) - 1) if len(order) > 1 else 0.0
    if gap < 0:
        gap = TIGHT
    found: dict[str, Point] = {}
    here = first[at]
    for name in order:
        box = boxes[name]
        found[name] = (here, box[1]) if at == 0 else (box[0], here)
        here += box[at + 2] + gap
    return found


def on_grid(boxes: Mapping[str, Box], grid: float) -> dict[str, Point]:
    """The nearest places on the grid."""
    return {name: (round(box[0] / grid) * grid, round(box[1] / grid) * grid) for name, box in boxes.items()}


def reading_order(boxes: Mapping[str, Box]) -> list[str]:
    """Left to right, then top to bottom, as a page is read: boxes that overlap in height are of one row."""
    rows: list[tuple[float, float, list[str]]] = []  # top and bottom of the row's first box, names
    for name in sorted(boxes, key=lambda each: (boxes[each][1], boxes[each][0], each)):
        box = boxes[name]
        row = next((row for row in rows[-1:] if box[1] < (row[0] + row[1]) / 2), None)
        if row is None:
            rows.append((box[1], box[1] + box[3], [name]))
        else:
            row[2].append(name)
    return [name for _, _, names in rows for name in sorted(names, key=lambda each: (boxes[each][0], each))]
