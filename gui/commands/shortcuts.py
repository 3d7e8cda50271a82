"""The keys of every action: the usual ones, and those the user chose instead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenuBar

from gui.actions import tip_of
from gui.commands.catalog import Command, commands_of
from gui.settings import settings

_GROUP = "shortcuts"
PORTABLE = QKeySequence.SequenceFormat.PortableText


@final
class Shortcuts(QObject):
    """Applies the user's keys when it is made, and changes them.

    Signals:
        changed(): an action has other keys now.
    """

    changed = Signal()

    def __init__(self, bar: QMenuBar, parent: QObject) -> None:
        super().__init__(parent)
        self._bar = bar
        self._usual: dict[str, list[QKeySequence]] = {}
        store = settings()
        store.beginGroup(_GROUP)
        for command in self.commands():
            self._usual[command.id] = command.action.shortcuts()
            if store.contains(command.id):
                texts = str(store.value(command.id)).split()
                _give(command.action, [QKeySequence(text) for text in texts])
        store.endGroup()

    def commands(self) -> list[Command]:
        """Every action that can have keys."""
        return [command for command in commands_of(self._bar) if command.id]

    def is_usual(self, command: Command) -> bool:
        """Whether an action has the keys it came with."""
        return command.action.shortcuts() == self._usual.get(command.id, [])

    def owner(self, keys: QKeySequence, besides: Command) -> Command | None:
        """Another action that has these keys."""
        for command in self.commands():
            if command.action is not besides.action and keys in command.action.shortcuts():
                return command
        return None

    def assign(self, command: Command, keys: QKeySequence) -> None:
        """Give an action these keys alone, none if empty, and take them from any other action that has them."""
        owner = self.owner(keys, command) if not keys.isEmpty() else None
        if owner is not None:
            self._set(owner, [other for other in owner.action.shortcuts() if other != keys])
        self._set(command, [] if keys.isEmpty() else [keys])
        self.changed.emit()

    def reset(self, command: Command) -> list[Command]:
        """Give an action its usual keys again, and take them from others that have them, which are returned."""
        usual, losers = self._usual.get(command.id, []), []
        for keys in usual:
            owner = self.owner(keys, command)
            if owner is not None:
                self._set(owner, [other for other in owner.action.shortcuts() if other != keys])
                losers.append(owner)
        self._set(command, usual)
        self.changed.emit()
        return losers

    def reset_all(self) -> None:
        """Every action gets its usual keys."""
        for command in self.commands():
            self._set(command, self._usual.get(command.id, []))
        self.changed.emit()

    def _set(self, command: Command, keys: Sequence[QKeySequence]) -> None:
        if command.action.shortcuts() == list(keys):
            return
        _give(command.action, keys)
        store = settings()
        name = f"{_GROUP}/{command.id}"
        if self.is_usual(command):
            store.remove(name)
        else:
            store.setValue(name, " ".join(each.toString(PORTABLE).replace(" ", "") for each in keys))


def _give(action: QAction, keys: Sequence[QKeySequence]) -> None:
    told = action.toolTip() == tip_of(action)
    action.setShortcuts(list(keys))
    if told:
        action.setToolTip(tip_of(action))
