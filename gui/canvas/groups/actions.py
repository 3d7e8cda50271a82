"""The actions of groups, for keys, the Edit menu and the context menus."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QAction

from gui.canvas.groups.commands import GroupCommands

MakeAction = Callable[..., QAction]
"""As `gui.canvas.actions.make_action` with its view: name, text, what to do, icon, keys."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("GroupActions", text)


@final
@dataclass(frozen=True, slots=True)
class GroupActions:
    """All of them, with what they call; enabled by what is selected and where the canvas is."""

    commands: GroupCommands
    group: QAction
    ungroup: QAction
    open: QAction
    leave: QAction
    independent: QAction
    keep: QAction

    def edit_list(self) -> list[QAction | None]:
        """For the Edit menu."""
        return [self.group, self.ungroup, None, self.open, self.leave, None, self.independent, self.keep]

    def menu_list(self) -> list[QAction]:
        """For the context menu of the selection: only what means something there."""
        of_one = [self.independent, self.keep] if self.open.isEnabled() else []
        return [action for action in (self.open, self.group, self.ungroup) if action.isEnabled()] + of_one

    def update(self, commands: GroupCommands) -> None:
        """Enable what can be done."""
        single = commands.single is not None
        self.group.setEnabled(bool(commands.chosen))
        self.ungroup.setEnabled(bool(commands.chosen_groups))
        self.open.setEnabled(single)
        self.leave.setEnabled(bool(commands.navigator.level.path))
        self.independent.setEnabled(single)
        self.keep.setEnabled(single or bool(commands.navigator.level.path))


def make_group_actions(make: MakeAction, commands: GroupCommands) -> GroupActions:
    """The actions, made by the canvas's own maker."""
    navigator = commands.navigator
    return GroupActions(
        commands=commands,
        group=make("Group", _tr("&Group"), commands.group, "group", "Ctrl+G"),
        ungroup=make("Ungroup", _tr("U&ngroup"), commands.ungroup, "", "Ctrl+Shift+G"),
        open=make(
            "OpenGroup", _tr("&Open group"), lambda: commands.single and navigator.open(commands.single), "",
            "Return", "Enter",
        ),
        leave=make("LeaveGroup", _tr("&Leave the group"), navigator.leave, "", "Ctrl+PgUp"),
        independent=make("GroupIndependent", _tr("Make &independent"), commands.make_independent, ""),
        keep=make("KeepGroup", _tr("Sa&ve group to the palette"), commands.save_to_palette, ""),
    )  # fmt: skip
