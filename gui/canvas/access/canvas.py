"""The canvas itself as an accessible object: a list of blocks in the order of the computation."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import QObject, QPoint, QPointF
from PySide6.QtGui import QAccessible, QAccessibleEvent, QAccessibleInterface
from PySide6.QtWidgets import QAccessibleWidget
from shiboken6 import isValid

from gui.canvas.access.decor import DecorPart
from gui.canvas.access.order import reading_order
from gui.canvas.access.parts import BlockPart, Key, Maybe, Part, PortPart, WirePart
from gui.canvas.block_item import BlockItem
from gui.canvas.hits import PortRef, decor_at, hit
from gui.canvas.view import CanvasView
from gui.canvas.wire_item import WireItem

_KINDS: dict[str, type[BlockPart | PortPart | WirePart | DecorPart]] = {
    "block": BlockPart,
    "port": PortPart,
    "wire": WirePart,
    "decor": DecorPart,
}


@final
class CanvasAccess(QAccessibleWidget):
    """Made by Qt when a screen reader asks for the canvas. Its parts are made when they are asked for."""

    def __init__(self, view: CanvasView) -> None:
        super().__init__(view, QAccessible.Role.List, view.accessibleName())
        self.view = view
        self._parts: dict[Key, Part] = {}
        self._order: list[str] | None = None
        view.items_.synced.connect(self._refresh)
        view.stage.selection.changed.connect(self._tell_focus)
        view.items_.decor.chosen_changed.connect(self._tell_focus)

    def part(self, key: Key) -> Part:
        """The one object for a block, port, wire, frame or note."""
        found = self._parts.get(key)
        if found is None:
            found = self._parts[key] = _KINDS[key[0]](self, key)
            QAccessible.registerAccessibleInterface(found)
        return found

    def root(self) -> QAccessibleInterface:
        """Itself, for its parts."""
        return self

    def withdraw(self) -> None:
        """The canvas is gone."""
        for part in self._parts.values():
            _withdraw(part)
        self._parts.clear()

    def order(self) -> list[str]:
        """The blocks as they are read out."""
        if self._order is None:
            self._order = reading_order(self.view.items_)
        return self._order

    def _refresh(self) -> None:
        self._order = None
        for key in [key for key, part in self._parts.items() if part.area() is None]:
            _withdraw(self._parts[key])
            del self._parts[key]
        if QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleEvent(self.view, QAccessible.Event.ObjectReorder))

    def _tell_focus(self) -> None:
        single = self.view.stage.selection.single
        if single in self.view.items_.blocks and QAccessible.isActive():
            assert single is not None
            QAccessible.updateAccessibility(QAccessibleEvent(self.part(("block", single)), QAccessible.Event.Focus))
        elif self.view.decor_commands.single is not None and QAccessible.isActive():
            part = self.part(("decor", self.view.decor_commands.single))
            QAccessible.updateAccessibility(QAccessibleEvent(part, QAccessible.Event.Focus))

    # -- as Qt asks --

    def isValid(self) -> bool:
        return isValid(self.view)

    def childCount(self) -> int:
        return len(self.view.items_.blocks) + len(self.view.items_.decor.items)

    def child(self, index: int) -> Maybe:
        """The blocks, then frames and notes."""
        order, decor = self.order(), list(self.view.items_.decor.items)
        if 0 <= index < len(order):
            return self.part(("block", order[index]))
        return self.part(("decor", decor[index - len(order)])) if 0 <= index - len(order) < len(decor) else None

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        order, decor = self.order(), list(self.view.items_.decor.items)
        if isinstance(child, BlockPart) and child.key[1] in order:
            return order.index(child.key[1])
        if isinstance(child, DecorPart) and child.key[1] in decor:
            return len(order) + decor.index(child.key[1])
        return -1

    def childAt(self, x: int, y: int) -> Maybe:
        place = QPointF(self.view.viewport().mapFromGlobal(QPoint(x, y)))
        found = hit(self.view.items_, self.view.camera.to_scene(place))
        caught = decor_at(self.view.items_, self.view.camera.to_scene(place), found)
        if caught is not None:
            return self.part(("decor", caught[0].name))
        if isinstance(found, PortRef):
            return self.part(("port", found.node, found.side, found.port))
        if isinstance(found, BlockItem):
            return self.part(("block", found.node_id))
        return self.part(("wire", *found.wire.ends)) if isinstance(found, WireItem) else None

    def focusChild(self) -> Maybe:
        single, decor = self.view.stage.selection.single, self.view.decor_commands.single
        if single is None and decor is not None and self.view.hasFocus():
            return self.part(("decor", decor))
        if single is None or single not in self.view.items_.blocks or not self.view.hasFocus():
            return None
        return self.part(("block", single))


def _withdraw(part: Part) -> None:
    """Take a part out of Qt's table, which deletes it there; Python lets go of it afterwards, never before."""
    QAccessible.deleteAccessibleInterface(QAccessible.uniqueId(part))


_made: dict[int, CanvasAccess] = {}
"""Qt owns them by pointer alone; here they are kept until their canvas is gone."""


def _factory(_: str, thing: QObject) -> QAccessibleInterface | None:
    if not isinstance(thing, CanvasView):
        return None
    key = id(thing)
    made = _made[key] = CanvasAccess(thing)
    thing.destroyed.connect(lambda: _made.pop(key).withdraw())
    return made


def offer_to_screen_readers() -> None:
    """From now on a screen reader that asks for a canvas gets its blocks, ports and wires."""
    QAccessible.installFactory(_factory)
