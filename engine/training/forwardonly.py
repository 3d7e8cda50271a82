"""Evaluation in fast-forward: loss and outputs of a batch in one call of a kernel.

As in a step, a kernel's numbers differ from PyTorch's in the last digits, so it takes part where fast-forward is
switched on, and there always: the clock decides nothing. PyTorch evaluates the same batch when a kernel is new, and at
every `_APART`th one after; loss and outputs have to agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import final

import torch
from torch import Tensor

from engine.build import Net
from engine.fastforward.arrays import UnsupportedError
from engine.fastforward.calls import Step
from engine.fastforward.kernel import Kernel
from engine.fastforward.machine import available
from engine.training.captured import Forward, lasting
from engine.training.modes import Modes
from engine.training.recording import NotRecordableError
from engine.training.stepcalls import labels_below, recorded_forward

AGREE = {torch.float32: 1e-5, torch.float64: 1e-12}
"""Relative difference of what agrees."""

FORMATS = {4: torch.float32, 8: torch.float64}
"""By the bytes of a number."""

REFUSALS = (NotRecordableError, UnsupportedError, ImportError, OSError, RuntimeError, TypeError, ValueError, KeyError,
            IndexError, AttributeError, MemoryError)  # fmt: skip
"""What stands for: there is no kernel for that."""

_APART = 256
"""Batches between two that PyTorch evaluates as well."""

_KINDS = 4
"""Sizes of batches for which there are kernels at most."""

_MOST = 1 << 22
"""Numbers in the data at most, for they are kept in one piece."""


Judged = tuple[float, Tensor | None]
"""Loss, and the wanted output where one is."""


class DisagreementError(Exception):
    """A kernel computes something else than PyTorch; the message says what."""


def room_for(step: Step, count: int, samples: int = 0) -> Tensor:
    """Where so many steps may leave what is shown of them, in a row; of so many samples each, or as `step` has them."""
    assert step.shown is not None
    shape = step.shapes[step.shown]
    return torch.empty((count * (samples or shape[0]), *shape[1:]), dtype=FORMATS[step.bytes])


@final
@dataclass(slots=True, eq=False)
class _Made:
    kernel: Kernel
    uses: int = 0
    loss: Tensor = field(default_factory=lambda: torch.empty(1, dtype=torch.float64))


@final
class ForwardOnly:
    """Evaluates a network on one part of the data.

    Its weights have to stay where they are in memory until `rebind`.

    Attributes:
        largest: the largest loss that a check has seen: rounding errors are relative to that.
        making: called before and after a kernel is made, with True and False.
    """

    def __init__(self, net: Net, shown: str | None, modes: Modes) -> None:
        """Args: `shown` names the wanted output, or None; `modes` switch the network to evaluation."""
        self._net, self._shown, self._modes = net, shown, modes
        self.largest = 0.0
        self.making: Callable[[bool], object] = lambda _going: None
        self.begin_again()

    def rebind(self) -> None:
        """Weights lie elsewhere."""
        self._addresses.clear()

    def begin_again(self) -> None:
        """The network runs otherwise."""
        self._made: dict[int, _Made | None] = {}
        self._of: Mapping[str, Tensor] | None = None
        self._tensors: dict[str, Tensor] = {}
        self._addresses: dict[str, int] = {}
        self._rows: Tensor | None = None

    def batch(self, data: Mapping[str, Tensor], start: int, stop: int, reference: Forward) -> Judged | None:
        """Loss and wanted output of some samples; None where that is left to PyTorch.

        Args:
            data: name -> (n, ...), the same mapping each time.
            start: of the samples, and
            stop: their end.
            reference: PyTorch's way to evaluate a batch, which switches the network to evaluation.

        Raises:
            DisagreementError: PyTorch finds otherwise.
        """
        if self._of is not data:
            self._take(data)
        size = stop - start
        if size not in self._made:
            self._made[size] = self._told(data, start, stop) if len(self._made) < _KINDS else None
        made = self._made[size]
        if made is None:
            return None
        self._bind(data)
        found = self._run(made, start)
        if found is None:
            return None
        if made.uses % _APART == 0:
            self._check(found, *reference({name: tensor[start:stop] for name, tensor in data.items()}))
        made.uses += 1
        return found

    def _take(self, data: Mapping[str, Tensor]) -> None:
        self.begin_again()
        self._of = data

    def _told(self, data: Mapping[str, Tensor], start: int, stop: int) -> _Made | None:
        self.making(True)
        try:
            return self._compiled(data, start, stop)
        finally:
            self.making(False)

    def _compiled(self, data: Mapping[str, Tensor], start: int, stop: int) -> _Made | None:
        try:
            self._bind(data)
            batch = {name: tensor[start:stop] for name, tensor in data.items()}
            forward = self._net.loss_and(() if self._shown is None else (self._shown,))
            with self._modes.evaluation():
                step = recorded_forward(self._net, forward, batch, self._shown)
            for number, limit in labels_below(step).items():
                labels = self._tensors[number]
                if int(labels.min()) < 0 or int(labels.max()) >= limit:
                    raise UnsupportedError("labels beyond the classes")
            return _Made(Kernel(step))
        except REFUSALS:
            return None

    def _bind(self, data: Mapping[str, Tensor]) -> None:
        if self._addresses:
            return
        tensors = list(data.values())
        plain = all(type(tensor) is Tensor and tensor.device.type == "cpu" for tensor in tensors)
        if not available() or not plain or sum(tensor.numel() for tensor in tensors) > _MOST:
            raise UnsupportedError("no compiler, or data on disk or on another device")
        self._tensors = lasting(self._net) | {f"x{n}": tensor.contiguous() for n, tensor in enumerate(tensors)}
        self._rows = torch.arange(len(tensors[0]))
        self._addresses = {name: tensor.data_ptr() for name, tensor in self._tensors.items()}

    def ready(self, data: Mapping[str, Tensor], size: int) -> tuple[Kernel, dict[str, int], int] | None:
        """What evaluates batches of so many samples, and where what it works on lies: `order` that of the data.

        Besides, how many batches it is to evaluate before PyTorch evaluates one as well. None: there is none.
        """
        made = self._made.get(size) if self._of is data else None
        if made is None or not made.uses % _APART:
            return None
        self._bind(data)
        assert self._rows is not None
        addresses = {**self._addresses, "order": self._rows.data_ptr(), "numbers": 0}
        return made.kernel, addresses, _APART - made.uses % _APART

    def used(self, size: int, batches: int) -> None:
        """So many batches of this size were evaluated by what `ready` told."""
        made = self._made[size]
        assert made is not None
        made.uses += batches

    def _run(self, made: _Made, start: int) -> Judged | None:
        """None: the loss is not finite."""
        step, addresses = made.kernel.step, self._addresses
        assert self._rows is not None
        shown = None if step.shown is None else room_for(step, 1)
        addresses["order"], addresses["numbers"] = self._rows.data_ptr() + 8 * start, 0
        addresses["losses"] = made.loss.data_ptr()
        addresses["shown"] = 0 if shown is None else shown.data_ptr()
        if not made.kernel.run(1, addresses):
            return None
        return float(made.loss[0]), shown

    def _check(self, found: Judged, loss: Tensor, outputs: Mapping[str, Tensor]) -> None:
        mine, shown = found
        within, value = AGREE[loss.dtype], float(loss)
        self.largest = max(self.largest, abs(value))
        if not abs(mine - value) <= within * self.largest:
            raise DisagreementError("loss")
        if self._shown is not None and shown is not None:
            theirs = outputs[self._shown]
            largest = float(theirs.abs().max())
            if not bool(((theirs.reshape(shown.shape) - shown).abs() <= within * largest).all()):
                raise DisagreementError("output")
