"""Numbers as colours, and plots in the colours of the theme."""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QColor

from gui import colormaps
from gui.colors import DARK, LIGHT, luminance
from gui.fonts import MONO_FAMILY
from gui.plot_style import curve_pen, style_plot
from gui.theme import theme

PALETTES = pytest.mark.parametrize("palette", [DARK, LIGHT], ids=lambda it: it.name)


def hexes(table) -> list[str]:
    return ["#{:02x}{:02x}{:02x}".format(*row) for row in table.tolist()]


@PALETTES
def test_diverging_has_the_meaning_of_colours_at_its_ends_and_middle(palette):
    table = hexes(colormaps.diverging(palette))
    assert len(table) == 256
    assert (table[0], table[127], table[128], table[255]) == (
        palette.negative,
        palette.plot,
        palette.plot,
        palette.positive,
    )


@PALETTES
def test_equal_magnitudes_are_equally_far_from_zero(palette):
    # Measured by luminance, which the making of the table (in Oklab) does not use: each step leads further away.
    light = [luminance(color) for color in hexes(colormaps.diverging(palette))]
    rising = np.diff(light[128:])
    falling = np.diff(light[:128])
    direction = 1 if palette is DARK else -1
    assert (direction * rising >= -1e-3).all()
    assert (direction * falling <= 1e-3).all()


@PALETTES
def test_health_reads_without_colour(palette):
    table = hexes(colormaps.health(palette))
    assert (table[0], table[-1]) == (palette.health_vanishing, palette.health_exploding)
    assert (np.diff([luminance(color) for color in table]) <= 4e-3).all()  # but for the rounding to bytes
    assert QColor(table[184]).hslHue() == pytest.approx(QColor(palette.health_good).hslHue(), abs=6)


def test_viridis_is_the_published_one():
    matplotlib = pytest.importorskip("matplotlib")
    published = (np.array(matplotlib.colormaps["viridis"].colors) * 255).round()
    assert np.abs(colormaps.viridis().astype(float) - published).max() <= 1


def test_tables_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        colormaps.diverging(DARK)[0] = 0


@pytest.mark.parametrize(
    ("norm", "place"), [(0.0, 0.0), (1e-8, 0.0), (1e-3, 0.5), (1e2, 1.0), (1e9, 1.0), (math.inf, 1.0), (math.nan, 1.0)]
)
def test_health_is_logarithmic(norm: float, place: float):
    assert colormaps.health_position(norm) == pytest.approx(place)


def test_colorize_agrees_with_single_colours():
    values = np.array([[-2.0, -1.0, -0.3], [0.0, 0.7, 5.0]])
    made = colormaps.colorize(values, colormaps.diverging(DARK), -1.0, 1.0)
    assert made.shape == (2, 3, 3)
    assert made.dtype == np.uint8
    single = [colormaps.sign_color(float(value), 1.0, DARK) for value in values.flat]
    assert made.reshape(-1, 3).tolist() == [[color.red(), color.green(), color.blue()] for color in single]


def test_colorize_marks_nan_and_survives_no_range():
    made = colormaps.colorize(np.array([np.nan, 0.5]), colormaps.viridis(), 0.5, 0.5)
    assert tuple(made[0]) == (255, 0, 255)
    assert tuple(made[1]) == tuple(colormaps.viridis()[0])
    assert colormaps.sign_color(math.nan, 1.0, DARK).name() == DARK.error
    assert colormaps.sign_color(3.0, 0.0, DARK).name() == DARK.plot


def test_order_colours_differ():
    assert len({color.name() for color in colormaps.order_colors(15)}) == 15
    assert len(colormaps.order_colors(1)) == 1
    assert colormaps.order_colors(0) == []


def test_plots_follow_the_theme_and_let_go_of_it(qtbot):
    look = theme()
    look.set_mode("dark")
    widget = pg.PlotWidget()
    plot = widget.getPlotItem()
    style_plot(plot)
    before = look.receivers("2changed()")
    assert widget.backgroundBrush().color().name() == DARK.plot
    look.set_mode("light")
    assert widget.backgroundBrush().color().name() == LIGHT.plot
    assert plot.getAxis("left").textPen().color().name() == LIGHT.secondary
    assert plot.getAxis("left").style["tickFont"].family() == MONO_FAMILY
    widget.close()
    widget.deleteLater()
    del plot
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    assert look.receivers("2changed()") == before - 1
    look.set_mode("system")


def test_validation_is_dashed_not_only_coloured(qapp):
    assert curve_pen("training").style() == Qt.PenStyle.SolidLine
    assert curve_pen("validation", dashed=True).style() == Qt.PenStyle.CustomDashLine
