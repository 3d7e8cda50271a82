"""What differs, drawn on the canvas: rings and words at blocks, ghosts where blocks and wires are gone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, final

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget
from shiboken6 import isValid

from engine.compare import GraphDifference
from engine.graph import Node, Project, Wire
from gui.canvas.geometry import HEAD, MIN_WIDTH, block_height, wire_path
from gui.canvas.placing import places
from gui.canvas.view import CanvasView
from gui.theme import theme

if TYPE_CHECKING:
    from collections.abc import Iterable

_MARGIN: Final = 4.0
_PAD: Final = 12.0


def _tr(text: str) -> str:
    return QCoreApplication.translate("ComparisonMarks", text)


@final
class Ghost(QGraphicsItem):
    """A block that is gone, dashed, where it was."""

    def __init__(self, node: Node, at: QPointF) -> None:
        super().__init__()
        self.node = node
        self._title = node.label or node.id
        wide = QFontMetrics(theme().font("strong")).horizontalAdvance(self._title)
        self.body = QRectF(0.0, 0.0, max(MIN_WIDTH, wide + 2 * _PAD), block_height(1, 1, thumbnail=False))
        self.setPos(at)
        self.setZValue(0.5)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    def boundingRect(self) -> QRectF:
        return self.body.adjusted(-_MARGIN, -_MARGIN, _MARGIN, _MARGIN)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        look = theme()
        painter.setPen(look.pen("error", 1.5, Qt.PenStyle.DashLine))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(self.body, 8.0, 8.0)
        inside = self.body.adjusted(_PAD, 8.0, -_PAD, -8.0)
        painter.setPen(look.pen("secondary"))
        painter.setFont(look.font("strong"))
        painter.drawText(inside, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, self._title)
        painter.setPen(look.pen("error_text"))
        painter.setFont(look.font("caption"))
        painter.drawText(inside, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, _tr("removed"))


@final
class GhostWires(QGraphicsItem):
    """All wires that are gone, as one dashed path."""

    def __init__(self, path: QPainterPath) -> None:
        super().__init__()
        self._path = path
        self.setZValue(0.2)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    def boundingRect(self) -> QRectF:
        return self._path.boundingRect().adjusted(-_MARGIN, -_MARGIN, _MARGIN, _MARGIN)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        pen = QPen(theme().color("error"), 1.5, Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(self._path)


@final
class Marks:
    """Puts marks on a canvas and takes them away."""

    def __init__(self, canvas: CanvasView) -> None:
        self._canvas = canvas
        self._marked: dict[str, tuple[str, str]] = {}
        self._items: list[QGraphicsItem] = []
        self._flow = False

    def show(self, difference: GraphDifference, before: Project) -> None:
        """Mark this difference; `before` tells where the gone blocks were."""
        wanted = {node_id: ("success", _tr("new")) for node_id in difference.added}
        wanted |= {node_id: ("warning", _tr("changed")) for node_id in difference.changed}
        for old, new in difference.renamed.items():
            wanted[new] = ("warning", _tr("was {0}").format(old))
        for node_id in self._marked.keys() - wanted.keys():
            self._canvas.highlight(node_id, None)
            self._canvas.set_live_text(node_id, "")
        for node_id, (tone, text) in wanted.items():
            self._canvas.highlight(node_id, tone)
            self._canvas.set_live_text(node_id, text, tone)
        self._marked = wanted
        self._drop_items()
        ghosts: dict[str, Ghost] = {}
        if self._canvas.level.path:  # they stood at the top
            return
        if difference.removed:
            where = places(before, lambda _: (MIN_WIDTH, HEAD))
            ghosts = {node.id: Ghost(node, QPointF(*where[node.id])) for node in difference.removed}
        self._items = [*ghosts.values()]
        path = self._path(difference.wires_removed, ghosts)
        if not path.isEmpty():
            self._items.append(GhostWires(path))
        covered = QRectF()
        for item in self._items:
            self._canvas.items_.addItem(item)
            covered = covered.united(item.sceneBoundingRect())
        self._canvas.items_.guests = covered
        self._flow = bool(difference.wires_added) or self._flow
        if self._flow:
            color = theme().color("success")
            self._canvas.set_wire_flow({wire.ends: (color, 3.0) for wire in difference.wires_added})
            self._flow = bool(difference.wires_added)

    def clear(self) -> None:
        """No marks."""
        for node_id in self._marked:
            self._canvas.highlight(node_id, None)
            self._canvas.set_live_text(node_id, "")
        self._marked = {}
        self._drop_items()
        if self._flow:
            self._canvas.set_wire_flow({})
            self._flow = False

    def _drop_items(self) -> None:
        for item in self._items:
            if isValid(item):  # a scene made anew has dropped them by itself
                self._canvas.items_.removeItem(item)
        self._items = []
        self._canvas.items_.guests = QRectF()

    def _path(self, wires: Iterable[Wire], ghosts: Mapping[str, Ghost]) -> QPainterPath:
        path = QPainterPath()
        for wire in wires:
            start = self._end(wire.from_node, "out", wire.from_port, ghosts)
            end = self._end(wire.to_node, "in", wire.to_port, ghosts)
            if start is not None and end is not None:
                path.addPath(wire_path(start, end))
        return path

    def _end(self, node_id: str, side: str, port: str, ghosts: Mapping[str, Ghost]) -> QPointF | None:
        ghost = ghosts.get(node_id)
        if ghost is not None:
            body = ghost.body.translated(ghost.pos())
            return QPointF(body.right() if side == "out" else body.left(), body.center().y())
        item = self._canvas.items_.blocks.get(node_id)
        return None if item is None else item.port_place("out" if side == "out" else "in", port)
