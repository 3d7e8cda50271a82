"""What the pointer is over: it looks touched, and a block with a problem shows its card."""

from __future__ import annotations

from typing import Final, final

from PySide6.QtCore import QObject, QPointF, QRectF, Qt
from PySide6.QtWidgets import QWidget

from engine.problem import GraphError, Problem
from gui.canvas.block_item import BlockItem
from gui.canvas.card import ProblemCard
from gui.canvas.decor_item import WHOLE
from gui.canvas.gestures.resize import cursor_of
from gui.canvas.hits import PortRef, decor_at, hit
from gui.canvas.stage import Stage
from gui.canvas.trail import Trail
from gui.canvas.wire_item import WireItem
from gui.fixes import apply_fix, fix_label

CARD_GAP: Final = 8.0


@final
class Hover(QObject):
    """Keeps track of the pointer while no gesture runs."""

    def __init__(self, stage: Stage, card: ProblemCard, viewport: QWidget, parent: QObject) -> None:
        super().__init__(parent)
        self._stage = stage
        self._card = card
        self._viewport = viewport
        self._block: BlockItem | None = None
        self._wire: WireItem | None = None
        self._quiet = False
        self._trail = Trail(stage, viewport)
        card.fix_wanted.connect(self.fix)
        card.left.connect(self.leave)
        stage.selection.changed.connect(self.show_card)
        stage.selection.changed.connect(self._follow)
        stage.scene.wires_chosen.connect(self._follow)
        stage.scene.synced.connect(self._synced)
        stage.camera.moved.connect(self.show_card)

    def move(self, at: QPointF) -> None:
        """The pointer is at a place of the viewport."""
        if self._on_the_way_to_card(at):
            return
        place = self._stage.camera.to_scene(at)
        found = hit(self._stage.scene, place)
        caught = decor_at(self._stage.scene, place, found)
        block = found if isinstance(found, BlockItem) else None
        if isinstance(found, PortRef):
            block = self._stage.scene.blocks.get(found.node)
        self._set(block, found if isinstance(found, WireItem) else None)
        if isinstance(found, PortRef):
            self._viewport.setCursor(Qt.CursorShape.CrossCursor)
        elif caught is not None and caught[1] != WHOLE:
            self._viewport.setCursor(cursor_of(caught[1]))
        else:
            self._viewport.unsetCursor()

    def leave(self) -> None:
        """The pointer left the canvas."""
        place = QPointF(self._viewport.mapFromGlobal(self._viewport.cursor().pos()))
        if not self._on_the_way_to_card(place):
            self._set(None, None)

    def set_quiet(self, quiet: bool) -> None:
        """Show no card while a gesture runs or something is typed."""
        if quiet != self._quiet:
            self._quiet = quiet
            self.show_card()

    def shows_card_of(self, node_id: str) -> bool:
        """Whether that block's problems are written below it now."""
        return not self._card.isHidden() and self._card.node_id == node_id

    def show_card(self) -> None:
        """The card of the block under the pointer or, over empty ground, of the selected one; place it anew."""
        item = self._block
        if item is None:
            single = self._stage.selection.single
            item = self._stage.scene.blocks.get(single) if single is not None else None
        if self._quiet or item is None or not item.face.problems:
            self._card.dismiss()
            return
        camera, area = self._stage.camera, item.area
        if not camera.visible().intersects(area):
            self._card.dismiss()
            return
        gap = QPointF(0.0, CARD_GAP)
        self._card.show_problems(item.node_id, item.face.problems)
        self._card.place(camera.to_view(area.bottomLeft()) + gap, camera.to_view(area.topLeft()) - gap)

    # -- inside --

    def _set(self, block: BlockItem | None, wire: WireItem | None) -> None:
        if block is not self._block:
            if self._block is not None:
                self._block.set_flags(hovered=False)
            if block is not None:
                block.set_flags(hovered=True)
            self._block = block
            self.show_card()
        if wire is not self._wire:
            if self._wire is not None:
                self._wire.set_flags(hovered=False)
            if wire is not None:
                wire.set_flags(hovered=True)
            self._wire = wire
        self._follow()

    def _follow(self) -> None:
        self._trail.follow(self._block, self._wire)

    def _synced(self) -> None:
        """Items may be gone."""
        scene = self._stage.scene
        if self._block is not None and scene.blocks.get(self._block.node_id) is not self._block:
            self._block = None
        if self._wire is not None and scene.wires.items.get(self._wire.wire.ends) is not self._wire:
            self._wire = None
        self._follow()
        self.show_card()

    def _on_the_way_to_card(self, at: QPointF) -> bool:
        """Whether the pointer is on the card or in the gap between it and its block."""
        if self._card.isHidden() or self._block is None or self._card.node_id != self._block.node_id:
            return False
        if self._card.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents):
            return False  # there is nothing to press on it
        camera, area = self._stage.camera, self._block.area
        card = QRectF(self._card.geometry())
        block = QRectF(camera.to_view(area.topLeft()), camera.to_view(area.bottomRight()))
        left, right = max(card.left(), block.left()), min(card.right(), block.right())
        gap = QRectF(left, min(card.bottom(), block.bottom()), right - left, 0.0)
        gap.setBottom(max(card.top(), block.top()))
        return card.adjusted(-4, -4, 4, 4).contains(at) or gap.contains(at)

    def fix(self, problem: Problem) -> None:
        """Make the quick fix of a problem of this level; a hint says where it cannot be made any more."""
        stage = self._stage
        try:
            project, change = apply_fix(stage.scene.with_places(stage.document.project), problem)
        except GraphError as error:
            stage.hints.say(str(error), QPointF(self._card.geometry().topLeft()), severity="warning")
            return
        text = fix_label(problem)
        stage.document.edit(text, project, change.touched, moved=change.moved, renamed=change.renamed)
