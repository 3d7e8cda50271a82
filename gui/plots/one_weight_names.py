"""The weights of a network by name, and how one of many is found."""

from __future__ import annotations

import math
import re
from itertools import islice, product
from typing import Final, NamedTuple, final

from engine.result import Result
from engine.weightviews import Entry, entry_text
from gui.widgets.pick_list import Pick

MOST: Final = 200
"""Lines of the list."""
_EACH: Final = 24
"""Numbers of one parameter that are listed unless its name or an index is typed."""
_NUMBERS: Final = re.compile(r"\d+")


@final
class Parameter(NamedTuple):
    """`block.parameter`, its shape, and whether it is trained."""

    name: str
    shape: tuple[int, ...]
    trained: bool

    @property
    def first(self) -> Entry:
        """Its first number."""
        return self.name, (0,) * len(self.shape)


def parameters_of(result: Result) -> list[Parameter]:
    """Those that are trained first, else in the order of the plan; shared ones once."""
    trained = {name for phase in result.phases for name in phase.update}
    found: list[Parameter] = []
    for path in result.order:
        plan = result.nodes[path]
        if plan.weights_path == path and plan.recipe is not None:
            names = [(f"{path}.{tensor.name}", tensor.shape) for tensor in plan.recipe.parameters]
            found.extend(Parameter(name, tuple(shape), name in trained) for name, shape in names)
    return sorted(found, key=lambda each: not each.trained)


def first_weight(result: Result) -> Entry | None:
    """The one that is shown unless another is chosen."""
    found = parameters_of(result)
    return found[0].first if found else None


def holds(result: Result, entry: Entry) -> bool:
    """Whether there is such a weight."""
    shapes = {each.name: each.shape for each in parameters_of(result)}
    shape = shapes.get(entry[0])
    return (
        shape is not None and len(shape) == len(entry[1]) and all(i < n for i, n in zip(entry[1], shape, strict=True))
    )


def picks(result: Result, text: str, chosen: Entry | None, frozen: str) -> list[Pick]:
    """What is listed for a text such as `dense1`, `bias` or `weight[3, 2]`.

    Args:
        result: whose weights.
        text: that was typed.
        chosen: is marked.
        frozen: said of parameters that are not trained.
    """
    name, _, behind = text.partition("[")
    words = name.lower().split()
    numbers = tuple(int(number) - 1 for number in _NUMBERS.findall(behind))  # people count from 1
    matching = [each for each in parameters_of(result) if all(word in each.name.lower() for word in words)]
    few = _EACH if len(matching) > 1 else MOST
    found: list[Pick] = []
    for each in matching:
        for entry in islice(_entries(each, numbers), few):
            note = " × ".join(map(str, each.shape)) if math.prod(each.shape) > 1 else ""
            detail = "" if each.trained else frozen
            found.append(Pick(entry_text(entry), detail, note, entry, checked=entry == chosen))
    return found[:MOST]


def _entries(parameter: Parameter, numbers: tuple[int, ...]) -> list[Entry] | islice[Entry]:
    """Its numbers, those whose index begins with what was typed."""
    if len(numbers) > len(parameter.shape) or any(
        not 0 <= i < n for i, n in zip(numbers, parameter.shape, strict=False)
    ):
        return []
    rest = parameter.shape[len(numbers) :]
    return islice(((parameter.name, (*numbers, *index)) for index in product(*map(range, rest))), MOST)
