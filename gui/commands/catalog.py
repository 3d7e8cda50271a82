"""What the menus offer, as a flat list that can be searched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import final

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar

PATH_SIGN = " ▸ "


@final
@dataclass(frozen=True, slots=True)
class Command:
    """An action of the menus.

    Attributes:
        name: as the menu shows it, without mnemonics.
        menu: where it stands: `View ▸ Theme`.
    """

    action: QAction
    name: str
    menu: str

    @property
    def id(self) -> str:
        """Its object name; "" for entries that come and go, as recent files do."""
        return self.action.objectName()

    @property
    def is_example(self) -> bool:
        """Whether it opens one of the examples: there are many, so they come last."""
        return self.id.startswith("example_")

    @property
    def keys(self) -> str:
        """Its first shortcut, as this system writes it."""
        return self.action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)


def plain(text: str) -> str:
    """An action's text without its mnemonic and its dots."""
    return text.replace("&&", "\0").replace("&", "").replace("\0", "&").rstrip("…")


def is_rare(keys: QKeySequence) -> bool:
    """Whether it takes a key that few keyboards have: F13 and above, or one for a single purpose such as Undo."""
    if keys.isEmpty():
        return False
    key: Qt.Key = keys[0].key()  # type: ignore[index]  # the stubs lack it
    return Qt.Key.Key_F13 <= key <= Qt.Key.Key_F35 or Qt.Key.Key_Back <= key < Qt.Key.Key_unknown


def commands_of(bar: QMenuBar) -> list[Command]:
    """Every action of the menu bar, in its order; each once. Menus that are filled when they open are filled first."""
    found: list[Command] = []
    seen: set[int] = set()
    waiting: list[tuple[QAction, str]] = [(action, "") for action in reversed(bar.actions())]
    while waiting:
        action, path = waiting.pop()
        menu = action.menu()
        if isinstance(menu, QMenu):
            menu.aboutToShow.emit()
            here = f"{path}{PATH_SIGN}{plain(action.text())}" if path else plain(action.text())
            waiting.extend((inner, here) for inner in reversed(menu.actions()))
            continue
        heading = not action.isEnabled() and not action.objectName()
        if action.isSeparator() or heading or id(action) in seen:
            continue
        seen.add(id(action))
        found.append(Command(action, plain(action.text()), path))
    return found


def matching(query: str, commands: Iterable[Command], recent: Sequence[str] = ()) -> list[Command]:
    """The commands that answer every word of the query, best first; recent ones first among equals."""
    words = query.lower().split()
    rank = {name: index for index, name in enumerate(recent)}
    scored = []
    for index, command in enumerate(commands):
        points = _score(words, command)
        if points > 0:
            scored.append((-points, rank.get(command.id, len(rank)), index, command))
    scored.sort(key=lambda entry: entry[:3])
    return [entry[-1] for entry in scored]


def _score(words: Sequence[str], command: Command) -> int:
    total = 1 if command.is_example else 2
    name, menu = command.name.lower(), command.menu.lower()
    for word in words:
        if name.startswith(word):
            total += 8
        elif any(part.startswith(word) for part in name.split()):
            total += 6
        elif word in name:
            total += 4
        elif word in menu:
            total += 2
        elif _letters_in_order(word, name):
            total += 1
        else:
            return 0
    return total


def _letters_in_order(word: str, name: str) -> bool:
    """Whether the word's letters come in the name in order, the first at the start of a word: `sva` in `Save as`."""
    starts = [0, *(index + 1 for index, letter in enumerate(name) if letter == " ")]
    for start in starts:
        if name[start : start + 1] != word[0]:
            continue
        place = start
        for letter in word[1:]:
            place = name.find(letter, place + 1)
            if place < 0:
                break
        else:
            return True
    return False
