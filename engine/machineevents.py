"""What the session tells of the machine: the devices there are, and the memory that a training takes on one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final

from engine.events import Event
from engine.planning.memory import MemoryParts

How = Literal["counted", "peak"]
"""How memory was measured: `counted`, the sizes of the tensors that one step keeps for its backward pass; `peak`, the
most that the device had in use, as its driver tells."""


@final
@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """One device.

    Attributes:
        name: as in the training settings: `cpu`, `cuda:0`, `mps`.
        title: what its maker calls it, or how many cores.
        bytes: of its memory; None where that is not told.
    """

    name: str
    title: str
    bytes: int | None


@final
@dataclass(frozen=True, slots=True)
class MachineTold(Event):
    """Answer to `Session.machine`: the devices that a training can run on here, the processor first.

    Attributes:
        devices: at least the processor.
        threads: that it computes with.
    """

    devices: tuple[DeviceFacts, ...]
    threads: int


@final
@dataclass(frozen=True, slots=True)
class MemoryMeasured(Event):
    """What the first step of a training took, with everything that stays.

    Attributes:
        device: where.
        parts: of `peak`, activations are all that is neither parameters, gradients nor the optimizer's.
        how: it was measured.
        samples: in memory at once.
    """

    device: str
    parts: MemoryParts
    how: How
    samples: int
