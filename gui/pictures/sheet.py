"""A graph laid out to be drawn: the canvas's own items without a canvas, and whatever is wanted of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, final

from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem

from engine import decorations
from engine.copies import fragment_of
from engine.decorations import Frame
from engine.graph import Project
from engine.result import Result
from gui.canvas.block_item import BlockItem
from gui.canvas.decor_item import DecorItem
from gui.canvas.face import NO_PROBLEMS, aims_of, make_face
from gui.canvas.frames import FrameItem
from gui.canvas.look import NAMES_FROM, Look
from gui.canvas.notes import NoteItem
from gui.canvas.placing import places
from gui.canvas.wire_set import WireSet
from gui.pictures.formulas import FormulaKey
from gui.pictures.nearby import NearbyScene
from gui.unit_pictures.tray import Shown, Tray

Format = Literal["svg", "png", "pdf"]
FORMATS: Final[tuple[Format, ...]] = ("svg", "png", "pdf")
MARGIN: Final = 8.0
"""White around the drawing, in scene units."""
KEY_GAP: Final = 28.0
_MANY: Final = 300
_AT_ONCE: Final = 8
"""So many items are made or painted in one step."""


@final
@dataclass(frozen=True, slots=True)
class Wanted:
    """What a picture is to show.

    Attributes:
        blocks, decor: only these and the wires among them; None for everything.
        shapes: whether wires bear the shape of what flows through them.
        formulas: whether the formulas of the blocks stand below.
        thumbnails: pictures in blocks, by id.
        units: pictures of the units of blocks, by id.
        scale: pixels a scene unit; of PNG alone.
    """

    blocks: frozenset[str] | None = None
    decor: frozenset[str] = frozenset()
    shapes: bool = True
    formulas: bool = False
    thumbnails: Mapping[str, QImage] = field(default_factory=dict)
    units: Mapping[str, Shown] = field(default_factory=dict)
    scale: int = 2


@final
class Sheet:
    """Has to be made and painted in the same palette (`Theme.painting_in`), at once or step by step.

    Attributes:
        area: what is drawn, with the margin, in scene units; known when it is made.
    """

    def __init__(self, project: Project, result: Result, wanted: Wanted) -> None:
        """Nothing is made yet."""
        self._project, self._result, self._wanted = project, result, wanted
        self._scene = NearbyScene()
        self._look = Look()
        self._blocks: dict[str, BlockItem] = {}
        self._trays: list[Tray] = []
        self._decor: list[DecorItem] = []
        self._wires = WireSet(self._scene, self._blocks, self._look, _nothing, _nothing)
        self._key: FormulaKey | None = None
        self.area, self._key_area = QRectF(), QRectF()

    @staticmethod
    def of(project: Project, result: Result, wanted: Wanted) -> Sheet:
        """One that is made."""
        sheet = Sheet(project, result, wanted)
        for _ in sheet.make():
            pass
        return sheet

    def make(self) -> Iterator[float]:
        """Make all items, a few a step; which part of them there is after each."""
        wanted, project = self._wanted, self._project
        for done in self._place_blocks():
            yield done / 2
        part = project if wanted.blocks is None else fragment_of(project, self._blocks)
        wires = list(part.graph.wires())
        for index, wire in enumerate(wires):
            self._wires.add(wire)
            if not wanted.shapes:
                item = self._wires.items[wire.ends]
                item.set_look("", item.kind, item.wrong)
            if index % _AT_ONCE == 0:
                yield 0.5 + index / len(wires) / 2
        self._decor = self._make_decor()
        kinds = [self._blocks[node.id].face.kind for node in part.graph.ordered_nodes() if node.id in self._blocks]
        self._key = FormulaKey(part, self._result, kinds) if wanted.formulas else None
        self.area = self._measure()
        if self._key is not None and not self._key.is_empty:
            drawing = self.area
            self._key.lay_out(drawing.width() - 2 * MARGIN)
            at = QPointF(drawing.left() + MARGIN, drawing.bottom() - MARGIN + KEY_GAP)
            self._key_area = QRectF(at, self._key.size)
            width = max(drawing.width(), self._key.size.width() + 2 * MARGIN)
            size = QSizeF(width, drawing.height() + self._key.size.height() + KEY_GAP)
            self.area = QRectF(drawing.topLeft(), size).toAlignedRect().toRectF()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not (self._blocks or self._decor)

    def has(self, part: QRectF) -> bool:
        """Whether anything is drawn in a part of it."""
        others = (self._key_area, *(tray.area for tray in self._trays))
        return any(area.intersects(part) for area in others) or next(self._items(part), None) is not None

    def painting(self, painter: QPainter, scale: float = 1.0, within: QRectF | None = None) -> Iterator[float]:
        """Draw everything in scene coordinates, without a ground, a few items a step; which part there is after each.

        Args:
            painter: paints at a scale of its own.
            scale: what cannot be read at that scale may be left out where there are many blocks: a preview's.
            within: nothing beyond that has to be drawn; None for everything.
        """
        self._look.set_scale(1.0 if len(self._blocks) <= _MANY else max(scale, NAMES_FROM))
        items = sorted(self._items(within), key=QGraphicsItem.zValue)
        option = QStyleOptionGraphicsItem()
        for index, item in enumerate(items):
            painter.save()
            painter.translate(item.pos())
            item.paint(painter, option)
            painter.restore()
            if index % _AT_ONCE == 0:
                yield index / len(items)
        for tray in self._trays:
            if within is not None and not tray.area.intersects(within):
                continue
            painter.save()
            painter.translate(tray.block.pos())
            tray.paint(painter, option)
            painter.restore()
        if self._key is not None and not self._key_area.isEmpty():
            painter.save()
            painter.translate(self._key_area.topLeft())
            self._key.paint(painter, self._look)
            painter.restore()

    def _items(self, within: QRectF | None) -> Iterator[QGraphicsItem]:
        items: list[QGraphicsItem] = [*self._decor, *self._wires.items.values(), *self._blocks.values()]
        for item in items:
            if within is None or item.boundingRect().translated(item.pos()).intersects(within):
                yield item

    # -- making --

    def _place_blocks(self) -> Iterator[float]:
        """All of them at first: where one goes that the layout leaves out depends on the others."""
        made: dict[str, BlockItem] = {}
        project, result, wanted = self._project, self._result, self._wanted
        aims, nodes = aims_of(result), project.graph.ordered_nodes()
        for index, node in enumerate(nodes):
            face = make_face(project.graph, node, result.nodes.get(node.id), NO_PROBLEMS, aims)
            made[node.id] = BlockItem(node.id, face, self._look)
            made[node.id].set_thumbnail(wanted.thumbnails.get(node.id))
            if index % _AT_ONCE == 0:
                yield index / len(nodes)
        sizes = {name: (item.body.width(), item.body.height()) for name, item in made.items()}
        for node_id, place in places(project, sizes.__getitem__).items():
            if wanted.blocks is None or node_id in wanted.blocks:
                self._blocks[node_id] = made[node_id]
                made[node_id].setPos(*place)
                self._scene.addItem(made[node_id])
                if node_id in wanted.units:
                    self._trays.append(Tray(made[node_id], wanted.units[node_id]))
        self._look.revision += 1

    def _make_decor(self) -> list[DecorItem]:
        found: list[DecorItem] = []
        for name, item in decorations.decorations(self._project.layout).items():
            if self._wanted.blocks is None or name in self._wanted.decor:
                found.append(FrameItem(item, self._look) if isinstance(item, Frame) else NoteItem(item, self._look))
        return found

    def _measure(self) -> QRectF:
        found = QRectF()
        for block in self._blocks.values():
            found = found.united(block.area.adjusted(-6.0, -1.0, 6.0, 1.0))  # ports stick out
        for wire in self._wires.items.values():
            found = found.united(wire.path.boundingRect())
        for item in self._decor:
            found = found.united(item.area)
        for tray in self._trays:
            found = found.united(tray.area)
        return found.adjusted(-MARGIN, -MARGIN, MARGIN, MARGIN).toAlignedRect().toRectF()


def _nothing(*_: object) -> None:
    """Nobody looks at the sheet, so nothing has to be painted again."""
