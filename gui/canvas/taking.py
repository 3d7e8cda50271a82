"""Blocks taken out of their wires, which heal: shown while they are dragged, and as an edit."""

from __future__ import annotations

from typing import final

from PySide6.QtGui import QPainterPath

from engine import edits
from engine.block import block_named
from engine.graph import Node, Project, Touched
from gui.canvas.geometry import wire_path
from gui.canvas.stage import Stage
from gui.canvas.wire_item import WireItem


def take_out(stage: Stage, node_ids: frozenset[str]) -> Taking | None:
    """Show the wires at these blocks as lifted and those that will take their place; None when there are no wires.

    The inputs and outputs of a group that was opened stay in their wires, and so does a group that is defined nowhere.
    """
    project = stage.document.project
    node_ids = frozenset(node_id for node_id in node_ids if _can_leave(project, project.graph.node(node_id)))
    return Taking(stage, node_ids) if stage.scene.wires.at(node_ids) else None


def _can_leave(project: Project, node: Node) -> bool:
    return block_named(node.block) is not None or edits.first_ports(node, project.groups) != (None, None)


@final
class Taking:
    """Belongs to one gesture."""

    def __init__(self, stage: Stage, node_ids: frozenset[str]) -> None:
        self._stage = stage
        graph = stage.document.project.graph
        # In file order: of two blocks in a row the wire that heals the first is at the second.
        self._node_ids = [node.id for node in graph.ordered_nodes() if node.id in node_ids]
        self._lifted: list[WireItem] = stage.scene.wires.at(node_ids)
        for item in self._lifted:
            item.set_flags(lifted=True)
        stage.overlay.set_strokes(self._bridges())

    def heal(self, project: Project) -> tuple[Project, Touched]:
        """The project with the blocks off their wires, and these joined."""
        return edits.heal(project, self._node_ids)

    def put_away(self) -> None:
        """Show everything as it is in the document."""
        self._stage.overlay.set_strokes([])
        items = self._stage.scene.wires.items
        for item in self._lifted:
            if items.get(item.wire.ends) is item:
                item.set_flags(lifted=False)

    def _bridges(self) -> list[QPainterPath]:
        scene = self._stage.scene
        healed, touched = self.heal(self._stage.document.project)
        found: list[QPainterPath] = []
        for wire in {wire for node_id in touched for wire in healed.graph.wires_into(node_id)}:
            if wire.ends not in scene.wires.items:
                start = scene.blocks[wire.from_node].port_place("out", wire.from_port)
                end = scene.blocks[wire.to_node].port_place("in", wire.to_port)
                if start is not None and end is not None:
                    found.append(wire_path(start, end, wire.via))
        return found
