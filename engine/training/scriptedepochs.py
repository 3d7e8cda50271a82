"""Whole epochs of captured steps in one call, with their validations: as `epochs`, by programs instead of kernels.

The text of such an epoch calls the texts of its steps and evaluations, each of which was found to be eager PyTorch's to
the bit, on batches that it cuts from the data itself.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.training import scripted
from engine.training.batching import Batches
from engine.training.captured import FAILURES, Program
from engine.training.choosing import Choice
from engine.training.epochs import Epochs, Judged, Looks, Pace, parts_of
from engine.training.programtext import Piece, function
from engine.training.rollback import Rollback
from engine.training.turns import Kept, Turn


@final
class ScriptedEpochs:
    """Makes epochs of one training in a row, where programs make all their steps."""

    def __init__(self, net: nn.Module, choice: Choice, rollback: Rollback) -> None:
        """Args: `choice` has the programs; `rollback` keeps what a step changes besides the phase's vectors."""
        self._net, self._choice, self._rollback = net, choice, rollback
        self._has_buffers = next(net.buffers(), None) is not None
        self._made_of: tuple[object, ...] = ()
        self._function: scripted.Function | None = None
        self._called = False
        self._pace = Pace(2)
        self._singly_until = 0

    def make(self, turn: Turn, batches: Batches, at: int, most: int, looks: Looks, *, keep: bool) -> Epochs | None:
        """As `WholeEpochs.make`."""
        if most < 2 or at < self._singly_until or not batches.in_one_piece or (keep and self._has_buffers):
            return None  # running statistics belong to an epoch's weights as well, and only these are written down
        pieces = self._pieces(turn, batches, looks)
        count = 0 if pieces is None else min(most, self._pace.room(pieces.seconds))
        if count < 2 or pieces is None or not self._is_written(pieces, keep=keep):
            return None
        before, place = Kept(turn), batches.state()
        self._rollback.keep()
        used = time.thread_time()
        made: Epochs | None = None
        with suppress(*FAILURES):  # what is wrong, an epoch by itself will say
            made = self._run(pieces, turn, batches, at, count, keep=keep)
        if made is None:
            before.put_back()
            self._rollback.put_back()
            batches.restore(place)
            self._singly_until = at + count * batches.steps_per_epoch
        else:
            if self._called:  # TorchScript makes its plans in the first call
                self._pace.took(time.thread_time() - used, count)
            self._called = self._choice.captured = True
        return made

    def _pieces(self, turn: Turn, batches: Batches, looks: Looks) -> _Pieces | None:
        """The functions of an epoch; None: some of its steps or evaluations are no programs, or not yet."""
        steps, evaluations, programs, seconds = [], [], [], 0.0
        for number, (size, count) in enumerate(parts_of(batches.samples, batches.size)):
            chosen = self._choice.chosen(turn, size)
            if chosen is None or (count > 1 and not chosen[0].proven):
                return None
            piece = chosen[0].piece(self._net, turn, f"step{number}")
            if piece is None:
                return None
            steps.append((size, count, piece))
            programs.append(chosen[0])
            seconds += chosen[1] * count
        for number, (size, count) in enumerate(parts_of(looks.samples, looks.size)):
            evaluating = None if looks.judging is None else looks.judging.ready(size, self._choice.binding)
            piece = None if evaluating is None else evaluating.piece(f"look{number}")
            if piece is None:
                return None
            evaluations.append((size, count, piece))
        if any(each.text.numbers != programs[0].text.numbers for each in programs):
            return None
        return _Pieces(steps, evaluations, programs[0], batches, looks.data, seconds)

    def _is_written(self, pieces: _Pieces, *, keep: bool) -> bool:
        """Whether there is a function of these; it is written when they are others than before."""
        key = (keep, *(piece.text for _, _, piece in (*pieces.steps, *pieces.looks)))
        if key != self._made_of:
            self._made_of, self._called = key, False
            self._function = scripted.scripted(pieces.text(keep=keep))
        return self._function is not None

    def _run(self, pieces: _Pieces, turn: Turn, batches: Batches, at: int, epochs: int, *, keep: bool) -> Epochs | None:
        assert self._function is not None
        began = time.perf_counter()
        sizes = pieces.sizes(pieces.steps)
        rates = [turn.schedule.lr(turn.updater.hyper.lr, at + number) for number in range(epochs * len(sizes))]
        orders = batches.orders(epochs)[:, : batches.samples]
        given = [*pieces.tensors(), *([slot.weight for slot in turn.updater.slots] if keep else ())]
        with torch.inference_mode():
            losses, norm, looked, *shown = self._function(epochs, orders, *given, *pieces.program.columns(turn, rates))
        if len(losses) < len(rates) or not math.isfinite(norm):
            return None
        for slot in turn.updater.slots:
            slot.step += len(rates)
        outputs = shown.pop(0) if pieces.steps[0][2].shows else None
        judged = None
        if pieces.looks:
            seen = shown.pop(0) if pieces.looks[0][2].shows else None
            judged = Judged(np.array(looked).reshape(epochs, -1), pieces.sizes(pieces.looks), seen)
        kept = list(zip(turn.updater.slots, shown, strict=True)) if keep else []
        table = np.array(losses).reshape(epochs, -1)
        ends = np.array(rates[len(sizes) - 1 :: len(sizes)])
        return Epochs(table, sizes, ends, outputs, orders, judged, kept, time.perf_counter() - began)


@final
@dataclass(frozen=True, slots=True)
class _Pieces:
    """What an epoch consists of: samples of a batch, how many there are, and what is called for each.

    `seconds` are those of its steps when they are made by themselves.
    """

    steps: Sequence[tuple[int, int, Piece]]
    looks: Sequence[tuple[int, int, Piece]]
    program: Program
    batches: Batches
    data: Mapping[str, Tensor]
    seconds: float

    def sizes(self, parts: Sequence[tuple[int, int, Piece]]) -> NDArray[np.int64]:
        """Of the batches, in order."""
        return np.concatenate([np.full(count, size) for size, count, _ in parts])

    def tensors(self) -> Iterator[Tensor]:
        """What the function is given, in order: the data, and what the pieces work on."""
        for parts, data in ((self.steps, self.batches.data), (self.looks, self.data)):
            for _, _, piece in parts:
                yield from (data[name] for name in piece.fields)
                yield from piece.tensors

    def text(self, *, keep: bool) -> str:
        """All functions; the last one makes epochs."""
        numbers = [f"all_{name}" for name in self.program.text.numbers]
        weights = [f"weight{number}" for number in range(self.program.slots)] if keep else []
        lists = [name for name, parts in (("shown", self.steps), ("seen", self.looks)) if parts and parts[0][2].shows]
        kept = [f"kept_{name}" for name in weights]
        arguments = ["epochs: int", "orders: Tensor"]
        arguments += [f"{name}: Tensor" for parts in self._names() for part in parts for name in (*part[0], *part[1])]
        arguments += [*(f"{name}: Tensor" for name in weights), *(f"{name}: List[float]" for name in numbers)]
        lines = [f"{name} = torch.jit.annotate(List[float], [])" for name in ("losses", "looked")]
        lines += [f"{name} = torch.jit.annotate(List[Tensor], [])" for name in (*lists, *kept)]
        each = [*self._steps(numbers), "if not math.isfinite(norm):", "    break", *self._looks()]
        each += [f"kept_{name}.append({name}.clone())" for name in weights]
        lines += ["norm = float('nan')", "at = 0", "for epoch in range(epochs):", *(f"    {line}" for line in each)]
        ends = [*(f"torch.cat({name})" for name in lists), *(f"torch.stack({name})" for name in kept)]
        lines.append(f"return {', '.join(['losses', 'norm', 'looked', *ends])}")
        return "\n".join([*(piece.text for _, _, piece in (*self.steps, *self.looks)), function(arguments, lines)])

    def _names(self) -> list[list[tuple[list[str], list[str]]]]:
        """Of the arguments: for steps and looks, for each piece, those of data and of what it works on."""
        return [
            [
                (
                    [f"{kind}{n}_x{at}" for at in range(len(p.fields))],
                    [f"{kind}{n}_t{at}" for at in range(len(p.tensors))],
                )
                for n, (_, _, p) in enumerate(parts)
            ]
            for kind, parts in (("step", self.steps), ("look", self.looks))
        ]

    def _steps(self, numbers: Sequence[str]) -> Iterator[str]:
        first = 0
        for number, ((size, count, piece), (fields, tensors)) in enumerate(
            zip(self.steps, self._names()[0], strict=True)
        ):
            yield f"rows = torch.narrow(orders[epoch], 0, {first}, {size * count})"
            yield from (f"some_{name} = torch.index_select({name}, 0, rows)" for name in fields)
            batch = [f"torch.narrow(some_{name}, 0, number * {size}, {size})" for name in fields]
            given = ", ".join([*tensors, *batch, *(f"{name}[at]" for name in numbers)])
            yield f"for number in range({count}):"
            yield f"    {'loss, norm, prediction' if piece.shows else 'loss, norm'} = step{number}({given})"
            yield from ("    at += 1", "    losses.append(loss)", *(("    shown.append(prediction)",) * piece.shows))
            yield from ("    if not math.isfinite(norm):", "        break")
            first += size * count

    def _looks(self) -> Iterator[str]:
        first = 0
        for number, ((size, count, piece), (fields, tensors)) in enumerate(
            zip(self.looks, self._names()[1], strict=True)
        ):
            batch = [f"torch.narrow({name}, 0, {first} + number * {size}, {size})" for name in fields]
            yield f"for number in range({count}):"
            yield f"    {'found, judged' if piece.shows else 'found'} = look{number}({', '.join([*tensors, *batch])})"
            yield from ("    looked.append(found)", *(("    seen.append(judged)",) * piece.shows))
            first += size * count
