"""`chainrule step --check`: the gradients of a step against central differences."""

from __future__ import annotations

import time
from typing import Any

from engine.cli.output import print_json, say, say_error
from engine.gradcheck import GradientCheck
from engine.session.answers import as_next
from engine.stepevents import EntryCheck, GradientReport
from engine.training.run import Run

_SHOWN = 3
_TELL_SECONDS = 2.0


def check(run: Run, batch: int, *, json: bool) -> int:
    """0: all are right; 1: some are wrong. Raises IndexError: there is no such batch."""
    with as_next(run, batch) as samples:
        work = GradientCheck(run.trainer.net, samples, phase=run.trainer.turn)
    tell_at = time.monotonic() + _TELL_SECONDS
    while not work.done:
        work.advance()
        if time.monotonic() >= tell_at:
            say(f"checked {work.checked:,} of {work.total:,} numbers")
            tell_at = time.monotonic() + _TELL_SECONDS
    report = work.report()
    if json:
        print_json(_plain(report))
    else:
        _print(report)
    for part in report.parameters:
        if part.wrong:
            say_error(f'The gradient of "{part.parameter}" is wrong: {part.wrong} of {part.checked} numbers.')
    return 1 if report.wrong else 0


def _print(report: GradientReport) -> None:
    for part in report.parameters:
        print(f"{part.parameter}: relative error {part.error:.1e}, {part.checked:,} of {part.size:,} numbers checked")
        for entry in part.worst[:_SHOWN] if part.wrong else ():
            print(
                f"  {list(entry.index)}: by differences {entry.difference:.9g} ± {entry.unsure:.1g}, "
                f"autograd {entry.autograd:.9g}, formula {entry.formula:.9g}"
            )


def _plain(report: GradientReport) -> dict[str, Any]:
    return {
        "loss": report.loss,
        "tolerance": report.tolerance,
        "wrong": report.wrong,
        "parameters": [
            {
                "parameter": part.parameter,
                "error": part.error,
                "wrong": part.wrong,
                "checked": part.checked,
                "size": part.size,
                "worst": [_entry(entry) for entry in part.worst],
            }
            for part in report.parameters
        ],
    }


def _entry(entry: EntryCheck) -> dict[str, Any]:
    return {
        "index": list(entry.index),
        "difference": entry.difference,
        "unsure": entry.unsure,
        "autograd": entry.autograd,
        "formula": entry.formula,
        "error": entry.error,
    }
