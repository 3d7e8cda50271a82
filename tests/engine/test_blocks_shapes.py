"""The shape rules against PyTorch itself: accepted shapes on the meta device, where tensors have no numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.block import Block, Context, ShapeError, registry
from engine.tensorspec import TensorSpec
from tests.conformance.cases import CASES, TORCH
from tests.conformance.inputs import concrete
from tests.helpers.block_step import parsed
from tests.helpers.run_recipe import Runner

_REFUSALS = (RuntimeError, ValueError, IndexError, TypeError, AssertionError, NotImplementedError, ShapeError)
_DTYPES = {"float": torch.float32, "int": torch.int64, "bool": torch.bool}


def _in_torch(
    kind: str,
    params: Mapping[str, Any],
    specs: Mapping[str, TensorSpec],
    context: Context,
    *,
    batch: int,
    training: bool = True,
    device: str = "meta",
) -> dict[str, torch.Tensor]:
    block, values = parsed(kind, params)
    recipe = block.recipe(values, specs, context)
    inputs = {
        port: torch.zeros(concrete(spec.shape, batch), device=device, dtype=_DTYPES[spec.dtype])
        for port, spec in specs.items()
    }
    weights = {tensor.name: torch.zeros(tensor.shape, device=device) for tensor in recipe.parameters}
    for path in recipe.borrows:
        weights |= {f"{path}.{one.name}": torch.zeros(one.shape, device=device) for one in context.parameters[path]}
    runner = Runner(recipe, weights, training=training, device=device, dtype=torch.float32)
    if runner.module is not None:
        named = {name: value.shape for name, value in runner.module.named_parameters()}
        assert named == {tensor.name: torch.Size(tensor.shape) for tensor in recipe.parameters}
        buffers = {name: value.shape for name, value in runner.module.named_buffers()}
        assert buffers == {tensor.name: torch.Size(tensor.shape) for tensor in recipe.buffers}
    return runner.run(inputs, traced=training)


def test_every_block_has_cases() -> None:
    assert set(CASES) == set(registry()) - {"Input"}


@pytest.mark.parametrize("size", [(), (1,), (2,), (1, 1), (1, 3)])
def test_group_norm_refuses_all_that_torch_refuses_of_a_single_sample(size: tuple[int, ...]) -> None:
    """Batches of one are what people predict on; the general test has two samples at least."""
    for channels in range(1, 7):
        for groups in (number for number in range(1, 7) if channels % number == 0):
            spec = TensorSpec(("N", channels, *size))
            try:
                torch.nn.GroupNorm(groups, channels)(torch.zeros(1, channels, *size))
                refused = False
            except ValueError as error:
                refused = "Expected more than 1 value per channel" in str(error)
            block, values = parsed("GroupNorm", {"num_groups": groups})
            if refused:
                with pytest.raises(ShapeError, match="each group, which is a single number"):
                    block.shape(values, {"in": spec})
            else:
                assert block.shape(values, {"in": spec})["out"].shape == spec.shape


@pytest.mark.parametrize("kind", sorted(CASES))
def test_shape_rule_equals_torch(kind: str) -> None:
    case = CASES[kind]

    @settings(max_examples=40, deadline=None)
    @given(case.valid, st.integers(2, 5), st.booleans())
    def run(drawn: Any, batch: int, training: bool) -> None:
        params, specs = drawn
        block, values = parsed(kind, params)
        promised = block.shape(values, specs, case.context)
        assert set(promised) == {port.name for port in block.outputs(values)}
        assert set(specs) == {port.name for port in block.inputs(values)}
        got = _in_torch(kind, params, specs, case.context, batch=batch, training=training)
        for port, spec in promised.items():
            assert tuple(got[port].shape) == concrete(spec.shape, batch)
            assert got[port].dtype == _DTYPES[spec.dtype]
        assert block.macs(values, specs, promised) >= 0
        assert isinstance(block.summary(values, specs), str)
        assert isinstance(block.summary(values, {}), str)
        block.remarks(values, specs, case.context)

    run()


_REFUSED = [(kind, index) for kind in sorted(CASES) for index in range(len(CASES[kind].refused))]


@pytest.mark.parametrize(("kind", "index"), _REFUSED)
def test_refusals(kind: str, index: int) -> None:
    params, specs, reason = CASES[kind].refused[index]
    block, values = parsed(kind, params)
    with pytest.raises(ShapeError) as error:
        block.shape(values, specs)
    assert error.value.code in {"G03", "G04", "G06", "G08"}
    assert error.value.message
    assert not error.value.message.endswith(".")
    assert error.value.hint.endswith(".")
    ports = {port.name for port in block.inputs(values)}
    assert error.value.port is None or error.value.port in ports
    if error.value.fix:
        assert error.value.fix[0] in {"insert", "set", "swap", "outputs", "remove"}
    if reason == TORCH:
        with pytest.raises(_REFUSALS):
            _in_torch(kind, params, specs, CASES[kind].context, batch=2, device="cpu")


@pytest.mark.parametrize(("kind", "index"), _REFUSED)
def test_fixes_help(kind: str, index: int) -> None:
    """A parameter that a fix sets is one the block has, and the block then gets further."""
    params, specs, _ = CASES[kind].refused[index]
    block, values = parsed(kind, params)
    with pytest.raises(ShapeError) as error:
        block.shape(values, specs)
    fix = error.value.fix
    if fix and fix[0] == "set":
        _, mended = parsed(kind, {**params, fix[1]: fix[2]})
        assert _trouble(block, mended, specs) != _trouble(block, values, specs)
    elif fix and fix[0] == "swap":
        other, defaults = parsed(fix[1], {})
        assert _trouble(other, defaults, specs) == ("", None)
    elif fix and fix[0] == "outputs":
        port = (*fix, error.value.port)[2]
        given = specs[port]
        mended = {**specs, port: replace(given, shape=(given.shape[0], fix[1], *given.shape[2:]))}
        assert _trouble(block, values, mended) == ("", None)
    elif fix and fix[0] == "insert":
        helper, settings_ = parsed(fix[1], dict(fix[2]))
        port = error.value.port
        assert port is not None
        between = helper.shape(settings_, {"in": specs[port]})["out"]
        assert _trouble(block, values, {**specs, port: between}) != _trouble(block, values, specs)


def _trouble(block: Block, values: Mapping[str, Any], specs: Mapping[str, TensorSpec]) -> tuple[str, str | None]:
    try:
        block.shape(values, specs)
    except ShapeError as error:
        return error.message, error.port
    return "", None
