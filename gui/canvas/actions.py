"""The canvas's actions, for its own keys, its context menus and the window's menus."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from gui.canvas.arranging.actions import ArrangeActions, make_arrange_actions
from gui.canvas.arranging.commands import ArrangeCommands
from gui.canvas.commands import Commands
from gui.canvas.groups.actions import GroupActions, make_group_actions
from gui.canvas.groups.commands import GroupCommands
from gui.canvas.stage import Stage
from gui.canvas.swapping import ask_to_replace, replaceable
from gui.icons import icon

Keys = str | QKeySequence.StandardKey
_STANDARD = QKeySequence.StandardKey


def _tr(text: str) -> str:
    return QCoreApplication.translate("CanvasActions", text)


@final
@dataclass(frozen=True, slots=True)
class Hooks:
    """What only the view can do."""

    add: Callable[[], object]
    rename: Callable[[], object]
    paste: Callable[[], object]
    fit: Callable[[], object]
    show_legend: Callable[[bool], object]
    frame: Callable[[], object]
    note: Callable[[], object]
    fit_selection: Callable[[], object]
    find: Callable[[], object]
    show_minimap: Callable[[bool], object]
    connect: Callable[[], object]
    groups: GroupCommands
    arranging: ArrangeCommands


@final
@dataclass(frozen=True, slots=True)
class CanvasActions:
    """All actions; those that need a selection are enabled while there is one."""

    add: QAction
    cut: QAction
    copy: QAction
    paste: QAction
    duplicate: QAction
    delete: QAction
    take_out: QAction
    connect: QAction
    disconnect: QAction
    rename: QAction
    replace: QAction
    mute: QAction
    select_all: QAction
    fit: QAction
    fit_selection: QAction
    zoom_in: QAction
    zoom_out: QAction
    zoom_100: QAction
    legend: QAction
    frame: QAction
    note: QAction
    find: QAction
    minimap: QAction
    group: GroupActions
    arrange: ArrangeActions

    def view_list(self) -> list[QAction | None]:
        """In the order of the View menu."""
        zooms = [self.fit, self.fit_selection, self.zoom_100, self.zoom_in, self.zoom_out]
        return [*zooms, None, self.minimap, self.legend]

    def update(self, blocks: int, wires: int, present: int, decor: int = 0) -> None:
        """Enable what can be done with so many blocks, wires, frames and notes selected, and so many blocks there."""
        for action in (self.cut, self.copy, self.duplicate, self.take_out, self.disconnect, self.mute):
            action.setEnabled(blocks > 0)
        for action in (self.cut, self.copy, self.duplicate):
            action.setEnabled(blocks + decor > 0)
        self.delete.setEnabled(blocks + wires + decor > 0)
        self.connect.setEnabled(blocks == 1)
        self.rename.setEnabled(blocks == 1 or (blocks == 0 and decor == 1))
        self.fit_selection.setEnabled(blocks + decor > 0)
        self.select_all.setEnabled(present > 0)
        self.fit.setEnabled(present > 0)
        self.find.setEnabled(present > 0)
        self.arrange.update(blocks, present)


def make_action(
    view: QWidget, name: str, text: str, do: Callable[[], object], icon_name: str = "", *keys: Keys
) -> QAction:
    """An action of the canvas, added to it so that its keys work while it has the focus."""
    action = QAction(text, view)
    action.setObjectName(f"action{name}")
    if icon_name:
        action.setIcon(icon(icon_name))
    sequences = [each for key in keys for each in _sequences(key)]
    action.setShortcuts(sequences)
    # A key that other widgets use for themselves works here alone.
    action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
    action.triggered.connect(lambda _=False: do())
    view.addAction(action)
    return action


def make_actions(view: QWidget, stage: Stage, commands: Commands, hooks: Hooks) -> CanvasActions:
    """The actions, added to the view so that their keys work while it has the focus."""

    def make(name: str, text: str, do: Callable[[], object], icon_name: str = "", *keys: Keys) -> QAction:
        return make_action(view, name, text, do, icon_name, *keys)

    camera = stage.camera
    legend = make("Legend", _tr("&Legend of the ports"), lambda: None)
    legend.setCheckable(True)
    legend.toggled.connect(hooks.show_legend)
    minimap = make("Minimap", _tr("Overview &map"), lambda: None, "map", "M")
    minimap.setCheckable(True)
    minimap.setIconVisibleInMenu(False)  # it would stand where the tick is
    minimap.toggled.connect(hooks.show_minimap)
    find = make("Find", _tr("&Find…"), hooks.find, "search", _STANDARD.Find)
    # Whatever has the focus, it is the graph that is searched.
    find.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
    replace = make("ReplaceWith", _tr("Re&place with…"), lambda: ask_to_replace(stage), "refresh", "R")
    stage.selection.changed.connect(lambda: replace.setEnabled(replaceable(stage) is not None))
    replace.setEnabled(False)
    return CanvasActions(
        add=make("AddBlock", _tr("Add &block…"), hooks.add, "plus", "Tab"),
        cut=make("Cut", _tr("Cu&t"), commands.cut, "cut", _STANDARD.Cut),
        copy=make("Copy", _tr("&Copy"), commands.copy, "copy", _STANDARD.Copy),
        paste=make("Paste", _tr("&Paste"), hooks.paste, "paste", _STANDARD.Paste),
        duplicate=make("Duplicate", _tr("&Duplicate"), commands.duplicate, "duplicate", "Ctrl+D"),
        delete=make("Delete", _tr("De&lete"), commands.delete, "delete", "Del", "Backspace"),
        take_out=make("TakeOut", _tr("Take out, &join the wires"), commands.take_out, "unlink", "Ctrl+Del"),
        connect=make("Connect", _tr("&Connect to…"), hooks.connect, "", "C"),
        disconnect=make("Disconnect", _tr("Remove all &wires"), commands.disconnect_chosen),
        rename=make("Rename", _tr("&Rename"), hooks.rename, "edit", "F2"),
        replace=replace,
        mute=make("Mute", _tr("&Mute"), commands.toggle_bypass, "eye-off", "Ctrl+B"),
        select_all=make("SelectAll", _tr("Select &all"), commands.select_all, "", _STANDARD.SelectAll),
        fit=make("Fit", _tr("&Fit everything"), hooks.fit, "fit", "Home", "F"),
        zoom_in=make("ZoomIn", _tr("Zoom &in"), lambda: camera.zoom_by(1.25), "zoom-in", "Ctrl++", "Ctrl+=", "+"),
        zoom_out=make("ZoomOut", _tr("Zoom &out"), lambda: camera.zoom_by(0.8), "zoom-out", "Ctrl+-", "-"),
        zoom_100=make("Zoom100", _tr("&100 %"), lambda: camera.zoom_to(1.0), "", "Ctrl+0"),
        legend=legend,
        minimap=minimap,
        find=find,
        fit_selection=make("FitSelection", _tr("Zoom to the &selection"), hooks.fit_selection, "", "Shift+F", "."),
        frame=make("Frame", _tr("Frame the &selection"), hooks.frame, "frame", "Ctrl+Shift+F"),
        note=make("Note", _tr("Add a &note"), hooks.note, "note", "Ctrl+Shift+N"),
        group=make_group_actions(make, hooks.groups),
        arrange=make_arrange_actions(make, hooks.arranging, view),
    )


def _sequences(key: Keys) -> list[QKeySequence]:
    return QKeySequence.keyBindings(key) if isinstance(key, QKeySequence.StandardKey) else [QKeySequence(key)]
