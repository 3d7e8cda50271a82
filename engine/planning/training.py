"""Training settings: parsed, and judged by themselves and beside the data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine import settings
from engine.dataspec import DataFacts
from engine.planning.words import did_you_mean, ended
from engine.problem import Problem

Parsed = tuple[dict[str, Any], list[Problem]]
_SHOWN = 10


def read_settings(training: Mapping[str, Any], where: str = "Training", beside: tuple[str, ...] = ()) -> Parsed:
    """All settings by flat name, and what is wrong with them. A bad one gets its default.

    Args:
        training: as in the file.
        where: what messages begin with.
        beside: keys that may stand at the same place and are not settings.
    """
    parsed, errors = settings.parse(training)
    problems = [_problem("error", ended(f"{where}: {name} {message}"), f"Correct {name}.") for name, message in errors]
    if parsed["nesterov"] and parsed["optimizer"] == "sgd" and not parsed["momentum"]:
        problems.append(
            _problem("error", f"{where}: nesterov needs a momentum, which is 0.", "Set momentum, for example to 0.9.")
        )
    for key, known in settings.unknown_keys(training)[:_SHOWN]:
        message = f'{where}: there is no setting "{key}"; it is kept, but has no effect.'
        problems.append(_problem("info", message, did_you_mean(key, (*known, *beside))))
    return parsed, problems


def judge_beside_data(parsed: Mapping[str, Any], data: Iterable[DataFacts]) -> list[Problem]:
    """What the settings ask of data that the data do not have."""
    problems: list[Problem] = []
    known = list(data)
    if not known:
        return problems
    train = min(facts.counts[0] for facts in known)
    if parsed["drop_last"] == "true" and parsed["batch_size"] > train:
        message = (
            f"Training: a batch has {parsed['batch_size']:,} samples, but there are only {train:,}, and drop_last "
            f"leaves out what is smaller than a batch."
        )
        problems.append(_problem("error", message, f"Set batch_size to at most {train:,}, or drop_last to auto."))
    monitor = parsed["monitor"]
    if parsed["early_stopping"] and monitor.startswith("val_") and not any(facts.counts[1] for facts in known):
        message = f"Training: early stopping watches {monitor}, but no samples are held out for validation."
        problems.append(_problem("warning", message, "Set val_fraction in the Input, or watch another value."))
    return problems


def _problem(severity: Any, message: str, hint: str = "") -> Problem:
    return Problem(severity, "G15", None, None, message, hint)
