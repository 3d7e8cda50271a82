"""One node of an ONNX graph as the functions see it that turn it into blocks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, final

from engine.onnx.builder import Builder
from engine.onnx.proto import Node
from engine.onnx.tensors import TensorReader
from engine.onnx.values import Constant, Flow, RefusedError, Value, sizes_of
from engine.startvalues import short
from engine.tensorfile import Tensor
from engine.tensorspec import BATCH

_WEIGHT_NAME: Final = re.compile(r"(?!onnx::)(.+)\.(?:weight|bias|gamma|beta|scale|running_mean)")
_NUMBERED: Final = re.compile(r"_\d+$")


@final
@dataclass(frozen=True, slots=True)
class Place:
    """What all nodes of a file have in common.

    Attributes:
        builder: where blocks go.
        opset: version of the operators.
        batch: size of the batch that the file was written for; None where it is free.
        reader: of tensors in attributes.
    """

    builder: Builder
    opset: int
    batch: int | None
    reader: TensorReader


@final
class Call:
    """A node with the values that come in.

    Attributes:
        node: as the file has it.
        is_alone: whether nobody else reads its first input.
        builder, opset, batch, reader: see `Place`.
    """

    def __init__(self, node: Node, values: Mapping[str, Value], place: Place, *, is_alone: bool = False) -> None:
        self.node, self.is_alone = node, is_alone
        self.builder, self.opset, self.batch, self.reader = place.builder, place.opset, place.batch, place.reader
        self.values = [values[name] if name else None for name in node.inputs]

    # -- inputs --

    def has(self, index: int) -> bool:
        """Whether there is that input."""
        return index < len(self.values) and self.values[index] is not None

    def value(self, index: int) -> Value:
        """An input. Raises RefusedError where it is missing."""
        value = self.values[index] if index < len(self.values) else None
        if value is None:
            raise RefusedError(f"lacks its input {index + 1}")
        return value

    def flow(self, index: int = 0) -> Flow:
        """An input that comes out of a block, or becomes a Value block. Raises RefusedError."""
        return self.builder.flow(self.value(index))

    def weights(self, index: int, what: str) -> Tensor:
        """An input that the file holds. Raises RefusedError where it is computed."""
        value = self.value(index)
        if not isinstance(value, Constant) or not value.is_float:
            raise RefusedError(f"takes its {what} from another node; blocks own theirs")
        return value.tensor

    def sizes(self, index: int) -> tuple[int | str, ...]:
        """An input as whole numbers, the batch among them as "N". Raises RefusedError where it is none."""
        found = sizes_of(self.value(index))
        if found is None:
            raise RefusedError(f"computes its input {index + 1} from the data; its shape has to be fixed")
        return found.dims

    def whole_numbers(self, index: int) -> tuple[int, ...]:
        """An input as numbers that are known. Raises RefusedError."""
        found = self.sizes(index)
        numbers = tuple(size for size in found if isinstance(size, int))
        if len(numbers) != len(found):
            raise RefusedError("counts with the size of the batch")
        return numbers

    def number(self, index: int) -> float:
        """An input as one number that the file holds. Raises RefusedError."""
        tensor = self.weights(index, "number")
        if tensor.count != 1:
            raise RefusedError(f"needs one number as its input {index + 1}")
        return short(tensor.flat()[0])

    # -- attributes --

    def whole(self, name: str, default: int) -> int:
        """An attribute that is a whole number. Raises RefusedError where it is of another kind."""
        value = self.node.attributes.get(name, default)
        if not isinstance(value, int):
            raise RefusedError(f"has an attribute {name} of the wrong kind")
        return value

    def fraction(self, name: str, default: float) -> float:
        """An attribute that is a number, as short as it can be written. Raises RefusedError."""
        value = self.node.attributes.get(name, default)
        if not isinstance(value, float | int):
            raise RefusedError(f"has an attribute {name} of the wrong kind")
        return short(float(value))

    def word(self, name: str, default: str) -> str:
        """An attribute that is a text. Raises RefusedError."""
        value = self.node.attributes.get(name, default.encode())
        if not isinstance(value, bytes):
            raise RefusedError(f"has an attribute {name} of the wrong kind")
        return value.decode("utf-8", "replace")

    def wholes(self, name: str, default: Sequence[int] | None = None) -> tuple[int, ...]:
        """An attribute that is a list of whole numbers; it has to be there without a default. Raises RefusedError."""
        value: Any = self.node.attributes.get(name, default)
        if not isinstance(value, list | tuple) or not all(type(item) is int for item in value):
            raise RefusedError(f"has no attribute {name}, or one of the wrong kind")
        return tuple(value)

    def axes(self, index: int = 1) -> tuple[int, ...] | None:
        """`axes`, an attribute once and an input since; None without. Raises RefusedError."""
        if self.has(index):
            return self.whole_numbers(index)
        return self.wholes("axes") if "axes" in self.node.attributes else None

    # -- making --

    def add(
        self,
        kind: str,
        inputs: Mapping[str, Flow] | Flow,
        params: Mapping[str, Any] | None = None,
        *,
        base: str = "",
        weights: Mapping[str, Tensor] | None = None,
    ) -> Flow:
        """A block for this node, named as the node, as its weights or as `base`. Raises RefusedError."""
        return self.builder.add(kind, inputs, params, self.name(base or _snake(kind)), weights)

    def aside(self, kind: str, inputs: Mapping[str, Flow] | Flow, params: Mapping[str, Any] | None = None) -> Flow:
        """A further block, which the node needs beside its own. Raises RefusedError."""
        return self.builder.add(kind, inputs, params, _snake(kind))

    def name(self, fallback: str) -> str:
        """What people know the node by: the module whose weights it has, or the last part of its own name."""
        for value in self.values[1:]:
            match = _WEIGHT_NAME.fullmatch(value.name) if isinstance(value, Constant) else None
            if match:
                return _worded(match[1], fallback)
        parts = [part for part in self.node.name.split("/") if part]
        if "/" in self.node.name and parts and _NUMBERED.sub("", parts[-1]) == self.node.op:
            parts.pop()  # /layer1/conv1/Conv
            return _worded(parts[-1].split(".")[-1], fallback) if parts else fallback
        return fallback

    def dim(self, axis: int, flow: Flow, what: str = "axis") -> int:
        """An axis counted from the front, behind the batch. Raises RefusedError."""
        rank = len(flow.spec.shape)
        found = axis + rank if axis < 0 else axis
        if not 0 <= found < rank:
            raise RefusedError(f"has the {what} {axis}, but its input has {rank} dimensions")
        if found == 0 and flow.spec.batched:
            raise RefusedError("works across the samples of the batch")
        return found


def _worded(name: str, fallback: str) -> str:
    """A name with letters; `0` in a Sequential alone says nothing."""
    name = re.sub(r"\W", "_", name)
    return name if re.search(r"[A-Za-z]", name) else f"{fallback}{name}"


def _snake(kind: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind).lower()


def numel(dims: Sequence[int | str]) -> int | None:
    """The product of sizes; None where one is free."""
    total = 1
    for size in dims:
        if not isinstance(size, int):
            return None
        total *= size
    return total


def is_batch(size: int | str, call: Call) -> bool:
    """Whether a size stands for the batch."""
    return size == BATCH or (call.batch is not None and size == call.batch)
