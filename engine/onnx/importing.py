"""An ONNX file becomes a project: blocks, wires and weights. Nothing of the file is executed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from engine import diskfile
from engine.graph import Project
from engine.onnx.builder import Builder
from engine.onnx.call import Call, Place
from engine.onnx.operators import OPERATORS
from engine.onnx.patterns import Patterns
from engine.onnx.proto import Model, Node, Tensor, ValueInfo, read_model
from engine.onnx.tensors import FLOATS, TensorReader
from engine.onnx.values import Constant, Flow, RefusedError, Value
from engine.onnx.wire import Span, WireError
from engine.problem import FileError
from engine.settings import FRESH
from engine.tensorfile import Tensor as Numbers
from engine.wording import plural, shown

MAX_BYTES: Final = 2 * diskfile.GIB
"""Protocol buffers have no more."""
_LISTED: Final = 6
_UNCHANGED: Final = "Nothing was imported."

Progress = Callable[[int, int], None]
"""Told how many of how many nodes are done."""


@final
@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a file.

    Attributes:
        project: the blocks, without places: the canvas lays them out.
        weights: their start values by `block.parameter`.
        outputs: where the model's outputs come out, in their order: `head.out`.
        remarks: sentences worth saying.
    """

    project: Project
    weights: Mapping[str, Numbers]
    outputs: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def import_model(path: Path, progress: Progress | None = None) -> Imported:
    """The network of an ONNX file, with its weights.

    Raises:
        FileError: F01 it is damaged, F02 it does not exist, F04 it cannot be read, F08 it holds what there are no
            blocks for; the message names operators and nodes.
    """
    content = diskfile.read(path, MAX_BYTES)
    try:
        model = read_model(Span(memoryview(content), 0, len(content)))
        return _Import(model, path, progress).project()
    except WireError as error:
        what = f'"{path.name}" is no ONNX model that can be read (byte {error.at:,}: {error}).'
        raise FileError(what, code="F01", hint=_UNCHANGED) from None


@final
class _Import:
    """The work on one file."""

    def __init__(self, model: Model, path: Path, progress: Progress | None) -> None:
        self._model, self._path, self._progress = model, path, progress
        self._reader = TensorReader(path.parent)
        self._builder = Builder()
        self._values: dict[str, Value] = {}
        self._uses: Counter[str] = Counter()
        self._batch: int | None = None
        self._constants = {
            node.outputs[0]: node.attributes.get("value")
            for node in model.nodes
            if node.kind == "Constant" and node.outputs
        }
        self._derived = {
            node.outputs[0]: node
            for node in model.nodes
            if node.kind in ("Transpose", "Unsqueeze") and node.outputs and node.inputs
        }

    def project(self) -> Imported:
        """All blocks. Raises FileError, WireError."""
        if self._model.has_sparse:
            raise self._unsupported("holds sparse weights, which are not read")
        self._add_inputs()
        nodes = Patterns(self._live(), self._model.outputs, self._shape, self._number, self._same).simplified()
        self._refuse_unknown(nodes)
        for index, node in enumerate(nodes):
            if self._progress is not None:
                self._progress(index, len(nodes))
            self._translate(node)
        outputs = [self._output(name) for name in self._model.outputs]
        graph, weights, names = self._builder.finish(outputs)
        stem, name = (text.encode(errors="replace").decode() for text in (self._path.stem, self._path.name))
        return Imported(Project(stem, f"Imported from {name}.", graph, training=FRESH), weights, names, self._remarks())

    # -- before --

    def _refuse_unknown(self, nodes: list[Node]) -> None:
        """Everything for which there is no block is told at once, before anything is made."""
        model = self._model
        lacking = Counter(node.kind for node in nodes if node.kind not in OPERATORS)
        if not lacking:
            return
        listed = [f"{_word(name)} ({plural(count, 'node')})" for name, count in lacking.most_common(_LISTED)]
        more = f" and {len(lacking) - _LISTED} more" if len(lacking) > _LISTED else ""
        first = next(node for node in nodes if node.kind in lacking)
        hint = "Export the part of the model that is made of supported layers."
        if model.has_functions or any(node.domain for node in nodes if node.kind in lacking):
            hint = "Export the model with ONNX's own operators (without custom functions)."
        what = f"uses operators for which there are no blocks: {', '.join(listed)}{more}, first at {_shown(first)}"
        raise self._unsupported(f"{what}, in version {model.opset} of ONNX's operators", hint)

    def _unsupported(self, what: str, hint: str = "") -> FileError:
        return FileError(f'"{self._path.name}" {what}.', code="F08", hint=f"{hint} {_UNCHANGED}".strip())

    def _add_inputs(self) -> None:
        inputs = [info for info in self._model.inputs if info.name not in self._model.initializers]
        if not inputs:
            raise self._unsupported("has no inputs", "Export the model with an input for its data.")
        for info in inputs:
            if info.name in self._values:
                raise WireError(f"two inputs are called {shown(info.name)}", 0)
            shape = self._sample_shape(info)
            is_spoken = len(inputs) > 1 and "::" not in info.name
            name = info.name if is_spoken else "data"
            self._values[info.name] = self._builder.add_input(name, shape)

    def _sample_shape(self, info: ValueInfo) -> tuple[int, ...]:
        what = f"has the input {shown(info.name)}"
        if info.data_type not in FLOATS:
            raise self._unsupported(f"{what}, which is no tensor of measurements", "Blocks take measurements only.")
        if not info.dims:
            raise self._unsupported(f"{what} without a batch or without a shape", "Export it with the input's shape.")
        batch, sample = info.dims[0], info.dims[1:]
        if len(sample) > 8 or any(not isinstance(size, int) or not 0 < size < 1 << 31 for size in sample):
            sizes = " × ".join(str(size) or "?" for size in info.dims)
            raise self._unsupported(
                f"{what} of the free size {shown(sizes)}", "Export it with fixed sizes behind the batch."
            )
        if isinstance(batch, int) and batch > 0:
            self._batch = batch
        # A row of numbers without further dimensions has one number a sample.
        return tuple(int(size) for size in sample) or self._refuse_flat(what)

    def _refuse_flat(self, what: str) -> tuple[int, ...]:
        raise self._unsupported(
            f"{what} with one dimension only", "Export it with a batch and features: (batch, features)."
        )

    def _live(self) -> list[Node]:
        """The nodes that something comes of, in an order in which each finds what it reads. Raises WireError."""
        self._uses.update(self._model.outputs)
        wanted, live = set(self._model.outputs), []
        for node in reversed(self._model.nodes):
            if wanted.intersection(node.outputs):
                live.append(node)
                wanted.update(name for name in node.inputs if name)
        live.reverse()
        known = {*self._values, *self._model.initializers, ""}
        for node in live:
            for name in node.inputs:
                if name not in known:
                    raise WireError(f"{_shown(node)} reads {shown(name)}, which nothing makes before it", 0)
                self._uses[name] += 1
            for name in node.outputs:
                if name and name in known:
                    raise WireError(f"{_shown(node)} makes {shown(name)} a second time", 0)
                known.add(name)
        return live

    def _proto(self, name: str) -> Tensor | None:
        found = self._model.initializers.get(name)
        if found is not None:
            return found
        value = self._constants.get(name)
        return value if isinstance(value, Tensor) else None

    def _shape(self, name: str) -> tuple[int, ...] | None:
        """The shape of numbers of the file, also of those that a node only arranges in another way."""
        proto, node = self._proto(name), self._derived.get(name)
        if proto is not None or node is None:
            return None if proto is None else tuple(proto.dims)
        proto = self._proto(node.inputs[0])
        if proto is None:
            return None
        if node.op == "Transpose":
            return tuple(reversed(proto.dims)) if len(proto.dims) == 2 else None
        axes = node.attributes.get("axes")
        listed = self._proto(node.inputs[1]) if axes is None and len(node.inputs) == 2 else None
        if listed is not None:
            axes = list(self._reader.read(listed).flat())
        # Behind the numbers of each channel stand the dimensions of its places.
        if not isinstance(axes, list) or len(proto.dims) != 1 or axes != list(range(1, len(axes) + 1)):
            return None
        return (proto.dims[0], *(1 for _ in axes))

    def _same(self, name: str) -> float | None:
        proto = self._proto(name)
        if proto is None or proto.data_type not in FLOATS:
            return None
        found = set(self._reader.read(proto).flat())
        return float(found.pop()) if len(found) == 1 else None

    def _number(self, name: str) -> float | None:
        proto = self._proto(name)
        if proto is None or any(size != 1 for size in proto.dims) or proto.data_type not in FLOATS:
            return None
        return float(self._reader.read(proto).flat()[0])

    # -- node by node --

    def _translate(self, node: Node) -> None:
        for name in node.inputs:
            if name and name not in self._values:
                proto = self._model.initializers[name]
                self._values[name] = Constant(self._reader.read(proto), name, trained=True)
        try:
            place = Place(self._builder, self._model.opset, self._batch, self._reader)
            call = Call(node, self._values, place, is_alone=self._uses[node.inputs[0] if node.inputs else ""] == 1)
            value = OPERATORS[node.kind](call)
        except RefusedError as refusal:
            op = node.op.removeprefix("@")
            what = f"cannot be drawn as blocks: {_shown(node)} ({op}, version {self._model.opset}) {refusal}"
            raise self._unsupported(what, refusal.hint) from None
        if node.outputs:
            self._values[node.outputs[0]] = value
        missing = next((name for name in node.outputs[1:] if name and self._uses[name]), None)
        if missing is not None:
            raise self._unsupported(f"reads a second output of {_shown(node)} ({node.op}), which no block has")

    def _output(self, name: str) -> Flow:
        if name not in self._values:
            raise WireError(f"nothing makes the output {shown(name)}", 0)
        try:
            return self._builder.flow(self._values[name])
        except RefusedError as refusal:
            raise self._unsupported(f"has the output {shown(name)}, which {refusal}") from None

    def _remarks(self) -> tuple[str, ...]:
        twice = sum(1 for name, count in self._uses.items() if count > 1 and self._is_matrix(name))
        if not twice:
            return ()
        return (f"{plural(twice, 'weight')} of the model served several layers; here each has a copy of its own.",)

    def _is_matrix(self, name: str) -> bool:
        proto = self._model.initializers.get(name)
        return proto is not None and proto.data_type in FLOATS and len(proto.dims) > 1


def _word(kind: str) -> str:
    """An operator's name as it is, or quoted and cut where it is none that people would write."""
    return kind if re.fullmatch(r"[\w.:]{1,60}", kind, re.ASCII) else shown(kind)


def _shown(node: Node) -> str:
    return (
        f"the node {shown(node.name)}"
        if node.name
        else f"the node that makes {shown(node.outputs[0])}"
        if node.outputs
        else "a node"
    )
