"""How the colours of frames and notes look in the theme: the file names them, the palette has them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, final

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QBrush, QColor

from gui.colors import mix
from gui.theme import theme

HUES: Final = {
    "grey": "secondary",
    "blue": "accent",
    "teal": "data",
    "green": "success",
    "amber": "warning",
    "rose": "loss",
    "violet": "regularisation",
    "indigo": "layers",
}
"""Colour in the file (`engine.decorations.COLORS`) -> field of the palette."""


@final
@dataclass(frozen=True, slots=True)
class Tints:
    """The shades of one colour: quiet ground, title bar, rim, and the paper of a note."""

    hue: QColor
    ground: QBrush
    bar: QBrush
    rim: QBrush
    paper: QBrush
    paper_rim: QBrush


def tints(color: str) -> Tints:
    """The shades of a colour in the theme now in force. Kept: do not change them."""
    return _tints(theme().palette.name, color)


@lru_cache(maxsize=32)
def _tints(palette_name: str, color: str) -> Tints:
    colors = theme().palette
    assert colors.name == palette_name  # the name stands for the palette in the key
    hue = str(getattr(colors, HUES[color]))

    def brush(ground: str, part: float) -> QBrush:
        return QBrush(QColor(mix(ground, hue, part)))

    return Tints(
        hue=QColor(hue),
        ground=brush(colors.canvas, 0.07),
        bar=brush(colors.canvas, 0.20),
        rim=brush(colors.canvas, 0.42),
        paper=brush(colors.raised, 0.13),
        paper_rim=brush(colors.raised, 0.40),
    )


def color_name(color: str) -> str:
    """What people call a colour."""
    tr = QCoreApplication.translate
    return {
        "grey": tr("Tints", "Grey"),
        "blue": tr("Tints", "Blue"),
        "teal": tr("Tints", "Teal"),
        "green": tr("Tints", "Green"),
        "amber": tr("Tints", "Amber"),
        "rose": tr("Tints", "Rose"),
        "violet": tr("Tints", "Violet"),
        "indigo": tr("Tints", "Indigo"),
    }[color]
