"""Where neurons stand: which of a wide layer are shown, and their places. No Qt, no colours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, final

import numpy as np

from gui.backprop.neurons.chain import Array, Chain

RADIUS: Final = 31.0
PITCH: Final = 70.0
"""From neuron to neuron in a column."""
ROOMY, ROOMIEST = 98.0, 170.0
"""The same, at least and at most, where there is room for a bias above and a target below each."""
GAP: Final = 30.0
"""What stands for neurons left out."""
HEAD: Final = 46.0
"""Above the neurons: the names of the blocks."""
CLOSE, TIGHT, WIDE = 120.0, 96.0, 280.0
"""From column to column: at least, at least without words on the lines, and at most."""
MARGIN, ASIDE = 16.0, 26.0
READABLE: Final = 0.72
"""Smaller than this, the numbers cannot be read: fewer neurons are shown instead."""
MOST, LEAST = 12, 4
"""Neurons of a column that are shown."""


@final
@dataclass(frozen=True, slots=True)
class Part:
    """Something to point at.

    Attributes:
        kind: `line` is a weight; `loss` has no place in a column of neurons.
        column: 0 the inputs, then the layers, then the loss.
        row: number of the neuron.
        source: of a line: number of the neuron that it comes from.
    """

    kind: Literal["neuron", "bias", "line", "loss"]
    column: int
    row: int = 0
    source: int = -1

    @property
    def is_weight(self) -> bool:
        """Whether it is a number of a parameter."""
        return self.kind in ("line", "bias")


@final
class Layout:
    """The places of one chain in a room.

    Attributes:
        rows: of each column, the neurons that are shown, in order; the loss is the last column, where there is one.
        gaps: of each column, (height, how many are left out there).
        width, height: of the whole.
        roomy: whether there is room for words between the neurons.
    """

    def __init__(self, chain: Chain, width: float, height: float) -> None:
        """Lays out.

        Args:
            chain: what is shown.
            width: of the room; the places may need more.
            height: of the room.
        """
        layers = len(chain.layers)
        self.count = layers + 1 + (chain.loss is not None)
        self.rows = tuple(_chosen(chain, column, height / READABLE - HEAD - MARGIN) for column in range(layers + 1))
        self.rows += ((0,),) * (chain.loss is not None)
        highest = max(len(rows) for rows in self.rows)
        sizes = [chain.size(column) for column in range(self.count)]
        complete = all(len(rows) == size for rows, size in zip(self.rows, sizes, strict=True))
        self.roomy = complete and highest <= 4 and HEAD + ROOMY * highest <= max(height * 1.35, HEAD + 3 * ROOMY)
        self._pitch = PITCH
        if self.roomy:
            across = 2 * (RADIUS + ASIDE) + CLOSE * (self.count - 1)
            room = height / min(1.0, width / across) - HEAD - MARGIN
            self._pitch = min(ROOMIEST, max(ROOMY, room / highest))
        heights = [self._height(rows, size) for rows, size in zip(self.rows, sizes, strict=True)]
        self.height = HEAD + max(heights) + MARGIN
        least = CLOSE if self.roomy else TIGHT
        spacing = least
        if self.count > 1:
            scale = min(1.0, height / self.height)
            spacing = (width / scale - 2 * (RADIUS + ASIDE)) / (self.count - 1)
        self._spacing = min(WIDE, max(least, spacing))
        self.width = self._spacing * (self.count - 1) + 2 * (RADIUS + ASIDE)
        self._y: list[dict[int, float]] = []
        self.gaps: list[list[tuple[float, int]]] = []
        for rows, size, high in zip(self.rows, sizes, heights, strict=True):
            self._stand(rows, size, HEAD + (max(heights) - high) / 2)

    @property
    def spacing(self) -> float:
        """From column to column."""
        return self._spacing

    def place(self, column: int, row: int) -> tuple[float, float]:
        """The middle of a neuron that is shown."""
        return ASIDE + RADIUS + column * self._spacing, self._y[column][row]

    def places(self, part: Part) -> tuple[tuple[float, float], tuple[float, float]]:
        """Both ends of a part: the same place twice unless it is a line."""
        if part.kind == "line":
            return self.place(part.column - 1, part.source), self.place(part.column, part.row)
        x, y = self.place(part.column, part.row)
        if part.kind == "bias":
            x, y = x - 0.84 * RADIUS, y - 0.84 * RADIUS
        return (x, y), (x, y)

    def shows(self, part: Part) -> bool:
        """Whether it is in the picture."""
        if part.column >= self.count or part.row not in self._y[part.column]:
            return False
        return part.kind != "line" or part.source in self._y[part.column - 1]

    def lines(self, column: int) -> Iterator[Part]:
        """The weights that are shown into a column of neurons."""
        for row in self.rows[column]:
            for source in self.rows[column - 1]:
                yield Part("line", column, row, source)

    def _height(self, rows: tuple[int, ...], size: int) -> float:
        return len(rows) * self._pitch + GAP * len(_holes(rows, size))

    def _stand(self, rows: tuple[int, ...], size: int, top: float) -> None:
        holes = dict(_holes(rows, size))
        places: dict[int, float] = {}
        gaps: list[tuple[float, int]] = []
        for row in rows:
            places[row] = top + self._pitch / 2
            top += self._pitch
            if row in holes:
                gaps.append((top + GAP / 2, holes[row]))
                top += GAP
        self._y.append(places)
        self.gaps.append(gaps)


def _holes(rows: tuple[int, ...], size: int) -> list[tuple[int, int]]:
    """(row, how many are left out behind it)."""
    return [(one, other - one - 1) for one, other in pairwise((*rows, size)) if other - one > 1]


def _chosen(chain: Chain, column: int, room: float) -> tuple[int, ...]:
    """All, or the first, the last, and those with the largest values and gradients over the batch.

    They stay the same while the cursor walks through the step.
    """
    size = chain.size(column)
    if size <= min(MOST, max(LEAST, int(room / PITCH))):
        return tuple(range(size))
    most = min(MOST, max(LEAST, int((room + GAP) / (PITCH + GAP))))
    if column == 0:
        value, grad = chain.x, chain.layers[0].back.x
    else:
        value, grad = chain.layers[column - 1].a, chain.layers[column - 1].back.z
    chosen = {0, size - 1}
    ranks = [_ranked(value), _ranked(grad) if grad is not None else []]
    for at in range(size):
        for rank in ranks:
            if len(chosen) < most and at < len(rank):
                chosen.add(rank[at])
    return tuple(sorted(chosen))


def _ranked(array: Array) -> list[int]:
    size = np.nan_to_num(np.abs(array)).mean(axis=0)
    return [int(index) for index in np.argsort(-size, kind="stable")]
