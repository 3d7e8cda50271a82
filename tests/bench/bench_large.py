"""Large graphs on the canvas: `python -m tests.bench.bench_large`, and part of `make bench`.

2,000 blocks are opened from a file; on 10,000 blocks the view is panned and zoomed and blocks are dragged, at several
scales; `--platform xcb` draws under Xvfb instead of offscreen. Times are of this thread's processor, in milliseconds:
median and 95th percentile. The last column is the ratio to a graph of a tenth: what does not grow with the graph has a
ratio near 1.
"""

from __future__ import annotations

import gc
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QApplication

from engine import edits, files
from engine.facts import FactsCache
from engine.graph import Wire
from engine.plan import check
from gui.canvas.carrying import Load
from gui.canvas.layout.layered import layered
from gui.canvas.trail import way_through
from gui.canvas.view import CanvasView
from gui.document import Document
from gui.selection import Selection
from gui.theme import theme
from tests.bench.bench_canvas import COLUMNS, VIEW, chain, flush, place, repaint, timed
from tests.bench.peers.chainrule_canvas import ChainruleCanvas
from tests.bench.peers.editor import diamonds
from tests.bench.platforms import choose
from tests.bench.rows import Row, keep, row

LARGE, SMALL, OPENED = 10_000, 1_000, 2_000
STEPS = 60
UNDO_STEPS = 200
DIAMONDS = 50
SCALES = ((None, "fit"), (0.4, "0.4"), (1.0, "1:1"))

GOALS = {"repaint fit": 16.0, "repaint 1:1": 8.0, "drag one 1:1": 8.0, "drag 200 fit": 8.0, "drag 200 1:1": 8.0}
"""Milliseconds that a gesture may take at most in the graph that is opened."""
LARGE_GOALS = {"pan": 33.0, "drag one": 16.0, "drag 200": 16.0}
Spread = tuple[float, float]


def spread(what: Callable[[int], object], steps: int = STEPS) -> Spread:
    """Median and 95th percentile of so many steps."""
    times = []
    for turn in range(steps):
        start = time.thread_time()
        what(turn)
        times.append((time.thread_time() - start) * 1e3)
    return statistics.median(times), statistics.quantiles(times, n=20)[-1]


def opened() -> float:
    """Milliseconds from a file of 2,000 blocks to its picture."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.chainrule"
        files.save(chain(OPENED), path)
        document, selection = Document(), Selection()
        view = CanvasView(document, selection)
        view.resize(*VIEW)
        view.show()
        flush()
        start = time.thread_time()
        document.replace(files.load(path), path)
        flush()
        took = (time.thread_time() - start) * 1e3
        view.close()
        view.deleteLater()
        flush()
    return took


def undo_bytes(count: int) -> float:
    """Bytes that one undo step keeps alive: a parameter set, a block moved."""
    document = Document(chain(count))
    middle = f"n{count // 2}"

    def step(turn: int) -> None:
        if turn % 2:
            project, _ = edits.move_nodes(document.project, {middle: (8.0 * turn, 0.0)})
            document.edit("move", project, moved=frozenset({middle}))
        else:
            document.edit("edit", *edits.set_params(document.project, middle, {"out_features": 10 + turn}))

    for turn in range(10):
        step(turn)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for turn in range(10, 10 + UNDO_STEPS):
        step(turn)
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return (after - before) / UNDO_STEPS


def figures(count: int) -> dict[str, Spread]:
    """Every gesture on a graph of that size."""
    document, selection = Document(chain(count)), Selection()
    view = CanvasView(document, selection)
    view.resize(*VIEW)
    view.show()
    flush()
    rows = count // COLUMNS
    middle = f"n{rows // 2 * COLUMNS + COLUMNS // 2}"
    at = QPointF(*place(int(middle[1:])))
    many = [f"n{int(middle[1:]) + index}" for index in range(-100, 100)]
    found: dict[str, Spread] = {}
    for scale, name in SCALES:
        if scale is None:
            view.fit(animated=False)
        else:
            view.camera.look_at(at, scale, animated=False)
        flush()
        centre, by = view.camera.centre, 24.0 / view.camera.scale

        def pan(turn: int, centre: QPointF = centre, by: float = by) -> None:
            view.camera.look_at(centre + QPointF(by * (turn % 20), by * (turn % 7)), view.camera.scale, animated=False)
            flush()

        def zoom(turn: int) -> None:
            view.camera.zoom_by(1.02 if turn % 2 else 1 / 1.02)
            flush()

        def drag(turn: int, names: list[str]) -> None:
            offset = QPointF(turn % 2 * 24.0, 16.0)
            view.items_.shift({name: QPointF(*place(int(name[1:]))) + offset for name in names})
            flush()

        found[f"repaint {name}"] = spread(lambda _: repaint(view))
        found[f"pan {name}"] = spread(pan)
        found[f"zoom {name}"] = spread(zoom)
        found[f"drag one {name}"] = spread(lambda turn: drag(turn, [middle]))
        found[f"drag 200 {name}"] = spread(lambda turn: drag(turn, many))

    def edit(turn: int) -> None:
        document.edit("edit", *edits.set_params(document.project, middle, {"out_features": 10 + turn}))
        flush()

    def add(_: int) -> None:
        view.add_block("Dropout")
        flush()

    view.fit(animated=False)
    view.commands.select_all()
    flush()
    load = Load(view.items_, selection.ids, ())

    def drag_all(turn: int) -> None:
        load.show(QPointF(turn % 2 * 24.0 + 8.0, 16.0))
        flush()

    found["drag all fit"] = spread(drag_all, 20)
    load.settle()
    selection.set(())
    view.camera.look_at(at, 1.0, animated=False)
    flush()
    found["edit one"] = spread(edit)
    found["add a block"] = spread(add, 20)
    view.close()
    view.deleteLater()
    flush()
    return found


def on_diamonds(count: int) -> dict[str, float]:
    """What walks through the graph, on residual diamonds in a row: milliseconds."""
    canvas = ChainruleCanvas()
    head, wires = diamonds(count)
    canvas.build(head + 1, wires, source=head)
    scene, level = canvas.view.items_, canvas.view.level
    graph = level.project.graph
    lookup = FactsCache(None).lookup
    wired, touched = edits.connect(level.project, Wire(f"n{head}", "x", "n0", "in"))
    made = {
        "check a wire, drawn from the output": timed(lambda: canvas.check(head, 0, backwards=False)),
        "check a wire, drawn from the input": timed(lambda: canvas.check(head, 0, backwards=True)),
        "arrange": timed(lambda: layered(graph, scene.size_of)),
        "highlight a path": timed(lambda: way_through(graph, ["n0"])),
        "re-plan after an edit of the head": timed(lambda: check(wired, lookup, canvas.document.result, touched)),
    }
    canvas.view.deleteLater()
    return made


def report() -> dict[str, Spread]:
    """Print the table; the figures of the large graph."""
    opening, undo = opened(), {SMALL: undo_bytes(SMALL), LARGE: undo_bytes(LARGE)}
    print(f"\nopening {OPENED:,} blocks from a file: {opening:.0f} ms")
    print(f"undo step: {undo[SMALL]:,.0f} bytes at {SMALL:,} blocks, {undo[LARGE]:,.0f} at {LARGE:,}")
    by_size = {count: figures(count) for count in (SMALL, OPENED, LARGE)}
    small, large = by_size[SMALL], by_size[LARGE]
    for count in (OPENED, LARGE):
        print(f"{count:,} blocks{'p50':>22}{'p95':>10}{f'of {SMALL:,}':>14}")
        for name, (middle, p95) in by_size[count].items():
            print(f"  {name:<20}{middle:>9.2f} {p95:>9.2f}  {middle / small[name][0]:>11.1f}×")
    few, many = on_diamonds(DIAMONDS), on_diamonds(10 * DIAMONDS)
    print(f"{DIAMONDS} residual diamonds{'ms':>22}{f'of {10 * DIAMONDS}':>14}")
    for name, figure in few.items():
        print(f"  {name:<38}{figure:>6.2f}{many[name] / figure:>12.1f}×")
    kept = {str(count): found for count, found in by_size.items()}
    rows = [
        row(f"opening {OPENED:,} blocks from a file", [opening], "ms", at_most=1000),
        *(p95_row(f"{OPENED:,} blocks, {name}", by_size[OPENED][name], most) for name, most in GOALS.items()),
        *(p95_row(f"{LARGE:,} blocks, {name}", spread, most_of(name)) for name, spread in large.items()),
        row(f"add a block: {LARGE:,} blocks / {SMALL:,}", [large["add a block"][0] / small["add a block"][0]]),
        *(row(f"undo step at {count:,} blocks", [size], "bytes") for count, size in undo.items()),
        *(row(f"{DIAMONDS} residual diamonds: {name}", [took], "ms", at_most=5) for name, took in few.items()),
    ]
    keep("large", rows, {**kept, "diamonds": few, f"{10 * DIAMONDS} diamonds": many})
    return large


def p95_row(claim: str, found: Spread, most: float | None) -> Row:
    """The 95th percentile is what counts; the median stands beside it."""
    middle, p95 = found
    return Row(f"{claim}: p95, from the median", p95, middle, p95, "ms", at_most=most)


def most_of(gesture: str) -> float | None:
    """What a gesture may take in the largest graph."""
    return next((most for kind, most in LARGE_GOALS.items() if gesture.startswith(kind)), None)


def test_large_graphs(qapp):
    theme().set_reduce_motion(True)
    try:
        found = report()
    finally:
        theme().set_reduce_motion(None)
    # A block that is dragged repaints itself, however many others there are.
    assert found["drag one 1:1"][0] < found["zoom fit"][0]


if __name__ == "__main__":
    choose("tests.bench.bench_large")
    application = QApplication(sys.argv)
    theme().set_reduce_motion(True)
    report()
