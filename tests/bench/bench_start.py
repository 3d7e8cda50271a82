"""How soon the app can be used, beside a window with nothing in it: `python -m tests.bench.bench_start`.

Each start is a process of its own, offscreen, with warm file caches and the bytecode that Python keeps after the first
start (in a folder of the benchmark's own: neither an old one nor `PYTHONDONTWRITEBYTECODE` changes the figures); the
app's and Qt's bare one take turns. What is timed is wall time from just before the process is started to an edit on the
canvas that was accepted and painted. The first start of all, for which Python compiles the app's modules, has a row.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Final

from engine import files
from tests.bench.bench_canvas import chain
from tests.bench.rows import Row, keep, row

ROUNDS: Final = 7
IDLE_ROUNDS: Final = 3
FIRST_ROUNDS: Final = 3
BLOCKS: Final = 2000
_IMPORT: Final = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s*(\S+)")

Figures = dict[str, float]


def surroundings(home: Path) -> dict[str, str]:
    """The environment of a process that keeps settings, caches and bytecode in a folder of its own."""
    found = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    found |= {"QT_QPA_PLATFORM": "offscreen", "OMP_NUM_THREADS": "1", "PYTHONPYCACHEPREFIX": str(home / "bytecode")}
    return found | {f"XDG_{name}_HOME": str(home) for name in ("CONFIG", "DATA", "CACHE", "STATE")}


def one_start(what: str, home: Path, file: str = "-") -> Figures:
    """The figures of a process; see `tests.bench.starting`."""
    command = [sys.executable, "-m", "tests.bench.starting", str(time.perf_counter()), what, file]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=surroundings(home))
    if done.returncode:
        raise RuntimeError(done.stderr)
    found: Figures = json.loads(done.stdout.splitlines()[-1])
    return found


def first_start(home: Path) -> Figures:
    """A start for which Python has to compile the app's own modules, as after an installation from a checkout."""
    kept = home / "bytecode" / Path.cwd().relative_to("/")
    for package in ("engine", "gui"):
        shutil.rmtree(kept / package)
    return one_start("start", home)


def import_shares(home: Path) -> dict[str, float]:
    """Milliseconds that the modules of each package take themselves, when the window is imported."""
    command = [sys.executable, "-X", "importtime", "-c", "import gui.main_window"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=surroundings(home))
    shares: Counter[str] = Counter()
    for found in _IMPORT.finditer(done.stderr):
        parts = found[2].split(".")
        package = ".".join(parts[:2]) if parts[0] in ("engine", "gui") and len(parts) > 2 else parts[0]
        shares[package] += int(found[1])
    return {package: round(spent / 1000, 1) for package, spent in shares.most_common(12)}


def rows_of(starts: list[Figures], empty: list[Figures], idle: list[Figures], first: list[Figures]) -> list[Row]:
    """The table."""

    def of(name: str, found: list[Figures] = starts) -> list[float]:
        return [each[name] for each in found]

    pairs = zip(starts, empty, strict=True)
    return [
        row("process start to a window that draws, edits and undoes", of("usable"), "ms", at_most=1000),
        row("the same, an empty Qt window", of("usable", empty), "ms"),
        row("the same in processor time, of all threads", of("processor"), "ms", at_most=1000),
        row("the same in processor time, an empty Qt window", of("processor", empty), "ms"),
        row("the app / the empty window, pair by pair", [each["usable"] / bare["usable"] for each, bare in pairs]),
        row("process start to first paint", of("painted"), "ms"),
        row("the first start of all, modules not yet compiled", of("usable", first), "ms"),
        row("import of the window's modules", [each["imported"] - each["import_began"] for each in starts], "ms"),
        row("construction of the window", of("made"), "ms"),
        row("first edit, to its paint", of("edit"), "ms"),
        row("process start to all panels and PyTorch loaded", of("ready", idle), "ms"),
        row("longest stall while panels are made at rest", of("stall_before", idle), "ms"),
        row("longest stall while PyTorch loads", of("stall_torch", idle), "ms"),
        row("full garbage collection, PyTorch loaded, as it would be", of("gc_thawed", idle), "ms"),
        row("the same, frozen", of("gc_frozen", idle), "ms"),
        row("memory of the window before PyTorch", of("memory"), "MiB"),
        row("memory of the idle app", of("memory_ready", idle), "MiB"),
        row("memory per 1,000 blocks", [each["memory_opened"] / (BLOCKS / 1000) for each in idle], "MiB"),
        row(f"opening a file of {BLOCKS:,} blocks, to its paint", of("open", idle), "ms", at_most=1000),
    ]


def main() -> None:
    """Print and keep the figures."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        file = home / "large.chainrule"
        files.save(chain(BLOCKS), file)
        one_start("start", home)  # compiles and caches what a machine has after the first start, and shows the tour
        one_start("idle", home, str(file))
        one_start("empty", home)
        starts, empty = [], []
        for _ in range(ROUNDS):
            starts.append(one_start("start", home))
            empty.append(one_start("empty", home))
        idle = [one_start("idle", home, str(file)) for _ in range(IDLE_ROUNDS)]
        shares = import_shares(home)
        first = [first_start(home) for _ in range(FIRST_ROUNDS)]
    found = rows_of(starts, empty, idle, first)
    for each in found:
        print(f"{each.claim:66} {each.median:9.2f} {each.unit}  ({each.low:.2f} – {each.high:.2f})")
    print("imports by package, ms:", shares)
    keep("bench_start", found, {"imports": shares, "modules": starts[0]["modules"]})


if __name__ == "__main__":
    main()
