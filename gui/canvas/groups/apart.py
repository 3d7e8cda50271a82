"""Room for the blocks of a group that is taken apart: its neighbours give way, by as little as they have to."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QPointF, QRectF

from engine import decorations, edits
from engine.decorations import Decoration, Frame
from engine.graph import Graph, Node, Point, Project
from engine.result import Result
from gui.canvas.arranging.framing import refitted
from gui.canvas.block_item import BlockItem
from gui.canvas.face import make_face
from gui.canvas.geometry import snapped
from gui.canvas.look import Look
from gui.canvas.placing import stored
from gui.canvas.stage import Stage

GAP: Final = 24.0
"""Least distance of the blocks from those that gave way, in scene units."""


def with_room(
    stage: Stage, before: Project, after: Project, use: str, made: Collection[str], touched: frozenset[str]
) -> tuple[Project, frozenset[str], frozenset[str]]:
    """The project in which `use` became the blocks `made`, with none of them upon others.

    Where they are free around the place of the use they stay there. Else they begin where it began; what stands to the
    right of it goes to the right and what is below goes down, all by one step each, so that rows stay rows.

    Returns:
        The project, the ids of the blocks, frames and notes that are elsewhere, and those at wires that are bent
        otherwise.
    """
    hole = _covered(stage, before, stage.document.result).get(use)
    covered = _covered(stage, after, stage.document.trial(after, touched))
    areas = {name: covered.pop(name) for name in made if name in covered}
    others = covered
    if hole is None or not areas:
        return after, frozenset(), frozenset()
    frames = [each for each in decorations.frames(after.layout) if _area(each).contains(hole.center())]
    reach = _around(areas.values())
    if all(_area(each).contains(reach) for each in frames) and not _hits(areas.values(), others.values()):
        return after, frozenset(), frozenset()
    way = QPointF(snapped(hole.left() - reach.left()), snapped(hole.top() - reach.top()))
    areas = {name: area.translated(way) for name, area in areas.items()}
    reach = reach.translated(way)
    steps = _given_way(hole, reach, others, whole=bool(frames))
    places = {name: _corner(area) for name, area in areas.items()}
    aside = {name: _corner(others[name].translated(step)) for name, step in steps.items()}
    project, bent = _bent(edits.move_nodes(after, places | aside)[0], steps)
    project, framed = refitted(stage.scene, project, aside)
    project, grown = _grown(project, [each.id for each in frames], reach)
    return project, frozenset(aside) | framed | grown, bent


def _covered(stage: Stage, project: Project, result: Result) -> dict[str, QRectF]:
    """What the blocks of a project cover; this result tells how big those are that are not on the canvas yet."""
    graph, look, found = project.graph, stage.scene.look, dict[str, QRectF]()
    for name, node in graph.nodes.items():
        place = stored(project.layout, name)
        if place is not None:
            item = stage.scene.blocks.get(name)
            body = item.body if item is not None else _body(graph, node, result, look)
            found[name] = body.translated(QPointF(*place))
    return found


def _body(graph: Graph, node: Node, result: Result, look: Look) -> QRectF:
    return BlockItem(node.id, make_face(graph, node, result.nodes.get(node.id), ()), look).body


def _hits(areas: Iterable[QRectF], others: Collection[QRectF]) -> bool:
    """Whether one of these is upon one of the others. Looks from left to right, as there may be thousands of both."""
    inner = sorted(others, key=QRectF.left)
    lefts = [other.left() for other in inner]
    widest = max((other.width() for other in inner), default=0.0) + GAP
    return any(
        _near(area, inner[index])
        for area in areas
        for index in range(bisect_left(lefts, area.left() - widest), bisect_left(lefts, area.right() + GAP))
    )


def _near(one: QRectF, other: QRectF) -> bool:
    return one.adjusted(-GAP / 2, -GAP / 2, GAP / 2, GAP / 2).intersects(other)


def _given_way(hole: QRectF, reach: QRectF, others: Mapping[str, QRectF], whole: bool) -> dict[str, QPointF]:
    """By how much each of the others moves. `whole`: by all that was gained, as a frame around it grows by that."""
    below = {name: area for name, area in others.items() if area.top() >= hole.bottom()}
    right = {name: area for name, area in others.items() if name not in below and area.left() >= hole.right()}
    dx = max(0.0, reach.right() - hole.right()) if whole else 0.0
    for area in right.values():
        if area.bottom() + GAP > reach.top() and area.top() < reach.bottom() + GAP:
            dx = max(dx, reach.right() + 2 * GAP - area.left())
    dx = _step(dx)
    highest = min((area.top() for area in below.values()), default=0.0)
    tall = (area.translated(dx, 0.0) for area in right.values() if dx and area.bottom() + GAP > highest)
    low = [reach, *tall]
    dy = max(0.0, reach.bottom() - hole.bottom()) if whole else 0.0
    for area in below.values():
        for other in low:
            if area.right() + GAP > other.left() and area.left() < other.right() + GAP:
                dy = max(dy, other.bottom() + 2 * GAP - area.top())
    dy = _step(dy)
    return {name: QPointF(dx, 0.0) for name in right if dx} | {name: QPointF(0.0, dy) for name in below if dy}


def _step(length: float) -> float:
    """On the grid, and no less than that."""
    return snapped(length + 4.0 - 1e-6) if length > 0.0 else 0.0


def _bent(project: Project, steps: Mapping[str, QPointF]) -> tuple[Project, frozenset[str]]:
    """With the dots of wires whose ends both move by the same step taken along."""
    graph, touched = project.graph, frozenset[str]()
    for name, step in steps.items():
        for wire in graph.wires_out_of(name):
            if wire.via and steps.get(wire.to_node) == step:
                graph, more = graph.replace_wire(wire, via=tuple((x + step.x(), y + step.y()) for x, y in wire.via))
                touched |= more
    return (replace(project, graph=graph) if touched else project), touched


def _grown(project: Project, names: Iterable[str], reach: QRectF) -> tuple[Project, frozenset[str]]:
    """With these frames around what became of the block that stood in them."""
    here, grown = decorations.decorations(project.layout), dict[str, Decoration]()
    for name in names:
        frame, room = here[name], reach.adjusted(-GAP, 0.0, GAP, GAP)
        if isinstance(frame, Frame) and not _area(frame).contains(room):
            box = _area(frame).united(room)
            grown[name] = replace(frame, x=box.x(), y=box.y(), width=box.width(), height=box.height())
    return (decorations.put(project, *grown.values()) if grown else project), frozenset(grown)


def _area(frame: Frame) -> QRectF:
    return QRectF(frame.x, frame.y, frame.width, frame.height)


def _around(areas: Iterable[QRectF]) -> QRectF:
    found = QRectF()
    for area in areas:
        found = found.united(area)
    return found


def _corner(area: QRectF) -> Point:
    return (area.left(), area.top())
