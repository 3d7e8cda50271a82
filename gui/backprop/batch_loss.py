"""What a Loss block says of each sample of a batch: prediction, target, loss, and the names of the classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from engine.loss_functions import LOSSES
from engine.moments import Forward, Step
from engine.result import Result
from gui.backprop.lens import Shown
from gui.backprop.symbols import Array

Floats = NDArray[np.float64]
_SOURCES: Final = 8
"""Blocks between a loss and its data that are looked through for class names."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class BatchLoss:
    """One Loss block in one step.

    Attributes:
        node: of the Loss.
        function, reduction: its parameters.
        prediction: `(N, …)`; `target`: the same shape, or class numbers `(N, …)`.
        losses: of each sample, `(N,)`; their mean (or sum, as the reduction says) is `loss`. None where untold.
        elements: of each element, so that the sum over a sample, divided by how many it has, is the sample's loss.
        loss: the output of the block.
        classes: names, () where the target names no classes.
    """

    node: str
    function: str
    reduction: str
    prediction: Array
    target: Array
    losses: Floats | None
    elements: Floats | None
    loss: float
    classes: tuple[str, ...]

    @property
    def samples(self) -> int:
        """How many."""
        return int(self.prediction.shape[0]) if self.prediction.ndim else 1

    @property
    def by_class(self) -> bool:
        """Whether scores of classes are compared with a class."""
        return LOSSES[self.function].classes

    def class_name(self, index: int) -> str:
        """The name of a class, its number where it has none."""
        return self.classes[index] if 0 <= index < len(self.classes) else str(index)


def loss_of(shown: Shown, result: Result, node: str) -> BatchLoss | None:
    """What a Loss block says in this step; None where the block is another by now."""
    plan, forward = result.nodes.get(node), shown.step.at(Forward, node)
    if plan is None or plan.block != "Loss" or not isinstance(forward, Forward) or forward.block != "Loss":
        return None
    inputs = {values.name: values for values in forward.inputs}
    if set(inputs) != {"prediction", "target"} or len(forward.outputs) != 1:
        return None
    prediction, target = shown.array(inputs["prediction"]), shown.array(inputs["target"])
    count = int(prediction.shape[0]) if prediction.ndim else 1
    mean = plan.params["reduction"] == "mean"
    losses = elements = None
    if forward.elements is not None:
        parts = np.asarray(shown.array(forward.elements), dtype=np.float64)
        elements = parts * (parts.size if mean else 1)
        if parts.size % count == 0:
            losses = parts.reshape(count, -1).sum(1) * (count if mean else 1)
    number = forward.outputs[0].number
    return BatchLoss(
        node,
        plan.params["function"],
        plan.params["reduction"],
        prediction,
        target,
        losses,
        elements,
        float("nan") if number is None else number,
        class_names(result, node),
    )


def class_names(result: Result, node: str) -> tuple[str, ...]:
    """The names of the classes of a Loss's target, () where there are none."""
    plan = result.nodes[node]
    source: Any = plan.sources.get("target")
    for _ in range(_SOURCES):
        if source is None:
            return ()
        before = result.nodes[source[0]]
        if before.facts is not None:
            field = before.facts.field(source[1])
            return field.classes if field is not None else ()
        source = next(iter(before.sources.values()), None)
    return ()


def losses_in(step: Step) -> list[str]:
    """The Loss blocks of a step, as they are computed."""
    return [moment.node for moment in step.moments if isinstance(moment, Forward) and moment.block == "Loss"]
