"""A block of another kind in the place of one: which kinds fit there, and doing it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import QCoreApplication

from engine import edits
from engine.block import Block, PortKind, block_named
from engine.graph import EMPTY
from engine.param import parse_all
from engine.problem import GraphError
from engine.references import GROUP
from engine.swapping import swap_block
from gui.canvas.slotting import objection
from gui.canvas.stage import Stage, Wish


def _tr(text: str) -> str:
    return QCoreApplication.translate("Swapping", text)


def can_replace(stage: Stage, node_id: str) -> Callable[[Block], bool]:
    """Whether a kind of block has a port for each wire of a block, and takes what comes in."""
    project = stage.document.project
    item = stage.scene.blocks.get(node_id)
    given = {port.kind for port in item.face.outputs} if item is not None else set[PortKind]()

    def fits(block: Block) -> bool:
        if node_id not in project.graph or block.kind == project.graph.node(node_id).block:
            return False
        try:
            swapped, touched, new_id = swap_block(project, node_id, block.kind)
        except GraphError:
            return False
        outputs = {port.kind for port in block.outputs(parse_all(block.params, {})[0])}
        if project.graph.wires_out_of(node_id) and "value" in given and outputs == {"scalar"}:
            return False  # a loss goes nowhere but where losses go
        return not objection(stage, swapped, touched, {new_id})

    return fits


def replaceable(stage: Stage) -> str | None:
    """The one selected block, where another kind can take its place: it is no boundary of a group that was opened."""
    node_id = stage.selection.single
    if node_id is None or node_id not in stage.scene.blocks:
        return None
    kind = stage.document.project.graph.node(node_id).block
    return node_id if kind == GROUP or block_named(kind) is not None else None


def ask_to_replace(stage: Stage) -> None:
    """Look for the kind that is to take the place of the selected block."""
    node_id = replaceable(stage)
    if node_id is not None:
        stage.search(Wish(stage.scene.blocks[node_id].area.center(), replaces=node_id))


def replace_block(stage: Stage, node_id: str, kind: str, params: Mapping[str, Any] = EMPTY) -> str | None:
    """Put a block of another kind in the place of one, as one undo step. Returns its id; None where that cannot be."""
    project = stage.scene.with_places(stage.document.project)
    try:
        project, touched, new_id = swap_block(project, node_id, kind)
    except GraphError:
        return None
    if params:
        project, more = edits.set_params(project, new_id, params)
        touched |= more
    renamed = ((node_id, new_id),) if new_id != node_id else ()
    text = _tr("Replace {0} by {1}").format(node_id, kind)
    stage.document.edit(text, project, touched, moved=frozenset({new_id}), renamed=renamed)
    stage.selection.set({new_id})
    return new_id
