"""Where the ports of a block sit, and the room they ask for; the same for all blocks with ports of these names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, final

from PySide6.QtCore import QPointF, QRectF

from gui.canvas.face import PortFace, Side
from gui.canvas.geometry import MARGIN, block_height, port_heights

LABEL_GAP: Final = 16.0
_KEPT: Final = 512

PortKey = tuple[Side, str]
"""Side and name of a port."""
Names = tuple[str, ...]


@final
@dataclass(frozen=True, slots=True)
class Outline:
    """What blocks of one size with ports of the same names share, in their own coordinates.

    Attributes:
        body: the rounded rectangle; bounds: all that is painted.
        places: the centres of the ports.
        size: of the body; spots: the places, as plain numbers.
    """

    body: QRectF
    bounds: QRectF
    places: Mapping[PortKey, QPointF]
    size: tuple[float, float]
    spots: Mapping[PortKey, tuple[float, float]]


@final
class PortRows:
    """The ports of one kind of block.

    Attributes:
        width, height: the least a block has to have for them.
    """

    def __init__(self, inputs: Names, outputs: Names, width: Callable[[str], float]) -> None:
        """Ports of these names, which are labelled where a side has several; `width` is that of a label."""
        labels = [max(map(width, names)) for names in (inputs, outputs) if len(names) > 1]
        self.width = sum(labels) + LABEL_GAP * (len(labels) + 1)
        self.height = block_height(len(inputs), len(outputs), thumbnail=False)
        self._inputs, self._outputs = inputs, outputs
        self._outlines: dict[tuple[float, float], Outline] = {}

    def outline(self, width: float, more: float) -> Outline:
        """That of a block so wide, with so much room below."""
        found = self._outlines.get((width, more))
        if found is None:
            body = QRectF(0.0, 0.0, width, self.height + more)
            bounds = body.adjusted(-MARGIN, -MARGIN, MARGIN, MARGIN)
            places = self._places(width)
            spots = {key: (place.x(), place.y()) for key, place in places.items()}
            size = (width, self.height + more)
            found = self._outlines[width, more] = Outline(body, bounds, places, size, spots)
        return found

    def _places(self, width: float) -> dict[PortKey, QPointF]:
        made: dict[PortKey, QPointF] = {}
        for y, name in zip(port_heights(len(self._inputs)), self._inputs, strict=True):
            made["in", name] = QPointF(0.0, y)
        for y, name in zip(port_heights(len(self._outputs)), self._outputs, strict=True):
            made["out", name] = QPointF(width, y)
        return made


@final
class AllRows:
    """Remembers rows by the names of their ports."""

    def __init__(self, width: Callable[[str], float]) -> None:
        self._width = width
        self._known: dict[tuple[Names, Names], PortRows] = {}
        self._seen: dict[tuple[int, int], tuple[PortRows, object, object]] = {}
        """By the ports themselves, which blocks that are alike share; held here, they stay what they are."""

    def of(self, inputs: tuple[PortFace, ...], outputs: tuple[PortFace, ...]) -> PortRows:
        """The rows of a block with these ports."""
        seen = self._seen.get((id(inputs), id(outputs)))
        if seen is not None:
            return seen[0]
        if len(self._seen) >= _KEPT:
            self._seen.clear()
        found = self._named(inputs, outputs)
        self._seen[id(inputs), id(outputs)] = (found, inputs, outputs)
        return found

    def _named(self, inputs: tuple[PortFace, ...], outputs: tuple[PortFace, ...]) -> PortRows:
        key = (tuple([port.name for port in inputs]), tuple([port.name for port in outputs]))
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            found = self._known[key] = PortRows(*key, self._width)
        return found
