"""What limits a run of 1, 8 or 512 processes: the constants of this machine, and a check of the formulas that use them.

Run it with `pytest -s tests/bench/bench_scaling.py` or `python -m tests.bench.bench_scaling`. It measures how fast this
machine multiplies matrices, copies memory, adds up gradients of two processes over the loopback (gloo), and reads a
file that the system holds in memory; each a few times, median and spread (lowest to highest). What one thread does is
told by processor time, so that others on the machine count little. What processes tell each other takes the time of the
clock: each piece is timed by itself, many times, all kinds in turns, and the shortest counts, which is one that nobody
disturbed; its spread goes up to the median, and where that is far away, the machine was busy. Then two processes make
steps of DistributedDataParallel, which `assets/docs/scaling.md` predicts from such constants, here those that the same
processes measured in the same turns.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from tests.bench.rows import Row, keep

ROUNDS = 7
SIDE = 1024
"""Of the matrices that are multiplied."""
COPIED = READ = 1 << 28
WIDTH, LAYERS, BATCH = 1024, 4, 128
"""Of the network whose steps are predicted; samples of each process."""
REDUCED = (1 << 10, 1 << 24)
"""Bytes that are added up: few tell the latency, many the bandwidth."""
PIECES = 40
"""Of what the clock times."""
SECONDS = 300


def rounds(once: Callable[[], float]) -> dict[str, float]:
    """Median, lowest and highest of several; the first one, which warms up, does not count."""
    once()
    return summary([once() for _ in range(ROUNDS)])


def summary(values: Sequence[float]) -> dict[str, float]:
    """Median, lowest and highest."""
    return {"median": statistics.median(values), "lowest": min(values), "highest": max(values)}


def timed(work: Callable[[], object], times: int, clock: Callable[[], float] = time.perf_counter) -> float:
    """Seconds of one."""
    began = clock()
    for _ in range(times):
        work()
    return (clock() - began) / times


def multiplied() -> float:
    """FLOP/s of matrix products in float32 by one thread: 2·n³ for n × n."""
    a, b = torch.randn(SIDE, SIDE), torch.randn(SIDE, SIDE)
    return 2 * SIDE**3 / timed(lambda: a @ b, 4, time.thread_time)


def copied() -> float:
    """Bytes a second that go through memory: each is read and written."""
    source = torch.ones(COPIED // 4)
    target = torch.empty_like(source)
    return 2 * COPIED / timed(lambda: target.copy_(source), 2, time.thread_time)


def read(path: Path) -> float:
    """Bytes a second of a file that the system has in memory."""
    return READ / timed(path.read_bytes, 1, time.thread_time)


def reduced(size: int) -> float:
    """Seconds of an all-reduce of so many bytes; both processes have to call it."""
    numbers = torch.ones(size // 4)
    dist.barrier()
    return timed(lambda: dist.all_reduce(numbers), 20 if size < 1 << 20 else 1)


def network() -> nn.Sequential:
    """Dense layers as wide as each other."""
    return nn.Sequential(*(nn.Linear(WIDTH, WIDTH, bias=False) for _ in range(LAYERS)))


def step_of(model: nn.Module) -> Callable[[], None]:
    """Forward, backward and the update of a network."""
    x = torch.randn(BATCH, WIDTH)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-6)

    def step() -> None:
        optimizer.zero_grad()
        model(x).square().mean().backward()
        optimizer.step()

    return step


def beside() -> dict[str, Any]:
    """What two processes measure together, by one thread each."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    alone, together = step_of(network()), step_of(DistributedDataParallel(network()))
    work: dict[str, Callable[[], float]] = {
        **{f"reduce {size}": partial(reduced, size) for size in REDUCED},
        "alone": lambda: timed(alone, 1),
        "together": lambda: timed(together, 1),
    }
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(PIECES + 1):
        for name, once in work.items():
            dist.barrier()
            seconds[name].append(once())
    dist.destroy_process_group()
    return {name: summary(values[1:]) for name, values in seconds.items()}


def pair() -> dict[str, Any]:
    """The same, started from here; what the first one tells."""
    launch = ["--standalone", "--nproc-per-node", "2", "-m", "tests.bench.bench_scaling", "beside"]
    command = [sys.executable, "-m", "torch.distributed.run", *launch]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=SECONDS, check=True)
    found: dict[str, Any] = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))
    return found


def measure() -> dict[str, Any]:
    """All figures."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data"
        path.write_bytes(bytes(READ))
        found: dict[str, Any] = {
            "FLOP/s": rounds(multiplied),
            "copy B/s": rounds(copied),
            "read B/s": rounds(lambda: read(path)),
        }
    two = pair()
    small, large = (two[f"reduce {size}"]["lowest"] for size in REDUCED)
    usual = two[f"reduce {REDUCED[1]}"]["median"] - two[f"reduce {REDUCED[0]}"]["median"]
    found["reduce s"], found["reduce B/s"] = small, (REDUCED[1] - REDUCED[0]) / max(large - small, 1e-9)
    found["reduce B/s, usually"] = (REDUCED[1] - REDUCED[0]) / max(usual, 1e-9)
    gradient = LAYERS * WIDTH**2 * 4
    found["step alone s"], found["step together s"] = two["alone"]["lowest"], two["together"]["lowest"]
    found["step together s, usually"] = two["together"]["median"]
    found["traffic s"] = small + gradient / found["reduce B/s"]
    found["overlapped s"] = max(found["step alone s"], found["step alone s"] / 3 + found["traffic s"])
    found["one after the other s"] = found["step alone s"] + found["traffic s"]
    return found


def show(found: dict[str, Any]) -> None:
    """For people."""

    def line(what: str, figure: dict[str, float], scale: float, unit: str) -> None:
        low, high = figure["lowest"] / scale, figure["highest"] / scale
        print(f"{what:<44}{figure['median'] / scale:8.1f} {unit}  ({low:.1f} to {high:.1f})")

    line("matrix products, float32, one thread", found["FLOP/s"], 1e9, "GFLOP/s")
    line("memory, copied (read and written)", found["copy B/s"], 1e9, "GB/s")
    line("a file in the system's memory, read", found["read B/s"], 1e9, "GB/s")
    print(f"{'gloo all-reduce, 2 processes, loopback':<44}{found['reduce B/s'] / 1e9:8.2f} GB/s of gradients, ", end="")
    print(f"{found['reduce s'] * 1e6:.0f} µs for none")
    parameters = LAYERS * WIDTH**2
    print(f"steps of {parameters / 1e6:.1f} M parameters, {BATCH} samples a process:")
    print(f"  one process' own work {found['step alone s'] * 1e3:.1f} ms, traffic {found['traffic s'] * 1e3:.1f} ms")
    print(f"  two by DistributedDataParallel {found['step together s'] * 1e3:.1f} ms; predicted between ", end="")
    print(f"{found['overlapped s'] * 1e3:.1f} ms (all hidden) and {found['one after the other s'] * 1e3:.1f} ms (none)")


def rows(found: dict[str, Any]) -> list[Row]:
    """For the table of all benchmarks."""

    def row(claim: str, name: str, unit: str) -> Row:
        figure = found[name]
        return Row(claim, figure["median"] / 1e9, figure["lowest"] / 1e9, figure["highest"] / 1e9, unit)

    step, most = found["step together s"] * 1e3, found["one after the other s"] * 1e3
    least, speed, usual = found["overlapped s"] * 1e3, found["reduce B/s"] / 1e9, found["reduce B/s, usually"] / 1e9
    return [
        row("matrix products, float32, one thread, processor time", "FLOP/s", "GFLOP/s"),
        row("memory copied, bytes read and written, one thread", "copy B/s", "GB/s"),
        row("file in the system's memory, read by one thread", "read B/s", "GB/s"),
        Row(
            "gloo all-reduce over the loopback, 2 processes, bytes of gradients",
            speed,
            min(usual, speed),
            speed,
            "GB/s",
            note="the highest; the spread begins at the median",
        ),
        Row(
            "step by 2 processes, 4.2 M parameters",
            step,
            step,
            found["step together s, usually"] * 1e3,
            "ms",
            note=f"the shortest; the spread ends at the median; predicted {least:.0f} to {most:.0f} ms",
        ),
    ]


def bench_scaling() -> None:
    """Print and keep them."""
    found = measure()
    show(found)
    keep("scaling", rows(found), found)


def test_scaling() -> None:
    bench_scaling()


if __name__ == "__main__":
    if "beside" in sys.argv:
        figures = beside()
        if os.environ["RANK"] == "0":
            print(json.dumps(figures))
    else:
        bench_scaling()
