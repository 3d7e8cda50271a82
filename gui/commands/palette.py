"""The command palette: type a few letters of any action, Enter runs it."""

from __future__ import annotations

from typing import Final, final

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMenuBar, QWidget

from gui.commands.catalog import Command, commands_of, matching
from gui.settings import settings
from gui.widgets.pick_list import Pick, PickList

WIDTH: Final = 560
ROWS: Final = 11
MOST_RECENT: Final = 8


@final
class CommandPalette(QObject):
    """Lists every action of the menus, what was done last on top; what cannot be done now is shown and not done."""

    def __init__(self, bar: QMenuBar, window: QWidget) -> None:
        super().__init__(window)
        self._bar = bar
        self.popup = PickList(
            self.tr("Type what you want to do"), self.tr("Nothing is called that. Try another word."), window
        )
        self.popup.setObjectName("commandPalette")
        self.popup.setAccessibleName(self.tr("Command palette"))
        self.popup.chosen.connect(self._run)

    def open(self) -> None:
        """Show it."""
        commands = commands_of(self._bar)
        self.popup.open(lambda text: [_pick(found) for found in matching(text, commands, _recent())], WIDTH, ROWS)

    def _run(self, pick: Pick) -> None:
        command = pick.data
        assert isinstance(command, Command)
        if command.id:
            _remember(command.id)
        command.action.trigger()


def _pick(command: Command) -> Pick:
    action = command.action
    return Pick(
        command.name, command.menu, command.keys, command, action.icon(), action.isEnabled(), action.isChecked()
    )


def _recent() -> list[str]:
    value = settings().value("commands/recent", [])
    return [str(name) for name in value] if isinstance(value, list) else [str(value)]


def _remember(name: str) -> None:
    names = [name, *(other for other in _recent() if other != name)]
    settings().setValue("commands/recent", names[:MOST_RECENT])
