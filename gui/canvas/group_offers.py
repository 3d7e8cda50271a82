"""Groups that the search for a block offers beside the blocks: those of the network, and the user's own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import final

from PySide6.QtCore import QCoreApplication

from gui.canvas.fuzzy import plain


@final
@dataclass(frozen=True, slots=True)
class GroupOffer:
    """A group to add.

    Attributes:
        name: what it is called.
        path: the file it is kept in; None for a group of the network.
    """

    name: str
    path: Path | None = None
    icon = "group"
    tint = "secondary"
    settable = ()

    @property
    def title(self) -> str:
        """What the list says."""
        return self.name

    @property
    def key(self) -> str:
        """What pins and recent choices are remembered by; no block is called so."""
        return f"{'group' if self.path is None else 'own group'} {self.name}"

    @property
    def category(self) -> str:
        """Where it comes from."""
        return _tr("group in this network") if self.path is None else _tr("my group")

    @property
    def doc(self) -> str:
        """What choosing it does."""
        if self.path is None:
            return _tr("Another use of this group: what changes inside changes at all of them.")
        return _tr("A group that you kept, ready for any network.")


def _tr(text: str) -> str:
    return QCoreApplication.translate("GroupOffer", text)


def matching(query: str, groups: Iterable[GroupOffer]) -> tuple[list[GroupOffer], list[GroupOffer]]:
    """The groups whose names begin with what was typed, and those whose names have all its words in them."""
    text = plain(query)
    first, other = list[GroupOffer](), list[GroupOffer]()
    for group in groups:
        name = plain(group.name)
        if text and name.startswith(text):
            first.append(group)
        elif all(word in name for word in text.split()):
            other.append(group)
    return first, other
