"""Random trainings in all the ways that steps are made, with random events in the middle: the same to the bit.

Steps by programs, many of them or whole epochs in one call, are those of eager PyTorch, and kernels make the same in
one call as step by step. `make test-ways` tries many more.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any, Literal

import pytest
import torch

from engine.facts import FactsCache
from engine.graph import Project
from engine.history import History
from engine.plan import check
from engine.session import answers
from engine.training import choosing, epochs, forwarding, forwardonly, judging
from engine.training.checkpoint import load_state, save_state
from engine.training.errors import StepError
from engine.training.run import Run
from tests.engine.random_trainings import CHANGES, Change, project
from tests.engine.test_training_captured import assert_equal
from tests.engine.training_projects import run_of

Way = Literal["eager", "captured", "kernels one by one", "kernels"]

STEPS = 70
CASES = int(os.environ.get("CHAINRULE_CASES", "0"))
SEEDS = range(CASES) if CASES else [0, *range(2, 10), *range(11, 17)]
"""1 and 10 are networks that cannot be trained."""


@pytest.fixture(autouse=True)
def soon_and_whatever_the_clock_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs and kernels are made soon, and kept if they are right; checks of kernels fall among their steps."""
    torch.set_num_threads(1)
    for place, name, value in (
        (choosing, "_GAIN", math.inf),
        (choosing, "_TOO_LONG", math.inf),
        (choosing, "_EAGER_STEPS", 3),
        (choosing, "_CAPTURED_STEPS", 2),
        (judging, "_EAGER", 1),
        (judging, "_COMPARED", 1),
        (forwarding, "APART", 32),
        (forwardonly, "_APART", 9),
        (epochs, "CALL_SECONDS", 0.1),
    ):
        monkeypatch.setattr(place, name, value)


@pytest.mark.parametrize("seed", SEEDS)
def test_programs_make_the_steps_of_eager_pytorch(seed: int, tmp_path: Path):
    made, changes = project(seed, for_kernels=False, steps=STEPS)
    compare(made, changes, "captured", "eager", tmp_path)


@pytest.mark.parametrize("seed", [1000 + seed for seed in SEEDS if seed % 4 == 0])
def test_kernels_make_the_same_steps_in_one_call(seed: int, tmp_path: Path):
    made, changes = project(seed, for_kernels=True, steps=STEPS)
    compare(made, changes, "kernels", "kernels one by one", tmp_path)


def compare(made: Project, changes: list[Change], one: Way, other: Way, folder: Path) -> None:
    if check(made, FactsCache(None).lookup).errors:
        pytest.skip("a network that cannot be trained")
    (ours, our_end), (theirs, their_end) = (trained(made, changes, way, folder) for way in (one, other))
    assert our_end == their_end
    for run in (ours, theirs):  # who goes back begins at a state that was kept when there was time, and checks anew
        run.trainer.fast._largest.clear()
        run.trainer.fast.judge.largest = 0.0
    assert_equal(ours, theirs)
    mine, expected = ours.scalars(), theirs.scalars()
    assert mine is not None
    assert expected is not None
    assert mine.steps.tolist() == expected.steps.tolist()
    assert list(map(repr, mine.loss.tolist())) == list(map(repr, expected.loss.tolist()))
    assert mine.epochs == pytest.approx(expected.epochs)
    assert ours.samples_seen == theirs.samples_seen


def trained(made: Project, changes: list[Change], way: Way, folder: Path) -> tuple[Run, tuple[Any, ...]]:
    """The run, and how it ended: by which error, after how many updates."""
    run, many = run_of(made), way in ("captured", "kernels")
    if way.startswith("kernels"):
        run.set_hyper("fast_forward", True)
    if not many:
        run.trainer.choice.allowed = False
        run._make_epochs = lambda most: False  # type: ignore[method-assign]
    past = History(run)
    try:
        for at, name, value in changes:
            go(run, past, at, many=many)
            happen(run, past, name, value, folder)
        go(run, past, STEPS, many=many)
    except StepError as error:
        return run, (error.code, error.node, run.trainer.steps)
    return run, (run.trainer.steps, run.watched.ended)


def go(run: Run, past: History, to: int, *, many: bool) -> None:
    with run.trainer.drawing():
        while not run.over and (run.trainer.steps < to or run.busy):
            run.tick(most=max(1, to - run.trainer.steps) if many else 1)
            past.note()


def happen(run: Run, past: History, name: str, value: Any, folder: Path) -> None:
    """One of the `changes` of a random training."""
    here = run.trainer.steps
    if name in CHANGES:
        run.set_hyper(name, value)
    elif name == "trace":
        answers.trace(run, None)
    elif name == "evaluate":
        run.evaluate("train")
    elif name == "checkpoint":
        save_state(folder / "state", run.state())
        run.restore(load_state(folder / "state"))
    elif name == "weight":
        with torch.no_grad():
            next(iter(run.weights().values())).mul_(0.9)
    elif name == "back":
        past.goto(here - value)
        if value % 2:
            past.goto(here)
        return
    elif not (run.batch_norm or run.over):
        with run.trainer.drawing():
            run.tick(1)
        past.note(1)
        go(run, past, 0, many=False)
        return
    past.changed()
