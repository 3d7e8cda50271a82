"""`make bench`: runs the benchmarks, each in a process of its own, and prints the table of all figures.

`python -m tests.bench` prints the table of what was measured last, `python -m tests.bench --run [name …]` measures
anew, all of them or those named. The table goes to `BENCHMARKS.md`, too.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from tests.bench.rows import Row, kept

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "BENCHMARKS.md"
APART: Final = frozenset({"bench_peers"})
"""Needs other programs: `make bench-peers`."""
_WIDE: Final = 150
"""Columns, also where the output is no terminal."""
_INTRODUCTION: Final = """# Benchmarks

Made by `make bench` (and `make bench-peers`), never by hand. Each figure is a median with the spread of its rounds.
Ratios compare ways that took turns in one run on one machine. Absolute times depend on the machine, which has few cores
and is shared. A goal that is missed says so.
"""


def names() -> list[str]:
    """All benchmarks, as modules of this folder."""
    return sorted(file.stem for file in Path(__file__).parent.glob("*bench_*.py") if file.stem not in APART)


def run(wanted: list[str]) -> int:
    """Measure; returns how many benchmarks failed."""
    failed = []
    for name in wanted:
        print(f"\n=== {name}", flush=True)
        module = f"tests.bench.{name}"
        pytest = ["pytest", "-s", "--timeout", "0", "--pyargs", module]
        command = [sys.executable, "-m", *(pytest if name.startswith("test_") else [module])]
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            failed.append(name)
    if failed:
        print(f"\nThese failed: {', '.join(failed)}")
    return len(failed)


def cells(found: Row) -> tuple[str, str, str, str]:
    """Claim, figure, goal, and whether it was reached."""
    figure = f"{digits(found.median)} {found.unit}"
    if (found.low, found.high) != (found.median, found.median):
        figure += f" ({digits(found.low)} – {digits(found.high)})"
    verdict = {True: "reached", False: "missed", None: ""}[found.reached]
    return found.claim, figure, found.goal, verdict


def digits(value: float) -> str:
    """Three significant digits, thousands apart."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def rows_of(found: dict[str, Any]) -> list[Row]:
    """The figures of one file."""
    return [Row(**each) for each in found["rows"]]


def show() -> None:
    """The table, on the terminal and as a page."""
    table = Table("figure", "measured (spread)", "goal", "", title="Benchmarks")
    for name, found in kept().items():
        table.add_section()
        table.add_row(f"[bold]{name}[/bold]", f"[dim]{found['measured']}[/dim]")
        for each in rows_of(found):
            claim, figure, goal, verdict = cells(each)
            table.add_row(claim, figure, goal, {"missed": "[red]missed[/red]"}.get(verdict, verdict))
    console = Console()
    Console(width=max(console.width, _WIDE)).print(table)
    PAGE.write_text("\n".join([_INTRODUCTION, *page()]), encoding="utf-8")


def page() -> Iterator[str]:
    """The lines of the page: a section a benchmark."""
    for name, found in kept().items():
        yield f"## {name}\n"
        yield f"Measured {found['measured']} on {found['cores']} cores, load {found['load']}.\n"
        yield "| figure | measured (spread) | goal | |"
        yield "|---|---|---|---|"
        notes = []
        for each in rows_of(found):
            yield f"| {' | '.join(cells(each))} |"
            if each.note:
                notes.append(f"- {each.claim}: {each.note}")
        yield ""
        yield from notes
        if notes:
            yield ""


def main() -> None:
    """See the module."""
    failed = 0
    if "--run" in sys.argv[1:]:
        failed = run([name for name in sys.argv[1:] if name != "--run"] or names())
    show()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
