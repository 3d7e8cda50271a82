"""Which heights get a line, and how heights become colours."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from gui.colormaps import STEPS, Rgb, viridis

Floats = NDArray[np.float64]

LINES: Final = 11
DEEPEST: Final = 1e-8
"""Part of the highest value below which a logarithmic scale tells nothing apart."""
_FEW: Final = 0.005
"""Part of the values that may lie below a logarithmic scale."""
_ABOVE: Final = 1e-3
"""Where values are not all positive, a logarithmic scale counts from so far below the lowest, in parts of the range."""
_DIGITS: Final = ((1, 2, 5), (1, 3), (1,))


@final
@dataclass(frozen=True, slots=True)
class Levels:
    """Ascending heights of lines, and the scale between the lowest and the highest value.

    Attributes:
        origin: what a logarithmic scale takes the logarithm above: 0, or something below the lowest value where that
            is not positive. None: the scale is linear.
        cut: whether there are values below `low`, a few deep ones that would take most of a logarithmic scale.
    """

    low: float
    high: float
    lines: tuple[float, ...]
    origin: float | None = None
    cut: bool = False

    def position(self, values: Floats | float) -> Floats:
        """Where values stand between the lowest, 0, and the highest, 1; NaN stays NaN."""
        heights = np.clip(np.asarray(values, dtype=np.float64), self.low, self.high)
        if self.high <= self.low:
            return np.asarray(heights * 0.0)
        if self.origin is None:
            return np.asarray((heights - self.low) / (self.high - self.low))
        whole = math.log((self.high - self.origin) / (self.low - self.origin))
        return np.asarray(np.log((heights - self.origin) / (self.low - self.origin)) / whole)

    def height(self, position: float) -> float:
        """The value at a position."""
        if self.origin is None or self.high <= self.low:
            return self.low + position * (self.high - self.low)
        ratio = (self.high - self.origin) / (self.low - self.origin)
        return float(self.origin + (self.low - self.origin) * ratio**position)

    def band_colors(self) -> Rgb:
        """One colour for the heights below the first line, between each two, and above the last: `(lines + 1, 3)`."""
        ends = np.concatenate([[0.0], self.position(np.array(self.lines, dtype=np.float64)), [1.0]])
        middles = (ends[:-1] + ends[1:]) / 2
        colors: Rgb = viridis()[np.minimum((middles * STEPS).astype(int), STEPS - 1)]
        return colors

    def bands(self, values: Floats) -> Rgb:
        """Every value in the colour of its band, shape `(*values.shape, 3)`; NaN in that of the first."""
        return self.band_colors()[np.searchsorted(np.array(self.lines), np.nan_to_num(values, nan=self.low))]


def make_levels(values: Floats, *, log: bool = False, count: int = LINES) -> Levels:
    """About so many lines at round heights over the finite values; none where there is no range."""
    known = values[np.isfinite(values)]
    if not known.size:
        return Levels(0.0, 0.0, ())
    low, high = float(known.min()), float(known.max())
    if high <= low or not math.isfinite(high - low):
        return Levels(low, high if math.isfinite(high - low) else low, ())
    if not log:
        return Levels(low, high, _even(low, high, count))
    if high > 0 and low >= 0:
        least = max(low, high * DEEPEST, float(np.quantile(known, _FEW)))
        return Levels(least, high, _powers(least, high, count), 0.0, cut=low < least)
    origin = low - _ABOVE * (high - low)
    scale = Levels(low, high, (), origin)
    heights = (scale.height(index / (count + 1)) for index in range(1, count + 1))
    lines = sorted({float(f"{height:.3g}") for height in heights})
    return Levels(low, high, tuple(line for line in lines if low < line < high), origin)


def prefers_log(values: Floats) -> bool:
    """Whether most of a surface would drown in the lowest colour of a linear scale."""
    known = values[np.isfinite(values)]
    if known.size < 4 or known.min() == known.max():
        return False
    low, middle, high = (float(part) for part in np.quantile(known, (0.0, 0.5, 1.0)))
    return (middle - low) < 0.08 * (high - low)


def _even(low: float, high: float, count: int) -> tuple[float, ...]:
    raw = (high - low) / (count + 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = power * next(digit for digit in (1, 2, 5, 10) if digit * power >= raw * 0.999)
    first = math.floor(low / step) + 1
    found = (float(f"{index * step:.12g}") for index in range(first, math.ceil(high / step)))
    return tuple(line for line in found if low < line < high)


def _powers(low: float, high: float, count: int) -> tuple[float, ...]:
    """Round digits times powers of ten; evenly spaced where these are too far apart."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits in _DIGITS:
        found = [float(f"{digit}e{power}") for power in powers for digit in digits]
        lines = tuple(line for line in found if low < line < high)
        if len(lines) <= 1.5 * count:
            break
    return lines if len(lines) >= count / 2 else _even(low, high, count)
