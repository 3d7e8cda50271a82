"""The canvas widget: puts scene, camera, gestures and helpers together and hands them Qt's events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, final

from PySide6.QtCore import QEvent, QRect, QRectF, QSignalBlocker, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QColor,
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QGraphicsView, QWidget

from engine.graph import EMPTY
from gui.canvas import adding, tips, viewport
from gui.canvas.actions import Hooks, make_actions
from gui.canvas.arranging.commands import ArrangeCommands
from gui.canvas.backdrop import Backdrop
from gui.canvas.camera import Camera
from gui.canvas.choosing import choose
from gui.canvas.commands import Commands
from gui.canvas.connecting import Connecting
from gui.canvas.decor_commands import DecorCommands
from gui.canvas.decor_edit import DecorEditor
from gui.canvas.edit_menu import edit_menu
from gui.canvas.find import FindBar
from gui.canvas.floats import Floats
from gui.canvas.gestures.base import Cancel
from gui.canvas.groups.commands import GroupCommands
from gui.canvas.groups.crumbs import Breadcrumbs
from gui.canvas.groups.navigator import Navigator
from gui.canvas.hover import Hover
from gui.canvas.input import Input
from gui.canvas.look import Detail
from gui.canvas.minimap import Minimap
from gui.canvas.overlay import Overlay
from gui.canvas.overview import Overview
from gui.canvas.pointer import Pointer
from gui.canvas.rename import RenameField
from gui.canvas.scene import CanvasScene
from gui.canvas.stage import Stage, Wish
from gui.canvas.wire_item import Ends
from gui.document import Document
from gui.level import LevelView
from gui.selection import Selection
from gui.theme import theme


@final
class CanvasView(QGraphicsView):
    """Shows and edits the document.

    Attributes:
        level: which graph is shown: the top of the document, or the inside of a group.
        stage: what gestures and commands work on: the scene with its items, camera, selection.
        commands: what menus and keys do to the selection; `groups`: what they do with groups.
        pointer: the gesture under way.
        floats: search, hint, problem card and legend.
        headroom: what stays free above the drawing when everything is shown, and a third of it below.

    Signals:
        parameters_wanted(): Enter was pressed on the selected block.
    """

    parameters_wanted = Signal()

    def __init__(self, document: Document | LevelView, selection: Selection, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        document = document if isinstance(document, LevelView) else LevelView(document, self)
        self.level = document
        self.setObjectName("canvas")
        self.setAccessibleName(self.tr("Canvas"))
        self.items_ = CanvasScene(document, selection, self)
        self.setScene(self.items_)
        viewport.set_up(self)
        self.camera = Camera(self)
        self.floats = Floats(self)
        self._overlay = Overlay(self.items_.look, self._repaint, self)
        self._overview = Overview(self.items_)
        self._backdrop = Backdrop(self.items_.look)
        opening = (self.open_search, self.write_in, self.open_group, self.leave_group)
        self.stage = Stage(document, selection, self.items_, self.camera, self._overlay, self.floats.hint, *opening)
        self.rename_field = RenameField(self.stage, self)
        self.minimap = Minimap(self.items_, self.camera, self)
        self.camera.covered = self.minimap.place
        self.decor_commands = DecorCommands(self.stage)
        self.decor_editor = DecorEditor(self.stage, self, self.decor_commands.write)
        self.commands = Commands(self.stage)
        self.groups = GroupCommands(self.stage, Navigator(self.stage, self))
        self.crumbs = Breadcrumbs(self.groups.navigator, self)
        self.pointer = Pointer(self.stage, self.viewport(), self)
        self.hover = Hover(self.stage, self.floats.card, self.viewport(), self)
        self.connecting = Connecting(self.stage, self)
        self.arranging = ArrangeCommands(self.stage, self)
        hooks = Hooks(
            self._add_wanted,
            self.rename,
            self._paste,
            self.fit,
            self.floats.show_legend,
            self.decor_commands.frame_selection,
            self._note_wanted,
            self.decor_commands.fit_selection,
            lambda: self.find_bar.open(),  # noqa: PLW0108 - made no sooner
            self.minimap.set_wanted,
            self.connecting.open,
            self.groups,
            self.arranging,
        )
        self.actions_ = make_actions(self, self.stage, self.commands, hooks)
        self._input = Input(self, self.stage, self.pointer, self.hover, self.commands, self.actions_, self.rename_field)
        self._fit_wanted, self.headroom = True, 0.0
        self._text_scale = theme().text_scale
        self._connect(document, selection)

    def _connect(self, document: LevelView, selection: Selection) -> None:
        document.replaced.connect(self._begin_afresh)
        document.changed.connect(self._note_edit)
        selection.changed.connect(self._note_selection)
        selection.reveal.connect(self._reveal)
        self.items_.synced.connect(self._note_content)
        self.items_.wires_chosen.connect(self._note_selection)
        self.items_.decor.chosen_changed.connect(self._note_selection)
        self.items_.dirtied.connect(self._repaint)
        self.camera.moved.connect(self._follow_camera)
        self.floats.search_closed.connect(self._search_closed)
        self.floats.legend_hidden.connect(lambda: self.actions_.legend.setChecked(False))
        with QSignalBlocker(self.actions_.legend), QSignalBlocker(self.actions_.minimap):
            self.actions_.legend.setChecked(self.floats.legend_wanted)
            self.actions_.minimap.setChecked(self.minimap.wanted)
        theme().changed.connect(self._restyle)
        self._note_content()

    @cached_property
    def find_bar(self) -> FindBar:
        """The bar to find blocks with, made when it is first needed."""
        bar = FindBar(self.stage, self)
        bar.closed.connect(self._search_closed)
        return bar

    # -- what the window calls --

    def edit_actions(self) -> Sequence[QAction | None]:
        """For the Edit menu; None is a separator."""
        return edit_menu(self.actions_, self)

    def view_actions(self) -> Sequence[QAction | None]:
        """For the View menu; None is a separator."""
        return self.actions_.view_list()

    def add_block(self, kind: str, params: Mapping[str, Any] = EMPTY) -> str | None:
        """Add a block beside the selected one, or where there is room. Returns its id, None for an unknown kind."""
        return adding.add_block(self.stage, kind, Wish(self.camera.centre, beside=True), params)

    def fit(self, *, animated: bool = True) -> None:
        """Show everything."""
        area, self._drawn = self.items_.content_rect(), self.level.project.graph
        area.adjust(0.0, -self.headroom - (48.0 if self.level.path else 0.0), 0.0, 0.3 * self.headroom)  # breadcrumbs
        self.camera.fit(area, animated=animated)

    def rename(self, node_id: str | None = None) -> None:
        """Edit a block's name in place; the selected one's unless told."""
        wanted = node_id or self.stage.selection.single
        if wanted is None and self.decor_commands.single is not None:
            self.write_in(self.decor_commands.single)
        if wanted is not None and wanted in self.items_.blocks:
            self.camera.reveal(self.items_.blocks[wanted].area)
            self.camera.stop()
            self.rename_field.open(wanted)
            self._mind_quiet()

    def write_in(self, name: str) -> None:
        """Edit a frame's title or a note's text in place."""
        self.pointer.cancel(Cancel.OTHER_BUTTON)
        self.decor_editor.open(name)
        self._mind_quiet()

    def open_group(self, node_id: str) -> bool:
        """Show the inside of a group in the place of what is shown. Whether the block is one."""
        return self.groups.navigator.open(node_id)

    def leave_group(self) -> bool:
        """Go up from the inside of a group. Whether there was one to leave."""
        return self.groups.navigator.leave()

    def open_search(self, wish: Wish) -> None:
        """Look for a block to add."""
        self.pointer.cancel(Cancel.FOCUS_LOST)
        self.floats.hint.hush()
        choose(self.stage, self.groups, self.floats.search, wish)
        self._mind_quiet()

    def set_thumbnail(self, path: str, image: QImage | None) -> None:
        """A picture below a block's text, or none. Paths that are gone, or in another group, are ignored."""
        self.items_.set_thumbnail(self._here(path), image)

    def set_live_text(self, path: str, text: str, tone: str = "") -> None:
        """A short value at a block's corner, its rim in a palette colour; "" takes it away."""
        self.items_.set_live_text(self._here(path), text, tone)

    def set_wire_flow(self, flow: Mapping[Ends, tuple[QColor, float]]) -> None:
        """Colour and width of wires by their ends (`Wire.ends`) at the top; those left out look as usual."""
        self.items_.wires.set_flow({} if self.level.path else flow)

    def highlight(self, path: str, kind: str | None) -> None:
        """Ring a block in a palette colour such as `error`; None takes the ring away."""
        self.items_.highlight(self._here(path), kind)

    def _here(self, path: str) -> str:
        """The id that a block has on the level shown; "" when it is elsewhere."""
        prefix = self.level.prefix
        return path.removeprefix(prefix) if path.startswith(prefix) else ""

    # -- following --

    def _begin_afresh(self) -> None:
        self.rename_field.leave()
        self.floats.leave_search()
        self.floats.hint.hush()
        self._fit_wanted = True
        self._fit_if_wanted()

    def _fit_if_wanted(self) -> None:
        if self._fit_wanted and self.isVisible():
            self._fit_wanted = False
            self.fit(animated=False)

    def _note_edit(self) -> None:
        self.camera.fitted = self.camera.fitted and self.level.project.graph is self._drawn
        self.floats.hint.hush()

    def _note_content(self) -> None:
        self.floats.set_empty(not (self.items_.blocks or self.items_.decor.items))
        self._note_selection()

    def _note_selection(self) -> None:
        blocks, wires, decor = (
            len(chosen) for chosen in (self.commands.chosen, self.items_.wires.selected, self.items_.decor.chosen)
        )
        self.actions_.update(blocks, wires, len(self.items_.blocks), decor)
        self.actions_.group.update(self.groups)
        self.setAccessibleDescription(tips.described(self.items_, self.stage.selection))

    def _reveal(self, node_id: str) -> None:
        if node_id in self.items_.blocks:
            self.camera.reveal(self.items_.blocks[node_id].area)

    def _follow_camera(self) -> None:
        look, before = self.items_.look, self.items_.look.detail
        look.set_scale(self.camera.scale)
        if look.detail is not before:
            self.items_.drift.land()
        self.rename_field.place()

    def _search_closed(self) -> None:
        self._mind_quiet()
        if self.isVisible():
            self.setFocus(Qt.FocusReason.PopupFocusReason)

    def _mind_quiet(self) -> None:
        typing = self.floats.is_searching or not self.rename_field.isHidden() or self.decor_editor.is_open
        self.hover.set_quiet(typing or self.pointer.gesture is not None)

    def _restyle(self) -> None:
        if theme().text_scale != self._text_scale:
            ratio, self._text_scale = theme().text_scale / self._text_scale, theme().text_scale
            self.camera.rescale(ratio)
        self.viewport().update()

    def _add_wanted(self) -> None:
        place = viewport.pointer_place(self, self.camera)
        at = place if place is not None else self.camera.centre
        self.open_search(Wish(at, beside=place is None or self.items_.is_taken(adding.area_at(at))))

    def _note_wanted(self) -> None:
        self.decor_commands.add_note(viewport.pointer_place(self, self.camera))

    def _paste(self) -> None:
        self.commands.paste(viewport.pointer_place(self, self.camera))

    # -- painting --

    def _repaint(self, area: QRectF) -> None:
        viewport.repaint(self, self.camera, area)

    def drawBackground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        self._backdrop.paint(painter, QRectF(rect))

    def drawForeground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        self._overlay.paint(painter)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.items_.look.detail is Detail.SHAPES:
            viewport.paint_without_items(self, self.camera, QRectF(event.rect()), self._paint_far)
        else:
            super().paintEvent(event)

    def _paint_far(self, painter: QPainter, area: QRectF) -> None:
        self._backdrop.paint(painter, area)
        self._overview.paint(painter, area, self.camera.visible())
        self._overlay.paint(painter)

    # -- events --

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._input.pressed(event)
        self._mind_quiet()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._input.moved(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._input.released(event)
        self._mind_quiet()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._input.double_clicked(event)
        self._mind_quiet()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._input.wheeled(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self._input.menu(event)

    def viewportEvent(self, event: QEvent) -> bool:
        # Qt sends the first ones before there is anything to hand them to.
        taken = hasattr(self, "_input") and self._input.viewport(event)
        return taken or super().viewportEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if plain and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._enter():
            return
        if not self._input.key_pressed(event):
            event.ignore()  # the scroll area would scroll
        self._mind_quiet()

    def _enter(self) -> bool:
        """Into the selected group, or to the parameters of the selected block. False when there is none."""
        single = self.stage.selection.single
        if single is None or single not in self.items_.blocks:
            return False
        if not self.stage.open(single):
            self.parameters_wanted.emit()
        return True

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if not self._input.key_released(event):
            event.ignore()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.pointer.set_panning(False)
        self.pointer.cancel(Cancel.FOCUS_LOST)  # also to a popup: what is under it must not go on moving
        super().focusOutEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self._input.drag_entered(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self._input.drag_moved(event)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._input.drag_left()

    def dropEvent(self, event: QDropEvent) -> None:
        self._input.dropped(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.floats.place()
        self._fit_if_wanted()
        if self.camera.fitted:  # docks come and go: what was fitted stays so until the user moves or edits
            self.fit(animated=False)
        self.camera.moved.emit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit_if_wanted()
