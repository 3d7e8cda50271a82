"""Numbers as colours: 256-step lookup tables (uint8, shape `(256, 3)`) and the ways to use them.

`diverging`: orange for negative, the plot's surface for zero, blue for positive. `viridis`: sequential. `health`: the
logarithm of a gradient's size, from pale (vanishing) over green (healthy) to red (exploding), darker step by step, so
that it also reads without colour.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor

from gui.colors import Palette

Rgb = NDArray[np.uint8]
Floats = NDArray[np.float64]

STEPS: Final = 256
HEALTH_LOW: Final = 1e-8
HEALTH_HIGH: Final = 1e2

# Oklab, a colour space in which equal steps look equal: B. Ottosson, https://bottosson.github.io/posts/oklab/
_TO_LMS: Final = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB: Final = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_FROM_LMS: Final = np.linalg.inv(_TO_LMS)
_FROM_LAB: Final = np.linalg.inv(_TO_LAB)


def _oklab(color: str) -> Floats:
    srgb = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return np.asarray(_TO_LAB @ np.cbrt(_TO_LMS @ linear))


def _srgb(lab: Floats) -> Rgb:
    """Oklab of shape `(n, 3)` as sRGB bytes."""
    linear = np.clip(((lab @ _FROM_LAB.T) ** 3) @ _FROM_LMS.T, 0.0, 1.0)
    srgb = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.round(srgb * 255).astype(np.uint8)


def _between(colors: list[str], places: list[float], count: int) -> Rgb:
    labs = np.stack([_oklab(color) for color in colors])
    at = np.linspace(0.0, 1.0, count)
    return _srgb(np.stack([np.interp(at, places, labs[:, channel]) for channel in range(3)], axis=1))


def _frozen(table: Rgb) -> Rgb:
    table.flags.writeable = False
    return table


@cache
def diverging(palette: Palette) -> Rgb:
    """-1 … +1; the two middle entries are exactly the surface, so zero is invisible."""
    half = STEPS // 2
    negative = _between([palette.negative, palette.plot], [0.0, 1.0], half)
    positive = _between([palette.plot, palette.positive], [0.0, 1.0], half)
    return _frozen(np.concatenate([negative, positive]))


@cache
def viridis() -> Rgb:
    """0 … 1, dark violet to yellow (S. van der Walt and N. Smith, CC0)."""
    import pyqtgraph as pg

    table = np.asarray(pg.colormap.get("viridis").getLookupTable(0.0, 1.0, STEPS, alpha=False), dtype=np.uint8)
    return _frozen(table)


@cache
def health(palette: Palette) -> Rgb:
    """Gradient health over `health_position`: 0 vanishing … 0.72 healthy (norms about 0.2) … 1 exploding."""
    colors = [
        palette.health_vanishing,
        palette.health_low,
        palette.health_good,
        palette.health_high,
        palette.health_exploding,
    ]
    return _frozen(_between(colors, [0.0, 0.45, 0.72, 0.92, 1.0], STEPS))


def health_position(norm: float, low: float = HEALTH_LOW, high: float = HEALTH_HIGH) -> float:
    """Where a gradient's size stands on the scale, 0 to 1, by its logarithm. Zero is 0; NaN and infinity are 1."""
    if math.isnan(norm) or math.isinf(norm):
        return 1.0
    if norm <= low:
        return 0.0
    return min(1.0, math.log(norm / low) / math.log(high / low))


def health_color(norm: float, palette: Palette) -> QColor:
    """The colour of a gradient's size."""
    return _color(health(palette), health_position(norm))


def sign_color(value: float, limit: float, palette: Palette) -> QColor:
    """The colour of a signed number, full at ±`limit`; NaN is the error colour."""
    if math.isnan(value):
        return QColor(palette.error)
    part = 0.0 if limit <= 0 else max(-1.0, min(1.0, value / limit))
    return _color(diverging(palette), (part + 1) / 2)


def order_colors(count: int) -> list[QColor]:
    """Colours for things in an order (layers from first to last), along the middle of viridis."""
    table = viridis()
    return [_color(table, 0.25 + 0.65 * (i / (count - 1) if count > 1 else 0.5)) for i in range(count)]


def colorize(values: NDArray[np.floating], table: Rgb, low: float, high: float) -> Rgb:
    """Numbers of any shape as colours, shape `(*values.shape, 3)`; clipped to `low` … `high`, NaN is magenta.

    For the diverging table give `-limit, limit`.
    """
    span = high - low if high > low else 1.0
    with np.errstate(invalid="ignore"):
        scaled = np.clip((np.asarray(values, dtype=np.float64) - low) * (STEPS / span), 0, STEPS - 1)
        lost = np.isnan(scaled)
        index = np.where(lost, 0, scaled).astype(np.uint8)
    made: Rgb = table[index]
    if lost.any():
        made[lost] = (255, 0, 255)
    return made


def _color(table: Rgb, position: float) -> QColor:
    red, green, blue = (int(value) for value in table[min(STEPS - 1, int(position * STEPS))])
    return QColor(red, green, blue)
