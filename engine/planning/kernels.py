"""What stands against fast-forward, as far as graph and settings tell: nothing is compiled to find out.

What is found here can never be made by a kernel. What is not, may still turn out to be: values that a kernel cannot
take, or a plug-in's operations; the training tells so at its first step.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal, final

from engine.recipe import Recipe
from engine.result import Result

Kind = Literal["compiler", "data", "streamed", "phases", "blocks", "random", "precision", "micro_batch", "device"]

_UNKNOWN = (
    "torch.nn.AvgPool", "torch.nn.BatchNorm", "torch.nn.Conv", "torch.nn.GroupNorm", "torch.nn.InstanceNorm",
    "torch.nn.LayerNorm", "torch.nn.MaxPool", "torch.nn.functional.avg_pool", "torch.nn.functional.batch_norm",
    "torch.nn.functional.conv", "torch.nn.functional.group_norm", "torch.nn.functional.layer_norm",
    "torch.nn.functional.max_pool",
)  # fmt: skip
"""Beginnings of what there is no kernel for."""


@final
@dataclass(frozen=True, slots=True)
class Hindrance:
    """One thing that stands against it.

    Attributes:
        kind: `random`: blocks that draw random numbers while they train; `blocks`: those that no kernel computes.
        blocks: their ids on the top level, in order.
    """

    kind: Kind
    blocks: tuple[str, ...] = ()


@cache
def compiler_there() -> bool:
    """Whether what compiles kernels is installed."""
    return importlib.util.find_spec("llvmlite") is not None


def hindrances(result: Result, *, dropout_off: bool = False) -> tuple[Hindrance, ...]:
    """All that stands against fast-forwarding a network; () where nothing is known to.

    Args:
        result: of the check.
        dropout_off: whether blocks that draw random numbers are switched off.
    """
    return tuple(_found(result, dropout_off))


def _found(result: Result, dropout_off: bool) -> Iterator[Hindrance]:
    if not compiler_there():
        yield Hindrance("compiler")
    alive = [path for path in result.order if path in result.live]
    inputs = [path for path in result.inputs if path in result.live]
    if not inputs:
        yield Hindrance("data")
    facts = [result.nodes[path].facts for path in inputs]
    if any(each is not None and each.streamed for each in facts):
        yield Hindrance("streamed")
    if len(result.phases) > 1:
        yield Hindrance("phases")
    plans = [result.nodes[path] for path in alive]
    recipes = [(plan.node, plan.recipe) for plan in plans if plan.recipe is not None]
    unknown = dict.fromkeys(node for node, recipe in recipes if not recipe.random and _is_unknown(recipe))
    if unknown:
        yield Hindrance("blocks", tuple(unknown))
    drawing = dict.fromkeys(node for node, recipe in recipes if recipe.random)
    if drawing and not dropout_off:
        yield Hindrance("random", tuple(drawing))
    settings = result.settings
    if settings.get("precision") in ("bf16", "fp16"):
        yield Hindrance("precision")
    if settings.get("micro_batch"):
        yield Hindrance("micro_batch")
    if settings.get("device") not in (None, "auto", "cpu"):
        yield Hindrance("device")


def _is_unknown(recipe: Recipe) -> bool:
    module = () if recipe.module is None else (recipe.module.target,)
    return any(target.startswith(_UNKNOWN) for target in (*module, *(call.target for call in recipe.calls)))
