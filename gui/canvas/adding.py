"""Adding blocks: where a new one lands, what it is connected to, and which kinds fit there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from PySide6.QtCore import QCoreApplication, QPointF, QRectF

from engine import edits
from engine.block import Block, Port, PortKind, ShapeError, block_named
from engine.graph import EMPTY, Project, Touched, Wire
from engine.param import parse_all
from engine.problem import GraphError
from engine.tensorspec import TensorSpec
from gui.canvas.block_item import BlockItem
from gui.canvas.face import NO_PROBLEMS, declared_ports, make_face
from gui.canvas.fitting import misfit
from gui.canvas.geometry import HEAD, MIN_WIDTH, snapped
from gui.canvas.hits import PortRef
from gui.canvas.layout.layered import LAYER_GAP
from gui.canvas.layout.sheet import Size
from gui.canvas.placing import free_place
from gui.canvas.stage import Stage, Wish
from gui.canvas.swapping import can_replace, replace_block
from gui.inserting import Inserted, Steps, insert_block, steps

SIZE: Final = (MIN_WIDTH + 16.0, HEAD)
"""About how large a new block will be."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("Adding", text)


# -- which kinds --


def accepts(stage: Stage, wish: Wish) -> Callable[[Block], bool]:
    """Whether a block of some kind, fresh from the palette, fits where it is wanted."""
    if wish.replaces:
        return can_replace(stage, wish.replaces)
    if wish.wire is not None:
        source = PortRef(wish.wire.from_node, "out", wish.wire.from_port)
        return lambda block: _takes(stage, block, source) and bool(_ports(block)[1])
    if wish.port is None:
        return lambda _: True
    port = wish.port
    if port.side == "out":
        return lambda block: _takes(stage, block, port)
    kind = stage.scene.port_kind(port.node, port.side, port.port)
    return lambda block: any(_joins(made.kind, kind) for made in _made(block))


def _made(block: Block) -> tuple[Port, ...]:
    return _ports(block)[1]


def _joins(made: PortKind, wanted: PortKind) -> bool:
    """Whether what an output makes can go into an input: a loss goes nowhere but where losses go."""
    return (made == "scalar") == (wanted == "scalar")


def _defaults(block: Block) -> dict[str, Any]:
    return parse_all(block.params, {})[0]


def _ports(block: Block) -> tuple[tuple[Port, ...], tuple[Port, ...]]:
    return declared_ports(block, _defaults(block))


def prompt(wish: Wish) -> str:
    """What the empty field of the search says: what becomes of the choice."""
    if wish.replaces:
        return _tr("Replace {0} with…").format(wish.replaces)
    if wish.wire is not None:
        return _tr("Insert between {0} and {1}…").format(wish.wire.from_node, wish.wire.to_node)
    if wish.port is not None:
        return _tr("Connect {0} to…").format(wish.port.node)
    return _tr("Search blocks")


def _takes(stage: Stage, block: Block, source: PortRef) -> bool:
    inputs = _ports(block)[0]
    if not inputs:
        return False
    plan = stage.document.result.nodes.get(source.node)
    spec = plan.outputs.get(source.port) if plan is not None else None
    kinds = {port.kind for port in inputs}
    if spec is None or len(kinds) > 1:
        kind = stage.scene.port_kind(source.node, source.side, source.port)
        return kind != "scalar" and (spec is None or len(kinds) == 1 or kind in kinds)
    return shape_fits(block, {port.name: spec for port in inputs if not port.optional} or {inputs[0].name: spec})


def shape_fits(block: Block, inputs: Mapping[str, TensorSpec]) -> bool:
    """Whether a block with default parameters takes these inputs."""
    try:
        block.shape(_defaults(block), inputs)
    except ShapeError:
        return False
    return True


# -- adding --


def add_block(stage: Stage, kind: str, wish: Wish, params: Mapping[str, Any] = EMPTY) -> str | None:
    """Add a block, with these parameters set, as one undo step and select it.

    Returns its id; None when the kind is unknown or does not fit.
    """
    block = block_named(kind)
    if block is None:
        return None
    if wish.replaces:
        return replace_block(stage, wish.replaces, kind, params)
    if wish.wire is not None:
        return _add_into_wire(stage, kind, wish.wire, params)
    project = stage.scene.with_places(stage.document.project)
    source = wish.port
    if source is None:
        source = _free_output(stage)
    at = _place(stage, wish, source, SIZE)
    project, touched, node_id = edits.add_node(project, kind, at, params=params)
    if source is not None:
        project, touched = _connected(stage, project, touched, node_id, source, forced=wish.port is not None)
    if wish.beside:
        size = size_in(stage, project, touched, node_id)
        if size[0] > SIZE[0] or size[1] > SIZE[1]:
            project, _ = edits.move_nodes(project, {node_id: _place(stage, wish, source, size)})
    stage.document.edit(_tr("Add {0}").format(node_id), project, touched, moved=frozenset({node_id}))
    show_added(stage, node_id)
    return node_id


def size_in(stage: Stage, project: Project, touched: Touched, node_id: str) -> Size:
    """How large a block will be in a project that is not the document's yet."""
    plan = stage.document.trial(project, touched).nodes.get(node_id)
    face = make_face(project.graph, project.graph.node(node_id), plan, NO_PROBLEMS)
    body = BlockItem(node_id, face, stage.scene.look).body
    return (body.width(), body.height())


def with_room(stage: Stage, wire: Wire, put: Callable[[Steps], Inserted]) -> Inserted:
    """A block put into a wire, as far from those at its ends as their widths ask for. Raises what `put` raises."""
    first = stage.scene.blocks[wire.from_node].body.width()
    made = put(steps(first, MIN_WIDTH))
    wide = size_in(stage, made.project, made.touched, made.node_id)[0]
    return made if steps(first, wide) == steps(first, MIN_WIDTH) else put(steps(first, wide))


def show_added(stage: Stage, node_id: str) -> None:
    """Select a block that was added, and bring it into view."""
    stage.selection.set({node_id})
    stage.scene.choose_wires(())
    stage.camera.reveal(stage.scene.blocks[node_id].area)


def _add_into_wire(stage: Stage, kind: str, wire: Wire, params: Mapping[str, Any]) -> str | None:
    try:
        project = stage.scene.with_places(stage.document.project)
        made = with_room(stage, wire, lambda apart: insert_block(project, kind, wire, params, apart=apart))
    except GraphError:
        return None
    text = _tr("Insert {0}").format(made.node_id)
    stage.document.edit(text, made.project, made.touched, moved=made.moved)
    show_added(stage, made.node_id)
    return made.node_id


def area_at(place: QPointF) -> QRectF:
    """Where a block is put whose head is to lie there."""
    return QRectF(place.x() - SIZE[0] / 2, place.y() - HEAD / 2, *SIZE)


def _place(stage: Stage, wish: Wish, source: PortRef | None, size: Size) -> tuple[float, float]:
    """The new block's upper left corner: its port at the dropped wire's end, beside the selected block, or centred."""
    if wish.port is not None:
        x = wish.at.x() if wish.port.side == "out" else wish.at.x() - SIZE[0]
        return (snapped(x), snapped(wish.at.y() - HEAD / 2))
    wanted = area_at(wish.at).topLeft()
    if not wish.beside:
        return (snapped(wanted.x()), snapped(wanted.y()))
    if source is not None:
        area = stage.scene.blocks[source.node].area
        wanted = QPointF(area.right() + LAYER_GAP, area.top())
    free = free_place(wanted, size, stage.scene.is_taken)
    return (free.x(), free.y())


def _free_output(stage: Stage) -> PortRef | None:
    """The output of the one selected block that a new block would continue: free, and not a target or a loss."""
    node_id = stage.selection.single
    if node_id is None or node_id not in stage.scene.blocks:
        return None
    ports = [port for port in stage.scene.blocks[node_id].face.outputs if not port.wired and port.kind == "value"]
    return PortRef(node_id, "out", ports[0].name) if ports else None


def _connected(
    stage: Stage, project: Project, touched: Touched, node_id: str, source: PortRef, *, forced: bool
) -> tuple[Project, Touched]:
    """The project with the new node wired to a port; unless it was asked for, only where it fits."""
    wire = _wire(stage, project, node_id, source)
    if wire is None:
        return project, touched
    wired, more = edits.connect(project, wire)
    if not forced and misfit(stage.document, wired, touched | more, wire) is not None:
        return project, touched
    return wired, touched | more


def _wire(stage: Stage, project: Project, node_id: str, source: PortRef) -> Wire | None:
    block = block_named(project.graph.node(node_id).block)
    assert block is not None
    inputs, outputs = _ports(block)
    kind = stage.scene.port_kind(source.node, source.side, source.port)
    if source.side == "out":
        port = _best(inputs, kind)
        return Wire(source.node, source.port, node_id, port.name) if port is not None else None
    port = _best(outputs, kind)
    return Wire(node_id, port.name, source.node, source.port) if port is not None else None


def _best(ports: tuple[Port, ...], kind: PortKind) -> Port | None:
    """The first port of that kind, or else the first."""
    return next((port for port in ports if port.kind == kind), ports[0] if ports else None)
