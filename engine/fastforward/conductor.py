"""Kernels one after another in one call, so that Python, and its lock, do not come between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, Protocol, final

import numpy as np
from numpy.typing import NDArray

from engine.fastforward.machine import NAME, PACKED, Machine

Words = NDArray[np.int64]


class Called(Protocol):
    """What can be called: a `Kernel`, or a `Copying`."""

    @property
    def words(self) -> Sequence[str]:
        """What it is given, in order: `steps` first."""

    @property
    def packed(self) -> int:
        """Address of the function that takes them as a row."""


@final
class Calls:
    """The calls of one kernel, and what each is given.

    Attributes:
        called: the kernel.
        words: int64 (calls, words): numbers and addresses in the order of the kernel's `words`.
    """

    def __init__(self, called: Called, count: int, addresses: Mapping[str, int], **words: Words | int) -> None:
        """So many calls.

        Args:
            called: the kernel.
            count: of the calls.
            addresses: as for `Kernel.run`, the same for all.
            words: others, one for each call, or one for all.
        """
        self.called = called
        self.words: Words = np.empty((count, len(called.words)), dtype=np.int64)
        for place, word in enumerate(called.words):
            self.words[:, place] = words[word] if word in words else addresses[word]


def conduct(calls: Sequence[Calls]) -> bool:
    """Call the kernels round by round, each of them once in a round; whether all steps were made.

    At the first call that makes fewer steps than it was asked for, it ends.
    """
    rounds = len(calls[0].words)
    table = np.empty((rounds, len(calls), 3), dtype=np.int64)
    for number, each in enumerate(calls):
        table[:, number, 0] = each.called.packed
        table[:, number, 1] = each.words.ctypes.data + np.arange(rounds) * each.words.strides[0]
        table[:, number, 2] = each.words[:, 0]
    return bool(_conductor().call(rounds * len(calls), table.ctypes.data) == rounds * len(calls))


@final
class Copying:
    """Copies so many numbers of 8 bytes each from `source` to `target`, addresses both. It makes one step."""

    def __init__(self, count: int) -> None:
        self.words = ["steps", "target", "source"]
        self._machine = _copier(count)
        self.packed = self._machine.packed


@lru_cache(maxsize=16)
def _copier(count: int) -> Machine:
    from llvmlite import ir

    word = ir.IntType(64)
    module = ir.Module("copier")
    function = ir.Function(module, ir.FunctionType(word, [word] * 3), NAME)
    ir.IRBuilder(function.append_basic_block()).ret(function.args[0])
    packed = ir.Function(module, ir.FunctionType(word, [word]), PACKED)
    builder = ir.IRBuilder(packed.append_basic_block())
    row = builder.inttoptr(packed.args[0], word.as_pointer())
    bytes_ = ir.IntType(8).as_pointer()
    target, source = (builder.inttoptr(builder.load(builder.gep(row, [word(place)])), bytes_) for place in (1, 2))
    copy = module.declare_intrinsic("llvm.memcpy", [bytes_, bytes_, word])
    builder.call(copy, [target, source, word(8 * count), ir.IntType(1)(0)])
    builder.ret(builder.load(row))
    return Machine(str(module), 3)


@cache
def _conductor() -> Machine:
    from llvmlite import ir

    word = ir.IntType(64)
    module = ir.Module("conductor")
    function = ir.Function(module, ir.FunctionType(word, [word, word]), NAME)
    builder = ir.IRBuilder(function.append_basic_block())
    count, table = function.args[0], builder.inttoptr(function.args[1], word.as_pointer())
    called = ir.FunctionType(word, [word]).as_pointer()
    head, body, following, done = (function.append_basic_block() for _ in range(4))
    before = builder.block
    builder.branch(head)
    builder.position_at_end(head)
    number = builder.phi(word)
    number.add_incoming(word(0), before)
    builder.cbranch(builder.icmp_signed("<", number, count), body, done)
    builder.position_at_end(body)

    def entry(place: int) -> Any:
        return builder.load(builder.gep(table, [builder.add(builder.mul(number, word(3)), word(place))]))

    made = builder.call(builder.inttoptr(entry(0), called), [entry(1)])
    builder.cbranch(builder.icmp_signed("<", made, entry(2)), done, following)
    builder.position_at_end(following)
    number.add_incoming(builder.add(number, word(1)), following)
    builder.branch(head)
    builder.position_at_end(done)
    builder.ret(number)
    return Machine(str(module), 2)
