"""Draws small graphs of any blocks, wired at random, right or wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

from hypothesis import strategies as st

from engine.block import EMPTY_CONTEXT, Block, ShapeError, registry
from engine.dataspec import DataFacts, Field
from engine.graph import Project
from engine.param import parse_all
from engine.tensorspec import TensorSpec
from tests.conformance.anything import SHAPES, params
from tests.helpers.projects import make_project

Source = tuple[str, TensorSpec | None]
_TRIES = 4


@final
@dataclass(frozen=True)
class Drawn:
    """A graph and what is known of its data."""

    project: Project
    facts: DataFacts


@st.composite
def _facts(draw: st.DrawFn) -> DataFacts:
    """`x` of any shape, `y` like it, a class label or a row, and labels of every place of `x`."""
    shape = draw(SHAPES)
    classes = tuple(f"class {index}" for index in range(draw(st.integers(2, 4))))
    y = draw(
        st.sampled_from((Field("y", (), "int", classes), Field("y", shape), Field("y", (draw(st.integers(1, 4)),))))
    )
    return DataFacts((Field("x", shape), y, Field("places", shape[1:], "int", classes)), (20, 0, 0))


@st.composite
def graphs(draw: st.DrawFn) -> Drawn:
    """Up to seven blocks and a loss. In careful graphs what does not fit is left out; others are mostly wrong."""
    facts = draw(_facts())
    careful = draw(st.booleans())
    sources: list[Source] = [(f"data.{field.name}", field.spec) for field in facts.fields]
    kinds = sorted(set(registry()) - {"Input"})
    nodes: list[Any] = [("data", "Input")]
    wires: list[str] = []

    def add(name: str, kind: str, values: dict[str, Any], feeds: dict[str, str], outs: dict[str, Any]) -> None:
        nodes.append((name, kind, values))
        wires.extend(f"{source} -> {name}.{port}" for port, source in feeds.items())
        sources.extend((f"{name}.{port}", spec) for port, spec in outs.items())

    for index in range(draw(st.integers(1, 6))):
        kind = "Loss" if index and draw(st.integers(0, 3)) == 0 else draw(st.sampled_from(kinds))
        values, feeds, outs = _fitting(draw, kind, sources)
        if not careful or None not in outs.values():
            add(f"node{index}", kind, values, feeds, outs)
    name, spec = next((one for one in reversed(sources) if one[1] is not None and one[1].dtype == "float"), ("", None))
    if spec is not None and draw(st.booleans()):
        add("squashed", "Activation", {"function": "tanh"}, {"in": name}, {"out": spec})
        add("end", "Loss", {}, {"prediction": "squashed.out", "target": name}, {})
    return Drawn(make_project(nodes, wires), facts)


def _fitting(
    draw: st.DrawFn, kind: str, sources: list[Source]
) -> tuple[dict[str, Any], dict[str, str], dict[str, Any]]:
    """Parameters, port -> source, and output port -> spec; None where it does not fit."""
    block = registry()[kind]
    for _ in range(_TRIES):
        values = draw(params(kind))
        parsed = parse_all(block.params, values)[0]
        chosen = {port.name: draw(st.sampled_from(sources)) for port in block.inputs(parsed)}
        outs = _shapes(block, parsed, chosen)
        if None not in outs.values():
            break
    return values, {port: name for port, (name, _) in chosen.items()}, outs


def _shapes(block: Block, parsed: dict[str, Any], chosen: dict[str, Source]) -> dict[str, TensorSpec | None]:
    specs = {port: spec for port, (_, spec) in chosen.items() if spec is not None}
    unknown: dict[str, TensorSpec | None] = dict.fromkeys(port.name for port in block.outputs(parsed))
    if len(specs) < len(chosen):
        return unknown
    try:
        return dict(block.shape(parsed, specs, EMPTY_CONTEXT))
    except ShapeError:
        return unknown
