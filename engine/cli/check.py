"""`chainrule check`: what a graph is, and what is wrong with it."""

from __future__ import annotations

from typing import Any

from engine import files
from engine.cli.arguments import Arguments
from engine.cli.output import print_json
from engine.data.filefacts import waiting_lookup
from engine.plan import check
from engine.problem import Problem
from engine.result import NodePlan, Result
from engine.tensorspec import TensorSpec
from engine.wording import plural


def run(arguments: Arguments) -> int:
    """0: it can be built (there may be warnings); 1: it has errors. Raises FileError."""
    path = arguments.file
    result = check(files.load(path), waiting_lookup(path.absolute().parent))
    if arguments.json:
        print_json(as_json(result))
    else:
        _print(result)
    return 1 if result.errors else 0


def as_json(result: Result) -> dict[str, Any]:
    """The result as the file format documents it."""
    return {
        "problems": [_problem(problem) for problem in result.problems],
        "nodes": [_node(plan) for plan in _nodes(result)],
        "parameters": result.parameters,
        "macs": result.macs,
        "activation_bytes": result.activation_bytes,
    }


def _nodes(result: Result) -> list[NodePlan]:
    """All nodes: in the order they run, then those in loops and the uses of groups."""
    rest = sorted(set(result.nodes) - set(result.order))
    return [result.nodes[path] for path in (*result.order, *rest)]


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "severity": problem.severity,
        "code": problem.code,
        "node": problem.node,
        "port": problem.port,
        "message": problem.message,
        "hint": problem.hint,
    }


def _node(plan: NodePlan) -> dict[str, Any]:
    return {
        "id": plan.path,
        "block": plan.block,
        "inputs": {port: _shape(spec) for port, spec in plan.inputs.items()},
        "outputs": {port: _shape(spec) for port, spec in plan.outputs.items()},
        "parameters": plan.parameters,
        "macs": plan.macs,
        "activation_bytes": plan.activation_bytes,
    }


def _shape(spec: TensorSpec | None) -> list[int | str] | None:
    return None if spec is None else list(spec.shape)


def _print(result: Result) -> None:
    rows = [("block", "kind", "output", "parameters")]
    for plan in _nodes(result):
        outputs = ", ".join("?" if spec is None else str(spec) for spec in plan.outputs.values())
        rows.append((plan.path, plan.block, outputs, f"{plan.parameters:,}" if plan.parameters else ""))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        print("  ".join((*(text.ljust(width) for text, width in zip(row, widths, strict=False)), row[3])).rstrip())
    macs = plural("unknown" if result.macs is None else result.macs, "multiply-add")
    print(f"{plural(result.parameters, 'parameter')}, {macs} a sample")
    for problem in result.problems:
        print(" ".join(f"{problem.severity} {problem.code}: {problem.placed} {problem.hint}".split()))
    if not result.problems:
        print("No problems.")
