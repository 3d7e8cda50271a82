"""Which entry of what a wire carries a single number of a step is."""

from __future__ import annotations

import numpy as np

from engine.chains import Place
from engine.moments import Backward, Forward, Moment, Step
from engine.numeralparts import Numeral


def entry_of(
    step: Step, moment: Moment, numeral: Numeral | None, port: str, shape: tuple[int, ...], *, out: bool
) -> int | None:
    """The place of a number in the tensor at a port, row by row; None where it is not a single one.

    Args:
        step: that is walked through.
        moment: of blocks, that the number is part of.
        numeral: the number.
        port: of the moment's block.
        shape: of the tensor that the wire carries.
        out: whether the port is an output.
    """
    if numeral is None:
        return None
    place = numeral.place
    if isinstance(moment, Forward):
        own = place.name in (moment.node, f"{moment.node}.{port}")
        if (out and own and moment.form != "scalar") or (not out and moment.form in ("number", "scalar")):
            return _flat(place, shape)
    if isinstance(moment, Backward):
        return _backward(step, moment, place, port, shape, out=out)
    return None


def _backward(
    step: Step, moment: Backward, place: Place, port: str, shape: tuple[int, ...], *, out: bool
) -> int | None:
    if place.name.startswith(f"{moment.node}.") and place.name.rpartition(".")[2] in ("weight", "bias"):
        row = shape[:-1]
        return place.index[0] if out and all(size == 1 for size in row) else None
    forward = step.at(Forward, moment.node)
    if not isinstance(forward, Forward):
        return None
    if out:
        return _flat(place, shape) if moment.form == "number" or place.name == moment.node else None
    source = forward.sources.get(port, "").removesuffix(".out")
    return _flat(place, shape) if place.name == source else None


def _flat(place: Place, shape: tuple[int, ...]) -> int | None:
    index = place.index
    if len(index) == len(shape) - 1 and shape[0] == 1:
        index = (0, *index)
    if not index or len(index) != len(shape) or not all(at < size for at, size in zip(index, shape, strict=True)):
        return None
    return int(np.ravel_multi_index(index, shape))
