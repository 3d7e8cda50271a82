"""Paths as graph files store them."""

from __future__ import annotations

import os
from pathlib import Path


def stored_path(found: Path, folder: Path | None) -> str:
    """The path as the file stores it: `/` separators, relative when that climbs at most two folders."""
    if folder is not None:
        try:
            relative = os.path.relpath(found, folder).replace(os.sep, "/")
        except ValueError:  # another drive
            relative = ""
        if relative and not relative.startswith("../../.."):
            return relative
    return found.as_posix()
