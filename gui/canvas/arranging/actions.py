"""The actions of Edit > Arrange."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import final

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from gui.canvas.arranging.commands import ArrangeCommands
from gui.canvas.arranging.preferences import snapping_wishes

MakeAction = Callable[..., QAction]
"""As `gui.canvas.actions.make_action` with its view: name, text, what to do, icon, keys."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("ArrangeActions", text)


@final
@dataclass(frozen=True, slots=True)
class ArrangeActions:
    """All of them, in their menu.

    Attributes:
        by_need: the actions that move or wire the selection, with the least number of blocks they need.
    """

    menu: QMenu
    layouts: tuple[QAction, ...]
    connect: QAction
    duplicate: QAction
    by_need: tuple[tuple[int, QAction], ...]

    def update(self, blocks: int, present: int) -> None:
        """Enable what can be done with so many blocks selected, and so many there."""
        for action in self.layouts:
            action.setEnabled(present > 1)
        for least, action in self.by_need:
            action.setEnabled(blocks >= least)


def make_arrange_actions(make: MakeAction, commands: ArrangeCommands, parent: QWidget) -> ArrangeActions:
    """The actions, made by the canvas's own maker, and the menu."""
    align, spread = commands.align, commands.distribute
    layouts = (
        make("ArrangeRight", _tr("From &left to right"), partial(commands.arrange, "right"), "", "Ctrl+L"),
        make("ArrangeDown", _tr("Top &down"), partial(commands.arrange, "down"), "", "Ctrl+Shift+L"),
    )
    lines = [
        make("AlignLeft", _tr("&Left edges"), partial(align, "left"), "", "Ctrl+Shift+Left"),
        make("AlignCentre", _tr("&Centres, below each other"), partial(align, "centre"), "", "Ctrl+Alt+C"),
        make("AlignRight", _tr("&Right edges"), partial(align, "right"), "", "Ctrl+Shift+Right"),
        make("AlignTop", _tr("&Top edges"), partial(align, "top"), "", "Ctrl+Shift+Up"),
        make("AlignMiddle", _tr("&Middles, beside each other"), partial(align, "middle"), "", "Ctrl+Alt+M"),
        make("AlignBottom", _tr("&Bottom edges"), partial(align, "bottom"), "", "Ctrl+Shift+Down"),
    ]
    gaps = [
        make("DistributeAcross", _tr("Equal gaps acro&ss"), partial(spread, "across"), "", "Ctrl+Alt+H"),
        make("DistributeDown", _tr("Equal gaps d&own"), partial(spread, "down"), "", "Ctrl+Alt+V"),
    ]
    grid = make("SnapToGrid", _tr("Onto the &grid"), commands.snap_to_grid, "", "Ctrl+Alt+G")
    connect = make("ConnectChosen", _tr("Connect in &reading order"), commands.connect_chosen, "", "Shift+C")
    copy = make("DuplicateWired", _tr("D&uplicate with wires"), commands.duplicate_wired, "", "Shift+D")
    menu = QMenu(_tr("Arrang&e"), parent)
    menu.setObjectName("arrangeMenu")
    menu.menuAction().setObjectName("actionArrange")
    menu.addActions(layouts)
    menu.addSeparator()
    edges = menu.addMenu(_tr("&Align"))
    edges.addActions(lines)
    menu.addActions([*gaps, grid])
    menu.addSeparator()
    menu.addActions(_wishes(make))
    needs = ((2, lines), (3, gaps), (1, [grid, copy]), (2, [connect]))
    by_need = tuple((least, action) for least, actions in needs for action in actions)
    return ArrangeActions(menu, layouts, connect, copy, by_need)


def _wishes(make: MakeAction) -> list[QAction]:
    """What a drag snaps to; kept for the next start."""
    made = []
    for name, text in (("neighbours", _tr("Drags snap to &neighbours")), ("grid", _tr("Drags snap to the gr&id"))):
        action = make(f"Snap{name.capitalize()}", text, lambda: None)
        action.setCheckable(True)
        action.setChecked(snapping_wishes().get(name))
        action.toggled.connect(partial(snapping_wishes().set, name))
        made.append(action)
    return made
