"""The moments of one block, for tests: its numbers by PyTorch, its gradients by autograd."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from engine.block import EMPTY_CONTEXT, Context, block_named
from engine.moments import Backward, Forward, Mathematics, Step, Sum, Values
from engine.tensorspec import TensorSpec
from gui.backprop.lens import Shown
from tests.helpers.block_step import block_step, parsed


def step_of(
    kind: str,
    params: Mapping[str, Any],
    inputs: Mapping[str, torch.Tensor],
    specs: Mapping[str, TensorSpec] | None = None,
    *,
    context: Context = EMPTY_CONTEXT,
    weights: Mapping[str, torch.Tensor] | None = None,
) -> tuple[Step, dict[str, Any]]:
    """Forward and backward through one block, and all arrays by key."""
    specs = specs or {name: TensorSpec(("N", *value.shape[1:])) for name, value in inputs.items()}
    made = block_step(kind, params, specs, inputs, context=context, weights=weights)
    _, values = parsed(kind, params)
    block = block_named(kind)
    assert block is not None
    formula = block.formula(values)
    arrays: dict[str, Any] = {}

    def kept(place: str, tensors: Mapping[str, torch.Tensor]) -> tuple[Values, ...]:
        for name, tensor in tensors.items():
            arrays[f"{place}/{name}"] = tensor.detach().numpy()
        return tuple(Values.of(name, np.asarray(arrays[f"{place}/{name}"]), f"{place}/{name}") for name in tensors)

    names = list(made.runner.weights)
    forward = Forward(
        index=0,
        node="block",
        block=kind,
        form="other",
        inputs=kept("in", inputs),
        outputs=kept("out", made.outputs),
        weights=kept("weights", {name: made.leaves[name] for name in names}),
        saved=kept("saved", made.saved),
        elements=None,
        sources={},
        formula=Mathematics(formula.forward, formula.symbols, formula.source, values),
    )
    backward = Backward(
        index=1,
        node="block",
        block=kind,
        form="other",
        upstream=tuple(Sum(each) for each in kept("upstream", made.upstream)),
        local=(),
        inputs=kept("back", {name: made.wanted[name] for name in inputs if name in made.wanted}),
        weights=kept("back", {name: made.wanted[name] for name in names}),
        formula=Mathematics(formula.backward, formula.symbols, formula.source, values),
    )
    return Step((forward, backward), 0.0, (), 1), arrays


def shown_of(kind: str, params: Mapping[str, Any], x: torch.Tensor, *, backward: bool, **more: Any) -> Shown:
    """One of the two moments, as a view gets it."""
    step, arrays = step_of(kind, params, {"in": x}, **more)
    return Shown(step, step.moments[backward], "backward" if backward else "forward", arrays)
