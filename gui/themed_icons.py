"""Writes the icon files the style sheet names: `python -m gui.themed_icons`.

A style sheet can only name files, so the few icons it uses (arrows, check marks) are kept in the colours of each theme.
Run this after a change of palette or icons; a test says when they are out of date.
"""

from __future__ import annotations

from typing import Final

from gui.assets import asset
from gui.colors import DARK, LIGHT, Palette
from gui.icons import svg_source

THEMED: Final = {
    "check": ("check", "text"),
    "check-disabled": ("check", "disabled"),
    "check-on-accent": ("check", "on_accent"),
    "chevron-down": ("chevron-down", "secondary"),
    "chevron-down-disabled": ("chevron-down", "disabled"),
    "chevron-left": ("chevron-left", "secondary"),
    "chevron-right": ("chevron-right", "secondary"),
    "chevron-up": ("chevron-up", "secondary"),
    "chevron-up-disabled": ("chevron-up", "disabled"),
    "close": ("close", "secondary"),
    "float": ("float", "secondary"),
    "minus-on-accent": ("minus", "on_accent"),
}
"""File -> icon and palette colour."""


def themed_svg(file: str, palette: Palette) -> str:
    """The SVG text for one file of a palette; marks in small boxes get a stronger line."""
    name, color = THEMED[file]
    svg = svg_source(name).replace("currentColor", getattr(palette, color))
    return svg.replace('stroke-width="2"', 'stroke-width="3.5"') if name in ("check", "minus") else svg


def write() -> None:
    """Writes all files into `assets/icons/themed`."""
    for palette in (DARK, LIGHT):
        folder = asset("icons") / "themed" / palette.name
        folder.mkdir(parents=True, exist_ok=True)
        for file in THEMED:
            (folder / f"{file}.svg").write_text(themed_svg(file, palette), encoding="utf-8")


if __name__ == "__main__":
    write()
