"""A block put in the place of another: it keeps the wires, the parameters both have, and what names the block."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine import edits
from engine.block import Block, Port, block_named
from engine.frozen import FrozenDict
from engine.graph import Node, Project, Touched, Wire
from engine.names import fresh_id
from engine.param import ParamError, parse_all
from engine.problem import GraphError


def swap_block(project: Project, node_id: str, kind: str) -> tuple[Project, Touched, str]:
    """With a block of another kind in the place of one. Returns the id too: a name made from the old kind is made anew.

    Wires go to ports of the same name, or else to the next free one in order. Parameters are kept where the new kind
    has one of that name that admits the value; start values are not, as they have other shapes.

    Raises:
        GraphError: there is no such block or kind, or a wire would find no port (G23).
    """
    node, block = project.graph.node(node_id), block_named(kind)
    if block is None:
        raise GraphError(f'There is no kind of block "{kind}".', code="G20")
    made = replace(node, block=kind, params=shared_params(node, block), frozen=frozenset())
    wires_in, wires_out = project.graph.wires_into(node_id), project.graph.wires_out_of(node_id)
    params = parse_all(block.params, made.params)[0]
    into = _ports_for([wire.to_port for wire in wires_in], block.inputs(params), node_id, kind)
    out_of = _ports_for([wire.from_port for wire in wires_out], block.outputs(params), node_id, kind)
    graph, touched = project.graph.update(node_id, block=made.block, params=made.params, frozen=made.frozen)
    graph, gone = graph.disconnect([*wires_in, *wires_out])
    graph, joined = graph.connect(
        *(_to(wire, into[wire.to_port]) for wire in wires_in if wire.from_node != node_id),
        *(_from(wire, out_of[wire.from_port]) for wire in wires_out if wire.to_node != node_id),
    )
    parameters = project.parameters
    for key in list(parameters):
        if key.split(".", 1)[0] == node_id:
            parameters = parameters.remove(key)
    project = replace(project, graph=graph, parameters=parameters)
    touched |= gone | joined
    if not re.fullmatch(f"{fresh_id(node.block, ())}\\d*", node_id) or node.label:
        return project, touched, node_id
    new_id = fresh_id(kind, project.graph.nodes)
    project, renamed = edits.rename_node(project, node_id, new_id)
    return project, touched | renamed, new_id


def shared_params(node: Node, block: Block) -> FrozenDict:
    """The parameters set on a node that a block of another kind admits."""
    return FrozenDict({name: value for name, value in node.params.items() if _admits(block, name, value)})


def _admits(block: Block, name: str, value: Any) -> bool:
    param = block.params.get(name)
    if param is None:
        return False
    try:
        param.parse(value)
    except ParamError:
        return False
    return True


def _ports_for(wired: list[str], ports: tuple[Port, ...], node_id: str, kind: str) -> Mapping[str, str]:
    """Old port -> new port: the one of that name, or else the first that none of these names."""
    names = [port.name for port in ports]
    free = [name for name in names if name not in wired]
    found: dict[str, str] = {}
    for port in wired:
        if port in found:
            continue
        if port not in names and not free:
            raise GraphError(f'A {kind} has no port for the wire at "{port}" of "{node_id}".', code="G23")
        found[port] = port if port in names else free.pop(0)
    return found


def _to(wire: Wire, port: str) -> Wire:
    return replace(wire, to_port=port)


def _from(wire: Wire, port: str) -> Wire:
    return replace(wire, from_port=port)
