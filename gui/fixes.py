"""Quick fixes: what a problem's `fix` offers, as a label for a button and as an edit."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QCoreApplication

from engine import edits
from engine.frozen import DROP
from engine.graph import Project, Touched
from engine.problem import GraphError, Problem
from gui.inserting import insert_block

NOTHING: Touched = frozenset()


def _tr(text: str) -> str:
    return QCoreApplication.translate("Fixes", text)


def fix_label(problem: Problem) -> str:
    """`Insert Reshape`, `Set padding to 1`; "" when the problem offers no quick fix."""
    if problem.node is not None and "." in problem.node:
        return ""  # inside a group
    match problem.fix:
        case ("insert", str(kind), *_):
            return _tr("Insert {0}").format(kind)
        case ("set", str(name), value):
            return _tr("Set {0} to {1}").format(name, _shown(value))
        case ("drop_start", str(name)):
            return _tr("Drop the start value of {0}").format(name)
    return ""


def apply_fix(project: Project, problem: Problem) -> tuple[Project, Touched, Touched]:
    """The project with a problem's quick fix made, the ids that touches, and the ids it moves.

    Raises:
        GraphError: the problem offers none, or the project is another by now.
    """
    node_id = problem.node
    match problem.fix:
        case ("insert", str(kind), *rest) if node_id is not None:
            wires = project.graph.wires_into(node_id, problem.port)
            if not wires:
                raise GraphError(f'Nothing is connected to "{node_id}" that a {kind} could be put into.', code="G20")
            made = insert_block(project, kind, wires[-1], dict(rest[0]) if rest else {})
            return made.project, made.touched, made.moved
        case ("set", str(name), value) if node_id is not None:
            return *edits.set_params(project, node_id, {name: value}), NOTHING
        case ("drop_start", str(name)):
            return *edits.set_parameters(project, {name: DROP}), NOTHING
    raise GraphError("There is no quick fix for this.", code="G20")


def _shown(value: Any) -> str:
    return " × ".join(str(part) for part in value) if isinstance(value, tuple) else str(value)
