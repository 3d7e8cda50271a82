"""pyqtgraph in the colours and fonts of the theme."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, final

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QGuiApplication, QPen

from gui.theme import theme

if TYPE_CHECKING:
    import pyqtgraph as pg

AXES: Final = ("left", "bottom", "right", "top")
GRID_ALPHA: Final = 46


@cache
def configure_plots() -> None:
    """Once per process, before the first plot: smooth lines, images as NumPy has them (rows first)."""
    import pyqtgraph as pg

    pg.setConfigOptions(antialias=True, imageAxisOrder="row-major", useOpenGL=False)


def style_plot(plot: pg.PlotItem) -> None:
    """Dresses a plot and keeps it dressed when the theme changes. Call once for each plot, after it is made.

    Curves keep the pens they were given: give them new ones (`curve_pen`) when `theme().changed` comes.
    """
    configure_plots()
    _Dresser(plot).dress()


def curve_pen(color: str, width: float = 2.0, *, dashed: bool = False) -> QPen:
    """A pen for a curve in a palette colour (`training`, `validation`): validation is dashed, never colour alone.

    It is cosmetic, as pyqtgraph needs it; Qt counts the width of such pens in pixels of the screen.
    """
    pen = QPen(theme().color(color), width * QGuiApplication.primaryScreen().devicePixelRatio())
    pen.setCosmetic(True)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap if dashed else Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    if dashed:
        pen.setDashPattern([4.0, 2.5])
    return pen


@final
class _Dresser(QObject):
    """Belongs to its plot and dies with it, and so does the connection to the theme."""

    def __init__(self, plot: pg.PlotItem) -> None:
        super().__init__(plot)
        self._plot = plot
        plot.hideButtons()
        plot.setMenuEnabled(False)
        plot.layout.setContentsMargins(6, 8, 10, 4)
        plot.showGrid(x=True, y=True, alpha=GRID_ALPHA / 255)
        theme().changed.connect(self.dress)

    def dress(self) -> None:
        """Applies the theme's colours and fonts."""
        look = theme()
        plot = self._plot
        plot.getViewBox().setBackgroundColor(look.color("plot"))
        view = plot.getViewWidget()
        if view is not None and view.centralWidget is plot:
            view.setBackground(look.color("plot"))
        font = look.font("mono_caption")
        for name in AXES:
            axis = plot.getAxis(name)
            axis.setPen(look.pen("border"))
            axis.setTickPen(look.pen("secondary"))
            axis.setTextPen(look.pen("secondary"))
            axis.setTickFont(font)
            axis.setStyle(tickLength=-4, tickTextOffset=6, maxTickLevel=1)
            axis.label.setFont(look.font("caption"))
            axis.label.setDefaultTextColor(look.color("secondary"))
