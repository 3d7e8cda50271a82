"""The class `Net` of exported code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import final

import torch
from torch import nn

from engine import recipe
from engine.export.calls import constant, constructor
from engine.export.layout import WIDTH, Expr, Infix, call, comment, flat, lines, tuple_of
from engine.export.methods import Body, free_name
from engine.export.parts import Parts, field_names
from engine.graph import Project
from engine.result import NodePlan, Source
from engine.targets import resolve
from engine.tensorspec import TensorSpec

_METHODS = ("loss", "compute_loss", "objective", "total_loss", "loss_")
_FIXED = ("zeros", "ones")


@final
class NetworkWriter:
    """Writes the class of one project."""

    def __init__(self, project: Project, parts: Parts, own: Iterable[str]) -> None:
        """Begin.

        Args:
            project: for labels.
            parts: what to write.
            own: names of the functions and classes of engine/nn.py that stand above the class.
        """
        self.parts = parts
        self.result = parts.result
        self.own = tuple(own)
        self.fields = field_names(parts)
        self.labels: dict[str, str] = {node.id: node.label for node in project.graph.nodes.values() if node.label}
        self.children = _children(parts.modules)
        self.loss_name = free_name(_METHODS, self.children.get("", ()))

    def source(self) -> list[str]:
        """All lines of the class."""
        found = ["class Net(nn.Module):", *self._init()]
        if self.parts.outputs:
            found += ["", *self._forward()]
        if self.parts.objectives:
            found += ["", *self._loss()]
        return found

    # -- modules --

    def _init(self) -> list[str]:
        found = ["    def __init__(self) -> None:", "        super().__init__()"]
        made: set[str] = set()
        for path, user in self.parts.modules.items():
            groups = path.split(".")[:-1]
            for depth in range(1, len(groups) + 1):
                found += self._group(".".join(groups[:depth]), made)
            plan = self.result.nodes[user]
            found += comment(self.labels.get(path, ""), 8)
            found += self._module(path, plan)
        if self.result.settings["dtype"] == "float64":
            found.append("        self.double()  # its weights are in double precision")
        return found

    def _group(self, path: str, made: set[str]) -> list[str]:
        """The container of a group; repetitions are a list."""
        if path in made:
            return []
        made.add(path)
        if path.rpartition(".")[2].isdigit():  # made with its list
            return []
        repeats = [child for child in self.children[path] if child.isdigit()]
        new = f"nn.ModuleList(nn.Module() for _ in range({len(repeats)}))" if repeats else "nn.Module()"
        return [f"        {self._place(path)} = {new}"]

    def _module(self, path: str, plan: NodePlan) -> list[str]:
        assert plan.recipe is not None
        place, module = self._place(path), plan.recipe.module
        if module is not None:
            found = lines(8, f"{place} = ", constructor(module))
        else:
            held = [f"{constant(spec.name)}: nn.Parameter({_empty(spec)})" for spec in plan.recipe.parameters]
            found = lines(8, f"{place} = ", call("nn.ParameterDict", ["{" + ", ".join(held) + "}"]))
        fixed = _fixed_by_module(plan.recipe)
        for spec in plan.recipe.parameters:
            drawn = _initialisation(spec, self._parameter(path, spec.name))
            if drawn is not None and spec.name not in fixed:
                found += lines(8, "", drawn)
        names = [spec.name for spec in plan.recipe.parameters]
        frozen = [name for name in names if name in plan.frozen]
        if frozen and frozen == names:
            found.append(f"        {place}.requires_grad_(False)")
        else:
            found += [f"        {self._parameter(path, name)}.requires_grad_(False)" for name in frozen]
        return found

    def _place(self, path: str) -> str:
        """`self.res[0].conv`."""
        names = path.split(".")
        return "self" + "".join(f"[{name}]" if name.isdigit() else f".{name}" for name in names)

    def _parameter(self, path: str, name: str) -> str:
        plan = self.result.nodes[path]
        held = plan.recipe is not None and plan.recipe.module is None
        return f"{self._place(path)}[{constant(name)}]" if held else f"{self._place(path)}.{name}"

    # -- methods --

    def _body(self, fields: Iterable[Source]) -> Body:
        homes = {user: path for path, user in self.parts.modules.items()}
        body = Body(self.result, lambda path: self._place(self._home(path, homes)), self._parameter_of)
        body.reserve(self.own)
        for field in fields:
            body.take(self.fields[field], field)
        return body

    def _home(self, path: str, homes: Mapping[str, str]) -> str:
        if path in self.parts.modules:
            return path
        return homes.get(path, self.result.nodes[path].weights_path)

    def _parameter_of(self, name: str) -> str:
        path, _, short = name.rpartition(".")
        return self._parameter(path, short)

    def _forward(self) -> list[str]:
        parts = self.parts
        body = self._body(parts.forward_fields)
        for path in parts.forward:
            body.node(self.result.nodes[path], self._comment(path))
        returned = [body.variable(source) for source in parts.outputs]
        kind = "Tensor" if len(returned) == 1 else f"tuple[{', '.join('Tensor' for _ in returned)}]"
        head = self._signature("forward", [body.names[field] for field in parts.forward_fields], kind)
        shapes = [self._shapes(body, sources) for sources in (parts.forward_fields, parts.outputs)]
        doc = f'        """{" -> ".join(shape for shape in shapes if shape)}."""'
        if len(returned) == 1:
            body.give_back(returned[0])
        else:
            whole = f"        return {', '.join(returned)}"
            body.lines += [whole] if len(whole) <= WIDTH else lines(8, "return ", tuple_of(returned))
        return [*head, doc, *body.lines]

    def _loss(self) -> list[str]:
        parts = self.parts
        fields = (*parts.forward_fields, *parts.loss_fields)
        body = self._body(fields)
        inputs = [body.names[field] for field in parts.forward_fields]
        needed = {source for path in parts.judging for source in self.result.nodes[path].sources.values()}
        needed |= {(objective.path, objective.port) for objective in parts.objectives}
        if needed & set(parts.outputs):
            names = [body.variable(source) for source in parts.outputs]
            body.lines += lines(8, f"{', '.join(names)} = ", call("self", inputs))
        for path in parts.judging:
            body.node(self.result.nodes[path], self._comment(path))
        body.give_back(self._sum(body))
        head = self._signature(self.loss_name, [body.names[field] for field in fields], "Tensor")
        return [*head, '        """What training makes small."""', *body.lines]

    def _sum(self, body: Body) -> Expr:
        total: Expr | None = None
        for objective in self.parts.objectives:
            term: Expr = body.variable((objective.path, objective.port))
            if total is not None and objective.weight == -1.0:
                total = Infix(total, "-", term)
                continue
            if objective.weight == -1.0:
                term = f"-{flat(term)}"
            elif objective.weight != 1.0:
                term = Infix(constant(objective.weight), "*", term)
            total = term if total is None else Infix(total, "+", term)
        assert total is not None
        return total

    def _signature(self, name: str, arguments: list[str], returns: str) -> list[str]:
        inside = call(f"def {name}", ["self", *(f"{argument}: Tensor" for argument in arguments)])
        return lines(4, "", inside, f" -> {returns}:")

    def _shapes(self, body: Body, sources: Iterable[Source]) -> str:
        return ", ".join(
            f"{body.names[source]} {_shape_text(self.result.nodes[source[0]].outputs[source[1]])}" for source in sources
        )

    def _comment(self, path: str) -> list[str]:
        """The label of a node without a module; that of others stands in `__init__`."""
        return [] if path in self.parts.modules else comment(self.labels.get(path, ""), 8)


def _shape_text(spec: TensorSpec | None) -> str:
    assert spec is not None
    return f"({', '.join(str(dim) for dim in spec.shape)}{',' if len(spec.shape) == 1 else ''})"


def _children(modules: Iterable[str]) -> dict[str, list[str]]:
    """Path of a group ("" the top) -> names of what is directly inside."""
    found: dict[str, list[str]] = {"": []}
    for path in modules:
        while path:
            path, _, name = path.rpartition(".")  # noqa: PLW2901  climbing up
            inside = found.setdefault(path, [])
            if name not in inside:
                inside.append(name)
    return found


def _empty(spec: recipe.Tensor) -> str:
    if spec.init.kind == "ones":
        return flat(call("torch.ones", [_sizes(spec)]))
    if spec.init.kind == "constant":
        return flat(call("torch.full", [_sizes(spec), constant(float(spec.init.value))]))
    return flat(call("torch.zeros", [_sizes(spec)]))


def _sizes(spec: recipe.Tensor) -> Expr:
    return tuple_of([str(size) for size in spec.shape])


def _fixed_by_module(made: recipe.Recipe) -> set[str]:
    """Parameters that begin at zeros or ones, and that the module itself makes so."""
    asked = [spec for spec in made.parameters if spec.init.kind in _FIXED]
    if made.module is None:
        return {spec.name for spec in made.parameters if spec.init.kind in (*_FIXED, "constant")}
    if not asked:
        return set()
    with torch.random.fork_rng(devices=[]):
        module: nn.Module = resolve(made.module.target)(*made.module.args, **dict(made.module.kwargs))
    wanted = {"zeros": 0.0, "ones": 1.0}
    return {spec.name for spec in asked if bool((module.get_parameter(spec.name) == wanted[spec.init.kind]).all())}


def _initialisation(spec: recipe.Tensor, place: str) -> Expr | None:
    """The call of torch.nn.init that draws a parameter as the app does; None for PyTorch's default."""
    init = spec.init
    kind = init.kind
    slope = [("a", constant(init.slope))] if init.slope else []
    word = constant(init.nonlinearity)
    if kind == "default":
        return None
    if kind in ("kaiming_uniform", "kaiming_normal"):
        return call(f"nn.init.{kind}_", [place], [*slope, ("nonlinearity", word)])
    if kind in ("xavier_uniform", "xavier_normal", "orthogonal"):
        gain = call("nn.init.calculate_gain", [word, *(value for _, value in slope)])
        plain = torch.nn.init.calculate_gain(init.nonlinearity, init.slope) == 1  # type: ignore[arg-type]
        return call(f"nn.init.{kind}_", [place], [] if plain else [("gain", gain)])
    if kind == "normal":
        return call("nn.init.normal_", [place], [("std", constant(init.std))])
    if kind == "uniform":
        return call("nn.init.uniform_", [place, constant(-init.bound), constant(init.bound)])
    return call(f"nn.init.{kind}_", [place, *([constant(init.value)] if kind == "constant" else [])])
