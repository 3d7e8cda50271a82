"""Keeps tests away from the settings, caches and data of the person who runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings

_FOLDERS = {
    "XDG_CONFIG_HOME": "config",
    "XDG_CONFIG_DIRS": "etc",
    "XDG_DATA_HOME": "data",
    "XDG_CACHE_HOME": "cache",
    "XDG_STATE_HOME": "state",
    "HOME": "home",
    "APPDATA": "appdata",
    "LOCALAPPDATA": "localappdata",
}


def pin_environment() -> None:
    """Makes every machine alike; runs before anything reads these, and a value set by hand wins."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ["LC_ALL"] = "C.UTF-8"
    for name in ("QT_SCALE_FACTOR", "QT_STYLE_OVERRIDE", "QT_QPA_PLATFORMTHEME", "LANGUAGE"):
        os.environ.pop(name, None)


def redirect_user_folders(home: Path, patch: pytest.MonkeyPatch) -> None:
    """Makes every place where settings, data and caches of a person would be a folder below `home`."""
    for variable, folder in _FOLDERS.items():
        patch.setenv(variable, str(home / folder))
    (home / _FOLDERS["HOME"]).mkdir()
    # Qt reads the variables once per process.
    for form in (QSettings.Format.IniFormat, QSettings.Format.NativeFormat):
        for scope in (QSettings.Scope.UserScope, QSettings.Scope.SystemScope):
            QSettings.setPath(form, scope, str(home / "config"))


def keep_font_list(folder: Path) -> None:
    """Lets matplotlib find its list of fonts in one folder for all tests; makes it, which takes seconds, only once."""
    os.environ["MPLCONFIGDIR"] = str(folder)
    if not list(folder.glob("fontlist-*.json")):
        subprocess.run([sys.executable, "-c", "import matplotlib.font_manager"], check=True, capture_output=True)
