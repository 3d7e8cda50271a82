"""Keeps the pictures below the blocks up to date while the network learns, and says which ones are looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from PySide6.QtCore import QEvent, QObject, QPointF, QRect, QRectF, Qt, QTimer
from PySide6.QtGui import QAction, QMouseEvent

from engine.events import Applied
from engine.snapshots import Responses
from gui.canvas.block_item import LINE_LEFT, PAD, BlockItem
from gui.canvas.geometry import HEAD, MARGIN, STRIP
from gui.canvas.hits import blocks_in
from gui.canvas.look import Detail
from gui.settings import settings
from gui.unit_pictures.below import wire_below
from gui.unit_pictures.card import UnitCard
from gui.unit_pictures.cells import DROP, HEIGHT, LEAST_HEIGHT
from gui.unit_pictures.tray import Shown, Tray

if TYPE_CHECKING:
    from gui.canvas.view import CanvasView
    from gui.document import Change
    from gui.run_feed import RunFeed

SETTING: Final = "canvas/neuronPictures"
LANE: Final = "Responses"
REST_MS: Final = 60
"""The view rests so long before other blocks are asked for."""


ABOVE_WIRE: Final = 4.0
"""Between pictures and a wire below them."""


@final
class NeuronPictures(QObject):
    """Puts a `Tray` below each block that is in view and has pictures; takes them away with the run they are of.

    Attributes:
        action: View > Neuron pictures.
        trays: block id -> its pictures.
    """

    def __init__(self, feed: RunFeed, canvas: CanvasView, parent: QObject) -> None:
        super().__init__(parent)
        self._feed, self._canvas = feed, canvas
        self.trays: dict[str, Tray] = {}
        self._event: Responses | None = None
        self._fresh = self._hidden = self._filtering = False
        self._edited: set[str] = set()
        self._sample = 0
        self.card: UnitCard | None = None
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(self._look)
        self.action = QAction(self.tr("&Neuron pictures"), self)
        self.action.setObjectName("actionNeuronPictures")
        self.action.setToolTip(self.tr("While it trains, show what each neuron answers below its block."))
        self.action.setCheckable(True)
        self.action.setChecked(bool(settings().value(SETTING, True, type=bool)))
        self.action.toggled.connect(self._switch)
        feed.on(Responses, self._take)
        feed.on(Applied, lambda _: self._begin_afresh())
        feed.draw_each_frame(self.refresh)
        feed.restarted.connect(self._begin_afresh)
        feed.session_changed.connect(self._begin_afresh)
        feed.stale_changed.connect(self._follow_edits)
        canvas.items_.synced.connect(self._follow_blocks)
        canvas.level.changed.connect(self._note_edit)
        canvas.camera.moved.connect(self._follow_camera)
        self._look()

    def set_hidden(self, hidden: bool) -> None:
        """While something else is written below the blocks, there are no pictures."""
        if hidden != self._hidden:
            self._hidden = hidden
            self._clear()
            self._look()

    @property
    def on(self) -> bool:
        """Whether there are to be pictures."""
        return self.action.isChecked() and not self._hidden

    # -- what is looked at --

    def _switch(self, on: bool) -> None:
        settings().setValue(SETTING, on)
        if not on:
            self._clear()
        self._look()

    def _follow_camera(self) -> None:
        self._show_card(None)
        if self.on:
            self._rest.start()

    def _look(self) -> None:
        """Ask for the blocks in view, and for no others."""
        seen = self._in_view() if self.on else frozenset()
        self._feed.look_at(seen, self._sample)
        self._feed.watch(self, frozenset({LANE}) if seen else frozenset())

    def _in_view(self) -> frozenset[str]:
        scene, prefix = self._canvas.items_, self._canvas.level.prefix
        if scene.look.detail is Detail.SHAPES:
            return frozenset()
        area = self._canvas.camera.visible().adjusted(0.0, -DROP - HEIGHT, 0.0, 0.0)
        return frozenset(f"{prefix}{item.node_id}" for item in blocks_in(scene, area))

    # -- what comes --

    def _take(self, event: Responses) -> None:
        self._event, self._fresh = event, True

    def refresh(self) -> bool:
        """Show what came last, if it is wanted; whether there was something to show."""
        if not self._fresh or not self.on:
            return False
        self._fresh = False
        self._show()
        return True

    def _show(self) -> None:
        event, scene, prefix = self._event, self._canvas.items_, self._canvas.level.prefix
        if event is None:
            return
        if not self._feed.stale:  # what data files hold was read, or an edit was undone
            self._edited.clear()
        for path, units in event.blocks.items():
            item = scene.blocks.get(path.removeprefix(prefix)) if path.startswith(prefix) else None
            if item is None or item.node_id in self._edited:
                continue
            image = event.image if path == event.source else None
            tray = self.trays.get(item.node_id)
            room = tray.shown.room if tray is not None else self._room_of(item)
            if room.height() >= LEAST_HEIGHT:
                shown = Shown(units, room, image)
                if tray is None:
                    self.trays[item.node_id] = Tray(item, shown)
                else:
                    tray.show_units(shown)
        self._make_room()
        if self.card is not None and self.card.tray is not None:
            self._show_card((self.card.tray, self.card.index))

    def _room_of(self, item: BlockItem) -> QRectF:
        """Where a block's pictures may stand, in its coordinates: beside the names of its outputs, or else below it."""
        body, face = item.body, item.face
        if not face.inputs and len(face.outputs) > 1:
            labels = max(item.look.label_metrics.horizontalAdvance(port.name) for port in face.outputs)
            inner = body.adjusted(LINE_LEFT, HEAD, -(labels + 2 * PAD), -DROP - STRIP)
            return QRectF(inner.left(), inner.top(), inner.width(), min(inner.height(), HEIGHT))
        area = item.area
        below = QRectF(area.left(), area.bottom() + 1.0, area.width(), DROP + HEIGHT + MARGIN)
        others = [other.area.top() for other in blocks_in(self._canvas.items_, below) if other is not item]
        free = min((top - area.bottom() - DROP - MARGIN for top in others), default=HEIGHT)
        over = wire_below(self._canvas.items_, below) - area.bottom() - DROP - ABOVE_WIRE
        if LEAST_HEIGHT <= over < free:  # else the wire runs behind the pictures
            free = over
        return QRectF(0.0, body.bottom() + DROP, body.width(), min(HEIGHT, free))

    # -- what goes --

    def _begin_afresh(self) -> None:
        """Another run."""
        self._event, self._fresh = None, False
        self._edited.clear()
        self._clear()

    def _clear(self) -> None:
        self._show_card(None)
        for name in tuple(self.trays):
            self._drop(name)
        self._make_room()

    def _drop(self, name: str) -> None:
        tray = self.trays.pop(name)
        if self._canvas.items_.blocks.get(tray.block.node_id) is tray.block:  # renamed or not; else it went with it
            self._canvas.items_.removeItem(tray)

    def _note_edit(self, change: Change) -> None:
        """What was edited is no longer what runs: its pictures would be of another block."""
        if self._feed.has_session and not change.whole:
            self._edited |= change.touched
            self._follow_edits(self._feed.stale)

    def _follow_edits(self, stale: bool) -> None:
        if stale:  # told before or after the edit itself, as it happens
            for name in self._edited & self.trays.keys():
                self._drop(name)
            self._make_room()
        elif self._edited and self.on:
            self._show()

    def _follow_blocks(self) -> None:
        """Blocks came, went or moved, or another level is shown."""
        scene = self._canvas.items_
        self._show_card(None)
        for name, tray in tuple(self.trays.items()):
            same = scene.blocks.get(name) is tray.block and name not in self._edited
            if not same or self._room_of(tray.block) != tray.shown.room:
                self._drop(name)
        if self.on and self._event is not None:
            self._show()
        self._make_room()
        if self.on:
            self._rest.start()

    def _make_room(self) -> None:
        """Show everything: that is the pictures, too. And listen to the mouse only while there are any."""
        room = QRectF()
        for tray in self.trays.values():
            room = room.united(tray.area)
        self._canvas.items_.room = room
        if bool(self.trays) != self._filtering:
            self._filtering = bool(self.trays)
            viewport = self._canvas.viewport()
            if self._filtering:
                viewport.installEventFilter(self)
                self._fit_again()
            else:
                viewport.removeEventFilter(self)

    def _fit_again(self) -> None:
        """What was made to fit before there were pictures is so again, where some are out of view or behind the legend.

        Only as long as nobody has moved the view since.
        """
        canvas = self._canvas
        if not canvas.camera.fitted:
            return
        seen, legend = canvas.viewport().rect(), canvas.floats.legend
        covered = legend.geometry() if legend.isVisible() else QRect()
        places = [canvas.mapFromScene(tray.area).boundingRect() for tray in self.trays.values()]
        if any(covered.intersects(place) or not seen.contains(place) for place in places):
            canvas.fit()

    # -- the pointer --

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.Leave:
            self._show_card(None)
        elif kind == QEvent.Type.ToolTip:
            return self.card is not None and self.card.tray is not None
        elif isinstance(event, QMouseEvent) and self._canvas.pointer.gesture is None:
            if kind == QEvent.Type.MouseMove:
                self._show_card(self._unit_at(event.position()) if not event.buttons() else None)
            elif kind in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick):
                return event.button() == Qt.MouseButton.LeftButton and self._clicked(event.position())
        return False

    def _unit_at(self, at: QPointF) -> tuple[Tray, int] | None:
        if self._canvas.items_.look.detail is Detail.SHAPES:
            return None  # too far away to be seen
        place = self._canvas.camera.to_scene(at)
        for tray in self.trays.values():
            index = tray.cell_at(place)
            if index is not None:
                return tray, index
        return None

    def _clicked(self, at: QPointF) -> bool:
        """A click on a neuron selects its block, on a sample of the data it goes to the next. Whether there was one."""
        found = self._unit_at(at)
        if found is None:
            return False
        tray, _ = found
        if tray.shown.image is not None and self._event is not None:
            self._sample = (self._event.sample + 1) % max(1, self._event.samples)
            self._look()
        else:
            self._canvas.stage.selection.set((tray.block.node_id,))
        return True

    def _show_card(self, unit: tuple[Tray, int] | None) -> None:
        """The picture of a unit, large; None takes it away."""
        card = self.card
        if card is not None and card.tray is not None and (unit is None or card.tray is not unit[0]):
            card.tray.ring(None)
        if unit is None or self._event is None or unit[1] >= len(unit[0].cells.rects):
            if card is not None:
                card.dismiss()
            return
        if card is None:
            card = self.card = UnitCard(self._canvas)
        tray, index = unit
        tray.ring(index)
        camera, area = self._canvas.camera, tray.area
        beside = QRectF(camera.to_view(area.topLeft()), camera.to_view(area.bottomRight()))
        card.show_unit(tray, index, self._event, beside)
