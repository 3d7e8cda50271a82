"""Every registered block through the whole engine: plan, file, network, trace, exported code.

What a block is by itself (its shape rule against torch's meta device, its gradients against autograd and differences,
its formulas and help) is tested in `tests/engine/test_blocks_*.py` over the same cases.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import files
from engine.block import registry
from engine.build import build, tensor_specs
from engine.tracing import trace_step
from tests.conformance.cases import CASES
from tests.conformance.inputs import concrete
from tests.conformance.whole import BLOCK, Whole, whole
from tests.helpers.exported import assert_same, exported

KINDS = sorted(set(registry()) - {"Input"})
"""Input has no calls; it is in every one of these projects."""


def each(kind: str, check: Any, examples: int) -> None:
    """Runs a check on drawn projects around the block."""

    @settings(max_examples=examples, deadline=None)
    @given(CASES[kind].valid, st.integers(2, 4), st.integers(0, 99))
    def run(drawn: Any, batch: int, seed: int) -> None:
        check(whole(kind, *drawn), batch, seed)

    run()


def test_every_registered_block_has_a_case():
    assert set(CASES) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_planned_and_built_as_promised(kind):
    def check(made: Whole, batch: int, seed: int) -> None:
        plan = made.result.nodes[BLOCK]
        net = build(made.result, seed=seed)
        state = {name: tuple(value.shape) for name, value in net.state_dict().items()}
        assert state == {name: spec.shape for name, spec in tensor_specs(made.result).items()}
        data = made.data(batch, seed, torch.float32)
        for training in (True, False):
            values = net.train(training).forward_to([BLOCK])(data)
            for port, spec in plan.outputs.items():
                assert spec is not None
                assert tuple(values[f"{BLOCK}.{port}"].shape) == concrete(spec.shape, batch)

    each(kind, check, 15)


@pytest.mark.parametrize("kind", KINDS)
def test_saved_and_opened_again(kind):
    def check(made: Whole, batch: int, seed: int) -> None:
        text = files.dumps(made.project)
        again = files.loads(text)
        assert again == made.project
        assert files.dumps(again) == text

    each(kind, check, 10)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("kind", KINDS)
def test_traced_by_its_own_formulas(kind, dtype):
    def check(made: Whole, batch: int, seed: int) -> None:
        net = build(made.result, dtype=dtype, seed=seed)
        data = made.data(batch, seed, dtype)
        torch.manual_seed(seed)
        trace = trace_step(net, data)
        assert trace["errors"] == []
        assert trace["loss"] == net.loss(data).item()
        entry = next(entry for entry in trace["backward"] if entry["node"] == BLOCK)
        floats = {port for port, spec in made.specs.items() if spec.dtype == "float"}
        assert set(entry["grad_inputs"]) == floats
        assert set(entry["grad_parameters"]) >= {spec.name for spec in _recipe(made).parameters}

    each(kind, check, 12)


def _recipe(made: Whole) -> Any:
    return made.result.nodes[BLOCK].recipe


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_formula_turns_the_trace_red(kind):
    block = registry()[kind]
    honest = type(block).grads

    def check(made: Whole, batch: int, seed: int) -> None:
        net = build(made.result, dtype=torch.float64, seed=seed)
        data = made.data(batch, seed, torch.float64)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                type(block), "grads", lambda self, c: {name: value + 0.01 for name, value in honest(self, c).items()}
            )
            trace = trace_step(net, data)
        red = [entry["node"] for entry in trace["backward"] if "error" in entry]
        wrong = [path for path in net.order if made.result.nodes[path].block == kind]
        assert sorted(red) == sorted(wrong)
        assert BLOCK in red

    each(kind, check, 3)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("kind", KINDS)
def test_exported_code_equals_the_network_to_the_bit(kind, dtype):
    def check(made: Whole, batch: int, seed: int) -> None:
        net = build(made.result, dtype=dtype, seed=seed)
        data = made.data(batch, seed, dtype)
        assert_same(net, exported(made.project, made.result, net.state_dict(), data), data)

    each(kind, check, 8)
