"""What the canvas costs, beside a trivial scene of plain rectangles and lines: `make bench` or
`python -m tests.bench.bench_canvas`.

Chain-linked graphs of 1,000 and 2,000 blocks on a viewport of 1440 × 900, drawn offscreen; medians in milliseconds of
this thread's processor time, so that a busy machine does not count. The last column is the ratio to
`QGraphicsRectItem`s and `QGraphicsLineItem`s in the same places, painted by Qt itself.
"""

from __future__ import annotations

import gc
import os
import statistics
import sys
import time
from collections.abc import Callable

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QApplication, QGraphicsScene, QGraphicsView

from engine import edits
from engine.graph import Graph, Node, Project, Wire
from gui.canvas.trail import way_through
from gui.canvas.view import CanvasView
from gui.document import Document
from gui.selection import Selection
from gui.theme import theme

SIZES = (1000, 2000)
VIEW = (1440, 900)
COLUMNS = 40
STEP_X, STEP_Y = 248.0, 112.0
ROUNDS = 15

Figures = dict[str, float]


def chain(count: int) -> Project:
    """Data, then layers and activations in turn, in rows."""
    nodes = [Node("n0", "Input")]
    nodes += [Node(f"n{index}", "Dense" if index % 2 else "Activation") for index in range(1, count)]
    graph, _ = Graph().add(*nodes)
    graph, _ = graph.connect(
        Wire("n0", "x", "n1", "in"), *(Wire(f"n{i}", "out", f"n{i + 1}", "in") for i in range(1, count - 1))
    )
    return edits.move_nodes(Project(graph=graph), {f"n{index}": place(index) for index in range(count)})[0]


def place(index: int) -> tuple[float, float]:
    return (index % COLUMNS * STEP_X, index // COLUMNS * STEP_Y)


def timed(what: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Median milliseconds of a call."""
    times = []
    for _ in range(rounds):
        start = time.thread_time()
        what()
        times.append((time.thread_time() - start) * 1e3)
    return statistics.median(times)


def flush() -> None:
    """Let everything that waits be painted."""
    QApplication.sendPostedEvents()
    QApplication.processEvents()


def repaint(view: QGraphicsView) -> None:
    """The whole viewport."""
    view.viewport().update()
    flush()


def canvas_figures(count: int) -> Figures:
    """The canvas of the app."""
    project = chain(count)
    document, selection = Document(project), Selection()
    gc.collect()

    start = time.thread_time()
    view = CanvasView(document, selection)
    view.resize(*VIEW)
    figures = {"build": (time.thread_time() - start) * 1e3}
    figures["rebuild"] = timed(view.items_.rebuild, 5)
    view.show()
    flush()
    middle = f"n{count // 2 + COLUMNS // 2}"
    centre = view.items_.blocks[middle].area.center()

    def drag(step: list[int]) -> None:
        step[0] += 1
        view.items_.shift({middle: QPointF(*place(int(middle[1:]))) + QPointF(step[0] % 2 * 24.0, 16.0)})
        flush()

    def everything(step: list[int]) -> None:
        step[0] += 1
        by = QPointF(step[0] % 2 * 8.0, 0.0)
        view.items_.shift({f"n{index}": QPointF(*place(index)) + by for index in range(count)})
        flush()

    for name, scale in (("fit", None), ("0.4", 0.4), ("1:1", 1.0)):
        if scale is None:
            view.fit(animated=False)
        else:
            view.camera.look_at(centre, scale, animated=False)
        repaint(view)
        figures[f"repaint {name}"] = timed(lambda: repaint(view))
        flips = [0]

        def zoom(flips: list[int] = flips) -> None:
            flips[0] += 1
            view.camera.zoom_by(1.02 if flips[0] % 2 else 1 / 1.02)
            flush()

        figures[f"zoom step {name}"] = timed(zoom)
        figures[f"drag one {name}"] = timed(lambda flips=flips: drag(flips))  # type: ignore[misc]
    view.fit(animated=False)
    flush()
    figures |= wire_figures(view, middle)
    counter = [0]
    figures["move all"] = timed(lambda: everything(counter), 6)
    figures["select all"] = timed(view.commands.select_all, 1)
    flush()
    figures["edit one"] = timed(lambda: edit_one(document, middle))
    view.close()
    view.deleteLater()
    flush()
    return figures


def wire_figures(view: CanvasView, node_id: str) -> Figures:
    """Finding all wires their ways, those near one block, and the way through a block to data and loss."""
    wires, graph = view.items_.wires, view.stage.document.project.graph
    ends = list(wires.at(view.items_.blocks))
    area = view.items_.blocks[node_id].area

    def route_near() -> None:
        view.items_.shift({node_id: area.topLeft() + QPointF(0.0, 64.0)})
        wires.reroute()
        view.items_.shift({node_id: area.topLeft()})
        wires.reroute()

    def route_all() -> None:
        for item in ends:
            wires._trace(item)

    figures = {"route all": timed(route_all, 5)}
    figures["route near one"] = timed(route_near)
    figures["highlight a path"] = timed(lambda: way_through(graph, [node_id]))
    return figures


def diamonds(count: int) -> Graph:
    """Residual blocks in a row: 2 to the power of `count` ways from end to end."""
    nodes, wires = [Node("n0", "Activation")], list[Wire]()
    for index in range(count):
        nodes += [Node(f"a{index}", "Activation"), Node(f"n{index + 1}", "Add")]
        before, inner, after = f"n{index}", f"a{index}", f"n{index + 1}"
        wires += [Wire(before, "out", inner, "in"), Wire(before, "out", after, "a"), Wire(inner, "out", after, "b")]
    return Graph.of(nodes, wires)


def edit_one(document: Document, node_id: str) -> None:
    """Change a parameter of a block in the middle: check, then show what changed."""
    node = document.project.graph.node(node_id)
    name = "out_features" if node.block == "Dense" else "negative_slope"
    value = 9 if node.params.get(name) != 9 else 8
    project, touched = edits.set_params(document.project, node_id, {name: value})
    document.edit("edit", project, touched)
    flush()


def plain_figures(count: int) -> Figures:
    """Rectangles and lines that Qt paints by itself."""
    start = time.thread_time()
    scene = QGraphicsScene()
    pen, brush = QPen(QColor("#3a4155")), QColor("#222633")
    pen.setCosmetic(True)
    boxes = [scene.addRect(QRectF(0, 0, 168, 56), pen, brush) for _ in range(count)]
    lines = [scene.addLine(QLineF(), pen) for _ in range(count - 1)]

    def put(index: int, at: QPointF) -> None:
        boxes[index].setPos(at)
        for line in (index - 1, index):
            if 0 <= line < count - 1:
                start, end = boxes[line].pos() + QPointF(168, 28), boxes[line + 1].pos() + QPointF(0, 28)
                lines[line].setLine(QLineF(start, end))

    for index in range(count):
        put(index, QPointF(*place(index)))
    view = QGraphicsView(scene)
    view.setRenderHints(QPainter.RenderHint.Antialiasing)
    view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    view.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    view.resize(*VIEW)
    figures = {"build": (time.thread_time() - start) * 1e3}
    view.show()
    flush()
    middle, flips = count // 2 + COLUMNS // 2, [0]

    def drag() -> None:
        flips[0] += 1
        put(middle, QPointF(*place(middle)) + QPointF(flips[0] % 2 * 24.0, 16.0))
        flush()

    def zoom() -> None:
        flips[0] += 1
        factor = 1.02 if flips[0] % 2 else 1 / 1.02
        view.scale(factor, factor)
        flush()

    def everything() -> None:
        flips[0] += 1
        for index in range(count):
            put(index, QPointF(*place(index)) + QPointF(flips[0] % 2 * 8.0, 0.0))
        flush()

    for name, scale in (("fit", None), ("0.4", 0.4), ("1:1", 1.0)):
        view.resetTransform()
        if scale is None:
            view.fitInView(scene.itemsBoundingRect(), Qt.AspectRatioMode.KeepAspectRatio)
        else:
            view.scale(scale, scale)
            view.centerOn(boxes[middle])
        repaint(view)
        figures[f"repaint {name}"] = timed(lambda: repaint(view))
        figures[f"zoom step {name}"] = timed(zoom)
        figures[f"drag one {name}"] = timed(drag)
    view.fitInView(scene.itemsBoundingRect(), Qt.AspectRatioMode.KeepAspectRatio)
    flush()
    figures["move all"] = timed(everything, 6)
    view.close()
    return figures


def report() -> dict[int, tuple[Figures, Figures]]:
    """Print the table; the figures by number of blocks, canvas and rectangles."""
    found = {}
    residual = diamonds(50)
    print(f"highlight a path, 50 residual diamonds: {timed(lambda: way_through(residual, ['n25'])):.2f} ms")
    for count in SIZES:
        canvas, plain = found[count] = canvas_figures(count), plain_figures(count)
        print(f"\n{count} blocks{'canvas':>22}{'rectangles':>14}{'ratio':>9}")
        for name, figure in canvas.items():
            base = plain.get(name)
            print(f"  {name:<22}{figure:>9.2f} ms" + (f"{base:>11.2f} ms{figure / base:>8.1f}×" if base else ""))
    return found


def test_canvas(qapp):
    theme().set_reduce_motion(True)
    try:
        figures = report()
    finally:
        theme().set_reduce_motion(None)
    for canvas, plain in figures.values():
        # From afar everything is painted in a few calls: cheaper than rectangles that are items.
        assert canvas["repaint fit"] < 2 * plain["repaint fit"]
        # A drag repaints where the block was and is, not the view.
        assert canvas["drag one 1:1"] < canvas["repaint 1:1"]


if __name__ == "__main__":
    application = QApplication(sys.argv)
    report()
