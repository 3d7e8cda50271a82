"""What a step computes, as values: operations of PyTorch on named arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final


@final
@dataclass(frozen=True, slots=True)
class Ref:
    """Stands for an array that has this name."""

    name: str


@final
@dataclass(frozen=True, slots=True)
class Number:
    """Stands for a number that changes from step to step."""

    name: str


@final
@dataclass(frozen=True, slots=True)
class Call:
    """One operation.

    Attributes:
        made: names of its results.
        name: of the operation, without `aten::`; the results of one that ends in `_` are its first argument.
        args, keywords: numbers, lists of numbers, `Ref`s, `Number`s; None.
    """

    made: tuple[str, ...]
    name: str
    args: tuple[Any, ...]
    keywords: Mapping[str, Any]


@final
@dataclass(frozen=True, slots=True)
class Slot:
    """A packed vector of weights.

    Attributes:
        weight, grad: its names, and of its gradients.
        state: of what the optimizer remembers.
        members: name of a parameter, name of its gradient's result (None: it has none), place, shape.
        update: the calls that change `weight` and `state`; its `Number`s are `numbers`, in order.
        size: numbers in the vector.
    """

    weight: str
    grad: str
    state: tuple[str, ...]
    members: tuple[tuple[str, str | None, int, tuple[int, ...]], ...]
    update: Sequence[Call]
    numbers: tuple[str, ...]
    size: int


@final
@dataclass(frozen=True, slots=True)
class Step:
    """A whole training step, for batches of one size.

    Attributes:
        fields: name -> (shape of a batch, whether whole numbers), of those parts of a batch that are used.
        given: name -> shape of arrays that stay as they are.
        ahead: calls up to the loss; `back`: up to the gradients.
        shapes: of every result, by name.
        uniform: results that are the same number in every place at every step.
        loss: name of the result; `shown`: of another that is wanted, or None.
        bytes: of a number, 4 or 8.
    """

    samples: int
    fields: Mapping[str, tuple[tuple[int, ...], bool]]
    given: Mapping[str, tuple[int, ...]]
    ahead: Sequence[Call]
    back: Sequence[Call]
    shapes: Mapping[str, tuple[int, ...]]
    uniform: Mapping[str, float]
    slots: tuple[Slot, ...]
    loss: str
    shown: str | None
    clip_norm: float | None
    clip_value: float | None
    bytes: int
