"""Training settings: parsed, and judged by themselves and beside the data."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from engine import settings
from engine.dataspec import DataFacts
from engine.planning.words import did_you_mean, ended
from engine.problem import Problem
from engine.result import NodePlan
from engine.wording import plural

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
        message = f"{where}: nesterov has no effect while the momentum is 0."
        problems.append(_problem("warning", message, "Set momentum, for example to 0.9."))
    if parsed["precision"] != "float32" and parsed["dtype"] == "float64":
        message = f"{where}: precision {parsed['precision']} computes in 16 bits, but the numbers are float64."
        problems.append(_problem("error", message, "Set dtype to float32, or precision to full."))
    for key, known in settings.unknown_keys(training)[:_SHOWN]:
        message = f'{where}: there is no setting "{key}"; it is kept, but has no effect.'
        problems.append(_problem("info", message, did_you_mean(key, (*known, *beside))))
    return parsed, problems


def judge_beside_data(parsed: Mapping[str, Any], data: Mapping[str, DataFacts]) -> list[Problem]:
    """What the settings ask of data that the data do not have, and Inputs whose samples do not pair up.

    Args:
        parsed: the settings.
        data: path of an Input -> what is known of its data, in plan order.
    """
    if not data:
        return []
    known = list(data.values())
    problems = _counts_apart(data)
    train = min(facts.counts[0] for facts in known)
    if parsed["drop_last"] == "true" and parsed["batch_size"] > train:
        message = (
            f"Training: a batch has {plural(parsed['batch_size'], 'sample')}, but there are only {train:,}, and "
            f"drop_last leaves out what is smaller than a batch."
        )
        problems.append(_problem("error", message, f"Set batch_size to at most {train:,}, or drop_last to auto."))
    monitor = parsed["monitor"]
    if parsed["early_stopping"] and monitor.startswith("val_") and not any(facts.counts[1] for facts in known):
        message = f"Training: early stopping watches {monitor}, but no samples are held out for validation."
        problems.append(_problem("warning", message, "Set val_fraction in the Input, or watch another value."))
    return problems


def _counts_apart(data: Mapping[str, DataFacts]) -> list[Problem]:
    """The first Input with another number of training samples than the first of all."""
    (first, facts), *others = data.items()
    for path, other in others:
        if other.counts[0] != facts.counts[0]:
            message = (
                f'"{path}" has {plural(other.counts[0], "training sample")} but "{first}" has {facts.counts[0]:,}; '
                f"samples of several Inputs belong together row by row."
            )
            return [Problem("error", "D06", path, None, message, "Give all Inputs the same number of samples.")]
    return []


def judge_single_samples(
    parsed: Mapping[str, Any], data: Collection[DataFacts], live: Iterable[NodePlan]
) -> list[Problem]:
    """The first batch normalisation that would get a batch of one number per channel, which torch refuses."""
    if not data:
        return []
    train, size = min(facts.counts[0] for facts in data), parsed["batch_size"]
    always = min(train, size) == 1
    if not always and not (train % size == 1 and parsed["drop_last"] == "false"):
        return []
    for plan in live:
        module = plan.recipe.module if plan.recipe is not None else None
        if module is None or not module.target.startswith("torch.nn.BatchNorm"):
            continue
        spec = plan.inputs.get("in")
        sizes = spec.shape[2:] if spec is not None else ()
        if all(isinstance(size, int) for size in sizes) and math.prod(map(int, sizes)) == 1:
            what = "each batch has" if always else "the last batch of an epoch has"
            message = f'"{plan.path}" normalises over the samples of a batch, but {what} only one.'
            if train == 1:
                hint = "Give the training more samples, or remove it."
            elif always:
                hint = "Set batch_size to at least 2."
            else:
                hint = "Set drop_last to auto, or choose another batch_size."
            return [Problem("error", "G15", plan.path, None, message, hint)]
    return []


def judge_precision(parsed: Mapping[str, Any], live: Iterable[NodePlan]) -> list[Problem]:
    """Losses that PyTorch refuses to compute in mixed precision: their probabilities round to 0 and 1 in 16 bits."""
    if parsed["precision"] == "float32":
        return []
    for plan in live:
        if plan.block == "Loss" and plan.params.get("function") == "binary_cross_entropy":
            message = f'"{plan.path}" compares probabilities, which precision {parsed["precision"]} rounds to 0 and 1.'
            hint = "Choose bce_with_logits without the sigmoid before it, or set precision to full."
            return [Problem("error", "G15", plan.path, None, message, hint)]
    return []


def judge_learning(trained: Collection[str]) -> list[Problem]:
    """A warning where there is something to minimise but nothing that could change.

    Args:
        trained: names of all parameters that are not frozen.
    """
    if trained:
        return []
    message = "Nothing can learn: the network has no parameters, or all are frozen."
    return [Problem("warning", "G25", None, None, message, "Add a block with weights, such as Dense, or thaw one.")]


def _problem(severity: Any, message: str, hint: str = "") -> Problem:
    return Problem(severity, "G15", None, None, message, hint)
