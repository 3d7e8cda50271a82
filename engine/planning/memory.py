"""Whether the parameters, and what the training keeps beside them, fit into memory: asked before any is taken."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from engine.block import block_named
from engine.problem import Problem
from engine.result import NodePlan
from engine.wording import byte_text, plural

_ASKED_FROM = 2**28
"""Bytes from which on it is worth asking how much memory is free: any machine has that much."""

_STATES = {"sgd": 0, "adam": 2, "adamw": 2, "rmsprop": 1, "adagrad": 1, "adadelta": 2}
"""Numbers that each optimizer of PyTorch keeps for each parameter; momentum adds one to sgd and rmsprop."""

_SUSPICIOUS = 10_000


def training_bytes(parameters: int, settings: Mapping[str, Any]) -> int:
    """Bytes of parameters, gradients and optimizer state."""
    optimizer = settings["optimizer"]
    states = _STATES[optimizer] + bool(settings["momentum"] and optimizer in {"sgd", "rmsprop"})
    return parameters * (2 + states) * (8 if settings["dtype"] == "float64" else 4)


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
    return _all_memory()


def _all_memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
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
    folder = Path("/sys/fs/cgroup")
    try:
        limit = int((folder / "memory.max").read_text(encoding="ascii"))
        used = int((folder / "memory.current").read_text(encoding="ascii"))
    except (OSError, ValueError):  # no limit reads "max"
        return None
    return max(0, limit - used)


def _windows() -> int | None:
    import ctypes

    status = (ctypes.c_uint64 * 8)()  # MEMORYSTATUSEX: two 32-bit fields, then 64-bit ones; [2] is ullAvailPhys
    status[0] = ctypes.sizeof(status)
    windll: Any = vars(ctypes)["windll"]
    if not windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
        return None
    return int(status[2])
