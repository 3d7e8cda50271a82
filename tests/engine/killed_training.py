"""A training that is killed again and again, as a program: `python -m tests.engine.killed_training GRAPH FOLDER SEED`.

It trains the graph undisturbed into FOLDER/whole. Then it trains it into FOLDER/killed by processes of which each goes
on where the one before was killed, by SIGKILL: at a step, in the middle of a file, before or after a file gets its
name, before old checkpoints are deleted, in the middle of a line of metrics.jsonl, or from outside at any moment. The
last one is let through. Children are forked, so that torch is imported once. It prints what happened as JSON.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from engine import checkpoints, diskfile
from engine.cli import main
from engine.training.checkpoint import load_state
from engine.training.run_folder import RunFolder
from engine.training.trainer import Trainer

KILLS = 10
OPTIONS = ("--checkpoint-every", "2steps")
PLACES = ("step", "half a file", "before the name", "after the name", "before deleting", "half a line", "outside")


def die(*_: Any) -> Any:
    """At once, as without power."""
    os.kill(os.getpid(), signal.SIGKILL)


def at_call(number: int, then: Callable[..., Any], otherwise: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose call of that number, from 1, is another one."""
    made = 0

    def call(*args: Any, **options: Any) -> Any:
        nonlocal made
        made += 1
        return (then if made == number else otherwise)(*args, **options)

    return call


def half_a_file(path: Path, chunks: Any, _mode: Any) -> None:
    """Write the first half, and die."""
    content = b"".join(bytes(chunk) for chunk in chunks)
    path.write_bytes(content[: len(content) // 2])
    die()


def half_a_line(folder: RunFolder, name: str, lines: Any) -> None:
    """Write the first half, and die."""
    text = "\n".join(json.dumps(line) for line in lines)
    with (folder.path / name).open("a", encoding="utf-8") as file:
        file.write(text[: len(text) // 2])
    die()


def doom(place: str, number: int) -> None:
    """Let this process die there."""
    if place == "step":
        Trainer.step = at_call(number, die, Trainer.step)  # type: ignore[method-assign]
    elif place == "half a file":
        diskfile._write_new = at_call(number, half_a_file, diskfile._write_new)
    elif place == "before the name":
        os.replace = at_call(number, die, os.replace)
    elif place == "after the name":
        diskfile._flush_folder = at_call(number, die, diskfile._flush_folder)
    elif place == "before deleting":
        checkpoints.prune = at_call(number, die, checkpoints.prune)
    elif place == "half a line":
        RunFolder._append = half_a_line  # type: ignore[method-assign, assignment]


def child(arguments: list[str], place: str = "", number: int = 0) -> int:
    """Train in a process of its own; how it ended, as os.waitpid tells."""
    process = os.fork()
    if process == 0:
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        if not os.environ.get("TOLD"):
            os.dup2(silent, 2)
        doom(place, number)
        os._exit(main(["train", *arguments, *OPTIONS]))
    if place == "outside":
        time.sleep(number * 0.02)
        os.kill(process, signal.SIGKILL)
    return os.waitpid(process, 0)[1]


def steps_of(run: Path) -> list[int]:
    """Of the checkpoints that are there, the newest first; each can be read."""
    return [load_state(path)["trainer"]["steps"] for path in checkpoints.checkpoints_in(run)]


def kill_again_and_again(graph: Path, folder: Path, seed: int) -> list[dict[str, Any]]:
    """All of it; a line for each process: where it died, how it ended, and the steps of the checkpoints then."""
    torch.set_num_threads(1)
    lots = random.Random(seed)
    ended = child([str(graph), "--run", str(folder / "whole")])
    told: list[dict[str, Any]] = [{"place": "", "killed": False, "code": ended, "steps": steps_of(folder / "whole")}]
    run = folder / "killed"
    places = [*PLACES, *lots.choices(PLACES, k=KILLS - len(PLACES))]
    lots.shuffle(places)
    for place in [*places, ""]:
        again = ["--resume"] if (run / "graph.chainrule").exists() else []
        status = child([str(graph), "--run", str(run), *again], place, lots.randint(1, 7))
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        told.append({"place": place, "killed": killed, "code": status, "steps": steps_of(run) if run.exists() else []})
    return told


if __name__ == "__main__":
    print(json.dumps(kill_again_and_again(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))))  # noqa: T201
