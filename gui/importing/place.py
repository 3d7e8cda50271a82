"""Where imported models lie until they are saved: folders in the cache, of which old ones are deleted."""

from __future__ import annotations

import contextlib
import shutil
import time
from pathlib import Path
from typing import Final

import platformdirs

from engine.runplace import new_run_path

_DAYS_KEPT: Final = 14
_SECONDS_A_DAY: Final = 86_400


def imports_folder() -> Path:
    """Where the folders lie. It need not exist."""
    return platformdirs.user_cache_path("chainrule", appauthor=False) / "imports"


def new_place(name: str) -> Path:
    """A graph file in a new folder of its own, to be written. Deletes what is weeks old. Raises OSError."""
    folder = imports_folder()
    _prune(folder)
    place = new_run_path(folder)
    place.mkdir(mode=0o700, parents=True)
    return place / f"{name}.chainrule"


def give_up(graph: Path) -> None:
    """Delete a folder that nothing came of."""
    shutil.rmtree(graph.parent, ignore_errors=True)


def _prune(folder: Path) -> None:
    oldest = time.time() - _DAYS_KEPT * _SECONDS_A_DAY
    with contextlib.suppress(OSError):
        for place in folder.iterdir():
            if not place.is_symlink() and place.stat().st_mtime < oldest:
                shutil.rmtree(place, ignore_errors=True)
