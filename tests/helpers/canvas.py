"""A canvas to work on with a real mouse, and graphs to put on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine import edits
from engine.graph import Point, Project, Wire
from gui.canvas.face import Side
from gui.canvas.mime import BLOCK_MIME
from gui.canvas.view import CanvasView
from gui.document import Document
from gui.selection import Selection

LEFT = Qt.MouseButton.LeftButton
MIDDLE = Qt.MouseButton.MiddleButton
NO_KEYS = Qt.KeyboardModifier.NoModifier


def make_project(
    nodes: dict[str, tuple[str, Point, dict[str, Any]]], wires: tuple[str, ...] = (), *, placed: bool = True
) -> Project:
    """A project from `id: (kind, place, params)` and wires such as `a.out > b.in`."""
    project = Project()
    for node_id, (kind, place, params) in nodes.items():
        project, _, _ = edits.add_node(project, kind, place, node_id=node_id, params=params)
    for text in wires:
        (start, out), (end, into) = (place.split(".") for place in text.split(" > "))
        project, _ = edits.connect(project, Wire(start, out, end, into))
    if not placed:
        project = Project(graph=project.graph)
    return project


def small_net(*, placed: bool = True) -> Project:
    """Spiral → dense → tanh → loss, the target not yet connected, and a convolution that fits nowhere."""
    return make_project(
        {
            "data": ("Input", (0.0, 0.0), {"dataset": "spiral"}),
            "dense": ("Dense", (320.0, 0.0), {"out_features": 1}),
            "act": ("Activation", (600.0, 0.0), {"function": "tanh"}),
            "loss": ("Loss", (880.0, 0.0), {"function": "mse"}),
            "conv": ("Conv2d", (320.0, 240.0), {}),
        },
        ("data.x > dense.in", "dense.out > act.in", "act.out > loss.prediction"),
        placed=placed,
    )


def chain(length: int) -> Project:
    """Data, then so many activations in rows of twenty, each wired to the next; made at once."""
    nodes: dict[str, tuple[str, Point, dict[str, Any]]] = {"n0": ("Input", (0.0, 0.0), {"dataset": "circle"})}
    for index in range(1, length):
        nodes[f"n{index}"] = ("Activation", (index % 20 * 248.0, index // 20 * 120.0), {})
    wires = ("n0.x > n1.in", *(f"n{index}.out > n{index + 1}.in" for index in range(1, length - 1)))
    return make_project(nodes, wires)


@dataclass
class Easel:
    """A canvas at 100 % whose scene origin lies at (40, 40) of the viewport, and hands to work on it."""

    view: CanvasView
    document: Document
    selection: Selection
    held: Qt.MouseButton = Qt.MouseButton.NoButton

    @property
    def selected(self) -> set[str]:
        """The ids of the selected blocks."""
        return set(self.selection.ids)

    @property
    def viewport(self) -> Any:
        return self.view.viewport()

    @property
    def graph(self) -> Any:
        return self.document.project.graph

    def wires(self) -> set[str]:
        """The document's wires as text."""
        return {str(wire) for wire in self.graph.iter_wires()}

    def undo(self) -> None:
        self.document.undo_stack.undo()

    # -- places --

    def spot(self, x: float, y: float) -> QPoint:
        """A place of the scene on the viewport."""
        return self.view.camera.to_view(QPointF(x, y)).toPoint()

    def port(self, node_id: str, side: Side, name: str) -> QPoint:
        place = self.view.items_.blocks[node_id].port_place(side, name)
        assert place is not None
        return self.spot(place.x(), place.y())

    def block(self, node_id: str) -> QPoint:
        """The middle of a block's name."""
        place = self.view.items_.blocks[node_id].title_rect().center()
        return self.spot(place.x(), place.y())

    # -- hands --

    def press(self, at: QPoint, keys: Qt.KeyboardModifier = NO_KEYS, button: Qt.MouseButton = LEFT) -> None:
        self.held = button
        QTest.mousePress(self.viewport, button, keys, at)

    def move(self, at: QPoint, keys: Qt.KeyboardModifier = NO_KEYS) -> None:
        """Sent to the viewport itself: QTest moves the pointer, and another window may lie under that."""
        place, over = QPointF(at), QPointF(self.viewport.mapToGlobal(at))
        none = Qt.MouseButton.NoButton
        QApplication.sendEvent(self.viewport, QMouseEvent(QEvent.Type.MouseMove, place, over, none, self.held, keys))

    def release(self, at: QPoint, keys: Qt.KeyboardModifier = NO_KEYS, button: Qt.MouseButton = LEFT) -> None:
        self.held = Qt.MouseButton.NoButton
        QTest.mouseRelease(self.viewport, button, keys, at)

    def click(self, at: QPoint, keys: Qt.KeyboardModifier = NO_KEYS, button: Qt.MouseButton = LEFT) -> None:
        QTest.mouseClick(self.viewport, button, keys, at)

    def double_click(self, at: QPoint) -> None:
        QTest.mouseDClick(self.viewport, LEFT, NO_KEYS, at)
        QTest.mouseRelease(self.viewport, LEFT, NO_KEYS, at)

    def drag(
        self, start: QPoint, end: QPoint, keys: Qt.KeyboardModifier = NO_KEYS, button: Qt.MouseButton = LEFT
    ) -> None:
        """Press, move in three steps, release."""
        self.press(start, keys, button)
        self.carry(start, end, keys)
        self.release(end, keys, button)

    def carry(self, start: QPoint, end: QPoint, keys: Qt.KeyboardModifier = NO_KEYS) -> None:
        for part in (0.3, 0.7, 1.0):
            self.move(start + (end - start) * part, keys)

    def scroll(self, at: QPoint, notches: float, keys: Qt.KeyboardModifier = NO_KEYS) -> None:
        """Turn a mouse wheel."""
        self._wheel(at, QPoint(), QPoint(0, round(120 * notches)), Qt.ScrollPhase.NoScrollPhase, keys)

    def swipe(self, at: QPoint, pixels: QPoint) -> None:
        """Move two fingers on a touchpad."""
        self._wheel(at, pixels, pixels * 8, Qt.ScrollPhase.ScrollUpdate, NO_KEYS)

    def _wheel(
        self, at: QPoint, pixels: QPoint, angle: QPoint, phase: Qt.ScrollPhase, keys: Qt.KeyboardModifier
    ) -> None:
        place, none = QPointF(at), Qt.MouseButton.NoButton
        QApplication.sendEvent(self.viewport, QWheelEvent(place, place, pixels, angle, none, keys, phase, False))

    def key(self, key: Qt.Key, keys: Qt.KeyboardModifier = NO_KEYS) -> None:
        QTest.keyClick(self.view, key, keys)

    def type(self, text: str) -> None:
        """Into whatever has the focus."""
        focus = QApplication.focusWidget()
        assert focus is not None
        QTest.keyClicks(focus, text)

    def drop(self, kind: str, at: QPoint) -> bool:
        """Drag a block from the palette and drop it; whether the canvas took it."""
        data = QMimeData()
        data.setData(BLOCK_MIME, kind.encode())
        where = QPointF(at)
        copy, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
        enter = QDragEnterEvent(at, copy, data, LEFT, none)
        QApplication.sendEvent(self.viewport, enter)
        if not enter.isAccepted():
            return False
        QApplication.sendEvent(self.viewport, QDragMoveEvent(at, copy, data, LEFT, none))
        event = QDropEvent(where, copy, data, LEFT, none)
        QApplication.sendEvent(self.viewport, event)
        return event.isAccepted()


def make_easel(qtbot: QtBot, project: Project | None = None, *, size: tuple[int, int] = (1280, 720)) -> Easel:
    """A shown canvas of a document."""
    document, selection = Document(project), Selection()
    view = CanvasView(document, selection)
    qtbot.addWidget(view)
    view.resize(*size)
    with qtbot.waitActive(view):
        view.show()
        view.activateWindow()
    view.setFocus()
    view.camera.look_at(QPointF(size[0] / 2 - 40, size[1] / 2 - 40), 1.0, animated=False)
    return Easel(view, document, selection)
