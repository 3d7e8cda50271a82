"""How often trainings are saved, and how much of that stays: a choice of the person, for all documents."""

from __future__ import annotations

from typing import Final, Literal, cast

from engine.checkpoints import KEPT, CheckpointPlan, Every
from gui.settings import settings

Unit = Literal["", "min", "epochs", "steps"]
UNITS: Final[tuple[Unit, ...]] = ("", "min", "epochs", "steps")
"""Of the time between two checkpoints, as `--checkpoint-every` writes them; "" is as often as costs little."""
FIRST: Final = {"": 1, "min": 5, "epochs": 10, "steps": 500}
"""What each begins with."""
EVERY, KEEP = "runs/checkpoint_every", "runs/checkpoints_kept"


def chosen() -> tuple[int, Unit, int]:
    """How many of which unit lie between two checkpoints, and how many are kept; anything unreadable is the default."""
    text = str(settings().value(EVERY, "") or "")
    unit = next((unit for unit in UNITS if unit and text.endswith(unit)), "")
    number = text.removesuffix(unit)
    kept = str(settings().value(KEEP, KEPT))
    known = bool(unit) and number.isascii() and number.isdecimal() and int(number) > 0
    count = int(kept) if kept.isascii() and kept.isdecimal() and int(kept) > 0 else KEPT
    return (int(number), cast("Unit", unit), count) if known else (FIRST[""], "", count)


def choose(number: int, unit: Unit, keep: int) -> None:
    """Remember the choice."""
    settings().setValue(EVERY, f"{number}{unit}" if unit else "")
    settings().setValue(KEEP, keep)


def checkpoint_plan() -> CheckpointPlan:
    """The choice as runs take it."""
    number, unit, keep = chosen()
    return CheckpointPlan(Every.of(f"{number}{unit}") if unit else None, keep)
