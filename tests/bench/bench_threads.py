"""What a second thread, or more, brings to a training step, beside the number that is chosen.

Run it with `python -m tests.bench.bench_threads`. The same run makes steps with one thread and with several, in turns,
by the clock: for what threads cost is waiting. The number that is chosen follows from a measurement of this machine
made at the beginning, or from constants where the machine is too busy for one. On a machine with other things to do the
clock tells of these as well: a thread that waits for a core holds up all others. OpenMP waits briefly here, as in the
program (`engine/spinning.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from engine.spinning import wait_briefly

wait_briefly()  # before torch is there

import torch  # noqa: E402

from engine.graph import Project  # noqa: E402
from engine.training import calibration  # noqa: E402
from engine.training.process import tune_allocator  # noqa: E402
from engine.training.threads import Speeds, chosen, numbers, reckoned, works_of  # noqa: E402
from tests.bench import bench_heavy  # noqa: E402
from tests.bench.bench_training import CASES, run_of, steps_of  # noqa: E402
from tests.bench.rows import Row, keep, row  # noqa: E402

ROUNDS, TURN_SECONDS = 7, 0.3
NAMES = ("a  circle", "b  spiral", "c  circle", "   MLP 784", "   CNN")
HEAVY = "MLP of 100M parameters, batch 64"


def projects() -> dict[str, Callable[[], Project]]:
    """By name."""
    found = {" ".join(name.split()): case[0] for name, case in CASES.items() if name.startswith(NAMES)}
    return {**found, HEAVY: bench_heavy.mlp}


def speeds(most: int) -> Speeds:
    """Measured now, or reckoned."""
    measurement = calibration.Measurement(most)
    while not measurement.over:
        measurement.go_on()
    return measurement.speeds or reckoned(most)


def measured(name: str, make: Callable[[], Project], machine: Speeds) -> tuple[list[Row], dict[str, Any]]:
    """The ratios of one network."""
    run = run_of(make(), captured=True)
    turn = steps_of(run)
    most = machine.threads[-1]

    def timed(number: int, steps: int) -> float:
        calibration.set_threads(number)
        began = time.perf_counter()
        turn(steps)
        return (time.perf_counter() - began) / steps

    calibration.set_threads(1)
    turn(60 if name != HEAVY else 1)
    steps = max(2, int(TURN_SECONDS / timed(1, 5 if name != HEAVY else 1)))
    seconds: dict[int, list[float]] = {number: [] for number in numbers(most)}
    for round_ in range(ROUNDS):
        for number in list(seconds) if round_ % 2 == 0 else list(reversed(seconds)):
            timed(number, 1)
            seconds[number].append(timed(number, steps))
    works = works_of(run.loaded.result, run.trainer.samples_at_once)
    picked = chosen(works, machine, most).threads
    in_window = chosen(works, machine, most, window=True).threads
    how = "measured" if machine.measured else "reckoned, as the machine was too busy"
    rows = []
    for number in list(seconds)[1:]:
        note = f"chosen: {picked}, beside a window {in_window} ({how})"
        ratios = [one / more for one, more in zip(seconds[1], seconds[number], strict=True)]
        rows.append(row(f"{number} threads / 1 thread, {name}", ratios, note=note))
    return rows, {"seconds a step": seconds, "chosen": picked, "beside a window": in_window}


def main() -> None:
    """Print the figures and keep them."""
    tune_allocator()
    machine = speeds(torch.get_num_threads())
    rows: list[Row] = []
    details: dict[str, Any] = {"torch": torch.__version__, "measured": machine.measured}
    for name, make in projects().items():
        found, details[name] = measured(name, make, machine)
        for each in found:
            print(f"{each.claim:<75} × {each.median:.2f} ({each.low:.2f} – {each.high:.2f})  {each.note}", flush=True)
        rows += found
    keep("threads", rows, details)


if __name__ == "__main__":
    main()
