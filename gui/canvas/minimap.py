"""The whole graph in a corner of the canvas, while it does not fit into the view: where one looks, what is wrong."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final, final

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRectF, QSize, QSizeF, Qt, QTimer
from PySide6.QtGui import (
    QColor,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from gui.canvas.camera import Camera
from gui.canvas.frames import FrameItem
from gui.canvas.scene import CanvasScene
from gui.canvas.tints import tints
from gui.document import Change
from gui.settings import settings
from gui.theme import theme

SIZE: Final = QSize(208, 136)
LEAST_SIZE: Final = QSize(120, 56)
MARGIN: Final = 16
_PAD: Final = 8.0
_RADIUS: Final = 8.0
_LEAST: Final = 2.0
_LEAST_WRONG: Final = 4.0
"""Blocks are drawn at least so large, in pixels; wrong ones larger, so that they are found among thousands."""
_MANY: Final = 1000
"""What changes more blocks is not looked at block by block; so many are drawn at a time."""
_REST_MS: Final = 100
"""Edits have to rest so long before a map that is in view is drawn anew: it takes a look at every block."""
Boxes = tuple[dict[str, list[QRectF]], list[QRectF]]
"""Blocks on the map, by category, and those that are wrong."""
Steps = Generator[None, None, Boxes]
_SETTING: Final = "canvas/minimap"


@final
class Minimap(QWidget):
    """A click or drag looks there, the wheel zooms. Drawn when edits rest; looking around draws only the rectangle.

    Attributes:
        drawn: how often the picture was made.
    """

    def __init__(self, scene: CanvasScene, camera: Camera, view: QWidget) -> None:
        super().__init__(view)
        self.setObjectName("minimap")
        self.setAccessibleName(self.tr("Map of the whole graph"))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._scene, self._camera, self._view = scene, camera, view
        self._picture = QPixmap()
        self._wanted = bool(settings().value(_SETTING, True, type=bool))
        self._stale = self._outgrown = True
        self._extent = QRectF()
        self._held: QPointF | None = None
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(self._renew)
        self._steps: Steps | None = None
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.setInterval(0)
        self._turn.timeout.connect(self._go_on)
        self.drawn = 0
        self.hide()
        scene.synced.connect(self._forget)
        scene.document.changed.connect(self._mind)
        scene.document.replaced.connect(self._look)
        camera.moved.connect(self._follow)
        theme().changed.connect(self._restyle)
        view.installEventFilter(self)
        self._restyle()

    # -- being there --

    @property
    def wanted(self) -> bool:
        """Whether it is shown when there is more than the view holds, as remembered."""
        return self._wanted

    def set_wanted(self, on: bool) -> None:
        """Show or hide it, and remember that."""
        self._wanted = on
        settings().setValue(_SETTING, on)
        self._follow()

    def place(self) -> QRectF:
        """What it covers of the view; empty while it is hidden."""
        return QRectF() if self.isHidden() else QRectF(self.geometry())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        self.move(self._view.width() - self.width() - MARGIN, self._view.height() - self.height() - MARGIN)
        self._follow()

    def _restyle(self) -> None:
        self._stale = True
        self._look()
        self._place()

    def _fit_size(self) -> None:
        """As wide and high as the graph asks for, within limits."""
        most, least = SIZE * theme().text_scale, LEAST_SIZE * theme().text_scale
        wide, high = max(self._extent.width(), 1.0), max(self._extent.height(), 1.0)
        scale = min((most.width() - 2 * _PAD) / wide, (most.height() - 2 * _PAD) / high)
        wanted = QSizeF(wide * scale + 2 * _PAD, high * scale + 2 * _PAD).toSize()
        wanted = wanted.expandedTo(least).boundedTo(most)
        if wanted != self.size():
            self.setFixedSize(wanted)
            self._place()

    def _forget(self) -> None:
        """Something came, went, moved or changed: look afresh when edits rest, or when the map comes into view."""
        self._steps = None
        if self.isHidden():
            self._stale = self._outgrown = True
        else:
            self._rest.start()

    def _renew(self) -> None:
        """Draw the map anew; of thousands of blocks some at a time, while the old map is shown."""
        self._steps = None
        if self.isHidden() or len(self._scene.blocks) <= _MANY:
            self._stale = True
            self._look()
            return
        self._look()
        if not self._stale and not self.isHidden():
            self._steps = self._boxes(self.to_map())
            self._turn.start()

    def _go_on(self) -> None:
        """Look at some blocks more; draw when all were looked at."""
        if self._steps is None:
            return
        try:
            next(self._steps)
        except StopIteration as end:
            self._steps = None
            self._draw(self.devicePixelRatio(), end.value)
            self.update()
        else:
            self._turn.start()

    def _mind(self, change: Change) -> None:
        """While all is in view, an edit costs as much as it touches: only what it put out of view brings the map."""
        if not (self._wanted and self.isHidden()):
            return
        if len(change.touched) + len(change.moved) > _MANY:
            self._look()
            return
        seen, blocks = self._camera.visible(), self._scene.blocks
        changed = [blocks[name].area for name in change.touched | change.moved if name in blocks]
        changed += [item.area for item in self._scene.decor.items.values()]
        if change.whole or not all(seen.contains(area) for area in changed):
            self._look()

    def _look(self) -> None:
        self._outgrown = True
        self._follow()

    def _follow(self) -> None:
        """Where everything is in view anyway a map would only be in the way; as it would on a small canvas."""
        covered = self._extent
        if self._wanted and (self._outgrown or self._rest.isActive()):
            covered = self._scene.content_rect()
        if self._wanted and self._outgrown:
            self._outgrown, self._extent = False, covered
            self._fit_size()
        seen = self._camera.visible()
        room = self._view.width() > 3 * SIZE.width() and self._view.height() > 2 * SIZE.height()
        needed = self._wanted and room and not covered.isEmpty() and not seen.contains(covered)
        if needed != (not self.isHidden()):
            self.setVisible(needed)
        if needed:
            self.update()

    # -- painting --

    def to_map(self) -> QTransform:
        """From the scene to the map."""
        room = QRectF(self.rect()).adjusted(_PAD, _PAD, -_PAD, -_PAD)
        area = self._extent
        scale = min(room.width() / max(area.width(), 1.0), room.height() / max(area.height(), 1.0))
        middle = room.center()
        return QTransform(
            scale, 0.0, 0.0, scale, middle.x() - area.center().x() * scale, middle.y() - area.center().y() * scale
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        ratio = self.devicePixelRatio()
        if self._stale or self._picture.size() != self.size() * ratio:
            self._stale, self._steps = False, None
            self._extent = self._scene.content_rect()
            self._draw(ratio, self._all_boxes())
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        seen = self.to_map().mapRect(self._camera.visible())
        inside = seen.intersected(QRectF(self.rect()).adjusted(2.0, 2.0, -2.0, -2.0))
        ground = QColor(theme().color("accent"))
        ground.setAlpha(32)
        painter.setPen(QPen(theme().color("accent"), 1.5))
        painter.setBrush(ground)
        painter.drawRoundedRect(inside, 2.0, 2.0)

    def _draw(self, ratio: float, boxes: Boxes) -> None:
        self.drawn += 1
        self._picture = QPixmap(self.size() * ratio)
        self._picture.setDevicePixelRatio(ratio)
        self._picture.fill(Qt.GlobalColor.transparent)
        look, to_map = self._scene.look, self.to_map()
        painter = QPainter(self._picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme().pen("border"))
        painter.setBrush(theme().brush("panel"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS, _RADIUS)
        painter.setPen(Qt.PenStyle.NoPen)
        for item in self._scene.decor.items.values():
            shades = tints(item.decoration.color)
            painter.setBrush(shades.bar if isinstance(item, FrameItem) else shades.paper_rim)
            painter.drawRect(to_map.mapRect(item.area))
        by_category, wrong = boxes
        for category, found in by_category.items():
            painter.setBrush(look.strips[category])
            painter.drawRects(found)
        painter.setBrush(look.error)
        painter.drawRects(wrong)
        painter.end()

    def _all_boxes(self) -> Boxes:
        steps = self._boxes(self.to_map())
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]

    def _boxes(self, to_map: QTransform) -> Steps:
        """Where blocks are on the map, by category; the wrong ones for themselves. In plain numbers, for thousands."""
        wrong, by_category = list[QRectF](), dict[str, list[QRectF]]()
        scale, across, down = to_map.m11(), to_map.dx(), to_map.dy()
        places = self._scene.wires.boxes()
        for index, (name, block) in enumerate(list(self._scene.blocks.items())):
            if index % _MANY == _MANY - 1:
                yield
            face = block.face
            amiss = face.severity == "error" and not face.unfinished
            left, top, right, bottom = places[name]
            least = _LEAST_WRONG if amiss else _LEAST
            wide, high = max((right - left) * scale, least), max((bottom - top) * scale, least)
            x, y = (left + right) / 2 * scale + across, (top + bottom) / 2 * scale + down
            boxes = wrong if amiss else by_category.setdefault(face.category, [])
            boxes.append(QRectF(x - wide / 2, y - high / 2, wide, high))
        return by_category, wrong

    # -- the pointer --

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            seen = self.to_map().mapRect(self._camera.visible())
            # The rectangle is carried by where it was caught; elsewhere it comes to the pointer.
            caught = seen.contains(event.position())
            self._held = seen.center() - event.position() if caught else QPointF()
            if not caught:
                self._look_at(event.position(), animated=True)
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held is not None:
            self._look_at(event.position() + self._held, animated=False)
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._held = None
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        event.accept()  # not the canvas's: it would look for a block to add

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._camera.zoom_by(1.2 ** (event.angleDelta().y() / 120.0))
        event.accept()

    def _look_at(self, place: QPointF, *, animated: bool) -> None:
        to_scene, _ = self.to_map().inverted()
        self._camera.look_at(to_scene.map(place), animated=animated)

    def place_of(self, scene_point: QPointF) -> QPoint:
        """Where a place of the scene is on the map."""
        return self.to_map().map(scene_point).toPoint()
