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

_STATES = {"sgd": 1, "adam": 2, "adamw": 2, "rmsprop": 2, "adagrad": 1, "adadelta": 2}
"""Numbers that each optimizer keeps for each parameter; momentum has its own also at 0: it may be set meanwhile."""

_VIEWS = frozenset({"Flatten", "Reshape", "Permute", "Transpose"})
"""Blocks whose result is their input, seen otherwise."""

_KEEP_NOTHING = frozenset({"Add", "Subtract", "Sum", "Mean", "Concat", "Noise", "GlobalAvgPool"})
"""Blocks whose derivatives need no numbers."""

_KEEP_RESULT = frozenset({"Exp", "Sqrt", "Dropout", "Dropout2d", "relu", "tanh", "sigmoid", "softmax", "log_softmax"})
"""Blocks, and functions of Activation, whose derivatives need their result (or as many numbers) but not their input."""

_MASKING = frozenset({"Dropout", "Dropout2d"})
"""Of those, blocks that keep not their result but numbers beside it."""

_PLACE_BYTES = 8
"""Of the place of a maximum."""

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
    return parameters * (2 + _STATES[settings["optimizer"]]) * _float_bytes(settings)


def estimated(result: Result) -> MemoryParts | None:
    """What a training will take, before any is taken; None while shapes are unknown.

    Activations are what the backward pass will ask for, for as many samples as are computed at once: a Dense asks for
    its input, a tanh for its result. Results that nobody asks for are gone by then. Measured, all of it together is
    within a factor of 1.5 for the networks that come with the app, once it is more than a few KiB.
    """
    settings = result.settings
    whole = min((plan.facts.counts[0] for path in result.inputs if (plan := result.nodes[path]).facts), default=1)
    samples = min(settings["batch_size"], whole, settings["micro_batch"] or whole)
    kept = _kept_bytes(result)
    if kept is None:
        return None
    numbers, size = result.parameters, _float_bytes(settings)
    activations = kept * samples
    if settings["precision"] != "float32":  # in 16 bits, with copies of the weights
        activations = activations // 2 + numbers * _SHORT_BYTES
    return MemoryParts(numbers * size, numbers * size, numbers * size * _STATES[settings["optimizer"]], activations)


def _kept_bytes(result: Result) -> int | None:
    """Bytes that the forward pass of one sample keeps; None while shapes are unknown."""
    wanted: set[str] = set()
    total = 0
    for path in reversed([path for path in result.order if path in result.live]):
        plan = result.nodes[path]
        if plan.activation_bytes is None:
            return None
        sources = [source[0] for source in plan.sources.values()]
        keeps_result = plan.block in _KEEP_RESULT or plan.params.get("function") in _KEEP_RESULT
        if plan.block in _VIEWS:
            wanted.update(sources if path in wanted else ())
            continue
        if path in wanted or keeps_result:
            total += plan.activation_bytes
        if plan.block in _MASKING and path in wanted:
            total += plan.activation_bytes
        if plan.block == "MaxPool2d":
            total += plan.activation_bytes * _PLACE_BYTES // _float_bytes(result.settings)
        if not keeps_result and plan.block not in _KEEP_NOTHING:
            wanted.update(sources)
    return total


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
