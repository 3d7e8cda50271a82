"""Blocks, ports and wires as accessible objects: name, role, value, place, state and what they are connected to."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, final

from PySide6.QtCore import QPoint, QRect, QRectF
from PySide6.QtGui import QAccessible, QAccessibleInterface

from engine.block import block_named
from gui.canvas.access.words import block_words, port_words, wire_words
from gui.canvas.geometry import PORT_RADIUS, around

if TYPE_CHECKING:
    from gui.canvas.block_item import BlockItem
    from gui.canvas.face import PortFace, Side
    from gui.canvas.view import CanvasView
    from gui.canvas.wire_item import Ends, WireItem

Key = tuple[str, ...]
"""`("block", id)`, `("port", id, side, name)` or `("wire", *ends)`."""


Maybe = Any
"""What is asked for, or None, which Qt takes and its stubs leave out."""


class Home(Protocol):
    """The canvas's own accessible object, which makes the parts."""

    view: CanvasView

    def part(self, key: Key) -> Part:
        """The one object for a block, port or wire."""

    def order(self) -> list[str]:
        """The blocks as they are read out."""

    def root(self) -> QAccessibleInterface:
        """Itself, as what Qt knows."""

    def isValid(self) -> bool:
        """Whether the canvas is still there."""


class Part(QAccessibleInterface):
    """What all parts share. They know what they are by key alone, and are invalid when it is gone."""

    def __init__(self, canvas: Home, key: Key) -> None:
        super().__init__()
        self.canvas = canvas
        self.key = key

    @abstractmethod
    def area(self) -> QRectF | None:
        """Where it is in the scene; None when it is gone."""

    @abstractmethod
    def inner(self) -> Sequence[Key]:
        """Its children."""

    @abstractmethod
    def outer(self) -> Key | None:
        """Its parent; None is the canvas."""

    # -- as Qt asks --

    def isValid(self) -> bool:
        return self.canvas.isValid() and self.area() is not None

    def object(self) -> Maybe:
        return None

    def window(self) -> Maybe:
        return self.canvas.view.window().windowHandle()

    def parent(self) -> QAccessibleInterface:
        key = self.outer()
        return self.canvas.root() if key is None else self.canvas.part(key)

    def childCount(self) -> int:
        return len(self.inner())

    def child(self, index: int) -> Maybe:
        keys = self.inner()
        return self.canvas.part(keys[index]) if 0 <= index < len(keys) else None

    def childAt(self, x: int, y: int) -> Maybe:
        for key in self.inner():
            if self.canvas.part(key).rect().contains(x, y):
                return self.canvas.part(key)
        return None

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        return list(self.inner()).index(child.key) if isinstance(child, Part) and child.key in self.inner() else -1

    def rect(self) -> QRect:
        area = self.area()
        if area is None:
            return QRect()
        view = self.canvas.view
        start, end = view.camera.to_view(area.topLeft()), view.camera.to_view(area.bottomRight())
        shown = QRectF(start, end).toAlignedRect()
        return QRect(view.viewport().mapToGlobal(QPoint(shown.x(), shown.y())), shown.size())

    def setText(self, text: QAccessible.Text, value: str) -> None:
        """Names are changed by renaming (F2), which checks them."""

    def relations(self, match: Any = None) -> list[Any]:
        return []

    def state(self) -> QAccessible.State:
        state = QAccessible.State()
        area = self.area()
        state.invalid = area is None
        state.offscreen = area is not None and not self.canvas.view.camera.visible().intersects(area)
        return state


@final
class BlockPart(Part):
    """A block; its ports are its children, inputs first."""

    @property
    def item(self) -> BlockItem | None:
        """Its item on the canvas."""
        return self.canvas.view.items_.blocks.get(self.key[1])

    def area(self) -> QRectF | None:
        item = self.item
        return None if item is None else item.area

    def inner(self) -> Sequence[Key]:
        item = self.item
        return [] if item is None else [("port", self.key[1], side, name) for (side, name), _ in item.ports()]

    def outer(self) -> Key | None:
        return None

    def role(self) -> QAccessible.Role:
        return QAccessible.Role.ListItem

    def text(self, text: QAccessible.Text) -> str:
        item = self.item
        if item is None:
            return ""
        if text == QAccessible.Text.Name:
            return item.face.title
        if text == QAccessible.Text.Value:
            return item.face.summary
        if text == QAccessible.Text.Identifier:
            return item.node_id
        if text == QAccessible.Text.Help:
            block = block_named(item.face.kind)
            return block.doc if block is not None else ""
        if text == QAccessible.Text.Description:
            order = self.canvas.order()
            return block_words(self.canvas.view.items_, item, order.index(item.node_id) + 1, len(order))
        return ""

    def state(self) -> QAccessible.State:
        state = super().state()
        state.focusable = state.selectable = state.extSelectable = state.movable = True
        chosen = self.canvas.view.stage.selection
        state.selected = self.key[1] in chosen.ids
        state.focused = chosen.single == self.key[1] and self.canvas.view.hasFocus()
        item = self.item
        if item is not None and item.face.severity == "error":
            state.invalid = True
        return state

    def relations(self, match: Any = None) -> list[Any]:
        """The blocks it reads from and goes to."""
        found: list[Any] = []
        for wire in self.canvas.view.items_.wires.at({self.key[1]}):
            ends = wire.wire
            if ends.from_node == self.key[1]:
                found.append((self.canvas.part(("block", ends.to_node)), QAccessible.RelationFlag.FlowsTo))
            else:
                found.append((self.canvas.part(("block", ends.from_node)), QAccessible.RelationFlag.FlowsFrom))
        return found


@final
class PortPart(Part):
    """A port; the wires that leave an output, or end at an input, are its children."""

    @property
    def item(self) -> BlockItem | None:
        """The item of its block."""
        return self.canvas.view.items_.blocks.get(self.key[1])

    @property
    def side(self) -> Side:
        """Input or output."""
        return "in" if self.key[2] == "in" else "out"

    @property
    def face(self) -> PortFace | None:
        """What it shows."""
        item = self.item
        return None if item is None else item.face.port(self.side, self.key[3])

    def area(self) -> QRectF | None:
        item = self.item
        place = item.port_place(self.side, self.key[3]) if item is not None else None
        return None if place is None else around(place, PORT_RADIUS)

    def inner(self) -> Sequence[Key]:
        node_id, side, name = self.key[1:]
        near = (2, 3) if side == "in" else (0, 1)
        found = [item.wire.ends for item in self.canvas.view.items_.wires.at({node_id})]
        return sorted(("wire", *ends) for ends in found if (ends[near[0]], ends[near[1]]) == (node_id, name))

    def outer(self) -> Key | None:
        return ("block", self.key[1])

    def role(self) -> QAccessible.Role:
        return QAccessible.Role.Button

    def text(self, text: QAccessible.Text) -> str:
        item, face = self.item, self.face
        if item is None or face is None:
            return ""
        if text == QAccessible.Text.Name:
            return face.name
        if text == QAccessible.Text.Value:
            return face.shape
        if text == QAccessible.Text.Help:
            return face.doc
        return port_words(item, self.side, face) if text == QAccessible.Text.Description else ""


@final
class WirePart(Part):
    """A wire; it stands below both its ports, and names the output as its parent."""

    @property
    def ends(self) -> Ends:
        """What it joins."""
        _, from_node, from_port, to_node, to_port = self.key
        return (from_node, from_port, to_node, to_port)

    @property
    def item(self) -> WireItem | None:
        """Its item on the canvas."""
        return self.canvas.view.items_.wires.items.get(self.ends)

    def area(self) -> QRectF | None:
        item = self.item
        return None if item is None else item.path.boundingRect()

    def inner(self) -> Sequence[Key]:
        return ()

    def outer(self) -> Key | None:
        return ("port", self.ends[0], "out", self.ends[1])

    def role(self) -> QAccessible.Role:
        return QAccessible.Role.Link

    def text(self, text: QAccessible.Text) -> str:
        item = self.item
        if item is None:
            return ""
        if text == QAccessible.Text.Name:
            return str(item.wire)
        if text == QAccessible.Text.Value:
            return item.label
        return wire_words(item) if text == QAccessible.Text.Description else ""

    def state(self) -> QAccessible.State:
        state = super().state()
        state.selectable = True
        state.selected = self.ends in self.canvas.view.items_.wires.chosen
        return state

    def relations(self, match: Any = None) -> list[Any]:
        """The ports it joins."""
        start, out, end, into = self.ends
        return [
            (self.canvas.part(("port", start, "out", out)), QAccessible.RelationFlag.FlowsFrom),
            (self.canvas.part(("port", end, "in", into)), QAccessible.RelationFlag.FlowsTo),
        ]
