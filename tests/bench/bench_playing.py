"""Play, with the window open and all its panels live, beside a plain PyTorch loop that nobody watches.

Run it with `python -m tests.bench.bench_playing`. The ways take turns in one process by the clock: the window plays a
network of TF Playground for a second, step by step or fast-forward, then the loop makes steps of the same network on
the same data for as long, and so do TF Playground's own code and Keras, each in a process of its own, where
CHAINRULE_PLAYGROUND and CHAINRULE_KERAS name them; else what they make of it is known as ratios to such a loop
(published figures, one machine).
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import torch
from PySide6.QtWidgets import QApplication

from engine import files
from engine.training.loading import load
from engine.training.run import Run
from gui.threads import GuiCollector, paint_in_one_thread
from tests.bench.bench_session import NETS, Turn, plain_loop
from tests.bench.bench_training import FAST, KERAS_SLOWER, Timed, peers
from tests.bench.rows import Row, keep, row
from tests.bench.test_bench_window import Watched, turn

PLAYGROUND = re.compile(r"[abc]  (circle|spiral)")
ROUNDS = 7
SECONDS = 1.0
PUBLISHED = {"a": (2080 / 62, 7.1 / 62), "b": (493 / 141, 16.8 / 141), "c": (742 / 64, 7.2 / 64)}
"""nn.ts and Keras's `fit` as parts of a plain PyTorch loop."""
PEERS = {"nn.ts": ("TF Playground's nn.ts", 1), "Keras": ("Keras", 100)}
"""What they are called, and how many times as fast ours is to be."""
TURNS = {"nn.ts": FAST, "Keras": 1 / KERAS_SLOWER}
"""Times as many steps as they are asked for, as `bench_training` has it."""
PUBLISHED_NOTE = "not run here: the ratio to the plain loop, and that of the other to it from an earlier measurement"


def measure(name: str) -> list[Row]:
    """The rows of one network."""
    make, module, loss_of = NETS[name]
    project = make()
    size = project.training["batch_size"]
    run = Run(load(project), lambda _: None)
    loop = plain_loop(run, module(), loss_of)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        found = {way: timed for way, timed in peers(name, run, stack).items() if way in PEERS}
        windows = {}
        for way, fast in (("captured", False), ("fast-forward", True)):
            path = Path(folder) / f"{way}.chainrule"
            files.save(project, path)
            windows[way] = Watched(path)
            if fast:
                windows[way].window.feed.override("fast_forward", True)
            turn(windows[way])  # loads what is loaded once
        rates: dict[str, list[float]] = {way: [] for way in ("loop", *found, *windows)}
        for _ in range(ROUNDS):
            rates["loop"].append(looped(loop))
            for way, timed in found.items():
                rates[way].append(asked(timed, TURNS[way]))
            for way, window in windows.items():
                rates[way].append(turn(window))
        for window in windows.values():
            window.close()
    by_way = {way: [a / b for a, b in zip(rates[way], rates["loop"], strict=True)] for way in windows}
    quick = by_way["fast-forward"]
    beside = {
        way: [ours / theirs for ours, theirs in zip(rates["fast-forward"], rates[way], strict=True)]
        if way in found
        else [ratio / published for ratio in quick]
        for way, published in zip(PEERS, PUBLISHED[name[0]], strict=True)
    }
    notes = {way: "" if way in found else PUBLISHED_NOTE for way in PEERS}
    return [
        row(f"window open, captured / plain PyTorch loop, {name}", by_way["captured"], at_least=3),
        row(f"window open, fast-forward / plain PyTorch loop, {name}", quick),
        *(
            row(f"window open, fast-forward / {title}, {name}", beside[way], at_least=goal, note=notes[way])
            for way, (title, goal) in PEERS.items()
        ),
        row(f"window open, fast-forward, {name}", [r * size for r in rates["fast-forward"]], "samples/s"),
    ]


def asked(timed: Timed, turns: float) -> float:
    """Steps a second of another process, by its own processor time, over about `SECONDS`.

    Args:
        timed: seconds a step, over so many steps times `turns`.
        turns: see there.
    """
    return 1 / timed(max(1, round(SECONDS / timed(max(1, round(64 / turns))) / turns)))


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
