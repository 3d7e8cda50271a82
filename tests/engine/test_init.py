"""Parameters begin as PyTorch would have them, each from a generator of its own."""

from __future__ import annotations

import hashlib
from math import sqrt

import numpy as np
import pytest
import torch
from torch import nn

from engine.init import draw, explicit, generator
from engine.problem import GraphError
from engine.recipe import Init, Tensor

SHAPE = (400, 300)


def drawn(init: Init, seed: int = 0, shape: tuple[int, ...] = SHAPE, name: str = "dense.weight") -> torch.Tensor:
    return draw(Tensor("weight", shape, init), seed, name)


KINDS = [
    (Init("kaiming_uniform"), lambda t, g: nn.init.kaiming_uniform_(t, nonlinearity="relu", generator=g)),
    (
        Init("kaiming_uniform", nonlinearity="leaky_relu", slope=0.2),
        lambda t, g: nn.init.kaiming_uniform_(t, a=0.2, nonlinearity="leaky_relu", generator=g),
    ),
    (Init("kaiming_normal"), lambda t, g: nn.init.kaiming_normal_(t, nonlinearity="relu", generator=g)),
    (Init("xavier_uniform", nonlinearity="linear"), lambda t, g: nn.init.xavier_uniform_(t, generator=g)),
    (Init("xavier_normal", nonlinearity="tanh"), lambda t, g: nn.init.xavier_normal_(t, gain=5 / 3, generator=g)),
    (Init("orthogonal", nonlinearity="linear"), lambda t, g: nn.init.orthogonal_(t, generator=g)),
    (Init("normal", std=0.3), lambda t, g: nn.init.normal_(t, std=0.3, generator=g)),
    (Init("uniform", bound=0.4), lambda t, g: nn.init.uniform_(t, -0.4, 0.4, generator=g)),
    (Init("constant", value=0.5), lambda t, _: nn.init.constant_(t, 0.5)),
    (Init("zeros"), lambda t, _: nn.init.zeros_(t)),
    (Init("ones"), lambda t, _: nn.init.ones_(t)),
]


@pytest.mark.parametrize(("init", "by_torch"), KINDS, ids=[init.kind for init, _ in KINDS])
def test_equal_to_torch_under_the_same_generator(init, by_torch):
    wanted = by_torch(torch.empty(SHAPE, dtype=torch.float64), generator(3, "dense.weight"))
    assert torch.equal(drawn(init, seed=3), wanted)


@pytest.mark.parametrize(
    ("init", "std"),
    [
        (Init("default", bound=1 / sqrt(300)), 1 / sqrt(300) / sqrt(3)),
        (Init("kaiming_normal"), sqrt(2 / 300)),
        (Init("kaiming_uniform"), sqrt(2 / 300)),
        (Init("xavier_normal", nonlinearity="linear"), sqrt(2 / 700)),
        (Init("xavier_uniform", nonlinearity="linear"), sqrt(2 / 700)),
        (Init("normal", std=0.3), 0.3),
        (Init("uniform", bound=0.4), 0.4 / sqrt(3)),
    ],
    ids=lambda value: value.kind if isinstance(value, Init) else "",
)
def test_mean_and_deviation_are_those_of_the_papers(init, std):
    values = drawn(init)
    count = values.numel()
    assert abs(float(values.mean())) < 5 * std / sqrt(count)
    # The deviation of a sample deviation is at most about std / sqrt(2 n) for these distributions.
    assert abs(float(values.std()) - std) < 5 * std / sqrt(2 * count)


def test_orthogonal_columns_are_orthonormal():
    values = drawn(Init("orthogonal", nonlinearity="linear"))
    torch.testing.assert_close(values.T @ values, torch.eye(300, dtype=torch.float64))


@pytest.mark.parametrize(
    ("module", "weight", "bias"),
    [
        (lambda: nn.Linear(300, 400), Init("default", bound=1 / sqrt(300)), Init("default", bound=1 / sqrt(300))),
        (
            lambda: nn.Conv2d(8, 64, 5),
            Init("default", bound=1 / sqrt(8 * 25)),
            Init("default", bound=1 / sqrt(8 * 25)),
        ),
    ],
)
def test_default_is_the_distribution_of_torchs_own_modules(module, weight, bias):
    """Both samples fill the same interval evenly: Kolmogorov-Smirnov distance below the 0.1 % critical value."""
    torch.manual_seed(0)
    made = module()
    for init, parameter in ((weight, made.weight), (bias, made.bias)):
        theirs = parameter.detach().double().flatten().sort().values
        ours = drawn(init, shape=tuple(parameter.shape)).flatten().sort().values
        both = torch.cat([ours, theirs]).sort().values
        ranks = [torch.searchsorted(sample, both, right=True) for sample in (ours, theirs)]
        assert float((ranks[0] - ranks[1]).abs().max()) / len(ours) < 1.95 * sqrt(2 / len(ours))
        assert float(ours.abs().max()) <= init.bound


def test_a_parameter_depends_on_seed_and_name_alone():
    one = drawn(Init("normal", std=1.0), name="a.weight")
    assert torch.equal(one, drawn(Init("normal", std=1.0), name="a.weight"))
    assert not torch.equal(one, drawn(Init("normal", std=1.0), name="b.weight"))
    assert not torch.equal(one, drawn(Init("normal", std=1.0), name="a.weight", seed=1))


def test_the_seed_of_a_parameter_is_the_same_for_ever():
    """Files say "seed 0" and mean these numbers; the hash must not change with Python's or ours."""
    digest = hashlib.sha256(b"7/res.0.conv.weight").digest()
    assert generator(7, "res.0.conv.weight").initial_seed() == int.from_bytes(digest[:8], "little") >> 1
    assert generator(7, "res.0.conv.weight").initial_seed() == 6934923016785425640


def test_drawing_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    drawn(Init("orthogonal"))
    drawn(Init("kaiming_normal"))
    assert torch.equal(before, torch.get_rng_state())


def test_whole_numbers():
    value = draw(Tensor("num_batches_tracked", (), Init("zeros"), dtype="int"), 0, "bn.num_batches_tracked")
    assert value.dtype == torch.int64
    assert value.shape == ()


@pytest.mark.parametrize(
    "value", [[[1, 2.5]], ((1, 2.5),), np.array([[1, 2.5]], dtype=np.float32), torch.tensor([[1, 2.5]])]
)
def test_explicit_values_of_any_form(value):
    given = explicit(value, Tensor("weight", (1, 2)), "a.weight")
    assert given.dtype == torch.float64
    assert given.tolist() == [[1.0, 2.5]]


def test_an_explicit_value_is_copied():
    value = torch.zeros(2, dtype=torch.float64)
    explicit(value, Tensor("bias", (2,)), "a.bias").fill_(1)
    assert value.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([1.0, 2.0], 'The start value of "a.weight" is 2, but the parameter is 1 × 2.'),
        ([[1.0], [2.0]], 'The start value of "a.weight" is 2 × 1, but the parameter is 1 × 2.'),
        (3.0, 'The start value of "a.weight" is scalar, but the parameter is 1 × 2.'),
        ([[1.0, 2.0], [3.0]], 'The start value of "a.weight" is no array of numbers.'),
        ([["one", "two"]], 'The start value of "a.weight" is no array of numbers.'),
        (None, 'The start value of "a.weight" is'),
    ],
)
def test_a_value_that_does_not_fit(value, message):
    with pytest.raises(GraphError, match=message) as error:
        explicit(value, Tensor("weight", (1, 2)), "a.weight")
    assert error.value.code == "G18"
