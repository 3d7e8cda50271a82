"""Schedules against torch.optim.lr_scheduler, early stopping against a table."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch.optim import lr_scheduler

from engine import settings
from engine.training.schedules import Schedule
from engine.training.stopping import EarlyStopping

BASE = 0.3


def schedule(total: int = 60, per_epoch: int = 5, **training: Any) -> Schedule:
    values, errors = settings.parse({"schedule": training})
    assert not errors
    return Schedule(values, total, per_epoch)


def optimizer() -> torch.optim.Optimizer:
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=BASE)


def torchs(make: Any, count: int) -> list[float]:
    sgd = optimizer()
    scheduler = make(sgd)
    rates = []
    for _ in range(count):
        rates.append(sgd.param_groups[0]["lr"])
        sgd.step()
        scheduler.step()
    return rates


def test_constant():
    assert {schedule().lr(BASE, step) for step in range(100)} == {BASE}


@pytest.mark.parametrize(("every", "gamma"), [(1, 0.5), (3, 0.1)])
def test_step_decay_by_epochs(every: int, gamma: float):
    ours = schedule(kind="step", step=every, gamma=gamma)
    theirs = torchs(lambda sgd: lr_scheduler.StepLR(sgd, every, gamma), 12)
    for epoch, rate in enumerate(theirs):
        for step in range(epoch * 5, epoch * 5 + 5):
            assert ours.lr(BASE, step) == pytest.approx(rate, rel=1e-12)


@pytest.mark.parametrize("lowest", [0.0, 0.01])
def test_cosine_by_steps(lowest: float):
    ours = schedule(kind="cosine", min_lr=lowest)
    theirs = torchs(lambda sgd: lr_scheduler.CosineAnnealingLR(sgd, 60, eta_min=lowest), 61)
    assert [ours.lr(BASE, step) for step in range(61)] == pytest.approx(theirs, rel=1e-9, abs=1e-15)
    assert ours.lr(BASE, 1000) == pytest.approx(lowest), "training longer than planned stays at the end"


@pytest.mark.parametrize("warm", [0.1, 0.3, 0.8])
def test_one_cycle_by_steps(warm: float):
    ours = schedule(kind="one_cycle", warm=warm)
    theirs = torchs(lambda sgd: lr_scheduler.OneCycleLR(sgd, BASE, 61, pct_start=warm, cycle_momentum=False), 61)
    longer = schedule(total=61, kind="one_cycle", warm=warm)
    assert [longer.lr(BASE, step) for step in range(61)] == pytest.approx(theirs, rel=1e-9)
    assert ours.lr(BASE, 59) == ours.lr(BASE, 5000)


@pytest.mark.parametrize(("patience", "lowest"), [(0, 0.0), (2, 0.0), (1, 0.05)])
def test_plateau(patience: int, lowest: float):
    losses = [1.0, 0.8, 0.8, 0.79999, 0.9, 0.7, 0.7, 0.7, 0.7, 0.71, 0.6, 0.6, 0.6, 0.6, math.nan, 0.6]
    ours = schedule(kind="plateau", gamma=0.5, patience=patience, min_lr=lowest)
    sgd = optimizer()
    theirs = lr_scheduler.ReduceLROnPlateau(sgd, factor=0.5, patience=patience, min_lr=lowest)
    for epoch, loss in enumerate(losses):
        ours.epoch_ended(loss)
        theirs.step(loss)
        assert ours.lr(BASE, epoch * 5) == pytest.approx(sgd.param_groups[0]["lr"], rel=1e-12)
    resumed = schedule(kind="plateau", gamma=0.5, patience=patience, min_lr=lowest)
    resumed.restore(ours.state())
    assert [resumed.epoch_ended(0.6) for _ in range(4)] == [ours.epoch_ended(0.6) for _ in range(4)]
    assert resumed.lr(BASE, 0) == ours.lr(BASE, 0)


def test_warm_up_rises_from_zero_and_multiplies():
    ours = schedule(kind="cosine", warmup_steps=10)
    plain = schedule(kind="cosine")
    assert [ours.lr(BASE, step) / plain.lr(BASE, step) for step in range(12)] == pytest.approx(
        [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.0, 1.0]
    )


@pytest.mark.parametrize("kind", ["constant", "step", "cosine", "one_cycle", "plateau"])
def test_a_rate_changed_in_between_keeps_its_schedule(kind: str):
    ours = schedule(kind=kind)
    for step in (0, 7, 33, 59):
        assert ours.lr(2 * BASE, step) == pytest.approx(2 * ours.lr(BASE, step))


@pytest.mark.parametrize(
    ("monitor", "values", "best_epoch", "ends"),
    [
        ("val_loss", [3, 2, 2, 2.5], 2, 4),
        ("val_loss", [3, 2, 2.5, 1.9, 5, math.nan], 4, 6),
        ("val_accuracy", [0.5, 0.6, 0.6, 0.3], 2, 4),
        ("loss", [math.nan, 3, 4, 2, 1], 5, None),
        ("loss", [math.nan, math.nan], 0, 2),
    ],
)
def test_early_stopping(monitor: str, values: list[float], best_epoch: int, ends: int | None):
    stopping = EarlyStopping(monitor, patience=2)
    over_at = None
    for epoch, value in enumerate(values, 1):
        stopping.see(value, epoch, dict)
        if stopping.ended and over_at is None:
            over_at = epoch
    assert stopping.best_epoch == best_epoch
    assert over_at == ends
