"""How large the system wants text, beyond what Qt does by itself.

Qt turns a screen's scale, and the dots per inch that a desktop sets for fonts, into device pixels: everything grows.
What remains is what Qt does not know: Windows keeps the size of text apart from the scale of screens, GNOME does not
tell it through Wayland, and where scaled pixels are switched off all of it shows in the logical dots per inch.
"""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from typing import Any, Final

from PySide6.QtGui import QGuiApplication

from gui.theme import theme

_BASE: Final = 72.0 if sys.platform == "darwin" else 96.0
_PERCENT_KEY: Final = r"Software\Microsoft\Accessibility"


def system_text_scale() -> float:
    """Size of text relative to the usual one; 1 where the system says nothing."""
    scale = QGuiApplication.primaryScreen().logicalDotsPerInch() / _BASE
    if sys.platform == "win32":
        return scale * _windows()
    desktop = os.environ.get("XDG_CURRENT_DESKTOP", "").upper()
    if QGuiApplication.platformName().startswith("wayland") and ("GNOME" in desktop or "UNITY" in desktop):
        return scale * _gnome()
    return scale


def follow_text_scale() -> None:
    """Let the theme have the system's size of text, now and whenever the screen's changes."""
    theme().set_text_scale(system_text_scale())
    screen = QGuiApplication.primaryScreen()
    screen.logicalDotsPerInchChanged.connect(lambda _: theme().set_text_scale(system_text_scale()))


def _windows() -> float:
    winreg: Any = importlib.import_module("winreg")  # exists on Windows alone
    try:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, _PERCENT_KEY) as key:
            return float(winreg.QueryValueEx(key, "TextScaleFactor")[0]) / 100
    except (OSError, ValueError, TypeError):
        return 1.0


def _gnome() -> float:
    gsettings = shutil.which("gsettings")
    if gsettings is None:
        return 1.0
    try:
        answer = subprocess.run(
            [gsettings, "get", "org.gnome.desktop.interface", "text-scaling-factor"],
            capture_output=True,
            text=True,
            timeout=0.5,
            check=False,
        )
        return float(answer.stdout)
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return 1.0
