"""Pictures of units against a forward pass in numpy, and against what the modules themselves put out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import adaptive_avg_pool2d

from engine.probes.responses import LOST, MOST_PIXELS, MOST_UNITS, SIDE, ZERO, ResponseProbe
from engine.snapshots import Responses, UnitPictures
from engine.training.run import Run
from tests.engine.graphs import project
from tests.engine.session_listener import Listener
from tests.engine.training_projects import TINY, mlp, run_of, small, train

Floats = NDArray[np.float64]


def look(run: Run, *blocks: str, sample: int = 0) -> Responses:
    probe = ResponseProbe(run)
    probe.look_at(frozenset(blocks), sample)
    found = probe.take()
    assert found is not None
    return found


def numbers(found: UnitPictures) -> Floats:
    """Back from codes."""
    return (found.pictures.astype(np.float64) - ZERO) / ZERO * found.limits[:, None, None]


def assert_pictures(found: UnitPictures, expected: Floats) -> None:
    """On one scale for all units, exact to half a step of it; ranges and limit exact."""
    limit = min(np.abs(expected).max(), 2 * np.sqrt((expected**2).mean()))
    assert found.limits == pytest.approx([limit] * len(expected), rel=1e-5)
    assert np.abs(numbers(found) - expected.clip(-limit, limit)).max() <= limit / (2 * ZERO) * 1.001
    assert found.ranges[:, 0] == pytest.approx(expected.min(axis=(1, 2)), rel=1e-5)
    assert found.ranges[:, 1] == pytest.approx(expected.max(axis=(1, 2)), rel=1e-5)
    assert not found.pictures.flags.writeable


def cnn(channels: int = 4, size: str = "digits") -> Run:
    nodes: dict[str, Any] = {
        "data": ("Input", {"dataset": size}),
        "conv": ("Conv2d", {"out_channels": channels, "kernel_size": [3, 3], "padding": [1, 1]}),
        "relu": ("Activation", {"function": "relu"}),
        "flat": "Flatten",
        "d0": ("Dense", {"out_features": 10}),
        "loss": ("Loss", {"function": "cross_entropy"}),
    }
    wires = ["data.x > conv", "conv > relu", "relu > flat", "flat > d0", "d0 > loss.prediction", "data.y > loss.target"]
    return run_of(project(nodes, wires, training={"epochs": 1, "lr": 0.1}))


def test_units_over_the_plane_are_those_of_a_forward_pass_in_numpy():
    run = train(run_of(mlp(5, 3, 1, data=TINY, epochs=2, dtype="float64")))
    found = look(run, "data", "d0", "a0", "d1", "a1", "d2", "a2", "loss", "nobody")
    across = np.linspace(-6, 6, SIDE)
    x1, x2 = np.meshgrid(across, across[::-1])  # pictures begin on top
    assert (found.extent, found.axes, found.step) == ((-6, 6, -6, 6), ("x1", "x2"), run.trainer.steps)
    assert list(found.blocks) == ["data", "d0", "a0", "d1", "a1", "d2", "a2"], "the loss has no picture"
    values = np.stack([x1.ravel(), x2.ravel()])
    weights = {name: value.numpy() for name, value in run.weights().items()}
    assert_pictures(found.blocks["data"], values.reshape(-1, SIDE, SIDE))
    for layer in range(3):
        values = weights[f"d{layer}.weight"] @ values + weights[f"d{layer}.bias"][:, None]
        assert_pictures(found.blocks[f"d{layer}"], values.reshape(-1, SIDE, SIDE))
        values = np.tanh(values)
        assert_pictures(found.blocks[f"a{layer}"], values.reshape(-1, SIDE, SIDE))


def test_features_have_scales_of_their_own():
    run = run_of(mlp(2, 1, data={**TINY, "features": ["x1", "x1^2", "sin(x2)"]}))
    found = look(run, "data").blocks["data"]
    assert found.names == ("x1", "x1^2", "sin(x2)")
    at = np.linspace(-6, 6, SIDE)
    assert found.limits == pytest.approx([6.0, 2 * np.sqrt((at**4).mean()), np.abs(np.sin(at)).max()])
    assert found.pictures.max(axis=(1, 2)).tolist() == [254, 254, 254]


def test_feature_maps_are_what_the_modules_put_out():
    run = cnn()
    seen: dict[str, torch.Tensor] = {}
    net = run.trainer.net
    module = net.module_of("conv")
    assert isinstance(module, nn.Conv2d)
    hook = module.register_forward_hook(lambda _module, _args, out: seen.__setitem__("conv", out.detach()))
    found = look(run, "data", "conv", "relu", "flat", "d0", sample=3)
    hook.remove()
    maps = seen["conv"][0].double().numpy()
    assert seen["conv"].shape[0] == 1, "one image alone"
    assert list(found.blocks) == ["data", "conv", "relu", "d0"], "what is only put in a row has no picture"
    assert_pictures(found.blocks["conv"], maps)
    assert_pictures(found.blocks["relu"], np.maximum(maps, 0))
    with torch.no_grad():
        x = run.loaded.data["data"].val["x"][3:4]
        logits = net.eval().forward_to(["d0.out"])({"data.x": x})["d0.out"][0]
    assert_pictures(found.blocks["d0"], logits.double().numpy().reshape(10, 1, 1))
    assert found.blocks["d0"].names == tuple("0123456789"), "what predicts is named as the classes are"
    assert found.blocks["conv"].names == ()


def test_the_image_is_the_one_asked_for():
    run = cnn()
    data = run.loaded.data["data"]
    count = data.count("val")
    for sample in (0, 7, count + 7):
        found = look(run, "data", sample=sample)
        assert (found.sample, found.samples, found.split, found.extent) == (sample % count, count, "val", None)
        expected = np.rint(data.pictures("val", slice(None))[sample % count][0] * 255)
        assert found.image is not None
        assert np.array_equal(found.image, expected)
        labels = data.labels("val")
        assert labels is not None
        assert found.label == data.classes[int(labels[sample % count])]


def test_many_units_are_counted_and_the_first_of_them_shown():
    run = run_of(mlp(MOST_UNITS + 6, 1, data=TINY))
    found = look(run, "d0").blocks["d0"]
    assert (found.units, len(found.pictures), len(found.ranges)) == (MOST_UNITS + 6, MOST_UNITS, MOST_UNITS)


def test_large_maps_are_averaged_down():
    run = cnn()
    wide = torch.rand(1, 2, 150, 20)
    shown, units = ResponseProbe(run)._units(wide)
    assert units == 2
    assert torch.equal(shown, adaptive_avg_pool2d(wide[0], (MOST_PIXELS, 20)))


def test_what_is_not_finite_is_marked():
    run = run_of(mlp(3, 1, data=TINY))
    with torch.no_grad():
        run.trainer.net.get_parameter("d0.bias")[1] = torch.nan
    found = look(run, "d0", "d1").blocks
    assert (found["d0"].pictures == LOST).all(axis=(1, 2)).tolist() == [False, True, False]
    assert not (found["d0"].pictures[[0, 2]] == LOST).any()
    assert np.isnan(found["d0"].ranges[1]).all()
    assert (found["d1"].pictures == LOST).all()
    assert found["d1"].limits.tolist() == [0.0]


def test_a_block_that_says_nothing_is_all_zero():
    run = run_of(mlp(2, 1, data=TINY))
    with torch.no_grad():
        for name in ("weight", "bias"):
            run.trainer.net.get_parameter(f"d0.{name}").zero_()
    found = look(run, "d0").blocks["d0"]
    assert (found.pictures == ZERO).all()
    assert found.limits.tolist() == [0.0, 0.0]


def test_only_what_is_looked_at_is_computed():
    run = run_of(mlp(3, 1, data=TINY))
    ran: list[str] = []
    net = run.trainer.net
    for name in ("d0", "d1"):
        module = net.module_of(name)
        assert module is not None
        module.register_forward_hook(lambda *_, name=name: ran.append(name))
    probe = ResponseProbe(run)
    assert probe.take() is None
    assert ran == []
    probe.look_at(frozenset({"d0"}), 0)
    found = probe.take()
    assert found is not None
    assert (list(found.blocks), ran) == (["d0"], ["d0"])
    probe.look_at(frozenset({"d1", "a1"}), 0)
    found = probe.take()
    assert found is not None
    assert (list(found.blocks), ran) == (["d1", "a1"], ["d0", "d0", "d1"]), "each block once"


def test_data_without_pictures_have_none():
    assert not ResponseProbe(run_of(mlp(3, data={"dataset": "iris"}, loss="cross_entropy", last=""))).fits()


def test_a_session_at_rest_shows_what_is_looked_at_at_once():
    with Listener(small()) as listener:
        listener.session.watch(frozenset({"Responses"}))
        listener.session.step("batch")
        listener.until("paused")
        assert listener.of(Responses) == [], "nobody looks at any block"
        found = listener.ask(lambda: listener.session.look_at(frozenset({"d0"})), Responses)
        assert (set(found.blocks), found.step) == ({"d0"}, 1)
        listener.session.reset()
        again = listener.wait(Responses, lambda event: event.step == 0)
        assert set(again.blocks) == {"d0"}, "the run after it is looked at in the same way"
