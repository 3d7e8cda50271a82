"""Which numbers stand in the neurons and on the lines at a moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, final

import numpy as np

from engine.moments import Moment, Outcome, Update
from gui.backprop.neurons.chain import Array, Chain, Layer
from gui.backprop.neurons.forward import Computed, Forwards

LineKind = Literal["weight", "gradient", "update"]
Weights = dict[tuple[int, str], Array]
"""Parameters by number of the layer from 0, and `weight` or `bias`."""
MEAN: Final = -1
"""In place of a sample: the mean over the batch."""


@final
@dataclass(frozen=True, eq=False, slots=True)
class Column:
    """The numbers of a column of neurons, each `(units,)`.

    Attributes:
        upper: weighted sum z, or ∂L/∂a on the way back, or the value before the step at its end; None where there is
            one number only.
        lower: output a, or ∂L/∂z, or the value after the step.
        kind: `value`; `gradient`; `after`.
        reached: whether the cursor has come by in this pass: 0 not yet, 1 as far as the upper number, 2 wholly.
    """

    upper: Array | None
    lower: Array
    kind: Literal["value", "gradient", "after"]
    reached: int


@final
@dataclass(frozen=True, eq=False, slots=True)
class Lines:
    """The numbers of the weights into a column, `(units, inputs)`, and of the biases, `(units,)`.

    `after` and `bias_after` stand beside them in an update.
    """

    weight: Array
    bias: Array | None
    kind: LineKind
    after: Array | None = None
    bias_after: Array | None = None


@final
@dataclass(frozen=True, eq=False, slots=True)
class Sight:
    """Everything that is written at a moment.

    Attributes:
        columns: of inputs and layers. `lines`: into each layer.
        loss: of the batch, or None; `loss_after` beside it at the end of the step, or while a weight is changed.
        current: column of the moment, None where it is about none.
        sample: of the batch, or `MEAN`.
        target: `(units,)` of the last layer.
    """

    columns: tuple[Column, ...]
    lines: tuple[Lines, ...]
    loss: float | None
    loss_after: float | None
    current: int | None
    phase: str
    sample: int
    target: Array | None


def taken(array: Array, sample: int) -> Array:
    """The numbers of one sample, or their mean over the batch."""
    return np.asarray(array.mean(axis=0)) if sample == MEAN else array[min(sample, len(array) - 1)]


def sight_of(
    chain: Chain,
    moment: Moment,
    phase: str,
    sample: int,
    forwards: Forwards,
    changed: tuple[Weights, Computed | None] | None = None,
) -> Sight:
    """What is written at a moment.

    Args:
        chain: that is drawn.
        moment: under the cursor.
        phase: of the moment.
        sample: number in the batch, or `MEAN`.
        forwards: computes the chain.
        changed: weights that are being changed by hand, and what they give where that is known: values are shown then.
    """
    loss = _number(chain)
    target = None if chain.target is None else taken(chain.target, sample)
    current = chain.column_of(moment)
    if changed is not None:
        weights, computed = changed
        columns = _values(chain, sample, computed, None if computed is not None else -1)
        lines = tuple(_changed(layer, at, weights) for at, layer in enumerate(chain.layers))
        after = None if computed is None else computed.loss
        return Sight(columns, lines, loss, after, current, "forward", sample, target)
    if isinstance(moment, Outcome):
        weights = _afterwards(chain)
        found = forwards.run(weights) if forwards.able else None
        lines = tuple(_update(layer) for layer in chain.layers)
        after = None if found is None else found.loss
        return Sight(_outcome(chain, sample, found), lines, loss, after, current, phase, sample, target)
    if phase in ("backward", "update"):
        columns = tuple(_back(chain, at, moment, sample) for at in range(len(chain.layers) + 1))
        lines = tuple(_back_lines(layer, moment) for layer in chain.layers)
        return Sight(columns, lines, loss, None, current, phase, sample, target)
    columns = _values(chain, sample, None, moment.index)
    lines = tuple(Lines(layer.weight, layer.bias, "weight") for layer in chain.layers)
    return Sight(columns, lines, loss, None, current, phase, sample, target)


def _number(chain: Chain) -> float | None:
    if chain.loss is None or chain.loss.outputs[0].array is None:
        return None
    return float(chain.loss.outputs[0].array)


def _values(chain: Chain, sample: int, computed: Computed | None, until: int | None) -> tuple[Column, ...]:
    """Values as far as the cursor has come, which is at the moment `until`; None: all are known."""
    found = [Column(None, taken(chain.x, sample), "value", 2)]
    for at, layer in enumerate(chain.layers):
        z = taken(layer.z if computed is None else computed.z[at], sample)
        a = taken(layer.a if computed is None else computed.a[at], sample)
        last = layer.rest[-1] if layer.rest else layer.dense
        reached = 2 if until is None or last.index <= until else int(layer.dense.index <= until)
        found.append(Column(z if layer.rest else None, a, "value", reached))
    return tuple(found)


def _changed(layer: Layer, at: int, weights: Weights) -> Lines:
    return Lines(weights.get((at, "weight"), layer.weight), weights.get((at, "bias"), layer.bias), "weight")


def _afterwards(chain: Chain) -> Weights:
    found: Weights = {}
    for at, layer in enumerate(chain.layers):
        if layer.weight_after is not None:
            found[at, "weight"] = layer.weight_after
        if layer.bias_after is not None:
            found[at, "bias"] = layer.bias_after
    return found


def _update(layer: Layer) -> Lines:
    return Lines(layer.weight, layer.bias, "update", layer.weight_after, layer.bias_after)


def _outcome(chain: Chain, sample: int, found: Computed | None) -> tuple[Column, ...]:
    if found is None:
        return _values(chain, sample, None, None)
    columns = [Column(None, taken(chain.x, sample), "value", 2)]
    for layer, after in zip(chain.layers, found.a, strict=True):
        columns.append(Column(taken(layer.a, sample), taken(after, sample), "after", 2))
    return tuple(columns)


def _back(chain: Chain, at: int, moment: Moment, sample: int) -> Column:
    """A column on the way back: gradients where the cursor has been, else the values that wait for them."""
    if at == 0:
        first = chain.layers[0].back
        if first.x is not None and first.weight_from <= moment.index:
            return Column(None, taken(first.x, sample), "gradient", 2)
        return Column(None, taken(chain.x, sample), "value", 0)
    layer, back = chain.layers[at - 1], chain.layers[at - 1].back
    if back.z is not None and back.z_from <= moment.index:
        upper = taken(back.a, sample) if layer.rest and back.a is not None else None
        return Column(upper, taken(back.z, sample), "gradient", 2)
    if back.a is not None and back.a_from <= moment.index:
        missing = np.full(layer.units, np.nan)
        return Column(taken(back.a, sample), missing, "gradient", 1)
    return Column(taken(layer.z, sample) if layer.rest else None, taken(layer.a, sample), "value", 0)


def _back_lines(layer: Layer, moment: Moment) -> Lines:
    if isinstance(moment, Update) and moment.parameter in (f"{layer.owner}.weight", f"{layer.owner}.bias"):
        return _update(layer)
    if layer.back.weight is not None and layer.back.weight_from <= moment.index:
        return Lines(layer.back.weight, layer.back.bias, "gradient")
    return Lines(layer.weight, layer.bias, "weight")
