"""Every block's own backward formula against autograd and against differences of the forward pass."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.activation_functions import FUNCTIONS
from engine.loss_functions import LOSSES
from engine.tensorspec import TensorSpec
from tests.conformance.cases import CASES
from tests.helpers.block_step import block_step


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("kind", sorted(CASES))
def test_grads_equal_autograd(kind: str, training: bool) -> None:
    case = CASES[kind]

    @settings(max_examples=30, deadline=None)
    @given(case.valid, st.integers(2, 4), st.integers(0, 99))
    def run(drawn: Any, batch: int, seed: int) -> None:
        params, specs = drawn
        inputs = case.data(params, specs, batch, seed, torch.float64)
        done = block_step(kind, params, specs, inputs, training=training, context=case.context, seed=seed)
        _compare(done.found, done.wanted, kind, rtol=1e-10, atol=1e-12)

    run()


@pytest.mark.parametrize("kind", sorted(CASES))
def test_grads_in_single_precision(kind: str) -> None:
    case = CASES[kind]

    @settings(max_examples=10, deadline=None)
    @given(case.valid, st.integers(0, 99))
    def run(drawn: Any, seed: int) -> None:
        params, specs = drawn
        inputs = case.data(params, specs, 3, seed, torch.float32)
        done = block_step(kind, params, specs, inputs, context=case.context, seed=seed, dtype=torch.float32)
        assert all(value.dtype == torch.float32 for value in done.found.values())
        _compare(done.found, done.wanted, kind, rtol=1e-4, atol=2e-4)

    run()


@pytest.mark.parametrize("kind", sorted(CASES))
def test_grads_equal_differences(kind: str) -> None:
    """Along a random direction, (f(x + εv) − f(x − εv)) / 2ε is the sum of gradient times v."""
    case = CASES[kind]

    @settings(max_examples=15, deadline=None)
    @given(case.valid, st.integers(0, 99))
    def run(drawn: Any, seed: int) -> None:
        params, specs = drawn
        inputs = case.data(params, specs, 3, seed, torch.float64)
        done = block_step(kind, params, specs, inputs, context=case.context, seed=seed)
        generator = torch.Generator().manual_seed(seed + 1)
        along = {
            name: torch.randn(leaf.shape, generator=generator, dtype=torch.float64)
            for name, leaf in done.leaves.items()
        }
        step = 1e-6
        ahead, behind = (
            done.outputs_at(
                {name: leaf.detach() + sign * step * along[name] for name, leaf in done.leaves.items()}, inputs
            )
            for sign in (1, -1)
        )
        expected = (ahead - behind) / (2 * step)
        found = torch.stack([(value * along[name]).sum() for name, value in done.found.items()]).sum()
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)

    run()


def _compare(found: dict[str, Any], wanted: dict[str, torch.Tensor], kind: str, rtol: float, atol: float) -> None:
    assert set(found) == set(wanted)
    for name, gradient in wanted.items():
        assert found[name].shape == gradient.shape, f"{kind}: {name}"
        torch.testing.assert_close(found[name], gradient, rtol=rtol, atol=atol)


_KINKS = torch.tensor([-7.0, -6.0, -3.0, -1.0, 0.0, 1.0, 3.0, 6.0, 20.0, 25.0], dtype=torch.float64)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_at_kinks_as_autograd(function: str) -> None:
    """Where a derivative is a matter of convention, the convention is PyTorch's."""
    specs = {"in": TensorSpec(("N", 1))}
    shape = specs | {"in": TensorSpec(("N", 5))} if function in {"softmax", "log_softmax"} else specs
    x = _KINKS.reshape(-1, 5) if shape != specs else _KINKS.reshape(-1, 1)
    done = block_step("Activation", {"function": function}, shape, {"in": x})
    _compare(done.found, done.wanted, function, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("function", [name for name, loss in LOSSES.items() if not loss.classes])
def test_losses_at_kinks_as_autograd(function: str) -> None:
    prediction = torch.tensor([[0.0], [1.0], [0.0], [1.0], [0.5], [1.0]], dtype=torch.float64)
    target = torch.tensor([[0.0], [1.0], [1.0], [0.0], [0.5], [-1.0]], dtype=torch.float64)
    if function in {"binary_cross_entropy", "bce_with_logits"}:
        target = target.clamp(min=0)
    spec = TensorSpec(("N", 1))
    done = block_step(
        "Loss",
        {"function": function},
        {"prediction": spec, "target": spec},
        {"prediction": prediction, "target": target},
    )
    _compare(done.found, done.wanted, function, rtol=1e-10, atol=1e-12)
