"""How much memory a training will take, and whether there is as much: asked before any is taken."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from engine.block import block_named
from engine.problem import Problem
from engine.result import NodePlan, Result
from engine.wording import byte_text, plural

_ASKED_FROM = 2**28
"""Bytes from which on it is worth asking how much memory is free: any machine has that much."""

_STATES = {"sgd": 0, "adam": 2, "adamw": 2, "rmsprop": 1, "adagrad": 1, "adadelta": 2}
"""Numbers that each optimizer of PyTorch keeps for each parameter; momentum adds one to sgd and rmsprop."""

_SUSPICIOUS = 10_000
_SHORT_BYTES = 2
_GROUP = Path("/sys/fs/cgroup")
"""What Linux tells a container of its limits."""


@final
@dataclass(frozen=True, slots=True)
class MemoryParts:
    """Bytes that a training takes.

    Attributes:
        parameters, gradients: of them all.
        optimizer: what it remembers.
        activations: what the forward pass keeps for the backward pass.
    """

    parameters: int
    gradients: int
    optimizer: int
    activations: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.parameters + self.gradients + self.optimizer + self.activations


def training_bytes(parameters: int, settings: Mapping[str, Any]) -> int:
    """Bytes of parameters, gradients and optimizer state."""
    return parameters * (2 + _states(settings)) * _float_bytes(settings)


def estimated(result: Result) -> MemoryParts | None:
    """What a training will take, before any is taken; None while shapes are unknown.

    Activations are the outputs of all blocks that the loss depends on, for as many samples as are computed at once.
    That is more than is kept where an operation needs its result but not its input, and less where it keeps something
    of its own (places of maxima): measured, it is within a factor of two for the networks that come with the app.
    """
    settings = result.settings
    whole = min((plan.facts.counts[0] for path in result.inputs if (plan := result.nodes[path]).facts), default=1)
    samples = min(settings["batch_size"], whole, settings["micro_batch"] or whole)
    sizes = [result.nodes[path].activation_bytes for path in result.order if path in result.live]
    if None in sizes:
        return None
    numbers, size = result.parameters, _float_bytes(settings)
    activations = sum(size or 0 for size in sizes) * samples
    if settings["precision"] != "float32":  # in 16 bits, with copies of the weights
        activations = activations // 2 + numbers * _SHORT_BYTES
    return MemoryParts(numbers * size, numbers * size, numbers * size * _states(settings), activations)


def _states(settings: Mapping[str, Any]) -> int:
    """Numbers that the optimizer keeps for each parameter."""
    optimizer = settings["optimizer"]
    return _STATES[optimizer] + bool(settings["momentum"] and optimizer in {"sgd", "rmsprop"})


def _float_bytes(settings: Mapping[str, Any]) -> int:
    return 8 if settings["dtype"] == "float64" else 4


def judge_memory(parameters: int, settings: Mapping[str, Any], plans: Iterable[NodePlan]) -> list[Problem]:
    """A warning when the parameters need more memory than is free, at the block that needs most of it."""
    needed = training_bytes(parameters, settings)
    if needed < _ASKED_FROM:
        return []
    free = available_bytes()
    if free is None or needed <= free:
        return []
    largest = max(plans, key=lambda plan: plan.parameters)
    share = training_bytes(largest.parameters, settings)
    room = f"{byte_text(free)} is free"
    if share * 2 < needed:
        message = f"Training would need {byte_text(needed)} for {plural(parameters, 'parameter')}; {room}."
        return [Problem("warning", "G05", None, None, message, "Make the largest blocks smaller.")]
    message, hint = f'"{largest.path}" would need {byte_text(share)}; {room}.', "Make it smaller."
    name, value = max(
        ((name, value) for name, value in largest.params.items() if isinstance(value, int)),
        key=lambda item: item[1],
        default=("", 0),
    )
    if value >= _SUSPICIOUS:
        message += f" Its {_called(largest, name)} {value:,}."
        hint = f"Did you mean {value // 1000:,}?"
    return [Problem("warning", "G05", largest.path, None, message, hint)]


def _called(plan: NodePlan, name: str) -> str:
    """`units are`, by the parameter's unit, or `out_features is`."""
    block = block_named(plan.block)
    unit = block.params[name].unit if block is not None and name in block.params else ""
    return f"{unit} are" if unit.endswith("s") else f"{name} is"


def available_bytes() -> int | None:
    """Memory that can be had without swapping; None where the system does not say."""
    sizes = [size for size in (_meminfo(), _control_group()) if size is not None]
    if sizes:
        return min(sizes)
    if sys.platform == "win32":
        return _windows()
    return all_memory()


def all_memory() -> int | None:
    """Memory that this process may use, taken or not; None where the system does not say."""
    limit, there = _read_number(_GROUP / "memory.max"), _physical()
    return limit if there is None else there if limit is None else min(limit, there)


def _physical() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):  # not on Windows
        return None


def _meminfo() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        return None
    return None


def _control_group() -> int | None:
    """What a container may still take."""
    limit, used = _read_number(_GROUP / "memory.max"), _read_number(_GROUP / "memory.current")
    return None if limit is None or used is None else max(0, limit - used)


def _read_number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):  # no limit reads "max"
        return None


def _windows() -> int | None:
    import ctypes

    status = (ctypes.c_uint64 * 8)()  # MEMORYSTATUSEX: two 32-bit fields, then 64-bit ones; [2] is ullAvailPhys
    status[0] = ctypes.sizeof(status)
    windll: Any = vars(ctypes)["windll"]
    if not windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
        return None
    return int(status[2])
