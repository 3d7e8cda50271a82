"""What the normalising blocks share: parameters, weight and bias, and the gradient through mean and variance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from engine.block import ShapeError
from engine.notation import DELTA, INPUT, OUTPUT, number, wrt
from engine.param import Bool, Float, Param
from engine.recipe import Call, Formula, GradContext, Init, Module, Recipe, Ref, Tensor
from engine.shapes import changed
from engine.tensorspec import Dim

EPS: dict[str, Param] = {
    "eps": Float(
        default=1e-5, above=0.0, max=1.0, log=True, doc="Added to the variance, against division by 0.", advanced=True
    )
}
_NORMALISED = (
    rf"{wrt('x')} = \dfrac{{1}}{{\sqrt{{v + \varepsilon}}}}\,"
    r"(\delta' - \mathrm{mean}(\delta') - \hat{x}\, \mathrm{mean}(\delta'\, \hat{x}))"
)


def affine_param(name: str) -> dict[str, Param]:
    """The switch for trainable scale and shift, under torch's name for it."""
    return {name: Bool(default=True, doc="Scale and shift the result by trainable numbers, which begin at 1 and 0.")}


def affine_tensors(shape: tuple[int, ...], bias: bool = True) -> tuple[Tensor, ...]:
    """`weight` of ones and `bias` of zeros."""
    weight = Tensor("weight", shape, Init("ones"))
    return (weight, Tensor("bias", shape, Init("zeros"))) if bias else (weight,)


def refuse_single(sizes: Sequence[Dim], what: str, hint: str) -> None:
    """Raises ShapeError where only one number would be normalised: it minus its mean is 0 always."""
    if all(size == 1 for size in sizes):
        raise ShapeError(f"normalises {what}, which is a single number: the result would always be 0", hint=hint)


def norm_formula(over: str, affine: bool, bias: bool, source: str) -> Formula:
    """Mean and variance of `over`, scale and shift where `affine`."""
    shift = r" + \beta" if bias else ""
    by_scale, by_shift = wrt(r"\gamma"), wrt(r"\beta")
    symbols = [
        INPUT,
        OUTPUT,
        (r"\mu, v", f"mean and variance of {over}; mean(…) is over the same numbers"),
        (r"\hat{x}", "normalised input"),
        (r"\varepsilon", "eps"),
    ]
    if affine:
        symbols.append((r"\gamma", "weight (scale)"))
    if affine and bias:
        symbols.append((r"\beta", "bias (shift)"))
    return Formula(
        forward=(
            r"\hat{x} = \dfrac{x - \mu}{\sqrt{v + \varepsilon}}",
            rf"y = \gamma\, \hat{{x}}{shift}" if affine else r"y = \hat{x}",
        ),
        backward=(
            r"\delta' = \gamma\, \delta" if affine else r"\delta' = \delta",
            _NORMALISED,
            *((rf"{by_scale} = \sum \delta\, \hat{{x}}",) if affine else ()),
            *((rf"{by_shift} = \sum \delta",) if affine and bias else ()),
        ),
        symbols=(*symbols, DELTA),
        source=source,
    )


def through_norm(x: Any, delta: Any, dims: Sequence[int], eps: float) -> tuple[Any, Any]:
    """∂L/∂x of (x − μ)/√(v + ε) with mean and (biased) variance over `dims`, and the normalised x."""
    centred = x - x.mean(dims, True)
    scale = ((centred * centred).mean(dims, True) + eps) ** -0.5
    normal = centred * scale
    return scale * (delta - delta.mean(dims, True) - normal * (delta * normal).mean(dims, True)), normal


# -- batch normalisation --


def batch_norm_params() -> dict[str, Param]:
    """`eps`, `momentum` and `affine`."""
    return {
        "momentum": Float(
            default=0.1,
            min=0.0,
            max=1.0,
            doc="Share of the new batch in the running mean and variance, which evaluation uses.",
        ),
        **affine_param("affine"),
        **EPS,
    }


def batch_norm_recipe(params: Mapping[str, Any], channels: int, module: str) -> Recipe:
    """`torch.nn.BatchNorm1d` or `2d`; the module itself switches to its running statistics in evaluation."""
    settings = changed(
        [("eps", params["eps"], 1e-5), ("momentum", params["momentum"], 0.1), ("affine", params["affine"], True)]
    )
    return Recipe(
        module=Module(module, (channels,), settings),
        parameters=affine_tensors((channels,)) if params["affine"] else (),
        buffers=(
            Tensor("running_mean", (channels,), Init("zeros")),
            Tensor("running_var", (channels,), Init("ones")),
            Tensor("num_batches_tracked", (), Init("zeros"), dtype="int"),
        ),
        calls=(Call("out", "self", (Ref("in"),)),),
    )


def batch_norm_formula(params: Mapping[str, Any], over: str, module: str) -> Formula:
    """As trained, and the running statistics with their momentum."""
    formula = norm_formula(over, params["affine"], True, f"{module}; Ioffe and Szegedy, Batch normalization, 2015")
    keep, take = number(1 - params["momentum"]), number(params["momentum"])
    running = rf"\bar{{\mu}} \leftarrow {keep}\, \bar{{\mu}} + {take}\, \mu, \quad "
    running += rf"\bar{{v}} \leftarrow {keep}\, \bar{{v}} + {take}\, \dfrac{{m}}{{m - 1}}\, v"
    scale = r"\gamma\, \delta" if params["affine"] else r"\delta"
    in_evaluation = rf"\mathrm{{evaluation:}}\ {wrt('x')} = \dfrac{{{scale}}}{{\sqrt{{\bar{{v}} + \varepsilon}}}}"
    return Formula(
        forward=(*formula.forward, running),
        backward=(*formula.backward, in_evaluation),
        symbols=(
            *formula.symbols,
            (r"\bar{\mu}, \bar{v}", "running mean and variance, which take the place of μ and v in evaluation"),
            ("m", "how many numbers the mean is over"),
        ),
        source=formula.source,
    )


def batch_norm_grads(c: GradContext) -> dict[str, Any]:
    """Through the statistics of the batch while training; by fixed running statistics in evaluation."""
    x, delta = c.inputs["in"], c.upstream["out"]
    dims = (0, *range(2, len(x.shape)))
    shape = (1, -1, *(1 for _ in x.shape[2:]))
    scaled = delta * c.weights["weight"].reshape(shape) if "weight" in c.weights else delta
    eps = c.params["eps"]
    if c.training:
        by_input, normal = through_norm(x, scaled, dims, eps)
    else:
        scale = (c.buffers["running_var"].reshape(shape) + eps) ** -0.5
        by_input, normal = scaled * scale, (x - c.buffers["running_mean"].reshape(shape)) * scale
    found = {"in": by_input}
    if "weight" in c.weights:
        found |= {"weight": (delta * normal).sum(dims), "bias": delta.sum(dims)}
    return found


def affine_macs(sizes: Sequence[Dim]) -> int:
    """Two multiply-adds a number: one to normalise, one to scale and shift."""
    return 2 * prod(size for size in sizes if isinstance(size, int))
