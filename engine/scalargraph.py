"""A network on one batch as numbers and the ways between them, for `engine.pathfinder`."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.build import Net
from engine.jacobians import NO_PATH, Floats, Jacobian, Mask, Rows, flat, jacobian, pulled, pushed
from engine.netcode import Batch, tensor_home
from engine.replay import Moment, replay, total, undisturbed
from engine.result import Source

END: Source = ("", "L")
"""Where every way ends: what is minimised."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """What one input of a block does to one of its outputs, or, without a Jacobian, to the loss as a whole."""

    moment: Moment
    source: Source
    to: Source
    jacobian: Jacobian | None
    gradient: Floats


@final
@dataclass(frozen=True, slots=True, eq=False)
class Use:
    """A parameter in a block that reads it: the block's output, and how the parameter gets there."""

    moment: Moment
    short: str
    to: Source


@final
class ScalarGraph:
    """Every number of one step, and for each over all its ways to the loss: sum, largest |product|, how many.

    Attributes:
        net: a copy of the network; phase: whose objectives.
        moments: the nodes as they ran; values: their outputs; samples: of the batch.
        leaves: the parameters; uses: where each is read.
        links: by what they read, in the order of execution.
        ends: outputs that are minimised, and their weights.
        sums, best, counts: of each output, flat.
    """

    def __init__(self, net: Net, batch: Batch, phase: int = 0) -> None:
        """Runs a batch in training mode under torch's present random state; changes neither network nor state.

        Args:
            net: a network with objectives.
            batch: `input.field` -> (batch, …).
            phase: whose objectives.
        """
        twin = copy.deepcopy(net)
        if not twin.training:
            twin.train()
        self.net, self.phase, self._objectives = twin, phase, net.result.phases[phase].objectives
        self.leaves = {name: value.detach().requires_grad_() for name, value in twin.named_parameters()}
        with undisturbed(net), torch.enable_grad():  # the copy keeps the buffers its graph has seen
            self.moments = replay(twin, batch, self._objectives, traced=True, weights=self.leaves)
            self._loss = total(self.moments, self._objectives)
            self.samples = max((len(value) for value in batch.values() if value.ndim), default=1)
            self.values = {
                (moment.plan.path, port): value for moment in self.moments for port, value in moment.outputs.items()
            }
            self.uses = self._find_uses()
            self.links = self._find_links()
        self.ends = self._find_ends()
        self.sums, self.best, self.counts = self._sweep()

    # -- the network as numbers and ways --

    def _find_uses(self) -> dict[str, list[Use]]:
        found: dict[str, list[Use]] = {}
        for moment in self.moments:
            for short in moment.weights:
                path = moment.plan.path
                full = tensor_home(self.net.result, short if "." in short else f"{path}.{short}")
                outputs = [(path, port) for port, value in moment.outputs.items() if value.requires_grad]
                found.setdefault(full, []).extend(Use(moment, short, to) for to in outputs)
        return found

    def _find_links(self) -> dict[Source, list[Link]]:
        """By what they read, in the order of execution."""
        found: dict[Source, list[Link]] = {}
        for moment in self.moments:
            for port, source in moment.plan.sources.items():
                value = moment.inputs.get(port)
                if value is None or not value.requires_grad:
                    continue
                found.setdefault(source, []).extend(self._links_of(moment, source, value))
        return found

    def _links_of(self, moment: Moment, source: Source, value: Tensor) -> Iterator[Link]:
        recipe = moment.plan.recipe
        assert recipe is not None
        outputs = {(moment.plan.path, port): out for port, out in moment.outputs.items() if out.requires_grad}
        found = {to: jacobian(moment, value, out, recipe) for to, out in outputs.items()}
        if any(each is None for each in found.values()):
            yield Link(moment, source, END, None, flat(pulled(self._loss, value)))
            return
        for to, each in found.items():
            yield Link(moment, source, to, each, np.empty(0))

    def _find_ends(self) -> dict[Source, float]:
        ends: dict[Source, float] = {}
        for objective in self._objectives:
            at = (objective.path, objective.port)
            ends[at] = ends.get(at, 0.0) + objective.weight
        return ends

    def _sweep(self) -> tuple[dict[Source, Floats], dict[Source, Floats], dict[Source, Floats]]:
        """For each number, over all its ways to the loss: their sum, the largest |product|, their number."""
        sums: dict[Source, Floats] = {}
        best: dict[Source, Floats] = {}
        counts: dict[Source, Floats] = {}
        ends = self.ends
        for moment in reversed(self.moments):
            for port, value in moment.outputs.items():
                at, size = (moment.plan.path, port), value.numel()
                weight = ends.get(at)
                sums[at] = np.full(size, weight or 0.0)
                best[at] = np.full(size, NO_PATH if weight is None else abs(weight))
                counts[at] = np.full(size, 0.0 if weight is None else 1.0)
                for link in self.links.get(at, ()):
                    if link.jacobian is None:
                        sums[at] += link.gradient
                        np.maximum(best[at], np.abs(link.gradient), out=best[at])
                        counts[at] += 1
                    else:
                        sums[at] += link.jacobian.back(sums[link.to])
                        np.maximum(best[at], link.jacobian.best(best[link.to]), out=best[at])
                        counts[at] += link.jacobian.count(counts[link.to])
        return sums, best, counts

    # -- parameters --

    def start(self, use: Use, at: int) -> tuple[NDArray[np.int64], Floats]:
        """Which numbers of a block's output a weight moves, and how much each."""
        rows = self.dense(use)
        if rows is None:
            found = pushed(use.moment.outputs[use.to[1]], use.moment.weights[use.short], at)
            (moved,) = found.nonzero()
            return moved, found[moved]
        units = rows.weight.shape[0]
        neuron, feature = divmod(at, rows.weight.shape[1]) if use.short == "weight" else (at, 0)
        outs = np.arange(rows.rows) * units + neuron
        if use.short == "bias":
            return outs, np.ones(rows.rows)
        inputs = flat(next(iter(use.moment.inputs.values()))).reshape(rows.rows, -1)
        return outs, inputs[:, feature]

    def dense(self, use: Use) -> Rows | None:
        """The Jacobian of a Dense, whose own weights are as easily told."""
        (source, *others) = use.moment.plan.sources.values() or [END]
        weight = use.moment.weights.get("weight")
        recipe = use.moment.plan.recipe
        plain = recipe is not None and recipe.module is not None and recipe.module.target == "torch.nn.Linear"
        if others or weight is None or not plain or use.short not in ("weight", "bias"):
            return None
        rows = self.values[source].numel() // weight.shape[1]
        return Rows(weight.detach().cpu().double().numpy(), rows)

    def gradient(self, name: str) -> Tensor:
        """Autograd's gradient of a parameter."""
        return pulled(self._loss, self.leaves[name])

    # -- what depends on what --

    @staticmethod
    def mark(marks: dict[Source, Mask], use: Use, mask: Mask) -> None:
        marks[use.to] = mask | marks[use.to] if use.to in marks else mask

    def spread(self, marks: dict[Source, Mask]) -> dict[Source, Mask]:
        """Everything that depends on the marked numbers."""
        for moment in self.moments:
            for port in moment.outputs:
                at = (moment.plan.path, port)
                if at not in marks:
                    continue
                for link in self.links.get(at, ()):
                    if link.jacobian is not None:
                        found = link.jacobian.spread(marks[at])
                        marks[link.to] = found | marks[link.to] if link.to in marks else found
                    elif marks[at].any():
                        path = link.moment.plan.path
                        marks |= {(path, out): self.all((path, out)) for out in link.moment.outputs}
        return marks

    def all(self, at: Source) -> Mask:
        return np.ones(self.values[at].numel(), bool)

    def cost(self, reach: Mapping[Source, Mask]) -> int:
        found = 0
        for at, mask in reach.items():
            for link in self.links.get(at, ()):
                if link.jacobian is not None:
                    found += link.jacobian.cost(mask)
                elif mask.any():
                    found += (link.moment.plan.macs or 0) * self.samples
        return found
