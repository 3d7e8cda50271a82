"""Start values of a document: which block each belongs to, and whether it fits."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from engine.param import ParamError, array_shape
from engine.planning.words import did_you_mean, ended, quoted
from engine.problem import Problem
from engine.recipe import Recipe
from engine.result import NodePlan
from engine.tensorspec import shape_text
from engine.wording import shown

Starts = dict[str, dict[str, Any]]
"""Path -> short parameter name -> value."""

_SHOWN = 10


def index_starts(parameters: Mapping[str, Any], paths: Container[str]) -> tuple[Starts, list[str]]:
    """The values by the block they belong to, and the names that belong to none.

    A name is `path.parameter`; the longest path that there is counts, for a parameter's name may hold dots itself.
    """
    starts: Starts = {}
    lost: list[str] = []
    for name in sorted(parameters):
        cut = name.rfind(".")
        while cut > 0 and name[:cut] not in paths:
            cut = name.rfind(".", 0, cut)
        if cut > 0:
            starts.setdefault(name[:cut], {})[name[cut + 1 :]] = parameters[name]
        else:
            lost.append(name)
    return starts, lost


def lost_starts(lost: list[str], paths: Mapping[str, Any]) -> list[Problem]:
    """A problem for each start value of a block that does not exist, but not for thousands."""
    problems = [
        Problem(
            "error",
            "G18",
            None,
            None,
            f"There is a start value for {shown(name)}, but no such block.",
            did_you_mean(name.rpartition(".")[0], paths, "Remove the start value."),
            ("drop_start", name),
        )
        for name in lost[:_SHOWN]
    ]
    if len(lost) > _SHOWN:
        message = f"There are {len(lost) - _SHOWN:,} more start values that belong to no block."
        problems.append(Problem("error", "G18", None, None, message, "Remove them."))
    return problems


def judge_starts(plan: NodePlan, recipe: Recipe, starts: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with the start values of one block, whose parameters are known."""
    problems: list[Problem] = []
    tensors = {tensor.name: tensor for tensor in (*recipe.parameters, *recipe.buffers)}
    for name, value in starts.items():
        full = f"{plan.path}.{name}"
        message, hint = "", "Correct it, or remove it: the parameter is drawn then."
        if plan.weights_path != plan.path:
            message = f'"{full}" shares its weights with "{plan.weights_path}" and takes no start value of its own.'
            hint = f'Give it to "{plan.weights_path}.{name}" instead.'
        elif name not in tensors:
            there = f"its parameters are {quoted(tensors)}" if tensors else "it has no parameters"
            message = f'There is a start value for "{full}", but {there}.'
            hint = did_you_mean(name, tensors, "Remove the start value.")
        else:
            wrong = _misfit(value, tensors[name].shape)
            message = ended(f'The start value of "{full}" {wrong}') if wrong else ""
        if message:
            problems.append(Problem("error", "G18", plan.path, None, message, hint, ("drop_start", full)))
    return problems


def _misfit(value: Any, shape: tuple[int, ...]) -> str:
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            got: tuple[int, ...] = array_shape((value,))[1:]
        else:
            got = array_shape(value)
    except ParamError as error:
        return str(error)
    return "" if got == shape else f"is {shape_text(got)}, but the parameter is {shape_text(shape)}"
