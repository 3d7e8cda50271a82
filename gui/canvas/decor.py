"""All frames and notes of the scene, as the document's layout has them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import final

from PySide6.QtCore import QObject, QPointF, QRectF, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsScene

from engine import decorations
from engine.decorations import Frame
from engine.graph import Layout
from gui.canvas.decor_item import WHOLE, DecorItem, Edge
from gui.canvas.frames import FrameItem
from gui.canvas.look import Look
from gui.canvas.notes import NoteItem


@final
class Decor(QObject):
    """Keeps an item for each frame and note.

    Attributes:
        items: id -> item.
        chosen: ids of the selected ones.

    Signals:
        chosen_changed(): others are selected.
    """

    chosen_changed = Signal()

    def __init__(self, scene: QGraphicsScene, look: Look, soil: Callable[[DecorItem], None]) -> None:
        """Frames and notes of a scene; `soil` is told before and after an item looks different."""
        super().__init__(scene)
        self._scene = scene
        self._look = look
        self._soil = soil
        self._shown = Layout()
        self.items: dict[str, DecorItem] = {}
        self.chosen: frozenset[str] = frozenset()

    # -- following the document --

    def forget(self) -> None:
        """All items are gone with the scene's content."""
        self.items, self._shown = {}, Layout()
        self.choose(())

    def match(self, layout: Layout) -> bool:
        """Show what the layout says. Returns whether anything differs from before."""
        if layout.frames is self._shown.frames and layout.notes is self._shown.notes:
            return False
        self._shown = layout
        wanted = decorations.decorations(layout)
        for name in self.items.keys() - wanted.keys():
            self._soil(self.items[name])
            self._scene.removeItem(self.items.pop(name))
        for name, decoration in wanted.items():
            item = self.items.get(name)
            if item is None or isinstance(item, FrameItem) is not isinstance(decoration, Frame):
                if item is not None:
                    self._scene.removeItem(item)
                item = FrameItem(decoration, self._look) if isinstance(decoration, Frame) else self._note(decoration)
                self.items[name] = item
                self._scene.addItem(item)
            elif item.decoration != decoration or item.area.topLeft() != QPointF(decoration.x, decoration.y):
                self._soil(item)
                item.set_decoration(decoration)
            self._soil(item)
        self.choose(self.chosen)
        return True

    def _note(self, decoration: decorations.Decoration) -> NoteItem:
        return NoteItem(decoration, self._look)

    # -- showing --

    def choose(self, names: Iterable[str]) -> None:
        """Select exactly these."""
        chosen = frozenset(name for name in names if name in self.items)
        for name in chosen ^ self.chosen:
            if name in self.items:
                self.items[name].set_chosen(name in chosen)
                self._soil(self.items[name])
        if chosen != self.chosen:
            self.chosen = chosen
            self.chosen_changed.emit()

    def shift(self, places: Mapping[str, QPointF]) -> None:
        """Show some at other places; the document is not asked."""
        for name, place in places.items():
            item = self.items.get(name)
            if item is not None and item.pos() != place:
                self._soil(item)
                item.setPos(place)
                self._soil(item)

    def welcome(self, middles: Sequence[QPointF], carried: Collection[str] = ()) -> None:
        """Light up the frames, but for those that are carried along, on which all blocks with these middles stand."""
        for name, item in self.items.items():
            if isinstance(item, FrameItem):
                on = bool(middles) and name not in carried and all(item.area.contains(middle) for middle in middles)
                if on != item.welcoming:
                    item.set_welcoming(on)
                    self._soil(item)

    def reshape(self, name: str, area: QRectF) -> None:
        """Show one with another size; the document is not asked."""
        item = self.items[name]
        self._soil(item)
        item.set_area(area)
        self._soil(item)

    def settle(self, names: Iterable[str]) -> None:
        """Put some where the document says."""
        for name in names:
            if name in self.items:
                here = self.items[name].decoration
                self.reshape(name, QRectF(here.x, here.y, here.width, here.height))

    def paint_far(self, painter: QPainter, exposed: QRectF) -> None:
        """Draw what an exposed part of the scene holds, where the view paints without the items."""
        for item in sorted(self.items.values(), key=DecorItem.zValue):
            if item.sceneBoundingRect().intersects(exposed):
                painter.save()
                painter.translate(item.pos())
                item.draw(painter)
                painter.restore()

    def paint_far_titles(self, painter: QPainter, exposed: QRectF) -> None:
        """Write the frames' titles over everything: from afar they are larger than what is kept free for them."""
        for item in self.items.values():
            if isinstance(item, FrameItem) and item.sceneBoundingRect().intersects(exposed):
                painter.save()
                painter.translate(item.pos())
                item.draw_title(painter)
                painter.restore()

    # -- asking --

    def extent(self) -> QRectF:
        """What all of them cover."""
        found = QRectF()
        for item in self.items.values():
            found = found.united(item.area)
        return found

    def at(self, place: QPointF) -> tuple[DecorItem, Edge] | None:
        """The one in front that is caught at a place of the scene, and by what."""
        for item in sorted(self.items.values(), key=DecorItem.zValue, reverse=True):
            part = item.part_at(place)
            if part is not None:
                return item, part
        return None

    def note_at(self, place: QPointF) -> NoteItem | None:
        """The note at a place, which lies above the wires."""
        found = self.at(place)
        return found[0] if found is not None and found[1] == WHOLE and isinstance(found[0], NoteItem) else None

    def within(self, area: QRectF) -> frozenset[str]:
        """Frames that lie in an area, and notes that it touches."""
        return frozenset(
            name
            for name, item in self.items.items()
            if (area.contains(item.area) if isinstance(item, FrameItem) else area.intersects(item.area))
        )

    def carried_by(self, names: Iterable[str]) -> frozenset[str]:
        """These and the frames and notes that lie on those of them that are frames, as they stand in the document."""
        here = {name: item.decoration for name, item in self.items.items()}
        found = {name for name in names if name in here}
        for name in list(found):
            frame = here[name]
            if isinstance(frame, Frame):
                found.update(decorations.carried(frame, here.values()))
        return frozenset(found)

    def frame_areas(self, names: Iterable[str]) -> list[QRectF]:
        """The areas of those that are frames."""
        return [self.items[name].area for name in names if isinstance(self.items.get(name), FrameItem)]
