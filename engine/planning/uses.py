"""The plan of a use of a group: its ports, and the sums of what is inside. Nothing runs for it."""

from __future__ import annotations

from collections.abc import Mapping

from engine.planning.flatten import FlatUse
from engine.planning.nodes import real_source
from engine.planning.shells import Shell
from engine.planning.wires import missing_port
from engine.problem import Problem
from engine.result import NodePlan, Source
from engine.tensorspec import TensorSpec


def plan_use(
    flat: FlatUse, shells: Mapping[str, Shell], plans: Mapping[str, NodePlan]
) -> tuple[NodePlan, tuple[Problem, ...]]:
    """The use's plan, and a problem for each wire to a port it lacks."""
    ins, outs = tuple(name for name, _ in flat.inputs), tuple(name for name, _ in flat.outputs)
    problems = [
        missing_port(flat.path, port, ins if inward else outs, "input" if inward else "output")
        for port, inward in flat.wired
    ]
    problems += [_bare(flat, port) for port in flat.bare]

    def spec(source: Source | None) -> TensorSpec | None:
        plan = plans.get(source[0]) if source else None
        return plan.outputs.get(source[1]) if source and plan else None

    single = {port: given[0] for port, given in flat.inputs if len(given) == 1}
    inside = [plans[path] for path in flat.members]
    macs = [plan.macs for plan in inside]
    sizes = [plan.activation_bytes for plan in inside]
    wired_in = {port: None for port, inward in flat.wired if inward}
    wired_out = {port: None for port, inward in flat.wired if not inward}
    use = flat.use
    plan = NodePlan(
        path=flat.path,
        node=flat.top,
        block=flat.node.block,
        params={
            "group": use.group,
            "repeat": use.repeat,
            "share_across_repeats": use.share_across_repeats,
            "share_with": use.share_with,
        },
        sources={port: real for port, source in single.items() if (real := real_source(source, shells, plans))},
        inputs={**{port: spec(single.get(port)) for port in ins}, **wired_in},
        outputs={**{port: spec(source) for port, source in flat.outputs}, **wired_out},
        parameters=sum(plan.parameters for plan in inside),
        macs=None if None in macs else sum(count or 0 for count in macs),
        activation_bytes=None if None in sizes else sum(size or 0 for size in sizes),
        summary=f"{use.group} · {len(inside)} block{'s' if len(inside) != 1 else ''}",
        weights_path=flat.path,
    )
    return plan, tuple(problems)


def _bare(flat: FlatUse, port: str) -> Problem:
    if flat.node.bypass:
        message = f'"{flat.path}" is muted, but there is no single value at its first input that it could hand on.'
        return Problem("error", "G07", flat.path, None, message, "Connect its first input, or unmute it.")
    message = f'Output "{port}" of "{flat.path}" stands for nothing: inside the group nothing is connected to it.'
    return Problem("error", "G07", flat.path, port, message, "Open the group and connect an output to it.")
