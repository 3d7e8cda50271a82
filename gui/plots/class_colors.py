"""Colours of classes: two are orange and blue as everywhere, more take turns through hues that stay apart."""

from __future__ import annotations

from functools import cache

import numpy as np
from PySide6.QtGui import QColor

from gui.colormaps import Rgb
from gui.theme import theme

# Paul Tol's "muted" qualitative scheme, made for colour-blind readers: https://personal.sron.nl/~pault/
_MANY = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#ee8866", "#44bb99", "#bbbbbb", "#997755")


def class_colors(count: int) -> list[QColor]:
    """One colour a class, in the order of their indices."""
    if count <= 2:
        return [QColor(theme().palette.negative), QColor(theme().palette.positive)][:count]
    return list(_many(count))


@cache
def _many(count: int) -> tuple[QColor, ...]:
    return tuple(QColor(_MANY[index % len(_MANY)]) for index in range(count))


def class_table(count: int) -> Rgb:
    """The same as bytes, shape `(count, 3)`."""
    rows = [[color.red(), color.green(), color.blue()] for color in class_colors(count)]
    return np.array(rows, dtype=np.uint8).reshape(count, 3)
