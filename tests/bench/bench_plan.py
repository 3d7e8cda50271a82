"""How long `plan.check` takes: after single edits of a large graph, and from scratch as graphs grow.

Run it with `pytest -s tests/bench/bench_plan.py` or `python -m tests.bench.bench_plan`.
"""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from engine import edits
from engine.facts import FactsCache
from engine.graph import Project, Touched, Wire
from engine.plan import check
from tests.bench.rows import Row, keep
from tests.engine.graphs import chain, diamonds

EDITS = 200
FIRST = "first layer's width"
FIXED = {"first", "data", "loss"}

Edit = tuple[Project, Touched]


def _inserted(project: Project, wire: Wire) -> Edit:
    added, touched, new = edits.add_node(project, "Activation", (0.0, 0.0))
    inserted, more = edits.insert_on_wire(added, new, wire)
    return inserted, touched | more


def _random_edit(project: Project, rng: random.Random, number: int) -> tuple[str, Edit]:
    """One of the edits people make."""
    ids, wires = sorted(project.graph.nodes), project.graph.wires()
    name, other, wire = rng.choice([name for name in ids if name not in FIXED]), rng.choice(ids), rng.choice(wires)
    kinds: dict[str, Callable[[], Edit]] = {
        "parameter": lambda: edits.set_params(project, name, {"bias": rng.random() < 0.5, "p": rng.random()}),
        "wire off": lambda: edits.disconnect(project, [wire]),
        "wire on": lambda: edits.connect(project, Wire(name, "out", other, "in")),
        "add": lambda: edits.add_node(project, rng.choice(["Dense", "Activation", "Add"]), (0.0, 0.0))[:2],
        "remove": lambda: edits.remove_nodes(project, [name]),
        "rename": lambda: edits.rename_node(project, name, f"renamed{number}"),
        "insert": lambda: _inserted(project, wire),
        "mute": lambda: edits.set_node(project, name, bypass=True),
    }
    kind = rng.choice(list(kinds))
    return kind, kinds[kind]()


def measure_edits(project: Project) -> tuple[list[float], list[int], list[str]]:
    """Milliseconds, blocks planned anew and kind of each of the edits, each made on the whole graph.

    The time is that of the processor: other programs do not count. Every fortieth edit gives the first layer another
    width.
    """
    rng, facts = random.Random(1), FactsCache()
    result = check(project, facts.lookup)
    times, counts, kinds = [], [], []
    for number in range(EDITS):
        if number % 40 == 0:
            kind, (edited, touched) = FIRST, edits.set_params(project, "first", {"out_features": 5 + number})
        else:
            kind, (edited, touched) = _random_edit(project, rng, number)
        begin = time.thread_time()
        after = check(edited, facts.lookup, result, touched)
        times.append((time.thread_time() - begin) * 1e3)
        counts.append(after.replanned)
        kinds.append(kind)
    return times, counts, kinds


def _figures(values: list[float]) -> str:
    ordered = sorted(values)
    return (
        f"p50 {statistics.median(ordered):6.2f}  p95 {ordered[int(len(ordered) * 0.95)]:6.2f}  max {ordered[-1]:6.2f}"
    )


def test_edits():
    print(f"\nRe-checking after one of {EDITS} random edits, milliseconds; blocks planned anew")
    graphs: list[tuple[str, Callable[[int], Project], int]] = [
        ("chain of Dense and Activation", chain, 1000),
        ("residual diamonds that keep the shape", diamonds, 333),
        ("chain of Dense and Activation", chain, 10_000),
    ]
    rows = []
    for name, make, size in graphs:
        project = make(size)
        times, counts, kinds = measure_edits(project)
        p95 = sorted(times)[int(len(times) * 0.95)]
        claim = f"{name}, {len(project.graph):,} blocks: checked anew after an edit, p95, from the median to the worst"
        most = 5.0 if len(project.graph) <= 1001 else None
        rows.append(Row(claim, p95, statistics.median(times), max(times), "ms", at_most=most))
        print(
            f"{name}, {len(project.graph):,} blocks: {_figures(times)}   planned: {_figures(list(map(float, counts)))}"
        )
        for kind in sorted(set(kinds)):
            of_kind = [time for time, other in zip(times, kinds, strict=True) if other == kind]
            planned = [count for count, other in zip(counts, kinds, strict=True) if other == kind]
            print(f"    {kind:20} {_figures(of_kind)}   planned up to {max(planned)}")
    keep("plan", rows)


def test_from_scratch():
    print("\nChecking from scratch")
    sizes: list[tuple[str, Project]] = [
        *((f"chain of {size:,}", chain(size)) for size in (1000, 2000, 10_000)),
        *((f"{size} residual diamonds", diamonds(size)) for size in (50, 100, 500)),
    ]
    for name, project in sizes:
        times = []
        for _ in range(3):
            begin = time.thread_time()
            result = check(project, FactsCache().lookup)
            times.append((time.thread_time() - begin) * 1e3)
        assert not result.errors
        best, blocks = min(times), len(project.graph)
        print(f"{name:26} {blocks:7,} blocks  {best:8.1f} ms  {best * 1e3 / blocks:6.1f} µs a block")


def test_import():
    program = (
        "import sys, time\n"
        "begin = time.perf_counter()\n"
        "import engine.plan, engine.files, engine.edits\n"
        "middle = time.perf_counter()\n"
        "from engine.block import registry\n"
        "blocks = len(registry())\n"
        "end = time.perf_counter()\n"
        "assert not {'torch', 'numpy'} & set(sys.modules)\n"
        "print(f'{(middle - begin) * 1e3:.0f} ms, and {(end - middle) * 1e3:.0f} ms for {blocks} blocks')"
    )
    runs = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True) for _ in range(3)
    ]
    print(f"\nImporting the document half: {', '.join(run.stdout.strip() for run in runs)}")


if __name__ == "__main__":
    test_edits()
    test_from_scratch()
    test_import()
