"""Many captured steps in one call, without Python, and without its lock, between them.

Around a step of a small network Python picks the batch, passes on the loss, and waits for the lock that the window
holds: as much again as the step. So steps in a row, of whole batches of one epoch, are one call of a program that
loops. They are the same to the bit, so how many go into a call may depend on the clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import final

import torch
from torch import Tensor, nn

from engine.training.batching import Batch, Batches
from engine.training.bits import equal
from engine.training.captured import FAILURES, Many, Program
from engine.training.choosing import Choice
from engine.training.chunk import CALL_SECONDS, Chunk
from engine.training.rollback import Rollback
from engine.training.turns import Kept, Turn

_PROVEN = 4
"""Steps of a program's first call, which are made one by one, too, and compared to the bit."""


@final
class Loop:
    """Makes the steps of one training that follow one another, where a program makes them."""

    def __init__(self, net: nn.Module, choice: Choice, rollback: Rollback) -> None:
        """Args: `choice` has the programs; `rollback` keeps what a step changes besides the phase's vectors."""
        self._net, self._choice, self._rollback = net, choice, rollback
        self._singly_until = 0

    def steps(self, turn: Turn, batches: Batches, at: int, most: int) -> Chunk | None:
        """Make up to `most` steps; None: the next one is to be made by itself.

        Args:
            turn: whose steps they are.
            batches: stand before the first step, and are moved on.
            at: updates made by now.
            most: at least 1.
        """
        chosen = self._choice.chosen(turn, batches.size)
        if chosen is None or at < self._singly_until or chosen[0].proven is False or not chosen[0].repeats():
            return None
        program, seconds = chosen
        room = int(CALL_SECONDS / seconds) if program.proven and seconds else _PROVEN
        count, batch = batches.row(min(most, room))
        if count < 2:
            return None
        rates = [turn.schedule.lr(turn.updater.hyper.lr, at + number) for number in range(count)]
        self._rollback.keep()
        before = Kept(turn)
        made: Many | None = None
        with suppress(*FAILURES):  # what is wrong, and in which block, a step by itself will say
            made = program.steps(self._net, turn, batch, rates, batches.size)
            if made is not None and program.proven is None:
                made = self._compared(program, turn, batch, rates, batches.size, made, before)
        if made is None:
            before.put_back()
            self._rollback.put_back()
            self._singly_until = at + count
            return None
        self._choice.captured = True
        batches.move_on(count, batches.size)
        return Chunk(made[0], made[1], rates[-1])

    def _compared(
        self, program: Program, turn: Turn, batch: Batch, rates: Sequence[float], size: int, made: Many, before: Kept
    ) -> Many | None:
        """What was made, if the same comes of single steps; otherwise the program makes no more in a row."""
        program.proven = False
        after = self._state(turn)
        before.put_back()
        self._rollback.put_back()
        losses, outputs = [], []
        for number, lr in enumerate(rates):
            part = {name: tensor.narrow(0, number * size, size) for name, tensor in batch.items()}
            loss, _, shown = program.step(self._net, turn, part, lr)
            losses.append(loss)
            outputs.append(shown)
        alike = losses == made[0] and all(map(equal, after, self._state(turn)))
        for name, tensor in made[1].items():
            alike = alike and equal(tensor, torch.cat([shown[name] for shown in outputs]))
        program.proven = alike
        return made if alike else None

    def _state(self, turn: Turn) -> list[Tensor]:
        return [*Kept(turn).vectors, *(buffer.clone() for buffer in self._net.buffers()), torch.get_rng_state()]
