"""Icons in the colours of the theme."""

from __future__ import annotations

import gc

import pytest
from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QColor, QIcon, QImage, QPainter, QPixmap

from engine.block import registry
from gui.assets import asset
from gui.colors import DARK, LIGHT
from gui.icons import app_icon, block_icon, block_icon_name, icon, icon_names, paint_icon, pixmap
from gui.theme import theme
from gui.themed_icons import THEMED, themed_svg


@pytest.fixture
def look(qapp):
    made = theme()
    made.set_mode("dark")
    yield made
    made.set_mode("system")


def strongest(drawn: QPixmap | QImage) -> str:
    """The colour of the most opaque pixel."""
    image = drawn.toImage() if isinstance(drawn, QPixmap) else drawn
    pixels = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
    return max(pixels, key=QColor.alpha).name()


@pytest.mark.parametrize("name", sorted(icon_names()))
def test_every_icon_draws_something_in_one_colour(look, name: str):
    image = pixmap(name, 16, "#ff0000").toImage()
    seen = {image.pixelColor(x, y).name() for x in range(16) for y in range(16) if image.pixelColor(x, y).alpha() > 100}
    assert seen == {"#ff0000"}


def test_unknown_icon_is_refused(look):
    for call in (icon, lambda name: pixmap(name, 16)):
        with pytest.raises(KeyError, match="no icon"):
            call("unicorn")


@pytest.mark.parametrize("dpr", [1.0, 1.5, 2.0, 3.0])
def test_icons_are_sharp_at_every_scale(look, dpr: float):
    drawn = icon("play").pixmap(QSize(16, 16), dpr)
    assert drawn.devicePixelRatio() == dpr
    assert drawn.size() == QSize(round(16 * dpr), round(16 * dpr))
    # Drawn at this size, not enlarged: it equals the SVG drawn directly.
    assert drawn.toImage() == pixmap("play", 16, "text", dpr).toImage()


def test_icons_follow_the_theme(look):
    plain, red = icon("info"), icon("info", "error")
    assert strongest(plain.pixmap(16)) == DARK.text
    assert strongest(plain.pixmap(QSize(16, 16), QIcon.Mode.Disabled)) == DARK.disabled
    assert strongest(red.pixmap(16)) == DARK.error
    look.set_mode("light")
    assert strongest(plain.pixmap(16)) == LIGHT.text
    assert strongest(red.pixmap(16)) == LIGHT.error


def test_icons_outlive_python_references(look):
    copy = QIcon(icon.__wrapped__("info"))
    gc.collect()
    assert not copy.pixmap(16).isNull()
    assert not app_icon().pixmap(64).isNull()


def test_an_icon_wider_than_high_is_centred(look):
    image = icon("stop").pixmap(QSize(32, 16)).toImage()
    columns = [x for x in range(32) if any(image.pixelColor(x, y).alpha() for y in range(16))]
    assert columns[0] >= 8
    assert columns[0] + columns[-1] == 31


def test_blocks_have_icons(look):
    assert {block.icon for block in registry().values()} <= icon_names()
    assert block_icon_name("no-such-icon", "loss") == "loss"
    assert strongest(block_icon("no-such-icon", "loss").pixmap(16)) == DARK.loss


def test_painting_a_zoomed_icon_is_sharp(look):
    image = QImage(64, 64, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    painter = QPainter(image)
    painter.scale(4.0, 4.0)
    paint_icon(painter, "stop", QRectF(0, 0, 16, 16), "error")
    painter.end()
    assert image == pixmap("stop", 16, "error", 4.0).toImage().convertToFormat(image.format())


@pytest.mark.parametrize("palette", [DARK, LIGHT], ids=lambda it: it.name)
@pytest.mark.parametrize("file", sorted(THEMED))
def test_files_of_the_style_sheet_are_current(palette, file: str):
    kept = asset(f"icons/themed/{palette.name}/{file}.svg").read_text(encoding="utf-8")
    assert kept == themed_svg(file, palette), "run python -m gui.themed_icons"
