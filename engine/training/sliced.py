"""Steps in mixed precision or in micro-batches: several passes, gradients that add up, one update."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, final

import torch
from torch import Tensor

from engine.build import Net
from engine.netcode import Batch
from engine.result import Objective
from engine.training.captured import Made
from engine.training.precision import Precision, in_full
from engine.training.slicing import Adds, NotSliceableError, adding, cut, shares
from engine.training.turns import Turn


@final
class SlicedSteps:
    """Makes the steps of one training that are not plain ones.

    Attributes:
        precision: in which it computes.
        most: samples of a pass; None: the whole batch.
        whole: path of the block for which every batch is taken whole, whatever was asked for; "" for none.
    """

    def __init__(self, net: Net, shown: Sequence[str], precision: Precision, most: int | None, least: int) -> None:
        """For all phases of a network.

        Args:
        net: on its device.
        shown: outputs that each step tells, as `block.port`.
        precision: to compute in.
        most: samples of a pass; None: the whole batch.
        least: samples that a pass has at least.
        """
        self._net, self._shown, self.precision, self._least = net, tuple(shown), precision, least
        self.most, self.whole = most, ""
        phases = [phase.objectives for phase in net.result.phases]
        self._kinds: list[list[Adds]] = [["mean"] * len(terms) for terms in phases]
        if most is not None:
            try:
                self._kinds = [adding(net.result, terms) for terms in phases]
            except NotSliceableError as refusal:
                self.most, self.whole = None, refusal.path
        self._phases = [_Phase(net, number, terms, self._kinds[number], shown) for number, terms in enumerate(phases)]

    def wanted(self, batch: Batch) -> bool:
        """Whether a step with this batch is made here."""
        return self.precision.mixed or (
            self.most is not None and bool(batch) and next(iter(batch.values())).size(0) > self.most
        )

    def step(self, turn: Turn, batch: Batch, lr: float) -> Made:
        """Make a step; raises what PyTorch raises.

        An update that is left out because fp16 overflowed counts as a step: its batch was seen, and its loss is told.
        """
        updater, scale = turn.updater, self.precision.scale
        factor = 1.0 if scale is None else scale.factor
        updater.clear()
        total, shown = 0.0, _Shown(self._shown)
        parts = cut(batch, self.most, self._least) if self.most is not None and batch else [batch]
        whole = sum(_samples(part) for part in parts)
        for part in parts:
            with self.precision.casting():
                loss, outputs = self._phases[turn.number].run(part, _samples(part), whole)
            value = loss.item()
            total += value
            if not math.isfinite(value):
                return total, math.nan, {}
            shown.take(outputs)
            turn.backward(loss * factor)
        return total, self.update(turn, lr), shown.outputs(batch)

    def update(self, turn: Turn, lr: float) -> float:
        """The update with the gradients that have come together; their norm, 0 of one that was left out."""
        updater, scale = turn.updater, self.precision.scale
        if scale is not None:
            updater.multiply(1.0 / scale.factor)
        norm = updater.norm()
        if math.isfinite(norm):
            updater.update(lr, norm)
            if scale is not None:
                scale.took()
        elif scale is not None and scale.overflowed():
            updater.clear()
            return 0.0
        return norm

    def state(self) -> dict[str, Any]:
        """What a resumed training needs."""
        return {} if self.precision.scale is None else self.precision.scale.state()

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state`; one of another precision changes nothing."""
        if state and self.precision.scale is not None:
            self.precision.scale.restore(state)


@final
class _Phase:
    """Runs what one phase minimises."""

    def __init__(
        self, net: Net, number: int, terms: Sequence[Objective], kinds: Sequence[Adds], shown: Sequence[str]
    ) -> None:
        self._terms, self._kinds = terms, kinds
        self._mixed = len({kind == "sum" for kind in kinds}) > 1
        named = dict.fromkeys(f"{term.path}.{term.port}" for term in terms) if self._mixed else {}
        self._run = net.loss_and(tuple(dict.fromkeys((*shown, *named))), phase=number)

    def run(self, part: Batch, samples: int, whole: int) -> tuple[Tensor, Mapping[str, Tensor]]:
        """What a part adds to the loss of the whole batch, in float32 or more, and the wanted outputs."""
        loss, outputs = self._run(part)
        by_term = shares(self._kinds, samples, whole)
        if self._mixed:
            pairs = zip(self._terms, by_term, strict=True)
            loss = sum(
                (term.weight * share * in_full(outputs[f"{term.path}.{term.port}"]) for term, share in pairs),
                start=loss.new_zeros((), dtype=in_full(loss).dtype),
            )
            return loss, outputs
        share = by_term[0]
        return in_full(loss) * share if share != 1.0 else in_full(loss), outputs


@final
class _Shown:
    """Outputs of the parts, put together again."""

    def __init__(self, names: Sequence[str]) -> None:
        self._parts: dict[str, list[Tensor]] = {name: [] for name in names}

    def take(self, outputs: Mapping[str, Tensor]) -> None:
        """Of the next part."""
        for name, parts in self._parts.items():
            parts.append(in_full(outputs[name].detach()))

    def outputs(self, batch: Batch) -> dict[str, Tensor]:
        """Of the whole batch."""
        return {
            name: batch[name] if name in batch else parts[0] if len(parts) == 1 else torch.cat(parts)
            for name, parts in self._parts.items()
        }


def _samples(batch: Batch) -> int:
    return next(iter(batch.values())).size(0) if batch else 1
