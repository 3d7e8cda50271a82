"""The verbs of Edit > Arrange: each one undo step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import final

from PySide6.QtCore import QCoreApplication, QObject, QPointF

from engine import edits
from engine.graph import Point
from gui.canvas.arranging.align import Axis, Box, Edge, aligned, distributed, on_grid, reading_order
from gui.canvas.arranging.framing import refitted
from gui.canvas.arranging.joining import Joined, joined
from gui.canvas.arranging.tidy import Tidy
from gui.canvas.geometry import GRID
from gui.canvas.layout.sheet import Direction
from gui.canvas.stage import Stage
from gui.notices import notices

OFFSET = (32.0, 96.0)
"""Where a copy that keeps its wires lands: below, so that these are seen."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("Arrange", text)


@final
class ArrangeCommands(QObject):
    """Works on the selected blocks; automatic layout on all where less than two are selected."""

    def __init__(self, stage: Stage, parent: QObject) -> None:
        super().__init__(parent)
        self._stage = stage
        self.tidy = Tidy(stage, self)

    @property
    def chosen(self) -> list[str]:
        """The selected blocks that are there, in file order."""
        ids, scene = self._stage.selection.ids, self._stage.scene
        nodes = self._stage.document.project.graph.ordered_nodes()
        return [node.id for node in nodes if node.id in ids and node.id in scene.blocks]

    def arrange(self, direction: Direction) -> None:
        """Lay out in layers."""
        self.tidy.arrange(direction)

    # -- lines and gaps --

    def align(self, edge: Edge) -> None:
        """Put the selected blocks on one line."""
        self._move(_tr("Align {0}"), 2, lambda boxes: aligned(boxes, edge))

    def distribute(self, axis: Axis) -> None:
        """Give the selected blocks equal gaps."""
        self._move(_tr("Distribute {0}"), 3, lambda boxes: distributed(boxes, axis))

    def snap_to_grid(self) -> None:
        """Put the selected blocks on the grid."""
        self._move(_tr("Snap {0} to the grid"), 1, lambda boxes: on_grid(boxes, GRID))

    def _boxes(self, names: list[str]) -> dict[str, Box]:
        areas = {name: self._stage.scene.blocks[name].area for name in names}
        return {name: (area.left(), area.top(), area.width(), area.height()) for name, area in areas.items()}

    def _move(self, text: str, least: int, place: Callable[[Mapping[str, Box]], dict[str, Point]]) -> None:
        stage, names = self._stage, self.chosen
        if len(names) < least:
            return
        self.tidy.glide.stop()
        before = {name: QPointF(stage.scene.blocks[name].pos()) for name in names}
        places = place(self._boxes(names))
        project, _ = edits.move_nodes(stage.scene.with_places(stage.document.project), places)
        project, framed = refitted(stage.scene, project, places)
        stage.document.edit(text.format(_named(names)), project, moved=frozenset(names) | framed)
        self.tidy.glide.show_way(before)

    # -- wires --

    def connect_chosen(self) -> None:
        """Connect the selected blocks in reading order, and say what was connected and what was not."""
        stage, names = self._stage, self.chosen
        if len(names) < 2:
            notices().info(_tr("Select at least two blocks to connect, in the order in which they are to be read."))
            return
        faces = {name: stage.scene.blocks[name].face for name in names}
        order = reading_order(self._boxes(names))
        found = joined(stage.document.project, stage.document.result, faces, order)
        if found.wires:
            text = _tr("Connect {0}").format(_named(names))
            stage.document.edit(text, found.project, found.touched)
        notices().info(_told(found))

    def duplicate_wired(self) -> None:
        """Copy the selected blocks; the copies read from what the originals read from."""
        stage, names = self._stage, self.chosen
        if not names:
            return
        project = stage.scene.with_places(stage.document.project)
        graph = project.graph
        project, touched, new_ids = edits.paste(project, edits.fragment_of(project, names), OFFSET)
        for name, copy in new_ids.items():
            for wire in graph.wires_into(name):
                if wire.from_node not in new_ids:
                    again = type(wire)(wire.from_node, wire.from_port, copy, wire.to_port)
                    project, more = edits.connect(project, again)
                    touched |= more
        added = frozenset(new_ids.values())
        text = _tr("Duplicate {0} with wires").format(_named(names))
        stage.document.edit(text, project, touched, moved=added)
        stage.scene.choose_wires(())
        stage.selection.set(added)


def _named(names: list[str]) -> str:
    return names[0] if len(names) == 1 else _tr("{0} blocks").format(len(names))


def _told(found: Joined) -> str:
    wires = [f"{wire.from_node}.{wire.from_port} → {wire.to_node}.{wire.to_port}" for wire in found.wires]
    shown = ", ".join(wires[:4]) + (_tr(" and {0} more").format(len(wires) - 4) if len(wires) > 4 else "")
    parts = []
    if len(wires) == 1:
        parts.append(_tr("Connected {0}.").format(shown))
    elif wires:
        parts.append(_tr("Made {0} wires: {1}.").format(len(wires), shown))
    if found.left:
        left = ", ".join(found.left[:4]) + (" …" if len(found.left) > 4 else "")
        parts.append(_tr("Nothing before them fits: {0}.").format(left))
    return " ".join(parts) or _tr("Every input has a wire already.")
