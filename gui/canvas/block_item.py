"""One block on the canvas: one graphics item, no children; ports, text and picture are painted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QImage, QPainter, QStaticText, QTransform
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from gui.canvas.block_paint import paint_full, paint_named
from gui.canvas.face import Face, Side
from gui.canvas.geometry import HEAD, MAX_WIDTH, MIN_WIDTH, STRIP, THUMBNAIL
from gui.canvas.ground import Box, Spot
from gui.canvas.look import Detail, Look
from gui.canvas.port_rows import PortKey

TEXT_LEFT: Final = STRIP + 32.0
"""Where the name begins, right of the icon."""
LINE_LEFT: Final = STRIP + 10.0
"""Where the summary begins."""
PAD: Final = 12.0
FAR_PAD: Final = 9.0
PORT_ROOM: Final = 8.0
"""How far ports stand out."""
_MORE: Final = 48.0
"""How much wider a group may be: it says its own name, its group's and what is inside."""


@final
class BlockItem(QGraphicsItem):
    """Draws a face. Its position is its upper left corner; all the rest comes from the scene.

    Attributes:
        face: what it shows.
        lit: ports a wire being drawn may end at.
    """

    # What every block has stands in slots, which take a third of the memory of a table of names.
    __slots__ = ("_bounds", "_outline", "_written", "face", "look", "node_id")
    # What most blocks never have stands here once: there are thousands of them.
    hovered = chosen = False
    marked = live_tone = ""
    lit: frozenset[PortKey] = frozenset()
    thumbnail: QImage | None = None
    live = QStaticText()

    def __init__(self, node_id: str, face: Face, look: Look) -> None:
        super().__init__()
        self.node_id = node_id
        self.look = look
        self.setZValue(1.0)
        self._take(face)
        self._bounds = self._outline.bounds

    # -- what the scene tells it --

    def set_face(self, face: Face) -> bool:
        """Show another face. Returns whether the size or the ports are others, so that wires have to follow."""
        before = self._outline
        self._take(face)
        now = self._outline
        if now.body != before.body:
            self.prepareGeometryChange()
            self._bounds = now.bounds
        self.update()
        return now is not before and (now.places != before.places or now.body != before.body)

    def _take(self, face: Face) -> None:
        self.face, self._written = face, False
        look = self.look
        rows = look.rows.of(face.inputs, face.outputs)
        wanted = max(look.width("mono", face.summary) + LINE_LEFT + PAD, rows.width, MIN_WIDTH)
        if not look.surely_fits(face.title, wanted - TEXT_LEFT - PAD):
            wanted = max(look.width("name", face.title) + TEXT_LEFT + PAD, wanted)
        width = min(-(-wanted // 8) * 8, MAX_WIDTH + (_MORE if face.stacked else 0.0))
        self._outline = rows.outline(width, THUMBNAIL if self.thumbnail is not None else 0.0)

    def set_thumbnail(self, image: QImage | None) -> bool:
        """Show a picture below, or none. Returns whether the size is another."""
        grown = (image is None) != (self.thumbnail is None)
        self.thumbnail = image
        if grown:
            return self.set_face(self.face)
        self.update()
        return False

    def set_live(self, text: str, tone: str) -> None:
        """Show a value at the upper right corner while training; "" takes it away."""
        self.live = _static(text, self.look.mono_font)
        self.live_tone = tone
        self.update()

    def set_flags(
        self, *, hovered: bool | None = None, chosen: bool | None = None, lit: frozenset[PortKey] | None = None
    ) -> None:
        """Look touched, selected or fit for a wire."""
        hovered = self.hovered if hovered is None else hovered
        chosen = self.chosen if chosen is None else chosen
        lit = self.lit if lit is None else lit
        if (hovered, chosen, lit) != (self.hovered, self.chosen, self.lit):
            self.hovered, self.chosen, self.lit = hovered, chosen, lit
            self.update()

    def mark(self, kind: str) -> None:
        """Ring the block in a palette colour (`error`: it failed while training); "" takes the ring away."""
        if kind != self.marked:
            self.marked = kind
            self.update()

    @property
    def is_on_path(self) -> bool:
        """Whether it lies on the way that is highlighted."""
        return self.node_id in self.look.path_blocks

    # -- where things are --

    @property
    def body(self) -> QRectF:
        """The rounded rectangle in the item's coordinates."""
        return self._outline.body

    @property
    def area(self) -> QRectF:
        """The body in scene coordinates."""
        return self.body.translated(self.pos())

    @property
    def box(self) -> Box:
        """The same as plain numbers: left, top, right, bottom."""
        x, y, (width, height) = self.x(), self.y(), self._outline.size
        return (x, y, x + width, y + height)

    def port_place(self, side: Side, name: str) -> QPointF | None:
        """Centre of a port in scene coordinates; None when the block has no such port."""
        place = self._outline.places.get((side, name))
        return None if place is None else place + self.pos()

    def port_spot(self, side: Side, name: str, box: Box | None = None) -> Spot | None:
        """The same as plain numbers; who has the block's `box` at hand spares Qt the question."""
        place = self._outline.spots.get((side, name))
        if place is None:
            return None
        x, y, _, _ = box or self.box
        return (place[0] + x, place[1] + y)

    def ports(self) -> Iterator[tuple[PortKey, QPointF]]:
        """All ports with their centres in the item's coordinates."""
        yield from self._outline.places.items()

    def title_rect(self) -> QRectF:
        """Where the name is written, in scene coordinates."""
        return QRectF(TEXT_LEFT, 6.0, self.body.width() - TEXT_LEFT - PAD, 26.0).translated(self.pos())

    def thumbnail_rect(self) -> QRectF:
        """Where the picture goes, in the item's coordinates."""
        top = self.body.height() - THUMBNAIL
        return QRectF(LINE_LEFT, top, self.body.width() - LINE_LEFT - PAD, THUMBNAIL - 8.0)

    # -- inside --

    def _write(self) -> None:
        """Lay the text out once, when it is first seen; painting it then costs a third."""
        self._written = True
        look, face, width = self.look, self.face, self.body.width()
        right = Qt.TextElideMode.ElideRight
        name = look.name_metrics.elidedText(face.title, right, width - TEXT_LEFT - PAD)
        line = look.mono_metrics.elidedText(face.summary, right, width - LINE_LEFT - PAD)
        self.name_text = _static(name, look.name_font)
        self.line_text = _static(line, look.mono_font)
        self.labels: list[tuple[QStaticText, QPointF, Side]] = [
            (_static(name, look.label_font), place, side)
            for (side, name), place in self._outline.places.items()
            if len(face.ports(side)) > 1
        ]
        # What is muted has its wire run through its middle.
        self.name_at = QPointF(TEXT_LEFT, (8.0 if face.summary or face.bypass else HEAD / 2 - 8.0))
        self._far_px = 0

    def _write_far(self) -> None:
        """Name and summary as they are seen from further away, in the sizes for that."""
        look, room = self.look, self.body.width() - LINE_LEFT - FAR_PAD
        right, metrics = Qt.TextElideMode.ElideRight, look.far_metrics
        self.far_name_font = look.far_font
        if metrics.horizontalAdvance(self.face.title) > room:
            self.far_name_font, metrics = look.far_long_font, look.far_long_metrics
        self.far_text = _static(metrics.elidedText(self.face.title, right, room), self.far_name_font)
        line = self.face.summary if look.has_far_lines else ""
        self.far_line = _static(look.far_line_metrics.elidedText(line, right, room), look.far_line_font)
        self._far_px = look.far_px

    def boundingRect(self) -> QRectF:
        return self._bounds

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        if widget is None:  # a picture for a file or for the printer, which wants lines and letters
            self._draw(painter)
            return
        look, name = self.look, self.node_id
        zoom, on_path = painter.transform().m11(), name in look.path_blocks
        state = (look.version, look.wiring, look.detail, zoom, widget.devicePixelRatio(), on_path)
        look.pictures.paint(painter, name, self._painted(), state, self._draw)

    def _painted(self) -> QRectF:
        """What is painted now: most blocks leave the room for rings and badges empty, and need not copy it."""
        if self.chosen or self.lit or self.face.severity or self.face.stacked:
            return self._bounds
        return self.body.adjusted(-PORT_ROOM, -1.0, PORT_ROOM, 1.0)

    def _draw(self, painter: QPainter) -> None:
        if not self._written:
            self._write()
        if self.look.detail is Detail.FULL:
            paint_full(painter, self)
            return
        if self._far_px != self.look.far_px:
            self._write_far()
        paint_named(painter, self)

    def update(self, *area: Any) -> None:
        """Something about it looks different."""
        self.look.pictures.forget(self.node_id)
        super().update(*area)


def _static(text: str, font: QFont) -> QStaticText:
    made = QStaticText(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.prepare(QTransform(), font)
    return made
