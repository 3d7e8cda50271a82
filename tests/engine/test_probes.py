"""Every snapshot against a second way to the same numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix

from engine.events import Snapshot
from engine.probes import observer as observing
from engine.probes.confusion import ConfusionProbe
from engine.probes.curve import CurveProbe
from engine.probes.fit import FitProbe
from engine.probes.gradients import GradientProbe
from engine.probes.histograms import BINS, Bins, HistogramProbe
from engine.probes.history import History
from engine.probes.images import ImageProbe
from engine.probes.observer import Observer
from engine.probes.probe import Probe
from engine.probes.responses import ResponseProbe
from engine.probes.surface import SIDE, SurfaceProbe
from engine.session.answers import predict
from engine.snapshots import Progress, RunSaved
from engine.training.run import Run
from tests.engine.graphs import project
from tests.engine.training_projects import mlp, run_of, train
from tests.helpers.projects import make_project

TINY = {"dataset": "circle", "samples": 60}
ALL: tuple[type[Probe], ...] = observing.PROBES


def said_by(run: Run, rows: NDArray[np.float64]) -> NDArray[Any]:
    """What the network says of rows, by the way a prediction takes."""
    return predict(run, rows)[0].outputs


def digits() -> Run:
    nodes: dict[str, Any] = {
        "data": ("Input", {"dataset": "digits"}),
        "flat": "Flatten",
        "d0": ("Dense", {"out_features": 10}),
        "loss": ("Loss", {"function": "cross_entropy"}),
    }
    wires = ["data.x > flat", "flat > d0", "d0 > loss.prediction", "data.y > loss.target"]
    return run_of(project(nodes, wires, training={"epochs": 3, "lr": 0.1}))


# -- which fit --


@pytest.mark.parametrize(
    ("run", "fitting"),
    [
        (lambda: run_of(mlp(3, 1, data=TINY)), {SurfaceProbe, ConfusionProbe, ResponseProbe}),
        (lambda: run_of(mlp(3, 1, data={"dataset": "reg-plane"})), {SurfaceProbe, ResponseProbe}),
        (lambda: run_of(mlp(3, 1, data={"dataset": "function"})), {CurveProbe}),
        (lambda: run_of(mlp(3, 1, data={"dataset": "diabetes"})), {FitProbe}),
        (lambda: run_of(mlp(3, data={"dataset": "iris"}, loss="cross_entropy", last="")), {ConfusionProbe}),
        (digits, {ImageProbe, ConfusionProbe, ResponseProbe}),
    ],
)
def test_the_picture_that_fits_the_data(run: Callable[[], Run], fitting: set[type[Probe]]):
    made = run()
    assert {kind for kind in ALL if kind(made).fits()} == {GradientProbe, HistogramProbe, *fitting}


# -- gradients --


@pytest.mark.parametrize("clip", [{}, {"clip_norm": 1e-3}, {"clip_value": 1e-3}])
def test_gradients_are_those_of_the_step_before_clipping(clip: dict[str, Any]):
    made = mlp(5, 3, 1, data=TINY, batch_size=30, shuffle=False, dtype="float64", **clip)
    run, other = run_of(made), run_of(made)
    loss = other.trainer.net.loss(other.loaded.part("train"))
    names = list(other.weights())
    grads = dict(
        zip(names, torch.autograd.grad(loss, [other.trainer.net.get_parameter(it) for it in names]), strict=True)
    )
    probe = GradientProbe(run)
    assert probe.take() is None, "no step, no gradient"
    run.tick()
    found = probe.take()
    assert found is not None
    assert found.layers == ("d0", "d1", "d2")
    for index, layer in enumerate(found.layers):
        both = torch.cat([grads[f"{layer}.weight"].flatten(), grads[f"{layer}.bias"].flatten()])
        assert found.norms[index] == pytest.approx(both.norm().item(), rel=1e-12)
        assert found.mean_abs[index] == pytest.approx(grads[f"{layer}.weight"].abs().mean().item(), rel=1e-12)
    assert found.history.tolist() == [found.norms.tolist()]
    assert found.history_steps.tolist() == [1]


def test_a_network_too_large_to_be_packed_shows_the_same(monkeypatch: pytest.MonkeyPatch):
    made = mlp(5, 1, data=TINY, batch_size=30)
    packed = run_of(made)
    monkeypatch.setattr("engine.training.updates.PACKED_NUMBERS", 0)
    apart = run_of(made)
    found = []
    for run in (packed, apart):
        run.tick()
        taken = GradientProbe(run).take()
        assert taken is not None
        found.append(taken.norms)
    assert np.array_equal(found[0], found[1])


@given(st.lists(st.integers(1, 50), min_size=1, max_size=300), st.integers(4, 40))
def test_history_covers_everything_evenly(gaps: list[int], most: int):
    history: History[int] = History(most)
    steps = np.cumsum(gaps).tolist()
    for step in steps:
        history.add(step, -step)
    assert len(history.steps) <= most
    assert history.rows == [-step for step in history.steps]
    assert history.steps == sorted(set(history.steps))
    assert set(history.steps) <= set(steps)
    assert history.steps[0] == steps[0]
    gaps_kept = np.diff([*history.steps, steps[-1]])
    assert gaps_kept.max() <= 4 * max([*gaps, math.ceil(steps[-1] / most * 2)])


# -- weights --


@given(st.lists(st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=40), min_size=1, max_size=6))
def test_histograms_stay_exact_when_their_range_grows(times: list[list[float]]):
    bins = Bins()
    for step, values in enumerate(times):
        bins.add(step, torch.tensor(values))
    edges = bins.edges
    assert len(edges) == BINS + 1
    for row, values in zip(bins.history.rows, times, strict=True):
        assert np.array_equal(row, np.histogram(np.array(values, dtype=np.float32), edges)[0])
        assert row.sum() == len(values), "nothing lies outside"


def test_weights_are_described_as_numpy_does():
    run = train(run_of(mlp(5, 1, data=TINY, epochs=2)))
    found = HistogramProbe(run).take()
    assert found is not None
    assert found.layers == ("d0", "d1")
    for index, layer in enumerate(found.layers):
        values = run.weights()[f"{layer}.weight"].numpy().astype(np.float64)
        expected = [values.mean(), values.std(), values.min(), values.max()]
        np.testing.assert_allclose(found.stats[index], expected, rtol=1e-5)
        counts, edges = np.histogram(values, found.edges[index])
        assert np.array_equal(found.counts[index][-1], counts)
        assert np.array_equal(found.edges[index], edges)
    assert np.isnan(found.dead).all(), "tanh has no dead units"


def test_dead_units_are_counted():
    """Two of five units are pushed below zero for every sample; what stands between layer and ReLU does not hide it."""
    made = mlp(5, 1, data=TINY, hidden="relu", last="")
    for between in (None, "LayerNorm", "Dropout"):
        graph = made.graph
        if between:
            graph = graph.disconnect(graph.wires_into("a0"))[0]
            added = project({"d0": "Dense", "a0": "Activation", "mid": between}, ["d0 > mid", "mid > a0"]).graph
            graph = graph.add(added.node("mid"))[0].connect(*added.iter_wires())[0]
        run = run_of(replace(made, graph=graph))
        name = "mid.bias" if between == "LayerNorm" else "d0.bias"
        run.weights()[name].copy_(torch.tensor([-100.0, 100.0, -100.0, 100.0, 100.0]))
        found = HistogramProbe(run).take()
        assert found is not None
        dead = dict(zip(found.layers, found.dead, strict=True))
        assert dead["d0"] == pytest.approx(0.4)
        assert math.isnan(dead["d1"])


# -- what the network says --


def test_the_surface_is_what_the_network_says_of_each_point():
    data = {"dataset": "circle", "samples": 60, "standardize": True, "features": ["x1", "x2", "x1*x2"]}
    run = train(run_of(mlp(6, 1, data=data, epochs=3)))
    found = SurfaceProbe(run).take()
    assert found is not None
    assert (found.extent, found.centre, found.names, found.classes) == ((-6, 6, -6, 6), 0.0, ("x1", "x2"), ("-1", "1"))
    assert found.values.shape == (SIDE, SIDE)
    assert found.values.dtype == np.float32
    places = np.linspace(-6, 6, SIDE)
    for row, column in ((0, 0), (0, 99), (70, 13), (99, 50)):
        expected = said_by(run, np.array([[places[column], places[row]]]))[0, 0]
        assert found.values[row, column] == pytest.approx(expected, rel=1e-5)
    assert len(found.points) == len(found.targets) == len(found.split) == 60
    assert np.bincount(found.split).tolist() == [30, 30]


@pytest.mark.parametrize(
    ("last", "loss", "centre"),
    [("sigmoid", "binary_cross_entropy", 0.5), ("", "bce_with_logits", 0.5), ("sigmoid", "mse", 0.5)],
)
def test_probabilities_are_drawn_around_a_half(last: str, loss: str, centre: float):
    run = run_of(mlp(3, 1, data={**TINY, "labels": "01"}, last=last, loss=loss))
    found = SurfaceProbe(run).take()
    assert found is not None
    assert found.centre == centre
    assert 0 <= found.values.min() <= found.values.max() <= 1


def test_several_classes_are_drawn_as_probabilities():
    x = np.random.default_rng(0).normal(size=(40, 2))
    labels = (x[:, 0] > 0).astype(int) + (x[:, 1] > 0)
    data = {"dataset": "inline", "x": x.tolist(), "y": labels.tolist()}
    run = run_of(mlp(3, data=data, last="", loss="cross_entropy"))
    found = SurfaceProbe(run).take()
    assert found is not None
    assert found.values.shape == (SIDE, SIDE, 3)
    np.testing.assert_allclose(found.values.sum(axis=2), 1, rtol=1e-5)
    assert np.array_equal(found.targets, labels)


def test_the_curve_is_what_the_network_says():
    run = train(run_of(mlp(6, 1, data={"dataset": "function", "expression": "x^2"}, last="", epochs=2)))
    found = CurveProbe(run).take()
    assert found is not None
    np.testing.assert_allclose(found.y, said_by(run, found.x[:, None]), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.targets, found.points**2, rtol=1e-6, atol=1e-9)
    assert found.name == "x"


def test_images_come_with_class_and_confidence():
    run = train(digits())
    found = ImageProbe(run).take()
    assert found is not None
    assert found.images.shape == (24, 8, 8)
    assert found.images.dtype == np.uint8
    outputs = said_by(run, found.images[:, None] / 255)
    assert np.array_equal(found.predicted, outputs.argmax(1))
    exponentials = np.exp(outputs.astype(np.float64))
    np.testing.assert_allclose(found.confidence, (exponentials / exponentials.sum(1, keepdims=True)).max(1), atol=0.01)
    labels = run.loaded.data["data"].labels("val")
    assert labels is not None
    every_third = np.linspace(0, len(labels) - 1, 24).astype(int)[::3]
    assert np.array_equal(found.true[:8], labels[every_third]), "the first ones, too, are spread over the data"
    assert set(found.true) <= set(labels)
    assert (found.true == found.predicted).mean() > 0.6, "the labels belong to the images"


def test_the_fit_shows_the_validation_part():
    run = train(run_of(mlp(4, 1, data={"dataset": "diabetes", "standardize": True}, last="", epochs=1)))
    found = FitProbe(run).take()
    assert found is not None
    part = run.loaded.part("val")
    with run.trainer.evaluating():
        (expected,) = run.trainer.net.forward_to(run.trainer.net.outputs)(part).values()
    np.testing.assert_allclose(found.predicted, expected[:, 0].numpy())
    np.testing.assert_allclose(found.true, part["data.y"][:, 0].numpy())
    assert found.name == "disease progression"


def test_of_a_picture_that_is_to_come_out_again_the_fit_shows_a_pixel_that_changes():
    """The first pixel is black in all digits: a line of points that says nothing."""
    nodes = [
        ("data", "Input", {"dataset": "digits"}),
        ("flat", "Flatten"),
        ("dense", "Dense", {"out_features": 64}),
        ("back", "Reshape", {"shape": [1, 8, 8]}),
        ("loss", "Loss"),
    ]
    wires = ["data.x -> flat", "flat -> dense", "dense -> back", "back -> loss.prediction", "data.x -> loss.target"]
    run = run_of(make_project(nodes, wires, {}))
    found = FitProbe(run).take()
    assert found is not None
    pictures = run.loaded.part("val")["data.x"].numpy()
    row, column = np.unravel_index(pictures[:, 0].reshape(-1, 64).var(0).argmax(), (8, 8))
    assert found.name == f"x[0, {row}, {column}]"
    np.testing.assert_allclose(found.true, pictures[:, 0, row, column], rtol=1e-6)


def test_confusion_is_scikit_learns():
    run = run_of(mlp(6, 3, data={"dataset": "iris"}, last="", loss="cross_entropy", epochs=4, lr=0.1))
    probe = ConfusionProbe(run)
    assert probe.take() is None, "no validation yet"
    train(run)
    part = run.loaded.part("val")
    with run.trainer.evaluating():
        (outputs,) = run.trainer.net.forward_to(run.trainer.net.outputs)(part).values()
    expected = confusion_matrix(part["data.y"], outputs.argmax(1), labels=range(3))
    found = probe.take()
    assert found is not None
    assert np.array_equal(found.matrix, expected)
    assert found.split == "val"
    assert probe.take() is None, "shown already"
    rested = probe.take_at_rest(lambda: False)
    assert rested is not None
    assert np.array_equal(rested.matrix, expected)
    assert probe.take_at_rest(lambda: True) is None


# -- the pace --

SHARE = 0.13
"""Of the time that a training takes, all pictures together."""


class _Clock:
    now = 0.0

    def perf_counter(self) -> float:
        return self.now

    def thread_time(self) -> float:
        return self.now


def _stub(name: str, cost: float, clock: _Clock, taken: list[tuple[str, float]]) -> type[Probe]:
    class Stub(Probe):
        kind: ClassVar[type[Snapshot]] = Progress

        @property
        def lane(self) -> str:
            return name

        def fits(self) -> bool:
            return True

        def take(self) -> Snapshot | None:
            taken.append((name, clock.now))
            clock.now += cost
            return None

    return Stub


@pytest.mark.parametrize("cost", [0.0001, 0.02, 0.5])
def test_snapshots_take_at_most_their_share_of_the_time(cost: float, monkeypatch: pytest.MonkeyPatch):
    clock, taken = _Clock(), list[tuple[str, float]]()
    monkeypatch.setattr(observing, "time", clock)
    monkeypatch.setattr(observing, "PROBES", (_stub("Progress", cost, clock, taken),))
    observer = Observer(run_of(mlp(2, 1, data=TINY)), lambda _: None)
    observer.watch({"Progress"})
    while clock.now < 60:
        clock.now += 0.001
        if clock.now >= observer.next_due:
            observer.take_due(clock.now)
    assert len(taken) * cost <= SHARE * clock.now + cost
    assert len(taken) <= 15 * clock.now + 1
    assert len(taken) >= 0.8 * min(15 * 60, 60 / ((1 / SHARE + 1) * cost))


def test_what_a_cheap_lane_leaves_over_goes_to_the_dear_one(monkeypatch: pytest.MonkeyPatch):
    clock, taken = _Clock(), list[tuple[str, float]]()
    cheap = type("Cheap", (_stub("Progress", 0.0005, clock, taken),), {"shortest": 1 / 60})
    dear = type("Dear", (_stub("RunSaved", 0.05, clock, taken),), {"kind": RunSaved})
    monkeypatch.setattr(observing, "time", clock)
    monkeypatch.setattr(observing, "PROBES", (cheap, dear))
    observer = Observer(run_of(mlp(2, 1, data=TINY)), lambda _: None)
    observer.watch({"Progress", "RunSaved"})
    while clock.now < 60:
        clock.now += 0.0005
        if clock.now >= observer.next_due:
            observer.take_due(clock.now)
    costs = {name: [each for each, _ in taken].count(name) for name in ("Progress", "RunSaved")}
    assert costs["Progress"] > 0.85 * 60 * 60
    spent = costs["Progress"] * 0.0005 + costs["RunSaved"] * 0.05
    assert 0.8 * SHARE * clock.now < spent <= SHARE * clock.now + 0.05


def test_a_probe_that_fails_is_told_and_left_out(monkeypatch: pytest.MonkeyPatch):
    def fail(probe: Probe) -> Snapshot:
        raise ValueError("odd shape")

    monkeypatch.setattr(SurfaceProbe, "take", fail)
    complaints: list[str] = []
    observer = Observer(train(run_of(mlp(2, 1, data=TINY, epochs=1))), complaints.append)
    observer.watch({"Surface", "Gradients"})
    assert [snapshot.lane for snapshot in observer.take_due(math.inf)] == ["Gradients"]
    assert [snapshot.lane for snapshot in observer.take_all(lambda: False)] == ["Gradients"]
    assert complaints == ["Surface cannot be shown: odd shape"]


def test_the_history_survives_looking_away():
    run = run_of(mlp(2, 1, data=TINY, batch_size=10))
    observer = Observer(run, lambda _: None)
    observer.watch({"Gradients"})
    for _ in range(3):
        run.tick()
        observer.take_all(lambda: False)
    observer.watch(set())
    assert observer.take_all(lambda: False) == []
    observer.watch({"Gradients"})
    (found,) = observer.take_all(lambda: False)
    assert found.history_steps.tolist() == [1, 2, 3]  # type: ignore[attr-defined]


def test_probes_leave_the_training_as_it_is():
    made = mlp(6, 1, data=TINY, hidden="relu", batch_size=5, epochs=3, between={"a0": ("Dropout", {"p": 0.5})})
    alone, watched = run_of(made), run_of(made)
    observer = Observer(watched, lambda _: None)
    observer.watch(observing.LANES)
    with watched.trainer.drawing():
        while not watched.over:
            watched.tick()
            observer.take_due(math.inf)
            observer.take_all(lambda: False)
    train(alone)
    for name, value in alone.weights().items():
        assert torch.equal(value, watched.weights()[name])
