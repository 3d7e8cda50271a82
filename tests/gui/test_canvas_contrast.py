"""Every text that the canvas paints can be read on what it is painted on, in both themes."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QBrush, QColor

from engine.decorations import COLORS
from gui.canvas import block_paint
from gui.canvas.look import Look
from gui.canvas.tints import tints
from gui.colors import contrast
from gui.theme import theme

NEEDED = 4.5


@pytest.fixture(params=["dark", "light"])
def look(qapp, request):
    theme().set_mode(request.param)
    return Look()


def ratio(text: QColor, ground: QBrush) -> float:
    assert text.alpha() == 255
    return contrast(text.name(), ground.color().name())


def weak(pairs: dict[str, tuple[QColor, QBrush]]) -> dict[str, float]:
    return {name: round(found, 2) for name, pair in pairs.items() if (found := ratio(*pair)) < NEEDED}


def test_blocks(look):
    grounds = {"plain": look.body, "hovered": look.body_hover, "muted": look.body_muted}
    pairs = {
        f"{name} on {ground}": (pen.color(), brush)
        for name, pen in (("name", look.text), ("summary and ports", look.secondary))
        for ground, brush in grounds.items()
    }
    assert weak(pairs) == {}


def test_wires(look):
    pairs = {"quiet": (look.secondary.color(), look.canvas), "touched": (look.text.color(), look.canvas)}
    assert weak(pairs) == {}


@pytest.mark.parametrize("color", COLORS)
def test_frames_and_notes(look, color):
    shades = tints(color)
    pairs = {
        "title of a frame": (look.text.color(), shades.bar),
        "text of a note": (look.text.color(), shades.paper),
        "more of a note": (look.secondary.color(), shades.paper),
        "links of a note": (theme().color("accent_text"), shades.paper),
    }
    assert weak(pairs) == {}


def test_live_values(look):
    assert ratio(look.text.color(), look.well) >= NEEDED


def test_marks_of_badges(look):
    """Not texts: 3 is what graphics need."""
    assert ratio(block_paint._WHITE.color(), look.error) >= 3.0
    assert ratio(block_paint._BLACK.color(), look.warning) >= 3.0
