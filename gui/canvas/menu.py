"""Context menus of blocks, wires and the empty canvas."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QMenu, QWidget

from gui.canvas.actions import CanvasActions
from gui.canvas.block_item import BlockItem
from gui.canvas.decor_menu import fill_for_decor
from gui.canvas.gestures.base import At
from gui.canvas.hits import PortRef, decor_at, hit
from gui.canvas.stage import Stage, Wish
from gui.canvas.wire_item import WireItem
from gui.icons import icon


def _tr(text: str) -> str:
    return QCoreApplication.translate("CanvasMenu", text)


def context_menu(stage: Stage, actions: CanvasActions, parent: QWidget, at: At | None) -> QMenu:
    """The menu for what is at a place, which is selected first; without a place, for the selection."""
    menu = QMenu(parent)
    menu.setObjectName("canvasMenu")
    found = hit(stage.scene, at.scene) if at is not None else None
    if isinstance(found, PortRef):
        found = stage.scene.blocks[found.node]
    caught = decor_at(stage.scene, at.scene, found) if at is not None else None
    if caught is not None or (at is None and stage.scene.decor.chosen and not stage.selection.ids):
        fill_for_decor(menu, stage, actions, caught[0] if caught is not None else None)
        return menu
    if isinstance(found, BlockItem) and found.node_id not in stage.selection.ids:
        stage.scene.choose_wires(())
        stage.scene.decor.choose(())
        stage.selection.set({found.node_id})
    if isinstance(found, WireItem):
        _fill_for_wire(menu, stage, actions, found, at)
    elif stage.selection.ids and (found is not None or at is None):
        menu.addAction(actions.rename)
        if actions.replace.isEnabled():
            menu.addAction(actions.replace)
        menu.addAction(actions.mute)
        menu.addSeparator()
        menu.addActions([actions.frame, *actions.group.menu_list()])
        menu.addSeparator()
        menu.addActions([actions.cut, actions.copy, actions.duplicate, actions.arrange.menu.menuAction()])
        menu.addSeparator()
        menu.addActions([actions.disconnect, actions.take_out, actions.delete])
    else:
        menu.addActions([actions.add, actions.note, actions.paste])
        menu.addSeparator()
        menu.addActions([actions.select_all, actions.fit, actions.arrange.menu.menuAction()])
        if stage.document.path:
            menu.addActions([actions.group.leave, actions.group.keep])
    return menu


def _fill_for_wire(menu: QMenu, stage: Stage, actions: CanvasActions, item: WireItem, at: At | None) -> None:
    if item.wire.ends not in stage.scene.wires.chosen:
        stage.selection.set(())
        stage.scene.choose_wires({item.wire.ends})
    place = at.scene if at is not None else item.middle
    insert = menu.addAction(icon("plus"), _tr("Insert &block…"))
    insert.triggered.connect(lambda: stage.search(Wish(place, wire=item.wire)))
    menu.addSeparator()
    menu.addAction(actions.delete)
