"""From part to part with the arrow keys."""

from __future__ import annotations

from typing import Final, Literal

from gui.backprop.neurons.layout import Layout, Part

Way = Literal["left", "right", "up", "down"]
FIRST: Final = 0


def walked(layout: Layout, part: Part, way: Way, layers: int) -> Part:
    """The part that lies that way; the same one at an end.

    From a neuron, right goes onto the first line that leaves it, and further to the neuron at the line's end; up and
    down go through a column of neurons, or through the lines into a neuron and on to those of the next one.

    Args:
        layout: what is shown.
        part: where one is.
        way: an arrow.
        layers: how many columns of neurons there are besides the inputs.
    """
    if part.kind == "line":
        return _from_line(layout, part, way)
    if part.kind == "bias":
        return Part("neuron", part.column, part.row) if way == "down" else part
    if part.kind == "loss":
        return Part("neuron", layers, layout.rows[layers][FIRST]) if way == "left" else part
    rows = layout.rows[part.column]
    at = rows.index(part.row)
    if way in ("up", "down"):
        return Part("neuron", part.column, rows[min(max(0, at + (1 if way == "down" else -1)), len(rows) - 1)])
    if way == "left":
        return part if part.column == 0 else Part("line", part.column, part.row, layout.rows[part.column - 1][FIRST])
    if part.column < layers:
        after = layout.rows[part.column + 1]
        return Part("line", part.column + 1, after[min(at, len(after) - 1)], part.row)
    return Part("loss", layers + 1) if layout.count > layers + 1 else part


def _from_line(layout: Layout, part: Part, way: Way) -> Part:
    if way == "right":
        return Part("neuron", part.column, part.row)
    if way == "left":
        return Part("neuron", part.column - 1, part.source)
    lines = list(layout.lines(part.column))
    return lines[min(max(0, lines.index(part) + (1 if way == "down" else -1)), len(lines) - 1)]
