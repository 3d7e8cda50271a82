"""What frames, notes and the map cost on a large canvas, and finding and drawing for paper: `make bench` or
`python -m tests.bench.bench_decor`.

2,000 blocks in rows as in `bench_canvas`, plain and then with 50 frames and 20 notes; medians in milliseconds of this
thread's processor time.
"""

from __future__ import annotations

import os
import sys

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QApplication

from engine import decorations
from engine.graph import Project
from engine.mermaid import mermaid
from gui.canvas.carrying import Load
from gui.canvas.finding import find
from gui.canvas.view import CanvasView
from gui.document import Document
from gui.pictures import drawing
from gui.pictures.sheet import Format, Wanted
from gui.selection import Selection
from gui.theme import theme
from tests.bench.bench_canvas import COLUMNS, STEP_X, STEP_Y, VIEW, Figures, chain, flush, repaint, timed

BLOCKS = 2000
FRAMES, NOTES = 50, 20


def decorated(project: Project) -> Project:
    """With frames of four by two blocks in rows, and notes between them."""
    items: list[decorations.Decoration] = []
    for index in range(FRAMES):
        x, y = index % 10 * 4 * STEP_X - 24.0, index // 10 * 4 * STEP_Y - 40.0
        color = decorations.COLORS[index % len(decorations.COLORS)]
        items.append(decorations.Frame(f"frame{index}", f"Stage {index}", color, x, y, 3.8 * STEP_X, 2 * STEP_Y))
    for index in range(NOTES):
        x, y = index % 10 * 4 * STEP_X, index // 10 * 4 * STEP_Y + 2.2 * STEP_Y
        text = f"## Note {index}\n\nwith **some** words and\n\n- a list\n- of two"
        items.append(decorations.Note(f"note{index}", text, "amber", x, y, 240.0, 120.0))
    return decorations.put(project, *items)


def figures_of(project: Project) -> Figures:
    """The canvas with the map in its corner."""
    document = Document(project)
    view = CanvasView(document, Selection())
    view.resize(*VIEW)
    view.show()
    flush()
    figures: Figures = {}
    centre = view.items_.blocks[f"n{BLOCKS // 2 + COLUMNS // 2}"].area.center()
    for name, scale in (("fit", None), ("0.4", 0.4), ("1:1", 1.0)):
        if scale is None:
            view.fit(animated=False)
        else:
            view.camera.look_at(centre, scale, animated=False)
        repaint(view)
        figures[f"repaint {name}"] = timed(lambda: repaint(view))
        flips = [0]

        def pan(flips: list[int] = flips) -> None:
            flips[0] += 1
            view.camera.pan(16.0 if flips[0] % 2 else -16.0, 0.0)
            flush()

        figures[f"pan step {name}"] = timed(pan)
    figures["map drawn anew"] = timed(lambda: view.minimap._draw(1.0, view.minimap._all_boxes()))
    figures["find relu"] = timed(lambda: find(document.project, document.result, "relu"), 5)
    if view.items_.decor.items:
        load = Load(view.items_, (), {"frame0"})
        steps = [0]

        def carry() -> None:
            steps[0] += 1
            load.show(QPointF(steps[0] % 2 * 24.0, 16.0))
            flush()

        view.camera.look_at(view.items_.decor.items["frame0"].area.center(), 1.0, animated=False)
        figures["carry a frame"] = timed(carry)
        load.settle()
    view.close()
    view.deleteLater()
    flush()
    return figures


def paper_figures(project: Project) -> Figures:
    """Pictures of all blocks, and Mermaid text."""
    document = Document(project)
    figures = {f"draw {kind}": timed(lambda kind=kind: draw(document, kind), 3) for kind in ("svg", "pdf", "png")}  # type: ignore[misc]
    figures["write mermaid"] = timed(lambda: mermaid(document.project, document.result), 3)
    return figures


def draw(document: Document, kind: Format) -> None:
    drawing.draw(document.project, document.result, kind, Wanted(scale=1))


def report() -> tuple[Figures, Figures]:
    """Print the table; the figures without and with frames and notes."""
    project = chain(BLOCKS)
    plain, full = figures_of(project), figures_of(decorated(project))
    print(f"\n{BLOCKS} blocks{'plain':>20}{f'{FRAMES} frames, {NOTES} notes':>26}{'ratio':>9}")
    for name, figure in full.items():
        base = plain.get(name)
        print(f"  {name:<20}" + (f"{base:>9.2f} ms" if base else " " * 12) + f"{figure:>21.2f} ms", end="")
        print(f"{figure / base:>10.2f}×" if base else "")
    for name, figure in paper_figures(decorated(project)).items():
        print(f"  {name:<20}{'':>12}{figure:>21.2f} ms")
    return plain, full


def test_decor(qapp):
    theme().set_reduce_motion(True)
    try:
        plain, full = report()
    finally:
        theme().set_reduce_motion(None)
    for name in ("repaint fit", "repaint 0.4", "repaint 1:1"):
        assert full[name] < 2.5 * plain[name]


if __name__ == "__main__":
    application = QApplication(sys.argv)
    report()
