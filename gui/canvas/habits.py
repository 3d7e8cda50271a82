"""Blocks that one reaches for often: the pinned ones and those used last, remembered between starts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol, TypeVar

from gui.settings import settings


class Keyed(Protocol):
    """What can be chosen."""

    @property
    def key(self) -> str:
        """What it is remembered by: the kind of a block."""


Chosen = TypeVar("Chosen", bound=Keyed)
RECENT: Final = 4
_KEYS: Final = ("search/pinned", "search/recent")


def pinned() -> list[str]:
    """The kinds pinned, in the order in which that was done."""
    return _read(_KEYS[0])


def recent() -> list[str]:
    """The kinds used last, the newest first."""
    return _read(_KEYS[1])


def note_used(kind: str) -> None:
    """A block of that kind was chosen."""
    settings().setValue(_KEYS[1], [kind, *(other for other in recent() if other != kind)][:RECENT])


def toggle_pin(kind: str) -> None:
    """Pin a kind, or let it go."""
    kinds = pinned()
    settings().setValue(_KEYS[0], [other for other in kinds if other != kind] if kind in kinds else [*kinds, kind])


def by_habit(offers: Iterable[Chosen]) -> list[Chosen]:
    """The pinned ones first, then those used last, then the rest in their order."""
    order = list(dict.fromkeys([*pinned(), *recent()]))
    place = {kind: index for index, kind in enumerate(order)}
    return sorted(offers, key=lambda offer: place.get(offer.key, len(place)))


def _read(key: str) -> list[str]:
    value = settings().value(key, [])
    kinds = [value] if isinstance(value, str) else value
    return [kind for kind in kinds if isinstance(kind, str) and kind] if isinstance(kinds, list) else []
