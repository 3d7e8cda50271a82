"""What torchrun tells the processes it starts, and the process group they form."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import final

import torch
import torch.distributed as dist
from torch._C._distributed_c10d import PrefixStore
from torch.distributed.rendezvous import rendezvous

from engine.distributed.group import Group
from engine.distributed.meeting import meet, reach
from engine.problem import ChainruleError

TIMEOUT = "CHAINRULE_TIMEOUT"
"""Environment: seconds that a process waits for the others before it gives up."""
_SECONDS = 600.0


@final
@dataclass(frozen=True, slots=True)
class Launch:
    """How this process was started.

    Attributes:
        rank, size: its number among all processes, and how many there are.
        local_rank, local_size: the same on this machine.
        name: of the launch, the same after a restart.
        named: whether no other launch has this name; else it is that of the place where the processes meet.
        restarts, most_restarts: how often the processes were started anew because one was lost, and may be.
    """

    rank: int
    size: int
    local_rank: int
    local_size: int
    name: str
    named: bool
    restarts: int
    most_restarts: int

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Launch:
        """From the variables that torchrun sets. Raises ChainruleError, one is no number."""

        def number(name: str, otherwise: str) -> int:
            text = environment.get(name, otherwise)
            if not text.isdecimal():
                raise ChainruleError(f'{name} is "{text}"; torchrun sets it to a whole number.', code="T05")
            return int(text)

        name = environment.get("TORCHELASTIC_RUN_ID", "none")
        named = name != "none"  # what torchrun calls a launch without --rdzv-id
        place = f"{environment.get('MASTER_ADDR', '')}:{environment.get('MASTER_PORT', '')}"
        return cls(
            number("RANK", "0"),
            number("WORLD_SIZE", "1"),
            number("LOCAL_RANK", "0"),
            number("LOCAL_WORLD_SIZE", "1"),
            name if named else place,
            named,
            number("TORCHELASTIC_RESTART_COUNT", "0"),
            number("TORCHELASTIC_MAX_RESTARTS", "0"),
        )


def join(launch: Launch, device: str) -> Group:
    """Meet the other processes.

    Args:
        launch: of this process.
        device: `auto`, or as in the training settings: where all of them compute.

    Raises:
        ChainruleError: T05, there are fewer graphics cards than processes, or of a kind that several cannot use; or the
            others do not come.
    """
    kind = device.partition(":")[0]
    cards = torch.cuda.device_count() if torch.cuda.is_available() and kind in ("auto", "cuda") else 0
    if kind == "mps":
        raise ChainruleError(
            "Several processes compute on CUDA devices or the CPU, not on mps.",
            code="T05",
            hint="Use --device auto.",
        )
    if kind == "cuda" and not cards:
        raise ChainruleError("There is no CUDA device here.", code="T05", hint="Use --device cpu.")
    if 0 < cards < launch.local_size:
        raise ChainruleError(
            f"{launch.local_size} processes were started here, but there are {cards} graphics cards.",
            code="T05",
            hint=f"Use --nproc-per-node {cards}, or --device cpu.",
        )
    patience = float(os.environ.get(TIMEOUT, _SECONDS))
    seconds = timedelta(seconds=patience)
    place = torch.device("cpu")
    if cards:
        place = torch.device("cuda", launch.local_rank)
        torch.cuda.set_device(place)
    if launch.rank or os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True":  # else it is made here
        reach(*_meeting_place(os.environ), patience)
    try:
        place_to_meet, _, _ = next(iter(rendezvous("env://", launch.rank, launch.size, timeout=seconds)))
        # torchrun keeps one store over all restarts, and in it where the processes of before could be reached.
        store = PrefixStore(f"chainrule/{meet(place_to_meet, launch.rank, launch.size, patience)}", place_to_meet)
        dist.init_process_group(
            "cpu:gloo,cuda:nccl" if cards else "gloo",
            store=store,
            rank=launch.rank,
            world_size=launch.size,
            timeout=seconds,
        )
    except (RuntimeError, ValueError) as error:
        what = next(iter(str(error).splitlines()), "")
        raise ChainruleError(f"The processes of the training do not find each other ({what}).", code="T05") from error
    return Group(launch.rank, launch.size, place, launch.local_size, store)


def _meeting_place(environment: Mapping[str, str]) -> tuple[str, int]:
    """Host and port as torchrun names them. Raises ChainruleError, it did not."""
    host, port = environment.get("MASTER_ADDR", ""), environment.get("MASTER_PORT", "")
    if not host or not port.isdecimal():
        raise ChainruleError(
            "MASTER_ADDR and MASTER_PORT do not say where the processes meet.", code="T05", hint="Start with torchrun."
        )
    return host, int(port)
