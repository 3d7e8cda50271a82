"""What of a plan is exported, and where: what makes the predictions, what judges them, which modules they need."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from engine.netcode import execution, predictions, runs
from engine.problem import GraphError
from engine.result import Objective, Result, Source


@final
@dataclass(frozen=True, slots=True)
class Parts:
    """A network cut in two.

    Attributes:
        result: the plan.
        forward: nodes of `forward`, in order, without Inputs.
        judging: nodes of `loss`, in order, without Inputs.
        outputs: what `forward` returns: the predictions, then what else `loss` reads of the nodes in `forward`.
        objectives: what `loss` adds up; none means there is no such method.
        forward_fields: fields of Inputs that `forward` reads; loss_fields: those that `loss` reads besides.
        modules: path of each module -> the first node that uses it.
    """

    result: Result
    forward: tuple[str, ...]
    judging: tuple[str, ...]
    outputs: tuple[Source, ...]
    objectives: tuple[Objective, ...]
    forward_fields: tuple[Source, ...]
    loss_fields: tuple[Source, ...]
    modules: Mapping[str, str]

    @property
    def in_phases(self) -> bool:
        """Whether the training alternates between aims, so that there is no single loss."""
        return len(self.result.phases) > 1

    def home(self, path: str) -> str:
        """Path of the module that a node uses, if it uses one."""
        if path in self.modules:
            return path
        shared = self.result.nodes[path].weights_path
        return next((home for home, user in self.modules.items() if user == path), shared)

    @property
    def nodes(self) -> tuple[str, ...]:
        """All nodes, in the order in which they run."""
        return (*self.forward, *self.judging)


def parts_of(result: Result) -> Parts:
    """Cuts a plan in two. Raises GraphError when nothing can be exported."""
    if result.errors:
        first = result.errors[0]
        raise GraphError(first.message, code=first.code, hint=first.hint)
    said = predictions(result)
    goals = result.objectives
    if not said and not goals:
        raise GraphError("There is nothing to export.", code="G01", hint="Connect a block to the data.")
    first_half = [path for path in execution(result, said) if runs(result, path)]
    wanted = [(objective.path, objective.port) for objective in goals]
    rest = [path for path in execution(result, wanted) if runs(result, path) and path not in set(first_half)]
    read = [source for path in rest for source in result.nodes[path].sources.values()]
    shared = [source for source in (*read, *wanted) if source[0] in set(first_half)]
    outputs = tuple(dict.fromkeys((*said, *shared)))
    fields = [_fields(result, half) for half in (first_half, rest)]
    return Parts(
        result=result,
        forward=tuple(first_half),
        judging=tuple(rest),
        outputs=outputs,
        objectives=goals,
        forward_fields=fields[0],
        loss_fields=tuple(source for source in fields[1] if source not in fields[0]),
        modules=_modules(result, (*first_half, *rest)),
    )


def _fields(result: Result, paths: list[str]) -> tuple[Source, ...]:
    """Fields of Inputs that the nodes read, in the order of the Inputs."""
    read = {source for path in paths for source in result.nodes[path].sources.values()}
    return tuple((path, port) for path in result.inputs for port in result.nodes[path].outputs if (path, port) in read)


def _modules(result: Result, paths: tuple[str, ...]) -> dict[str, str]:
    """Modules and holders of parameters in plan order, those that a Regularizer alone reads included."""
    needed: dict[str, str] = {}
    for path in paths:
        recipe = result.nodes[path].recipe
        assert recipe is not None
        for user in (path, *recipe.borrows):
            plan = result.nodes[user]
            home = result.nodes[plan.weights_path]
            shared = home.recipe is not None and plan.recipe is not None and home.recipe.module == plan.recipe.module
            if plan.recipe is not None and (plan.recipe.module is not None or plan.recipe.parameters):
                needed.setdefault(home.path if shared else user, user)
    return {path: needed[path] for path in result.order if path in needed}


def field_names(parts: Parts) -> dict[Source, str]:
    """A variable for each field: `x`, or `data_x` where there are several Inputs."""
    sources = (*parts.forward_fields, *parts.loss_fields)
    single = len({path for path, _ in sources}) <= 1
    return {source: _identifier(source[1] if single else "_".join(source)) for source in sources}


def _identifier(text: str) -> str:
    """The text as a name of Python."""
    name = re.sub(r"\W", "_", text, flags=re.ASCII)
    return f"{name}_" if keyword.iskeyword(name) else name if name.isidentifier() else f"field_{name}"
