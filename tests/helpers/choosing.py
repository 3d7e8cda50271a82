"""Someone at a canvas who chooses at random: what numbers mean among what is there, and how places are reached."""

from __future__ import annotations

from hypothesis.stateful import RuleBasedStateMachine
from PySide6.QtCore import QPoint, QPointF, Qt

from engine.levels import INPUTS, OUTPUTS
from gui.canvas.view import CanvasView
from gui.canvas.wire_item import WireItem
from tests.helpers.canvas import Easel

KEY = Qt.Key
NO_KEYS = Qt.KeyboardModifier.NoModifier
MOST = 60
"""Blocks, groups written out, beyond which nothing is copied: copies of groups in groups double them."""


class AtACanvas(RuleBasedStateMachine):
    """Rules are the heirs' to add."""

    easel: Easel
    view: CanvasView

    # -- what there is to choose from --

    @property
    def room(self) -> bool:
        return len(self.easel.document.result.nodes) < MOST

    def inner(self) -> list[str]:
        return sorted(set(self.view.level.project.graph.nodes) - {INPUTS, OUTPUTS})

    def spot(self, at: QPointF) -> QPoint:
        """A place of the scene on the viewport, which is brought there."""
        if not self.view.viewport().rect().adjusted(40, 40, -40, -40).contains(self.easel.spot(at.x(), at.y())):
            self.view.camera.look_at(at, 1.0, animated=False)
        return self.easel.spot(at.x(), at.y())

    def wire(self, index: int) -> WireItem | None:
        ends = sorted(self.view.items_.wires.items)
        return self.view.items_.wires.items[ends[index % len(ends)]] if ends else None

    def port(self, index: int, side: str) -> QPoint | None:
        found = [
            (name, key) for name, item in self.view.items_.blocks.items() for key, _ in item.ports() if key[0] == side
        ]
        if not found:
            return None
        name, (where, port) = sorted(found)[index % len(found)]
        place = self.view.items_.blocks[name].port_place(where, port)
        assert place is not None
        return self.spot(place)

    def key(self, key: Qt.Key, keys: Qt.KeyboardModifier = NO_KEYS) -> None:
        self.view.setFocus()
        self.easel.key(key, keys)
        self.leave_fields()

    def drag(self, start: QPoint, end: QPoint, keys: Qt.KeyboardModifier = NO_KEYS) -> None:
        self.easel.drag(start, end, keys)
        self.leave_fields()

    def leave_fields(self) -> None:
        """What waits for the next click or word is not waited for; but for that everything is over by itself."""
        if self.view.pointer.gesture is not None:
            self.easel.key(KEY.Key_Escape)
        self.view.floats.search.leave()
        self.view.decor_editor.leave()
        self.view.rename_field.leave()
