"""What pictures of all neurons cost, and how often they come: `make bench` or `python -m tests.bench.bench_heatmaps`.

A frame is one forward pass over the grid for all neurons, their colours, and painting them at the size they have in the
window. The networks are those of TensorFlow Playground, whose heatmaps of all neurons take 4.9, 14.9 and 10.1 ms a
frame for a grid of 100 × 100 (its own code in Chromium, on a machine of this kind). Processor time of this thread, so
that a busy machine does not count. Then a real window trains with pictures and without, in turns.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from typing import Any, Final, final

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import torch
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication, QStyleOptionGraphicsItem

from engine.frozen import freeze
from engine.graph import Project
from engine.probes.responses import SIDE, ResponseProbe
from engine.session import Until
from engine.training.loading import load
from engine.training.run import Run
from gui.canvas.block_item import BlockItem
from gui.canvas.face import make_face
from gui.canvas.look import Look
from gui.main_window import MainWindow
from gui.threads import GuiCollector, paint_in_one_thread
from gui.unit_pictures.tray import Shown, Tray
from tests.bench.rows import Row, keep, row
from tests.engine.training_projects import mlp

PLAYGROUND_MS: Final = {"circle 2-4-2-1": 4.9, "spiral 7-8-8-6-1": 14.9, "circle 2-8-8-1": 10.1}
FEATURES: Final = ["x1", "x2", "x1^2", "x2^2", "x1*x2", "sin(x1)", "sin(x2)"]
FRAMES: Final = 60
SECONDS: Final = 1.5
ROUNDS: Final = 7
EXAMPLES: Final = ("circle", "spiral")
BUSY: Final = "a frame waits five times what it costs: on cores that others keep busy (see load) both take longer"


def networks() -> dict[str, Project]:
    """As in `peers.md`: tanh but for the spiral's relu."""
    spiral: dict[str, Any] = {"dataset": "spiral", "features": FEATURES}
    return {
        "circle 2-4-2-1": mlp(4, 2, 1),
        "spiral 7-8-8-6-1": mlp(8, 8, 6, 1, data=freeze(spiral), hidden="relu"),
        "circle 2-8-8-1": mlp(8, 8, 1),
    }


def frames(project: Project, side: int) -> dict[str, list[float]]:
    """Milliseconds of each part of each frame: pictures of all blocks, as in the window at 100 %."""
    run = Run(load(project, None), lambda _: None)
    probe = ResponseProbe(run, side)
    result, graph = run.loaded.result, project.graph
    probe.look_at(frozenset(result.nodes), 0)
    event = probe.take()
    assert event is not None
    look = Look()
    blocks = {
        name: BlockItem(name, make_face(graph, graph.node(name), result.nodes[name], ()), look) for name in event.blocks
    }
    trays: dict[str, Tray] = {}
    for name, units in event.blocks.items():
        room = blocks[name].body.translated(0.0, 60.0)
        room.setHeight(54.0)
        trays[name] = Tray(blocks[name], Shown(units, room))
    paper, option = QImage(300, 300, QImage.Format.Format_ARGB32_Premultiplied), QStyleOptionGraphicsItem()
    painter = QPainter(paper)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    found: dict[str, list[float]] = {"forward": [], "colours": [], "painting": [], "frame": []}
    for _ in range(FRAMES):
        start = time.thread_time()
        event = probe.take()
        assert event is not None
        forward = time.thread_time()
        for name, units in event.blocks.items():
            trays[name].show_units(Shown(units, trays[name].shown.room))
            _ = trays[name].strip
        colours = time.thread_time()
        for tray in trays.values():
            tray.paint(painter, option, None)
        end = time.thread_time()
        for part, seconds in (
            ("forward", forward - start),
            ("colours", colours - forward),
            ("painting", end - colours),
            ("frame", end - start),
        ):
            found[part].append(1000 * seconds)
    painter.end()
    return found


def wait(seconds: float) -> None:
    """Let the event loop turn."""
    loop = QEventLoop()
    QTimer.singleShot(round(seconds * 1000), loop.quit)
    loop.exec()


@final
class Watched:
    """A window that trains an example."""

    def __init__(self, name: str) -> None:
        self.window = MainWindow()
        self.window.resize(1440, 900)
        self.window.show()
        self.window.files.open_example(f"{name}.chainrule")
        self.shown = 0
        pictures = self.window.neuron_pictures
        show = pictures._show

        def counted() -> None:
            self.shown += 1
            show()

        pictures._show = counted  # type: ignore[method-assign]
        wait(0.3)
        self.turn(pictures=True)

    def turn(self, *, pictures: bool) -> tuple[float, float]:
        """Steps and frames of pictures a second."""
        window, feed = self.window, self.window.feed
        window.neuron_pictures.action.setChecked(pictures)
        while feed.state == "running":
            wait(0.005)
        before, self.shown = feed.steps, 0
        began = time.perf_counter()
        feed.session.play(Until(epochs=1_000_000))
        wait(SECONDS)
        feed.session.pause()
        while feed.session.state == "running" or feed.state == "running":
            wait(0.002)
        seconds = time.perf_counter() - began
        return (feed.steps - before) / seconds, self.shown / seconds

    def close(self) -> None:
        """Without a question."""
        self.window.neuron_pictures.action.setChecked(True)
        self.window.document.undo_stack.setClean()
        self.window.feed.close()
        self.window.document.replace(Project())
        self.window.close()
        self.window.deleteLater()


def report() -> list[Row]:
    """Print the figures as they come, and keep them."""
    torch.set_num_threads(1)
    rows: list[Row] = []
    details: dict[str, dict[str, float]] = {}
    for name, project in networks().items():
        for side, most in ((SIDE, None), (100, PLAYGROUND_MS[name])):
            found = frames(project, side)
            claim = f"all heatmaps of {name}, {side} × {side}: a frame's forward pass, colours and painting"
            note = "" if most is None else "the goal is TF Playground's own time"
            rows.append(row(claim, found["frame"], "ms", at_most=most, note=note))
            details[claim] = {part: round(statistics.median(times), 3) for part, times in found.items()}
            print(claim, details[claim])
    for name in EXAMPLES:
        rows += window_rows(name)
    keep("heatmaps", rows, details)
    return rows


def window_rows(name: str) -> list[Row]:
    """A window with all its panels, with pictures and without, in turns."""
    watched = Watched(name)
    ratios, rates = [], []
    for _ in range(ROUNDS):
        without, _ = watched.turn(pictures=False)
        steps, rate = watched.turn(pictures=True)
        ratios.append(steps / without)
        rates.append(rate)
    watched.close()
    found = [
        row(f"{name}: steps/s in the window with neuron pictures / without", ratios),
        row(
            f"{name}: frames with all neuron pictures in the window while it trains",
            rates,
            "/s",
            at_least=60,
            note=BUSY,
        ),
    ]
    for each in found:
        print(f"{each.claim}: {each.median:.2f} ({each.low:.2f} - {each.high:.2f}) {each.unit}")
    return found


if __name__ == "__main__":
    paint_in_one_thread()
    with tempfile.TemporaryDirectory() as folder:  # the window of a first start, whatever the user's own shows
        os.environ |= {f"XDG_{name}_HOME": folder for name in ("CONFIG", "DATA", "STATE")}
        application = QApplication(sys.argv)
        collector = GuiCollector(application)
        report()
        collector.stop()
