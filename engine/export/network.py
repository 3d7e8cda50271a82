"""The class `Net` of exported code, and a class for each group."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import final

from engine.export.calls import constant
from engine.export.layout import WIDTH, Expr, Infix, call, comment, flat, lines, tuple_of
from engine.export.methods import Body, free_name
from engine.export.modules import module_lines
from engine.export.parts import Parts, field_names
from engine.export.scopes import InterruptedGroupError, Scope, Use, fold, unfolded
from engine.graph import Project
from engine.result import Objective, Source
from engine.tensorspec import TensorSpec

_METHODS = ("loss", "compute_loss", "objective", "total_loss", "loss_")
_TAKEN = {"Net", "Path", "Tensor", "F", "WEIGHTS"}
_LISTED = 3
"""Equal repetitions up to this many are written one by one."""


@final
class NetworkWriter:
    """Writes the classes of one project."""

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
        methods = ("losses", *_METHODS) if parts.in_phases else _METHODS
        self.loss_name = free_name(methods, self.children.get("", ()))
        self._classes: dict[str, str] = {}
        """Text of a group's class without its first line -> its name."""
        self._forward_at: dict[str, list[str]] = {}
        """Path of a scope with modules of its own -> its `forward`."""
        self._output_names: dict[Source, str] = {}

    def source(self) -> list[list[str]]:
        """The lines of each class, `Net` last."""
        try:
            net = self._net(fold(self.parts))
        except InterruptedGroupError:
            self._classes, self._forward_at = {}, {}
            net = self._net(unfolded(self.parts))
        groups = [[f"class {name}(nn.Module):", *text.split("\n")] for text, name in self._classes.items()]
        return [*groups, net]

    def _net(self, top: Scope) -> list[str]:
        found = ["class Net(nn.Module):", *self._init(top)]
        if self.parts.outputs:
            found += ["", *self._forward(top)]
        if self.parts.objectives:
            found += ["", *self._loss(top)]
        return found

    # -- __init__ --

    def _init(self, scope: Scope) -> list[str]:
        found = ["    def __init__(self) -> None:", "        super().__init__()"]
        made: set[str] = set()
        for item in scope.items:
            if isinstance(item, Use):
                found += self._new_use(scope, item)
                made.update(path for path in self.parts.modules if path.startswith(f"{item.path}."))
            elif item in self.parts.modules:
                found += self._new_module(scope, item, made)
        if scope.path == "":
            for path in self.parts.modules:
                if path not in made:
                    found += self._new_module(scope, path, made)
            if self.result.settings["dtype"] == "float64":
                found.append("        self.double()  # its weights are in double precision")
        return found

    def _new_module(self, scope: Scope, path: str, made: set[str]) -> list[str]:
        """The lines that make a module, after the containers of groups that are written out."""
        found: list[str] = []
        groups = path.removeprefix(f"{scope.path}.").split(".")[:-1]
        for depth in range(1, len(groups) + 1):
            group = ".".join(groups[:depth])
            if group not in made and not groups[depth - 1].isdigit():
                repeats = [child for child in self.children[group] if child.isdigit()]
                new = f"nn.ModuleList(nn.Module() for _ in range({len(repeats)}))" if repeats else "nn.Module()"
                found.append(f"        {self._place(scope, group)} = {new}")
            made.add(group)
        made.add(path)
        plan = self.result.nodes[self.parts.modules[path]]
        made_here = module_lines(self._place(scope, path), plan, lambda name: self._parameter(scope, f"{path}.{name}"))
        return [*found, *comment(self.labels.get(path, ""), 8), *made_here]

    def _new_use(self, scope: Scope, use: Use) -> list[str]:
        """The line that makes what a use of a group needs; nothing where it shares all its modules."""
        own: list[str] = []
        for one in use.scopes:
            forward = self._group_forward(one)
            if self._forward_at.setdefault(one.home, forward) != forward:
                raise InterruptedGroupError  # what shares the modules does something else with them
            if one.home == one.path:
                own.append(f"{self._class(one, use.group, forward)}()")
        place = self._place(scope, use.path)
        if not own or len(use.scopes) == 1:
            return [f"        {place} = {new}" for new in own]
        kind = "nn.Sequential" if use.is_chain else "nn.ModuleList"
        if len(set(own)) == 1 and len(own) > _LISTED:
            each = f"{own[0]} for _ in range({len(own)})"
            return lines(8, f"{place} = ", call(kind, [f"*({each})" if use.is_chain else each]))
        return lines(8, f"{place} = ", call(kind, own if use.is_chain else [f"[{', '.join(own)}]"]))

    def _group_forward(self, scope: Scope) -> list[str]:
        """The method `forward` of a group's class."""
        body = self._body(scope)
        for number, source in enumerate(scope.inputs, 1):
            body.take("x" if len(scope.inputs) == 1 else f"x{number}", source)
        arguments = [body.names[source] for source in scope.inputs]
        self._run(scope, body)
        self._give_back(body, scope.outputs)
        return [*_signature("forward", arguments, len(scope.outputs)), *body.lines]

    def _class(self, scope: Scope, group: str, forward: list[str]) -> str:
        """The name of the class of a scope; equal scopes have one class."""
        text = "\n".join([*self._init(scope), "", *forward])
        if text not in self._classes:
            words = re.findall(r"[A-Za-z][A-Za-z0-9]*", group)
            name = "".join(word[0].upper() + word[1:] for word in words) or "Group"
            taken = {*_TAKEN, *self.own, *self._classes.values()}
            numbered = (f"{name}{number}" for number in range(2, len(taken) + 3))
            self._classes[text] = free_name((name, *numbered), taken)
        return self._classes[text]

    # -- places --

    def _place(self, scope: Scope, path: str) -> str:
        """`self.res[0].conv`, as seen from inside a scope."""
        base = f"{scope.home}." if scope.home else ""
        names = path.removeprefix(base).split(".")
        return "self" + "".join(f"[{name}]" if name.isdigit() else f".{name}" for name in names)

    def _parameter(self, scope: Scope, name: str) -> str:
        path, _, short = name.rpartition(".")
        recipe, place = self.result.nodes[path].recipe, self._place(scope, path)
        held = recipe is not None and recipe.module is None
        return f"{place}[{constant(short)}]" if held else f"{place}.{short}"

    # -- methods --

    def _body(self, scope: Scope, fields: Iterable[Source] = ()) -> Body:
        body = Body(
            self.result,
            lambda path: self._place(scope, self.parts.home(path)),
            lambda name: self._parameter(scope, name),
            scope.path,
        )
        body.reserve(self.own)
        for field in fields:
            body.take(self.fields[field], field)
        return body

    def _run(self, scope: Scope, body: Body) -> None:
        for item in scope.items:
            if isinstance(item, Use):
                self._call(scope, body, item)
            else:
                body.node(self.result.nodes[item], self._comment(item))

    def _call(self, scope: Scope, body: Body, use: Use) -> None:
        """The calls of a use of a group."""
        stem = body.stem(use.path)
        last = use.scopes[-1]
        if use.is_chain:
            given = body.variable(use.scopes[0].inputs[0])
            place = self._place(scope, last.home.rpartition(".")[0])
            body.assign(8, f"{body.take(stem, last.outputs[0])} = ", call(place, [given]))
            return
        for number, one in enumerate(use.scopes):
            inputs = [body.variable(source) for source in one.inputs]
            name = stem if one is last else f"{stem}_{number}"
            outs = [
                body.take(name if len(one.outputs) == 1 else f"{name}_{_word(source)}", source)
                for source in one.outputs
            ]
            body.assign(8, f"{', '.join(outs)} = ", call(self._place(scope, one.home), inputs))

    def _forward(self, top: Scope) -> list[str]:
        parts = self.parts
        body = self._body(top, parts.forward_fields)
        self._run(top, body)
        self._output_names = {source: body.variable(source) for source in parts.outputs}
        shapes = [self._shapes(body, sources) for sources in (parts.forward_fields, parts.outputs)]
        doc = f'        """{" -> ".join(shape for shape in shapes if shape)}."""'
        self._give_back(body, parts.outputs)
        arguments = [body.names[field] for field in parts.forward_fields]
        return [*_signature("forward", arguments, len(parts.outputs)), doc, *body.lines]

    def _give_back(self, body: Body, outputs: tuple[Source, ...]) -> None:
        self._return(body, [body.variable(source) for source in outputs])

    def _return(self, body: Body, values: Sequence[Expr]) -> None:
        """One value, or several as a tuple."""
        if len(values) == 1:
            body.give_back(values[0])
            return
        texts = list(map(flat, values))
        whole = f"        return {', '.join(texts)}"
        body.lines += [whole] if len(whole) <= WIDTH else lines(8, "return ", tuple_of(texts))

    def _loss(self, top: Scope) -> list[str]:
        parts = self.parts
        fields = (*parts.forward_fields, *parts.loss_fields)
        body = self._body(top, fields)
        inputs = [body.names[field] for field in parts.forward_fields]
        needed = {source for path in parts.judging for source in self.result.nodes[path].sources.values()}
        needed |= {(objective.path, objective.port) for objective in parts.objectives}
        if needed & set(parts.outputs):
            names = [body.take(self._output_names[source], source) for source in parts.outputs]
            body.assign(8, f"{', '.join(names)} = ", call("self", inputs))
        for path in parts.judging:
            body.node(self.result.nodes[path], self._comment(path))
        aims = [phase.objectives for phase in parts.result.phases] if parts.in_phases else [parts.objectives]
        sums = [self._sum(body, aim) for aim in aims]
        self._return(body, sums)
        head = _signature(self.loss_name, [body.names[field] for field in fields], len(sums))
        what = "each phase of the training" if parts.in_phases else "training"
        return [*head, f'        """What {what} makes small."""', *body.lines]

    def _sum(self, body: Body, objectives: Iterable[Objective]) -> Expr:
        total: Expr | None = None
        for objective in objectives:
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

    def _shapes(self, body: Body, sources: Iterable[Source]) -> str:
        return ", ".join(
            f"{body.names[source]} {_shape_text(self.result.nodes[source[0]].outputs[source[1]])}" for source in sources
        )

    def _comment(self, path: str) -> list[str]:
        """The label of a node without a module; that of others stands in `__init__`."""
        return [] if path in self.parts.modules else comment(self.labels.get(path, ""), 8)


def _signature(name: str, arguments: list[str], outputs: int) -> list[str]:
    inside = call(f"def {name}", ["self", *(f"{argument}: Tensor" for argument in arguments)])
    returns = "Tensor" if outputs == 1 else f"tuple[{', '.join(['Tensor'] * outputs)}]"
    return lines(4, "", inside, f" -> {returns}:")


def _word(source: Source) -> str:
    """The id of the node an output belongs to."""
    return source[0].rpartition(".")[2]


def _shape_text(spec: TensorSpec | None) -> str:
    assert spec is not None
    return f"({', '.join(str(dim) for dim in spec.shape)}{',' if len(spec.shape) == 1 else ''})"


def _children(modules: Iterable[str]) -> dict[str, list[str]]:
    """Path of a group ("" the top) -> names of what is directly inside."""
    found: dict[str, list[str]] = {"": []}
    for module in modules:
        path = module
        while path:
            path, _, name = path.rpartition(".")
            inside = found.setdefault(path, [])
            if name not in inside:
                inside.append(name)
    return found
