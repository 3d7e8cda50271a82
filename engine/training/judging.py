"""An evaluation as a program without Python, as captured steps are, where it finds what PyTorch finds to the bit."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from engine.build import Net, Outputs
from engine.netcode import Batch
from engine.training import scripted
from engine.training.bits import equal
from engine.training.captured import REFUSALS, Forward, lasting
from engine.training.modes import Modes
from engine.training.programtext import Piece, function
from engine.training.recording import NotRecordableError, Recorder, needed

_EAGER = 4
"""Batches of one size that PyTorch evaluates before a program is written."""

_COMPARED = 3
"""Batches that are evaluated in both ways after that."""

_KINDS = 4
"""Sizes of batches for which there are programs at most."""

_MOST = 1 << 20
"""Weights of a network beyond which Python's part is nothing."""

Judged = tuple[float, Mapping[str, Tensor]]
"""Loss and wanted outputs of a batch."""

ByPyTorch = Callable[[Batch], tuple[Tensor, Outputs]]


@final
class Judging:
    """Evaluates batches with one network."""

    def __init__(self, net: Net, run: Forward, modes: Modes) -> None:
        """Args: `run` computes loss and wanted outputs in the network's mode, which `modes` switch."""
        self._net, self._run, self._modes = net, run, modes
        small = sum(tensor.numel() for tensor in net.parameters()) <= _MOST
        self._worth = small and all(tensor.device.type == "cpu" for tensor in net.parameters())
        self._kinds: dict[int, _Kind] = {}
        self._binding = 0

    def batch(self, batch: Batch, by_pytorch: ByPyTorch, binding: int) -> Judged:
        """Loss and wanted outputs.

        Args:
            batch: of one of a few sizes.
            by_pytorch: finds them in evaluation mode, without gradients.
            binding: another number when the weights lie elsewhere than before.
        """
        if binding != self._binding:
            self._kinds.clear()
            self._binding = binding
        size = next((len(tensor) for tensor in batch.values()), 0)
        kind = self._kinds.get(size)
        if kind is not None and kind.program is not None and kind.seen >= _EAGER + _COMPARED:
            return kind.program(batch)
        loss, outputs = by_pytorch(batch)
        found = loss.item(), outputs
        if kind is None and self._worth and len(self._kinds) < _KINDS:
            kind = self._kinds[size] = _Kind()
        if kind is not None and not kind.hopeless:
            self._look(kind, batch, found)
        return found

    def ready(self, size: int, binding: int) -> Evaluating | None:
        """What evaluates batches of so many samples without PyTorch looking on; None while there is none."""
        kind = self._kinds.get(size) if binding == self._binding else None
        return None if kind is None or kind.seen < _EAGER + _COMPARED else kind.program

    def _look(self, kind: _Kind, batch: Batch, found: Judged) -> None:
        """PyTorch found this: write a program when it is time to, or compare what it finds."""
        kind.seen += 1
        if kind.seen <= _EAGER:
            return
        mine: Judged | None = None
        with suppress(*REFUSALS):
            if kind.program is None:
                with self._modes.evaluation(), torch.no_grad():
                    kind.program = Evaluating(self._net, self._run, batch)
            mine = kind.program(batch)
        if mine is None or not _same(mine, found):
            kind.program, kind.hopeless = None, True


@final
@dataclass(slots=True, eq=False)
class _Kind:
    """What is known of batches of one size: how many were seen, and what evaluates them."""

    seen: int = 0
    program: Evaluating | None = None
    hopeless: bool = False


@final
class Evaluating:
    """Loss and wanted outputs of batches of one size."""

    def __init__(self, net: Net, run: Forward, batch: Batch) -> None:
        """Raises NotRecordableError: it draws random numbers or changes something, or cannot be compiled."""
        inputs = lasting(net)
        fields = {f"x{number}": tensor for number, tensor in enumerate(batch.values())}
        parameters = {f"p{number}": tensor for number, tensor in enumerate(net.parameters())}
        recorder = Recorder({**inputs, **parameters, **fields}, lasting=inputs)
        with recorder:
            loss, outputs = run(batch)
        given = {id(tensor): name for name, tensor in batch.items()}
        shown = {name: tensor for name, tensor in outputs.items() if id(tensor) not in given}
        results = [recorder.name_of(loss), *(recorder.name_of(tensor) for tensor in shown.values())]
        lines = needed(recorder.lines, results)
        if not all(line.pure for line in lines):
            raise NotRecordableError("something is drawn or changed")
        used = {*re.findall(r"\w+", "\n".join(map(str, lines))), *results}
        bound = {**inputs, **recorder.constants}
        for name, view in recorder.views.items():
            bound[name] = view.of(bound[view.source])
        bound = {name: tensor for name, tensor in bound.items() if name in used}
        places = [(place, name) for place, name in zip(fields, batch, strict=True) if place in used]
        self._arguments = [f"{name}: Tensor" for name in (*bound, *(place for place, _ in places))]
        ends = ", ".join([f"float({results[0]})", *results[1:]])
        self._lines = [*map(str, lines), f"return {ends}"]
        made = scripted.scripted(function(self._arguments, self._lines))
        if made is None:
            raise NotRecordableError("TorchScript refuses the text")
        self._function, self._bound = made, list(bound.values())
        self._fields = [name for _, name in places]
        self._shown = tuple(shown)
        self._piece: Piece | None = None
        self._given = {name: given[id(tensor)] for name, tensor in outputs.items() if name not in shown}

    def piece(self, name: str) -> Piece | None:
        """It as a function of that name, for another that evaluates many; None where it cannot be one."""
        if len(self._shown) > 1:
            return None
        if self._piece is None:
            self._piece = Piece(
                function(self._arguments, self._lines, name), self._bound, self._fields, bool(self._shown)
            )
        return self._piece

    def __call__(self, batch: Batch) -> Judged:
        with torch.inference_mode():
            made = self._function(*self._bound, *[batch[name] for name in self._fields])
        loss, *shown = made if self._shown else (made,)
        outputs = dict(zip(self._shown, shown, strict=True))
        return loss, outputs | {name: batch[field] for name, field in self._given.items()}


def _same(one: Judged, other: Judged) -> bool:
    alike = one[0] == other[0] or (one[0] != one[0] and other[0] != other[0])
    return alike and all(equal(tensor, other[1][name]) for name, tensor in one[1].items())
