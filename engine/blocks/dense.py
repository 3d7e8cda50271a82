"""Dense: every output sees every input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

from engine.block import EMPTY_CONTEXT, Block, Context, ShapeError
from engine.initial import init_params, weight_and_bias
from engine.notation import DELTA, INPUT, OUTPUT, wrt
from engine.param import Int, Param
from engine.recipe import Call, Formula, GradContext, Module, Recipe, Ref
from engine.shapes import fixed, need_features, numel, received
from engine.tensorspec import TensorSpec
from engine.wording import plural


@final
class Dense(Block):
    """A fully connected layer: `(N, in) -> (N, out_features)`, or `(N, T, in) -> (N, T, out_features)`."""

    kind = "Dense"
    category = "layers"
    doc = "Fully connected layer: each output is a weighted sum of all inputs plus a bias."
    icon = "dense"
    beginner = True
    keywords = ("linear", "fully connected", "fc", "mlp", "perceptron", "affine", "neurons", "hidden layer")
    params: ClassVar[Mapping[str, Param]] = {
        "out_features": Int(
            default=8, min=1, max=2**31 - 1, unit="units", doc="How many outputs (neurons) the layer has."
        ),
        **init_params(),
    }

    def shape(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> dict[str, TensorSpec]:
        spec = inputs["in"]
        wanted = "a row of numbers per sample (N × features)"
        need_features(spec, wanted)
        if len(spec.shape) > 3:
            # torch.nn.Linear would act on the last dimension of an image, which is hardly ever meant.
            raise ShapeError(
                f"needs {wanted} but gets {received(spec)}",
                hint="Insert a Flatten between them.",
                port="in",
                fix=("insert", "Flatten", ()),
            )
        fixed(spec.shape[-1], "features")
        return {"out": TensorSpec((*spec.shape[:-1], params["out_features"]), meaning="logit")}

    def recipe(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> Recipe:
        features, units = fixed(inputs["in"].shape[-1], "features"), params["out_features"]
        return Recipe(
            module=Module("torch.nn.Linear", (features, units), () if params["bias"] else (("bias", False),)),
            parameters=weight_and_bias(params, (units, features), units, features),
            calls=(Call("out", "self", (Ref("in"),)),),
        )

    def formula(self, params: Mapping[str, Any]) -> Formula:
        bias = params["bias"]
        return Formula(
            forward=(r"y = x\, W^{\top} + b" if bias else r"y = x\, W^{\top}",),
            backward=(
                rf"{wrt('x')} = \delta\, W",
                rf"{wrt('W')} = \delta^{{\top}} x",
                *((rf"{wrt('b')} = \sum_{{n}} \delta_{{n}}",) if bias else ()),
            ),
            symbols=(
                INPUT,
                OUTPUT,
                ("W", "weight, one row per output"),
                *((("b", "bias, one number per output"), ("n", "sample of the batch")) if bias else ()),
                DELTA,
            ),
            source="torch.nn.Linear; Goodfellow, Bengio and Courville, Deep Learning (2016), section 6.5",
        )

    def grads(self, c: GradContext) -> dict[str, Any]:
        x, weight, delta = c.inputs["in"], c.weights["weight"], c.upstream["out"]
        rows, delta_rows = x.reshape(-1, x.shape[-1]), delta.reshape(-1, delta.shape[-1])
        found = {"in": delta @ weight, "weight": delta_rows.T @ rows}
        if "bias" in c.weights:
            found["bias"] = delta_rows.sum(0)
        return found

    def macs(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], outputs: Mapping[str, TensorSpec]
    ) -> int:
        return numel(inputs["in"]) * int(params["out_features"])

    def summary(self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec]) -> str:
        return plural(params["out_features"], "unit")
