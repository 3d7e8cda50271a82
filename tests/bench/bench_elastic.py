"""A training by machines that come and go, as torchrun makes it from the command line, against one process.

Run it with `python -m tests.bench.bench_elastic`. Machines are torchruns with one process each that meet at a port of
the loopback. One begins; a second one joins, and is ended; the process of the first is killed; the second one joins
again, when torchrun counts more restarts of the first than of itself; both are ended. Then one process makes as many
steps. What is told: by how much the losses of all epochs differ, and how long it took until the training went on. The
waits are mostly torchrun's own: it asks for processes that are gone every 5 seconds, three times.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from engine import checkpoints, files
from tests.bench.rows import Row, keep, row
from tests.engine.training_projects import mlp

ROOT: Final = Path(__file__).parents[2]
MOST: Final = 180.0
"""Seconds to wait for anything."""


def machine(graph: Path, run: Path, port: int) -> subprocess.Popen[bytes]:
    """A torchrun."""
    meet = ["--nnodes", "1:2", "--rdzv-backend", "c10d", "--rdzv-endpoint", f"localhost:{port}", "--rdzv-id", "bench"]
    quick = ["--rdzv-conf", "last_call_timeout=1", "--monitor-interval", "0.1", "--max-restarts", "5"]
    train = ["-m", "engine", "train", str(graph), "--run-dir", str(run), "--checkpoint-every", "50steps"]
    command = [sys.executable, "-m", "torch.distributed.run", *meet, *quick, "--nproc-per-node", "1", *train]
    once = {"TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1", "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, cwd=ROOT, env={**os.environ, **once}, stderr=subprocess.DEVNULL)


def until(done: Callable[[], bool]) -> float:
    """Wait; the seconds that took."""
    began = time.monotonic()
    while not done():
        if time.monotonic() > began + MOST:
            raise TimeoutError("the training does not go on")
        time.sleep(0.02)
    return time.monotonic() - began


def standing(run: Path) -> tuple[int, int]:
    """Of the newest checkpoint: its step, and how many processes wrote it."""
    newest = next(iter(checkpoints.checkpoints_in(run)), None)
    known = None if newest is None else checkpoints.standing(newest)
    if newest is None or known is None:
        return 0, 0
    return known.step, len(list(newest.glob("*.safetensors")))


def written_by(run: Path, processes: int) -> Callable[[], bool]:
    """Whether so many wrote a checkpoint, later than now."""
    before, _ = standing(run)

    def done() -> bool:
        step, count = standing(run)
        return step > before and count == processes

    return done


def losses(run: Path) -> list[tuple[float, float]]:
    """Of all epochs, training and validation."""
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [(line["loss"], line["val_loss"]) for line in map(json.loads, lines)]


def measure(folder: Path) -> dict[str, Any]:
    """All of it."""
    graph, run, alone = folder / "net.chainrule", folder / "run", folder / "alone"
    data = {"dataset": "circle", "samples": 67, "val_fraction": 0.3}
    files.save(mlp(6, 1, data=data, batch_size=9, lr=0.1, dtype="float64", epochs=1_000_000), graph)
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port: int = free.getsockname()[1]
    with contextlib.ExitStack() as stack:

        def start() -> subprocess.Popen[bytes]:
            made = machine(graph, run, port)
            stack.callback(made.wait)
            stack.callback(made.terminate)
            return made

        first = start()
        until(written_by(run, 1))
        second = start()
        joined = until(written_by(run, 2))
        second.send_signal(signal.SIGTERM)
        left = until(written_by(run, 1))
        worker = Path(f"/proc/{first.pid}/task/{first.pid}/children").read_text().split()[-1]
        os.kill(int(worker), signal.SIGKILL)
        killed = until(written_by(run, 1))
        start()
        again = until(written_by(run, 2))
    steps, _ = standing(run)
    command = [sys.executable, "-m", "engine", "train", str(graph), "--run", str(alone), "--steps", str(steps)]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=True, stderr=subprocess.DEVNULL)
    pairs = list(zip(losses(run), losses(alone), strict=False))
    apart = max(abs(mine / its - 1) for each, one in pairs for mine, its in zip(each, one, strict=True))
    waits = {"joined": joined, "left": left, "killed": killed, "joined again": again}
    return {
        "steps": steps,
        "epochs": len(pairs),
        "largest relative difference": apart,
        "seconds until it goes on": waits,
    }


def rows(found: dict[str, Any]) -> list[Row]:
    """Figures for the table."""
    waits = found["seconds until it goes on"]
    joined = [waits["joined"], waits["joined again"]]
    note = "1 process, 2, 1, killed, 1, 2; " + f"{found['steps']:,} steps"
    return [
        row(
            "machines join and leave: losses apart from one process'",
            [found["largest relative difference"]],
            "",
            at_most=1e-10,
            note=note,
        ),
        row("until a training goes on with a machine that joined, its start included", joined, "s"),
        row("until it goes on without one that left", [waits["left"]], "s", note="15 s of it torchrun waits for it"),
    ]


def bench_elastic() -> None:
    """Print and keep them."""
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder))
    print(json.dumps(found, indent=1))
    keep("elastic", rows(found), found)


def test_elastic() -> None:
    bench_elastic()


if __name__ == "__main__":
    bench_elastic()
