"""The functions of the Activation block: torch's name, mathematics and derivative side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import pi, sqrt
from typing import Any, final

from engine.notation import DELTA, INPUT, OUTPUT, number, wrt
from engine.recipe import Formula
from engine.tensorspec import Meaning

_F = "torch.nn.functional."


@final
@dataclass(frozen=True, slots=True)
class At:
    """Where a derivative is taken: input x, output y, arriving gradient δ, and the block's parameters."""

    x: Any
    y: Any
    delta: Any
    params: Mapping[str, Any]
    call: Any


Backward = Callable[[At], Any]
"""∂L/∂x, in plain operators and `at.call`."""


@final
@dataclass(frozen=True, slots=True)
class Function:
    """One activation.

    Attributes:
        target: as recipes name it.
        forward: formula lines; `{name}` stands for the value of the parameter.
        slope: ∂L/∂x, its right-hand side.
        backward: the same as code.
        symbols: besides x, y and δ.
        source: where it comes from.
        meaning: of the output.
    """

    target: str
    forward: tuple[str, ...]
    slope: str
    backward: Backward
    symbols: tuple[tuple[str, str], ...] = ()
    source: str = ""
    meaning: Meaning = ""

    def formula(self, params: Mapping[str, Any]) -> Formula:
        """The mathematics with the parameters' values written in."""
        values = {name: number(value) for name, value in params.items() if isinstance(value, float)}

        def fill(line: str) -> str:
            for name, value in values.items():
                line = line.replace(f"<{name}>", value)
            return line

        return Formula(
            forward=tuple(fill(line) for line in self.forward),
            backward=(fill(f"{wrt('x')} = {self.slope}"),),
            symbols=(INPUT, OUTPUT, *self.symbols, DELTA),
            source=self.source,
        )


_STEP = (r"[\,\cdot\,]", "1 where the condition in brackets holds, else 0")
_SIGMA = (r"\sigma", "logistic function, σ(x) = 1 / (1 + exp(−x))")


_SIXTH = 0.1666666716337204
"""1/6 in single precision: what PyTorch's gradient of hardsigmoid computes with, in float64 too."""


def _leaky_relu(at: At) -> Any:
    return at.call("torch.where", at.x > 0, at.delta, at.delta * at.params["negative_slope"])


def _elu(at: At) -> Any:
    return at.call("torch.where", at.x > 0, at.delta, at.delta * (at.y + at.params["alpha"]))


def _gelu(at: At) -> Any:
    cumulative = 0.5 * (1 + at.call("torch.erf", at.x / sqrt(2)))
    density = at.call("torch.exp", -0.5 * at.x * at.x) / sqrt(2 * pi)
    return at.delta * (cumulative + at.x * density)


def _gelu_tanh(at: At) -> Any:
    scale = sqrt(2 / pi)
    inner = at.call("torch.tanh", scale * (at.x + 0.044715 * at.x**3))
    inner_slope = (1 - inner * inner) * scale * (1 + 3 * 0.044715 * at.x * at.x)
    return at.delta * (0.5 * (1 + inner) + 0.5 * at.x * inner_slope)


def _silu(at: At) -> Any:
    s = at.call("torch.sigmoid", at.x)
    return at.delta * s * (1 + at.x * (1 - s))


def _softplus(at: At) -> Any:
    # PyTorch goes over to y = x above 20, where the two agree to 2e-9.
    return at.call("torch.where", at.x > 20, at.delta, at.delta * at.call("torch.sigmoid", at.x))


def _hardswish(at: At) -> Any:
    middle = at.call("torch.where", at.x >= 3, at.delta, at.delta * (2 * at.x + 3) / 6)
    return middle * (at.x > -3)


def _softmax(at: At) -> Any:
    return at.y * (at.delta - (at.delta * at.y).sum(at.params["dim"], True))


def _log_softmax(at: At) -> Any:
    return at.delta - at.call("torch.exp", at.y) * at.delta.sum(at.params["dim"], True)


FUNCTIONS: dict[str, Function] = {
    "identity": Function("torch.nn.Identity", (r"y = x",), r"\delta", lambda at: at.delta, source="torch.nn.Identity"),
    "sigmoid": Function(
        "torch.sigmoid",
        (r"y = \dfrac{1}{1 + e^{-x}}",),
        r"\delta\, y\,(1 - y)",
        lambda at: at.delta * at.y * (1 - at.y),
        source="torch.sigmoid; Rumelhart, Hinton and Williams, 1986",
        meaning="probability",
    ),
    "tanh": Function(
        "torch.tanh",
        (r"y = \tanh(x) = \dfrac{e^{x} - e^{-x}}{e^{x} + e^{-x}}",),
        r"\delta\,(1 - y^{2})",
        lambda at: at.delta * (1 - at.y * at.y),
        source="torch.tanh; LeCun et al., Efficient BackProp, 1998",
    ),
    "relu": Function(
        "torch.relu",
        (r"y = \max(0,\ x)",),
        r"\delta\,[x > 0]",
        lambda at: at.delta * (at.x > 0),
        (_STEP,),
        "torch.relu; Nair and Hinton, 2010",
    ),
    "relu6": Function(
        _F + "relu6",
        (r"y = \min(\max(0,\ x),\ 6)",),
        r"\delta\,[0 < x < 6]",
        lambda at: at.delta * ((at.x > 0) & (at.x < 6)),
        (_STEP,),
        "torch.nn.ReLU6; Howard et al., MobileNets, 2017",
    ),
    "leaky_relu": Function(
        _F + "leaky_relu",
        (r"y = \max(0,\ x) + <negative_slope>\,\min(0,\ x)",),
        r"\delta\,([x > 0] + <negative_slope>\,[x \leq 0])",
        _leaky_relu,
        (_STEP,),
        "torch.nn.LeakyReLU; Maas, Hannun and Ng, 2013",
    ),
    "elu": Function(
        _F + "elu",
        (r"y = x \quad (x > 0)", r"y = \alpha\,(e^{x} - 1) \quad (x \leq 0), \quad \alpha = <alpha>"),
        r"\delta\,([x > 0] + (y + \alpha)\,[x \leq 0])",
        _elu,
        (_STEP, (r"\alpha", "minus the value far below zero")),
        "torch.nn.ELU; Clevert, Unterthiner and Hochreiter, 2016",
    ),
    "gelu": Function(
        _F + "gelu",
        (r"y = x\,\Phi(x)",),
        r"\delta\,(\Phi(x) + x\,\varphi(x))",
        _gelu,
        ((r"\Phi", "cumulative standard normal distribution"), (r"\varphi", "density of the standard normal")),
        "torch.nn.GELU; Hendrycks and Gimpel, 2016",
    ),
    "silu": Function(
        _F + "silu",
        (r"y = x\,\sigma(x)",),
        r"\delta\,\sigma(x)\,(1 + x\,(1 - \sigma(x)))",
        _silu,
        (_SIGMA,),
        "torch.nn.SiLU; Elfwing, Uchibe and Doya, 2017",
    ),
    "softplus": Function(
        _F + "softplus",
        (r"y = \ln(1 + e^{x})",),
        r"\delta\,\sigma(x)",
        _softplus,
        (_SIGMA,),
        "torch.nn.Softplus; Dugas et al., 2001",
    ),
    "softsign": Function(
        _F + "softsign",
        (r"y = \dfrac{x}{1 + |x|}",),
        r"\dfrac{\delta}{(1 + |x|)^{2}}",
        lambda at: at.delta / (1 + abs(at.x)) ** 2,
        source="torch.nn.Softsign; Glorot and Bengio, 2010",
    ),
    "hardtanh": Function(
        _F + "hardtanh",
        (r"y = \min(\max(<min_val>,\ x),\ <max_val>)",),
        r"\delta\,[<min_val> < x < <max_val>]",
        lambda at: at.delta * ((at.x > at.params["min_val"]) & (at.x < at.params["max_val"])),
        (_STEP,),
        "torch.nn.Hardtanh",
    ),
    "hardsigmoid": Function(
        _F + "hardsigmoid",
        (r"y = \min(\max(0,\ \dfrac{x}{6} + \dfrac{1}{2}),\ 1)",),
        r"\dfrac{\delta}{6}\,[-3 < x < 3]",
        lambda at: at.delta * ((at.x > -3) & (at.x < 3)) * _SIXTH,
        (_STEP,),
        "torch.nn.Hardsigmoid; Courbariaux, Bengio and David, 2015",
        meaning="probability",
    ),
    "hardswish": Function(
        _F + "hardswish",
        (r"y = x\,\min(\max(0,\ \dfrac{x}{6} + \dfrac{1}{2}),\ 1)",),
        r"\delta\,(\dfrac{2x + 3}{6}\,[-3 < x < 3] + [x \geq 3])",
        _hardswish,
        (_STEP,),
        "torch.nn.Hardswish; Howard et al., Searching for MobileNetV3, 2019",
    ),
    "step": Function(
        "chainrule.nn.step",
        (r"y = [x \geq 0]",),
        r"0 \cdot \delta",
        lambda at: at.delta * 0,
        (_STEP,),
        "McCulloch and Pitts, 1943: flat everywhere, so gradient descent cannot train through it",
        meaning="probability",
    ),
    "softmax": Function(
        "torch.softmax",
        (r"y_{k} = \dfrac{e^{x_{k}}}{\sum_{j} e^{x_{j}}}",),
        r"y \odot (\delta - \sum_{j} \delta_{j}\, y_{j})",
        _softmax,
        (("k, j", "class"), (r"\odot", "product number by number")),
        "torch.nn.Softmax; Bridle, 1990",
        meaning="distribution",
    ),
    "log_softmax": Function(
        "torch.log_softmax",
        (r"y_{k} = x_{k} - \ln \sum_{j} e^{x_{j}}",),
        r"\delta - e^{y} \sum_{j} \delta_{j}",
        _log_softmax,
        (("k, j", "class"),),
        "torch.nn.LogSoftmax",
        meaning="log_probability",
    ),
}

GELU_TANH = Function(
    _F + "gelu",
    (r"y = \dfrac{x}{2}\,(1 + u)", r"u = \tanh(\sqrt{2 / \pi}\,(x + 0.044715\,x^{3}))"),
    r"\delta\,(\dfrac{1 + u}{2} + \dfrac{x}{2}\,(1 - u^{2})\,\sqrt{2 / \pi}\,(1 + 0.134145\,x^{2}))",
    _gelu_tanh,
    (("u", "hyperbolic tangent that stands for the normal distribution"),),
    "torch.nn.GELU; Hendrycks and Gimpel, 2016",
)


def chosen(params: Mapping[str, Any]) -> Function:
    """The function that the parameters of an Activation choose."""
    name = params["function"]
    return GELU_TANH if name == "gelu" and params["approximate"] == "tanh" else FUNCTIONS[name]
