"""Micro-batches are the whole batch, passes over fewer samples: same losses, same weights, the same training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from engine.frozen import freeze
from engine.graph import Project
from engine.netcode import Batch
from engine.training.loading import load
from engine.training.slicing import NotSliceableError, adding, cut
from tests.engine.graphs import project
from tests.engine.training_projects import mlp, run_of, train

EXACT: dict[str, Any] = {"dtype": "float64", "batch_size": 12, "epochs": 2}


def weights_after(made: Project, steps: int = 7) -> dict[str, torch.Tensor]:
    run = train(run_of(made), steps)
    assert run.trainer.sliced.whole == ""
    return run.weights()


def assert_equal_to_whole(make: Any, micro: int = 5, **more: Any) -> None:
    whole, parts = weights_after(make(**EXACT, **more)), weights_after(make(**EXACT, micro_batch=micro, **more))
    for name, value in whole.items():
        torch.testing.assert_close(parts[name], value, rtol=1e-12, atol=1e-12, msg=name)


def several(**training: Any) -> Project:
    """A mean, a sum, a price on weights that reads no data, and a mean of an activation."""
    nodes = {
        "data": ("Input", freeze({"dataset": "circle", "samples": 80})),
        "hidden": ("Dense", freeze({"out_features": 4})),
        "act": ("Activation", freeze({"function": "tanh"})),
        "out": ("Dense", freeze({"out_features": 1})),
        "mean": ("Loss", freeze({"function": "mse"})),
        "sum": ("Loss", freeze({"function": "huber", "reduction": "sum"})),
        "small": ("Mean", freeze({})),
        "price": ("Regularizer", freeze({"strength": 0.01, "of": ("hidden",)})),
    }
    wires = ["data.x > hidden", "hidden > act", "act > out", "act > small"]
    for loss in ("mean", "sum"):
        wires += [f"out > {loss}.prediction", f"data.y > {loss}.target"]
    objective = [
        {"from": "mean.out", "weight": 1.0},
        {"from": "sum.out", "weight": 0.05},
        {"from": "small.out", "weight": 0.3},
        {"from": "price.out", "weight": 1.0},
    ]
    phases = [{"minimise": objective, "update": ["*"]}]
    return project(nodes, wires, training=freeze({"phases": phases, **training}))


@pytest.mark.parametrize("micro", [1, 5, 11])
@pytest.mark.parametrize("loss", ["mse", {"function": "mse", "reduction": "sum"}])
def test_the_sum_of_the_parts_is_the_whole_batch(micro: int, loss: Any):
    assert_equal_to_whole(lambda **more: mlp(4, 1, loss=loss, optimizer="adam", clip_norm=0.5, **more), micro)


def test_classes_are_averaged_over_samples():
    data = {"dataset": "iris"}
    assert_equal_to_whole(lambda **more: mlp(5, 3, data=data, last="", loss="cross_entropy", **more))


def test_several_objectives_each_add_up_in_their_own_way():
    assert_equal_to_whole(several)


def test_what_a_step_tells_is_of_the_whole_batch():
    whole, parts = run_of(mlp(4, 1, **EXACT)), run_of(mlp(4, 1, **EXACT, micro_batch=5))
    for run in (whole, parts):
        train(run)
    for one, other in zip(whole.records, parts.records, strict=True):
        assert one["metrics"].keys() == other["metrics"].keys()
        assert one["metrics"]["accuracy"] == other["metrics"]["accuracy"]
        np.testing.assert_allclose([one["loss"], one["val_loss"]], [other["loss"], other["val_loss"]], rtol=1e-12)


def test_parts_are_as_equal_as_they_can_be():
    batch: Batch = {"data.x": torch.arange(33)}
    assert [len(part["data.x"]) for part in cut(batch, 32)] == [17, 16]
    assert [len(part["data.x"]) for part in cut(batch, 1, 2)] == [3, *[2] * 15]
    assert torch.equal(torch.cat([part["data.x"] for part in cut(batch, 7)]), batch["data.x"])


def test_batch_normalisation_never_gets_a_single_sample():
    made = mlp(4, 1, between={"a0": ("BatchNorm1d", {})}, batch_size=9, micro_batch=1, epochs=1)
    assert train(run_of(made)).over


def test_an_objective_of_the_whole_batch_is_refused_to_be_cut():
    """The square of a mean is not the mean of squares: such a batch is taken whole, and that is said."""
    nodes = {
        "data": ("Input", freeze({"dataset": "circle", "samples": 40})),
        "out": ("Dense", freeze({"out_features": 1})),
        "mean": ("Mean", freeze({})),
        "square": ("Power", freeze({"exponent": 2.0})),
    }
    made = project(
        nodes,
        ["data.x > out", "out > mean", "mean > square.a"],
        training=freeze({"objective": ["square.out"], "micro_batch": 3, "dtype": "float64"}),
    )
    result = load(made).result
    with pytest.raises(NotSliceableError) as refused:
        adding(result, result.phases[0].objectives)
    assert refused.value.path == "square"
    said: list[Any] = []
    run = train(run_of(made, said.append), 2)
    assert run.trainer.sliced.whole == "square"
    assert run.trainer.samples_at_once == 20
    assert any('"square"' in getattr(event, "message", "") for event in said)
