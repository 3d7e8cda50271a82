"""A figure of the table of all benchmarks: what is claimed, what was wanted, what was measured, its spread."""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, final

RESULTS: Final = Path(__file__).parent / "results"


@final
@dataclass(frozen=True, slots=True)
class Row:
    """One figure.

    Attributes:
        claim: what was measured, against what: `captured step / plain PyTorch loop, circle 2-4-2-1, batch 10`.
        median, low, high: of all rounds.
        unit: `×` for a ratio, `ms`, `samples/s`, …
        at_least, at_most: the goal, where there is one.
        note: what a reader should know: where it was missed, why and what was tried.
    """

    claim: str
    median: float
    low: float
    high: float
    unit: str = "×"
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""

    @property
    def goal(self) -> str:
        """`≥ 3 ×`, or "" where nothing was wanted."""
        if self.at_least is not None:
            return f"≥ {self.at_least:g} {self.unit}"
        return "" if self.at_most is None else f"≤ {self.at_most:g} {self.unit}"

    @property
    def reached(self) -> bool | None:
        """Whether the median is as was wanted; None where nothing was."""
        if self.at_least is not None:
            return self.median >= self.at_least
        return None if self.at_most is None else self.median <= self.at_most


def row(
    claim: str,
    values: Sequence[float],
    unit: str = "×",
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    note: str = "",
) -> Row:
    """The figure of several rounds; spread is from the least to the greatest."""
    return Row(claim, statistics.median(values), min(values), max(values), unit, at_least, at_most, note)


def keep(name: str, rows: Iterable[Row], details: Any = None) -> None:
    """Write figures into `results/`; those of another platform than the offscreen one beside them, under its name."""
    platform = os.environ.get("QT_QPA_PLATFORM", "offscreen")
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / (f"{name}.json" if platform == "offscreen" else f"{name}-{platform}.json")
    found = {
        "measured": datetime.now(UTC).strftime("%Y-%m-%d"),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "rows": [asdict(each) for each in rows],
        "details": details,
    }
    file.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def kept() -> dict[str, dict[str, Any]]:
    """What was measured last, by the name of the benchmark."""
    files = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(RESULTS.glob("*.json"))}
    return {name: found for name, found in files.items() if "rows" in found}
