"""Palette and style sheet for Qt's own controls, made from the colours of a theme."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from PySide6.QtGui import QColor, QPalette

from gui.assets import asset
from gui.colors import Palette

_TOKEN: Final = re.compile(r"@icon\(([a-z-]+)\)|@([a-z_]+)|half\((\d+)sp\+(\d+)px\)|(?<![\w.])(\d+)sp\b")


@cache
def stylesheet(palette: Palette, scale: float) -> str:
    """`assets/theme.qss` with colours, icon files and lengths filled in.

    Raises:
        AttributeError: the file names a colour the palette lacks.
        FileNotFoundError: it names an icon that does not ship.
    """

    def fill(match: re.Match[str]) -> str:
        icon, color, inner, borders, length = match.groups()
        if icon:
            path = asset(f"icons/themed/{palette.name}/{icon}.svg").as_posix()
            return f'url("{path}")'
        if color:
            return str(getattr(palette, color))
        if inner:  # the radius of a circle: any larger, and Qt draws a square
            return f"{(round(int(inner) * scale) + int(borders)) // 2}px"
        return f"{max(1, round(int(length) * scale))}px"

    return _TOKEN.sub(fill, asset("theme.qss").read_text(encoding="utf-8"))


def qt_palette(palette: Palette) -> QPalette:
    """Qt's own palette, for whatever the style sheet does not reach."""
    role = QPalette.ColorRole
    colors = {
        role.Window: palette.panel,
        role.WindowText: palette.text,
        role.Base: palette.raised,
        role.AlternateBase: palette.hover,
        role.ToolTipBase: palette.raised,
        role.ToolTipText: palette.text,
        role.PlaceholderText: palette.secondary,
        role.Text: palette.text,
        role.Button: palette.raised,
        role.ButtonText: palette.text,
        role.BrightText: palette.error_text,
        role.Light: palette.hover,
        role.Midlight: palette.line,
        role.Mid: palette.line,
        role.Dark: palette.border,
        role.Shadow: palette.canvas,
        role.Highlight: palette.accent_fill,
        role.HighlightedText: palette.on_accent,
        role.Accent: palette.accent,
        role.Link: palette.accent_text,
        role.LinkVisited: palette.accent_text,
    }
    made = QPalette()
    for which, color in colors.items():
        made.setColor(which, QColor(color))
    for which in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText, role.PlaceholderText):
        made.setColor(QPalette.ColorGroup.Disabled, which, QColor(palette.disabled))
    made.setColor(QPalette.ColorGroup.Disabled, role.Highlight, QColor(palette.line))
    return made
