"""What Qt's events mean on the canvas: which go to the pointer's gestures, which are commands, which are tips."""

from __future__ import annotations

from typing import Final, final

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import (
    QContextMenuEvent,
    QDropEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from gui.canvas import dots, tips, walking, wheel
from gui.canvas.actions import CanvasActions
from gui.canvas.block_item import BlockItem
from gui.canvas.commands import Commands
from gui.canvas.gestures.base import Cancel, Gesture
from gui.canvas.gestures.drop import DropBlock
from gui.canvas.groups.drop import dropped_group
from gui.canvas.hits import decor_at, hit
from gui.canvas.hover import Hover
from gui.canvas.menu import context_menu
from gui.canvas.mime import take_block
from gui.canvas.pointer import Pointer
from gui.canvas.rename import RenameField
from gui.canvas.stage import Stage, Wish
from gui.canvas.wire_item import WireItem
from gui.screen_reader import say
from gui.widgets import plain_tooltip

_ARROWS: Final = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


@final
class Input:
    """Takes events of the view and its viewport."""

    def __init__(
        self,
        view: QWidget,
        stage: Stage,
        pointer: Pointer,
        hover: Hover,
        commands: Commands,
        actions: CanvasActions,
        rename: RenameField,
    ) -> None:
        self._view = view
        self._stage = stage
        self._pointer = pointer
        self._hover = hover
        self._commands = commands
        self._actions = actions
        self._rename = rename
        self._drop: Gesture | None = None
        self._walked: str | None = None
        """The block the keys went to last: several selected ones go on from there."""

    # -- mouse --

    def pressed(self, event: QMouseEvent) -> None:
        """A button went down."""
        self._stage.camera.stop()
        self._stage.hints.hush()
        self._pointer.press(self._pointer.at(event.position(), event.modifiers()), event.button())
        event.accept()

    def moved(self, event: QMouseEvent) -> None:
        """The pointer moved."""
        if self._pointer.gesture is not None:
            self._pointer.move(self._pointer.at(event.position(), event.modifiers()))
        elif event.buttons() == Qt.MouseButton.NoButton:
            self._hover.move(event.position())
        event.accept()

    def released(self, event: QMouseEvent) -> None:
        """A button went up."""
        self._pointer.release(self._pointer.at(event.position(), event.modifiers()), event.button())
        event.accept()

    def double_clicked(self, event: QMouseEvent) -> None:
        """On a group: open it. On a name: edit it. On a wire: a dot. On empty ground: look for a block."""
        at = self._pointer.at(event.position(), event.modifiers())
        found = hit(self._stage.scene, at.scene)
        left = event.button() == Qt.MouseButton.LeftButton and self._pointer.gesture is None
        caught = decor_at(self._stage.scene, at.scene, found)
        if left and caught is not None:
            self._stage.write(caught[0].name)
        elif left and isinstance(found, BlockItem):
            if not self._stage.open(found.node_id):
                self._rename.open(found.node_id)
        elif left and isinstance(found, WireItem):
            dots.toggle_dot(self._stage, found, at.scene)
        elif left and found is None:
            self._stage.search(Wish(at.scene))
        else:
            self.pressed(event)
        event.accept()

    def wheeled(self, event: QWheelEvent) -> None:
        """The wheel turned."""
        self._stage.hints.hush()
        wheel.turned(self._stage.camera, event)

    def menu(self, event: QContextMenuEvent) -> None:
        """The right button, or the menu key."""
        if not self._pointer.menu_allowed():
            return
        by_mouse = event.reason() == QContextMenuEvent.Reason.Mouse
        at = self._pointer.at(event.pos().toPointF()) if by_mouse else None
        menu = context_menu(self._stage, self._actions, self._view, at)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())
        event.accept()

    def viewport(self, event: QEvent) -> bool:
        """Events of the viewport that have no handler of their own. Whether it was one of these."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            self._tell(event)
            return True
        if event.type() == QEvent.Type.Leave and self._pointer.gesture is None:
            self._hover.leave()
        if isinstance(event, QNativeGestureEvent):
            return wheel.pinched(self._stage.camera, event)
        return False

    def _tell(self, event: QHelpEvent) -> None:
        text = ""
        if self._pointer.gesture is None:
            found = hit(self._stage.scene, self._stage.camera.to_scene(event.pos().toPointF()))
            # A block with a problem shows its card already.
            if not (isinstance(found, BlockItem) and self._hover.shows_card_of(found.node_id)):
                text = tips.tip(self._stage.scene, found)
        QToolTip.showText(event.globalPos(), plain_tooltip(text), self._view)

    # -- keys --

    def key_pressed(self, event: QKeyEvent) -> bool:
        """Whether the key meant something here."""
        if event.key() == Qt.Key.Key_Escape:
            self._escape()
            return True
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._pointer.set_panning(True)
            return True
        if event.key() == Qt.Key.Key_Backspace and self._selects_nothing():
            return self._stage.leave()
        step = _ARROWS.get(Qt.Key(event.key()))
        if step is None:
            return False
        keys = event.modifiers()
        if keys & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier) or not (
            self._commands.chosen or self._stage.scene.decor.chosen
        ):
            self._walk(step, more=bool(keys & Qt.KeyboardModifier.ShiftModifier))
        else:
            self._commands.nudge(*step, far=bool(keys & Qt.KeyboardModifier.ShiftModifier))
        return True

    def key_released(self, event: QKeyEvent) -> bool:
        """Whether the key meant something here."""
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._pointer.set_panning(False)
            return True
        return False

    def _escape(self) -> None:
        """Leaves one thing at a time: the gesture, the hint, the selection, the group."""
        if self._pointer.cancel(Cancel.ESCAPE):
            return
        self._stage.hints.hush()
        if self._selects_nothing() and self._stage.leave():
            return
        self._commands.select_none()

    def _selects_nothing(self) -> bool:
        scene = self._stage.scene
        return not (self._stage.selection.ids or scene.wires.chosen or scene.decor.chosen)

    def _walk(self, step: walking.Step, more: bool) -> None:
        """To the next block, from the selected one or the one walked to last; `more` keeps what is selected."""
        scene, selection = self._stage.scene, self._stage.selection
        here = self._walked if selection.single is None and self._walked in selection.ids else selection.single
        if here is None or here not in scene.blocks:
            target = walking.first(scene, self._stage.camera)
        else:
            target = walking.neighbour(scene, here, step)
        if target is None:
            return
        self._walked = target
        scene.choose_wires(())
        scene.decor.choose(())
        if not more:
            selection.show(target)
            return
        selection.set(selection.ids | {target})
        selection.reveal.emit(target)
        count = self._view.tr("{0}, {1} blocks selected").format(target, len(selection.ids))
        say(self._view, count)

    # -- drag and drop --

    def drag_entered(self, event: QDropEvent) -> None:
        """Something is dragged over the canvas; blocks from the palette are taken."""
        block = take_block(event.mimeData())
        group = dropped_group(self._stage, self._actions.group.commands, event.mimeData())
        drop = group or (DropBlock(self._stage, *block) if block is not None else None)
        if drop is None:
            event.ignore()
            return
        self._drop = drop
        self._drop.begin(self._pointer.at(event.position(), event.modifiers()))
        event.acceptProposedAction()

    def drag_moved(self, event: QDropEvent) -> None:
        """It goes on."""
        if self._drop is None:
            event.ignore()
            return
        self._drop.move(self._pointer.at(event.position(), event.modifiers()))
        event.acceptProposedAction()

    def drag_left(self) -> None:
        """It went elsewhere."""
        if self._drop is not None:
            drop, self._drop = self._drop, None
            drop.cancel(Cancel.FOCUS_LOST)

    def dropped(self, event: QDropEvent) -> None:
        """It was let go."""
        if self._drop is None:
            event.ignore()
            return
        drop, self._drop = self._drop, None
        drop.finish(self._pointer.at(event.position(), event.modifiers()))
        event.acceptProposedAction()
        self._view.setFocus(Qt.FocusReason.MouseFocusReason)
