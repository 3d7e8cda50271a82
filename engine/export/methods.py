"""The bodies of `forward` and `loss`: recipe calls with variables named after the nodes."""

from __future__ import annotations

import builtins
from collections import Counter
from collections.abc import Callable, Container, Iterable
from typing import final

from engine.export.calls import OWN, expression, references
from engine.export.layout import Expr, flat, is_tidy, lines
from engine.netcode import tensor_home
from engine.recipe import Call, Ref
from engine.result import NodePlan, Result, Source

_INDENT = 8
_BUILTINS = frozenset(dir(builtins))
"""Words that Python knows already; a variable named so would hide them."""


@final
class Body:
    """Writes one method, node by node.

    Attributes:
        lines: what was written.
        names: output -> variable.
    """

    def __init__(
        self, result: Result, module: Callable[[str], str], parameter: Callable[[str], str], inside: str = ""
    ) -> None:
        """Begin.

        Args:
            result: the plan.
            module: node path -> the expression for its module.
            parameter: `block.parameter` -> the expression for it.
            inside: path of the group that the method belongs to, "" at the top level.
        """
        self.result = result
        self.inside = f"{inside}." if inside else ""
        self.module = module
        self.parameter = parameter
        self.lines: list[str] = []
        self.names: dict[Source, str] = {}
        self._taken: set[str] = {"self", "torch", "nn"}
        self._last: tuple[int, str, Expr] | None = None

    def reserve(self, words: Iterable[str]) -> None:
        """Words that are not to become variables."""
        self._taken.update(words)

    def take(self, wish: str, source: Source | None = None) -> str:
        """A variable of that name, or of one like it where it is taken; for an output, if one is told."""
        wish = f"{wish}_" if wish in _BUILTINS else wish
        name, number = wish, 1
        while name in self._taken:
            number += 1
            name = f"{wish}_{number}"
        self._taken.add(name)
        if source is not None:
            self.names[source] = name
        return name

    def variable(self, source: Source) -> str:
        """The variable of an output, new when there is none yet."""
        if source in self.names:
            return self.names[source]
        path, port = source
        stem = self.stem(path)
        return self.take(stem if len(self.result.nodes[path].outputs) == 1 else f"{stem}_{port}", source)

    def stem(self, path: str) -> str:
        """A path as a variable's name."""
        return path.removeprefix(self.inside).replace(".", "_")

    def node(self, plan: NodePlan, comment: Iterable[str] = ()) -> None:
        """All calls of a node."""
        assert plan.recipe is not None
        recipe = plan.recipe
        if not recipe.calls:
            return
        self.lines += comment
        for port in plan.outputs:
            self.variable((plan.path, port))
        if recipe.eval_calls is None or recipe.eval_calls == recipe.calls:
            self._calls(plan, recipe.calls, _INDENT)
            return
        self.lines.append(" " * _INDENT + "if self.training:")
        self._calls(plan, recipe.calls, _INDENT + 4)
        self.lines.append(" " * _INDENT + "else:")
        self._calls(plan, recipe.eval_calls, _INDENT + 4)

    def assign(self, indent: int, before: str, expr: Expr) -> None:
        """An assignment; `before` is `name = `."""
        self._last = (len(self.lines), before, expr) if indent == _INDENT else None
        self.lines += lines(indent, before, expr)

    def give_back(self, expr: Expr) -> None:
        """The statement that returns the expression; a name that was just assigned is spared."""
        if self._last is not None and self._last[1] == f"{flat(expr)} = ":
            self.lines[self._last[0] :] = lines(_INDENT, "return ", self._last[2])
        else:
            self.lines += lines(_INDENT, "return ", expr)

    def _calls(self, plan: NodePlan, calls: tuple[Call, ...], indent: int) -> None:
        writer = _Calls(self, plan, calls, indent)
        for one in calls:
            writer.write(one)


@final
class _Calls:
    """Writes the calls of one node. A result that is used once is put where it is used, if that fits in the line."""

    def __init__(self, body: Body, plan: NodePlan, calls: tuple[Call, ...], indent: int) -> None:
        self.body = body
        self.plan = plan
        self.indent = indent
        self.known: dict[str, Expr] = {port: body.variable(source) for port, source in plan.sources.items()}
        self.waiting: dict[str, Call] = {}
        self.uses = Counter(name for one in calls for name in references(one))

    def write(self, one: Call) -> None:
        assert self.plan.recipe is not None
        inner = isinstance(one.out, str) and one.out not in self.plan.outputs
        if inner and self.uses[str(one.out)] == 1 and not self.plan.recipe.random:
            self.waiting[str(one.out)] = one
            self.known[str(one.out)] = self._expression(one)
        else:
            self._assign(one)

    def _assign(self, one: Call) -> None:
        outs = one.out if isinstance(one.out, tuple) else (one.out,)
        before = f"{', '.join(self._variable(out) for out in outs)} = "
        expr = self._expression(one)
        if not is_tidy(self.indent, before, expr):
            for name in references(one):
                if name in self.waiting:
                    self._assign(self.waiting.pop(name))
            expr = self._expression(one)
        self.body.assign(self.indent, before, expr)
        self.known.update({out: self._variable(out) for out in outs})

    def _variable(self, out: str) -> str:
        path = self.plan.path
        if out in self.plan.outputs:
            return self.body.variable((path, out))
        source = (path, f"{out} inside")
        return self.body.names.get(source) or self.body.take(f"{self.body.stem(path)}_{out}", source)

    def _expression(self, one: Call) -> Expr:
        module = self.body.module(self.plan.path) if one.target == "self" else ""
        return expression(one, self._name, module)

    def _name(self, ref: Ref) -> Expr:
        if ref.name in self.known:
            return self.known[ref.name]
        full = f"{self.plan.path}{ref.name[4:]}" if ref.name.startswith("self.") else ref.name
        return self.body.parameter(tensor_home(self.body.result, full))


def own_targets(plans: Iterable[NodePlan]) -> set[str]:
    """Names of the functions and classes of engine/nn.py that the nodes use."""
    found: set[str] = set()
    for plan in plans:
        assert plan.recipe is not None
        calls = (*plan.recipe.calls, *(plan.recipe.eval_calls or ()))
        named = [one.target for one in calls]
        if plan.recipe.module is not None:
            named.append(plan.recipe.module.target)
        found.update(target.removeprefix(OWN) for target in named if target.startswith(OWN))
    return found


def free_name(wishes: Iterable[str], taken: Container[str]) -> str:
    """The first wish that is not taken."""
    return next(name for name in wishes if name not in taken)
