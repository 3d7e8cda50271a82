"""What the network is asked: found in its first loss and in the targets themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, final

import torch
from torch import Tensor

from engine.loss_functions import LOSSES
from engine.result import NodePlan, Result, Source

Kind = Literal["classes", "yes_no", "numbers"]
_YES_NO = frozenset({"binary_cross_entropy", "bce_with_logits", "hinge"})
"""Losses whose targets mean no or yes."""
_LOOKED_AT = 1 << 20
"""Numbers of a target that are looked at to tell whether they are labels."""


@final
@dataclass(frozen=True, slots=True)
class Task:
    """The question of a network.

    Attributes:
        loss: path of the loss it was found in.
        prediction, target: the outputs that go into it.
        kind: `classes`: one of several, the largest score in dim 1 wins; `yes_no`: each number for itself, above
            `threshold` is yes; `numbers`: a regression.
        makes: what turns predictions into probabilities: `softmax`, `exp`, `sigmoid`, `identity`, or "" for nothing.
        threshold: of the prediction, and `target_threshold` of the target.
        classes: names, as far as they are known; scores beyond the classes of the data are called by their number.
    """

    loss: str
    prediction: Source
    target: Source
    kind: Kind
    makes: str = ""
    threshold: float = 0.0
    target_threshold: float = 0.0
    classes: tuple[str, ...] = ()

    def probabilities(self, prediction: Tensor) -> Tensor | None:
        """Probabilities of the classes (or of yes) of the prediction's shape; None when it says no such thing."""
        if self.makes == "softmax":
            return torch.softmax(prediction, 1)
        if self.makes == "exp":
            return prediction.exp()
        if self.makes == "sigmoid":
            return torch.sigmoid(prediction)
        return prediction if self.makes == "identity" else None

    def chosen(self, prediction: Tensor) -> Tensor:
        """Index of the chosen class, int64: (n, …) without dim 1 for `classes`, the prediction's shape for `yes_no`."""
        return prediction.argmax(1) if self.kind == "classes" else (prediction > self.threshold).long()

    def labels(self, target: Tensor) -> Tensor:
        """The true class, of the shape of `chosen`."""
        if self.kind == "classes":
            return target.argmax(1) if target.is_floating_point() else target
        return (target > self.target_threshold).long()


def find_task(result: Result, targets: Mapping[Source, Tensor]) -> Task | None:
    """The task of a checked project; None when no objective compares a prediction with a target.

    Args:
        result: a plan without errors.
        targets: fields of the Inputs, `(path, field)` -> training samples, to look whether they are labels.
    """
    for objective in result.objectives:
        plan = result.nodes[objective.path]
        if "prediction" in plan.sources and "target" in plan.sources:
            return _task(result, plan, targets)
    return None


def _task(result: Result, plan: NodePlan, targets: Mapping[Source, Tensor]) -> Task:
    prediction, target = plan.sources["prediction"], plan.sources["target"]
    function = str(plan.params.get("function"))
    loss, binary = LOSSES.get(function), function in _YES_NO
    facts = result.nodes[target[0]].facts
    field = facts.field(target[1]) if facts else None
    classes = field.classes if field else ()
    given = targets.get(target)
    outputs = _columns(result, prediction)
    if loss is not None and loss.classes:
        makes = "softmax" if loss.wants == "logits" else "exp"
        return Task(plan.path, prediction, target, "classes", makes, classes=_all_named(classes, result, prediction))
    low = None if given is None else _labels(given)
    if _is_one_hot(given, outputs):
        makes = _meaning(result, prediction)
        if loss is not None and loss.wants == "logits":
            makes = "sigmoid"
        return Task(plan.path, prediction, target, "classes", makes, classes=classes)
    if low is None and not binary:
        return Task(plan.path, prediction, target, "numbers")
    middle = 0.5 if low is None else (low + 1) / 2
    threshold, makes = middle, _meaning(result, prediction)
    if loss is not None and binary:
        threshold = 0.5 if loss.wants == "probabilities" else 0.0
        makes = {"probabilities": "identity", "logits": "sigmoid"}.get(loss.wants, "")
    elif low == -1.0:
        makes = ""
    names = classes if len(classes) == 2 else ()
    return Task(plan.path, prediction, target, "yes_no", makes, threshold, middle, names)


def _all_named(classes: tuple[str, ...], result: Result, prediction: Source) -> tuple[str, ...]:
    """The names of the data's classes, and numbers for scores that the network gives beyond them."""
    spec = result.nodes[prediction[0]].outputs.get(prediction[1])
    scores = spec.shape[1] if spec is not None and len(spec.shape) > 1 else None
    if not classes or not isinstance(scores, int):
        return classes
    return classes + tuple(str(index) for index in range(len(classes), scores))


def _columns(result: Result, source: Source) -> int | None:
    """Numbers in dim 1 of an output of two dimensions; None for others."""
    spec = result.nodes[source[0]].outputs.get(source[1])
    if spec is None or len(spec.shape) != 2 or not isinstance(spec.shape[1], int):
        return None
    return spec.shape[1]


def _meaning(result: Result, source: Source) -> str:
    spec = result.nodes[source[0]].outputs.get(source[1])
    return "identity" if spec is not None and spec.meaning in ("probability", "distribution") else ""


def _labels(target: Tensor) -> float | None:
    """-1.0 when all numbers are -1 and 1, 0.0 when all are 0 and 1, None otherwise."""
    if target.numel() > _LOOKED_AT or target.numel() == 0:
        target = target[: max(1, _LOOKED_AT // max(1, target[:1].numel()))]
    ones = target == 1
    if bool((ones | (target == 0)).all()):
        return 0.0
    return -1.0 if bool((ones | (target == -1)).all()) else None


def _is_one_hot(target: Tensor | None, outputs: int | None) -> bool:
    if target is None or outputs is None or outputs < 2 or target.ndim != 2 or target.shape[1] != outputs:
        return False
    return _labels(target) == 0.0 and bool((target.sum(1) == 1).all())
