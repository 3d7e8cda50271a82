"""Tables that a check takes over from the one before: copied while they are small, shared once they are large."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any, Final, TypeVar, final

V = TypeVar("V")
W = TypeVar("W")

LARGE = 2_048
"""From here on copying a table takes longer than looking into two."""
MOST_CHANGES = 128
"""With more changes than these the two become one again: what a copy of the changes costs stays small."""

_GONE: Final = object()


@final
class Layered(MutableMapping[str, V]):
    """A table that nobody changes any more, and what is different from it. Read and written as a dict is."""

    __slots__ = ("_base", "_over", "_size")

    def __init__(self, base: dict[str, V], over: dict[str, Any], size: int) -> None:
        """`over` holds what came instead, and `_GONE` for what was taken out; `size` counts what is left."""
        self._base, self._over, self._size = base, over, size

    def branch(self) -> MutableMapping[str, V]:
        """A copy to be changed, in a time that does not depend on the size."""
        if len(self._over) <= MOST_CHANGES:
            return Layered(self._base, self._over.copy(), self._size)
        return branched(self._whole())

    def _whole(self) -> dict[str, V]:
        whole = self._base | self._over
        for key, value in self._over.items():
            if value is _GONE:
                del whole[key]
        return whole

    def __getitem__(self, key: str) -> V:
        over = self._over
        if key not in over:
            return self._base[key]
        found: V = over[key]
        if found is _GONE:
            raise KeyError(key)
        return found

    def get(self, key: str, default: Any = None) -> Any:
        over = self._over
        if key not in over:
            return self._base.get(key, default)
        found = over[key]
        return default if found is _GONE else found

    def __contains__(self, key: object) -> bool:
        over = self._over
        return over[key] is not _GONE if key in over else key in self._base

    def __setitem__(self, key: str, value: V) -> None:
        self._size += key not in self
        self._over[key] = value

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        self._size -= 1
        if key in self._base:
            self._over[key] = _GONE
        else:
            del self._over[key]

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[str]:
        over, base = self._over, self._base
        for key in base:
            if over.get(key) is not _GONE:
                yield key
        for key in over:
            if key not in base:
                yield key

    def __reduce__(self) -> tuple[type[dict[str, V]], tuple[dict[str, V]]]:
        return dict, (self._whole(),)  # elsewhere nothing is shared with it


def branched(table: MutableMapping[str, W]) -> MutableMapping[str, W]:
    """A copy to be changed, while the table stays as it is from now on."""
    if isinstance(table, Layered):
        return table.branch()
    assert isinstance(table, dict)
    return table.copy() if len(table) < LARGE else Layered(table, {}, len(table))
