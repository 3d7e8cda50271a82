"""What can be done to the selection: each one edit of the document, so one undo step."""

from __future__ import annotations

from typing import Final, final

from PySide6.QtCore import QCoreApplication, QPointF

from engine import decorations, edits
from engine.graph import Project
from engine.levels import KINDS
from engine.problem import ChainruleError
from gui.canvas import clipboard, dots
from gui.canvas.carrying import Load, carried
from gui.canvas.geometry import GRID, snapped
from gui.canvas.stage import Stage
from gui.notices import notices

OFFSET: Final = 32.0
"""How far a copy lands from its original."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("Commands", text)


@final
class Commands:
    """The verbs of the Edit menu and of the context menus."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._pasted: tuple[str, int] = ("", 0)

    @property
    def chosen(self) -> frozenset[str]:
        """The selected blocks that are there; those that stand for a group's ports can only be moved and wired."""
        return self._present - KINDS.keys() if self._stage.document.path else self._present

    @property
    def _present(self) -> frozenset[str]:
        return frozenset(node_id for node_id in self._stage.selection.ids if node_id in self._stage.scene.blocks)

    # -- selection --

    def select_all(self) -> None:
        """Select every block, frame and note."""
        self._stage.scene.decor.choose(self._stage.scene.decor.items)
        self._stage.selection.set(self._stage.scene.blocks)

    def select_none(self) -> None:
        """Select nothing."""
        self._stage.selection.set(())
        self._stage.scene.choose_wires(())
        self._stage.scene.decor.choose(())

    # -- removing --

    def delete(self) -> None:
        """Remove the selected blocks with their wires, wires, dots, frames and notes; what stands on a frame stays."""
        stage, chosen, project = self._stage, self.chosen, self._stage.document.project
        if stage.scene.wires.dots and not chosen:
            dots.remove_dots(stage, stage.scene.wires.dots)
            return
        wires = [item.wire for ends in stage.scene.wires.chosen if (item := stage.scene.wires.items.get(ends))]
        project, touched = edits.disconnect(project, wires)
        if chosen:
            project, more = edits.remove_nodes(project, chosen)
            touched |= more
        decor = stage.scene.decor.chosen
        project = decorations.remove(project, decor)
        if not touched and not decor:
            return
        if chosen:
            text = _tr("Delete {0}").format(_named(chosen))
        elif decor:
            text = _tr("Delete frames and notes") if len(decor) > 1 else _tr("Delete {0}").format(next(iter(decor)))
        elif len(wires) == 1:
            text = _tr("Disconnect {0} from {1}").format(wires[0].from_node, wires[0].to_node)
        else:
            text = _tr("Disconnect {0} wires").format(len(wires))
        stage.document.edit(text, project, touched, moved=decor)

    def take_out(self) -> None:
        """Remove the selected blocks and join what they were between."""
        chosen, project = self.chosen, self._stage.document.project
        if not chosen:
            return
        project, touched = edits.heal(project, [node.id for node in project.graph.ordered_nodes() if node.id in chosen])
        project, more = edits.remove_nodes(project, chosen)
        self._stage.document.edit(_tr("Take out {0}").format(_named(chosen)), project, touched | more)

    def disconnect_chosen(self) -> None:
        """Remove all wires at the selected blocks."""
        chosen, project = self.chosen, self._stage.document.project
        wires = [item.wire for item in self._stage.scene.wires.at(chosen)]
        if wires:
            project, touched = edits.disconnect(project, wires)
            self._stage.document.edit(_tr("Disconnect {0}").format(_named(chosen)), project, touched)

    # -- copies --

    def copy(self) -> None:
        """Put the selected blocks, frames and notes on the clipboard; a frame with what stands on it."""
        blocks, decor = self._with_carried()
        if blocks or decor:
            clipboard.put(self._stage.scene.with_places(self._stage.document.project), blocks, decor)
            self._pasted = ("", 0)

    def cut(self) -> None:
        """Copy, then delete."""
        self.copy()
        self._stage.scene.choose_wires(())
        blocks, decor = self._with_carried()
        self._stage.selection.set(blocks)
        self._stage.scene.decor.choose(decor)
        self.delete()

    def _with_carried(self) -> tuple[frozenset[str], frozenset[str]]:
        """The selected blocks, frames and notes, and what stands on these frames."""
        blocks, decor = carried(self._stage.scene, self._stage.scene.decor.chosen)
        return self.chosen | blocks, decor

    def paste(self, at: QPointF | None = None) -> None:
        """Add the clipboard's blocks around a place of the scene, or beside the original, each time further away."""
        try:
            fragment = clipboard.take()
        except ChainruleError as error:
            notices().failure(error, _tr("Nothing was pasted."))
            return
        if fragment is None or not (len(fragment.graph) or decorations.decorations(fragment.layout)):
            notices().info(_tr("There are no blocks on the clipboard. Copy some first."))
            return
        self._add(fragment, self._paste_offset(fragment, at), _tr("Paste {0}"))

    def _paste_offset(self, fragment: Project, at: QPointF | None) -> tuple[float, float]:
        extent = clipboard.extent(fragment)
        key = f"{sorted(fragment.graph.nodes)} {extent} {at}"
        times = self._pasted[1] + 1 if self._pasted[0] == key else 1
        self._pasted = (key, times)
        if at is not None:
            further = OFFSET * (times - 1)  # else what is pasted twice at one place hides itself
            middle = extent.center() + QPointF(80.0, 28.0)
            return (snapped(at.x() - middle.x()) + further, snapped(at.y() - middle.y()) + further)
        seen = self._stage.camera.visible()
        if not seen.intersects(extent.adjusted(0.0, 0.0, 160.0, 56.0)):
            way = seen.center() - extent.center() - QPointF(80.0, 28.0)
            return (snapped(way.x()) + OFFSET * (times - 1), snapped(way.y()) + OFFSET * (times - 1))
        return (OFFSET * times, OFFSET * times)

    def duplicate(self) -> None:
        """Copy what is selected beside itself, without the clipboard."""
        blocks, decor = self._with_carried()
        if blocks or decor:
            project = self._stage.scene.with_places(self._stage.document.project)
            fragment = decorations.fragment_with(project, blocks, decor)
            self._add(fragment, (OFFSET, OFFSET), _tr("Duplicate {0}"))

    def _add(self, fragment: Project, offset: tuple[float, float], text: str) -> None:
        stage, before = self._stage, self._stage.document.project
        project, touched, new_ids = edits.paste(stage.scene.with_places(before), fragment, offset)
        added = frozenset(new_ids.values())
        project, decor = decorations.pasted(project, fragment, offset)
        stage.document.edit(text.format(_named(added or frozenset(decor))), project, touched, moved=added | set(decor))
        if stage.document.project is before:
            return  # a group refuses to contain itself
        stage.scene.choose_wires(())
        stage.scene.decor.choose(decor)
        stage.selection.set(added)

    # -- changing --

    def nudge(self, columns: int, rows: int, *, far: bool = False) -> None:
        """Move what is selected by steps of the grid; steps in a row are one undo step."""
        stage, step = self._stage, GRID * (8 if far else 1)
        load = Load(stage.scene, self._present, stage.scene.decor.chosen)
        load.show(QPointF(columns * step, rows * step))
        project = load.arrived()
        if len(load) and project is not None:
            named = _named(frozenset(load.blocks) or frozenset(load.decor))
            merge = f"nudge {sorted(load.blocks)} {sorted(load.decor)}"
            text = _tr("Move {0}").format(named)
            stage.document.edit(text, project, load.touched, moved=load.names, merge=merge)

    def toggle_bypass(self) -> None:
        """Mute the selected blocks, or let them work again if all are muted."""
        chosen, project = self.chosen, self._stage.document.project
        if not chosen:
            return
        mute = not all(project.graph.node(node_id).bypass for node_id in chosen)
        touched = edits.NOTHING
        for node_id in sorted(chosen):
            project, more = edits.set_node(project, node_id, bypass=mute)
            touched |= more
        text = _tr("Mute {0}") if mute else _tr("Unmute {0}")
        self._stage.document.edit(text.format(_named(chosen)), project, touched)


def _named(node_ids: frozenset[str]) -> str:
    if len(node_ids) == 1:
        return next(iter(node_ids))
    return _tr("{0} blocks").format(len(node_ids))
