"""How a block is painted, near and far. Nested fills, no outlines: a one-pixel stroke costs five times as much."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, Protocol

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QImage, QPainter, QPainterPath, QPolygonF, QStaticText

from gui.canvas.curves import plain, to_path
from gui.canvas.face import Face, PortFace, Side
from gui.canvas.geometry import PORT_RADIUS, RADIUS, STRIP
from gui.canvas.look import Look
from gui.canvas.port_rows import PortKey
from gui.icons import paint_icon
from gui.theme import theme

ICON: Final = QRectF(STRIP + 9.0, 0.0, 16.0, 16.0)
BADGE: Final = 9.0
_NO_PEN: Final = Qt.PenStyle.NoPen
_NO_BRUSH: Final = Qt.BrushStyle.NoBrush


class Painted(Protocol):
    """What a block item knows of itself, in its own coordinates."""

    look: Look
    face: Face
    hovered: bool
    chosen: bool
    marked: str
    lit: frozenset[PortKey]
    thumbnail: QImage | None
    live: QStaticText
    live_tone: str
    name_text: QStaticText
    name_at: QPointF
    line_text: QStaticText
    far_text: QStaticText
    far_name_font: QFont
    far_line: QStaticText
    labels: list[tuple[QStaticText, QPointF, Side]]

    @property
    def body(self) -> QRectF:
        """The rounded rectangle."""

    @property
    def is_on_path(self) -> bool:
        """Whether it lies on the way that is highlighted."""

    def ports(self) -> Iterable[tuple[PortKey, QPointF]]:
        """All ports with their centres."""

    def thumbnail_rect(self) -> QRectF:
        """Where the picture goes."""


def paint_full(painter: QPainter, item: Painted) -> None:
    """Everything: body, texts, ports, picture, badge."""
    look, face = item.look, item.face
    _paint_body(painter, item)
    icon = ICON.translated(0.0, item.name_at.y())
    if face.bypass:
        paint_icon(painter, "eye-off", icon, "secondary")
    else:
        paint_icon(painter, face.icon, icon, face.category or "secondary")
    painter.setPen(look.secondary if face.bypass else look.text)
    painter.setFont(look.name_font)
    painter.drawStaticText(item.name_at, item.name_text)
    painter.setPen(look.secondary)
    painter.setFont(look.mono_font)
    painter.drawStaticText(QPointF(STRIP + 10.0, 31.0), item.line_text)
    if item.labels:
        _paint_labels(painter, item)
    if item.thumbnail is not None:
        _paint_thumbnail(painter, item)
    if item.live.text():
        _paint_live(painter, item)
    _paint_ports(painter, item)
    if face.severity:
        _paint_badge(painter, item)


def paint_named(painter: QPainter, item: Painted) -> None:
    """From further away: the shape in its hue, its ports, and the name, larger; the summary where it can be read."""
    look = item.look
    _paint_body(painter, item)
    painter.setPen(look.secondary if item.face.bypass else look.text)
    painter.setFont(item.far_name_font)
    height = item.far_text.size().height()
    has_line = bool(item.far_line.text())
    # What is muted has its wire run through its middle.
    top = 5.0 if has_line or item.face.bypass else (min(item.body.height(), 72.0) - height) / 2
    painter.drawStaticText(QPointF(STRIP + 10.0, top), item.far_text)
    if has_line:
        painter.setPen(look.secondary)
        painter.setFont(look.far_line_font)
        painter.drawStaticText(QPointF(STRIP + 10.0, top + height), item.far_line)
    if item.thumbnail is not None:
        _paint_thumbnail(painter, item)
    _paint_ports(painter, item)
    if item.face.severity:
        _paint_badge(painter, item)


def _paint_body(painter: QPainter, item: Painted) -> None:
    look, body = item.look, item.body
    painter.setPen(_NO_PEN)
    wrong = item.face.severity == "error" and not item.face.unfinished
    rim = 2.0 if item.chosen or wrong or item.marked else 1.0
    if item.chosen and wrong:
        painter.setBrush(look.accent)
        painter.drawRoundedRect(body.adjusted(-4.0, -4.0, 4.0, 4.0), RADIUS + 4.0, RADIUS + 4.0)
        painter.setBrush(look.canvas)
        painter.drawRoundedRect(body.adjusted(-2.0, -2.0, 2.0, 2.0), RADIUS + 2.0, RADIUS + 2.0)
    elif item.chosen:
        painter.setBrush(look.accent_soft)
        painter.drawRoundedRect(body.adjusted(-3.0, -3.0, 3.0, 3.0), RADIUS + 3.0, RADIUS + 3.0)
    if item.face.stacked:
        _paint_stack(painter, item)
    dashed = item.face.bypass and not (item.chosen or wrong or item.marked)
    painter.setBrush(look.body_muted if dashed else _outline(item, wrong=wrong))
    painter.drawRoundedRect(body, RADIUS, RADIUS)
    inner = body.adjusted(rim, rim, -rim, -rim)
    if item.face.bypass:
        painter.setBrush(look.body_muted)
    else:
        painter.setBrush(look.body_hover if item.hovered else look.body)
    painter.drawRoundedRect(inner, RADIUS - rim, RADIUS - rim)
    painter.setBrush(look.strips[item.face.category])
    if item.face.bypass:
        painter.setOpacity(0.4)
    painter.drawPath(_strip(body.height(), rim))
    if item.face.bypass:
        painter.setOpacity(1.0)
    if dashed:
        _paint_muted(painter, item)
    if item.face.bypass:
        _paint_through(painter, item)


def _paint_stack(painter: QPainter, item: Painted) -> None:
    """The edges of two sheets below: it stands for several blocks."""
    look = item.look
    for away in (8.0, 4.0):
        sheet = item.body.adjusted(away, away, away, away)
        painter.setBrush(look.line_hover)
        painter.drawRoundedRect(sheet, RADIUS, RADIUS)
        painter.setBrush(look.body_muted)
        painter.drawRoundedRect(sheet.adjusted(1.0, 1.0, -1.0, -1.0), RADIUS - 1.0, RADIUS - 1.0)


def _paint_through(painter: QPainter, item: Painted) -> None:
    """A muted block hands its first input on: the wire is seen to run through it."""
    face = item.face
    if not face.inputs or not face.outputs:
        return
    places = dict(item.ports())
    start, end = places["in", face.inputs[0].name], places["out", face.outputs[0].name]
    pens = item.look.wires_path if item.is_on_path else item.look.wires
    painter.setPen(pens[face.outputs[0].kind])
    painter.setBrush(_NO_BRUSH)
    painter.drawPath(to_path(plain((start.x(), start.y()), (end.x(), end.y()))))
    painter.setPen(_NO_PEN)


def _outline(item: Painted, *, wrong: bool) -> QBrush:
    look = item.look
    if item.marked:
        return theme().brush(item.marked)
    if wrong:
        return look.error
    if item.chosen:
        return look.accent
    if item.face.severity == "warning":
        return look.warning
    return look.line_hover if item.hovered or item.is_on_path else look.line


def _paint_muted(painter: QPainter, item: Painted) -> None:
    """A dashed rim: the block is there, but does nothing."""
    painter.setPen(item.look.muted)
    painter.setBrush(_NO_BRUSH)
    painter.drawRoundedRect(item.body.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
    painter.setPen(_NO_PEN)


@lru_cache(maxsize=256)
def _strip(height: float, rim: float) -> QPainterPath:
    """The hue's strip: the left edge of the body within its rim."""
    whole = QPainterPath()
    whole.addRoundedRect(QRectF(rim, rim, 40.0, height - 2 * rim), RADIUS - rim, RADIUS - rim)
    left = QPainterPath()
    left.addRect(QRectF(rim, rim, STRIP, height - 2 * rim))
    return whole.intersected(left)


def _paint_labels(painter: QPainter, item: Painted) -> None:
    painter.setPen(item.look.secondary)
    painter.setFont(item.look.label_font)
    for text, place, side in item.labels:
        size = text.size()
        x = 12.0 if side == "in" else place.x() - 12.0 - size.width()
        painter.drawStaticText(QPointF(x, place.y() - size.height() / 2), text)


def _paint_thumbnail(painter: QPainter, item: Painted) -> None:
    image = item.thumbnail
    if image is None or image.isNull():
        return
    room = item.thumbnail_rect()
    ratio = min(room.width() / image.width(), room.height() / image.height())
    painter.drawImage(QRectF(room.left(), room.top(), image.width() * ratio, image.height() * ratio), image)


def _paint_live(painter: QPainter, item: Painted) -> None:
    size = item.live.size()
    pill = QRectF(item.body.width() - size.width() - 20.0, 8.0, size.width() + 12.0, 18.0)
    tone = theme().color(item.live_tone or "secondary")
    painter.setPen(_NO_PEN)
    painter.setBrush(tone)
    painter.drawRoundedRect(pill, 9.0, 9.0)
    painter.setBrush(item.look.well)
    painter.drawRoundedRect(pill.adjusted(1.0, 1.0, -1.0, -1.0), 8.0, 8.0)
    painter.setPen(item.look.text)
    painter.setFont(item.look.mono_font)
    painter.drawStaticText(QPointF(pill.left() + 6.0, pill.center().y() - size.height() / 2), item.live)


# -- ports --


def _paint_ports(painter: QPainter, item: Painted) -> None:
    look, face = item.look, item.face
    painter.setPen(_NO_PEN)
    for (side, name), place in item.ports():
        port = face.port(side, name)
        if port is None:
            continue
        lit = (side, name) in item.lit
        if lit:
            painter.setBrush(look.accent_soft)
            painter.drawEllipse(place, PORT_RADIUS + 7.0, PORT_RADIUS + 7.0)
        painter.setBrush(_port_brush(item, port, lit=lit))
        paint_port(painter, port.kind, place, PORT_RADIUS + (1.5 if lit else 0.0))
        if not port.wired or lit:
            painter.setBrush(look.canvas)
            paint_port(painter, port.kind, place, PORT_RADIUS - (0.5 if lit else 1.75))


def _port_brush(item: Painted, port: PortFace, *, lit: bool) -> QBrush:
    look = item.look
    if lit:
        return look.accent
    if port.wrong or port.missing:
        return look.error
    return look.port_back if look.wiring else look.ports[port.kind]


def paint_port(painter: QPainter, kind: str, place: QPointF, radius: float) -> None:
    """The dot of a port: round for values, a diamond for targets, a square for scalars."""
    if kind == "value":
        painter.drawEllipse(place, radius, radius)
    elif kind == "target":
        painter.drawPolygon(_diamond(place, radius + 1.25))
    else:
        side = radius - 0.5
        painter.drawRect(QRectF(place.x() - side, place.y() - side, 2 * side, 2 * side))


def _diamond(place: QPointF, radius: float) -> QPolygonF:
    x, y = place.x(), place.y()
    return QPolygonF([QPointF(x, y - radius), QPointF(x + radius, y), QPointF(x, y + radius), QPointF(x - radius, y)])


# -- problems --


def _paint_badge(painter: QPainter, item: Painted) -> None:
    """A red disc or an amber triangle with its mark, at the upper right corner."""
    look, error = item.look, item.face.severity == "error"
    centre = QPointF(item.body.width() - 6.0, 2.0)
    painter.setPen(_NO_PEN)
    painter.setBrush(look.canvas)
    if error:
        painter.drawEllipse(centre, BADGE + 2.0, BADGE + 2.0)
        painter.setBrush(look.error)
        painter.drawEllipse(centre, BADGE, BADGE)
        painter.setBrush(_WHITE)
    else:
        painter.drawPath(_triangle(centre, BADGE + 5.0))
        painter.setBrush(look.warning)
        painter.drawPath(_triangle(centre, BADGE + 1.5))
        painter.setBrush(_BLACK)
    drop = 0.0 if error else 1.0
    painter.drawRoundedRect(QRectF(centre.x() - 1.0, centre.y() - 5.0 + drop, 2.0, 6.0), 1.0, 1.0)
    painter.drawEllipse(QPointF(centre.x(), centre.y() + 3.75 + drop), 1.25, 1.25)


_WHITE: Final = QBrush(QColor("#ffffff"))
_BLACK: Final = QBrush(QColor("#1a1204"))


def _triangle(centre: QPointF, radius: float) -> QPainterPath:
    x, y = centre.x(), centre.y()
    path = QPainterPath(QPointF(x, y - radius))
    path.lineTo(x + radius, y + radius * 0.8)
    path.lineTo(x - radius, y + radius * 0.8)
    path.closeSubpath()
    return path
