"""What automatic layout and snapping cost: `python -m tests.bench.bench_arranging`.

Milliseconds of this thread's processor time, the best of some rounds, so that a busy machine does not count. Peers: on
18 residual diamonds the automatic layout of NodeGraphQt takes 2.4 s, and its time doubles with each further diamond.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from itertools import pairwise

from PySide6.QtCore import QRectF

from engine.graph import Graph, Node, Point, Wire
from gui.canvas.layout.layered import layered
from gui.canvas.snapping import Snapping

SIZES = (100, 1_000, 10_000)
Pairs = list[tuple[int, int]]


def graph_of(count: int, wires: Pairs) -> Graph:
    return Graph.of(
        (Node(f"n{index}", "Add") for index in range(count)),
        (Wire(f"n{start}", "out", f"n{end}", "in") for start, end in wires),
    )


def diamonds(count: int) -> Graph:
    ends = ((0, 1), (1, 2), (2, 3), (0, 3))
    return graph_of(3 * count + 1, [(3 * k + a, 3 * k + b) for k in range(count) for a, b in ends])


def tangle(count: int) -> Graph:
    """Each block reads from one or two of the twelve before it."""
    rand = random.Random(1)
    ends = range(1, count)
    return graph_of(count, [(max(0, e - rand.randint(1, 12)), e) for e in ends for _ in range(rand.choice((1, 1, 2)))])


def same_size(_: str) -> Point:
    return (160.0, 56.0)


def timed(what: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        start = time.thread_time()
        what()
        times.append((time.thread_time() - start) * 1e3)
    return min(times)


def layout_figures(graph: Graph) -> tuple[float, float, float]:
    """Without places, with every block somewhere, and once more over what was laid out."""
    rounds = 5 if len(graph) <= 1000 else 2
    rand = random.Random(2)
    anywhere = {name: (rand.uniform(0, 5000), rand.uniform(0, 5000)) for name in graph.nodes}
    done = layered(graph, same_size)
    return (
        timed(lambda: layered(graph, same_size), rounds),
        timed(lambda: layered(graph, same_size, None, anywhere), rounds),
        timed(lambda: layered(graph, same_size, None, done), rounds),
    )


def snap_figure(count: int) -> tuple[float, float]:
    """The beginning of a drag over so many blocks, and one move of the mouse."""
    areas = [QRectF(index % 50 * 248.0, index // 50 * 112.0, 168.0, 56.0) for index in range(count)]
    snapping = Snapping(areas, neighbours=True, grid=True)
    held = QRectF(25 * 248.0 + 3, min(count // 100, 10) * 112.0 + 4, 168.0, 56.0)
    begin = timed(lambda: Snapping(areas, neighbours=True, grid=True), 5)
    return begin, timed(lambda: snapping.snap(held, 1.0), 20)


def report() -> dict[str, float]:
    """Print the tables; milliseconds of a layout from nothing, by graph."""
    graphs = {"50 diamonds": diamonds(50), "3,333 diamonds": diamonds(3333)}
    for count in SIZES:
        graphs[f"chain {count:,}"] = graph_of(count, list(pairwise(range(count))))
        graphs[f"tangle {count:,}"] = tangle(count)
    print(f"\n{'layout, ms':<18}{'fresh':>10}{'shuffled':>10}{'again':>10}")
    found = {}
    for name, graph in graphs.items():
        fresh, shuffled, again = layout_figures(graph)
        found[name] = fresh
        print(f"{name:<18}{fresh:>10.1f}{shuffled:>10.1f}{again:>10.1f}")
    print(f"\n{'snapping, ms':<18}{'begin':>10}{'move':>10}")
    for count in (200, 2_000, 10_000):
        begin, move = snap_figure(count)
        print(f"{count:<18,}{begin:>10.2f}{move:>10.3f}")
    return found


def test_arranging() -> None:
    found = report()
    # Ten times the blocks cost about ten times as much; the rest is sorting and noise.
    assert found["chain 10,000"] < 30 * found["chain 1,000"]
    assert found["tangle 10,000"] < 30 * found["tangle 1,000"]
    assert found["3,333 diamonds"] < 200 * found["50 diamonds"]


if __name__ == "__main__":
    report()
