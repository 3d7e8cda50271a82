"""Trainings by several processes, as a program: `python -m tests.engine.together_program` with jobs as JSON on stdin.

A job is one launch: `processes` of them run `chainrule train ARGUMENTS`, told of each other as torchrun does. They are
forked, so that torch is imported once, and meet at a store of this program, on a port that the system chooses. It
prints, for every job, how each process ended and what it said.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import torch._dynamo  # as FSDP does at its first step, in every child
from torch._C._distributed_c10d import TCPStore

import engine.cli.together
import engine.cli.train  # noqa: F401 - so that no child has to load them
from engine.cli import main
from engine.distributed.steps import Steps
from engine.problem import FileError
from engine.training.run_folder import RunFolder
from engine.training.trainer import Trainer
from tests.engine.killed_training import at_call, die

_SECONDS = 60.0
"""A launch that takes longer is killed."""


def fail(*_: Any) -> Any:
    """As a block that fails."""
    raise RuntimeError("this block is broken")


def disk_is_full(*_: Any) -> Any:
    """As a disk that refuses."""
    raise FileError('"weights.safetensors" cannot be written: no space.', code="F05")


def ask_to_stop(trainer: Trainer, *options: Any) -> Any:
    """As Ctrl-C, or a scheduler: the step is still made."""
    os.kill(os.getpid(), signal.SIGTERM)
    return Trainer.step_of_before(trainer, *options)  # type: ignore[attr-defined]


def doom(kind: str, step: int) -> None:
    """Let something happen at a step."""
    Trainer.step_of_before = Trainer.step  # type: ignore[attr-defined]
    if kind == "kill":
        Trainer.step = at_call(step, die, Trainer.step)  # type: ignore[method-assign]
    elif kind == "stop":
        Trainer.step = at_call(step, ask_to_stop, Trainer.step)  # type: ignore[method-assign]
    elif kind == "disk":
        RunFolder.save_weights = at_call(step, disk_is_full, RunFolder.save_weights)  # type: ignore[method-assign]
    elif kind == "fail":
        Steps._pass = at_call(step, fail, Steps._pass)  # type: ignore[method-assign]


def child(job: Mapping[str, Any], rank: int, port: int, told: Path) -> int:
    """Start one process of a job."""
    process = os.fork()
    if process:
        return process
    said = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1)
    os.dup2(said, 2)
    size = job["processes"]
    if size > 1:
        numbers = {"RANK": rank, "WORLD_SIZE": size, "LOCAL_RANK": rank, "LOCAL_WORLD_SIZE": size, "MASTER_PORT": port}
        os.environ.update({name: str(value) for name, value in numbers.items()})
        os.environ.update({"MASTER_ADDR": "127.0.0.1", "TORCHELASTIC_USE_AGENT_STORE": "True"})
        os.environ.update({"CHAINRULE_TIMEOUT": "30", **job.get("environment", {})})
    happens, whom, step = job.get("doom", ["", -1, 0])
    if whom == rank:
        doom(happens, step)
    try:
        os._exit(main(["train", *job["arguments"]]))
    finally:
        os._exit(99)


def run(job: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """All processes of a job, to their end: exit codes (negative: a signal) and what they said, by rank."""
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    told = [folder / f"told-{rank}.txt" for rank in range(job["processes"])]
    processes = [child(job, rank, store.port, path) for rank, path in enumerate(told)]
    codes: dict[int, int] = {}
    last = time.monotonic() + _SECONDS
    while len(codes) < len(processes):
        for rank, process in enumerate(processes):
            if rank not in codes:
                done, status = os.waitpid(process, os.WNOHANG)
                if done:
                    codes[rank] = os.waitstatus_to_exitcode(status)
                elif time.monotonic() > last:
                    os.kill(process, signal.SIGKILL)
        time.sleep(0.005)
    return {"codes": [codes[rank] for rank in range(len(processes))], "told": [path.read_text() for path in told]}


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(json.dumps([run(job, Path(sys.argv[1])) for job in json.load(sys.stdin)]))  # noqa: T201
