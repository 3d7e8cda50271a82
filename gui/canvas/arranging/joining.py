"""Connecting a selection in reading order: each free input to the nearest fitting output read before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, final

from engine import edits
from engine.block import Block, PortKind, ShapeError, block_named
from engine.graph import Project, Touched, Wire
from engine.param import parse_all
from engine.result import Result
from engine.tensorspec import TensorSpec
from gui.canvas.face import Face
from gui.canvas.fitting import reached


@final
@dataclass(frozen=True, slots=True)
class Joined:
    """What was connected, and which inputs found nothing that fits (`block.port`)."""

    project: Project
    touched: Touched
    wires: tuple[Wire, ...]
    left: tuple[str, ...]


@final
@dataclass(slots=True)
class _Output:
    node: str
    port: str
    kind: PortKind
    spec: TensorSpec | None
    used: bool


@final
@dataclass(slots=True)
class _Reader:
    """Goes through the blocks once, and knows what comes out of those that it has passed."""

    project: Project
    result: Result
    faces: Mapping[str, Face]
    outputs: list[_Output] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def read(self, name: str) -> None:
        """Connect a block's free inputs, then count its outputs among those on offer."""
        face = self.faces[name]
        specs = self._known_inputs(name)
        for port in face.inputs:
            if port.wired or not self._wanted(name, port.name):
                continue
            found = self._fitting(name, port.name, port.kind, specs)
            if found is None:
                self.left.append(f"{name}.{port.name}")
                continue
            wire = Wire(found.node, found.port, name, port.name)
            self.project, _ = edits.connect(self.project, wire)
            self.wires.append(wire)
            found.used = True
            if found.spec is not None:
                specs[port.name] = found.spec
        made = self._made(name, specs)
        for port in face.outputs:
            self.outputs.append(_Output(name, port.name, port.kind, made.get(port.name), port.wired))

    def _wanted(self, name: str, port: str) -> bool:
        """Optional inputs stay free."""
        block, params = self._block(name)
        if block is None:
            return True
        declared = next((each for each in block.inputs(params) if each.name == port), None)
        return declared is None or not declared.optional

    def _block(self, name: str) -> tuple[Block | None, Mapping[str, Any]]:
        node = self.project.graph.node(name)
        block = block_named(node.block)
        return block, parse_all(block.params, node.params)[0] if block is not None else {}

    def _known_inputs(self, name: str) -> dict[str, TensorSpec]:
        plan = self.result.nodes.get(name)
        return {port: spec for port, spec in (plan.inputs if plan is not None else {}).items() if spec is not None}

    def _made(self, name: str, specs: Mapping[str, TensorSpec]) -> Mapping[str, TensorSpec | None]:
        """What comes out with what goes in now."""
        block, params = self._block(name)
        if block is not None and specs:
            try:
                return block.shape(params, specs)
            except (ShapeError, KeyError):  # an input is missing: the plan knows no more either
                return {}
        plan = self.result.nodes.get(name)
        return plan.outputs if plan is not None else {}

    def _fitting(self, name: str, port: str, kind: PortKind, specs: Mapping[str, TensorSpec]) -> _Output | None:
        """The output read last that fits: one without a wire, or for a block's first input any.

        Targets go to targets, and losses nowhere by themselves.
        """
        later = reached(self.project.graph, name, "out")
        on_offer = [each for each in reversed(self.outputs) if each.kind == kind and each.node not in later]
        free = [each for each in on_offer if not each.used]
        first = self.faces[name].inputs[0].name == port
        again = [each for each in on_offer if each.used] if first or kind == "target" else []
        return next((each for each in (*free, *again) if self._takes(name, port, each, specs)), None)

    def _takes(self, name: str, port: str, output: _Output, specs: Mapping[str, TensorSpec]) -> bool:
        block, params = self._block(name)
        if block is None or output.spec is None:
            return True
        try:
            block.shape(params, {**specs, port: output.spec})
        except ShapeError:
            return False
        except KeyError:
            return True  # other inputs are still missing
        return True


def joined(project: Project, result: Result, faces: Mapping[str, Face], order: Sequence[str]) -> Joined:
    """The project with these blocks connected in this order."""
    reader = _Reader(project, result, faces)
    for name in order:
        reader.read(name)
    touched = frozenset(end for wire in reader.wires for end in (wire.from_node, wire.to_node))
    return Joined(reader.project, touched, tuple(reader.wires), tuple(reader.left))
