"""JSON values that cannot change: the stuff parameters of nodes are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, final

_EMPTY: dict[str, Any] = {}


@final
class FrozenDict(Mapping[str, Any]):
    """A dict with a fixed content that keeps its order, compares by content and can be hashed and pickled.

    Unlike Python's own, it tells 1, 1.0 and true apart, as a file does.
    """

    __slots__ = ("_data", "_hash")

    def __init__(self, data: Mapping[str, Any] = _EMPTY) -> None:
        self._data = {str(key): freeze(value) for key, value in data.items()}
        self._hash: int | None = None

    def __getitem__(self, key: str) -> Any:
        return self._data[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(frozenset(self._data.items()))
        return self._hash

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FrozenDict):
            return NotImplemented
        return self is other or (
            self._data == other._data and all(alike(value, other[key]) for key, value in self._data.items())
        )

    def __repr__(self) -> str:
        return repr(self._data)

    def __reduce__(self) -> tuple[Any, ...]:
        return (FrozenDict, (self._data,))

    def plain(self) -> dict[str, Any]:
        """A dict with the same entries; what they hold stays as it is."""
        return self._data.copy()

    def merged(self, changes: Mapping[str, Any]) -> FrozenDict:
        """With these keys set; a key whose value is `DROP` is removed."""
        data = {**self._data, **changes}
        return FrozenDict({key: value for key, value in data.items() if value is not DROP})


@final
class _Drop:
    def __repr__(self) -> str:
        return "DROP"


DROP = _Drop()
"""As a value in `merged`: remove this key."""


def freeze(value: Any) -> Any:
    """Lists become tuples and dicts FrozenDicts, all the way down."""
    if isinstance(value, FrozenDict):
        return value
    if isinstance(value, Mapping):
        return FrozenDict(value)
    if isinstance(value, list | tuple):
        return tuple(freeze(item) for item in value)
    return value


def alike(one: Any, other: Any) -> bool:
    """Whether two equal frozen values are of the same kinds, too, all the way down."""
    if one is other:
        return True
    if isinstance(one, tuple):
        return all(map(alike, one, other))
    return type(one) is type(other)


def thaw(value: Any) -> Any:
    """The reverse of `freeze`: plain lists and dicts."""
    if isinstance(value, Mapping):
        return {key: thaw(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [thaw(item) for item in value]
    return value
