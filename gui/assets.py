"""Where the files that ship with the app are: in a checkout beside `gui`, in the installed wheel inside it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_HERE = Path(__file__).resolve().parent


@cache
def _root() -> Path:
    installed = _HERE / "assets"
    return installed if installed.is_dir() else _HERE.parent / "assets"


def asset(path: str) -> Path:
    """The absolute path of a shipped file or folder, such as `icons/play.svg`.

    Raises:
        FileNotFoundError: nothing of that name ships.
    """
    found = _root() / path
    if not found.exists():
        raise FileNotFoundError(f'the asset "{path}" is missing (looked for {found})')
    return found
