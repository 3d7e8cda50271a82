"""One training step as a list of moments that a cursor can walk, as values that cross the session's door.

At the level of blocks there is one moment a block and pass; inside of each, `engine.numerals` writes out single neurons
and single weights. `engine.unfolding` makes them.

The order is that in which one computes by hand (Mazur's page): forward through the blocks, the loss, back through the
blocks, each with the updates of the parameters whose gradients are complete with it, and what became of the loss. All
updates take effect together, at the end of the step: the gradients further back are those of the weights before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Level = Literal["block", "neuron", "weight"]
Form = Literal["data", "linear", "number", "place", "scalar", "other", "total", "update"]
"""How a block computes: `linear` x Wᵀ + b (Dense), `number` each number by itself (activations, sums, masks), `place`
moves numbers, `scalar` has one number as its output (Loss, Regularizer); `data` computes nothing."""

KEPT = 4096
"""Tensors of at most so many numbers are held in full; of larger ones a summary, and the array on request."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """A tensor of a step, in full or summed up.

    Attributes:
        name: of port or parameter, short: `in`, `out`, `weight`.
        shape: of the tensor, samples of the batch first where there are any.
        low, high, mean: of the numbers that are finite; NaN without any.
        odd: how many numbers are not finite.
        array: the numbers, in the dtype of the training; None when there are more than `KEPT`.
        key: names the tensor in its step, for `Session.values`: `forward/conv1/out`.
    """

    name: str
    shape: tuple[int, ...]
    low: float
    high: float
    mean: float
    odd: int
    array: Array | None
    key: str

    @classmethod
    def of(cls, name: str, array: Array, key: str) -> Values:
        """The values of an array; a copy that nobody can change."""
        finite = array[np.isfinite(array)] if array.dtype.kind == "f" else array.ravel()
        low = high = mean = float("nan")
        if finite.size:
            low, high, mean = float(finite.min()), float(finite.max()), float(finite.mean(dtype=np.float64))
        kept: Array | None = None
        if array.size <= KEPT:
            kept = np.array(array, order="C")
            kept.flags.writeable = False
        return cls(name, tuple(array.shape), low, high, mean, array.size - finite.size, kept, key)

    @property
    def size(self) -> int:
        """How many numbers."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def number(self) -> float | None:
        """The number, when it is only one; else None."""
        return float(self.array.item()) if self.array is not None and self.array.size == 1 else None


@final
@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """A part of a gradient that arrives on several wires: from where (`block.port`), and how much."""

    source: str
    values: Values


@final
@dataclass(frozen=True, slots=True, eq=False)
class Sum:
    """A gradient, and the parts that add up to it when there are several wires."""

    total: Values
    terms: tuple[Term, ...] = ()


@final
@dataclass(frozen=True, slots=True)
class Mathematics:
    """A block's formulas: LaTeX lines of this pass, (symbol, meaning) pairs, where to read on.

    `params` are those of the block: what stands for its letters (stride, padding, epsilon).
    """

    lines: tuple[str, ...] = ()
    symbols: tuple[tuple[str, str], ...] = ()
    source: str = ""
    params: Mapping[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """Base of all moments of the level of blocks.

    Attributes:
        index: in the step.
        node: path of the block; for an update the block that owns the parameter, "" for the step as a whole.
        block: kind, "" for the step as a whole.
        form: how it computes.
    """

    index: int
    node: str
    block: str
    form: Form


@final
@dataclass(frozen=True, slots=True, eq=False)
class Forward(Moment):
    """A block computes its outputs.

    Attributes:
        inputs, outputs: by port. `sources`: input port -> `block.port` that it reads.
        weights: its parameters (`weight`; `other.weight` of those that it borrows).
        saved: what it drew or chose for this step (a dropout mask, places of maxima).
        elements: of a Loss, what each element contributes to it; None elsewhere.
        formula: forward.
    """

    inputs: tuple[Values, ...]
    outputs: tuple[Values, ...]
    weights: tuple[Values, ...]
    saved: tuple[Values, ...]
    elements: Values | None
    sources: Mapping[str, str]
    formula: Mathematics


@final
@dataclass(frozen=True, slots=True, eq=False)
class Objective(Moment):
    """What is minimised, added up: (`block.port`, weight, its value) of each part, and the total."""

    parts: tuple[tuple[str, float, float], ...]
    loss: float

    @property
    def composed(self) -> bool:
        """Whether it is more than the output of one block as it is."""
        return len(self.parts) > 1 or any(weight != 1 for _, weight, _ in self.parts)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Backward(Moment):
    """A block turns the gradient of its outputs into those of its inputs and parameters.

    Attributes:
        upstream: by output port, with terms where several wires bring parts.
        local: by input port, the local derivative, where it is small enough to show: for a function of single numbers
            its slope at each number (σ′(z), of the input's shape; `kind` `slope`), for Dense its weight (`weight`),
            for a scalar output the gradient itself (`gradient`).
        inputs, weights: the gradients.
        formula: backward.
        error: what is wrong with the block's formulas, as a sentence; "" when they agree with autograd. What flows on
            is then autograd's.
    """

    upstream: tuple[Sum, ...]
    local: tuple[Local, ...]
    inputs: tuple[Values, ...]
    weights: tuple[Values, ...]
    formula: Mathematics
    error: str = ""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Local:
    """A local derivative of the first output by an input port; see `Backward.local`."""

    kind: Literal["slope", "weight", "gradient"]
    values: Values


@final
@dataclass(frozen=True, slots=True, eq=False)
class Update(Moment):
    """A parameter is updated.

    Attributes:
        parameter: `block.parameter`.
        before, after: the parameter.
        gradient: raw, with terms when it is used in several places.
        applied: clipped and decayed; None when it is not updated (frozen, or not of this phase).
        state_before, state_after: what the optimizer remembers, by torch's names.
        optimizer: kind; `hyper`: its numbers (`lr` of this very step, `step` the number of the update, from 1).
        formula: how it computes.
    """

    parameter: str
    before: Values
    gradient: Sum
    applied: Values | None
    after: Values
    state_before: tuple[Values, ...]
    state_after: tuple[Values, ...]
    optimizer: str
    hyper: Mapping[str, float]
    formula: Mathematics


@final
@dataclass(frozen=True, slots=True, eq=False)
class Outcome(Moment):
    """The same batch with the new weights, the same random draws: has the error gone down?

    Attributes:
        before, after: the loss.
        outputs: what the network says now, by `block.port`.
    """

    before: float
    after: float
    outputs: tuple[Values, ...]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A whole step.

    Attributes:
        moments: in the order of a cursor; the index of each is its place.
        loss: what is minimised, before the update.
        errors: of blocks whose formulas disagree with autograd.
        samples: of the batch.
        bytes: that the arrays take.
    """

    moments: tuple[Moment, ...]
    loss: float
    errors: tuple[str, ...]
    samples: int
    bytes: int = field(default=0)

    def at(self, kind: type[Moment], node: str) -> Moment | None:
        """The moment of that kind at a block (for an update: of a parameter)."""
        for moment in self.moments:
            if isinstance(moment, kind) and node in (moment.node, getattr(moment, "parameter", None)):
                return moment
        return None


def values_in(moment: Moment) -> Iterator[Values]:
    """Every tensor of a moment."""
    for name in moment.__dataclass_fields__:
        part = getattr(moment, name)
        for item in part if isinstance(part, tuple) else (part,):
            if isinstance(item, Values):
                yield item
            elif isinstance(item, Local):
                yield item.values
            elif isinstance(item, Sum):
                yield item.total
                yield from (term.values for term in item.terms)
