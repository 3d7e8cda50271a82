"""One training step as a program without Python: forward, backward, gradient norm and update, in one call.

A step of a small network costs Python and autograd's bookkeeping, not arithmetic. The program calls the operations
that the eager step calls, one by one and with the same arguments, so the numbers are the same to the bit. It works on
the packed vectors of the updater: who reads weights, gradients or the optimizer's memory finds them where they were.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import final

import torch
from torch import Tensor, nn

from engine.netcode import Batch
from engine.training import scripted
from engine.training.clipping import norm_of
from engine.training.programtext import Piece, StepText
from engine.training.recording import Line, NotRecordableError, Recorder, View, needed, written_into
from engine.training.turns import Turn
from engine.training.updates import Slot

Forward = Callable[[Batch], tuple[Tensor, dict[str, Tensor]]]
"""Loss and wanted outputs of a batch."""

Made = tuple[float, float, Mapping[str, Tensor]]
"""Of a step: loss, norm of the gradient, wanted outputs. Unless both numbers are finite, nothing was updated."""

Many = tuple[list[float], Mapping[str, Tensor]]
"""Of several steps: their losses, and the wanted outputs of all their batches in a row."""

FAILURES = (RuntimeError, ValueError, TypeError, IndexError, MemoryError)
"""Of steps that are there."""

REFUSALS = (NotRecordableError, RuntimeError, TypeError, ValueError, KeyError, IndexError, AttributeError, MemoryError)


def eager(forward: Forward, turn: Turn, batch: Batch, lr: float) -> Made:
    """The step as PyTorch makes it, operation after operation."""
    updater = turn.updater
    loss, outputs = forward(batch)
    value = loss.item()
    if not math.isfinite(value):
        return value, math.nan, outputs
    updater.clear()
    turn.backward(loss)
    norm = updater.norm()
    if math.isfinite(norm):
        updater.update(lr, norm)
    return value, norm, outputs


@final
class Program:
    """The step of one phase with batches of one shape, for hyperparameters that differ in the learning rate alone.

    Attributes:
        text: of the step.
        slots: how many vectors the phase's weights are in.
        proven: whether many steps in one call came out as one by one; None: nobody has compared them yet.
    """

    def __init__(self, net: nn.Module, forward: Forward, turn: Turn, batch: Batch) -> None:
        """Write it down while making a step's forward and backward pass, which may change buffers and random states.

        Raises:
            NotRecordableError: it cannot be written, or not be compiled.
        """
        self.hyper = turn.updater.hyper
        limits = self.hyper.clip_norm, self.hyper.clip_value
        self._updates = limits == (None, None)
        writer = _Writer(net, turn, batch)
        self.text = writer.text(forward, updates=self._updates)
        self._fields, self._numbers = writer.fields, writer.numbers
        self._constants, self._views, self._shown = writer.constants, writer.views, writer.shown
        made = scripted.scripted(self.text.once())
        if made is None:
            raise NotRecordableError("TorchScript refuses the text")
        self._function = made
        self._often: scripted.Function | None = None
        self._never = False
        self._pieces: dict[str, Piece | None] = {}
        self.slots = len(turn.updater.slots)
        self.proven: bool | None = None
        self._layout = turn.layout()
        self._bound: tuple[Turn, list[Tensor]] | None = None

    @classmethod
    def of(cls, net: nn.Module, forward: Forward, turn: Turn, batch: Batch) -> Program | None:
        """The program, or None where there can be none."""
        try:
            return cls(net, forward, turn, batch)
        except REFUSALS:
            return None

    def fits(self, turn: Turn) -> bool:
        """Whether it still does what the phase's hyperparameters ask for."""
        hyper = turn.updater.hyper
        if hyper is not self.hyper:
            if replace(hyper, lr=self.hyper.lr) != self.hyper:
                return False
            self.hyper = hyper
        return True

    def rebound(self, turn: Turn) -> bool:
        """Work on the storage that the phase's parameters have now; whether they are packed as they were."""
        self._bound = None
        self._pieces.clear()
        return turn.layout() == self._layout

    def step(self, net: nn.Module, turn: Turn, batch: Batch, lr: float) -> Made:
        """Make a step.

        Raises:
            RuntimeError: an operation failed; weights and the optimizer's memory are as they were.
        """
        updater = turn.updater
        numbers = self._numbers_of(turn, lr, 1) if self._updates else []
        fields = [batch[name] for name in self._fields]
        with torch.inference_mode():
            value, norm, *shown = self._function(*self._bound_to(net, turn), *fields, *numbers)
        if math.isfinite(value) and math.isfinite(norm):
            if self._updates:
                for slot in updater.slots:
                    slot.step += 1
            else:
                updater.update(lr, norm)
        return value, norm, self._outputs(batch, shown)

    def repeats(self) -> bool:
        """Whether it can make many steps in one call, for which it is made ready when that is first asked."""
        if self._often is None and not self._never:
            text = self.text.often() if self._updates else None
            self._often = None if text is None else scripted.scripted(text)
            self._never = self._often is None
        return not self._never

    def steps(self, net: nn.Module, turn: Turn, batch: Batch, rates: Sequence[float], size: int) -> Many | None:
        """Make a step of `size` samples of the batch for each learning rate; `repeats` has to hold.

        None: at one of them loss or gradient is not finite; those before it were made.

        Raises:
            RuntimeError: an operation failed; some steps were made.
        """
        assert self._often is not None
        columns, fields = self.columns(turn, rates), [batch[name] for name in self._fields]
        with torch.inference_mode():
            losses, norm, *shown = self._often(*self._bound_to(net, turn), *fields, len(rates), size, *columns)
        if not (math.isfinite(losses[-1]) and math.isfinite(norm)):
            return None
        for slot in turn.updater.slots:
            slot.step += len(rates)
        return losses, self._outputs(batch, shown)

    def piece(self, net: nn.Module, turn: Turn, name: str) -> Piece | None:
        """A step as a function of that name, for another that makes many; None where it cannot be one."""
        if self._bound is None or self._bound[0] is not turn:
            self._pieces.clear()
        if name not in self._pieces:
            made = [at for at in self._shown.values() if at is not None]
            fits = self._updates and len(made) < 2 and self.text.often() is not None
            tensors = self._bound_to(net, turn)
            self._pieces[name] = Piece(self.text.once(name), tensors, self._fields, bool(made)) if fits else None
        return self._pieces[name]

    def columns(self, turn: Turn, rates: Sequence[float]) -> list[list[float]]:
        """The numbers that change from step to step, of steps with these learning rates, number by number."""
        numbers = [self._numbers_of(turn, lr, number) for number, lr in enumerate(rates, 1)]
        return [list(column) for column in zip(*numbers, strict=True)]

    def _bound_to(self, net: nn.Module, turn: Turn) -> Sequence[Tensor]:
        """What it works on, besides batches."""
        if self._bound is None or self._bound[0] is not turn:
            tensors = {**_tensors(net, turn), **self._constants}
            for name, view in self._views.items():
                tensors[name] = view.of(tensors[view.source])
            self._bound = turn, [tensors[name] for name in self.text.tensors]
        return self._bound[1]

    def _numbers_of(self, turn: Turn, lr: float, following: int) -> list[float]:
        """What changes from step to step, for one of the steps that follow, counted from 1."""
        updater = turn.updater
        numbers: list[float] = []
        for slot, wanted in zip(updater.slots, self._numbers, strict=True):
            known = updater.rule.numbers(updater.hyper, lr, slot.step + following)
            numbers += [known[index] for index in wanted]
        return numbers

    def _outputs(self, batch: Batch, shown: Sequence[Tensor]) -> dict[str, Tensor]:
        return {name: batch[name] if at is None else shown[at] for name, at in self._shown.items()}


def lasting(net: nn.Module) -> dict[str, Tensor]:
    """Parameters, without autograd, and buffers, by the names they have in a text."""
    found = {f"p{number}": parameter.detach() for number, parameter in enumerate(net.parameters())}
    return found | {f"b{number}": buffer for number, buffer in enumerate(net.buffers())}


def _tensors(net: nn.Module, turn: Turn) -> dict[str, Tensor]:
    """What a program works on, by the names in its text; parameters without autograd."""
    found = lasting(net)
    for number, slot in enumerate(turn.updater.slots):
        found.update(_of_slot(number, slot))
        if slot.grad is not None:
            views = slot.views(slot.grad).values()
            found.update({f"g{number}_{index}": view for index, view in enumerate(views)})
    return found


def _of_slot(number: int, slot: Slot) -> dict[str, Tensor]:
    """The vectors that the update of a slot reads and writes."""
    assert slot.grad is not None
    states = {f"s{number}_{index}": vector for index, vector in enumerate(slot.state.values())}
    return {f"W{number}": slot.weight, f"G{number}": slot.grad, **states}


def update_lines(turn: Turn, number: int) -> list[Line]:
    """The optimizer's operations on one slot, recorded on tensors that are thrown away.

    The vectors are W0, G0, s0_0, s0_1, …, and what changes from step to step n0_0, n0_1, …, with the slot's number.
    """
    updater, slot = turn.updater, turn.updater.slots[number]
    scratch = {name: tensor.clone() for name, tensor in _of_slot(number, slot).items()}
    count = len(updater.rule.numbers(updater.hyper, updater.hyper.lr, 1))
    signs = tuple(math.pi + index / 64 for index in range(count))  # stand for numbers; nothing else is these
    known = {sign: f"n{number}_{index}" for index, sign in enumerate(signs)}
    state = {kind: scratch[f"s{number}_{index}"] for index, kind in enumerate(slot.state)}
    with torch.no_grad(), Recorder(scratch, known, prefix=f"u{number}_") as recorder:
        updater.rule.apply(scratch[f"W{number}"], scratch[f"G{number}"], state, updater.hyper, signs)
    lines: list[Line] = recorder.lines
    return lines


@final
class _Writer:
    """Writes the text of one program.

    Attributes:
        fields: of the batch, as the text takes them.
        numbers: for each slot, which of the optimizer's numbers the text takes.
        constants: computed once.
        views: of the other tensors, taken once.
        shown: wanted output -> its place among the results, None: it is a field of the batch.
    """

    def __init__(self, net: nn.Module, turn: Turn, batch: Batch) -> None:
        self.turn, self.batch = turn, batch
        self.inputs: dict[str, Tensor] = {f"p{number}": parameter for number, parameter in enumerate(net.parameters())}
        self.inputs.update({f"b{number}": buffer for number, buffer in enumerate(net.buffers())})
        self.places = {f"x{number}": field for number, field in enumerate(batch)}
        self.inputs.update({place: batch[field] for place, field in self.places.items()})
        self.fields: list[str] = []
        self.numbers: list[list[int]] = []
        self.constants: dict[str, Tensor] = {}
        self.views: dict[str, View] = {}
        self.shown: dict[str, int | None] = {}

    def text(self, forward: Forward, *, updates: bool) -> StepText:
        """The step, with or without the update."""
        slots = self.turn.updater.slots
        vectors = {f"G{number}": slot.grad for number, slot in enumerate(slots) if slot.grad is not None}
        members = [parameter for slot in slots for _, parameter, _ in slot.members]
        if not members or len(vectors) < len(slots):
            raise NotRecordableError("parameters that are not packed")
        recorder = Recorder({**self.inputs, **vectors}, lasting=self.inputs.keys() - self.places.keys())
        with torch.enable_grad(), recorder:
            loss, outputs = forward(self.batch)
            ahead = list(recorder.lines)
            grads = torch.autograd.grad(loss, members, allow_unused=True)
            back = recorder.lines[len(ahead) :]
            norm = norm_of(list(vectors.values()))
            norming = recorder.lines[len(ahead) + len(back) :]
        self.constants, self.views = recorder.constants, recorder.views
        results = self._show(outputs, recorder)
        homes, zeros = self._homes(grads, recorder)
        value = recorder.name_of(loss)
        kept = needed([*ahead, *back], [value, *results, *(source for source, _ in homes)])
        first = {id(line) for line in ahead}
        before = [line for line in kept if id(line) in first]
        behind = written_into(recorder, [line for line in kept if id(line) not in first], homes)
        for name, vector in vectors.items():  # autograd adds gradients to zeros, which makes 0 of −0
            self.constants[f"z{name}"] = torch.zeros_like(vector)
            behind.append(Line((), "add_", [name, f"z{name}"], (name,), pure=False))
        behind += [*zeros, *norming]
        update: list[Line] = []
        for number in range(len(slots)) if updates else ():
            update += update_lines(self.turn, number)
        return self._assemble(before, behind, update, (value, recorder.name_of(norm), *results))

    def _show(self, outputs: Mapping[str, Tensor], recorder: Recorder) -> list[str]:
        """Names of the results besides loss and norm."""
        results: list[str] = []
        for name, tensor in outputs.items():
            if any(tensor is field for field in self.batch.values()):
                self.shown[name] = None
            else:
                self.shown[name] = len(results)
                results.append(recorder.name_of(tensor))
        return results

    def _homes(self, grads: Sequence[Tensor | None], recorder: Recorder) -> tuple[list[tuple[str, str]], list[Line]]:
        """Where each gradient goes; what clears those that the loss does not depend on."""
        views = [
            f"g{number}_{index}"
            for number, slot in enumerate(self.turn.updater.slots)
            for index in range(len(slot.members))
        ]
        pairs = list(zip(grads, views, strict=True))
        zeros = [Line((), "zero_", [view], (view,), pure=False) for grad, view in pairs if grad is None]
        return [(recorder.name_of(grad), view) for grad, view in pairs if grad is not None], zeros

    def _assemble(self, before: list[Line], behind: list[Line], update: list[Line], results: Sequence[str]) -> StepText:
        loss, norm, *shown = results
        body = [*map(str, before), f"loss = float({loss})", "norm = float('nan')", "if math.isfinite(loss):"]
        body += [*(f"    {line}" for line in behind), f"    norm = float({norm})"]
        if update:
            body += ["    if math.isfinite(norm):", *(f"        {line}" for line in update)]
        used = set(re.findall(r"\w+", "\n".join(body))).union(shown)
        fixed = (*_tensors_named(self.inputs, self.turn), *self.constants, *self.views)
        names = tuple(name for name in fixed if name in used and name not in self.places)
        places = tuple(place for place in self.places if place in used)
        self.fields = [self.places[place] for place in places]
        slots = range(len(self.turn.updater.slots))
        self.numbers = [[index for index in range(8) if f"n{slot}_{index}" in used] for slot in slots]
        numbers = tuple(f"n{slot}_{index}" for slot in slots for index in self.numbers[slot])
        return StepText(names, places, numbers, tuple(body), tuple(shown))


def _tensors_named(inputs: Mapping[str, Tensor], turn: Turn) -> list[str]:
    """All names that a text may contain, constants apart."""
    found = list(inputs)
    for number, slot in enumerate(turn.updater.slots):
        found += [*_of_slot(number, slot), *(f"g{number}_{index}" for index in range(len(slot.members)))]
    return found
