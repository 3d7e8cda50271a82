"""Whether the system asks programs for less motion. Qt does not tell, so each system is asked in its own way."""

from __future__ import annotations

import configparser
import os
import plistlib
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path


@cache
def system_reduces_motion() -> bool:
    """The system's wish, read once; False where it cannot be read."""
    if sys.platform == "win32":
        return _windows()
    if sys.platform == "darwin":
        return _mac(Path.home() / "Library/Preferences/com.apple.universalaccess.plist")
    desktop = os.environ.get("XDG_CURRENT_DESKTOP", "").upper()
    if "KDE" in desktop:
        return _kde(Path(os.environ.get("XDG_CONFIG_HOME", Path.home() / ".config")) / "kdeglobals")
    if "GNOME" in desktop or "UNITY" in desktop:
        return _gnome()
    return False


def _windows() -> bool:
    import ctypes

    get_client_area_animation = 0x1042
    enabled = ctypes.c_int(1)
    windll = getattr(ctypes, "windll")  # noqa: B009 - the attribute exists on Windows alone, which type checkers mind
    windll.user32.SystemParametersInfoW(get_client_area_animation, 0, ctypes.byref(enabled), 0)
    return not enabled.value


def _mac(preferences: Path) -> bool:
    try:
        with preferences.open("rb") as file:
            return bool(plistlib.load(file).get("reduceMotion", False))
    except (OSError, plistlib.InvalidFileException, ValueError):
        return False


def _kde(settings: Path) -> bool:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    try:
        parser.read(settings, encoding="utf-8")
        return parser.getfloat("KDE", "AnimationDurationFactor", fallback=1.0) == 0.0
    except (OSError, ValueError, configparser.Error):
        return False


def _gnome() -> bool:
    gsettings = shutil.which("gsettings")
    if gsettings is None:
        return False
    try:
        answer = subprocess.run(
            [gsettings, "get", "org.gnome.desktop.interface", "enable-animations"],
            capture_output=True,
            text=True,
            timeout=0.5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.stdout.strip() == "false"
