"""The canvas's part of the Edit menu: what is done often on top, the rest in submenus by what it is done to."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from gui.canvas.actions import CanvasActions


def _tr(text: str) -> str:
    return QCoreApplication.translate("EditMenu", text)


def edit_menu(actions: CanvasActions, parent: QWidget) -> list[QAction | None]:
    """In the order of the Edit menu; None is a separator. The submenus belong to `parent`."""
    arrange, group = actions.arrange, actions.group
    block = [actions.rename, actions.replace, actions.mute, actions.take_out]
    wires = [actions.connect, arrange.connect, arrange.duplicate, actions.disconnect]
    return [
        *(actions.cut, actions.copy, actions.paste, actions.duplicate, actions.delete),
        None,
        *(actions.select_all, actions.find),
        None,
        *(actions.add, actions.note, actions.frame),
        None,
        _submenu("Block", _tr("Bloc&k"), block, parent),
        _submenu("Wires", _tr("&Wires"), wires, parent),
        _submenu("Groups", _tr("&Group"), group.edit_list(), parent),
        arrange.menu.menuAction(),
    ]


def _submenu(name: str, title: str, actions: Sequence[QAction | None], parent: QWidget) -> QAction:
    menu = QMenu(title, parent)
    menu.setObjectName(f"menu{name}")
    menu.menuAction().setObjectName(f"action{name}Menu")
    for action in actions:
        if action is None:
            menu.addSeparator()
        else:
            menu.addAction(action)
    return menu.menuAction()
