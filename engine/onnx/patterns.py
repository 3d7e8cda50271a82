"""Several nodes that are one block: exporters write SiLU as x · sigmoid(x), GELU by its definition, Dense as two."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final, final

from engine.onnx.proto import Node

Shapes = Callable[[str], tuple[int, ...] | None]
"""The shape of numbers that the file holds; None for a value that is computed."""
Number = Callable[[str], float | None]
"""A single number that the file holds; None for anything else."""

_HALF: Final = 0.5
_ROOT: Final = math.sqrt(2)
_NO_DIFFERENCE: Final = 17.0
"""From here on, softplus(x) is x in single precision: e⁻¹⁷ is below half of the last digit of 17."""


@final
class Patterns:
    """Looks at the nodes of one graph, in their order.

    Args:
        nodes: of the graph.
        outputs: names of values that have to stay.
        shape, number: what is known of values.
        same: the number that a tensor of the file consists of alone.
    """

    def __init__(self, nodes: list[Node], outputs: Iterable[str], shape: Shapes, number: Number, same: Number) -> None:
        self._nodes, self._shape, self._number, self._same = nodes, shape, number, same
        self._maker = {name: index for index, node in enumerate(nodes) for name in node.outputs if name}
        self._readers: dict[str, list[int]] = {}
        for index, node in enumerate(nodes):
            for name in node.inputs:
                self._readers.setdefault(name, []).append(index)
        for name in outputs:
            self._readers.setdefault(name, []).append(-1)
        self._gone: set[int] = set()
        self._new: dict[int, Node] = {}

    def simplified(self) -> list[Node]:
        """The nodes with every pattern as one node, where its last one stood."""
        finders: Mapping[str, Callable[[int], None]] = {
            "Sigmoid": self._silu,
            "Erf": self._gelu,
            "Softplus": self._softplus,
            "MatMul": self._dense,
            "InstanceNormalization": self._groups,
            "Mul": self._scale_and_shift,
        }
        for index, node in enumerate(self._nodes):
            is_free = index not in self._gone and index not in self._new
            if is_free and node.op in finders and not node.domain and node.inputs and node.outputs:
                finders[node.op](index)
        return [self._new.get(index, node) for index, node in enumerate(self._nodes) if index not in self._gone]

    # -- what is where --

    def _reader(self, index: int, op: str) -> int | None:
        """The node that alone reads what this one makes, if it is such an operator."""
        readers = self._readers.get(self._nodes[index].outputs[0], [])
        if len(readers) != 1 or readers[0] < 0:
            return None
        node = self._nodes[readers[0]]
        return readers[0] if node.op == op and not node.domain and len(node.outputs) == 1 else None

    def _other(self, index: int, name: str) -> str | None:
        """The second input of a node with two, beside this one."""
        inputs = self._nodes[index].inputs
        if len(inputs) != 2 or name not in inputs:
            return None
        return inputs[1] if inputs[0] == name else inputs[0]

    def _is(self, name: str | None, wanted: float) -> bool:
        number = None if name is None else self._number(name)
        return number is not None and math.isclose(number, wanted, rel_tol=1e-4)

    def _join(self, op: str, parts: Iterable[int], last: int, inputs: tuple[str, ...]) -> None:
        node = self._nodes[last]
        self._gone.update(part for part in parts if part != last)
        self._new[last] = Node(op, node.name, inputs, node.outputs)

    # -- the patterns --

    def _silu(self, index: int) -> None:
        x, product = self._nodes[index].inputs[0], self._reader(index, "Mul")
        if product is not None and self._other(product, self._nodes[index].outputs[0]) == x:
            self._join("@Silu", (index,), product, (x,))

    def _softplus(self, index: int) -> None:
        """Softplus, which PyTorch leaves out where it makes no difference any more, and Mish."""
        x, choice = self._nodes[index].inputs[0], self._reader(index, "Where")
        if choice is None:
            self._mish(index)
            return
        inputs = self._nodes[choice].inputs
        large = self._maker.get(inputs[0])
        if large is None or len(inputs) != 3 or inputs[1:] != (x, self._nodes[index].outputs[0]):
            return
        is_large = self._nodes[large].op == "Greater" and self._nodes[large].inputs[:1] == (x,)
        limit = self._number(self._nodes[large].inputs[-1]) if is_large else None
        if limit is not None and limit >= _NO_DIFFERENCE and self._reader(large, "Where") == choice:
            self._join("Softplus", (index, large), choice, (x,))

    def _mish(self, index: int) -> None:
        x, tanh = self._nodes[index].inputs[0], self._reader(index, "Tanh")
        product = None if tanh is None else self._reader(tanh, "Mul")
        if tanh is not None and product is not None and self._other(product, self._nodes[tanh].outputs[0]) == x:
            self._join("Mish", (index, tanh), product, (x,))

    def _gelu(self, index: int) -> None:
        """x/2 · (1 + erf(x/√2)), the three factors in any order."""
        inner = self._maker.get(self._nodes[index].inputs[0])
        if inner is None:
            return
        x = self._over_root(inner)
        plus = self._reader(index, "Add")
        if x is None or plus is None or not self._is(self._other(plus, self._nodes[index].outputs[0]), 1.0):
            return
        parts, last, is_halved, is_timed = [index, plus], plus, False, False
        while not (is_halved and is_timed):
            product = self._reader(last, "Mul")
            if product is None:
                return
            factor = self._other(product, self._nodes[last].outputs[0])
            half = self._half_of(factor)
            if not is_halved and self._is(factor, _HALF):
                is_halved = True
            elif not is_timed and factor == x:
                is_timed = True
            elif not is_halved and not is_timed and half is not None and self._nodes[half].inputs.count(x) == 1:
                is_halved = is_timed = True
                parts.append(half)
            else:
                return
            last = product
            parts.append(product)
        if len(self._readers.get(self._nodes[inner].outputs[0], [])) == 1:
            parts.append(inner)
        self._join("Gelu", parts, last, (x,))

    def _over_root(self, index: int) -> str | None:
        """What the node divides by √2; None where it does something else."""
        node = self._nodes[index]
        if len(node.inputs) != 2:
            return None
        a, b = node.inputs
        if node.op == "Div":
            return a if self._is(b, _ROOT) else None
        if node.op == "Mul":
            return a if self._is(b, 1 / _ROOT) else b if self._is(a, 1 / _ROOT) else None
        return None

    def _half_of(self, name: str | None) -> int | None:
        """The node that makes this as a half of something, read by nobody else."""
        index = None if name is None else self._maker.get(name)
        if index is None or name is None or len(self._readers.get(name, [])) != 1:
            return None
        node = self._nodes[index]
        is_half = node.op == "Mul" and len(node.inputs) == 2 and any(self._is(part, _HALF) for part in node.inputs)
        return index if is_half else None

    def _dense(self, index: int) -> None:
        node = self._nodes[index]
        plus = self._reader(index, "Add")
        if plus is None or len(node.inputs) != 2:
            return
        matrix, bias = self._shape(node.inputs[1]), self._other(plus, node.outputs[0])
        if matrix is None or len(matrix) != 2 or bias is None or self._shape(node.inputs[0]) is not None:
            return
        if self._shape(bias) == matrix[1:]:
            self._join("@Dense", (index,), plus, (*node.inputs, bias))
            self._new[plus] = replace(self._new[plus], name=node.name)

    def _groups(self, index: int) -> None:
        """Group normalisation: groups as channels of a sequence, normalised, and back; then a factor a channel."""
        node, back = self._nodes[index], self._reader(index, "Reshape")
        there, product = self._maker.get(node.inputs[0]), None if back is None else self._reader(back, "Mul")
        if there is None or back is None or product is None or len(node.inputs) != 3:
            return
        if self._nodes[there].op != "Reshape" or self._reader(there, "InstanceNormalization") != index:
            return
        if len(self._nodes[there].inputs) != 2 or len(self._nodes[back].inputs) != 2:
            return
        if self._same(node.inputs[1]) != 1 or self._same(node.inputs[2]) != 0:
            return
        self._scale_and_shift(product)
        last = self._reader(product, "Add")
        found = None if last is None else self._new.get(last)
        groups = self._shape(node.inputs[1])
        if last is None or found is None or groups is None or found.inputs[0] != self._nodes[back].outputs[0]:
            return
        inputs = (self._nodes[there].inputs[0], *found.inputs[1:], self._nodes[there].inputs[1])
        self._join("@GroupNorm", (there, index, back, product), last, (*inputs, self._nodes[back].inputs[1]))
        attributes = {**node.attributes, "num_groups": groups[0]}
        self._new[last] = replace(self._new[last], name=node.name, attributes=attributes)

    def _scale_and_shift(self, index: int) -> None:
        """A factor and a summand for each channel: the second half of a normalisation, as some exporters write it."""
        node, plus = self._nodes[index], self._reader(index, "Add")
        if plus is None or plus in self._new or len(node.inputs) != 2:
            return
        x, scale = node.inputs if self._shape(node.inputs[0]) is None else node.inputs[::-1]
        shift = self._other(plus, node.outputs[0])
        shapes = {self._shape(scale), None if shift is None else self._shape(shift)}
        sizes = shapes.pop()
        if shift is not None and not shapes and sizes is not None and _is_per_channel(sizes) and self._shape(x) is None:
            self._join("@ScaleAndShift", (index,), plus, (x, scale, shift))


def _is_per_channel(shape: tuple[int, ...]) -> bool:
    """`(C, 1)` or `(C, 1, 1)`, perhaps with a batch of one: what a sample of C channels is multiplied by."""
    inner = shape[1:] if len(shape) > 1 and shape[0] == 1 else shape
    return len(inner) in (2, 3) and inner[0] > 1 and set(inner[1:]) == {1}
