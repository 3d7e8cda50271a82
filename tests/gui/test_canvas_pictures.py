"""The canvas looks as its golden pictures do, and a picture with any other colour or size does not."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QFont, QImage

from gui import colors
from gui import theme as theme_module
from gui.canvas import block_paint, look
from gui.fonts import Role
from gui.theme import theme
from tests.helpers.canvas_pictures import MODES, SCALES, difference, draw, path

BOTH = pytest.mark.parametrize("mode", MODES)
WRONG = "#7a4fbf"


@pytest.fixture(autouse=True)
def still(qapp):
    theme().set_reduce_motion(True)
    yield
    theme().set_reduce_motion(None)


def golden(mode, distance) -> QImage:
    image = QImage(str(path(mode, distance)))
    assert not image.isNull(), "draw it: python -m tests.helpers.canvas_pictures"
    return image


@BOTH
@pytest.mark.parametrize("distance", SCALES)
def test_the_canvas_looks_as_it_did(qtbot, mode, distance, tmp_path):
    theme().set_mode(mode)
    image = draw(SCALES[distance])
    found = difference(image, golden(mode, distance))
    if not found.is_small:
        image.save(str(tmp_path / f"canvas-{mode}-{distance}.png"))
    assert found.is_small, f"{found}: compare {tmp_path} with {path(mode, distance)}"


CHANGED = (
    "text",
    "secondary",
    "raised",
    "accent",
    "error",
    "warning",
    "layers",
    "port_value",
    "port_target",
    "control",
)


@pytest.mark.parametrize("name", CHANGED)
def test_another_colour_is_seen(qtbot, monkeypatch, name):
    other = colors.replace(colors.DARK, **{name: WRONG})
    monkeypatch.setattr(theme_module, "DARK", other)
    theme().set_mode("light")
    theme().set_mode("dark")
    found = difference(draw(1.0), golden("dark", "near"))
    assert not found.is_small, found
    monkeypatch.undo()


@pytest.mark.parametrize("distance", SCALES)
def test_another_accent_is_seen_from_everywhere(qtbot, monkeypatch, distance):
    monkeypatch.setattr(theme_module, "DARK", colors.replace(colors.DARK, accent=WRONG))
    theme().set_mode("light")
    theme().set_mode("dark")
    assert not difference(draw(SCALES[distance]), golden("dark", distance)).is_small
    monkeypatch.undo()


def test_what_is_missing_or_moved_is_seen(qtbot, monkeypatch):
    theme().set_mode("dark")
    with monkeypatch.context() as patch:
        patch.setattr(block_paint, "_paint_badge", lambda painter, item: None)
        assert not difference(draw(1.0), golden("dark", "near")).is_small
    with monkeypatch.context() as patch:
        patch.setattr(block_paint, "PORT_RADIUS", 7.0)
        assert not difference(draw(1.0), golden("dark", "near")).is_small


@BOTH
def test_how_letters_are_rasterised_does_not_count(qtbot, monkeypatch, mode):
    made = look.make_font

    def hinted(role: Role, scale: float = 1.0) -> QFont:
        font = made(role, scale)
        font.setHintingPreference(QFont.HintingPreference.PreferVerticalHinting)
        return font

    monkeypatch.setattr(look, "make_font", hinted)
    theme().set_mode(mode)
    image, wanted = draw(1.0), golden(mode, "near")
    assert image != wanted
    found = difference(image, wanted)
    assert found.is_small, found
