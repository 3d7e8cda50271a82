"""Layers filled with blocks and with the lanes that long wires take between them."""

from __future__ import annotations

from typing import Final, final

from gui.canvas.layout.sheet import Sheet

MOST_LANES: Final = 4
"""So many places in lanes a block, on average; the longest wires go without where there would be more."""

Strand = tuple[int, float, float]
"""One end of a piece of wire between neighbouring layers: the other vertex, where it leaves, where it enters."""


@final
class Lanes:
    """The vertices: blocks bear the numbers of the sheet, places in lanes the numbers after these.

    Wires that leave the same port share one lane, so that there are hardly more places than blocks.

    Attributes:
        blocks: how many of the vertices are blocks.
        layer: layer of each vertex.
        breadth: extent across the layout; 0 for places in lanes.
        hook: where across a vertex it is aligned with those before and after it.
        back: pieces of wire from the layer before, by the vertex they enter.
        ahead: the same pieces, by the vertex they leave.
    """

    def __init__(self, sheet: Sheet, layer: list[int]) -> None:
        self.blocks = len(layer)
        self.layer = list(layer)
        self.breadth = list(sheet.across)
        self.hook = list(sheet.hook)
        self.back: list[list[Strand]] = [[] for _ in layer]
        self.ahead: list[list[Strand]] = [[] for _ in layer]
        long: dict[tuple[int, float], list[tuple[int, int, float]]] = {}
        for source, target, leaves, enters in sheet.cords:
            span = layer[target] - layer[source]
            if span == 1:
                self._join(source, target, leaves, enters)
            elif span > 1:
                long.setdefault((source, leaves), []).append((span, target, enters))
        room = MOST_LANES * len(layer) + 1000
        for (source, leaves), ends in sorted(long.items(), key=lambda each: max(each[1])[0]):
            room -= max(ends)[0]
            if room < 0:
                break
            self._lead(source, leaves, ends)

    def _lead(self, source: int, leaves: float, ends: list[tuple[int, int, float]]) -> None:
        """One lane from a port to all its far readers."""
        ends.sort()
        here, at = source, leaves
        done = 1
        for span, target, enters in ends:
            while done < span:
                new = self._place(self.layer[source] + done)
                self._join(here, new, at, 0.0)
                here, at = new, 0.0
                done += 1
            self._join(here, target, at, enters)

    def _place(self, layer: int) -> int:
        self.layer.append(layer)
        self.breadth.append(0.0)
        self.hook.append(0.0)
        self.back.append([])
        self.ahead.append([])
        return len(self.layer) - 1

    def _join(self, source: int, target: int, leaves: float, enters: float) -> None:
        self.ahead[source].append((target, leaves, enters))
        self.back[target].append((source, leaves, enters))
