"""How long a moment takes in each view of the backprop mode: `python -m tests.bench.bench_backprop [EXAMPLE] [BATCH]`.

Processor time of the window's thread, which a busy machine does not change much, from the move of the cursor until
everything is painted. Formulas are drawn in another thread, later.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication

from engine import edits
from engine.moments import Forward, Moment, Update
from gui.backprop.symbols import with_numbers
from gui.backprop.worked import Line
from gui.main_window import MainWindow
from tests.bench.rows import keep, row
from tests.helpers.shots import wait

PATIENCE = 60.0
MOST = 40


def opened(example: str, batch: int) -> MainWindow:
    """The window in the mode, its first step taken apart."""
    window = MainWindow()
    window.resize(1440, 900)
    window.show()
    window.files.open_example(f"{example}.chainrule")
    window.document.edit("settings", *edits.set_training(window.document.project, {"batch_size": batch}))
    window.actions_.backprop.trigger()
    end = time.perf_counter() + PATIENCE
    while window.backprop.step is None:
        if time.perf_counter() > end:
            raise TimeoutError(window.backprop.panel.message)
        wait(50)
    wait(500)
    return window


def name_of(moment: Moment) -> str:
    """`Forward conv1`."""
    return f"{type(moment).__name__} {getattr(moment, 'parameter', moment.node)}"


def walk(window: MainWindow, key: str) -> list[tuple[float, str]]:
    """Milliseconds of each moment that a view fits, and which moment."""
    mode = window.backprop
    assert mode.step is not None
    mode.panel.choose(key)
    found = []
    for at, moment in enumerate(mode.step.moments):
        began = time.thread_time()
        mode.go(at)
        QApplication.processEvents()
        took = 1000 * (time.thread_time() - began)
        if mode.panel.lens.key == key and at:
            found.append((took, name_of(moment)))
        wait(5)
    return found


def inside(window: MainWindow) -> list[tuple[float, str]]:
    """Milliseconds of the first places one level further inside, from the first moment that has any."""
    mode = window.backprop
    assert mode.step is not None
    if mode.levels.level == "block":
        mode.go(next(moment.index for moment in mode.step.moments if isinstance(moment, Forward) and moment.weights))
    mode.go_in()
    end = time.perf_counter() + PATIENCE
    while not mode.levels.ready and time.perf_counter() < end:
        wait(20)
    found = []
    for position in range(min(MOST, mode.count)):
        began = time.thread_time()
        mode.walk(position)
        QApplication.processEvents()
        if position:
            found.append((1000 * (time.thread_time() - began), f"place {position}"))
        wait(5)
    return found


def lines_of(window: MainWindow) -> list[tuple[float, str]]:
    """Milliseconds for the formulas with numbers alone."""
    mode = window.backprop
    assert mode.step is not None
    found = []
    for moment in mode.step.moments:
        began = time.thread_time()
        lines: list[Line] = with_numbers(mode.step, moment, mode.panel.shown.arrays) if mode.panel.shown else []
        took = 1000 * (time.thread_time() - began)
        found.append((took, name_of(moment)))
        if not lines and isinstance(moment, Forward | Update) and moment.block != "Input":
            print(f"  without numbers: {name_of(moment)}")
    return found


def slides(window: MainWindow) -> list[tuple[float, str]]:
    """Milliseconds for the window of the convolution view to go one place on, in every way of every moment."""
    mode = window.backprop
    assert mode.step is not None
    lens = mode.panel.lenses.get("convolution")
    found: list[tuple[float, str]] = []
    if lens is None:
        return found
    mode.panel.choose("convolution")
    for at, moment in enumerate(mode.step.moments):
        mode.go(at)
        if mode.panel.lens is not lens:
            continue
        QApplication.processEvents()
        for way in lens.scenes.ways:  # type: ignore[attr-defined]
            lens._show(way)  # type: ignore[attr-defined]
            QApplication.processEvents()
            began = time.thread_time()
            lens._move(0, 1)  # type: ignore[attr-defined]
            QApplication.processEvents()
            found.append((1000 * (time.thread_time() - began), f"{name_of(moment)}, {way}"))
    return found


def report(title: str, found: list[tuple[float, str]]) -> None:
    """One line a view."""
    if found:
        times = sorted(took for took, _ in found)
        p90 = times[min(len(times) - 1, round(0.9 * (len(times) - 1)))]
        worst, where = max(found)
        print(
            f"{title:<28}{len(found):>4} moments   p50 {statistics.median(times):6.1f} ms   p90 {p90:6.1f} ms   "
            f"worst {worst:6.1f} ms   ({where})"
        )


def main() -> None:
    """Print the figures. The settings of the person who measures are left alone."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CONFIG_HOME"] = folder
        measure()


def measure() -> None:
    """Print the figures."""
    example = sys.argv[1] if len(sys.argv) > 1 else "fashion-cnn"
    batch = int(sys.argv[2]) if len(sys.argv) > 2 else 32
    app = QApplication.instance() or QApplication([])
    window = opened(example, batch)
    print(f"{example}, batch {batch}")
    everything: list[tuple[float, str]] = []
    for key in window.backprop.panel.lenses:
        if key == "numeral":  # inside of blocks alone
            continue
        report(f"view {key}, first walk", walk(window, key))
        found = walk(window, key)
        report(f"view {key}", found)
        everything += found
    for level in ("neuron", "weight"):
        found = inside(window)
        report(f"view numeral, level {level}", found)
        everything += found
    report("all views", everything)
    claim = f"{example}, batch {batch}: a moment of a step, computed and painted in the window's thread"
    keep("backprop", [row(claim, [took for took, _ in everything], "ms", at_most=33)])
    report("formulas with numbers", lines_of(window))
    report("window goes one place on", slides(window))
    window.document.undo_stack.setClean()
    window.close()
    window.deleteLater()
    app.processEvents()


if __name__ == "__main__":
    main()
