"""Where a training can run: what this machine has, and what is taken of it."""

from __future__ import annotations

import torch

from engine.machineevents import DeviceFacts
from engine.planning.memory import all_memory
from engine.training.process import cores
from engine.wording import plural


def there() -> tuple[DeviceFacts, ...]:
    """The devices of this machine, the processor first."""
    found = [DeviceFacts("cpu", plural(cores(), "core"), all_memory())]
    for number in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        facts = torch.cuda.get_device_properties(number)
        found.append(DeviceFacts(f"cuda:{number}", facts.name, facts.total_memory))
    if torch.backends.mps.is_available():
        found.append(DeviceFacts("mps", "Apple GPU", torch.mps.recommended_max_memory()))
    return tuple(found)


def choose(name: str, dtype: torch.dtype) -> tuple[torch.device, list[str]]:
    """The device of that name, and a remark where it is another one.

    Args:
        name: as in the training settings; `auto` is the fastest there is, and `cuda` the first of several.
        dtype: to compute in; not every device has all of them.
    """
    cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
    apple = torch.backends.mps.is_available()
    cpu = torch.device("cpu")
    if name == "auto":
        if cards:
            return torch.device("cuda"), []
        return torch.device("mps") if apple and dtype == torch.float32 else cpu, []
    kind, _, number = name.partition(":")
    if kind == "cpu" or (kind == "cuda" and int(number or 0) < cards):
        return torch.device(name), []
    if kind == "mps" and apple:
        if dtype == torch.float32:
            return torch.device("mps"), []
        return cpu, ["mps computes in float32 alone, and the training asks for float64; it runs on the CPU."]
    names = [facts.name for facts in there()]
    has = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else f"only {names[0]}"
    return cpu, [f'The device "{name}" is not on this computer, which has {has}; the training runs on the CPU.']
