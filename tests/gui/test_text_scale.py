"""Text is as large as the system wants it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QToolButton

from gui import text_scale
from gui.theme import theme
from tests.helpers.cut_text import lasting_faults
from tests.helpers.windows import main_window


@pytest.mark.parametrize(
    ("dots", "by_qt", "scale"),
    [("96", "0", 1.0), ("144", "0", 1.5), ("300", "0", 2.0), ("48", "0", 1.0), ("144", "1", 1.0)],
)
def test_the_dots_per_inch_of_fonts_count_where_qt_does_not_scale_pixels(dots, by_qt, scale):
    code = (
        "from PySide6.QtWidgets import QApplication, QLabel; app = QApplication([])\n"
        "from gui.text_scale import follow_text_scale; from gui.theme import theme\n"
        "follow_text_scale(); print(theme().text_scale, QLabel().font().pixelSize(), app.devicePixelRatio())"
    )
    told = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "QT_FONT_DPI": dots, "QT_ENABLE_HIGHDPI_SCALING": by_qt}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=told)
    ratio = str(int(dots) / 96 if by_qt == "1" else 1.0)
    assert done.stdout.split() == [str(scale), str(round(13 * scale)), ratio]


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands in for gsettings")
def test_gnome_is_asked_under_wayland_alone(qapp, tmp_path, monkeypatch):
    stand_in = tmp_path / "gsettings"
    stand_in.write_text("#!/bin/sh\necho 1.25\n")
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CURRENT_DESKTOP", "ubuntu:GNOME")
    assert text_scale.system_text_scale() == 1.0
    monkeypatch.setattr(QGuiApplication, "platformName", lambda: "wayland")
    assert text_scale.system_text_scale() == 1.25
    stand_in.write_text("#!/bin/sh\necho none\n")
    assert text_scale.system_text_scale() == 1.0
    monkeypatch.setenv("PATH", "")
    assert text_scale.system_text_scale() == 1.0


def test_a_change_on_the_screen_is_followed(qapp, monkeypatch):
    text_scale.follow_text_scale()
    assert theme().text_scale == 1.0
    monkeypatch.setattr(text_scale, "system_text_scale", lambda: 1.5)
    screen = QGuiApplication.primaryScreen()
    screen.logicalDotsPerInchChanged.emit(144.0)
    assert theme().text_scale == 1.5


def test_large_text_leaves_the_canvas_half_of_the_window(qtbot):
    theme().set_text_scale(1.75)
    with main_window(qtbot) as window:
        assert window.docks["lossPlot"].height() < 0.45 * window.height()
        assert window.canvas.height() > 0.4 * window.height()
        theme().set_text_scale(2.0)
        window.resize(1280, 900)
        assert lasting_faults(window.transport) == []  # the word on Play gives way, and then undo and redo
        assert window.transport.findChild(QToolButton, "sample").isVisible()
