"""One start of the app in its own process, seen from inside: `python -m tests.bench.starting BEGAN WHAT FILE`.

BEGAN is the parent's `time.perf_counter()` just before (one clock for all processes on Linux), WHAT is `empty` (a
window with nothing in it: what Qt alone takes), `start` (until an edit was accepted and taken back) or `idle` (further,
until PyTorch is there, and FILE is opened). Prints the figures as JSON.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QEvent, QEventLoop, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication, QMainWindow, QWidget

TICK: Final = 4
"""Milliseconds between two looks at the clock while PyTorch loads."""

figures: dict[str, float] = {}


class FirstPaint(QObject):
    """Tells when a widget was painted."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.done = False
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            QTimer.singleShot(0, self, self._painted)
        return False

    def _painted(self) -> None:
        self.done = True


def wait_for_paint(widget: QWidget) -> None:
    """Let events happen until a widget was painted."""
    paint = FirstPaint(widget)
    widget.update()
    while not paint.done:
        QApplication.processEvents()


def resident() -> float:
    """MiB of memory in use."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return float("nan")


class WatchedImports:
    """Notes when the import of the window begins, and wraps its construction when that is over."""

    def find_spec(self, name: str, *_: Any) -> None:
        """Called by Python's import system; finds nothing itself."""
        if name == "gui.main_window":
            figures["import_began"] = time.perf_counter()
        elif name == "gui.readying":
            figures["imported"] = time.perf_counter()
            window: Any = sys.modules["gui.main_window"].MainWindow
            make: Callable[..., None] = window.__init__

            def timed(*args: Any) -> None:
                begin = time.perf_counter()
                make(*args)
                figures["made"] = (time.perf_counter() - begin) * 1e3

            window.__init__ = timed


def first_edit(window: Any) -> None:
    """Add a block as a click in the list does, and undo it."""
    begin = time.perf_counter()
    blocks = len(window.document.project.graph.nodes)
    window.canvas.add_block("Dense", {})
    if len(window.document.project.graph.nodes) != blocks + 1:
        raise RuntimeError("the edit was not accepted")
    wait_for_paint(window.canvas.viewport())
    figures["edit"] = (time.perf_counter() - begin) * 1e3
    window.actions_.undo.trigger()
    if len(window.document.project.graph.nodes) != blocks:
        raise RuntimeError("the edit was not taken back")


def watch_loading(window: Any) -> None:
    """Until all is ready: the longest times without a turn, of this thread, before and while PyTorch loads."""
    from engine import session
    from gui.readying import Readying

    began: list[float] = []
    load = session.load

    def noted() -> None:
        began.append(time.perf_counter())
        load()
        figures["torch"] = (time.perf_counter() - began[0]) * 1e3

    session.load = noted
    over: list[bool] = []
    window.findChild(Readying).finished.connect(lambda: over.append(True))
    gaps: list[tuple[float, float]] = []
    last = time.perf_counter()

    def tick() -> None:
        nonlocal last
        now = time.perf_counter()
        gaps.append((now, (now - last) * 1e3 - TICK))
        last = now

    clock = QTimer()
    clock.setTimerType(Qt.TimerType.PreciseTimer)
    clock.timeout.connect(tick)
    clock.start(TICK)
    while not over:
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
    clock.stop()
    figures["stall_before"] = max(gap for at, gap in gaps if at <= began[0])
    figures["stall_torch"] = max(gap for at, gap in gaps if at > began[0])
    figures["ready"] = time.perf_counter()


def collections() -> None:
    """A full collection with all frozen, and as it would be without."""
    for name in ("frozen", "thawed"):
        if name == "thawed":
            gc.unfreeze()
            gc.collect()
        begin = time.perf_counter()
        gc.collect()
        figures[f"gc_{name}"] = (time.perf_counter() - begin) * 1e3


def run_app(argv: list[str], what: str, file: str) -> None:
    """The app's own start, with a stand-in for its event loop."""
    from gui.__main__ import main

    def instead_of_loop() -> int:
        window: Any = next(it for it in QApplication.topLevelWidgets() if it.objectName() == "mainWindow")
        wait_for_paint(window.canvas.viewport())
        figures["painted"] = time.perf_counter()
        first_edit(window)
        figures["usable"] = time.perf_counter()
        figures["processor"] = time.process_time() * 1e3
        figures["memory"] = resident()
        figures["modules"] = len(sys.modules)
        if what == "idle":
            watch_loading(window)
            figures["memory_ready"] = resident()
            collections()
            before, begin = resident(), time.perf_counter()
            if not window.open(file):
                raise RuntimeError(f"{file} was not opened")
            wait_for_paint(window.canvas.viewport())
            figures["open"] = (time.perf_counter() - begin) * 1e3
            figures["memory_opened"] = resident() - before
        window.document.undo_stack.setClean()
        window.close()
        return 0

    QApplication.exec = staticmethod(instead_of_loop)  # type: ignore[method-assign]
    sys.meta_path.insert(0, WatchedImports())
    main(argv)


def run_empty() -> None:
    """What Qt takes for a window with nothing in it."""
    app = QApplication([])
    window = QMainWindow()
    window.resize(1440, 900)
    window.show()
    wait_for_paint(window)
    figures["usable"] = time.perf_counter()
    figures["processor"] = time.process_time() * 1e3
    del app


if __name__ == "__main__":
    start, wanted, path = float(sys.argv[1]), sys.argv[2], sys.argv[3]
    figures["python"] = time.perf_counter()
    if wanted == "empty":
        run_empty()
    else:
        run_app([], wanted, path)
    moments = ("python", "import_began", "imported", "painted", "usable", "ready")
    figures.update({name: (figures[name] - start) * 1e3 for name in moments if name in figures})
    print(json.dumps(figures), flush=True)
