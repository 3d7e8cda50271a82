"""What Dropout and Dropout2d share.

Source: Srivastava et al., Dropout: a simple way to prevent neural networks from overfitting, 2014.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.notation import DELTA, INPUT, OUTPUT, wrt
from engine.param import Float, Param
from engine.recipe import Call, Formula, GradContext, Module, Recipe, Ref


def drop_params(what: str) -> dict[str, Param]:
    """The probability `p`."""
    return {"p": Float(default=0.5, min=0.0, max=1.0, doc=f"Probability that {what} is set to 0 while training.")}


def drop_recipe(params: Mapping[str, Any], module: str) -> Recipe:
    """The module as it is; traced, it is asked for its mask first: what it makes of ones."""
    return Recipe(
        module=Module(module, (params["p"],)),
        calls=(Call("out", "self", (Ref("in"),)),),
        traced_calls=(
            Call("ones", "torch.ones_like", (Ref("in"),)),
            Call("mask", "self", (Ref("ones"),)),
            Call("out", "operator.mul", (Ref("in"), Ref("mask"))),
        ),
        saved=("mask",),
        random=True,
    )


def drop_formula(index: str, per: str, source: str) -> Formula:
    """The mask m is 0 with probability p, else 1 / (1 − p); in evaluation it is 1."""
    return Formula(
        forward=(rf"y = m_{{{index}}}\ x", rf"m_{{{index}}} = \dfrac{{z_{{{index}}}}}{{1 - p}}"),
        backward=(rf"{wrt('x')} = m_{{{index}}}\ \delta",),
        symbols=(
            INPUT,
            OUTPUT,
            ("m", "mask; 1 in evaluation"),
            ("z", f"0 with probability p, else 1; drawn anew in each step for {per}"),
            (index, per),
            ("p", "probability of dropping"),
            DELTA,
        ),
        source=source,
    )


def drop_grads(c: GradContext) -> dict[str, Any]:
    """The mask that was drawn; everything passes in evaluation."""
    delta = c.upstream["out"]
    return {"in": delta * c.saved["mask"] if c.training else delta}
