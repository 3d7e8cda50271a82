"""Blocks with their wires and weights, made one after another; each is asked at once whether it takes what comes in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, Final, final

from engine.block import ShapeError, block_named
from engine.frozen import FrozenDict
from engine.graph import Graph, Node, Wire
from engine.names import fresh_ids
from engine.onnx.values import Constant, Flow, RefusedError, Value
from engine.param import parse_all
from engine.startvalues import short
from engine.tensorfile import Tensor
from engine.tensorspec import BATCH, Dim, TensorSpec, shape_text

MOST_IN_VALUE: Final = 1 << 22
"""A Value block holds no more numbers; a table of embeddings that is only looked up has no block."""
_STAND_IN_NUMBERS: Final = 1 << 20
_STAND_IN_SAMPLES: Final = 100


@final
@dataclass(slots=True)
class _Made:
    kind: str
    params: dict[str, Any]
    base: str
    weights: dict[str, Tensor] = field(default_factory=dict)


@final
class Builder:
    """Collects blocks; `finish` makes a graph of them."""

    def __init__(self) -> None:
        self._made: list[_Made] = []
        self._wires: list[tuple[Flow, int, str]] = []
        self._values: dict[tuple[str, tuple[int, ...]], Flow] = {}

    def add_input(self, name: str, shape: tuple[int, ...]) -> Flow:
        """An Input with random numbers of the shape of one sample, until the user chooses data."""
        samples = max(2, min(_STAND_IN_SAMPLES, _STAND_IN_NUMBERS // max(prod(shape), 1)))
        self._made.append(_Made("Input", {"dataset": "random", "shape": shape, "samples": samples}, name))
        return Flow(len(self._made) - 1, "x", TensorSpec((BATCH, *shape)))

    def add(
        self,
        kind: str,
        inputs: Mapping[str, Flow] | Flow,
        params: Mapping[str, Any] | None = None,
        base: str = "",
        weights: Mapping[str, Tensor] | None = None,
    ) -> Flow:
        """A block whose single output is returned. `base` is what its name begins with.

        Raises:
            RefusedError: the block does not take these parameters, inputs or weights.
        """
        block = block_named(kind)
        assert block is not None
        joined = {"in": inputs} if isinstance(inputs, Flow) else dict(inputs)
        given = dict(params or {})
        parsed, errors = parse_all(block.params, given)
        if errors:
            raise RefusedError(f"becomes the block {kind}, whose {errors[0][0]} {errors[0][1]}")
        specs = {port: flow.spec for port, flow in joined.items()}
        try:
            spec = block.shape(parsed, specs)["out"]
        except ShapeError as error:
            raise RefusedError(f"becomes the block {kind}, which {error.message}") from None
        if weights:
            recipe = block.recipe(parsed, specs)
            _compare(weights, {tensor.name: tensor.shape for tensor in (*recipe.parameters, *recipe.buffers)})
        kept = {name: value for name, value in given.items() if parsed[name] != block.params[name].start}
        self._made.append(_Made(kind, kept, base or kind, dict(weights or {})))
        index = len(self._made) - 1
        self._wires += [(flow, index, port) for port, flow in joined.items()]
        return Flow(index, "out", spec)

    def as_row_of_means(self, flow: Flow) -> Flow | None:
        """GlobalAvgPool in place of a Mean over all places of each channel; None where it is none."""
        made, rank = self._made[flow.node], len(flow.spec.shape)
        over = {"dim": tuple(range(2, rank)), "keepdim": True}
        if made.kind != "Mean" or made.params != over or rank not in (3, 4):
            return None
        base = "pool" if made.base == "mean" else made.base
        self._made[flow.node] = _Made("GlobalAvgPool", {}, base)
        return Flow(flow.node, "out", TensorSpec(flow.spec.shape[:2]))

    def value(self, constant: Constant, shape: tuple[int, ...] | None = None) -> Flow:
        """A Value block with these numbers, made once. `shape`: one that holds as many.

        Raises:
            RefusedError: they are no numbers with a fraction, none at all, or too many.
        """
        tensor = constant.tensor
        shape = tensor.shape if shape is None else shape
        if not constant.is_float:
            raise RefusedError("reckons with whole numbers, which blocks do not")
        if not 0 < tensor.count <= MOST_IN_VALUE:
            raise RefusedError(
                f"uses {tensor.count:,} fixed numbers, more than a Value block holds"
                if tensor.count
                else "uses an empty tensor"
            )
        key = (constant.name, shape)
        if constant.name and key in self._values:
            return self._values[key]
        params: dict[str, Any] = {"shape": shape, "trainable": constant.trained and tensor.count > 1}
        weights: dict[str, Tensor] = {}
        if tensor.count == 1:
            params["value"] = short(tensor.flat()[0])
        else:
            weights["value"] = Tensor(tensor.dtype, shape, tensor.data)
        flow = self.add("Value", {}, params, "value", weights)
        if constant.name:
            self._values[key] = flow
        return flow

    def flow(self, value: Value) -> Flow:
        """A value as what comes out of a block. Raises RefusedError for sizes."""
        if isinstance(value, Flow):
            return value
        if isinstance(value, Constant):
            return self.value(value)
        raise RefusedError("reckons with the sizes of a tensor, which blocks do not")

    def finish(self, outputs: Iterable[Flow] = ()) -> tuple[Graph, dict[str, Tensor], tuple[str, ...]]:
        """The graph, its weights by `block.parameter`, and where these flows come out: `head.out`."""
        ids = fresh_ids([made.base for made in self._made], ())
        nodes = [Node(name, made.kind, FrozenDict(made.params)) for name, made in zip(ids, self._made, strict=True)]
        wires = [Wire(ids[flow.node], flow.port, ids[index], port) for flow, index, port in self._wires]
        weights = {
            f"{name}.{short_name}": tensor
            for name, made in zip(ids, self._made, strict=True)
            for short_name, tensor in made.weights.items()
        }
        return Graph.of(nodes, wires), weights, tuple(f"{ids[flow.node]}.{flow.port}" for flow in outputs)


def _compare(weights: Mapping[str, Tensor], wanted: Mapping[str, Sequence[Dim]]) -> None:
    for name, tensor in weights.items():
        if tensor.shape != wanted.get(name):
            there = shape_text(tuple(wanted[name])) if name in wanted else "none"
            raise RefusedError(f"has weights of the shape {shape_text(tensor.shape)} where {there} is needed ({name})")
