"""What the session tells of the machine: the devices there are, and the memory that a training takes on one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final

from engine.events import Event
from engine.planning.memory import MemoryParts

How = Literal["counted", "peak"]
"""How memory was measured: `counted`, the sizes of the tensors that one step keeps for its backward pass; `peak`, the
most that the device had in use, as its driver tells."""


WhyThreads = Literal["given", "begun", "file", "device", "measured", "reckoned"]
"""Why so many threads: somebody named the number, on the command line or to the session; a resumed training was begun
with it; the file names it; the training runs on another device; the work of a step, with what was measured on this
machine; the same, with constants, where nothing was measured."""


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


@final
@dataclass(frozen=True, slots=True)
class ThreadsChosen(Event):
    """How many threads a training computes with, told when it is ready.

    Attributes:
        threads: the number.
        most: that there may be.
        why: it is this one.
        faster: times as fast as with one thread, as it was reckoned for `measured` and `reckoned`; else None.
    """

    threads: int
    most: int
    why: WhyThreads
    faster: float | None = None
