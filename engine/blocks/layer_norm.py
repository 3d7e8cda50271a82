"""LayerNorm: each sample's features with mean 0 and variance 1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

from engine.block import EMPTY_CONTEXT, Block, Context, ShapeError
from engine.normalisation import (
    EPS,
    affine_macs,
    affine_param,
    affine_tensors,
    norm_formula,
    refuse_single,
    through_norm,
)
from engine.param import Bool, Int, Param
from engine.recipe import Call, Formula, GradContext, Module, Recipe, Ref
from engine.shapes import changed, fixed, need_batch, need_float, received, times
from engine.tensorspec import TensorSpec


@final
class LayerNorm(Block):
    """Normalises the last `dims` dimensions of each sample together; the shape stays."""

    kind = "LayerNorm"
    category = "regularisation"
    doc = "Normalises the features of each sample on its own, whatever else is in the batch."
    icon = "norm"
    keywords = ("layer normalisation", "layer normalization", "ln", "transformer")
    params: ClassVar[Mapping[str, Param]] = {
        "dims": Int(
            default=1,
            min=1,
            max=8,
            doc="How many of the last dimensions are normalised together: 1 for features, 3 for whole images.",
        ),
        **affine_param("elementwise_affine"),
        "bias": Bool(
            default=True, doc="Shift, too, not only scale.", when=("elementwise_affine", (True,)), advanced=True
        ),
        **EPS,
    }

    def shape(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> dict[str, TensorSpec]:
        spec, dims = inputs["in"], params["dims"]
        need_float(spec)
        need_batch(spec)
        if len(spec.shape) <= dims:
            raise ShapeError(
                f"normalises {_last(dims)} of each sample but gets {received(spec)}",
                hint=f"Set dims to {len(spec.shape) - 1}." if len(spec.shape) > 1 else "Connect features of a batch.",
                port="in",
                fix=("set", "dims", len(spec.shape) - 1) if len(spec.shape) > 1 else (),
            )
        sizes = [fixed(size, "features") for size in spec.shape[-dims:]]
        refuse_single(sizes, f"{_last(dims)} of {spec}", "Normalise more dimensions, or remove this block.")
        return {"out": TensorSpec(spec.shape, meaning="logit")}

    def recipe(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> Recipe:
        sizes = tuple(fixed(size, "features") for size in inputs["in"].shape[-params["dims"] :])
        settings = changed(
            [
                ("eps", params["eps"], 1e-5),
                ("elementwise_affine", params["elementwise_affine"], True),
                ("bias", params["bias"] or not params["elementwise_affine"], True),
            ]
        )
        return Recipe(
            module=Module("torch.nn.LayerNorm", (sizes if len(sizes) > 1 else sizes[0],), settings),
            parameters=affine_tensors(sizes, params["bias"]) if params["elementwise_affine"] else (),
            calls=(Call("out", "self", (Ref("in"),)),),
        )

    def formula(self, params: Mapping[str, Any]) -> Formula:
        source = "torch.nn.LayerNorm; Ba, Kiros and Hinton, Layer normalization, 2016"
        return norm_formula("the features of one sample", params["elementwise_affine"], params["bias"], source)

    def grads(self, c: GradContext) -> dict[str, Any]:
        x, delta, rank = c.inputs["in"], c.upstream["out"], len(c.inputs["in"].shape)
        inner = tuple(range(rank - c.params["dims"], rank))
        outer = tuple(range(rank - c.params["dims"]))
        scaled = delta * c.weights["weight"] if "weight" in c.weights else delta
        by_input, normal = through_norm(x, scaled, inner, c.params["eps"])
        found = {"in": by_input}
        if "weight" in c.weights:
            found["weight"] = (delta * normal).sum(outer)
        if "bias" in c.weights:
            found["bias"] = delta.sum(outer)
        return found

    def macs(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], outputs: Mapping[str, TensorSpec]
    ) -> int:
        return affine_macs(inputs["in"].sample_shape)

    def summary(self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec]) -> str:
        spec = inputs.get("in")
        known = spec is not None and len(spec.shape) > params["dims"]
        return f"over {times(spec.shape[-params['dims'] :])}" if spec is not None and known else ""


def _last(dims: int) -> str:
    return "the last dimension" if dims == 1 else f"the last {dims} dimensions"
