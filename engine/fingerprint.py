"""Which network a weights file was made for: a hash over what decides the names and shapes of its weights."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from engine.block import block_named
from engine.frozen import thaw
from engine.graph import Graph, GroupPort, Node, Project
from engine.param import Bool, Int, Param, Shape, Size, parse_all

_SHAPING: tuple[type[Param], ...] = (Int, Size, Shape, Bool)
"""Kinds of parameters that sizes are made of; a slope, a probability or a word for an initialisation changes none."""

_SHAPING_DATA = ("dataset", "features", "target", "one_hot")
"""Of an Input: what decides how many numbers a sample has."""


def fingerprint(project: Project) -> str:
    """SHA-256, in hexadecimal digits, of the canonical JSON of nodes (id, block, shaping parameters), wires and groups.

    Names of the document, labels, places, training settings, start values and the order in the file do not matter, nor
    does writing a default out.
    """
    groups = {
        name: {
            **_graph(group.graph),
            "inputs": [_port(port) for port in group.inputs],
            "outputs": [_port(port) for port in group.outputs],
        }
        for name, group in project.groups.items()
    }
    value = {**_graph(project.graph), "groups": groups}
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=repr)
    return hashlib.sha256(text.encode()).hexdigest()


def _graph(graph: Graph) -> dict[str, Any]:
    nodes = {node.id: [node.block, shaping(node)] for node in graph.nodes.values()}
    return {"nodes": nodes, "wires": sorted(wire.ends for wire in graph.iter_wires())}


def _port(port: GroupPort) -> list[str]:
    return [port.name, port.node, port.port]


def shaping(node: Node) -> Mapping[str, Any]:
    """The parameters of a node that shapes depend on; all that are set, for an unknown kind of block."""
    block = block_named(node.block)
    if block is None:
        made: dict[str, Any] = thaw(node.params)
        return made
    values = parse_all(block.params, node.params)[0]
    if block.category == "data":
        return {name: values[name] for name in _SHAPING_DATA if name in values}
    return {name: values[name] for name, param in block.params.items() if isinstance(param, _SHAPING)}
