"""Quick fixes: what a problem's `fix` offers, as a label for a button and as an edit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from PySide6.QtCore import QCoreApplication

from engine import edits
from engine.block import Block, block_named
from engine.frozen import DROP
from engine.graph import Graph, Project, Touched, Wire
from engine.problem import GraphError, Problem
from engine.swapping import swap_block
from gui.document import Change
from gui.inserting import insert_block

Fixed = tuple[Project, Change]
"""The project with a fix made, and what that changed."""
_OUTPUTS = ("out_features", "out_channels")


def _tr(text: str) -> str:
    return QCoreApplication.translate("Fixes", text)


def fixes_of(problem: Problem) -> tuple[Problem, ...]:
    """A problem once for each quick fix that it offers, with that one alone; none where it offers none."""
    match problem.fix:
        case ("choose", tuple(ways)):
            found = tuple(replace(problem, fix=way) for way in ways)
        case _:
            found = (problem,)
    return tuple(each for each in found if fix_label(each))


def fix_label(problem: Problem) -> str:
    """`Insert Reshape`, `Set padding to 1`; "" when the problem offers none, or several (`fixes_of`)."""
    if problem.node is not None and "." in problem.node:
        return ""  # inside a group
    match problem.fix:
        case (str(way), *rest) if way in _LABELS:
            return _LABELS[way](problem, *rest)
    return ""


def _outputs_label(_: Problem, count: int, *__: str) -> str:
    if count == 1:
        return _tr("Give the layer before it 1 output")
    return _tr("Give the layer before it {0} outputs").format(count)


def _set_label(_: Problem, name: str, value: Any) -> str:
    match name, value:
        case "missing", "drop":
            return _tr("Leave these rows out")
        case "missing", "mean":
            return _tr("Fill in the mean of the column")
        case "decimal", "comma":
            return _tr("Read decimal commas")
        case "decimal", "point":
            return _tr("Read decimal points")
        case "features", _:
            return _tr("Leave out what is no number")
    return _tr("Set {0} to {1}").format(name, _shown(value))


_LABELS: Final[Mapping[str, Callable[..., str]]] = {
    "insert": lambda _, kind, *__: _tr("Insert {0}").format(kind),
    "set": _set_label,
    "drop_start": lambda _, name: _tr("Drop the start value of {0}").format(name),
    "outputs": _outputs_label,
    "remove": lambda problem: _tr("Remove {0}").format(problem.node),
    "remove_before": lambda _, category: _tr("Remove the {0} before it").format(_tr(category)),
    "swap": lambda _, kind: _tr("Replace it by {0}").format(kind),
    "connect": lambda _, source, port: _tr("Connect {0}").format(source if port == "out" else f"{source}.{port}"),
    "unwire": lambda _, __: _tr("Remove the wire"),
}


def apply_fix(project: Project, problem: Problem) -> Fixed:
    """The project with a problem's quick fix made.

    Raises:
        GraphError: the problem offers none, or the project has another shape (by now).
    """
    node_id, port = problem.node, problem.port
    match problem.fix:
        case ("drop_start", str(name)):
            return _touching(edits.set_parameters(project, {name: DROP}))
        case _ if node_id is None:
            raise GraphError("There is no quick fix for this.", code="G20")
        case ("insert", str(kind), *rest):
            return _insert(project, problem, kind, dict(rest[0]) if rest else {})
        case ("set", str(name), value):
            return _touching(edits.set_params(project, node_id, {name: value}))
        case ("outputs", int(count), *named):
            layer, name = _layer_before(project.graph, node_id, named[0] if named else port)
            return _touching(edits.set_params(project, layer, {name: count}))
        case ("remove",):
            return _take_out(project, node_id)
        case ("remove_before", str(category)):
            return _take_out(project, _before(project.graph, node_id, port, lambda block: block.category == category))
        case ("swap", str(kind)):
            project, touched, new_id = swap_block(project, node_id, kind)
            return project, Change(touched, renamed=((node_id, new_id),) if new_id != node_id else ())
        case ("connect" | "unwire" as way, *rest):
            return _rewire(project, (node_id, port or "in"), way, *rest)
    raise GraphError("There is no quick fix for this.", code="G20")


def _touching(edited: tuple[Project, Touched]) -> Fixed:
    return edited[0], Change(edited[1])


def _insert(project: Project, problem: Problem, kind: str, params: dict[str, Any]) -> Fixed:
    node_id = problem.node or ""
    wires = project.graph.wires_into(node_id, problem.port)
    if not wires:
        raise GraphError(f'Nothing is connected to "{node_id}" that a {kind} could be put into.', code="G20")
    made = insert_block(project, kind, wires[-1], params)
    return made.project, Change(made.touched, made.moved)


def _rewire(project: Project, end: tuple[str, str], way: str, named: str, output: str = "out") -> Fixed:
    """A wire from an output into a port; or, `named` its side, without the wires at a port."""
    node_id, port = end
    graph = project.graph
    if way == "unwire":
        wires = graph.wires_into(node_id, port) if named == "input" else graph.wires_out_of(node_id, port)
        return _touching(edits.disconnect(project, wires))
    if named not in graph or node_id not in graph:
        raise GraphError(f'"{named}" and "{node_id}" can no longer be connected.', code="G20")
    return _touching(edits.connect(project, Wire(named, output, node_id, port)))


def _take_out(project: Project, node_id: str) -> Fixed:
    project, touched = edits.heal(project, [node_id])
    project, more = edits.remove_nodes(project, [node_id])
    return project, Change(touched | more)


def _layer_before(graph: Graph, node_id: str, port: str | None) -> tuple[str, str]:
    """The nearest layer before a port that has a number of outputs, and the parameter with that number."""
    layer = _before(graph, node_id, port, lambda block: any(name in block.params for name in _OUTPUTS))
    block = block_named(graph.node(layer).block)
    assert block is not None
    return layer, next(name for name in _OUTPUTS if name in block.params)


def _before(graph: Graph, node_id: str, port: str | None, wanted: Callable[[Block], bool]) -> str:
    """The nearest block like that on the way back from a port; at a fork the first input is followed."""
    wires, seen = graph.wires_into(node_id, port), {node_id}
    while wires and wires[0].from_node not in seen:
        here = wires[0].from_node
        block = block_named(graph.node(here).block)
        if block is not None and wanted(block):
            return here
        seen.add(here)
        wires = graph.wires_into(here)
    raise GraphError(f'No block before "{node_id}" can be changed for this.', code="G20")


def _shown(value: Any) -> str:
    return " × ".join(str(part) for part in value) if isinstance(value, tuple) else str(value)
