"""Arrays and loops over them: how the operations of a step become instructions.

An array is somewhere in memory, with steps from number to number in each of its dimensions; where it lies how is chosen
here and concerns nobody else. Results that have a number a sample lie with the samples side by side, filled up to whole
vectors, so that one instruction works on many samples, whatever the layers' widths are. What is in the filling is never
read into anything that counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

from engine.fastforward.arrays import Array, contiguous
from engine.fastforward.vectors import Vectors

_UNROLLED = ((512, 320), (2048, 96), (1 << 30, 24))
"""By the numbers in all weights: vector instructions of one operation that are written one by one; beyond, loops."""

_ON_STACK = 1 << 13
"""Bytes of an array on the stack at most; larger ones have a fixed place."""

_WHOLE_STACK = 1 << 17
"""Bytes of all of them together: a thread has not much more."""

Compute = Callable[..., Any]
"""Takes a value of each operand, and the indices by dimension; gives a value."""


Operand = Array | float | Any
"""An array, a number, or a value that was read already."""

Index = int | Any


@final
class Nests:
    """Writes loops into one function."""

    def __init__(self, vectors: Vectors, entry: Any, samples: int, weights: int) -> None:
        """Begin.

        Args:
            vectors: write into the function.
            entry: the block where arrays get their place.
            samples: of a batch.
            weights: numbers in all weights; the more, the less is unrolled, for a compiler takes its time.
        """
        self.v, self._entry, self.samples = vectors, entry, samples
        self.unrolled = next(most for limit, most in _UNROLLED if weights <= limit)
        self._made = self._stack = 0

    # -- arrays --

    def array(self, shape: Sequence[int], *, whole: bool = False) -> Array:
        """A new one."""
        shape = tuple(shape)
        if shape and shape[0] == self.samples > 1:
            lanes = self._lanes(self.samples)
            filled = -(-self.samples // lanes) * lanes
            strides = (1, *(filled * stride for stride in contiguous(shape[1:])))
            return Array(self._place(filled * math.prod(shape[1:]), whole), shape, strides, filled=0, whole=whole)
        return Array(self._place(math.prod(shape), whole), shape, contiguous(shape), whole=whole)

    def flat(self, count: int) -> Array:
        """A new one of one dimension, whatever its length."""
        return Array(self._place(count, whole=False), (count,), (1,))

    def _place(self, count: int, whole: bool) -> Any:
        v = self.v
        kind = v.whole if whole else v.number
        size = max(count, 1) * (8 if whole or v.kind == "f64" else 4)
        self._made += 1
        self._stack += size
        if size > _ON_STACK or self._stack > _WHOLE_STACK:
            storage = v.ir.ArrayType(kind, count)
            place = v.ir.GlobalVariable(v.builder.module, storage, f"array{self._made}")
            place.linkage = "internal"
            place.initializer = v.ir.Constant(storage, None)
            place.align = 64
            return v.builder.bitcast(place, kind.as_pointer())
        with v.builder.goto_block(self._entry):
            place = v.builder.alloca(kind, v.ir.Constant(v.whole, max(count, 1)))
            place.align = 64
        return place

    def _lanes(self, count: int) -> int:
        """The lanes for so many numbers."""
        return min(self.v.width, 1 << max(0, count - 1).bit_length())

    # -- loops --

    def loop(self, count: int, body: Callable[[Index], None], *, unrolled: bool) -> None:
        """The body for each number from 0 on."""
        if unrolled or count == 1:
            for index in range(count):
                body(index)
            return
        v = self.v
        self.count_to(v.ir.Constant(v.whole, count), body)

    def count_to(self, count: Any, body: Callable[[Any], None]) -> None:
        """The body for each number from 0 to one that is only known when it runs, and at least 1."""
        v = self.v
        builder = v.builder
        before = builder.block
        inside, after = builder.append_basic_block(), builder.append_basic_block()
        builder.branch(inside)
        builder.position_at_end(inside)
        index = builder.phi(v.whole)
        index.add_incoming(v.ir.Constant(v.whole, 0), before)
        body(index)
        following = builder.add(index, v.ir.Constant(v.whole, 1))
        index.add_incoming(following, builder.block)
        builder.cbranch(builder.icmp_signed("<", following, count), inside, after)
        builder.position_at_end(after)

    # -- reading and writing --

    def address(self, array: Array, indices: Sequence[Index]) -> Any:
        """Of one number."""
        v = self.v
        fixed, moving = array.offset, None
        for index, stride in zip(indices, array.strides, strict=True):
            if isinstance(index, int):
                fixed += index * stride
            elif stride:
                part = index if stride == 1 else v.builder.mul(index, v.ir.Constant(v.whole, stride))
                moving = part if moving is None else v.builder.add(moving, part)
        where = v.ir.Constant(v.whole, fixed)
        if moving is not None:
            where = v.builder.add(moving, where) if fixed else moving
        return v.builder.gep(array.base, [where])

    def read(self, array: Array, indices: Sequence[Index], lanes: int = 1, *, along: int | None = None) -> Any:
        """So many numbers beside each other in a dimension; the one that there is, where the dimension repeats it."""
        v = self.v
        kind = v.whole if array.whole else v.number
        place = self.address(array, indices)
        if along is None or array.strides[along] == 0 or lanes == 1:
            value = v.builder.load(place)
            return v.splat(value, lanes)
        wide = v.builder.bitcast(place, v.vector(kind, lanes).as_pointer())
        return v.builder.load(wide, align=8 if array.whole or v.kind == "f64" else 4)

    def write(self, value: Any, array: Array, indices: Sequence[Index]) -> None:
        """Numbers beside each other in the dimension in which they lie beside each other."""
        v = self.v
        place = self.address(array, indices)
        if v.lanes(value) > 1:
            place = v.builder.bitcast(place, value.type.as_pointer())
        v.builder.store(value, place, align=4 if v.kind == "f32" else 8)

    # -- nests --

    def each(self, out: Array, operands: Sequence[Operand], compute: Compute) -> Array:
        """Number by number; `compute` takes one value for each operand. Returns `out`."""
        spread = [self._operand(each, out.shape) for each in operands]
        _Nest(self, out.shape, (), out, spread, compute).write()
        return out

    def reduce(self, out: Array, over: Sequence[int], operands: Sequence[Operand], compute: Compute,
               *, most: bool = False) -> Array:  # fmt: skip
        """The sum (or the greatest) over some dimensions of the operands' common shape, which `out` has not."""
        shape = next(each.shape for each in operands if isinstance(each, Array))
        strides, kept = [0] * len(shape), [dim for dim in range(len(shape)) if dim not in over]
        for dim, stride in zip(kept, out.strides, strict=True):
            strides[dim] = stride
        filled = None if out.filled is None else kept[out.filled]
        target = Array(out.base, shape, tuple(strides), out.offset, filled)
        spread = [self._operand(each, shape) for each in operands]
        _Nest(self, shape, tuple(over), target, spread, compute, most=most).write()
        return out

    def _operand(self, operand: Operand, shape: Sequence[int]) -> Operand:
        return operand.spread(shape) if isinstance(operand, Array) else operand


@final
class _Nest:
    """One operation: loops around one computation."""

    def __init__(
        self, nests: Nests, shape: tuple[int, ...], over: tuple[int, ...], out: Array, operands: Sequence[Operand],
        compute: Compute, *, most: bool = False,
    ) -> None:  # fmt: skip
        self.n, self.v, self.shape, self.over, self.out = nests, nests.v, shape, over, out
        self.operands, self.compute, self.most = operands, compute, most
        self.arrays = [each for each in operands if isinstance(each, Array)]
        self.along = self._along()
        length = shape[self.along] if self.along is not None else 1
        self.lanes = min(self.v.width, 1 << max(0, length - 1).bit_length())
        self.whole = self.along is not None and self._may_overrun(self.along)
        self.chunks = -(-length // self.lanes)
        total = math.prod(each for dim, each in enumerate(shape) if dim != self.along) * self.chunks
        self.unrolled = total <= nests.unrolled

    def _along(self) -> int | None:
        """The dimension that vectors lie in: every operand has its numbers there side by side, or one for all."""
        found = None
        for dim, count in enumerate(self.shape):
            strides = {array.strides[dim] for array in self.arrays}
            if dim not in self.over:
                fits = self.out.strides[dim] == 1 and strides <= {0, 1}
            else:
                fits = strides <= {0, 1} and 1 in strides
            if fits and count > 1 and (found is None or count > self.shape[found]):
                found = dim
        return found

    def _may_overrun(self, dim: int) -> bool:
        def may(array: Array) -> bool:
            return array.filled == dim or array.strides[dim] == 0

        return all(map(may, self.arrays)) and (dim in self.over or may(self.out))

    def write(self) -> None:
        outer = [dim for dim in range(len(self.shape)) if dim != self.along and dim not in self.over]
        self._outer(outer, [0] * len(self.shape))

    def _outer(self, dims: list[int], indices: list[Index]) -> None:
        if dims:
            self._loop(dims[0], indices, lambda: self._outer(dims[1:], indices))
        elif self.along is None or self.along in self.over:
            self._result(indices, 1)
        else:
            length = self.shape[self.along]
            if not self.unrolled and self.chunks > 4:
                self._many_chunks(indices, length)
                return
            for start in range(0, length, self.lanes):
                indices[self.along] = start
                self._result(indices, self.lanes if self.whole else min(self.lanes, length - start))

    def _many_chunks(self, indices: list[Index], length: int) -> None:
        assert self.along is not None
        along, v = self.along, self.v
        full = self.chunks if self.whole else length // self.lanes

        def chunk(number: Index) -> None:
            indices[along] = v.builder.mul(number, v.ir.Constant(v.whole, self.lanes))
            self._result(indices, self.lanes)

        self.n.loop(full, chunk, unrolled=False)
        if not self.whole and length % self.lanes:
            indices[along] = full * self.lanes
            self._result(indices, length % self.lanes)

    def _loop(self, dim: int, indices: list[Index], then: Callable[[], None]) -> None:
        def body(index: Index) -> None:
            indices[dim] = index
            then()

        self.n.loop(self.shape[dim], body, unrolled=self.unrolled)

    def _result(self, indices: list[Index], lanes: int) -> None:
        """One number, or a vector of them, of the result."""
        if not self.over:
            self.n.write(self._computed(indices, lanes), self.out, indices)
            return
        v, along = self.v, self.along
        wide = self.lanes if along in self.over else lanes
        kind = v.vector(v.number, wide)
        with v.builder.goto_block(self.n._entry):  # noqa: SLF001 - one thing in two classes
            total = v.builder.alloca(kind)
        v.builder.store(v.filled(float("-inf") if self.most else 0.0, wide), total)
        dims = [dim for dim in self.over if dim != along]
        self._inner(dims, indices, lanes, total)
        value = v.builder.load(total)
        if along in self.over:
            value = v.most(value) if self.most else v.total(value)
        place = [0 if dim in self.over else index for dim, index in enumerate(indices)]
        self.n.write(value, self.out, place)

    def _inner(self, dims: list[int], indices: list[Index], lanes: int, total: Any) -> None:
        v = self.v

        def gather(value: Any) -> None:
            before = v.builder.load(total)
            v.builder.store(v.greater(before, value) if self.most else v.add(before, value), total)

        if dims:
            self._loop(dims[0], indices, lambda: self._inner(dims[1:], indices, lanes, total))
        elif self.along is None or self.along not in self.over:
            gather(self._computed(indices, lanes))
        else:
            for start in range(0, self.shape[self.along], self.lanes):
                indices[self.along] = start
                gather(self._edge(indices, self.shape[self.along] - start))

    def _edge(self, indices: list[Index], left: int) -> Any:
        """A whole vector to be added up: beyond the edge it changes nothing."""
        v, nothing = self.v, v_nothing(self.v, self.most, self.lanes)
        if left >= self.lanes:
            return self._computed(indices, self.lanes)
        if self.whole:
            value = self._computed(indices, self.lanes)
            bits = v.ir.Constant(v.vector(v.ir.IntType(1), self.lanes), [lane < left for lane in range(self.lanes)])
            return v.choose(bits, value, nothing)
        value = self._computed(indices, left)
        if left == 1:
            return v.builder.insert_element(nothing, value, v.ir.Constant(v.ir.IntType(32), 0))
        for lane in range(left):
            place = v.ir.Constant(v.ir.IntType(32), lane)
            nothing = v.builder.insert_element(nothing, v.builder.extract_element(value, place), place)
        return nothing

    def _computed(self, indices: list[Index], lanes: int) -> Any:
        v = self.v
        values = []
        for operand in self.operands:
            if isinstance(operand, Array):
                values.append(self.n.read(operand, indices, lanes, along=self.along))
            elif isinstance(operand, int | float):
                values.append(v.filled(float(operand), lanes))
            elif isinstance(operand, Counting):
                values.append(self._counted(indices[operand.dim], operand.dim, lanes))
            else:
                values.append(v.splat(operand, lanes))
        return self.compute(*values)

    def _counted(self, index: Index, dim: int, lanes: int) -> Any:
        """The index in a dimension, as a whole number in each lane."""
        v = self.v
        start = v.ir.Constant(v.whole, index) if isinstance(index, int) else index
        value = v.splat(start, lanes)
        if dim != self.along or lanes == 1:
            return value
        return v.builder.add(value, v.ir.Constant(v.vector(v.whole, lanes), list(range(lanes))))


@final
@dataclass(frozen=True)
class Counting:
    """As an operand: the index in a dimension."""

    dim: int


def v_nothing(v: Vectors, most: bool, lanes: int) -> Any:
    """What changes no sum (or no greatest)."""
    return v.filled(float("-inf") if most else 0.0, lanes)
