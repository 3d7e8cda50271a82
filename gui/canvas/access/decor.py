"""Frames and notes as accessible objects, after the blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, final

from PySide6.QtCore import QCoreApplication, QRectF
from PySide6.QtGui import QAccessible

from gui.canvas.access.parts import Key, Part
from gui.canvas.carrying import carried
from gui.canvas.frames import FrameItem
from gui.canvas.notes import NoteItem

if TYPE_CHECKING:
    from gui.canvas.decor_item import DecorItem


@final
class DecorPart(Part):
    """A frame, with the names of the blocks on it, or a note with its text. Its key is `("decor", id)`."""

    @property
    def item(self) -> DecorItem | None:
        """Its item on the canvas."""
        return self.canvas.view.items_.decor.items.get(self.key[1])

    def area(self) -> QRectF | None:
        item = self.item
        return None if item is None else item.area

    def inner(self) -> Sequence[Key]:
        return ()

    def outer(self) -> Key | None:
        return None

    def role(self) -> QAccessible.Role:
        return QAccessible.Role.Grouping if isinstance(self.item, FrameItem) else QAccessible.Role.Note

    def text(self, text: QAccessible.Text) -> str:
        item = self.item
        if item is None:
            return ""
        if text == QAccessible.Text.Name:
            return item.described()
        if text == QAccessible.Text.Value and isinstance(item, NoteItem):
            return item.text
        if text == QAccessible.Text.Description and isinstance(item, FrameItem):
            return self._carried()
        return ""

    def _carried(self) -> str:
        blocks, _ = carried(self.canvas.view.items_, {self.key[1]})
        names = [name for name in self.canvas.order() if name in blocks]
        tr = QCoreApplication.translate
        if not names:
            return tr("CanvasAccess", "Around no block.")
        return tr("CanvasAccess", "Around {0}.").format(", ".join(names))

    def state(self) -> QAccessible.State:
        state = super().state()
        state.selectable = True
        state.selected = self.key[1] in self.canvas.view.items_.decor.chosen
        return state
