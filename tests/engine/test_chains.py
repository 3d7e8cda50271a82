"""The chain rule of one weight: against autograd, against every path enumerated by hand, and against golden figures."""

from __future__ import annotations

import itertools
import json
import pickle
from pathlib import Path as FilePath
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from engine import assets, files
from engine.build import build
from engine.pathfinder import PathFinder
from engine.scalargraph import ScalarGraph
from engine.training.loading import load
from engine.training.run import Run
from tests.engine.nets import CNN, RESIDUAL, batch, residual_group, two_losses
from tests.helpers.projects import chain, make_project, planned, rows

GOLDEN = FilePath(__file__).parents[1] / "golden"


def golden(name: str) -> Any:
    return json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))


def finder_of(example: str) -> PathFinder:
    file = assets.folder() / "examples" / f"{example}.chainrule"
    run = Run(load(files.load(file), file.parent), lambda _event: None)
    assert run.trainer.batches is not None
    with run.trainer.drawing():
        return PathFinder(ScalarGraph(run.trainer.net, run.trainer.batches.peek(0)))


def finder_for(result, count=3, seed=0):
    torch.manual_seed(seed)
    net = build(result, dtype=torch.float64)
    data = batch(result, count, dtype=torch.float64)
    return PathFinder(ScalarGraph(net, data)), net, data


def autograd(net, data):
    net.train()
    names = dict(net.named_parameters())
    return dict(zip(names, torch.autograd.grad(net.loss(data), list(names.values())), strict=True))


# -- published numbers --


def test_mazur_has_two_paths_from_each_hidden_weight():
    want = golden("mazur_2_2_2")["step1"]
    finder = finder_of("mazur")
    for index in np.ndindex(2, 2):
        found = finder.chain("hidden.weight", index)
        assert (found.count, len(found.paths), found.rest, found.ending) == (2, 2, 0.0, "")
        assert found.gradient == pytest.approx(want["dE_dW1"][index[0]][index[1]], rel=1e-12)
        assert sum(path.product for path in found.paths) == pytest.approx(found.gradient, rel=1e-12)
        last = finder.chain("output.weight", index)
        assert [path.product for path in last.paths] == pytest.approx([want["dE_dW2"][index[0]][index[1]]], rel=1e-12)


def test_the_factors_of_a_path_are_the_local_derivatives_of_the_page():
    want = golden("mazur_2_2_2")["step1"]
    larger, smaller = finder_of("mazur").chain("hidden.weight", (0, 0)).paths
    assert [factor.text for factor in larger.factors] == [
        "∂hidden₁/∂hidden.weight₁,₁",
        "∂act1₁/∂hidden₁",
        "∂output₁/∂act1₁",
        "∂act2₁/∂output₁",
        "∂loss/∂act2₁",
    ]
    out = want["out_h"][0]
    expected = [0.05, out * (1 - out), 0.4, want["dout_o_dnet_o"][0], want["dE_dout_o"][0]]
    assert [factor.value for factor in larger.factors] == pytest.approx(expected, rel=1e-12)
    assert [factor.value for factor in smaller.factors][2:] == pytest.approx(
        [0.5, want["dout_o_dnet_o"][1], want["dE_dout_o"][1]], rel=1e-12
    )


def test_the_derivative_by_the_first_output_weight_is_the_activation_and_not_the_weight():
    """The slides multiply by w5 = 0.35 where ∂net_o/∂w5 is out_h1."""
    want = golden("slides_2_2_1")
    (path,) = finder_of("two-two-one").chain("output.weight", (0, 0)).paths
    first, *rest = path.factors
    assert first.equals is not None
    assert (first.text, first.equals.text) == ("∂output₁/∂output.weight₁,₁", "act1₁")
    assert first.value == pytest.approx(want["out_h"][0], rel=1e-12)
    assert [factor.value for factor in rest] == pytest.approx([want["dout_o_dnet_o"], want["dE_dout_o"]], rel=1e-12)
    assert path.product == pytest.approx(want["dE_dw2"][0], rel=1e-12)


def test_the_vanishing_gradient_is_one_path():
    want = golden("vanishing_chain_sigmoid_15")["gradients"]
    finder = finder_of("vanishing-15")
    found = finder.chain("dense1.weight", (0, 0))
    (path,) = found.paths
    assert path.product == pytest.approx(want[0]["dL_dw"], rel=1e-10)
    assert f"{path.product:.1e}" == "1.0e-10"
    assert len(path.factors) == 31  # the input, then σ′ and the weight of each layer, and the loss
    for entry in want:
        layer = entry["layer"]
        assert finder.chain(f"dense{layer}.bias", (0,)).gradient == pytest.approx(entry["dL_db"], rel=1e-10)


# -- autograd and enumeration --


@pytest.mark.parametrize(
    "made",
    [
        RESIDUAL,
        CNN,
        planned(residual_group(repeat=2), rows(4, 2)),
        planned(residual_group(repeat=2, share_across_repeats=True), rows(4, 2)),
        planned(two_losses(), rows(4, 2)),
    ],
    ids=["residual", "cnn", "groups", "shared", "two losses"],
)
def test_the_sum_of_all_paths_is_the_gradient(made):
    finder, net, data = finder_for(made)
    torch.manual_seed(5)
    state = torch.get_rng_state()
    graph = ScalarGraph(net, data)
    torch.set_rng_state(state)
    grads = autograd(net, data)
    finder = PathFinder(graph)
    assert grads
    for name, grad in grads.items():
        for at in {0, grad.numel() // 2, grad.numel() - 1}:
            index = np.unravel_index(at, grad.shape)
            found = finder.chain(name, [int(i) for i in index], paths=3)
            wanted = grad.reshape(-1)[at].item()
            assert found.gradient == pytest.approx(wanted, rel=1e-10, abs=1e-14), name
            assert found.autograd == pytest.approx(wanted, rel=1e-12, abs=1e-15), name
            assert sum(path.product for path in found.paths) + found.rest == pytest.approx(wanted, rel=1e-10, abs=1e-14)


def mlp(*widths, skip=False):
    nodes: list[Any] = [("data", "Input")]
    for number, width in enumerate(widths, 1):
        nodes += [(f"d{number}", "Dense", {"out_features": width}), (f"a{number}", "Activation", {"function": "tanh"})]
    names = [name for name, *_ in nodes[1:]]
    wires = ["data.x -> d1", *chain(*names)]
    end = names[-1]
    if skip:
        nodes += [("add", "Add"), ("last", "Dense", {"out_features": 2})]
        wires += [f"{end} -> add.a", "a1 -> add.b", "add -> last"]
        end = "last"
    nodes.append(("loss", "Loss", {"function": "mse"}))
    return planned(make_project(nodes, [*wires, f"{end} -> loss.prediction", "data.y -> loss.target"]), rows(3, 2))


def enumerated(net, data, neuron, feature):
    """All products by hand, for d1 4 - d2 5 - d3 2, tanh after each, mse."""
    w = {name: value.detach().numpy() for name, value in net.named_parameters()}
    x, y = data["data.x"].numpy(), data["data.y"].numpy()
    a1 = np.tanh(x @ w["d1.weight"].T + w["d1.bias"])
    a2 = np.tanh(a1 @ w["d2.weight"].T + w["d2.bias"])
    a3 = np.tanh(a2 @ w["d3.weight"].T + w["d3.bias"])
    products = []
    for n, j, k in itertools.product(range(len(x)), range(5), range(2)):
        slope = 2 * (a3[n, k] - y[n, k]) / y.size
        product = x[n, feature] * (1 - a1[n, neuron] ** 2) * w["d2.weight"][j, neuron] * (1 - a2[n, j] ** 2)
        products.append(product * w["d3.weight"][k, j] * (1 - a3[n, k] ** 2) * slope)
    return sorted(products, key=abs, reverse=True)


def test_the_largest_paths_come_first_and_none_is_left_out():
    finder, net, data = finder_for(mlp(4, 5, 2), count=6)
    want = enumerated(net, data, 2, 1)
    found = finder.chain("d1.weight", (2, 1), paths=17)
    assert found.count == len(want) == 60
    np.testing.assert_allclose([path.product for path in found.paths], want[:17], rtol=1e-10)
    assert found.rest == pytest.approx(sum(want[17:]), rel=1e-9)
    assert found.ending == f"…and 43 more, together {sum(want[17:]):.1e}"
    everything = finder.chain("d1.weight", (2, 1), paths=1000)
    np.testing.assert_allclose([path.product for path in everything.paths], want, rtol=1e-10)
    assert everything.ending == ""


def test_a_skip_connection_adds_its_own_paths():
    finder, _, _ = finder_for(mlp(4, 4, skip=True), count=2)
    found = finder.chain("d1.weight", (0, 0), paths=1000)
    through = [path for path in found.paths if any(factor.node == "d2" for factor in path.factors)]
    around = [path for path in found.paths if all(factor.node != "d2" for factor in path.factors)]
    assert (len(through), len(around)) == (2 * 4 * 2, 2 * 2)  # samples, neurons of d2, outputs
    assert found.gradient == pytest.approx(found.autograd, rel=1e-10)


def test_a_wide_deep_network_is_answered_without_enumeration():
    finder = finder_of("deep-sigmoid")
    found = finder.chain("dense1.weight", (0, 20), paths=10)
    assert found.count == 32.0 * 32**5 * 10  # samples, five layers in between, classes
    sizes = [abs(path.product) for path in found.paths]
    assert sizes == sorted(sizes, reverse=True)
    assert len(sizes) == 10
    assert found.gradient == pytest.approx(found.autograd, rel=1e-4)  # single precision
    assert found.ending.startswith("…and 10,737,418,230 more, together ")


def test_a_price_on_weights_is_a_path_of_its_own():
    finder, net, _ = finder_for(RESIDUAL)
    found = finder.chain("inner.weight", (1, 2), paths=10_000)
    (price,) = [path for path in found.paths if path.factors[0].node == "price"]
    assert price.product == pytest.approx(0.02 * net.get_parameter("inner.weight")[1, 2].item(), rel=1e-12)
    assert len(found.paths) == found.count


def test_a_block_that_is_too_large_is_taken_as_a_whole():
    finder = finder_of("residual-digits")
    found = finder.chain("stem.weight", (3, 0, 1, 1), paths=2)
    assert found.gradient == pytest.approx(found.autograd, rel=1e-3)
    assert all(path.factors[-1].whole for path in found.paths)


# -- what is reused --


def test_what_the_output_layer_needed_is_reused_by_the_hidden_one():
    finder = finder_of("two-two-one")
    first = finder.chain("output.weight", (0, 0))
    assert (first.new, first.reused) == (3, 0)
    second = finder.chain("output.weight", (0, 1))
    assert [factor.reused for factor in second.paths[0].factors] == [False, True, True]
    hidden = finder.chain("hidden.weight", (0, 0))
    assert [factor.reused for factor in hidden.paths[0].factors] == [False, False, False, True, True]
    assert (hidden.new, hidden.reused) == (3, 2)
    alone = finder.chain("hidden.weight", (0, 0), done=[])
    assert (alone.new, alone.reused) == (5, 0)
    told = finder.chain("hidden.weight", (0, 1), done=[("hidden.weight", (0, 0))])
    assert [factor.reused for factor in told.paths[0].factors] == [False, True, True, True, True]


def test_multiplications_are_counted_as_by_hand():
    """2-2-1: σ′ of the output and the loss 2, its weights 2, to the hidden units 2 · 2, their weights 4."""
    savings = finder_of("two-two-one").chain("output.weight", (0, 0)).savings
    assert savings.backprop == 2 + 2 + 2 + 2 + 4
    assert savings.each_alone == 2 * 3 + 4 * 5
    assert savings.weights == 6
    assert savings.differences == 2 * 6 * 10  # a forward pass: 4 + 2 products, 2 + 1 functions, 1 square
    deep = finder_of("deep-sigmoid").chain("output.weight", (0, 0)).savings
    assert deep.backprop < deep.each_alone < deep.differences


# -- manners --


def test_it_asks_for_weights_that_are_there():
    finder = finder_of("mazur")
    with pytest.raises(ValueError, match="shape"):
        finder.chain("hidden.weight", (2, 0))
    with pytest.raises(ValueError, match="shape"):
        finder.chain("hidden.weight", (0,))
    with pytest.raises(ValueError, match="no parameter"):
        finder.chain("nobody.weight", (0,))


def test_nothing_is_changed_and_the_answer_can_be_sent():
    net = build(CNN, dtype=torch.float64)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    random = torch.get_rng_state()
    net.eval()
    found = PathFinder(ScalarGraph(net, batch(CNN, dtype=torch.float64))).chain("dense.weight", (0, 0))
    assert not net.training
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert pickle.loads(pickle.dumps(found)) == found
    assert isinstance(net, nn.Module)
