"""The canvas beside other node editors: `make bench-peers`, which installs them for the occasion.

Each editor runs in a process of its own, one after the other, on the same graphs: chain-linked blocks in rows of forty,
drawn offscreen on 1440 × 900, and residual diamonds in a row. Figures are medians of the thread's processor time in
milliseconds; what an editor does not finish within the limit is left out. `--platform xcb` draws under Xvfb instead.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib.util
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.platforms import choose
from tests.bench.rows import Row, keep, row

if TYPE_CHECKING:
    from tests.bench.peers.editor import Editor

os.environ.setdefault("QT_API", "pyside6")
os.environ.setdefault("QT_PREFERRED_BINDING", "PySide6")

OURS = "Chainrule"
BARE = "hand-made baseline"
"""One item a block, one a wire, and nothing else: ours is to stay within twice what that costs, with all it has."""
PEERS = ("NodeGraphQt", "OdenGraphQt", "qtpynodeeditor", "pyqtgraph.flowchart")
LIMIT = 300.0
"""Seconds for all rows of one editor."""
RUNS = 3
"""How often ours is run, before and after the others: the medians count, as a busy machine has its moods."""
ROUNDS = 9
DIAMONDS = 14
UNLIKE = {
    "check a wire": "the peers look for loops alone, which is the row `check for loops`; ours plans the network with "
    "the wire in it, all shapes behind it included, and says what does not fit",
    "connect the head": "the peers look for loops and draw the wire, which is the row `draw a wire unchecked`; ours "
    "plans all shapes behind the wire and writes them on blocks and wires, as one undo step",
}
"""Rows in which the peers do less, and what they leave out."""
FIRST = "first graph of a process, 2 blocks"
"""Told, but not compared: how soon the window is there is measured by `bench_start`."""
COMPARED = (
    "build",
    "memory (MB)",
    "memory of so many blocks more (MB)",
    "repaint fit",
    "zoom step fit",
    "drag one fit",
    "repaint 1:1",
    "zoom step 1:1",
    "drag one 1:1",
    "move all",
    "save",
    "load",
)
Figures = dict[str, float]


def measure(name: str, count: int) -> None:
    """All rows of one editor; each figure is printed as a line of JSON as soon as it is known."""
    from PySide6.QtWidgets import QApplication

    from tests.bench.peers.editor import COLUMNS, chain, flush, once, place

    application = QApplication(sys.argv[:1])
    editor, first = make(name), make(name)

    def tell(row: str, figure: float) -> None:
        print(json.dumps({row: figure}), flush=True)

    def timed(row: str, what: Callable[[int], object], rounds: int = ROUNDS) -> None:
        tell(row, statistics.median(once(partial(what, turn)) for turn in range(rounds)))

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tell(FIRST, once(lambda: first.build(2, chain(2))))  # what a process makes but once, such as fonts and types
    tell("build", once(lambda: editor.build(count, chain(count))))
    editor.show()
    tell("memory (MB)", (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
    middle = count // COLUMNS // 2 * COLUMNS + COLUMNS // 2  # with blocks all around
    for where in ("fit", "1:1"):

        def look(where: str = where) -> None:
            if where == "fit":
                editor.fit()
            else:
                editor.look_at(middle)
            editor.repaint()
            assert editor.sees(middle), f"{name} does not show what is measured"

        look()
        timed(f"repaint {where}", lambda _: editor.repaint())
        timed(f"zoom step {where}", lambda turn: editor.zoom(1.02 if turn % 2 else 1 / 1.02))

        look()  # zooming may have scrolled it away, and what is out of sight costs nothing to drag

        def drag(turn: int) -> None:
            x, y = place(middle)
            editor.move(middle, (x + turn % 2 * 24.0, y + 16.0))
            flush()

        timed(f"drag one {where}", drag)

    def move_all(turn: int) -> None:
        places = {index: place(index) for index in range(count)}
        editor.move_many({index: (x + turn % 2 * 8.0, y) for index, (x, y) in places.items()})
        flush()

    editor.fit()
    timed("move all", move_all, 3)
    saved: list[str] = []
    tell("save", once(lambda: saved.append(editor.save())))

    def load() -> None:
        editor.load(saved[0])
        flush()

    tell("load", once(load))
    measure_wires(name, tell)
    with contextlib.suppress(NotImplementedError):
        tell("select all, delete, undo", once(editor.delete_all))
    filling, more = make(name), make(name)  # the first takes what was left free by what is gone
    filling.build(count, chain(count))
    used = resident()
    more.build(count, chain(count))  # what blocks cost, without what an editor needs before the first
    tell("memory of so many blocks more (MB)", resident() - used)
    application.quit()
    os._exit(0)  # some editors crash while they are taken down, which is not measured


def resident() -> float:
    """MB of memory in use now."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize() / 2**20


def measure_wires(name: str, tell: Callable[[str, float], None]) -> None:
    """The rows about one wire more at the head of residual diamonds."""
    from tests.bench.peers.editor import diamonds, once

    blocks, wires = diamonds(DIAMONDS)
    other = make(name)
    other.build(blocks + 1, wires, source=blocks)
    with contextlib.suppress(NotImplementedError):  # the row stays empty
        for where, backwards in (("output", False), ("input", True)):
            for what, ask in (("check for loops", other.check_way), ("check a wire", other.check)):
                row = f"{what}, drawn from the {where}, {DIAMONDS} diamonds"
                asked = partial(ask, blocks, 0, backwards=backwards)
                tell(row, statistics.median(once(asked) for _ in range(3)))
    for row, do in (("draw a wire unchecked to the head", "draw"), ("connect the head", "connect")):
        fresh = [make(name) for _ in range(3)]
        for each in fresh:
            each.build(blocks + 1, wires, source=blocks)
        took = [once(partial(getattr(each, do), blocks, 0)) for each in fresh]
        tell(f"{row} of {DIAMONDS} diamonds", statistics.median(took))
    with contextlib.suppress(NotImplementedError):
        tell(f"arrange {DIAMONDS} diamonds", once(other.arrange))


def make(name: str) -> Editor:
    """An editor by its name."""
    if name == OURS:
        from tests.bench.peers.chainrule_canvas import ChainruleCanvas

        return ChainruleCanvas()
    if name == BARE:
        from tests.bench.peers.handmade import Handmade

        return Handmade()
    if name == "qtpynodeeditor":
        from tests.bench.peers.flowscene import FlowScene

        return FlowScene()
    if name == "pyqtgraph.flowchart":
        from tests.bench.peers.flowchart import Flowchart

        return Flowchart()
    from tests.bench.peers.nodegraph import NodeGraph

    return NodeGraph(name)


def run(name: str, count: int) -> Figures:
    """One editor in a process of its own; figures that came before the limit."""
    command = [sys.executable, "-m", "tests.bench.bench_peers", "--one", name, "--count", str(count)]
    figures: Figures = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        timer = time.monotonic() + LIMIT
        try:
            out, err = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
        for line in out.splitlines():
            if line.startswith("{"):
                figures.update(json.loads(line))
        if not figures:
            print(f"{name}: {err.strip().splitlines()[-1] if err.strip() else 'nothing'}", file=sys.stderr)
        elif time.monotonic() > timer:
            figures["stopped"] = LIMIT
    return figures


def report(counts: tuple[int, ...]) -> dict[int, dict[str, Figures]]:
    """Print and keep the table."""
    names = [OURS, BARE, *(name for name in PEERS if importlib.util.find_spec(name.split(".")[0]))]
    found: dict[int, dict[str, Figures]] = {}
    for count in counts:
        runs = [run(OURS, count) for _ in range(RUNS - 1)]
        others = {name: run(name, count) for name in names if name != OURS}
        runs.append(run(OURS, count))
        ours = {row: statistics.median(each[row] for each in runs) for row in runs[0]}
        found[count] = {OURS: ours, **others}
        print(f"\n{count} blocks, ms{'':<48}" + "".join(f"{name:>26}" for name in names))
        for title, base in ours.items():
            cells = ""
            for name in names:
                figure = found[count][name].get(title)
                ratio = f" ({figure / base:6.1f}×)" if figure is not None and base and name != OURS else ""
                cells += f"{'–' if figure is None else f'{figure:.2f}{ratio}':>26}"
            print(f"  {title:<58}{cells}")
        for name in names:
            if "stopped" in found[count][name]:
                print(f"  {name} was stopped after {LIMIT:.0f} s")
        keep("peers", [each for count in found for each in rows_of(count, found[count])], found)
    return found


def rows_of(count: int, found: dict[str, Figures]) -> Iterator[Row]:
    """How many times faster ours is than the best of the others, row by row; then what it costs beside the baseline."""
    ours, bare = found[OURS], found.get(BARE, {})
    for name in ours:
        others = {
            peer: figures[name] for peer, figures in found.items() if peer not in (OURS, BARE) and name in figures
        }
        if others and name != FIRST:
            best, note = min(others, key=others.__getitem__), notes_of(name)
            claim = f"{count:,} blocks, {name}: {best}, the best peer / ours"
            yield row(claim, [others[best] / ours[name]], at_least=1, note=note)
    for name in COMPARED:
        if name in ours and bare.get(name):
            note = f"a graph of 2 blocks, made before it, took {ours[FIRST]:.0f} ms and {bare[FIRST]:.0f} ms"
            note = note if name == "build" else ""
            yield row(f"{count:,} blocks, {name}: ours / {BARE}", [ours[name] / bare[name]], at_most=2, note=note)


def notes_of(name: str) -> str:
    """Where a row compares unlike things, what ours does besides."""
    return next((note for begin, note in UNLIKE.items() if name.startswith(begin)), "")


if __name__ == "__main__":
    choose("tests.bench.bench_peers")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", help="run this editor alone and print its figures as they come")
    parser.add_argument("--count", type=int, action="append")
    asked = parser.parse_args()
    if asked.one:
        measure(asked.one, asked.count[0])
    else:
        report(tuple(asked.count or (500, 1000, 2000)))
