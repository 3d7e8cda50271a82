"""The least a node editor can be: what ours is measured against. Draws and moves; knows no shapes, undo or search."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import (
    QGraphicsItem,
    QGraphicsPathItem,
    QGraphicsScene,
    QGraphicsView,
    QStyleOptionGraphicsItem,
    QWidget,
)

from tests.bench.peers.editor import Editor, Pair, flush, place

WIDTH, HEIGHT, NEAR = 160.0, 56.0, 0.35
BOX = QRectF(0.0, 0.0, WIDTH, HEIGHT)
BOUNDS = BOX.adjusted(-6.0, -6.0, 6.0, 6.0)


@final
class _Style:
    """Pens and brushes of all items, made once."""

    def __init__(self) -> None:
        self.body, self.strip, self.port = (QBrush(QColor(name)) for name in ("#2b2f36", "#5b8def", "#9aa4b2"))
        self.text, self.none = QPen(QColor("#e6e9ee")), QPen(Qt.PenStyle.NoPen)
        self.wire = QPen(QColor("#6b7482"), 2.0)
        self.wire.setCosmetic(True)


@final
class _Block(QGraphicsItem):
    """One item a block: body, name and ports are painted; from afar a rectangle."""

    def __init__(self, name: str, style: _Style) -> None:
        super().__init__()
        self.name, self.style = name, style
        self.wires: list[_Wire] = []
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemSendsGeometryChanges)

    def boundingRect(self) -> QRectF:
        return BOUNDS

    def itemChange(self, change: QGraphicsItem.GraphicsItemChange, value: Any) -> Any:
        if change is QGraphicsItem.GraphicsItemChange.ItemPositionHasChanged:
            for wire in self.wires:
                wire.trace()
        return super().itemChange(change, value)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        style = self.style
        if painter.transform().m11() < NEAR:
            painter.fillRect(BOX, style.strip)
            return
        painter.setPen(style.none)
        painter.setBrush(style.body)
        painter.drawRoundedRect(BOX, 8.0, 8.0)
        painter.fillRect(QRectF(0.0, 8.0, 4.0, HEIGHT - 16.0), style.strip)
        painter.setBrush(style.port)
        for x in (0.0, WIDTH):
            painter.drawEllipse(QPointF(x, HEIGHT / 2), 5.0, 5.0)
        painter.setPen(style.text)
        painter.drawText(BOX, Qt.AlignmentFlag.AlignCenter, self.name)


@final
class _Wire(QGraphicsPathItem):
    """One path item a wire, painted by Qt."""

    def __init__(self, start: _Block, end: _Block, style: _Style) -> None:
        super().__init__()
        self.start, self.end = start, end
        self.setPen(style.wire)
        self.setZValue(-1.0)
        start.wires.append(self)
        end.wires.append(self)
        self.trace()

    def trace(self) -> None:
        begin, end = self.start.pos() + QPointF(WIDTH, HEIGHT / 2), self.end.pos() + QPointF(0.0, HEIGHT / 2)
        reach = QPointF(max(abs(end.x() - begin.x()) / 2, 28.0), 0.0)
        path = QPainterPath(begin)
        path.cubicTo(begin + reach, end - reach, end)
        self.setPath(path)


@final
class Handmade(Editor):
    """A scene, a view, and nothing else."""

    def __init__(self) -> None:
        self._style = _Style()

    def build(self, count: int, wires: Sequence[Pair], source: int = 0) -> None:
        self.scene = QGraphicsScene()
        self._fill([place(index) for index in range(count)], wires)
        self.view = QGraphicsView(self.scene)
        self.view.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontSavePainterState)

    def _fill(self, places: Sequence[tuple[float, float]], wires: Sequence[Pair]) -> None:
        self._blocks = [_Block(f"n{index}", self._style) for index in range(len(places))]
        for block, at in zip(self._blocks, places, strict=True):
            block.setPos(*at)
            self.scene.addItem(block)
        self._pairs: list[Pair] = []
        for start, end in wires:
            self.draw(start, end)

    def draw(self, start: int, end: int) -> None:
        self._pairs.append((start, end))
        self.scene.addItem(_Wire(self._blocks[start], self._blocks[end], self._style))

    def connect(self, start: int, end: int) -> None:
        self.check(start, end, backwards=False)
        self.draw(start, end)

    def check(self, start: int, end: int, *, backwards: bool) -> None:
        begin, goal = (start, end) if backwards else (end, start)
        after: dict[int, list[int]] = {}
        for one, other in self._pairs:
            after.setdefault(*((other, []) if backwards else (one, []))).append(one if backwards else other)
        seen, waiting = {begin}, [begin]
        while waiting:
            for other in after.get(waiting.pop(), ()):
                if other not in seen:
                    seen.add(other)
                    waiting.append(other)
        assert goal not in seen

    def save(self) -> str:
        places = [(block.x(), block.y()) for block in self._blocks]
        return json.dumps({"places": places, "wires": self._pairs}, indent=1)

    def load(self, saved: str) -> None:
        found = json.loads(saved)
        self.scene.clear()
        self._fill(found["places"], found["wires"])

    def move(self, index: int, to: tuple[float, float]) -> None:
        self._blocks[index].setPos(*to)

    def move_many(self, places: Mapping[int, tuple[float, float]]) -> None:
        for index, to in places.items():
            self._blocks[index].setPos(*to)

    def extent(self) -> QRectF:
        return self.scene.itemsBoundingRect()

    def zoom(self, factor: float) -> None:
        self.view.scale(factor, factor)
        flush()
