"""Augmented images against PyTorch's own resampling, against shifts by hand, and what must stay as it is."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.nn import RandomAffine
from engine.tensorspec import TensorSpec
from tests.engine.graphs import project
from tests.engine.training_projects import run_of, train
from tests.helpers.block_step import block_step


def images(count: int = 32, channels: int = 2, height: int = 9, width: int = 12) -> Tensor:
    torch.manual_seed(1)
    return torch.randn(count, channels, height, width)


def test_nothing_changes_in_evaluation_or_without_settings() -> None:
    x = images()
    assert RandomAffine(True, 3, 90.0, 0.5).eval()(x) is x
    torch.testing.assert_close(RandomAffine()(x), x, rtol=0, atol=0)


def test_half_of_the_images_are_mirrored() -> None:
    x = images(400)
    made = RandomAffine(flip=True)(x)
    mirrored = [bool((made[at] == x[at].flip(-1)).all()) for at in range(400)]
    assert all(flipped or bool((made[at] == x[at]).all()) for at, flipped in enumerate(mirrored))
    assert 150 < sum(mirrored) < 250


def test_shifts_are_whole_pixels_each_as_often_with_the_edge_repeated() -> None:
    x = images(2000, 1)
    made = RandomAffine(translate=2)(x)
    wide = F.pad(x, (2, 2, 2, 2), mode="replicate")
    found: dict[tuple[int, int], int] = {}
    for at in range(len(x)):
        fits = [
            (down, across)
            for down in range(5)
            for across in range(5)
            if torch.equal(made[at], wide[at, :, down : down + 9, across : across + 12])
        ]
        assert len(fits) == 1
        found[fits[0]] = found.get(fits[0], 0) + 1
    assert len(found) == 25
    assert min(found.values()) > 40


def places_by_hand(x: Tensor, drawn: Tensor, degrees: float, scale: float) -> Tensor:
    """The same draws through affine_grid and grid_sample, in float64."""
    angles = (2 * drawn[3, :, 0].double() - 1) * math.radians(degrees)
    sizes = 1 + (2 * drawn[4, :, 0].double() - 1) * scale
    height, width = x.shape[2:]
    sine, cosine = torch.sin(angles) / sizes, torch.cos(angles) / sizes
    nothing = torch.zeros_like(sine)
    theta = torch.stack(
        [
            torch.stack([cosine, sine * height / width, nothing], -1),
            torch.stack([-sine * width / height, cosine, nothing], -1),
        ],
        1,
    )
    grid = F.affine_grid(theta, list(x.shape), align_corners=False)
    return F.grid_sample(x.double(), grid, mode="nearest", padding_mode="border", align_corners=False)


def test_turning_and_scaling_as_grid_sample() -> None:
    x = images(64)
    torch.manual_seed(3)
    made = RandomAffine(degrees=40.0, scale=0.2)(x)
    torch.manual_seed(3)
    wanted = places_by_hand(x, torch.rand(5, 64, 1), 40.0, 0.2)
    alike = (made.double() == wanted).double().mean()
    assert alike > 0.999  # but where a place is just between two pixels


@pytest.mark.parametrize("flip", [False, True])
def test_the_backward_formula_is_that_of_autograd(flip: bool) -> None:
    x = images(5).double()
    params = {"flip": flip, "translate": 3, "degrees": 30.0, "scale": 0.2}
    done = block_step("Augment", params, {"in": TensorSpec(("N", 2, 9, 12))}, {"in": x})
    torch.testing.assert_close(done.found["in"], done.wanted["in"], rtol=1e-12, atol=1e-12)
    assert not torch.equal(done.found["in"], torch.ones_like(x))


def test_the_seed_gives_the_same_run_twice_and_evaluation_is_without_chance() -> None:
    nodes = {
        "data": ("Input", {"dataset": "digits"}),
        "augment": ("Augment", {"translate": 1}),
        "flat": "Flatten",
        "out": ("Dense", {"out_features": 10}),
        "loss": ("Loss", {"function": "cross_entropy"}),
    }
    wires = ["data.x > augment", "augment > flat", "flat > out", "out > loss.prediction", "data.y > loss.target"]
    made = project(nodes, wires, training={"epochs": 1, "batch_size": 200, "optimizer": "adam"})
    first, second = train(run_of(made)), train(run_of(made))
    for name, value in first.weights().items():
        assert torch.equal(value, second.weights()[name])
    assert first.evaluate("val") == first.evaluate("val")
