"""What watching costs: training with and without the window, how late the GUI is meanwhile, and what each panel draws.

Run it with `pytest -s tests/bench/test_bench_window.py`. Training watched and training alone take turns in one process,
and each turn is compared with the one before it, which a busy machine slows alike.
"""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import final

import numpy as np
import pytest
from PySide6.QtCore import QElapsedTimer, QEvent, QEventLoop, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication

from engine import assets, files, session
from engine.events import Event, Scalars, StateChanged
from engine.session import Session, Until
from engine.snapshots import Gradients, ImageGrid, Progress, Surface, WeightHistograms
from gui.main_window import MainWindow
from gui.threads import GuiCollector, paint_in_one_thread
from tests.bench.rows import Row, keep, row

ROUNDS = 9
SECONDS = 1.5
IDLE_SECONDS = 2.0
TICK_MS = 10
DRAWS = 15
ENDLESS = Until(epochs=1_000_000)
SHOWN: dict[type[Event], str] = {
    Progress: "numbers of the run",
    Scalars: "Loss",
    Gradients: "Gradients",
    WeightHistograms: "Weights",
    Surface: "Output (surface)",
    ImageGrid: "Output (images)",
}


def wait(seconds: float) -> None:
    """Let the event loop turn."""
    loop = QEventLoop()
    QTimer.singleShot(round(seconds * 1000), loop.quit)
    loop.exec()


@final
class Lateness:
    """How late a timer of the GUI thread fires, in ms."""

    def __init__(self) -> None:
        self.values: list[float] = []
        self._clock = QElapsedTimer()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def _tick(self) -> None:
        self.values.append(max(0.0, self._clock.nsecsElapsed() / 1e6 - TICK_MS))
        self._clock.restart()

    @contextmanager
    def measured(self) -> Iterator[None]:
        self._clock.restart()
        self._timer.start(TICK_MS)
        yield
        self._timer.stop()

    def __str__(self) -> str:
        p50, p99 = np.percentile(self.values, [50, 99])
        return f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, worst {max(self.values):.1f} ms"


@final
class Alone:
    """A session that nobody watches."""

    def __init__(self, path: Path) -> None:
        self.session = session.open(files.load(path), folder=path.parent)
        self._step = 0

    def steps(self) -> int:
        """How many steps it has made; it holds."""
        while self.session.state not in ("paused", "ready", "finished"):
            wait(0.005)
        wait(0.02)  # the state is known a moment before it is told
        told = [event.step for event in self.session.mailbox.drain() if isinstance(event, StateChanged)]
        self._step = told[-1] if told else self._step
        return self._step


@final
class Watched:
    """A window with its panels, and its session."""

    def __init__(self, path: Path) -> None:
        self.window = MainWindow()
        self.window.resize(1440, 900)
        self.window.show()
        self.window.document.open_copy(path)
        self.latest: dict[type[Event], Event] = {}
        for kind in SHOWN:
            self.window.feed.on(kind, self._note)
        wait(0.5)

    def _note(self, event: Event) -> None:
        self.latest[type(event)] = event

    @property
    def session(self) -> Session:
        return self.window.feed.session

    def steps(self) -> int:
        """How many steps it has made; it holds."""
        while self.session.state not in ("paused", "ready", "finished") or self.window.feed.state == "running":
            wait(0.005)
        return self.window.feed.steps

    def drawing(self, event: Event) -> float:
        """Milliseconds of the GUI thread to take an event and paint what it changes."""
        costs = []
        for index in range(DRAWS):
            if isinstance(event, Scalars):
                event = Scalars(event.steps + event.steps.size, event.loss, event.epochs + index / 100)
            elif isinstance(event, Progress):
                event = replace(event, step=event.step + 1)
            self.session.mailbox.post(replace(event))  # another one, or it would be known
            began = time.thread_time()
            self.window.feed.drain()
            wait(0.06)
            costs.append(1000 * (time.thread_time() - began))
        return statistics.median(costs)

    def drawings(self) -> dict[str, float]:
        """The same of each kind of event that came, the one of a panel behind another included."""
        costs = {SHOWN[kind]: self.drawing(event) for kind, event in tuple(self.latest.items())}
        self.window.docks.show("weightPlot")
        while WeightHistograms not in self.latest:
            wait(0.01)
        costs[SHOWN[WeightHistograms]] = self.drawing(self.latest[WeightHistograms])
        return costs

    def close(self) -> None:
        self.window.feed.close()
        self.window.document.undo_stack.setClean()
        self.window.close()
        self.window.deleteLater()


def turn(of: Alone | Watched) -> float:
    """Steps a second."""
    before = of.steps()
    began = time.perf_counter()
    of.session.play(ENDLESS)
    wait(SECONDS)
    of.session.pause()
    while of.session.state == "running":
        wait(0.002)
    seconds = time.perf_counter() - began
    return (of.steps() - before) / seconds


@final
class Happenings(QObject):
    """Counts what wakes the application, but for the one timer that ends the wait."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Paint, QEvent.Type.UpdateRequest, QEvent.Type.Timer):
            self.counts[event.type().name] += 1
        return False


def idle() -> tuple[float, Counter[str]]:
    """Per cent of a core that an open window takes while nothing happens, and what happens all the same."""
    found, app = Happenings(), QApplication.instance()
    assert app is not None
    wait(1.0)
    app.installEventFilter(found)
    began = time.process_time()
    wait(IDLE_SECONDS)
    used = time.process_time() - began
    app.removeEventFilter(found)
    found.counts["Timer"] -= 1
    return 100 * used / IDLE_SECONDS, +found.counts


@pytest.fixture
def collector(qapp: QApplication) -> Iterator[None]:
    """Garbage is collected and widgets are painted as in the app: in the GUI thread."""
    paint_in_one_thread()
    made = GuiCollector(qapp)
    yield
    made.stop()
    made.deleteLater()


@pytest.mark.usefixtures("collector")
@pytest.mark.parametrize("name", ["spiral", "circle", "fashion-cnn"])
def test_watching_costs_little(name: str, qtbot, capsys: pytest.CaptureFixture[str]) -> None:
    path = assets.folder() / "examples" / f"{name}.chainrule"
    alone, watched = Alone(path), Watched(path)
    quiet, late = Lateness(), Lateness()
    turn(alone), turn(watched)  # loads what is loaded once
    rounds = []
    shares = []
    for _ in range(ROUNDS):
        with quiet.measured():
            first = turn(alone)
        began = time.thread_time()
        with late.measured():
            second = turn(watched)
        shares.append((time.thread_time() - began) / SECONDS)
        rounds.append((first, second))
    alone.session.close()
    costs = watched.drawings()
    resting, happened = idle()
    watched.close()
    ratios = sorted(second / first for first, second in rounds)
    low, middle, high = ratios[len(ratios) // 4], statistics.median(ratios), ratios[-1 - len(ratios) // 4]
    speeds = [statistics.median(column) for column in zip(*rounds, strict=True)]
    p50, p99 = np.percentile(late.values, [50, 99])
    details = {
        "steps/s alone": speeds[0],
        "steps/s watched": speeds[1],
        "ratios": ratios,
        "drawing, ms": costs,
    }
    keep(
        f"window-{name}",
        [
            row(f"{name}: throughput with the window and its panels / session alone", ratios),
            Row(f"{name}: the window's timer is late, p99", p99, p50, max(late.values), "ms", at_most=16),
            row(f"{name}: the window's thread while it trains", [100 * share for share in shares], "% of a core"),
            row(f"{name}: processor at rest", [resting], "% of a core", at_most=1),
        ],
        details,
    )
    with capsys.disabled():
        print(f"\n{name}")
        print(f"  steps/s        {speeds[0]:,.0f} alone, {speeds[1]:,.0f} watched")
        print(f"  ratio          {middle:.2f} (half of {ROUNDS} rounds {low:.2f} … {high:.2f}, worst {ratios[0]:.2f})")
        print(f"  GUI timer late {late}; with no panel drawing {quiet}")
        print(f"  GUI thread     {100 * statistics.median(shares):.0f} % of a core while it trains")
        print("  drawing        " + ", ".join(f"{what} {cost:.1f} ms" for what, cost in costs.items()))
        print(f"  at rest        {resting:.2f} % of a core, {dict(happened) or 'nothing happens'}")
    assert len(late.values) > 10
    assert min(speeds) > 0
    assert not happened
