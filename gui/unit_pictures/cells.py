"""Where the pictures of a block's units stand below it, and their pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Final, final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage

from engine.events import Array
from gui.colormaps import colorize, diverging
from gui.colors import Palette
from gui.plots.pixels import qimage

DROP: Final = 5.0
"""Between a block's body and the pictures below it, in scene units."""
HEIGHT: Final = 54.0
"""They are no higher together: wires that run back pass below them, see `gui.canvas.routing`."""
LEAST_HEIGHT: Final = 20.0
GAP: Final = 4.0
SMALL: Final = 20.0
"""Smaller cells stand closer."""
LEAST_CELL: Final = 13.0
ZERO: Final = 127
LOST: Final = 255


@final
@dataclass(frozen=True, slots=True)
class Cells:
    """Squares in rows.

    Attributes:
        rects: one a unit, in the block's coordinates.
        more: how many units have none; where that is written.
        rest: empty where all have one.
    """

    rects: tuple[QRectF, ...]
    more: int
    rest: QRectF

    @property
    def area(self) -> QRectF:
        """What they cover together."""
        found = QRectF(self.rest)
        for rect in self.rects:
            found = found.united(rect)
        return found


def arranged(shown: int, units: int, room: QRectF) -> Cells:
    """The largest squares that `shown` pictures can have in that room; fewer pictures where they would be tiny.

    Args:
        shown: pictures that there are.
        units: how many the block has; for those without a picture a cell tells how many they are.
        room: in the block's coordinates.
    """
    width, height = room.width(), room.height()
    most = _most(width, height)
    count = shown if shown == units and shown <= most else min(shown, max(most - 1, 1))
    more = units - count
    columns, cell, gap = _grid(count + (more > 0), width, height)
    squares = [
        QRectF(room.left() + index % columns * (cell + gap), room.top() + index // columns * (cell + gap), cell, cell)
        for index in range(count + (more > 0))
    ]
    return Cells(tuple(squares[:count]), more, squares[count] if more else QRectF())


def _most(width: float, height: float) -> int:
    """How many cells of the least size there is room for."""
    gap = _gap(LEAST_CELL)
    return max(1, int((width + gap) // (LEAST_CELL + gap))) * max(1, int((height + gap) // (LEAST_CELL + gap)))


def _grid(count: int, width: float, height: float) -> tuple[int, float, float]:
    """Columns, size and distance of the cells, as large as possible; with equal sizes, in the fewest rows."""
    best = (0.0, 0)
    for rows in range(1, count + 1):
        columns = math.ceil(count / rows)
        cell = _cell(columns, rows, width, height)
        if cell > best[0] + 0.5:
            best = (cell, columns)
    return best[1], best[0], _gap(best[0])


def _cell(columns: int, rows: int, width: float, height: float) -> float:
    """Whole units: cells of neighbours are equally large then, and sharp at 100 %."""

    def fitting(gap: float) -> float:
        wide, high = (width - (columns - 1) * gap) / columns, (height - (rows - 1) * gap) / rows
        return float(max(1, math.floor(min(wide, high))))

    large = fitting(GAP)
    return large if large > SMALL else min(fitting(GAP / 2), SMALL)


def _gap(cell: float) -> float:
    return GAP if cell > SMALL else GAP / 2


@cache
def colors_of(palette: Palette) -> NDArray[np.uint32]:
    """The colour of each code of `UnitPictures`, as 0xffRRGGBB, (256,)."""
    values = (np.arange(256) - ZERO) / ZERO
    values[LOST] = np.nan
    rgb = colorize(values, diverging(palette), -1.0, 1.0).astype(np.uint32)
    made: NDArray[np.uint32] = rgb @ np.array([1 << 16, 1 << 8, 1], dtype=np.uint32) | np.uint32(0xFF000000)
    made.flags.writeable = False
    return made


def strip_of(codes: Array, palette: Palette) -> QImage:
    """Pictures (units, rows, cols) in colours, one below the other."""
    units, rows, cols = codes.shape
    pixels = colors_of(palette)[codes]
    return QImage(pixels.data, cols, units * rows, 4 * cols, QImage.Format.Format_RGB32).copy()


def photo(image: Array) -> QImage:
    """A sample of the data as it is."""
    return qimage(image)
