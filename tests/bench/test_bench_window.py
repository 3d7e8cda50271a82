"""What watching costs: how late a GUI timer is while a training runs, and its speed with and without the window."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QElapsedTimer, QEventLoop, Qt, QTimer

from engine import assets, files, session
from engine.events import Progress
from gui.main_window import MainWindow

SECONDS = 6.0
TICK_MS = 10
RESULTS = Path(__file__).parent / "results"


def wait(seconds: float) -> None:
    """Let the event loop turn."""
    loop = QEventLoop()
    QTimer.singleShot(int(seconds * 1000), loop.quit)
    loop.exec()


def speed_alone(path: Path) -> float:
    """Samples a second of the session with nobody watching, over the last part of the run."""
    project = files.load(path)
    run = session.open(project, folder=path.parent)
    run.play(session.Until(epochs=1_000_000))
    time.sleep(SECONDS)
    speeds = [event.samples_per_s for event in run.mailbox.drain() if isinstance(event, Progress)]
    run.close()
    return speeds[-1]


def lateness_and_speed(path: Path) -> tuple[np.ndarray, float]:
    """How late a 10 ms timer of the GUI thread fires, in ms, and samples a second, all live panels open."""
    window = MainWindow()
    window.resize(1440, 900)
    window.show()
    window.document.open_copy(path)
    wait(0.5)
    speeds: list[float] = []
    window.feed.on(Progress, lambda event: speeds.append(event.samples_per_s))
    late: list[float] = []
    clock = QElapsedTimer()
    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)

    def tick() -> None:
        late.append(max(0.0, clock.nsecsElapsed() / 1e6 - TICK_MS))
        clock.restart()

    timer.timeout.connect(tick)
    window.feed.session.play(session.Until(epochs=1_000_000))
    wait(2.0)
    clock.start()
    timer.start(TICK_MS)
    wait(SECONDS)
    timer.stop()
    window.feed.session.stop()
    window.document.undo_stack.setClean()
    window.close()
    window.deleteLater()
    return np.array(late), speeds[-1]


@pytest.mark.parametrize("name", ["spiral", "fashion-cnn"])
def test_the_window_answers_while_it_trains(name: str, qtbot, capsys: pytest.CaptureFixture[str]) -> None:
    path = assets.folder() / "examples" / f"{name}.chainrule"
    alone = speed_alone(path)
    late, watched = lateness_and_speed(path)
    p50, p99 = np.percentile(late, [50, 99])
    row = {"example": name, "p50_ms": p50, "p99_ms": p99, "alone": alone, "watched": watched, "ratio": watched / alone}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"window-{name}.json").write_text(json.dumps(row, indent=1) + "\n")
    with capsys.disabled():
        print(
            f"\n{name:14} GUI timer late by p50 {p50:.1f} ms, p99 {p99:.1f} ms;"
            f" {alone:,.0f} samples/s alone, {watched:,.0f} with the window open: ratio {watched / alone:.2f}"
        )
    assert late.size > 10
    assert watched > 0
