"""Trainings by several processes, as a program: `python -m tests.engine.together_program` with jobs as JSON on stdin.

A job is one launch: `processes` of them run `chainrule train ARGUMENTS`, told of each other as torchrun does. They are
forked, so that torch is imported once, and meet at a store of this program, on a port that the system chooses. It
prints, for every job, how each process ended and what it said. A job without `processes` is made by torchrun's own
agents, of one process each: one, then a second one that joins and is told to leave, then one again.
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
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

import engine.cli.together
import engine.cli.train  # so that no child has to load them
import engine.distributed.training
from engine import checkpoints, diskfile
from engine.cli import main
from engine.distributed.steps import Steps
from engine.problem import DataError, FileError
from engine.training.batching import Batches
from engine.training.evaluation import Evaluator
from engine.training.loading import load
from engine.training.run_folder import RunFolder
from engine.training.trainer import Trainer
from tests.engine.killed_training import at_call, die, half_a_file

_SECONDS = 300.0
"""A launch that takes longer is killed."""


def fail(*_: Any) -> Any:
    """As a block that fails."""
    raise RuntimeError("this block is broken")


def disk_is_full(*_: Any) -> Any:
    """As a disk that refuses."""
    raise FileError('"weights.safetensors" cannot be written: no space.', code="F05")


def ask_to_stop(trainer: Trainer, *options: Any) -> Any:
    """As Ctrl-C, or a scheduler, and then torchrun, too: the step is still made."""
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGTERM)
    return Trainer.step_of_before(trainer, *options)  # type: ignore[attr-defined]


def data_changed(*_: Any) -> Any:
    """As a file on disk that is written to."""
    raise DataError('"p.npz" was changed while it is being read.', code="D08")


def other_labels(project: Any, folder: Path) -> Any:
    """As on a machine with another file."""
    loaded = load(project, folder)
    loaded.data["data"].train["y"][3] *= -1
    return loaded


def doom(kind: str, step: int) -> None:
    """Let something happen at a step."""
    Trainer.step_of_before = Trainer.step  # type: ignore[attr-defined]
    if kind == "kill":
        Trainer.step = at_call(step, die, Trainer.step)  # type: ignore[method-assign]
    elif kind == "stop":
        Trainer.step = at_call(step, ask_to_stop, Trainer.step)  # type: ignore[method-assign]
    elif kind == "disk":
        RunFolder.save_weights = at_call(step, disk_is_full, RunFolder.save_weights)  # type: ignore[method-assign]
    elif kind == "half a file":
        diskfile._write_new = at_call(step, half_a_file, diskfile._write_new)
    elif kind == "judging":
        Evaluator.advance = at_call(step, die, Evaluator.advance)  # type: ignore[method-assign]
    elif kind == "data":
        Batches.next = at_call(step, data_changed, Batches.next)  # type: ignore[method-assign]
    elif kind == "other data":
        engine.cli.together.load = other_labels  # type: ignore[attr-defined,assignment]
    elif kind == "no memory":
        engine.distributed.training.available_bytes = lambda: 1000  # type: ignore[attr-defined]
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
        os.environ.update({"CHAINRULE_TIMEOUT": "120", **job.get("environment", {})})
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


# -- machines that come and go --


def worker(arguments: list[str]) -> None:
    """What an agent starts; so slow that few steps are made meanwhile."""
    made = Trainer.step

    def step(trainer: Trainer, *options: Any) -> Any:
        time.sleep(0.01)
        return made(trainer, *options)

    Trainer.step = step  # type: ignore[method-assign,assignment]
    os._exit(main(arguments))


def agent(job: Mapping[str, Any], port: int, told: Path) -> int:
    """Start torchrun's agent of one machine, `--nnodes 1:2 --nproc-per-node 1 --max-restarts 2`, as a process."""
    process = os.fork()
    if process:
        return process
    said = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1)
    os.dup2(said, 2)
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=2,
        nproc_per_node=1,
        run_id="comes and goes",
        rdzv_backend="c10d",
        rdzv_endpoint=f"127.0.0.1:{port}",
        rdzv_configs={"last_call_timeout": 1, "keep_alive_interval": 1},
        max_restarts=2,
        monitor_interval=0.05,
        start_method="fork",
    )
    try:
        elastic_launch(config, worker)(["train", *job["arguments"]])
    finally:
        os._exit(0)


def coming_and_going(job: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """One machine, two, one; what is left is how many processes wrote the checkpoint that was the newest each time."""
    os.environ.update({"TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1", "CHAINRULE_TIMEOUT": "120"})
    run, told = folder / job["run"], [folder / "told-a.txt", folder / "told-b.txt"]
    port = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False).port  # free again at once
    last = time.monotonic() + _SECONDS
    first, second = agent(job, port, told[0]), 0
    sizes: list[int] = []

    def writers() -> int:
        newest = next(iter(checkpoints.checkpoints_in(run)), None)
        return 0 if newest is None else len(list(newest.glob("*.safetensors")))

    for size in (1, 2, 1):
        if size == 2:
            second = agent(job, port, told[1])
        elif sizes:
            os.kill(second, signal.SIGTERM)
        while writers() != size and time.monotonic() < last:
            time.sleep(0.01)
        sizes.append(writers())
    os.kill(first, signal.SIGTERM)
    for process in (first, second):
        os.waitpid(process, 0)
    return {"codes": sizes, "told": [path.read_text() for path in told]}


def made(job: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """What came of a job."""
    return run(job, folder) if "processes" in job else coming_and_going(job, folder)


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(json.dumps([made(job, Path(sys.argv[1])) for job in json.load(sys.stdin)]))  # noqa: T201
