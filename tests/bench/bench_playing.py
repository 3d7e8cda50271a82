"""Play, with the window open and all its panels live, beside a plain PyTorch loop that nobody watches.

Run it with `python -m tests.bench.bench_playing`. The ways take turns in one process by the clock: the window plays a
network of TF Playground for a second, step by step or fast-forward, then the loop makes steps of the same network on
the same data for as long. What TF Playground's own code and Keras make of it is known as ratios to such a loop
(published figures, one machine); `bench_training` runs them beside.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from pathlib import Path

import torch
from PySide6.QtWidgets import QApplication

from engine import files
from engine.training.loading import load
from engine.training.run import Run
from gui.threads import GuiCollector, paint_in_one_thread
from tests.bench.bench_session import NETS, Turn, plain_loop
from tests.bench.rows import Row, keep, row
from tests.bench.test_bench_window import Watched, turn

PLAYGROUND = re.compile(r"[abc]  (circle|spiral)")
ROUNDS = 7
SECONDS = 1.0
PUBLISHED = {"a": (2080 / 62, 7.1 / 62), "b": (493 / 141, 16.8 / 141), "c": (742 / 64, 7.2 / 64)}
"""nn.ts and Keras's `fit` as parts of a plain PyTorch loop."""


def measure(name: str) -> list[Row]:
    """The rows of one network."""
    make, module, loss_of = NETS[name]
    project = make()
    size = project.training["batch_size"]
    loop = plain_loop(Run(load(project), lambda _: None), module(), loss_of)
    with tempfile.TemporaryDirectory() as folder:
        windows = {}
        for way, fast in (("captured", False), ("fast-forward", True)):
            path = Path(folder) / f"{way}.chainrule"
            files.save(project, path)
            windows[way] = Watched(path)
            if fast:
                windows[way].window.feed.override("fast_forward", True)
            turn(windows[way])  # loads what is loaded once
        rates: dict[str, list[float]] = {"loop": [], **{way: [] for way in windows}}
        for _ in range(ROUNDS):
            rates["loop"].append(looped(loop))
            for way, window in windows.items():
                rates[way].append(turn(window))
        for window in windows.values():
            window.close()
    by_way = {way: [a / b for a, b in zip(rates[way], rates["loop"], strict=True)] for way in windows}
    theirs, keras = PUBLISHED[name[0]]
    quick = by_way["fast-forward"]
    return [
        row(f"window open, captured / plain PyTorch loop, {name}", by_way["captured"], at_least=3),
        row(f"window open, fast-forward / plain PyTorch loop, {name}", quick),
        row(f"window open, fast-forward / TF Playground's nn.ts, {name}", [r / theirs for r in quick], at_least=1),
        row(f"window open, fast-forward / Keras, {name}", [r / keras for r in quick], at_least=100),
        row(f"window open, fast-forward, {name}", [r * size for r in rates["fast-forward"]], "samples/s"),
    ]


def looped(loop: Turn) -> float:
    """Steps a second of the plain loop, by the clock."""
    made, began = 0, time.perf_counter()
    while (spent := time.perf_counter() - began) < SECONDS:
        loop(100)
        made += 100
    return made / spent


def main() -> None:
    """Print the figures and keep them. The settings of the person who measures are left alone."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CONFIG_HOME"] = os.environ["XDG_DATA_HOME"] = folder
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        app = QApplication.instance() or QApplication([])
        paint_in_one_thread()
        collector = GuiCollector(app)
        torch.set_num_threads(1)
        rows = [
            each for name in NETS if name[:2] in ("a ", "b ", "c ") and "Adam" not in name for each in measure(name)
        ]
        collector.stop()
        for each in rows:
            print(f"{each.claim:<95} {each.median:>12,.2f} ({each.low:,.2f} – {each.high:,.2f}) {each.unit}")
        keep("playing", rows)
        os._exit(0)


if __name__ == "__main__":
    main()
