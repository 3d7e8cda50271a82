"""What the engine says of the blocks inside a group, in the ids they have there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from engine.graph import Project
from engine.levels import INPUTS, KINDS, NEW_PORT, OUTPUTS
from engine.problem import Problem
from engine.result import NodePlan, Result
from engine.tensorspec import TensorSpec


def inside(result: Result, view: Project, prefix: str, use_path: str) -> Result:
    """The result for one level.

    Args:
        result: of the whole project.
        view: the level as `engine.levels.focus` makes it.
        prefix: what the paths of its blocks begin with.
        use_path: the use that was entered; what is wrong with its ports is told at the boundary.
    """
    nodes = {}
    for node_id in view.graph.nodes:
        plan = result.nodes.get(prefix + node_id)
        if plan is not None:
            nodes[node_id] = plan
    nodes |= _boundary(view, nodes)
    inputs = view.graph.node(INPUTS).params["ports"]
    return replace(
        result,
        nodes=nodes,
        order=tuple(path.removeprefix(prefix) for path in result.order if path.startswith(prefix)),
        inputs=tuple(path.removeprefix(prefix) for path in result.inputs if path.startswith(prefix)),
        problems=tuple(_told(problem, prefix, use_path, inputs) for problem in result.problems),
    )


def _told(problem: Problem, prefix: str, use_path: str, inputs: Collection[str]) -> Problem:
    """A problem with the id of the block here that it is shown at; those of other places belong to none."""
    if problem.node == use_path:
        return replace(problem, node=INPUTS if problem.port in inputs and problem.port is not None else OUTPUTS)
    inner = problem.node is not None and problem.node.startswith(prefix)
    return replace(problem, node=problem.node.removeprefix(prefix) if inner and problem.node else None)


def _boundary(view: Project, nodes: dict[str, NodePlan]) -> dict[str, NodePlan]:
    """Plans of the boundary blocks: which ports they have and what flows through them."""
    graph = view.graph
    ins: dict[str, TensorSpec | None] = dict.fromkeys(graph.node(INPUTS).params["ports"])
    outs: dict[str, TensorSpec | None] = dict.fromkeys(graph.node(OUTPUTS).params["ports"])
    for wire in graph.wires_out_of(INPUTS):
        plan = nodes.get(wire.to_node)
        spec = plan.inputs.get(wire.to_port) if plan is not None else None
        ins[wire.from_port] = spec or ins.get(wire.from_port)
    for wire in graph.wires_into(OUTPUTS):
        plan = nodes.get(wire.from_node)
        outs[wire.to_port] = plan.outputs.get(wire.from_port) if plan is not None else None
    return {
        INPUTS: NodePlan(INPUTS, INPUTS, KINDS[INPUTS], {}, outputs={**ins, NEW_PORT: None}),
        OUTPUTS: NodePlan(OUTPUTS, OUTPUTS, KINDS[OUTPUTS], {}, inputs={**outs, NEW_PORT: None}),
    }
