"""Arrange automatically: the command. Small graphs at once, large ones in the background; one undo step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Final, final

from PySide6.QtCore import QCoreApplication, QObject, QPointF

from engine import edits
from engine.graph import Graph, Point, Project
from gui.background import run_in_background
from gui.canvas.arranging.framing import refitted
from gui.canvas.arranging.glide import Glide
from gui.canvas.block_item import BlockItem
from gui.canvas.geometry import GRID, snapped
from gui.canvas.layout.layered import layered
from gui.canvas.layout.sheet import Direction, Size
from gui.canvas.look import FULL_FROM
from gui.canvas.placing import port_heights_of, stored
from gui.canvas.stage import Stage
from gui.notices import notices

AT_ONCE: Final = 300
"""Up to so many blocks a layout takes less than a frame."""
PAIRS_AT_ONCE: Final = 20_000
"""The same for pairs of an arranged block and one that stays, which have to be kept apart."""
ROOM: Final = 24.0
MARGIN: Final = 48
"""Pixels that stay free around a drawing that is shown as a whole."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("Tidy", text)


@final
class Tidy(QObject):
    """Lays out the selection, or everything where less than two blocks are selected."""

    def __init__(self, stage: Stage, parent: QObject) -> None:
        super().__init__(parent)
        self._stage = stage
        self.glide = Glide(stage.scene, self)
        self._asked = 0

    def arrange(self, direction: Direction) -> None:
        """Lay out; nothing happens where everything stands as it should."""
        scene, project = self._stage.scene, self._stage.document.project
        self.glide.stop()
        chosen = {name for name in self._stage.selection.ids if name in scene.blocks}
        part = chosen if len(chosen) > 1 else set(scene.blocks)
        self._asked += 1
        work = partial(_laid_out, project, part, dict(scene.blocks), direction, self._room())
        staying = len(scene.blocks) - len(part)
        if len(part) <= AT_ONCE and len(part) * staying <= PAIRS_AT_ONCE:
            self._put(project, work())
            return
        asked = self._asked
        run_in_background(work, lambda found: self._arrived(asked, project, found), self._failed)

    def _room(self) -> Size | None:
        """What the canvas holds where names and summaries can still be read."""
        views = self._stage.scene.views()
        if not views:
            return None
        seen = views[0].viewport().size()
        return ((seen.width() - 2 * MARGIN) / FULL_FROM, (seen.height() - 2 * MARGIN) / FULL_FROM)

    def _arrived(self, asked: int, project: Project, found: dict[str, Point]) -> None:
        if asked != self._asked:
            return
        if self._stage.document.project is not project:
            notices().info(
                _tr("The graph was changed while it was being arranged, so nothing was moved. Arrange again.")
            )
            return
        self._put(project, found)

    def _failed(self, error: BaseException) -> None:
        raise error

    def _put(self, project: Project, places: Mapping[str, Point]) -> None:
        stage = self._stage
        camera, whole = stage.camera, len(places) == len(stage.scene.blocks)
        shown = camera.fitted or camera.visible().contains(stage.scene.content_rect())
        before = {name: QPointF(stage.scene.blocks[name].pos()) for name in places}
        edited, touched = without_dots(stage.scene.with_places(project), places)
        edited, _ = edits.move_nodes(edited, places)
        edited, framed = refitted(stage.scene, edited, places)
        count = len(places)
        text = _tr("Arrange {0} blocks").format(count) if count > 1 else _tr("Arrange {0}").format(*places)
        stage.document.edit(text, edited, touched, moved=frozenset(places) | framed)
        area = stage.scene.content_rect()
        if whole and shown and not camera.visible().contains(area):
            camera.fit(area)  # who saw everything goes on seeing everything
        self.glide.show_way(before)


def without_dots(project: Project, part: Mapping[str, object]) -> tuple[Project, frozenset[str]]:
    """The wires among these blocks without the dots they ran through: these belong to the places left behind."""
    graph, touched = project.graph, edits.NOTHING
    for name in part:
        for wire in graph.wires_out_of(name):
            if wire.via and wire.to_node in part:
                graph, more = graph.replace_wire(wire, via=())
                touched |= more
    return (replace(project, graph=graph) if touched else project), touched


def _laid_out(
    project: Project, part: set[str], blocks: dict[str, BlockItem], direction: Direction, room: Size | None = None
) -> dict[str, Point]:
    """Runs in a thread: reads sizes and ports, which are plain values, and nothing else of the items."""
    graph = project.graph
    whole = len(part) == len(graph)
    if not whole:
        nodes = [node for node in graph.ordered_nodes() if node.id in part]
        graph = Graph.of(nodes, (wire for wire in graph.wires() if wire.from_node in part and wire.to_node in part))

    def size(name: str) -> Point:
        body = blocks[name].body
        return (body.width(), body.height())

    now = {name: place for name in part if (place := stored(project.layout, name)) is not None}
    found = layered(graph, size, port_heights_of(blocks), now, direction, room if whole else None)
    if whole or not now:
        return found
    others = [
        (place, size(name))
        for name in project.graph.nodes
        if name not in part and name in blocks and (place := stored(project.layout, name)) is not None
    ]
    return _kept_clear(_kept_in_place(found, now), size, others)


def _kept_in_place(found: dict[str, Point], now: Mapping[str, Point]) -> dict[str, Point]:
    """A part begins where it began."""
    dx = snapped(min(x for x, _ in now.values()) - min(x for x, _ in found.values()))
    dy = snapped(min(y for _, y in now.values()) - min(y for _, y in found.values()))
    return {name: (x + dx, y + dy) for name, (x, y) in found.items()}


def _kept_clear(
    found: dict[str, Point], size: Callable[[str], Point], others: list[tuple[Point, Point]]
) -> dict[str, Point]:
    """Moved up or down by as little as keeps the part off the blocks that stay."""
    forbidden: list[tuple[float, float]] = []
    boxes = [(x, y, *size(name)) for name, (x, y) in found.items()]
    left, right = min(box[0] for box in boxes), max(box[0] + box[2] for box in boxes)
    for (x, y), (width, height) in others:
        if x + width + ROOM <= left or right + ROOM <= x:
            continue
        for bx, by, bw, bh in boxes:
            if x < bx + bw + ROOM and bx < x + width + ROOM:
                forbidden.append((y - ROOM - bh - by, y + height + ROOM - by))
    shift = _nearest_allowed(sorted(forbidden))
    return {name: (x, y + shift) for name, (x, y) in found.items()}


def _nearest_allowed(forbidden: list[tuple[float, float]]) -> float:
    """The smallest step up or down, on the grid, that lies strictly inside none of these spans."""
    merged: list[tuple[float, float]] = []
    for low, high in forbidden:
        if merged and low < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    low = high = 0.0
    for start, end in merged:
        if start < high < end:
            high = -(-end // GRID) * GRID
    for start, end in reversed(merged):
        if start < low < end:
            low = start // GRID * GRID
    return high if high <= -low else low
