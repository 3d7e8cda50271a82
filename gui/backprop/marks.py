"""A moment on the canvas: the ring at its block, the wires that carry its values, and the values at them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPolygonF
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget
from shiboken6 import isValid

from engine.chains import Path
from engine.graph import Wire
from engine.moments import Backward, Forward, Moment, Objective, Outcome, Step, Update, Values
from engine.numeralparts import Numeral
from gui.backprop.card_places import Ground, find_place, points_along
from gui.backprop.entries import entry_of
from gui.backprop.leader import Leader
from gui.backprop.symbols import COLORS, SIGNS, Arrays, objectives_of, port_symbol
from gui.backprop.wire_value import WireValue
from gui.canvas.view import CanvasView
from gui.format import format_number
from gui.theme import theme

if TYPE_CHECKING:
    from gui.canvas.wire_item import WireItem

_WIDTH: Final = 4.0
_ARROW: Final = 9.0
_ROOM: Final = 7
HEADROOM: Final = 110.0
"""Above the network, for the values at its wires, in scene units."""
Carried = tuple[Wire, str, NDArray[Any], str, bool]
"""A wire, what its value is called, the value, and the port it is of: its name, and whether it is an output."""


@final
class Arrow(QGraphicsItem):
    """Which way the value goes: at the middle of a wire."""

    def __init__(self, at: QPointF, angle: float, color: str) -> None:
        super().__init__()
        self._color = color
        self.setPos(at)
        self.setRotation(angle)
        self.setZValue(4.0)

    def boundingRect(self) -> QRectF:
        return QRectF(-_ARROW, -_ARROW, 2 * _ARROW, 2 * _ARROW)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        path = QPainterPath()
        path.addPolygon(
            QPolygonF([QPointF(_ARROW, 0), QPointF(-_ARROW * 0.7, -_ARROW * 0.8), QPointF(-_ARROW * 0.7, _ARROW * 0.8)])
        )
        path.closeSubpath()
        painter.fillPath(path, theme().brush(self._color))


@final
class Marks:
    """Puts a moment on a canvas, and takes it away."""

    def __init__(self, canvas: CanvasView) -> None:
        self._canvas = canvas
        self._ringed: list[str] = []
        self.shows_route = False
        self.items: list[QGraphicsItem] = []

    def begin(self) -> None:
        """Make room: the values stand above the network, and the legend of the ports gives way."""
        self._give_room(HEADROOM)

    def end(self) -> None:
        """The canvas as it was."""
        self.clear()
        self._give_room(0.0)

    def _give_room(self, headroom: float) -> None:
        self._canvas.headroom = headroom
        self._canvas.floats.fold_legend(headroom > 0.0)
        if self._canvas.camera.fitted:
            self._canvas.fit()

    def show(self, step: Step, moment: Moment, phase: str, arrays: Arrays, numeral: Numeral | None = None) -> None:
        """Mark this moment, in the colour of its phase; and of what the wires carry the one number looked at."""
        self.clear()
        color = COLORS[phase]
        nodes = objectives_of(step) if isinstance(moment, Objective | Outcome) else {moment.node}
        for node in nodes:
            here = self._here(node)
            if here:
                inner = node.removeprefix(self._canvas.level.prefix)
                self._canvas.items_.highlight(here, color)
                words = _words(moment, numeral) if here == inner else inner.partition(".")[2]
                self._canvas.items_.set_live_text(here, f"{SIGNS[phase]} {words}".strip(), color)
                self._ringed.append(here)
        carried = list(self._carried(step, moment, arrays))
        flow = {wire.ends: (theme().color(color), _WIDTH) for wire, *_ in carried}
        self._canvas.items_.wires.set_flow(flow)
        back = isinstance(moment, Backward)
        cards: list[tuple[WireItem, WireValue]] = []
        for wire, name, array, port, out in carried:
            item = self._canvas.items_.wires.items.get(wire.ends)
            if item is not None:
                entry = entry_of(step, moment, numeral, port, array.shape, out=out)
                cards.append((item, WireValue(f"{'←' if back else '→'} {name}", array, color, entry)))
        self._put_cards(cards, color, back=back)

    def show_route(self, path: Path) -> None:
        """Mark a way from a weight to the loss: its blocks, with the local derivative of each, and its wires."""
        self.clear()
        color = COLORS["backward"]
        graph, prefix = self._canvas.level.project.graph, self._canvas.level.prefix
        flow: dict[tuple[str, str, str, str], tuple[QColor, float]] = {}
        passed: dict[str, float] = {}
        before = ""
        for factor in path.factors:
            here = self._here(factor.node) if factor.node else ""
            if not here:
                continue
            passed[here] = passed.get(here, 1.0) * factor.value
            for wire in graph.wires_into(here):
                source = f"{prefix}{wire.from_node}"
                named = factor.by.name in (source, f"{source}.{wire.from_port}")
                if wire.from_node == before and (named or here != factor.node.removeprefix(prefix)):
                    flow[wire.ends] = (theme().color(color), _WIDTH)
            before = here
        for here, value in passed.items():
            self._canvas.items_.highlight(here, color)
            self._canvas.items_.set_live_text(here, f"· {_brief(value)}", color)
            self._ringed.append(here)
        self._canvas.items_.wires.set_flow(flow)
        self.shows_route = True

    def clear(self) -> None:
        """No marks."""
        for here in self._ringed:
            self._canvas.items_.highlight(here, None)
            self._canvas.items_.set_live_text(here, "")
        self._canvas.items_.wires.set_flow({})
        self._canvas.items_.wires.hush(frozenset())
        for item in self.items:
            if isValid(item) and item.scene() is not None:  # a scene made anew has dropped them by itself
                self._canvas.items_.removeItem(item)
        self._ringed, self.items, self.shows_route = [], [], False

    def reveal(self, node: str) -> None:
        """See the block of a moment, and the values at its wires if there is room; what was made to fit stays so."""
        block, camera = self._canvas.items_.blocks.get(self._here(node)), self._canvas.camera
        if block is None:
            return
        area, seen = QRectF(block.area), camera.visible()
        if camera.fitted and seen.contains(area):
            return
        for item in self.items:
            wider = area.united(item.sceneBoundingRect())
            if wider.width() < 0.8 * seen.width() and wider.height() < 0.8 * seen.height():
                area = wider
        camera.reveal(area)

    def _covered(self) -> QRectF:
        """The part of the scene that lies behind the overview."""
        camera = self._canvas.camera
        over = camera.covered()
        return QRectF(camera.to_scene(over.topLeft()), camera.to_scene(over.bottomRight()))

    def _here(self, path: str) -> str:
        """The block on the level shown that is, or contains, a path; "" when it is elsewhere."""
        prefix = self._canvas.level.prefix
        if not path.startswith(prefix):
            return ""
        found = path.removeprefix(prefix).partition(".")[0]
        return found if found in self._canvas.items_.blocks else ""

    # -- what the wires carry --

    def _carried(self, step: Step, moment: Moment, arrays: Arrays) -> Iterator[Carried]:
        node = moment.node.removeprefix(self._canvas.level.prefix)
        if node not in self._canvas.items_.blocks:
            return
        graph = self._canvas.level.project.graph
        if isinstance(moment, Forward):
            inputs, outputs = _by_name(moment.inputs, arrays), _by_name(moment.outputs, arrays)
            for wire in graph.wires_into(node):
                if wire.to_port in inputs:
                    yield wire, port_symbol(wire.to_port), inputs[wire.to_port], wire.to_port, False
            for wire in graph.wires_out_of(node):
                if wire.from_port in outputs:
                    yield wire, port_symbol(wire.from_port), outputs[wire.from_port], wire.from_port, True
        elif isinstance(moment, Backward):
            inputs = _by_name(moment.inputs, arrays)
            for wire in graph.wires_into(node):
                if wire.to_port in inputs and wire.to_port != "target":
                    yield wire, f"∂L/∂{port_symbol(wire.to_port)}", inputs[wire.to_port], wire.to_port, False
            yield from self._arriving(moment, node, arrays)

    def _arriving(self, moment: Backward, node: str, arrays: Arrays) -> Iterator[Carried]:
        prefix = self._canvas.level.prefix
        for wire in self._canvas.level.project.graph.wires_out_of(node):
            for part in moment.upstream:
                if part.total.name != wire.from_port:
                    continue
                name = f"∂L/∂{port_symbol(wire.from_port)}"
                terms = {term.source: _array(term.values, arrays) for term in part.terms}
                reader = f"{prefix}{wire.to_node}"
                exact = terms.get(f"{reader}.{wire.to_port}")
                inside = [value for source, value in terms.items() if source.startswith(f"{reader}.")]
                found = _array(part.total, arrays) if not terms else exact
                if found is None and inside:  # a group, in which several blocks read it
                    found = np.sum(inside, axis=0)
                if found is not None:
                    yield wire, name, found, wire.from_port, True

    # -- where it is drawn --

    def _put_cards(self, cards: Sequence[tuple[WireItem, WireValue]], color: str, *, back: bool) -> None:
        if not cards:
            return
        scene = self._canvas.items_
        labels = {item.wire.ends: box for item in scene.wires.items.values() if (box := item.label_box) is not None}
        ground = Ground(
            blocks=[item.area for item in scene.blocks.values()],
            cards=[self._covered()],
            leaders=np.empty((0, 2)),
            labels=list(labels.values()),
            wires=np.concatenate([points_along(item.corners) for item in scene.wires.items.values()]),
            seen=self._canvas.camera.visible(),
        )
        for wire, card in sorted(cards, key=lambda pair: pair[0].path.length()):  # short ones have the least choice
            card.magnify(self._canvas.camera.zoom)
            place = find_place(wire.path, *card.size, ground)
            leaders = np.concatenate([ground.leaders, place.leader])
            ground = replace(ground, cards=[*ground.cards, place.box], leaders=leaders)
            card.put(place.box.center())
            part = 0.25 if back else 0.75  # near to where it goes
            slope = wire.path.angleAtPercent(part)
            arrow = Arrow(wire.path.pointAtPercent(part), -slope + (180.0 if back else 0.0), color)
            for item in (Leader(place.near, place.anchor, color), card, arrow):
                scene.addItem(item)
                self.items.append(item)
        covered = [item.sceneBoundingRect() for item in self.items]
        scene.wires.hush({ends for ends, box in labels.items() if any(box.intersects(each) for each in covered)})


def _words(moment: Moment, numeral: Numeral | None) -> str:
    if numeral is not None:
        return _brief(numeral.value)
    match moment:
        case Objective():
            return f"L {format_number(moment.loss)}"
        case Outcome():
            return f"L {format_number(moment.after)}"
        case Update():
            return moment.parameter.rpartition(".")[2]
        case Forward() if moment.outputs and moment.outputs[0].number is not None:
            return format_number(moment.outputs[0].number)
    return ""


def _brief(value: float) -> str:
    """A number that leaves room for the name of the block."""
    text = format_number(value, 3)
    if len(text) <= _ROOM or not math.isfinite(value):
        return text
    front, _, power = f"{value:.1e}".partition("e")
    return f"{front}e{int(power)}"


def _by_name(values: tuple[Values, ...], arrays: Arrays) -> Mapping[str, NDArray[Any]]:
    return {each.name: _array(each, arrays) for each in values}


def _array(values: Values, arrays: Arrays) -> NDArray[Any]:
    return values.array if values.array is not None else arrays[values.key]
