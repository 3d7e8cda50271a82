"""The derivatives of one block for one sample, against torch's own Jacobian and the traced gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from engine.build import build
from engine.moments import Backward
from engine.samplejacobian import LARGEST, sample_jacobian
from engine.stepevents import JacobianTaken, Unfolded
from engine.unfolding import Unfolding
from tests.engine.session_listener import Listener
from tests.engine.training_projects import small
from tests.helpers.projects import chain, images, make_project, planned, rows


def net_of(*nodes: Any, facts: Any = None) -> Any:
    lines = [("data", "Input"), *nodes, ("loss", "Loss", {"function": "mse"})]
    names = [line[0] for line in nodes]
    wires = [*chain("data.x", *names, "loss.prediction"), "data.y -> loss.target"]
    result = planned(make_project(lines, wires), facts or rows(3, 2))
    return build(result, dtype=torch.float64, seed=1)


def data(samples: int = 4, features: int = 3, targets: int = 2) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return {
        "data.x": torch.randn(samples, features, dtype=torch.float64),
        "data.y": torch.randn(samples, targets, dtype=torch.float64),
    }


DENSE = ("dense", "Dense", {"out_features": 2})


def test_dense_is_its_weight_and_softmax_its_formula() -> None:
    net, batch = net_of(DENSE, ("soft", "Activation", {"function": "softmax"})), data()
    weight = dict(net.named_parameters())["dense.weight"].detach().numpy()
    np.testing.assert_allclose(sample_jacobian(net, batch, "dense", "in", 2), weight, rtol=1e-12)
    p = net.forward_to(["soft"])(batch)["soft.out"][2].detach().numpy()
    wanted = np.diag(p) - np.outer(p, p)
    np.testing.assert_allclose(sample_jacobian(net, batch, "soft", "in", 2), wanted, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize(
    "nodes",
    [
        (DENSE, ("norm", "LayerNorm")),
        (DENSE, ("act", "Activation", {"function": "custom", "expression": "z*sigmoid(z)"})),
        (DENSE, ("log", "Activation", {"function": "log_softmax"})),
    ],
)
def test_the_row_vector_times_the_matrix_is_the_traced_gradient(nodes: tuple[Any, ...]) -> None:
    net, batch = net_of(*nodes), data()
    step = Unfolding(net, batch).step
    for name in ("dense", nodes[-1][0], "loss"):
        moment = step.at(Backward, name)
        assert isinstance(moment, Backward)
        port = "prediction" if name == "loss" else "in"
        passed = next(each for each in moment.inputs if each.name == port).array
        arriving = moment.upstream[0].total.array
        assert passed is not None
        assert arriving is not None
        for sample in range(4):
            matrix = sample_jacobian(net, batch, name, port, sample)
            delta = arriving.reshape(1) if name == "loss" else arriving[sample]
            np.testing.assert_allclose(delta @ matrix, passed[sample], rtol=1e-9, atol=1e-15)


def test_a_convolution_beside_torchs_own_jacobian() -> None:
    nodes = (
        ("conv", "Conv2d", {"out_channels": 2, "kernel_size": 3}),
        ("flat", "Flatten"),
        ("dense", "Dense", {"out_features": 3}),
    )
    lines = [("data", "Input"), *nodes, ("loss", "Loss", {"function": "cross_entropy"})]
    wires = [*chain("data.x", "conv", "flat", "dense", "loss.prediction"), "data.y -> loss.target"]
    net = build(planned(make_project(lines, wires), images(1, 5, 4)), dtype=torch.float64)
    batch = {"data.x": torch.randn(2, 1, 5, 4, dtype=torch.float64), "data.y": torch.tensor([0, 2])}
    weights = dict(net.named_parameters())

    def convolved(x: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.conv2d(x[None], weights["conv.weight"], weights["conv.bias"])[0]

    wanted = torch.autograd.functional.jacobian(convolved, batch["data.x"][1]).reshape(12, 20)
    np.testing.assert_allclose(sample_jacobian(net, batch, "conv", "in", 1), wanted.numpy(), rtol=1e-12)


def test_too_many_and_unknown_are_refused() -> None:
    net, batch = net_of(DENSE), data()
    with pytest.raises(KeyError, match='no input "other" of "dense"'):
        sample_jacobian(net, batch, "dense", "other", 0)
    with pytest.raises(ValueError, match="there is no 9"):
        sample_jacobian(net, batch, "dense", "in", 9)
    wide = net_of(("wide", "Dense", {"out_features": 1000}), DENSE)
    big = net_of(("wide", "Dense", {"out_features": 1000}), ("wider", "Dense", {"out_features": 1000}), DENSE)
    assert sample_jacobian(wide, batch, "wide", "in", 0).shape == (1000, 3)
    assert LARGEST < 1_000_000
    with pytest.raises(ValueError, match="1,000 × 1,000 derivatives are too many"):
        sample_jacobian(big, batch, "wider", "in", 0)


def test_nothing_is_changed() -> None:
    net, batch = net_of(DENSE, ("norm", "BatchNorm1d"), ("drop", "Dropout", {"p": 0.5})), data()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    torch.manual_seed(5)
    state = torch.random.get_rng_state()
    first = sample_jacobian(net, batch, "drop", "in", 1)
    assert torch.equal(torch.random.get_rng_state(), state)
    np.testing.assert_array_equal(first, sample_jacobian(net, batch, "drop", "in", 1))
    assert set(np.unique(np.diag(first))) <= {0.0, 2.0}
    for name, value in net.state_dict().items():
        assert torch.equal(value, before[name])


def test_a_jacobian_of_other_weights_is_refused() -> None:
    with Listener(small(epochs=5)) as listener:
        session = listener.session
        told = listener.ask(lambda: session.unfold(None, 1), Unfolded)
        assert told.step is not None
        node = next(moment.node for moment in told.step.moments if moment.block == "Dense")
        first = listener.ask(lambda: session.jacobian(node, "in", 2), JacobianTaken)
        assert (first.error, first.matrix is None) == ("", False)
        session.step("batch")
        listener.until("paused")
        late = listener.ask(lambda: session.jacobian(node, "in", 3), JacobianTaken)
        assert "from step 0 to 1" in late.error
        assert late.matrix is None
        listener.ask(lambda: session.unfold(None, 4), Unfolded)
        again = listener.ask(lambda: session.jacobian(node, "in", 5), JacobianTaken)
        assert again.error == ""
