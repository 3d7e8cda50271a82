"""Whether a window can be opened at all, and what is said where none can; without Qt, which would only abort."""

from __future__ import annotations

import os
import sys
from pathlib import Path

NO_DISPLAY = "There is no display to open a window on. Train without one: chainrule train {0}"
NO_FILE = 'There is no file "{0}", and no display to open a window on.'
MEANT = ' Did you mean the command "{0}"?'


def has_display() -> bool:
    """Whether a window can be opened, as far as the environment tells."""
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def why_no_window(name: str, command: str | None = None) -> str:
    """A sentence on what is missing and what to do instead.

    Args:
        name: of the file that was to be opened, "" for none.
        command: the command that the name looks like.
    """
    if name and not Path(name).exists():
        return NO_FILE.format(name) + (MEANT.format(command) if command else "")
    return NO_DISPLAY.format(f'"{name}"' if " " in name else name or "FILE")
