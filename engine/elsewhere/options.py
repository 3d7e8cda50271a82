"""What a person chooses about a training elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Final, final

_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.,@+-]{0,99}")
_TIME: Final = re.compile(r"(\d{1,3}-)?\d{1,3}(:[0-5]?\d){0,2}")
_MEMORY: Final = re.compile(r"\d{1,7}[KMGT]?")
_LIMITS: Final = {
    "processes": (1, 1024),
    "nodes": (1, 100_000),
    "port": (1024, 65535),
    "gpus": (0, 1024),
    "cpus": (1, 4096),
}
_WORDS: Final = {
    "processes": "The processes a node",
    "nodes": "The nodes",
    "port": "The port",
    "gpus": "The GPUs a node",
    "cpus": "The CPU cores a process",
}


@final
@dataclass(frozen=True, slots=True)
class Options:
    """How and where it trains.

    Attributes:
        processes: that train together on each node.
        nodes: machines.
        port: on which they find each other.
        gpus: that SLURM is asked for on each node.
        cpus: cores for each process.
        time: SLURM's limit, as it writes it: `24:00:00`, `2-12` (days-hours).
        memory: for each node, as SLURM writes it: `32G`; "" takes the cluster's own.
        partition: of the cluster; "" its own.
        account: that pays; "" none.
        program: whether Chainrule's engine goes into the folder; else it is to be installed there.
    """

    processes: int = 1
    nodes: int = 1
    port: int = 29500
    gpus: int = 1
    cpus: int = 4
    time: str = "24:00:00"
    memory: str = ""
    partition: str = ""
    account: str = ""
    program: bool = True

    def faults(self) -> dict[str, str]:
        """What is wrong, a sentence by the name of the field: these go into lines that no quoting protects."""
        found = {}
        for name, (least, most) in _LIMITS.items():
            if not least <= getattr(self, name) <= most:
                found[name] = f"{_WORDS[name]}: {least:,} to {most:,} are possible."
        for name in ("partition", "account"):
            if getattr(self, name) and not _WORD.fullmatch(getattr(self, name)):
                found[name] = f"The {name} is a name of letters, digits, - and _."
        if not _TIME.fullmatch(self.time):
            found["time"] = "The time limit is written hours:minutes:seconds or days-hours: 24:00:00, 2-12."
        if self.memory and not _MEMORY.fullmatch(self.memory):
            found["memory"] = "The memory is a number with its unit: 32G, 500M."
        return {field.name: found[field.name] for field in fields(self) if field.name in found}

    @property
    def alone(self) -> bool:
        """Whether one process does it all."""
        return self.processes * self.nodes == 1
