"""Whether a block and PyTorch agree about inputs, and if not, whether the disagreement is on the list."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import torch

from engine.block import EMPTY_CONTEXT, Context, ShapeError
from engine.tensorspec import TensorSpec
from tests.conformance.inputs import concrete
from tests.conformance.stricter import RULES
from tests.helpers.block_step import parsed
from tests.helpers.run_recipe import Runner

REFUSALS = (RuntimeError, ValueError, IndexError, TypeError, AssertionError, NotImplementedError, ArithmeticError)
"""What PyTorch raises."""
DTYPES = {"float": torch.float32, "int": torch.int64, "bool": torch.bool}
BATCHES = (2, 3, 5)

Params = Mapping[str, Any]
Specs = Mapping[str, TensorSpec]


def in_torch(kind: str, params: Params, specs: Specs, batch: int, device: str, context: Context = EMPTY_CONTEXT) -> Any:
    """What the block's calls make of such inputs. Raises one of REFUSALS, or ShapeError where there are no calls."""
    block, values = parsed(kind, params)
    recipe = block.recipe(values, specs, context)
    inputs = {}
    for port, spec in specs.items():
        shape = concrete(spec.shape, batch)
        if spec.dtype == "float":
            inputs[port] = torch.full(shape, 0.5, device=device)
        else:  # labels that every loss takes
            inputs[port] = torch.zeros(shape, device=device, dtype=DTYPES[spec.dtype])
    weights = {tensor.name: torch.zeros(tensor.shape, device=device) for tensor in recipe.parameters}
    for path in recipe.borrows:
        weights |= {f"{path}.{one.name}": torch.zeros(one.shape, device=device) for one in context.parameters[path]}
    return Runner(recipe, weights, training=True, device=device, dtype=torch.float32).run(inputs)


def judge(kind: str, params: Params, specs: Specs) -> str:
    """`accepted`, `refused` or the reason of a stricter rule; fails where the block and PyTorch differ otherwise.

    PyTorch takes an input only if it does so for batches of every size.
    """
    block, values = parsed(kind, params)
    try:
        promised = block.shape(values, specs)
    except ShapeError as error:
        return _refusal(kind, params, specs, error)
    for batch in BATCHES:
        got = in_torch(kind, params, specs, batch, "meta")
        for port, spec in promised.items():
            assert tuple(got[port].shape) == concrete(spec.shape, batch), (kind, params, specs)
            assert got[port].dtype == DTYPES[spec.dtype]
            if any(one.batched for one in specs.values()):
                assert spec.batched or not spec.shape, "the batch is no longer first"
    return "accepted"


def _refusal(kind: str, params: Params, specs: Specs, error: ShapeError) -> str:
    try:
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a warning is no refusal
            outs = [in_torch(kind, params, specs, batch, "cpu") for batch in BATCHES]
    except (*REFUSALS, ShapeError):
        return "refused"
    reasons = [rule.reason for rule in RULES if rule.applies(kind, params, specs)]
    assert reasons, f'{kind} {params} {specs} refuses: "{error.message}", but PyTorch gives {outs[0]["out"].shape}'
    return reasons[0]
