"""Training steps side by side: a plain PyTorch loop, our eager step, our captured step, and all that `train` does.

Run it with `pytest -s tests/bench/bench_training.py` or `python -m tests.bench.bench_training`. The ways take turns in
one process with one torch thread, from the same weights, on the same data in batches of the same size, and each turn
makes the same number of steps. A ratio is the median over rounds of neighbouring turns. Time is the processor's, of the
one thread that computes, so that others on the machine count little. The eager and the captured steps collect the
training metrics, step by step; `whole` makes them as `train` does, many in a call, and adds what the plain loop has
nothing of: validation after each epoch, and the records.
Fast-forward makes twenty times as many steps in a turn, in epochs in a new order each, as the others; `fast whole` is
all that `train --fast` does: it validates, writes metrics.jsonl, and saves when that is due. NumPy is written by hand;
TensorFlow Playground's own `nn.ts` runs beside where CHAINRULE_PLAYGROUND names it and node is found: it only trains,
always in the same order. Keras's `fit` runs beside where CHAINRULE_KERAS names it (`peers/keras_fit.py`), in a process
of its own with one thread, from the same weights; else its ratio to the plain loop is that of an earlier measurement on
a machine of this kind.
Besides, all train the same batches from the same weights, and their losses have to agree.
"""

from __future__ import annotations

import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.graph import Project
from engine.training.loading import load
from engine.training.run import Run
from engine.training.run_folder import RunFolder
from tests.bench.bench_session import NETS, Turn, by_run, dense, plain_loop
from tests.bench.peers.by_hand import numpy_loop
from tests.bench.peers.keras_fit import KerasFit
from tests.bench.peers.keras_fit import found as keras_found
from tests.bench.peers.playground import Playground
from tests.bench.peers.playground import found as playground_found
from tests.bench.rows import Row, keep, row
from tests.engine.graphs import project
from tests.engine.training_projects import mlp

Timed = Callable[[int], float]
"""Makes so many steps, or a multiple; seconds a step."""

ROUNDS = 7
TURN_SECONDS = 0.4
GOALS = {"a": 3.0, "b": 3.0, "c": 3.0}
"""By the first letter of a network: the captured step's least ratio to the plain loop."""
KERAS_GOAL, PLAYGROUND_GOAL = 100.0, 1.0
"""Of fast-forward."""
FAST = 20
"""Times as many steps in a turn of fast-forward."""
KERAS = {"a": 7.1 / 62, "b": 16.8 / 141, "c": 7.2 / 64}
"""Samples a second of Keras' `fit` on torch, of the plain loop's: measured together, once."""
KERAS_SLOWER = 8
"""Times fewer steps in a turn of Keras."""
BY_THE_LOOP = "Keras is not run here: the ratio to the plain loop, and that of Keras to it from an earlier measurement"


def medium() -> Project:
    """784-256-128-10 on Fashion-MNIST, batch 64, Adam."""
    nodes: dict[str, Any] = {
        "data": ("Input", {"dataset": "fashion-mnist", "source": "sample"}),
        "flat": "Flatten",
        "d0": ("Dense", {"out_features": 256}),
        "a0": "Activation",
        "d1": ("Dense", {"out_features": 128}),
        "a1": "Activation",
        "d2": ("Dense", {"out_features": 10}),
        "loss": ("Loss", {"function": "cross_entropy"}),
    }
    names = [*nodes][1:-1]
    wires = ["data.x > flat", *(f"{a} > {b}" for a, b in itertools.pairwise(names))]
    wires += ["d2 > loss.prediction", "data.y > loss.target"]
    return project(nodes, wires, training={"optimizer": "adam", "lr": 0.001, "batch_size": 64})


Case = tuple[Callable[[], Project], Callable[[], nn.Module], Callable[[Tensor, Tensor], Tensor]]
CASES: dict[str, Case] = {
    **NETS,
    "   MLP 2-32-32-1 tanh with Adam, batch 64": (
        lambda: mlp(32, 32, 1, batch_size=64, optimizer="adam", loss="half_squared_error"),
        lambda: dense((2, 32, 32, 1), nn.Tanh),
        lambda o, y: 0.5 * F.mse_loss(o, y),
    ),
    "   MLP 784-256-128-10 on Fashion-MNIST with Adam, batch 64": (
        medium,
        lambda: nn.Sequential(
            nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10)
        ),
        F.cross_entropy,
    ),
}


def run_of(made: Project, *, captured: bool) -> Run:
    run = Run(load(made), lambda _: None)
    run.trainer.choice.allowed = captured
    return run


def agree(name: str) -> float:
    """The largest relative difference between the losses of ours and those of the plain modules, 30 steps in order."""
    make, module, loss_of = CASES[name]
    made = make()

    ours = [run_of(made, captured=captured) for captured in (False, True)]
    net = module()
    with torch.no_grad():
        for theirs, weight in zip(net.parameters(), ours[0].weights().values(), strict=True):
            theirs.copy_(weight)
    settings = ours[0].loaded.result.settings
    kinds: dict[str, Any] = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}
    optimizer = kinds[settings["optimizer"]](net.parameters(), lr=settings["lr"])
    worst = 0.0
    for _ in range(30):
        batches = ours[0].trainer.batches
        assert batches is not None
        if batches.at_end:
            for run in ours:
                run.trainer.end_epoch(0.0)
        batch = batches.upcoming()
        optimizer.zero_grad()
        loss = loss_of(net(batch["data.x"]), batch["data.y"])
        loss.backward()
        optimizer.step()
        made_losses = [run.trainer.step() for run in ours]
        assert made_losses[0] == made_losses[1], "captured and eager are equal to the bit"
        worst = max(worst, abs(made_losses[0] - loss.item()) / max(abs(loss.item()), 1e-12))
    assert worst < 1e-4, f"{name}: the plain loop computes something else ({worst})"
    return worst


def steps_of(run: Run) -> Turn:
    """The steps alone, in epochs as the plain loop makes them."""

    def turn(steps: int) -> None:
        trainer = run.trainer
        with trainer.drawing():
            for _ in range(steps):
                if trainer.epoch_over:
                    trainer.end_epoch(0.0)
                trainer.step()

    return turn


def fast_steps(run: Run) -> Turn:
    """As `steps_of`, as many at once as fit."""

    def turn(steps: int) -> None:
        trainer = run.trainer
        goal = trainer.steps + steps
        with trainer.drawing():
            while trainer.steps < goal:
                if trainer.epoch_over:
                    trainer.end_epoch(0.0)
                trainer.advance(goal - trainer.steps)

    return turn


def fast_whole(run: Run) -> Turn:
    """The loop of `chainrule train --fast`, into the directory of the run."""

    def turn(steps: int) -> None:
        goal = run.trainer.steps + steps
        run.plan(steps=goal)
        with run.trainer.drawing():
            while run.trainer.steps < goal:
                run.tick(most=goal - run.trainer.steps)
        run.scalars()

    return turn


def by_thread(turn: Turn, times: int = 1) -> Timed:
    """Seconds a step, of the processor's time of this thread."""

    def timed(steps: int) -> float:
        began = time.thread_time()
        turn(steps * times)
        return (time.thread_time() - began) / (steps * times)

    return timed


def by_node(peer: Playground) -> Timed:
    """Seconds a step in the other process."""
    return lambda steps: peer.seconds(steps * FAST) / (steps * FAST)


def peers(name: str, run: Run, stack: ExitStack) -> dict[str, Timed]:
    """NumPy, Playground and Keras, for the networks of all three."""
    if name[0] not in GOALS or run.trainer.updaters[0].kind != "sgd":
        return {}
    data, size = run.loaded.data["data"].train, int(run.loaded.result.settings["batch_size"])
    widths = [data["x"].shape[1], *(weight.shape[0] for key, weight in run.weights().items() if key.endswith("weight"))]
    relu = name[0] == "b"
    arrays = [weight.clone().numpy() for weight in run.weights().values()]
    ways = {"numpy": by_thread(numpy_loop(arrays, data["x"].numpy(), data["y"].numpy(), size, relu=relu))}
    if playground_found() is not None:
        peer = Playground(widths, data["x"].tolist(), data["y"].flatten().tolist(), size, relu=relu)
        ways["nn.ts"] = by_node(stack.enter_context(peer))
    if keras_found() is not None:
        fit = stack.enter_context(keras_of(run, widths, relu=relu))
        ways["Keras"] = lambda steps: fit.seconds(max(1, steps // KERAS_SLOWER))
    return ways


def keras_of(run: Run, widths: Sequence[int], *, relu: bool) -> KerasFit:
    """Keras on the same data, from the same weights: its loss of all samples has to be ours."""
    data, settings = run.loaded.data["data"].train, run.loaded.result.settings
    hidden = "relu" if relu else "tanh"
    functions = [*(hidden for _ in widths[2:]), "tanh"]
    layers = [("Dense", {"units": n, "activation": act}) for n, act in zip(widths[1:], functions, strict=True)]
    weights = [weight.t().contiguous().numpy() for weight in run.weights().values()]
    fit = KerasFit(
        layers,
        data["x"].numpy(),
        data["y"].numpy(),
        weights,
        loss="half_squared_error",
        batch=settings["batch_size"],
        optimizer=settings["optimizer"],
        lr=settings["lr"],
    )
    with torch.no_grad():
        ours = float(run.trainer.net.loss({f"data.{name}": data[name] for name in ("x", "y")}))
    assert abs(fit.loss - ours) <= 1e-5 * abs(ours), f"Keras computes something else: {fit.loss}, not {ours}"
    return fit


@final
@dataclass(frozen=True, slots=True)
class Measured:
    """One network.

    Attributes:
        name: of it, which begins with its letter, if it has one.
        size: samples of a batch.
        seconds: a step, round by round, by way.
        facts: what else there is to know.
    """

    name: str
    size: int
    seconds: Mapping[str, Sequence[float]]
    facts: Mapping[str, Any]

    def ratios(self, way: str, other: str) -> list[float]:
        """How many times as fast as the other, round by round."""
        return [theirs / ours for theirs, ours in zip(self.seconds[other], self.seconds[way], strict=True)]

    def rates(self, way: str) -> list[float]:
        """Samples a second."""
        return [self.size / seconds for seconds in self.seconds[way]]


def measure(name: str) -> Measured:
    with ExitStack() as stack:
        return measured(name, stack)


def measured(name: str, stack: ExitStack) -> Measured:
    make, module, loss_of = CASES[name]
    made = make()
    eager, captured, whole, *quick = (run_of(made, captured=way) for way in (False, True, True, True, True))
    for run in quick:
        run.set_hyper("fast_forward", True)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "run"
    quick[1].disk.folder = RunFolder.create(folder, made)
    ways: dict[str, Timed] = {
        "plain loop": by_thread(plain_loop(eager, module(), loss_of)),
        "eager": by_thread(steps_of(eager)),
        "captured": by_thread(steps_of(captured)),
        "whole": by_thread(by_run(whole)),
        **peers(name, eager, stack),
    }
    fast_steps(quick[0])(2)
    if quick[0].trainer.fast.running:
        ways["fast-forward"] = by_thread(fast_steps(quick[0]), FAST)
        ways["fast whole"] = by_thread(fast_whole(quick[1]), FAST)
    steps = max(10, int(TURN_SECONDS / ways["plain loop"](20)))
    for timed in ways.values():
        timed(max(steps // 4, 40))  # warm, and the choice made
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(ROUNDS):
        order = list(ways) if number % 2 == 0 else list(reversed(ways))
        for way in order:
            seconds[way].append(ways[way](steps))
    facts: dict[str, Any] = {
        "engine": "captured" if captured.trainer.choice.made else "eager",
        "loss agrees within": agree(name),
        "steps a turn": steps,
    }
    if "fast whole" in ways:
        written = len((folder / "metrics.jsonl").read_text("utf-8").splitlines())
        facts["epochs written"] = f"{written} of {len(quick[1].records)}"
        quick[1].disk.folder.release()
    return Measured(" ".join(name.split()), int(made.training["batch_size"]), seconds, facts)


def rows_of(found: Measured) -> Iterator[Row]:
    """The figures of a network, with their goals."""
    name, letter = found.name, found.name[0] if found.name.split(maxsplit=1)[0] in GOALS else ""
    letter = letter if "Adam" not in name else ""
    goal = GOALS.get(letter)
    yield row(f"captured step / plain PyTorch loop, {name}", found.ratios("captured", "plain loop"), at_least=goal)
    whole = found.ratios("whole", "plain loop")
    yield row(f"captured, with validation and records / plain PyTorch loop, {name}", whole)
    if "fast-forward" not in found.seconds:
        return
    for way, what in (("fast-forward", "fast-forward"), ("fast whole", "fast-forward with validation and records")):
        yield row(f"{what}, {name}", found.rates(way), "samples/s")
        if "nn.ts" in found.seconds:
            ratios = found.ratios(way, "nn.ts")
            yield row(f"{what} / TF Playground's nn.ts, {name}", ratios, at_least=PLAYGROUND_GOAL)
        if "Keras" in found.seconds:
            yield row(f"{what} / Keras, {name}", found.ratios(way, "Keras"), at_least=KERAS_GOAL)
        elif letter:
            ratios = [ratio / KERAS[letter] for ratio in found.ratios(way, "plain loop")]
            yield row(f"{what} / Keras, {name}", ratios, at_least=KERAS_GOAL, note=BY_THE_LOOP)


def details_of(found: Measured) -> dict[str, Any]:
    """All ways of a network."""
    ways = {}
    for way, values in found.seconds.items():
        ratios = found.ratios(way, "plain loop")
        ways[way] = {
            "us a step": round(statistics.median(values) * 1e6, 2),
            "samples/s": round(statistics.median(found.rates(way))),
            "ratio": round(statistics.median(ratios), 2),
            "ratio spread": [round(min(ratios), 2), round(max(ratios), 2)],
        }
    return {**found.facts, "ways": ways}


def show(found: Measured, rows: Sequence[Row]) -> None:
    """A line a way, and a line a goal."""
    details = details_of(found)
    print(f"\n{found.name}   ({details['engine']}; losses agree within {details['loss agrees within']:.0e})")
    for way, each in details["ways"].items():
        low, high = each["ratio spread"]
        print(
            f"  {way:12} {each['us a step']:>10,.1f} µs a step {each['samples/s']:>10,} samples/s"
            f"   × {each['ratio']:.2f}   ({low:.2f} to {high:.2f})"
        )
    for each in rows:
        if each.goal:
            print(f"  {each.claim}: {each.median:.3g} ({'reached' if each.reached else 'missed'}: {each.goal})")


def main() -> None:
    """Print the table and keep it."""
    torch.set_num_threads(1)
    rows: list[Row] = []
    networks = {}
    for name in CASES:
        found = measure(name)
        made = list(rows_of(found))
        show(found, made)
        rows += made
        networks[found.name] = details_of(found)
    keep("training", rows, {"torch": torch.__version__, "threads": 1, "rounds": ROUNDS, "networks": networks})


def test_training_steps() -> None:
    main()


if __name__ == "__main__":
    main()
