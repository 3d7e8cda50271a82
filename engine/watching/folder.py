"""A run in a folder of this machine, or on a disk mounted here."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path
from typing import final

from engine import diskfile
from engine.checkpoints import Standing, checkpoints_in, standing
from engine.runplace import WEIGHTS, newer_run, run_title
from engine.watching.place import LIMITS, FileState, Listing, Place, PlaceError


@final
class FolderPlace(Place):
    """A run directory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._newest: tuple[str, int] | None = None
        self._standing: Standing | None = None

    @property
    def name(self) -> str:
        return run_title(self.path)

    @property
    def address(self) -> str:
        return str(self.path)

    def listing(self) -> Listing:
        try:
            if not stat.S_ISDIR(os.stat(self.path).st_mode):  # noqa: PTH116 - `is_dir` hides why it cannot be told
                raise PlaceError(f'"{self.path}" is no folder.', "missing")
        except (FileNotFoundError, NotADirectoryError):
            raise PlaceError(f'There is no folder "{self.path}" (any more).', "missing") from None
        except (OSError, ValueError) as error:
            raise PlaceError(f'"{self.path}" cannot be read: {diskfile.reason(error)}.') from None
        found = {name: state for name in LIMITS if (state := self._state(name)) is not None}
        return Listing(found, self._what_stands())

    def _state(self, name: str) -> FileState | None:
        try:
            status = (self.path / name).stat()
        except OSError:
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        tag = f"{status.st_dev:x}-{status.st_ino:x}"
        stamp = f"{tag}-{status.st_size:x}-{status.st_mtime_ns:x}"
        return FileState(status.st_size, max(0.0, time.time() - status.st_mtime), tag, stamp)

    def _what_stands(self) -> Standing | None:
        """Of the newest checkpoint; its header is read once."""
        newest = next(iter(checkpoints_in(self.path)), None)
        try:
            known = None if newest is None else (newest.name, newest.stat().st_mtime_ns)
        except OSError:  # it has just been deleted for a newer one
            return self._standing
        if known != self._newest:
            self._newest = known
            self._standing = None if newest is None else standing(newest)
        return self._standing

    def read(self, name: str, start: int, count: int) -> bytes:
        try:
            with diskfile.open_regular(self.path / name, LIMITS[name]) as file:
                file.seek(start)
                return file.read(count)
        except FileNotFoundError:
            raise PlaceError(f'"{name}" has gone from "{self.path}".', "missing") from None
        except diskfile.NotReadableError as error:
            raise PlaceError(f'"{self.path / name}" {error}.') from None
        except OSError as error:
            raise PlaceError(f'"{self.path / name}" cannot be read: {diskfile.reason(error)}.') from None

    def newer(self) -> FolderPlace | None:
        found = newer_run(self.path)
        return None if found is None else FolderPlace(found)

    def weights(self, beside: Path) -> Path:
        if self._state(WEIGHTS) is None:
            raise PlaceError("This run has saved no weights yet.", "missing")
        return self.path / WEIGHTS
