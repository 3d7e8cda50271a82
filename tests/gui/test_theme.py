"""Colours, fonts, style sheet, motion and assets."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPointF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QImage, QPainter, QPalette, QRawFont
from PySide6.QtWidgets import (
    QComboBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from engine import assets
from gui import motion
from gui import theme as theme_module
from gui.assets import asset
from gui.colors import CATEGORIES, DARK, LIGHT, PORT_KINDS, Palette, contrast, ink_on, luminance, mix
from gui.fonts import ROLES
from gui.stylesheet import stylesheet
from gui.theme import set_kind, set_role, set_tone, theme

PALETTES = pytest.mark.parametrize("palette", [DARK, LIGHT], ids=lambda it: it.name)
SURFACES = ("canvas", "plot", "panel", "raised", "hover")
TEXTS = (
    "text",
    "secondary",
    "accent_text",
    "positive_text",
    "negative_text",
    "error_text",
    "warning_text",
    "success_text",
)
SOFT = {
    "accent_soft": ("text", "secondary", "accent_text"),
    "error_soft": ("text", "secondary", "error_text"),
    "warning_soft": ("text", "secondary", "warning_text"),
    "success_soft": ("text", "secondary", "success_text"),
    "pressed": ("text", "secondary"),
    "segment": ("text",),
}
GRAPHICS = (
    *CATEGORIES,
    *(f"port_{kind}" for kind in PORT_KINDS),
    "accent",
    "training",
    "validation",
    "positive",
    "error",
    "control",
)
NEEDED = "∂ησθ×→·≈√Σ∞−′²αβγελμρφΔΩ∇⊙≤≥≠…–—“”←↑↓✓●0123456789-+.,e%"


@pytest.fixture
def look(qapp):
    made = theme()
    yield made
    made.set_mode("system")
    made.set_text_scale(1.0)
    made.set_reduce_motion(None)


def test_contrast_agrees_with_published_values():
    # WebAIM's and the W3C's own examples.
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert contrast("#0000ff", "#ffffff") == pytest.approx(8.59, abs=0.005)
    assert luminance("#ff0000") == pytest.approx(0.2126)
    assert mix("#000000", "#ffffff", 0.5) == "#808080"


def test_ink_is_readable_on_every_colour():
    levels = range(0, 256, 15)
    colors = [f"#{red:02x}{green:02x}{blue:02x}" for red in levels for green in levels for blue in (0, 90, 246)]
    assert min(contrast(ink_on(color), color) for color in colors) >= 4.5


@PALETTES
def test_text_is_readable_on_every_surface(palette: Palette):
    colors = dict(palette.colors())
    pairs = [(text, surface) for text in TEXTS for surface in SURFACES]
    pairs += [(text, surface) for surface, texts in SOFT.items() for text in texts]
    pairs += [("disabled", surface) for surface in SURFACES if surface != "hover"]
    pairs += [("on_accent", fill) for fill in ("accent_fill", "accent_hover", "accent_pressed")]
    weak = {pair: contrast(colors[pair[0]], colors[pair[1]]) for pair in pairs}
    assert {pair: round(ratio, 2) for pair, ratio in weak.items() if ratio < 4.5} == {}


@PALETTES
def test_text_colors_in_the_style_sheet_are_readable(palette: Palette):
    source = re.sub(r"/\*.*?\*/", "", asset("theme.qss").read_text(encoding="utf-8"), flags=re.DOTALL)
    colors = dict(palette.colors())
    weak = []
    rules = re.findall(r"([^{}]+)\{([^{}]*)\}", source)
    assert len(rules) > 100
    for selector, body in rules:
        found = re.search(r"(?<![-\w])color: @(\w+)", body)
        if found is None:
            continue
        ground = re.search(r"(?<![-\w])(?:background|selection-background-color): @(\w+)", body)
        backs = (ground[1],) if ground else ("panel", "raised") if found[1] != "on_accent" else ("accent_fill",)
        weak += [
            f"{selector.strip()}: {found[1]} on {back}"
            for back in backs
            if contrast(colors[found[1]], colors[back]) < 4.5
        ]
    assert weak == []


@pytest.mark.parametrize("mode", ["dark", "light"])
@pytest.mark.parametrize("kind", [QLineEdit, QPlainTextEdit, QSpinBox, QComboBox])
def test_what_an_empty_field_says_is_as_readable_as_other_text(qtbot, look, mode, kind):
    look.set_mode(mode)
    field = kind()
    qtbot.addWidget(field)
    if isinstance(field, QComboBox):
        field.setEditable(True)
    field.show()
    inner = field.findChild(QLineEdit) or field
    faint = inner.palette().color(QPalette.ColorRole.PlaceholderText)
    assert faint.alpha() == 255
    assert contrast(faint.name(), look.color("raised").name()) >= 4.5


@PALETTES
def test_graphics_stand_out(palette: Palette):
    colors = dict(palette.colors())
    ratios = {(name, on): contrast(colors[name], colors[on]) for name in GRAPHICS for on in ("raised", "plot")}
    assert {pair: round(ratio, 2) for pair, ratio in ratios.items() if ratio < 3.0} == {}


@PALETTES
def test_meaning_of_colour_is_the_same_everywhere(palette: Palette):
    assert (palette.positive, palette.negative) == ("#3b82f6", "#f97316")
    assert len({palette.category(category) for category in CATEGORIES}) == len(CATEGORIES)
    with pytest.raises(KeyError, match="no block category"):
        palette.category("pooling")
    with pytest.raises(KeyError, match="no port kind"):
        palette.port("image")


@PALETTES
@pytest.mark.parametrize("scale", [1.0, 1.3, 1.5, 2.0])
def test_style_sheet_is_filled_in(palette: Palette, scale: float):
    text = re.sub(r"/\*.*?\*/", "", stylesheet(palette, scale), flags=re.DOTALL)
    assert "@" not in text
    assert not re.search(r"\dsp\b|half\(", text)
    files = re.findall(r'url\("([^"]+)"\)', text)
    assert files
    assert all(Path(file).is_file() for file in files)


def test_circles_stay_circles_at_every_scale():
    # Qt draws a square where the radius is larger than half of the box.
    for tenths in range(10, 21):
        text = stylesheet(DARK, tenths / 10)
        rule = re.search(r"QRadioButton::indicator \{([^}]*)\}", text)
        assert rule is not None
        [size], [radius] = (re.findall(f"{name}: (\\d+)px", rule[1]) for name in ("width", "radius"))
        size, radius = int(size), int(radius)
        assert size + 1 <= 2 * radius <= size + 2


@pytest.mark.parametrize("role", ROLES)
def test_bundled_faces_are_used(look, role: str):
    font = look.font(role)
    family = "JetBrainsMono" if role.startswith("mono") else "Inter"
    weight = {400: "Regular", 600: "SemiBold"}[font.weight().value]
    bundled = QRawFont(str(asset(f"fonts/{family}-{weight}.ttf")), 13.0)
    assert QRawFont.fromFont(font).fontTable("head") == bundled.fontTable("head")


def test_needed_characters_ship(qapp):
    faces = [QRawFont(str(path), 13.0) for path in asset("fonts").glob("*-Regular.ttf")]
    assert len(faces) == 2
    missing = {char for char in NEEDED if not any(face.supportsCharacter(ord(char)) for face in faces)}
    assert missing == set()
    assert sum(path.stat().st_size for path in asset("fonts").iterdir()) < 3_000_000
    assert all("SIL OPEN FONT LICENSE" in path.read_text().upper() for path in asset("fonts").glob("*-OFL.txt"))


def test_figures_are_tabular_and_nothing_joins(look):
    for role in ROLES:
        metrics = QFontMetricsF(look.font(role))
        assert len({round(metrics.horizontalAdvance(digit * 10), 3) for digit in "0123456789"}) == 1
    mono = look.font("mono")
    raw = QRawFont.fromFont(mono)
    assert raw.glyphIndexesForString("->") == [*raw.glyphIndexesForString("-"), *raw.glyphIndexesForString(">")]
    assert mono.featureValue(mono.Tag("calt")) == 0


def test_mode_changes_everything(look, qtbot, qapp):
    look.set_mode("dark")
    with qtbot.waitSignal(look.changed):
        look.set_mode("light")
    assert look.palette is LIGHT
    assert not look.is_dark
    assert qapp.palette().color(QPalette.ColorRole.Window).name() == LIGHT.panel
    assert LIGHT.accent_fill in qapp.styleSheet()
    assert DARK.raised not in qapp.styleSheet()
    assert look.color("text").name() == LIGHT.text
    assert look.pen("text").color().name() == LIGHT.text
    assert look.brush("text").color().name() == LIGHT.text


def test_system_mode_follows_the_system(look, qtbot, qapp, monkeypatch):
    look.set_mode("system")
    assert look.is_dark  # offscreen the system says nothing
    monkeypatch.setattr(theme_module, "system_scheme", lambda app: Qt.ColorScheme.Light)
    with qtbot.waitSignal(look.changed):
        qapp.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Light)
    assert look.palette is LIGHT
    look.set_mode("dark")
    qapp.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Light)
    assert look.palette is DARK


def test_kept_colours_are_the_same_objects(look):
    assert look.color("accent") is look.color("accent")
    assert look.pen("accent", 2) is look.pen("accent", 2)
    assert look.font("mono") is look.font("mono")
    with pytest.raises(AttributeError):
        look.color("no_such_colour")


@pytest.mark.parametrize("role", ROLES)
def test_the_learning_rate_is_no_n(look, role):
    """JetBrains Mono's own η is a plain n; pictures of both are compared, for only they show which glyph is drawn."""

    def drawn(letter: str) -> QImage:
        image = QImage(40, 40, QImage.Format.Format_Grayscale8)
        image.fill(0)
        painter = QPainter(image)
        painter.setFont(look.font(role))
        painter.setPen(Qt.GlobalColor.white)
        painter.drawText(QPointF(10, 25), letter)
        painter.end()
        return image

    # Small letters may be drawn as capitals.
    if look.font(role).capitalization() == QFont.Capitalization.MixedCase:
        below = [drawn(letter).copy(0, 26, 40, 14) for letter in "ηn"]
        empty = drawn(" ").copy(0, 26, 40, 14)
        assert below[0] != empty
        assert below[1] == empty


def test_text_scale_grows_fonts_and_controls(look, qtbot):
    label, button = QLabel("title"), QPushButton("Go")
    qtbot.addWidget(label)
    qtbot.addWidget(button)
    set_role(label, "title")
    button.show()
    before = (label.font().pixelSize(), button.sizeHint().height(), button.font().pixelSize())
    with qtbot.waitSignal(look.changed):
        look.set_text_scale(2.0)
    QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)
    after = (label.font().pixelSize(), button.sizeHint().height(), button.font().pixelSize())
    assert before == (15, 28, 13)
    assert after[0] == 30
    assert after[1] >= 50
    assert after[2] == 26
    look.set_text_scale(7.0)
    assert look.text_scale == 2.0
    look.set_text_scale(0.1)
    assert look.text_scale == 1.0


def test_tone_follows_the_theme(look, qtbot):
    label = QLabel("x")
    qtbot.addWidget(label)
    set_tone(label, "error")
    label.show()
    look.set_mode("light")
    assert label.palette().color(label.foregroundRole()).name() == LIGHT.error_text
    set_tone(label, "success")
    assert label.palette().color(label.foregroundRole()).name() == LIGHT.success_text


def test_less_motion(look, monkeypatch):
    look.set_reduce_motion(True)
    assert look.animation_ms(150) == 0
    look.set_reduce_motion(False)
    assert look.animation_ms(150) == 150
    look.set_reduce_motion(None)
    monkeypatch.setattr(theme_module, "system_reduces_motion", lambda: True)
    assert look.animation_ms(150) == 0
    monkeypatch.setenv("CHAINRULE_REDUCE_MOTION", "0")
    assert look.animation_ms(150) == 150


def test_systems_are_asked_for_motion(tmp_path, monkeypatch):
    settings = tmp_path / "kdeglobals"
    assert not motion._kde(settings)
    settings.write_text("[KDE]\nAnimationDurationFactor=0\n")
    assert motion._kde(settings)
    settings.write_text("[KDE]\nAnimationDurationFactor=soon\n")
    assert not motion._kde(settings)
    plist = tmp_path / "universalaccess.plist"
    assert not motion._mac(plist)
    plist.write_text('<plist version="1.0"><dict><key>reduceMotion</key><true/></dict></plist>')
    assert motion._mac(plist)
    plist.write_bytes(b"no property list")
    assert not motion._mac(plist)


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands in for gsettings")
def test_gnome_is_asked_for_motion(tmp_path, monkeypatch):
    stand_in = tmp_path / "gsettings"
    stand_in.write_text("#!/bin/sh\necho false\n")
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert motion._gnome()
    stand_in.write_text("#!/bin/sh\necho true\n")
    assert not motion._gnome()
    monkeypatch.setenv("PATH", "")
    assert not motion._gnome()


def test_theme_needs_an_application():
    code = "from gui.theme import theme\ntry:\n    theme()\nexcept RuntimeError as e:\n    print(e)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "theme() needs a QApplication"


def test_missing_asset_is_named():
    with pytest.raises(FileNotFoundError, match=r'asset "icons/unicorn.svg"'):
        asset("icons/unicorn.svg")
    assert asset("icons/play.svg").parent.parent == assets.folder()


def test_rows_filled_early_are_measured_with_the_style(look, qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    layout = QVBoxLayout(window)
    entries, tree = QListWidget(), QTreeWidget()
    entries.addItems(["dense1", "tanh1"])
    item = QTreeWidgetItem(["dense1"])
    tree.addTopLevelItem(item)
    tree.expandAll()  # measures the rows, before the style sheet has come to the widget
    layout.addWidget(entries)
    layout.addWidget(tree)
    window.show()
    qtbot.waitUntil(lambda: tree.visualItemRect(item).height() == 26)
    image = entries.viewport().grab().toImage()
    paper = image.pixel(image.width() - 1, image.height() - 1)
    inked = [y for y in range(image.height()) if any(image.pixel(x, y) != paper for x in range(image.width()))]
    gaps = [after - before for before, after in pairwise(inked) if after - before > 1]
    assert len(gaps) == 1
    assert gaps[0] > 10


def test_a_button_that_tab_reached_has_one_ring_and_nothing_round_its_text(qtbot, look):
    box = QWidget()
    qtbot.addWidget(box)
    column = QVBoxLayout(box)
    buttons = [QPushButton("first"), QPushButton("          ")]
    for button in buttons:
        column.addWidget(button)
    box.show()
    with qtbot.waitActive(box):
        box.activateWindow()
    buttons[0].setFocus()
    qtbot.keyClick(buttons[0], Qt.Key.Key_Tab)
    assert buttons[1].hasFocus()
    image = buttons[1].grab().toImage()
    inside = image.copy(image.rect().adjusted(4, 4, -4, -4))
    colors = {inside.pixel(x, y) for x in range(inside.width()) for y in range(inside.height())}
    assert len(colors) == 1


@pytest.mark.parametrize("kind", ["small", "boxed"])
def test_a_button_that_stays_down_shows_that_and_the_focus(qtbot, look, kind):
    box = QWidget()
    qtbot.addWidget(box)
    column = QVBoxLayout(box)
    other, toggle = QPushButton("other"), QToolButton()
    toggle.setText("log")
    toggle.setCheckable(True)
    set_kind(toggle, kind)
    for button in (other, toggle):
        column.addWidget(button)
    box.show()
    with qtbot.waitActive(box):
        box.activateWindow()
    other.setFocus()
    up = toggle.grab().toImage()
    toggle.setChecked(True)
    down = toggle.grab().toImage()
    assert down != up
    toggle.setFocus(Qt.FocusReason.TabFocusReason)
    assert toggle.grab().toImage() != down
