"""One block run forward and backward twice: by its own formulas and by autograd."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import torch

from engine.block import EMPTY_CONTEXT, Block, Context, registry
from engine.param import parse_all
from engine.recipe import GradContext, Recipe, Ref
from engine.tensorspec import TensorSpec
from tests.helpers.run_recipe import Runner, call


def parsed(kind: str, params: Mapping[str, Any]) -> tuple[Block, dict[str, Any]]:
    """The block and its parameters, which must all be good."""
    block = registry()[kind]
    values, errors = parse_all(block.params, params)
    assert not errors, errors
    return block, values


@final
@dataclass(frozen=True)
class Step:
    """What one block did: `found` by its formulas, `wanted` by autograd, keyed by port or parameter."""

    recipe: Recipe
    specs: dict[str, TensorSpec]
    outputs: dict[str, torch.Tensor]
    upstream: dict[str, torch.Tensor]
    leaves: dict[str, torch.Tensor]
    found: dict[str, Any]
    wanted: dict[str, torch.Tensor]
    runner: Runner
    seed: int
    saved: dict[str, torch.Tensor]

    def outputs_at(self, leaves: Mapping[str, torch.Tensor], inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """The sum of outputs times upstream gradients, at other inputs and weights, under the same draws."""
        torch.manual_seed(self.seed)
        runner = Runner(
            self.recipe,
            {name: leaves[name] for name in self.runner.weights},
            training=self.runner.training,
            dtype=torch.float64,
        )
        values = runner.run({**inputs, **{name: leaves[name] for name in inputs if name in leaves}})
        return torch.stack([(values[port] * weight).sum() for port, weight in self.upstream.items()]).sum()


def block_step(
    kind: str,
    params: Mapping[str, Any],
    specs: Mapping[str, TensorSpec],
    inputs: Mapping[str, torch.Tensor],
    *,
    training: bool = True,
    context: Context = EMPTY_CONTEXT,
    seed: int = 0,
    dtype: torch.dtype = torch.float64,
    weights: Mapping[str, torch.Tensor] | None = None,
) -> Step:
    """Runs the block on these inputs; weights are normal numbers unless given."""
    block, values = parsed(kind, params)
    out_specs = block.shape(values, specs, context)
    recipe = block.recipe(values, specs, context)
    generator = torch.Generator().manual_seed(seed)
    tensors = {tensor.name: tensor for tensor in recipe.parameters}
    read = {arg.name for one in recipe.calls for arg in one.args if isinstance(arg, Ref)}
    borrowed = {f"{path}.{one.name}": one for path in recipe.borrows for one in context.parameters[path]}
    tensors |= {name: tensor for name, tensor in borrowed.items() if name in read}
    own = {
        name: torch.randn(tensor.shape, generator=generator, dtype=torch.float64).to(dtype)
        for name, tensor in tensors.items()
    }
    own |= dict(weights or {})
    leaves = {name: value.clone().requires_grad_() for name, value in inputs.items() if value.is_floating_point()}
    leaves |= {name: value.clone().requires_grad_() for name, value in own.items()}
    runner = Runner(recipe, {name: leaves[name] for name in own}, training=training, dtype=dtype)
    fed = {name: leaves.get(name, value) for name, value in inputs.items()}
    buffers = {}
    if runner.module is not None:
        with torch.no_grad():
            for name, buffer in runner.module.named_buffers():
                if buffer.is_floating_point():
                    buffer.copy_(0.5 + torch.rand(buffer.shape, generator=generator))
                buffers[name] = buffer.clone()
    torch.manual_seed(seed)
    plain = runner.run(fed)
    torch.manual_seed(seed)
    traced = runner.run(fed, traced=True)
    for port in out_specs:
        assert torch.equal(plain[port], traced[port]), "the traced calls give other bits"
    upstream = {
        port: torch.randn(plain[port].shape, generator=generator, dtype=torch.float64).to(dtype) for port in out_specs
    }
    wanted = torch.autograd.grad(
        [plain[port] for port in out_specs],
        list(leaves.values()),
        list(upstream.values()),
        allow_unused=True,
        materialize_grads=True,
    )
    with torch.no_grad():
        found = block.grads(
            GradContext(
                params=values,
                inputs={name: value.detach() for name, value in fed.items()},
                outputs={port: traced[port].detach() for port in out_specs},
                weights={name: leaves[name].detach() for name in own},
                buffers=buffers,
                saved={name: traced[name].detach() for name in recipe.saved},
                upstream=upstream,
                training=training,
                call=call,
            )
        )
    outputs = {port: plain[port].detach() for port in out_specs}
    saved = {name: traced[name].detach() for name in recipe.saved}
    by_autograd = dict(zip(leaves, wanted, strict=True))
    return Step(recipe, out_specs, outputs, upstream, leaves, found, by_autograd, runner, seed, saved)
