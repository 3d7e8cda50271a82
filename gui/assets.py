"""The files that ship with the app, by name."""

from __future__ import annotations

from pathlib import Path

from engine import assets


def asset(path: str) -> Path:
    """The absolute path of a shipped file or folder, such as `icons/play.svg`.

    Raises:
        FileNotFoundError: nothing of that name ships.
    """
    found = assets.folder() / path
    if not found.exists():
        raise FileNotFoundError(f'the asset "{path}" is missing (looked for {found})')
    return found
