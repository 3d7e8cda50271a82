"""Many training steps in one call: the loop around a step's operations, and what goes in and out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, final

from engine.fastforward.arrays import Array, UnsupportedError, contiguous, kind_of
from engine.fastforward.calls import Ref, Slot, Step
from engine.fastforward.machine import NAME, PACKED, Machine
from engine.fastforward.nests import Index, Nests
from engine.fastforward.operations import Operations
from engine.fastforward.vectors import Vectors

_TINY = 1e-6
"""torch.nn.utils.clip_grad_norm_ adds it to the norm it divides by."""

_MOST = 1 << 15
"""Numbers in all weights of a network at most: from there on, PyTorch's own products of matrices are as fast."""

_KEPT = 24
"""Kernels that are remembered at most."""

_KNOWN: dict[str, tuple[Machine, list[str]]] = {}
"""By a step's text, that used last at the end: a training that begins again need not wait for the compiler again."""


@final
class Kernel:
    """The steps of one kind, as machine code.

    Attributes:
        step: what it does.
        numbers: how many numbers change from step to step.
        words: what it is given, in this order: `steps`, then names of addresses.
        packed: address of the function that takes them as a row.
    """

    def __init__(self, step: Step) -> None:
        """Compile, which takes tenths of a second, unless the same step was compiled lately.

        Raises:
            UnsupportedError: an operation is not known here, or the network is too large.
            ImportError, RuntimeError: there is no compiler.
        """
        if numbers_in(step) > _MOST:
            raise UnsupportedError("a large network")
        self.step = step
        self.numbers = sum(len(slot.numbers) for slot in step.slots)
        key = repr(step)
        known = _KNOWN.pop(key, None)
        if known is None:
            writer = _Writer(step)
            known = Machine(writer.text, len(writer.words)), writer.words
            if len(_KNOWN) >= _KEPT:
                _KNOWN.pop(next(iter(_KNOWN)), None)
        if known[0].free:
            _KNOWN[key] = known
        self._machine, self.words = known
        self.packed = self._machine.packed

    def run(self, steps: int, addresses: Mapping[str, int]) -> int:
        """Make steps; how many were made. It stops before one whose loss or gradient is not finite.

        Args:
            steps: how many, at least 1.
            addresses: where each of these lies, contiguous: `order` (rows of the samples, int64), `numbers` (float64,
                those of one step side by side), `losses` (float64, written), `shown` (written), and every field, given
                array and vector of the step by name.
        """
        return self._machine.call(steps, *[addresses[word] for word in self.words[1:]])


@final
class _Writer:
    """The text of a module, and the arguments of its function by name."""

    def __init__(self, step: Step) -> None:
        from llvmlite import ir

        self.step = step
        self.words = ["steps", "order", "numbers", "losses", "shown", *step.fields, *step.given]
        for slot in step.slots:
            self.words += [slot.weight, slot.grad, *slot.state]
        word = ir.IntType(64)
        module = ir.Module("fastforward")
        function = ir.Function(module, ir.FunctionType(word, [word] * len(self.words)), NAME)
        self._arguments = dict(zip(self.words, function.args, strict=True))
        entry = function.append_basic_block()
        builder = ir.IRBuilder(entry)
        self.v = Vectors(builder, kind_of(step.bytes))
        self.n = Nests(self.v, entry, step.samples, _numbers_read(step))
        self.o = Operations(self.n, step.shapes, step.uniform)
        self._held: list[tuple[Array, Array]] = []
        self._write(function)
        self._pack(module, function)
        self.text = str(module)

    def _pack(self, module: Any, function: Any) -> None:
        """The function that takes the arguments as the address of a row of them."""
        from llvmlite import ir

        function.attributes.add("noinline")
        word = ir.IntType(64)
        packed = ir.Function(module, ir.FunctionType(word, [word]), PACKED)
        builder = ir.IRBuilder(packed.append_basic_block())
        row = builder.inttoptr(packed.args[0], word.as_pointer())
        arguments = [builder.load(builder.gep(row, [word(place)])) for place in range(len(self.words))]
        builder.ret(builder.call(function, arguments))

    def _pointer(self, name: str, kind: Any) -> Any:
        return self.v.builder.inttoptr(self._arguments[name], kind.as_pointer())

    def _write(self, function: Any) -> None:
        v, builder = self.v, self.v.builder
        self._hold()
        self._double = v.ir.DoubleType()
        numbers, losses = self._pointer("numbers", self._double), self._pointer("losses", self._double)
        head, body, done = (function.append_basic_block() for _ in range(3))
        before = builder.block
        builder.branch(head)
        builder.position_at_end(head)
        made = builder.phi(v.whole)
        made.add_incoming(v.ir.Constant(v.whole, 0), before)
        builder.cbranch(builder.icmp_signed("<", made, self._arguments["steps"]), body, done)
        builder.position_at_end(body)
        self._gather(made)
        self.o.write(self.step.ahead)
        loss = self._only(self.o.value_named(self.step.loss))
        self._go_on_if_finite(loss, done)
        if self.step.slots:
            self.o.write(self.step.back)
            self._updates(self._gradients(done), numbers, made)
        wide = loss if v.kind == "f64" else builder.fpext(loss, self._double)
        builder.store(wide, builder.gep(losses, [made]))
        self._show(made)
        following = builder.add(made, v.ir.Constant(v.whole, 1))
        made.add_incoming(following, builder.block)
        builder.branch(head)
        builder.position_at_end(done)
        for inside, outside in self._held:
            self.n.each(outside, [inside], lambda x: x)
        builder.ret(made)

    # -- in and out --

    def _hold(self) -> None:
        """Weights, gradients and the optimizer's memory are worked on where nobody else sees them."""
        for name, shape in self.step.given.items():
            inside, _ = self._inside(name, math.prod(shape))
            self.o.values[name] = Array(inside.base, shape, contiguous(shape))
        for slot in self.step.slots:
            for name in (slot.weight, slot.grad, *slot.state):
                inside, outside = self._inside(name, slot.size)
                self.o.values[name] = inside
                self._held.append((inside, outside))
            weights = self.o.array_named(slot.weight)
            for parameter, _, place, shape in slot.members:
                self.o.values[parameter] = Array(weights.base, shape, contiguous(shape), place)

    def _inside(self, name: str, count: int) -> tuple[Array, Array]:
        outside = Array(self._pointer(name, self.v.number), (count,), (1,))
        return self.n.each(self.n.flat(count), [outside], lambda x: x), outside

    def _gather(self, made: Any) -> None:
        """The batch's samples, side by side."""
        v, step = self.v, self.step
        order = self._pointer("order", v.whole)
        first = v.builder.mul(made, v.ir.Constant(v.whole, step.samples))
        arrays = {name: self.n.array(shape, whole=whole) for name, (shape, whole) in step.fields.items()}
        total = sum(array.count for array in arrays.values())

        def sample(index: Index) -> None:
            number = v.ir.Constant(v.whole, index) if isinstance(index, int) else index
            row = v.builder.load(v.builder.gep(order, [v.builder.add(first, number)]))
            for name, array in arrays.items():
                self._copy_row(name, array, row, index, unrolled=total <= 512)

        self.n.loop(step.samples, sample, unrolled=total <= 512)
        self.o.values.update(arrays)

    def _copy_row(self, name: str, array: Array, row: Any, index: Index, *, unrolled: bool) -> None:
        v, count = self.v, math.prod(array.shape[1:])
        source = self._pointer(name, v.whole if array.whole else v.number)
        begin = v.builder.mul(row, v.ir.Constant(v.whole, count))
        flat = Array(array.base, (array.shape[0], count), (array.strides[0], *_merged(array)), whole=array.whole)

        def one(place: Index) -> None:
            where = v.ir.Constant(v.whole, place) if isinstance(place, int) else place
            value = v.builder.load(v.builder.gep(source, [v.builder.add(begin, where)]))
            v.builder.store(value, self.n.address(flat, [index, place]))

        self.n.loop(count, one, unrolled=unrolled)

    def _show(self, made: Any) -> None:
        """The wanted result of each step behind that of the one before."""
        name = self.step.shown
        if name is None:
            return
        v, array = self.v, self.o.array_named(name)
        start = v.builder.mul(made, v.ir.Constant(v.whole, array.count))
        base = v.builder.gep(self._pointer("shown", v.number), [start])
        self.n.each(Array(base, array.shape, contiguous(array.shape)), [array], lambda x: x)

    # -- gradient and update --

    def _only(self, array: Any) -> Any:
        return self.n.read(array, [0] * len(array.shape)) if isinstance(array, Array) else self.v.filled(array, 1)

    def _go_on_if_finite(self, number: Any, done: Any) -> None:
        v, builder = self.v, self.v.builder
        size = v.library("fabs", number)
        after = builder.append_basic_block()
        builder.cbranch(v.compare("<", size, v.filled(math.inf, 1)), after, done)
        builder.position_at_end(after)

    def _gradients(self, done: Any) -> list[Array]:
        """Put them into their vectors; those that are applied, clipped."""
        step, v = self.step, self.v
        grads = []
        for slot in step.slots:
            vector = self.o.array_named(slot.grad)
            grads.append(vector)
            for _, name, place, shape in slot.members:
                home = Array(vector.base, shape, contiguous(shape), place)
                self.n.each(home, [0.0 if name is None else self.o.value_named(name)], lambda x: x)
        norm = self._norm(grads)
        self._go_on_if_finite(norm, done)
        if step.clip_value is not None:
            most, least = (v.filled(sign * step.clip_value, 1) for sign in (1, -1))
            grads = [
                self.n.each(
                    self.n.flat(grad.count),
                    [grad, least, most],
                    lambda x, low, high: v.smaller(v.greater(x, low), high),
                )
                for grad in grads
            ]
            norm = self._norm(grads) if step.clip_norm is not None else norm
        if step.clip_norm is not None:
            norm = v.add(norm, v.filled(_TINY, 1))
            limit = v.filled(step.clip_norm, 1)
            factor = v.choose(v.compare(">", norm, limit), v.div(limit, norm), v.filled(1.0, 1))
            grads = [self.n.each(self.n.flat(grad.count), [grad, factor], v.mul) for grad in grads]
        return grads

    def _norm(self, vectors: Sequence[Array]) -> Any:
        v, total = self.v, None
        for vector in vectors:
            part = self._only(self.n.reduce(self.n.array(()), (0,), [vector], lambda x: v.mul(x, x)))
            total = part if total is None else v.add(total, part)
        return v.library("sqrt", total)

    def _updates(self, applied: Sequence[Array], numbers: Any, made: Any) -> None:
        v, builder = self.v, self.v.builder
        count = sum(len(slot.numbers) for slot in self.step.slots)
        place = builder.mul(made, v.ir.Constant(v.whole, count))
        for slot, grad in zip(self.step.slots, applied, strict=True):
            for name in slot.numbers:
                value = builder.load(builder.gep(numbers, [place]))
                self.o.numbers[name] = value if v.kind == "f64" else builder.fptrunc(value, v.number)
                place = builder.add(place, v.ir.Constant(v.whole, 1))
            self._update(slot, grad)

    def _update(self, slot: Slot, grad: Array) -> None:
        before = self.o.values[slot.grad]
        self.o.values[slot.grad] = grad
        self.o.write(slot.update)
        self.o.values[slot.grad] = before


def numbers_in(step: Step) -> int:
    """In all weights."""
    return sum(slot.size for slot in step.slots) or sum(math.prod(shape) for shape in step.given.values())


def _numbers_read(step: Step) -> int:
    """In all weights, those that are shared as often as they are used: so much there is to write."""
    sizes = {name: math.prod(shape) for slot in step.slots for name, _, _, shape in slot.members}
    read = sum(sizes.get(arg.name, 0) for call in step.ahead for arg in call.args if isinstance(arg, Ref))
    return max(read, numbers_in(step))


def _merged(array: Array) -> tuple[int, ...]:
    """Of the dimensions behind the first, which lie one behind another: the step between their numbers."""
    return (array.strides[-1] if len(array.shape) > 1 else 0,)
