"""Chains of Dense in a step: the numbers of neurons and weights, and from which moment on the gradients are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from engine.moments import Backward, Forward, Moment, Objective, Outcome, Step, Update, Values
from engine.result import NodePlan

Array = NDArray[Any]
Arrays = Mapping[str, Array]
Plans = Mapping[str, NodePlan]
NEVER: Final = 1 << 60


@final
@dataclass(frozen=True, eq=False, slots=True)
class Gradients:
    """What comes back to a layer; None where nothing does.

    Attributes:
        a, z, x: ∂L/∂ its output, weighted sum and input, `(samples, units)`; `a_from`, `z_from` are the moments from
            which on they are known.
        weight, bias: of the parameters, summed over the batch; `weight_from` as above.
        slopes: a′ by z, number by number: the product of the slopes of what follows the sum; None where it is no such
            product.
    """

    a: Array | None
    z: Array | None
    x: Array | None
    weight: Array | None
    bias: Array | None
    slopes: Array | None
    a_from: int
    z_from: int
    weight_from: int


@final
@dataclass(frozen=True, eq=False, slots=True)
class Layer:
    """A Dense and what each of its numbers goes through before the next one.

    Attributes:
        dense, rest: the moments of the forward pass.
        owner: path of the block whose parameters these are: `owner.weight`.
        x, z, a: input, weighted sum and output, `(samples, features)`.
        weight, bias: before the step, `(units, features)` and `(units,)`; `weight_after`, `bias_after` after it.
    """

    dense: Forward
    rest: tuple[Forward, ...]
    owner: str
    x: Array
    z: Array
    a: Array
    weight: Array
    bias: Array | None
    weight_after: Array | None
    bias_after: Array | None
    back: Gradients

    @property
    def units(self) -> int:
        """How many neurons."""
        return int(self.weight.shape[0])

    @property
    def nodes(self) -> tuple[str, ...]:
        """Paths of its blocks."""
        return (self.dense.node, *(each.node for each in self.rest))


@final
@dataclass(frozen=True, eq=False, slots=True)
class Chain:
    """Layers that feed one another.

    Attributes:
        source: `block.port` that the first one reads.
        layers: at least one.
        loss: what the last one is compared in; None where it ends elsewhere.
        target: of the loss, in the shape of the prediction; None where there is none.
    """

    source: str
    layers: tuple[Layer, ...]
    loss: Forward | None
    target: Array | None

    @property
    def x(self) -> Array:
        """The inputs, `(samples, features)`."""
        return self.layers[0].x

    @property
    def samples(self) -> int:
        """Of the batch."""
        return len(self.x)

    def size(self, column: int) -> int:
        """How many there are in a column: 0 is the inputs, then the layers; behind them the loss."""
        if column == 0:
            return int(self.x.shape[1])
        return self.layers[column - 1].units if column <= len(self.layers) else 1

    def column_of(self, moment: Moment) -> int | None:
        """The column that a moment is about; None when it is not of this chain."""
        for at, layer in enumerate(self.layers):
            if moment.node in layer.nodes or (isinstance(moment, Update) and moment.node == layer.owner):
                return at + 1
        if isinstance(moment, Objective) or (self.loss is not None and moment.node == self.loss.node):
            return len(self.layers) + 1 if self.loss is not None else None
        if isinstance(moment, Outcome):
            return len(self.layers) + (self.loss is not None)
        return 0 if moment.node == self.source.rpartition(".")[0] else None


def chains_of(step: Step, arrays: Arrays, plans: Plans) -> tuple[Chain, ...]:
    """The chains of a step, in the order of the forward pass.

    Args:
        step: taken apart.
        arrays: its tensors.
        plans: of the blocks, by path.
    """
    return _Finder(step, arrays, plans).chains()


@final
class _Finder:
    def __init__(self, step: Step, arrays: Arrays, plans: Plans) -> None:
        self._arrays, self._plans = arrays, plans
        self._forward = {each.node: each for each in step.moments if isinstance(each, Forward)}
        self._back = {each.node: each for each in step.moments if isinstance(each, Backward)}
        self._updates = {each.parameter: each for each in step.moments if isinstance(each, Update)}
        self._readers: dict[str, list[tuple[Forward, str]]] = {}
        for each in self._forward.values():
            plan = plans.get(each.node)
            if plan is not None and plan.recipe is not None and not plan.recipe.calls and each.form != "data":
                continue  # muted: nothing reads from it, and it takes part in nothing
            for port, source in each.sources.items():
                self._readers.setdefault(source, []).append((each, port))

    def chains(self) -> tuple[Chain, ...]:
        found: list[Chain] = []
        taken: set[str] = set()
        for each in self._forward.values():
            if each.node in taken or not self._is_dense(each):
                continue
            layers: list[Layer] = []
            at: Forward | None = each
            while at is not None:
                rest = tuple(self._rest(at))
                layers.append(self._layer(at, rest))
                taken.add(at.node)
                after = self._only_reader(rest[-1] if rest else at)
                at = after if after is not None and self._is_dense(after) and after.node not in taken else None
            loss = self._loss(layers[-1])
            target = None if loss is None else self._target(loss, layers[-1].a)
            found.append(Chain(each.sources["in"], tuple(layers), loss, target))
        return tuple(found)

    def _array(self, values: Values) -> Array:
        return values.array if values.array is not None else self._arrays[values.key]

    @staticmethod
    def _is_dense(moment: Forward) -> bool:
        return moment.block == "Dense" and moment.form == "linear" and len(moment.outputs[0].shape) == 2

    def _only_reader(self, moment: Forward) -> Forward | None:
        readers = self._readers.get(f"{moment.node}.{moment.outputs[0].name}", [])
        return readers[0][0] if len(readers) == 1 else None

    def _rest(self, dense: Forward) -> Iterator[Forward]:
        """What has one input and one output of the shape of the sum, and is read by one block alone."""
        at: Forward = dense
        while (after := self._only_reader(at)) is not None:
            alike = len(after.inputs) == len(after.outputs) == 1 and after.form in ("number", "other")
            if not alike or after.block == "Dense" or after.outputs[0].shape != dense.outputs[0].shape:
                return
            yield after
            at = after

    def _loss(self, last: Layer) -> Forward | None:
        end = last.rest[-1] if last.rest else last.dense
        readers = self._readers.get(f"{end.node}.{end.outputs[0].name}", [])
        return next((each for each, port in readers if each.block == "Loss" and port == "prediction"), None)

    def _target(self, loss: Forward, prediction: Array) -> Array | None:
        given = next((each for each in loss.inputs if each.name == "target"), None)
        if given is None:
            return None
        target = self._array(given)
        if target.ndim == 1 and target.dtype.kind in "iu" and prediction.shape[1] > 1:
            return np.eye(prediction.shape[1], dtype=prediction.dtype)[target]
        return target.reshape(prediction.shape) if target.size == prediction.size else None

    def _layer(self, dense: Forward, rest: tuple[Forward, ...]) -> Layer:
        plan = self._plans.get(dense.node)
        owner = (plan.weights_path if plan is not None else "") or dense.node
        own = {each.name: self._array(each) for each in dense.weights}
        z = self._array(dense.outputs[0])
        return Layer(
            dense=dense,
            rest=rest,
            owner=owner,
            x=self._array(dense.inputs[0]),
            z=z,
            a=self._array(rest[-1].outputs[0]) if rest else z,
            weight=own["weight"],
            bias=own.get("bias"),
            weight_after=self._after(f"{owner}.weight"),
            bias_after=self._after(f"{owner}.bias"),
            back=self._gradients(dense, rest),
        )

    def _after(self, name: str) -> Array | None:
        update = self._updates.get(name)
        return None if update is None or update.applied is None else self._array(update.after)

    def _gradients(self, dense: Forward, rest: tuple[Forward, ...]) -> Gradients:
        own = self._back.get(dense.node)
        last = self._back.get(rest[-1].node) if rest else own
        first = self._back.get(rest[0].node) if rest else None
        weights = {} if own is None else {each.name: self._array(each) for each in own.weights}
        arriving = None if last is None or not last.upstream else last
        z_from = first.index if first is not None else (NEVER if own is None else own.index)
        before = self._arrival(rest[-1] if rest else dense) if arriving is not None else NEVER
        return Gradients(
            a=None if arriving is None else self._array(arriving.upstream[0].total),
            z=None if own is None or not own.upstream else self._array(own.upstream[0].total),
            x=None if own is None or not own.inputs else self._array(own.inputs[0]),
            weight=weights.get("weight"),
            bias=weights.get("bias"),
            slopes=self._slopes(rest),
            a_from=before,
            z_from=z_from if rest else before,
            weight_from=NEVER if own is None else own.index,
        )

    def _arrival(self, moment: Forward) -> int:
        """The moment that completes the gradient of an output: the last of those that read it."""
        readers = self._readers.get(f"{moment.node}.{moment.outputs[0].name}", [])
        return max((self._back[each.node].index for each, _ in readers if each.node in self._back), default=NEVER)

    def _slopes(self, rest: tuple[Forward, ...]) -> Array | None:
        product: Array | None = None
        for each in rest:
            back = self._back.get(each.node)
            local = back.local[0] if back is not None and len(back.local) == 1 else None
            if local is None or local.kind != "slope":
                return None
            part = self._array(local.values)
            product = part if product is None else product * part
        return product
