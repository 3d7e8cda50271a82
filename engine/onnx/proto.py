"""The messages of an ONNX file, as far as a network needs them.

Source: github.com/onnx/onnx, onnx/onnx.proto3 (the numbers of the fields). Unknown fields are passed over, as the
format asks. Nothing here nests without bound: the graphs inside of attributes (If, Loop) are not read.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, final

from engine.onnx.wire import BYTES, Field, Span, WireError, fields

MOST_NODES: Final = 100_000
Dims = tuple[int | str, ...]
"""Sizes of a value; a free one is its name, or ""."""


@final
@dataclass(slots=True)
class Tensor:
    """A TensorProto: shape, kind of numbers, and where these lie.

    Attributes:
        name: what nodes call it.
        dims: sizes.
        data_type: the number of an element type.
        raw: little-endian bytes.
        floats, doubles, wholes: numbers in fields of their own: bytes of many, or values.
        external: `location`, `offset`, `length` of numbers in a file of their own.
        at: place in the file.
    """

    name: str = ""
    dims: list[int] = field(default_factory=list)
    data_type: int = 0
    raw: Span | None = None
    floats: list[Span] = field(default_factory=list)
    doubles: list[Span] = field(default_factory=list)
    wholes: list[Field] = field(default_factory=list)
    external: dict[str, str] | None = None
    at: int = 0


@final
@dataclass(frozen=True, slots=True)
class Subgraph:
    """Stands for a graph inside of an attribute."""


@final
@dataclass(frozen=True, slots=True)
class Node:
    """A NodeProto. `attributes` hold floats, ints, bytes, tensors, or lists of them."""

    op: str
    name: str = ""
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    domain: str = ""

    @property
    def kind(self) -> str:
        """The operator with its domain, where that is not ONNX's own."""
        return f"{self.domain}::{self.op}" if self.domain else self.op


@final
@dataclass(frozen=True, slots=True)
class ValueInfo:
    """A ValueInfoProto: name, element type (0: no tensor) and shape, None where it is not said."""

    name: str
    data_type: int
    dims: Dims | None


@final
@dataclass(slots=True)
class Model:
    """A ModelProto with its graph."""

    opset: int = 0
    nodes: list[Node] = field(default_factory=list)
    initializers: dict[str, Tensor] = field(default_factory=dict)
    inputs: list[ValueInfo] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    has_functions: bool = False
    has_sparse: bool = False
    has_graph: bool = False


def read_model(span: Span) -> Model:
    """The model in these bytes. Raises WireError."""
    model = Model()
    for entry in fields(span):
        if entry.number == 7:
            if model.has_graph:
                raise WireError("there are two graphs", entry.at)
            model.has_graph = True
            _read_graph(model, entry.span())
        elif entry.number == 8:
            domain, version = _opset(entry.span())
            if domain in ("", "ai.onnx"):
                model.opset = version
        elif entry.number == 25:
            model.has_functions = True
    if not model.has_graph:
        raise WireError("it holds no graph", span.start)
    if model.opset < 1:
        raise WireError("it does not say which version of the operators it uses", span.start)
    return model


def _opset(span: Span) -> tuple[str, int]:
    domain, version = "", 0
    for entry in fields(span):
        if entry.number == 1:
            domain = entry.text()
        elif entry.number == 2:
            version = entry.whole()
    return domain, version


def _read_graph(model: Model, span: Span) -> None:
    for entry in fields(span):
        if entry.number == 1:
            if len(model.nodes) >= MOST_NODES:
                raise WireError(f"it has more than {MOST_NODES:,} nodes", entry.at)
            model.nodes.append(_node(entry.span()))
        elif entry.number == 5:
            tensor = read_tensor(entry.span())
            if tensor.name in model.initializers:
                raise WireError("two initializers bear one name", entry.at)
            model.initializers[tensor.name] = tensor
        elif entry.number == 11:
            model.inputs.append(_value_info(entry.span()))
        elif entry.number == 12:
            model.outputs.append(_value_info(entry.span()).name)
        elif entry.number == 15:
            model.has_sparse = True


def _node(span: Span) -> Node:
    inputs: list[str] = []
    outputs: list[str] = []
    texts = {3: "", 4: "", 7: ""}
    attributes: dict[str, Any] = {}
    for entry in fields(span):
        if entry.number == 1:
            inputs.append(entry.text())
        elif entry.number == 2:
            outputs.append(entry.text())
        elif entry.number in texts:
            texts[entry.number] = entry.text()
        elif entry.number == 5:
            name, value = _attribute(entry.span())
            attributes[name] = value
    domain = "" if texts[7] == "ai.onnx" else texts[7]
    return Node(texts[4], texts[3], tuple(inputs), tuple(outputs), attributes, domain)


def _attribute(span: Span) -> tuple[str, Any]:
    """Name and value; of a repeated one a list. The kind of the value says of which type it is."""
    name, single = "", None
    many: list[Any] = []
    is_list = False
    for entry in fields(span):
        number = entry.number
        if number == 1:
            name = entry.text()
        elif number in _SINGLE:
            single = _SINGLE[number](entry)
        elif number in _MANY:
            is_list = True
            many += _MANY[number](entry)
        elif number == 20 and entry.whole() in (6, 7, 8):
            is_list = True  # an empty list leaves nothing else behind
    return name, many if is_list else single


def _packed_floats(entry: Field) -> list[float]:
    if entry.kind != BYTES:
        return [entry.single()]
    data = entry.span().data
    if len(data) % 4:
        raise WireError("a list of numbers is cut off", entry.at)
    return list(struct.unpack(f"<{len(data) // 4}f", data))


_SINGLE: Final[Mapping[int, Any]] = {
    2: Field.single,
    3: Field.whole,
    4: lambda entry: bytes(entry.span().data),
    5: lambda entry: read_tensor(entry.span()),
    6: lambda _: Subgraph(),
}
_MANY: Final[Mapping[int, Any]] = {
    7: _packed_floats,
    8: Field.wholes,
    9: lambda entry: [bytes(entry.span().data)],
    10: lambda entry: [read_tensor(entry.span())],
    11: lambda _: [Subgraph()],
}


def read_tensor(span: Span) -> Tensor:
    """A TensorProto. Raises WireError."""
    tensor = Tensor(at=span.start)
    is_outside, entries = False, {}
    for entry in fields(span):
        number = entry.number
        if number == 1:
            tensor.dims += entry.wholes()
        elif number == 2:
            tensor.data_type = entry.whole()
        elif number == 4:
            tensor.floats.append(_numbers(entry))
        elif number in (5, 7, 11):
            tensor.wholes.append(entry)
        elif number == 8:
            tensor.name = entry.text()
        elif number == 9:
            tensor.raw = entry.span()
        elif number == 10:
            tensor.doubles.append(_numbers(entry))
        elif number == 13:
            key, value = _pair(entry.span())
            entries[key] = value
        elif number == 14:
            is_outside = entry.whole() == 1
    if len(tensor.dims) > 64 or any(size < 0 for size in tensor.dims):
        raise WireError("a tensor has impossible sizes", span.start)
    tensor.external = entries if is_outside else None
    return tensor


def _numbers(entry: Field) -> Span:
    """One number of fixed size, or many packed: the bytes are the same."""
    if not isinstance(entry.value, Span):
        raise WireError(f"field {entry.number} is of the wrong kind", entry.at)
    return entry.value


def _pair(span: Span) -> tuple[str, str]:
    texts = {1: "", 2: ""}
    for entry in fields(span):
        if entry.number in texts:
            texts[entry.number] = entry.text()
    return texts[1], texts[2]


def _value_info(span: Span) -> ValueInfo:
    name, data_type, dims = "", 0, None
    for entry in fields(span):
        if entry.number == 1:
            name = entry.text()
        elif entry.number == 2:
            for kind in fields(entry.span()):
                if kind.number == 1:
                    data_type, dims = _tensor_type(kind.span())
    return ValueInfo(name, data_type, dims)


def _tensor_type(span: Span) -> tuple[int, Dims | None]:
    data_type, dims = 0, None
    for entry in fields(span):
        if entry.number == 1:
            data_type = entry.whole()
        elif entry.number == 2:
            dims = tuple(_dim(dim.span()) for dim in fields(entry.span()) if dim.number == 1)
    return data_type, dims


def _dim(span: Span) -> int | str:
    for entry in fields(span):
        if entry.number == 1:
            return entry.whole()
        if entry.number == 2:
            return entry.text()
    return ""
