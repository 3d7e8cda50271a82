"""What blocks snap to while they are dragged, as the user wants it."""

from __future__ import annotations

from functools import cache
from typing import Final, final

from gui.settings import settings

_GROUP: Final = "snapping"


@final
class SnappingWishes:
    """Read from the settings once; on unless switched off."""

    def __init__(self) -> None:
        self._known: dict[str, bool] = {}

    def get(self, name: str) -> bool:
        """Whether drags snap to `neighbours`, or to the `grid`."""
        if name not in self._known:
            self._known[name] = str(settings().value(f"{_GROUP}/{name}", "true")) == "true"
        return self._known[name]

    def set(self, name: str, on: bool) -> None:
        """From now on, and at the next start."""
        self._known[name] = on
        settings().setValue(f"{_GROUP}/{name}", "true" if on else "false")


@cache
def snapping_wishes() -> SnappingWishes:
    """The one set of wishes."""
    return SnappingWishes()
