"""GlobalAvgPool: each channel becomes its mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

from engine.block import EMPTY_CONTEXT, Block, Context, ShapeError
from engine.notation import DELTA, INPUT, OUTPUT, wrt
from engine.param import Param
from engine.recipe import Call, Formula, GradContext, Recipe, Ref, Value
from engine.shapes import need_batch, need_float, numel, rearranged, received
from engine.tensorspec import TensorSpec


@final
class GlobalAvgPool(Block):
    """`(N, channels, height, width) -> (N, channels)`, also for sequences `(N, channels, length)`."""

    kind = "GlobalAvgPool"
    category = "layers"
    doc = "Replaces each channel by its mean, so that images of any size become one row of numbers."
    icon = "global-pool"
    keywords = ("global average pooling", "gap", "adaptive", "mean", "squeeze")
    params: ClassVar[Mapping[str, Param]] = {}

    def shape(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> dict[str, TensorSpec]:
        spec = inputs["in"]
        need_float(spec)
        need_batch(spec)
        if len(spec.shape) not in {3, 4}:
            raise ShapeError(
                f"needs images (channels × height × width) or sequences (channels × length) but gets {received(spec)}",
                hint="Remove this block: there is nothing to average.",
                port="in",
                fix=("remove",),
            )
        return {"out": rearranged(spec, spec.shape[:2])}

    def recipe(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> Recipe:
        dim: Value = (2, 3) if len(inputs["in"].shape) == 4 else 2
        return Recipe(calls=(Call("out", "torch.mean", (Ref("in"),), (("dim", dim),)),))

    def formula(self, params: Mapping[str, Any]) -> Formula:
        return Formula(
            forward=(r"y_{c} = \dfrac{1}{m} \sum_{i} x_{c,i}",),
            backward=(rf"{wrt('x_{c,i}')} = \dfrac{{\delta_{{c}}}}{{m}}",),
            symbols=(INPUT, OUTPUT, ("c", "channel"), ("i", "place"), ("m", "number of places"), DELTA),
            source="Lin, Chen and Yan, Network in network, 2013",
        )

    def grads(self, c: GradContext) -> dict[str, Any]:
        x, delta = c.inputs["in"], c.upstream["out"]
        places = x[0, 0].numel()
        return {"in": (delta / places).reshape(*delta.shape, *(1 for _ in x.shape[2:])).expand(x.shape)}

    def macs(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], outputs: Mapping[str, TensorSpec]
    ) -> int:
        return numel(inputs["in"])
