"""What is to be said of a training that has ended and learned nothing, little, or by heart: judged from its records."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, final

from engine.result import NodePlan, Result

FEWEST_EPOCHS: Final = 10
"""Shorter trainings are tries, of which nobody expects that they have learned."""
GROWN: Final = 10.0
"""A loss that ends so many times above its beginning: noise of batches and warming up stay far below."""
SMALLEST_LOSS: Final = 1e-6
"""A training that begins below this is at its goal, and what it then grows by means nothing."""
GUESSING: Final = 0.05
"""Part of the way from guessing to no mistake: a few hundred samples let guesses look that good, and hardly better."""
LITTLE: Final = 0.3
"""Up to this part of the way, a learning rate or a network that few trainings learn with is told as the reason."""
RISEN: Final = 1.5
"""A validation loss that stays so many times above its lowest while that of the training halves: learned by heart."""
FALLING: Final = 0.01
"""A loss that falls by this part from one eighth of the training to the next is on its way."""
TINY_LR: Final[Mapping[str, float]] = {"sgd": 1e-3, "adagrad": 1e-3, "adadelta": 1e-2}
HUGE_LR: Final[Mapping[str, float]] = {"sgd": 1.0, "adagrad": 1.0, "adadelta": 10.0}
"""Learning rates below and from which few trainings learn, by optimizer; of the others (Adam and its kin):"""
TINY_OTHER: Final = 1e-5
HUGE_OTHER: Final = 0.1
APART: Final = 100.0
"""Inputs that spread so differently ask for learning rates that are as different."""
DEEP: Final = 4
"""So many sigmoids in a row: each multiplies the gradient by a quarter at most."""
MOST_HINTS: Final = 2

_STRAIGHT: Final = frozenset(
    (
        *("Input", "Value", "Dense", "Conv1d", "Conv2d", "ConvTranspose2d"),
        *("Flatten", "Reshape", "Permute", "Transpose"),
        *("Add", "Subtract", "Concat", "Mean", "Sum"),
        *("AvgPool2d", "GlobalAvgPool", "BatchNorm1d", "BatchNorm2d"),
        *("Dropout", "Dropout2d", "Noise", "Augment"),
        *("Loss", "Regularizer"),
    )
)
"""Blocks of which, however many, only straight lines come."""
_FLAT: Final = frozenset({"sigmoid", "tanh"})
_ONE_NUMBER: Final = frozenset({"zeros", "constant"})


@final
@dataclass(frozen=True, slots=True)
class Ended:
    """A training at its end.

    Attributes:
        result: what was trained.
        records: of its epochs, in order.
        kept: number of the epoch whose weights it ended with, None for the last one.
        first_loss: of its first step, None where that is not known.
        lr, optimizer: as they are set; smaller_lr: what to try instead, None where it is small already.
        common: for classes, `train` and `val` -> part of the samples that is of the most frequent class.
        spreads: path of an Input -> its widest feature's spread over its narrowest one's.
    """

    result: Result
    records: Sequence[Mapping[str, Any]]
    lr: float
    optimizer: str
    smaller_lr: float | None = None
    kept: int | None = None
    first_loss: float | None = None
    common: Mapping[str, float] = field(default_factory=dict)
    spreads: Mapping[str, float] = field(default_factory=dict)


@final
@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong, what to try, and a smaller learning rate where that is the way out (after a reset)."""

    message: str
    hint: str
    suggested_lr: float | None = None


def judge(ended: Ended) -> Verdict | None:
    """The verdict; None where enough was learned, where that cannot be told, or where several phases play a game."""
    records = ended.records
    if len(records) < 2 or len(ended.result.phases) != 1:
        return None
    last = next((record for record in records if record["epoch"] == ended.kept), records[-1])
    known = {part: _skill(last, part, ended.common) for part in ("train", "val")}
    best = max((skill for skill in known.values() if skill is not None), default=None)
    part = "train" if known["val"] is None else "val"
    if best is not None and best > GUESSING:
        reason = None
        if best <= LITTLE and len(records) >= FEWEST_EPOCHS:
            reason = _rate_hint(ended, last) or _vanishing_hint(_live(ended))
        if reason is not None:
            return Verdict(_little(last, part, ended.common), reason, _too_large(ended))
        return _by_heart(ended, last)
    grown = _grown(ended, last)
    if grown is not None:
        return grown
    if len(records) < FEWEST_EPOCHS or best is None:
        return None
    return Verdict(_no_better(last, part, ended.common), " ".join(list(_hints(ended))[:MOST_HINTS]), _too_large(ended))


def _skill(record: Mapping[str, Any], part: str, common: Mapping[str, float]) -> float | None:
    """0: as good as an answer that looks at no input, 1: no mistake; None where that cannot be told."""
    value = record["metrics"].get(_named("r2", part))
    if value is not None:  # it measures just that: 1 minus the squared error over that of the mean
        return float(value) if math.isfinite(value) else None
    value, often = record["metrics"].get(_named("accuracy", part)), common.get(part, 1.0)
    return None if value is None or often >= 1.0 else (value - often) / (1.0 - often)


def _named(metric: str, part: str) -> str:
    return f"val_{metric}" if part == "val" else metric


def _no_better(record: Mapping[str, Any], part: str, common: Mapping[str, float]) -> str:
    return f"Nothing was learned: {_compared(record, part, common, 'no')}"


def _little(record: Mapping[str, Any], part: str, common: Mapping[str, float]) -> str:
    return f"Little was learned: {_compared(record, part, common, 'hardly')}"


def _compared(record: Mapping[str, Any], part: str, common: Mapping[str, float], how: str) -> str:
    """How the answers compare with those that look at no input."""
    data = "validation data" if part == "val" else "training data"
    value = record["metrics"].get(_named("r2", part))
    if value is not None:
        return (
            f"on the {data} the answers are {how} better than always answering the mean "
            f"(R² is {value:.2g}; 0 is the mean, 1 is perfect)."
        )
    accuracy = record["metrics"][_named("accuracy", part)]
    return (
        f"on the {data} {accuracy:.0%} of the answers are right, and always answering the most "
        f"frequent class would be right in {common[part]:.0%}."
    )


def _grown(ended: Ended, last: Mapping[str, Any]) -> Verdict | None:
    """The verdict on a loss that ended far above its beginning."""
    losses = [ended.records[0]["loss"], *([] if ended.first_loss is None else [ended.first_loss])]
    first = min(losses)
    if not (SMALLEST_LOSS < first < math.inf and GROWN * first < last["loss"] < math.inf):
        return None
    message = f"The loss grew from {first:.3g} to {last['loss']:.3g}: the steps are too large, and lead away."
    if ended.smaller_lr is None:
        return Verdict(message, "Standardize the inputs, or set clip_norm.")
    return Verdict(message, f"Try learning rate {ended.smaller_lr:g} (now {ended.lr:g}).", ended.smaller_lr)


def _by_heart(ended: Ended, last: Mapping[str, Any]) -> Verdict | None:
    """The verdict on a validation loss that has risen while the training loss fell on."""
    records = ended.records
    values = [record.get("val_loss") for record in records]
    if len(records) < FEWEST_EPOCHS or last is not records[-1] or not all(map(_is_finite, values)):
        return None
    losses = [float(value) for value in values if value is not None]
    lowest = min(range(len(losses)), key=losses.__getitem__)
    best, then = losses[lowest], float(records[lowest]["loss"])
    lately = min(losses[-max(2, len(losses) // 8) :])  # not a single bad epoch
    if not (best > SMALLEST_LOSS and lately > RISEN * best and 2 * last["loss"] < min(then, lately)):
        return None
    message = (
        f"The training data were learned by heart (overfitting): the validation loss was lowest in epoch "
        f"{records[lowest]['epoch']} ({best:.3g}) and has risen to {losses[-1]:.3g}, while the training loss is "
        f"{last['loss']:.3g}."
    )
    return Verdict(message, f"Try {', '.join(_cures(ended))}.")


def _is_finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _cures(ended: Ended) -> Iterator[str]:
    """What holds overfitting back and is not in use yet."""
    settings, kinds = ended.result.settings, {node.block for node in _live(ended)}
    if not settings["weight_decay"] and "Regularizer" not in kinds:
        yield "weight decay"
    if not kinds & {"Dropout", "Dropout2d"}:
        yield "a Dropout"
    yield "fewer units"
    if settings["early_stopping"]:
        yield "or more data"
    else:
        yield "more data"
        yield "or early stopping, which goes back to the best epoch"


def _hints(ended: Ended) -> Iterator[str]:
    """What to try with this network, the likeliest first; always one at least."""
    found = False
    nodes = _live(ended)
    rate = _rate_hint(ended)
    if rate is not None:
        found = True
        yield rate
    for path, ratio in ended.spreads.items():
        if ratio > APART:
            found = True
            yield f'The inputs of "{path}" have very different scales: standardize them.'
    if _is_straight(nodes):
        found = True
        layers = sum(node.block == "Dense" for node in nodes)
        what = "put an Activation between its layers" if layers > 1 else "add a Dense and an Activation before the last"
        yield f"A network without an Activation between layers can only draw a straight line: {what}."
    for node in _alike(nodes):
        found = True
        yield f'All units of "{node.path}" begin alike, and learn alike: draw its weights at random (weight_init).'
    vanishing = _vanishing_hint(nodes)
    if vanishing is not None:
        found = True
        yield vanishing
    if _falls([float(record["loss"]) for record in ended.records]):
        found = True
        yield "The loss was still falling: train for more epochs."
    if not found:
        yield "Try another learning rate, more epochs, or more units."


def _live(ended: Ended) -> list[NodePlan]:
    return [ended.result.nodes[path] for path in ended.result.order if path in ended.result.live]


def _vanishing_hint(nodes: Sequence[NodePlan]) -> str | None:
    if sum(node.block == "Activation" and node.params.get("function") in _FLAT for node in nodes) < DEEP:
        return None
    return "So many sigmoids or tanhs in a row let the gradient vanish: try relu, with Kaiming initialisation."


def _rate_hint(ended: Ended, last: Mapping[str, Any] | None = None) -> str | None:
    """What to do about a learning rate that few trainings learn with; a small one counts if the loss hardly fell."""
    if ended.lr < TINY_LR.get(ended.optimizer, TINY_OTHER):
        if last is not None and last["loss"] < (1.0 - FALLING) * ended.records[0]["loss"]:
            return None
        return f"The learning rate {ended.lr:g} is very small: try a hundred times as much."
    smaller = _too_large(ended)
    return None if smaller is None else f"The learning rate {ended.lr:g} is very large: try {smaller:g}."


def _too_large(ended: Ended) -> float | None:
    """What to try in the place of a learning rate that is too large for most trainings."""
    return ended.smaller_lr if ended.lr >= HUGE_LR.get(ended.optimizer, HUGE_OTHER) else None


def _alike(nodes: Sequence[NodePlan]) -> list[NodePlan]:
    """The first layer, of those that others follow, whose weights all begin with one number."""
    layers = [node for node in nodes if "weight_init" in node.params]
    return [node for node in layers[:-1] if node.params["weight_init"] in _ONE_NUMBER][:1]


def _is_straight(nodes: Sequence[NodePlan]) -> bool:
    """Whether a straight line is all that can come of it; an activation behind the last layer bends none."""
    last = {plan.sources["prediction"][0] for plan in nodes if plan.block == "Loss" and "prediction" in plan.sources}
    bending = (node for node in nodes if node.block not in _STRAIGHT)
    return all(
        node.block == "Activation" and (node.path in last or node.params.get("function") == "identity")
        for node in bending
    )


def _falls(losses: Sequence[float]) -> bool:
    """Whether the loss was on its way down at the end, by the means of the last two eighths of the training."""
    count = max(1, len(losses) // 8)
    before, after = losses[-2 * count : -count], losses[-count:]
    return sum(after) < sum(before) * (1.0 - FALLING) if sum(before) > 0 else False
