"""Draws a chain of layers: neurons as circles with their numbers, weights as lines, the loss at its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

import numpy as np
from PySide6.QtCore import QCoreApplication, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPen

from gui.backprop.neurons.chain import Chain, Plans
from gui.backprop.neurons.heads import LOSS, names_of, paint_head, paint_loss, paint_strip
from gui.backprop.neurons.labels import beside
from gui.backprop.neurons.layout import RADIUS, Layout, Part
from gui.backprop.neurons.sight import Lines, Sight
from gui.backprop.neurons.strokes import THICK, THICK_OF_MANY, ground, largest, line_pen, paint_label
from gui.backprop.neurons.words import short
from gui.backprop.symbols import COLORS, SIGNS
from gui.colors import mix
from gui.fonts import make_font
from gui.format import format_integer, format_number
from gui.theme import theme

TINT: Final = 0.5
MOST_LABELS: Final = 16
_DIM, _FULL = 0.5, 1.0
BIAS: Final = 7.5
_ALIGN: Final = Qt.AlignmentFlag.AlignCenter
Pictures = Sequence[Sequence[QImage]]


def _tr(text: str) -> str:
    return QCoreApplication.translate("NeuronView", text)


@final
class Drawing:
    """One chain at one moment in one layout, whose coordinates the painter has.

    Text has its normal size there: the camera makes it larger.

    Attributes:
        pictures: for each column, what each shown neuron responds to, instead of its numbers; None: numbers.
        names: of the inputs.
        label_places: where numbers stand on the lines, once they are drawn.
    """

    def __init__(
        self,
        chain: Chain,
        layout: Layout,
        sight: Sight,
        plans: Plans,
        names: Sequence[str] = (),
        pictures: Pictures | None = None,
    ) -> None:
        self.chain, self.layout, self.sight = chain, layout, sight
        self.pictures, self.names = pictures, names
        self.label_places: dict[Part, QRectF] = {}
        self._plans = plans
        steep = [largest(lines.weight) for lines in sight.lines if lines.kind == "gradient"]
        self._limits = [max(steep) if lines.kind == "gradient" else largest(lines.weight) for lines in sight.lines]
        backwards = (column.lower for column in sight.columns[1:] if column.kind == "gradient")
        self._steepest = max(map(largest, backwards), default=0.0)
        self.color = COLORS[sight.phase]

    # -- lines --

    def lines(self, painter: QPainter, seen: tuple[float, float]) -> None:
        """The weights between columns that are seen, and what the loss reads; `seen` is the extent in x."""
        if self.sight.current is not None:
            self._band(painter, self.sight.current)
        if self.chain.loss is not None:
            painter.setPen(theme().pen("border", 1.2))
            last = self.layout.count - 1
            for row in self.layout.rows[last - 1]:
                painter.drawLine(self.point(last - 1, row), self.point(last, 0))
        columns = sorted(range(1, len(self.chain.layers) + 1), key=lambda at: at == self.sight.current)
        for column in columns:
            if not self._is_seen(column - 1, column, seen):
                continue
            strength = _FULL if self._is_stressed(column) else _DIM
            weight = np.abs(self.sight.lines[column - 1].weight)
            for part in sorted(self.layout.lines(column), key=lambda part: weight[part.row, part.source]):
                self.line(painter, part, strength)

    def _is_seen(self, first: int, last: int, seen: tuple[float, float]) -> bool:
        left, right = (self.layout.place(at, self.layout.rows[at][0])[0] for at in (first, last))
        return right + 2 * RADIUS > seen[0] and left - 2 * RADIUS < seen[1]

    def _is_stressed(self, column: int) -> bool:
        current = self.sight.current
        return current is None or current in (0, column) or current > len(self.chain.layers)

    def line(self, painter: QPainter, part: Part, strength: float = _FULL, extra: float = 0.0) -> None:
        """One weight; `extra` makes it thicker."""
        value, limit = self.number(part), self._limits[part.column - 1]
        pen = line_pen(value, limit, strength, extra, THICK if self.layout.roomy else THICK_OF_MANY)
        (x0, y0), (x1, y1) = self.layout.places(part)
        painter.setPen(pen)
        painter.drawLine(QPointF(x0, y0), QPointF(x1, y1))

    def number(self, part: Part) -> float:
        """What a line or a bias shows now."""
        lines = self.sight.lines[part.column - 1]
        if part.kind == "line":
            return float(lines.weight[part.row, part.source])
        return float(lines.bias[part.row]) if lines.bias is not None else 0.0

    def _band(self, painter: QPainter, column: int) -> None:
        """The layer of the moment stands on a strip in the colour of its phase."""
        color = QColor(theme().color(self.color))
        color.setAlphaF(0.1)
        x = self.point(column, self.layout.rows[column][0]).x()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        wide = 2 * RADIUS + 18
        painter.drawRoundedRect(QRectF(x - wide / 2, 0, wide, self.layout.height), 10, 10)

    # -- neurons --

    def point(self, column: int, row: int) -> QPointF:
        """The middle of a neuron."""
        return QPointF(*self.layout.place(column, row))

    def neurons(self, painter: QPainter, seen: tuple[float, float]) -> None:
        """Circles with their numbers, biases, the loss, and the names above, as far as they are seen."""
        for column in range(len(self.chain.layers) + 1):
            if not self._is_seen(column, column, seen):
                continue
            for at, row in enumerate(self.layout.rows[column]):
                if self.pictures is not None:
                    self._picture(painter, column, row, self.pictures[column][at])
                else:
                    self._neuron(painter, column, row)
                self._bias(painter, column, row)
            self._gaps(painter, column)
        last = self.layout.count - 1
        if self.chain.loss is not None:
            edge = theme().pen(self.color, 2.6) if last == self.sight.current else theme().pen("loss", 1.6)
            paint_loss(painter, self.point(last, 0), self.sight, edge)
        for column in range(self.layout.count):
            if self._is_seen(column, column, seen):
                self._head(painter, column)

    def _head(self, painter: QPainter, column: int) -> None:
        name, about = names_of(self.chain, self._plans, column)
        if column == self.sight.current:
            name = f"{SIGNS[self.sight.phase]} {name}"
        paint_head(painter, self.layout, column, (name, about))
        if self.layout.gaps[column] and self.pictures is None:
            numbers = self.sight.columns[column]
            half = numbers.upper if numbers.reached == 1 else None
            array = numbers.lower if half is None else half
            paint_strip(painter, self.layout, column, array, self._limit(column))

    def _limit(self, column: int) -> float:
        """What has the full colour: the largest of its column; of gradients that of all: one sees them vanish."""
        numbers = self.sight.columns[column]
        return self._steepest if numbers.kind == "gradient" else largest(numbers.lower)

    def _neuron(self, painter: QPainter, column: int, row: int) -> None:
        look, numbers = theme(), self.sight.columns[column]
        middle = self.point(column, row)
        value = float(numbers.lower[row]) if numbers.reached != 1 else float("nan")
        limit = self._limit(column)
        fill = look.palette.raised
        if numbers.reached and np.isfinite(value) and limit > 0:
            hue = look.palette.positive if value > 0 else look.palette.negative
            fill = mix(look.palette.plot, hue, TINT * min(1.0, abs(value) / limit))
        painter.setBrush(QColor(fill))
        painter.setPen(self._edge(column, numbers.reached > 0))
        painter.drawEllipse(middle, RADIUS, RADIUS)
        upper = None if numbers.upper is None else short(float(numbers.upper[row]))
        lower = short(float(numbers.lower[row]))
        if numbers.reached == 1 and numbers.kind == "gradient":
            lower = ""
        painter.setFont(make_font("mono_caption"))
        tones = ("text" if numbers.reached else "secondary", "text" if numbers.reached == 2 else "secondary")
        if column == 0 and row < len(self.names) and numbers.kind == "value":
            upper = self.names[row]
        self._two(painter, middle, (upper, lower), tones)

    def _two(self, painter: QPainter, middle: QPointF, texts: tuple[str | None, str], tones: tuple[str, str]) -> None:
        upper, lower = texts
        room = QRectF(middle.x() - RADIUS, middle.y() - RADIUS, 2 * RADIUS, 2 * RADIUS)
        if upper is None:
            painter.setPen(theme().pen(tones[1]))
            painter.drawText(room, _ALIGN, lower)
            return
        painter.setPen(theme().pen("border"))
        painter.drawLine(QPointF(room.left() + 5, middle.y()), QPointF(room.right() - 5, middle.y()))
        high = RADIUS - 9
        for text, tone, top in ((upper, tones[0], room.top() + 8), (lower, tones[1], middle.y() + 1)):
            painter.setPen(theme().pen(tone))
            painter.drawText(QRectF(room.left(), top, room.width(), high), _ALIGN, text)

    def _picture(self, painter: QPainter, column: int, row: int, image: QImage) -> None:
        middle = self.point(column, row)
        room = QRectF(middle.x() - RADIUS, middle.y() - RADIUS, 2 * RADIUS, 2 * RADIUS)
        painter.drawImage(room, image)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(self._edge(column, True))
        painter.drawRoundedRect(room, 3, 3)
        if column == 0 and row < len(self.names):
            painter.setFont(make_font("mono_caption"))
            wide = QFontMetricsF(painter.font()).horizontalAdvance(self.names[row]) + 6
            label = QRectF(middle.x() - wide / 2, room.bottom() - 15, wide, 15)
            painter.fillRect(label, theme().brush("plot"))
            painter.setPen(theme().pen("text"))
            painter.drawText(label, _ALIGN, self.names[row])

    def _edge(self, column: int, reached: bool) -> QPen:
        if column == self.sight.current:
            return theme().pen(self.color, 2.6)
        return theme().pen("control" if reached else "border", 1.3)

    def _bias(self, painter: QPainter, column: int, row: int) -> None:
        if column == 0 or self.sight.lines[column - 1].bias is None:
            return
        (x, y), _ = self.layout.places(Part("bias", column, row))
        value = self.number(Part("bias", column, row))
        look = theme()
        hue = look.palette.positive if value >= 0 else look.palette.negative
        painter.setPen(look.pen("plot", 1.5))
        painter.setBrush(QColor(hue if value else look.palette.control))
        painter.drawEllipse(QPointF(x, y), BIAS, BIAS)
        painter.setPen(QPen(QColor("#ffffff"), 1.6))
        painter.drawLine(QPointF(x - 3, y), QPointF(x + 3, y))
        if value >= 0:
            painter.drawLine(QPointF(x, y - 3), QPointF(x, y + 3))

    def _gaps(self, painter: QPainter, column: int) -> None:
        painter.setFont(make_font("caption"))
        painter.setPen(theme().pen("secondary"))
        x = self.layout.place(column, self.layout.rows[column][0])[0]
        for y, count in self.layout.gaps[column]:
            text = _tr("⋮ {0} more").format(format_integer(count))
            wide = QFontMetricsF(painter.font()).horizontalAdvance(text) + 10
            room = QRectF(x - wide / 2, y - 8, wide, 16)
            ground(painter, room)
            painter.setPen(theme().pen("secondary"))
            painter.drawText(room, _ALIGN, text)

    # -- words --

    def labels(self, painter: QPainter) -> None:
        """Numbers on the lines, biases and targets, where there is room."""
        if self.pictures is not None:
            return
        painter.setFont(make_font("mono_caption"))
        if not self.layout.roomy:
            self._targets(painter)
            return
        taken = [self._box(column, row) for column in range(self.layout.count) for row in self.layout.rows[column]]
        for column in range(1, len(self.chain.layers) + 1):
            taken += self._around(painter, column)
        for column in range(1, len(self.chain.layers) + 1):
            parts = list(self.layout.lines(column))
            if (len(parts) <= MOST_LABELS and self._is_stressed(column)) or len(parts) <= MOST_LABELS // 2:
                self._label(painter, parts, taken)

    def _targets(self, painter: QPainter) -> None:
        """At the last neurons, those that are not zero: of classes, the right one."""
        column, target = len(self.chain.layers), self.sight.target
        if target is None:
            return
        rows = self.layout.rows[column]
        room = self.layout.spacing - RADIUS - LOSS.width() / 2 - 4
        for at, row in enumerate(rows):
            text = f"t {short(float(target[row]), 4)}"
            wide = QFontMetricsF(painter.font()).horizontalAdvance(text) + 4
            middle = self.point(column, row)
            if target[row] and at == len(rows) - 1:
                self._beside(painter, middle + QPointF(0, RADIUS + 8), text)
            elif target[row] and wide < room:
                self._beside(painter, middle + QPointF(RADIUS + 3 + wide / 2, 0), text)

    def _box(self, column: int, row: int) -> QRectF:
        middle = self.point(column, row)
        return QRectF(middle.x() - RADIUS, middle.y() - RADIUS, 2 * RADIUS, 2 * RADIUS)

    def _around(self, painter: QPainter, column: int) -> list[QRectF]:
        """The bias above each neuron, the target below."""
        lines, found = self.sight.lines[column - 1], []
        for row in self.layout.rows[column]:
            middle = self.point(column, row)
            if lines.bias is not None:
                text = short(float(lines.bias[row]))
                if lines.bias_after is not None:
                    text += f" → {short(float(lines.bias_after[row]))}"
                found.append(self._beside(painter, middle + QPointF(6, -RADIUS - 9), _bias_sign(lines) + text))
            target = self.sight.target
            if target is not None and column == len(self.chain.layers):
                text = f"t {format_number(float(target[row]))}"
                found.append(self._beside(painter, middle + QPointF(0, RADIUS + 9), text))
        return found

    def _beside(self, painter: QPainter, middle: QPointF, text: str) -> QRectF:
        wide = QFontMetricsF(painter.font()).horizontalAdvance(text) + 4
        room = QRectF(middle.x() - wide / 2, middle.y() - 7, wide, 14)
        ground(painter, room)
        painter.setPen(theme().pen("secondary"))
        painter.drawText(room, _ALIGN, text)
        return room

    def _label(self, painter: QPainter, parts: list[Part], taken: list[QRectF]) -> None:
        texts = [self.label_of(part) for part in parts]
        ends = [(QPointF(*one), QPointF(*other)) for one, other in map(self.layout.places, parts)]
        metrics = QFontMetricsF(painter.font())
        sizes = [QSizeF(max(map(metrics.horizontalAdvance, rows)) + 4, 14.0 * len(rows)) for rows in texts]
        for part, rows, room in zip(parts, texts, beside(ends, sizes, taken), strict=True):
            if room is not None:
                taken.append(room)
                self.label_places[part] = room
                paint_label(painter, room, rows, self.number(part))

    def label_of(self, part: Part) -> list[str]:
        """The rows that are written on a line."""
        lines, value = self.sight.lines[part.column - 1], self.number(part)
        if lines.kind == "update" and lines.after is not None:
            return [short(value), f"→{short(float(lines.after[part.row, part.source]))}"]
        return [short(value)]


def _bias_sign(lines: Lines) -> str:
    return "∂b " if lines.kind == "gradient" else "b "
