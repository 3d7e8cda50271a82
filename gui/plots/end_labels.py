"""Names at the ends of curves: which is which is not told by colour alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor, QFontMetricsF

from gui.plots.history import Floats
from gui.theme import theme

MOST: Final = 12
"""Up to so many curves all of them are named, beyond that the first and the last."""


@final
class EndLabels:
    """A name above the right end of each curve; names that would be written over others are left out."""

    def __init__(self, item: pg.PlotItem) -> None:
        self._item = item
        self._labels: list[pg.TextItem] = []

    def texts(self) -> list[str]:
        """The names that are shown."""
        return [label.toPlainText() for label in self._labels if label.isVisible()]

    def show(self, names: Sequence[str], x: float, ends: Floats) -> None:
        """Write names at one place of the horizontal axis.

        Args:
            names: of the curves, in order.
            x: where the curves end.
            ends: their last values `(curves,)`, as the vertical axis counts them (logarithms on a logarithmic one).
        """
        while len(self._labels) < len(names):
            label = pg.TextItem(anchor=(1, 1))
            label.setZValue(20)
            self._item.addItem(label, ignoreBounds=True)
            self._labels.append(label)
        for label in self._labels:
            label.hide()
        last = len(names) - 1
        order = dict.fromkeys([0, last, *(range(last) if len(names) <= MOST else ())] if names else ())
        look, taken = theme(), list[float]()
        font, ground = look.font("caption"), QColor(look.color("plot"))
        ground.setAlpha(120)  # the curve goes on below
        height = QFontMetricsF(font).height() * self._item.getViewBox().viewPixelSize()[1]
        for index in order:
            end = float(ends[index])
            if np.isfinite(end) and all(abs(end - other) >= height for other in taken):
                taken.append(end)
                label = self._labels[index]
                label.setText(names[index], look.color("text"))
                label.setFont(font)
                label.fill = pg.mkBrush(ground)
                label.setPos(x, end)
                label.show()

    def hide(self) -> None:
        """Take all of them away."""
        for label in self._labels:
            label.hide()
