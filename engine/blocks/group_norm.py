"""GroupNorm: groups of channels with mean 0 and variance 1 in each sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

from engine.block import EMPTY_CONTEXT, Block, Context
from engine.normalisation import (
    EPS,
    affine_macs,
    affine_param,
    affine_tensors,
    norm_formula,
    refuse_single,
    through_norm,
)
from engine.param import Int, Param
from engine.recipe import Call, Formula, GradContext, Module, Recipe, Ref
from engine.shapes import changed, check_groups, fixed, need_features
from engine.tensorspec import TensorSpec
from engine.wording import plural


@final
class GroupNorm(Block):
    """`(N, channels, …)`: each group of channels of each sample is normalised; the shape stays."""

    kind = "GroupNorm"
    category = "regularisation"
    doc = "Normalises groups of channels of each sample on its own; works with batches of any size."
    icon = "norm"
    keywords = ("group normalisation", "group normalization", "gn", "instance norm")
    params: ClassVar[Mapping[str, Param]] = {
        "num_groups": Int(default=4, min=1, max=65_536, unit="groups", doc="Into how many groups channels are split."),
        **affine_param("affine"),
        **EPS,
    }

    def shape(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> dict[str, TensorSpec]:
        spec, groups = inputs["in"], params["num_groups"]
        need_features(spec, "channels (N × channels × …)")
        channels = fixed(spec.shape[1], "channels")
        check_groups("num_groups", groups, "channels", channels)
        hint = "Set num_groups to less." if groups > 1 else "Remove this block."
        refuse_single((channels // groups, *spec.shape[2:]), "each group", hint)
        return {"out": TensorSpec(spec.shape, meaning="logit")}

    def recipe(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> Recipe:
        channels = fixed(inputs["in"].shape[1], "channels")
        settings = changed([("eps", params["eps"], 1e-5), ("affine", params["affine"], True)])
        return Recipe(
            module=Module("torch.nn.GroupNorm", (params["num_groups"], channels), settings),
            parameters=affine_tensors((channels,)) if params["affine"] else (),
            calls=(Call("out", "self", (Ref("in"),)),),
        )

    def formula(self, params: Mapping[str, Any]) -> Formula:
        source = "torch.nn.GroupNorm; Wu and He, Group normalization, 2018"
        return norm_formula("one group of channels in one sample", params["affine"], True, source)

    def grads(self, c: GradContext) -> dict[str, Any]:
        x, delta = c.inputs["in"], c.upstream["out"]
        per_channel = (1, -1, *(1 for _ in x.shape[2:]))
        scaled = delta * c.weights["weight"].reshape(per_channel) if "weight" in c.weights else delta
        grouped = (x.shape[0], c.params["num_groups"], -1)
        by_input, normal = through_norm(x.reshape(grouped), scaled.reshape(grouped), (2,), c.params["eps"])
        found = {"in": by_input.reshape(x.shape)}
        if "weight" in c.weights:
            dims = (0, *range(2, len(x.shape)))
            found |= {"weight": (delta * normal.reshape(x.shape)).sum(dims), "bias": delta.sum(dims)}
        return found

    def macs(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], outputs: Mapping[str, TensorSpec]
    ) -> int:
        return affine_macs(inputs["in"].sample_shape)

    def summary(self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec]) -> str:
        return plural(params["num_groups"], "group")
