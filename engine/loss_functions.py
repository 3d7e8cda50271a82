"""The functions of the Loss block: torch's name, mathematics and gradients side by side.

`o` is the prediction (output), `t` the target, as in the file format: half a squared error is ½(o − t)².
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, final

from engine.notation import DELTA, wrt
from engine.recipe import Formula


@final
@dataclass(frozen=True, slots=True)
class At:
    """Where derivatives are taken: prediction o and target t of matching shapes, and the block's parameters."""

    o: Any
    t: Any
    params: Mapping[str, Any]
    call: Any


Slopes = Callable[[At], tuple[Any, Any]]
"""Derivatives of the summed loss by prediction and by target, each of its shape."""

Wants = Literal["numbers", "probabilities", "logits", "log_probabilities"]


@final
@dataclass(frozen=True, slots=True)
class LossFunction:
    """One loss.

    Attributes:
        target: as recipes name it.
        wants: what the prediction should hold.
        element: the loss of one element (or, for classes, of one sample), for the formula.
        slope: its derivative by the prediction.
        slopes: both derivatives as code.
        classes: compares scores of several classes with a class label; otherwise number with number.
        symbols: besides L, n, o, t and δ.
        source: where it comes from.
    """

    target: str
    wants: Wants
    element: str
    slope: str
    slopes: Slopes
    classes: bool = False
    symbols: tuple[tuple[str, str], ...] = ()
    source: str = ""

    def formula(self, reduction: str) -> Formula:
        """The mathematics for `mean` or `sum`."""
        index = "i"
        unit = "samples (for maps: positions)" if self.classes else "elements"
        mean = reduction == "mean"
        front = rf"\dfrac{{1}}{{n}} \sum_{{{index}}} " if mean else rf"\sum_{{{index}}} "
        delta = r"\dfrac{\delta}{n}\, " if mean else r"\delta\, "
        variable = "o_{i,k}" if self.classes else "o_{i}"
        return Formula(
            forward=(rf"L = {front}\ell_{{{index}}}", rf"\ell_{{{index}}} = {self.element}"),
            backward=(f"{wrt(variable)} = {delta}{self.slope}",),
            symbols=(
                ("L", "loss"),
                (r"\ell", "loss of one sample" if self.classes else "loss of one element"),
                ("o", "prediction"),
                ("t", "target"),
                ("i", "sample" if self.classes else "element"),
                *((("n", f"number of {unit}"),) if mean else ()),
                *self.symbols,
                (DELTA[0], "gradient arriving at the loss: its weight in the objective"),
            ),
            source=self.source,
        )


_TINY = 9.999999960041972e-13
"""The least that PyTorch divides by: 1e-12 in single precision, in float64 too."""


def _squared(at: At) -> tuple[Any, Any]:
    slope = 2 * (at.o - at.t)
    return slope, -slope


def _half_squared(at: At) -> tuple[Any, Any]:
    return at.o - at.t, at.t - at.o


def _absolute(at: At) -> tuple[Any, Any]:
    slope = at.call("torch.sign", at.o - at.t)
    return slope, -slope


def _huber(at: At) -> tuple[Any, Any]:
    slope = at.call("torch.clamp", at.o - at.t, -at.params["delta"], at.params["delta"])
    return slope, -slope


def _cross_entropy_of_probability(at: At) -> tuple[Any, Any]:
    slope = (at.o - at.t) / at.call("torch.clamp", at.o * (1 - at.o), _TINY)
    return slope, at.call("torch.log1p", -at.o) - at.call("torch.log", at.o)


def _cross_entropy_of_logit(at: At) -> tuple[Any, Any]:
    return at.call("torch.sigmoid", at.o) - at.t, -at.o


def _hinge(at: At) -> tuple[Any, Any]:
    inside = 1 - at.t * at.o > 0
    return -at.t * inside, -at.o * inside


def _one_hot(at: At) -> Any:
    """Class labels (N, …) as (N, classes, …) of zeros and ones; targets that are such already stay."""
    if at.t.is_floating_point():
        return at.t
    return at.call("torch.zeros_like", at.o).scatter(1, at.t.unsqueeze(1), 1.0)


def _softmax_cross_entropy(at: At) -> tuple[Any, Any]:
    wanted = _one_hot(at)
    slope = at.call("torch.softmax", at.o, 1) * wanted.sum(1, True) - wanted
    return slope, -at.call("torch.log_softmax", at.o, 1)


def _negative_log_likelihood(at: At) -> tuple[Any, Any]:
    return -_one_hot(at), None


_F = "torch.nn.functional."
_SIGMA = (r"\sigma", "logistic function, σ(x) = 1 / (1 + exp(−x))")
_STEP = (r"[\,\cdot\,]", "1 where the condition in brackets holds, else 0")

LOSSES: dict[str, LossFunction] = {
    "mse": LossFunction(
        _F + "mse_loss",
        "numbers",
        r"(o_{i} - t_{i})^{2}",
        r"2\,(o_{i} - t_{i})",
        _squared,
        source="torch.nn.MSELoss; Legendre, 1805",
    ),
    "half_squared_error": LossFunction(
        _F + "mse_loss",
        "numbers",
        r"\dfrac{1}{2}(o_{i} - t_{i})^{2}",
        r"(o_{i} - t_{i})",
        _half_squared,
        source="Rumelhart, Hinton and Williams, 1986",
    ),
    "l1": LossFunction(
        _F + "l1_loss",
        "numbers",
        r"|o_{i} - t_{i}|",
        r"\mathrm{sign}(o_{i} - t_{i})",
        _absolute,
        source="torch.nn.L1Loss",
    ),
    "huber": LossFunction(
        _F + "huber_loss",
        "numbers",
        r"\min(|e_{i}|,\ d)\,(|e_{i}| - \dfrac{1}{2}\min(|e_{i}|,\ d)), \quad e_{i} = o_{i} - t_{i}",
        r"\max(-d,\ \min(e_{i},\ d))",
        _huber,
        symbols=(("e", "error"), ("d", "delta: errors beyond it count linearly")),
        source="torch.nn.HuberLoss; Huber, 1964",
    ),
    "binary_cross_entropy": LossFunction(
        _F + "binary_cross_entropy",
        "probabilities",
        r"-t_{i} \ln o_{i} - (1 - t_{i}) \ln(1 - o_{i})",
        r"\dfrac{o_{i} - t_{i}}{o_{i}\,(1 - o_{i})}",
        _cross_entropy_of_probability,
        source="torch.nn.BCELoss; Goodfellow, Bengio and Courville, Deep Learning (2016), section 6.2.2",
    ),
    "bce_with_logits": LossFunction(
        _F + "binary_cross_entropy_with_logits",
        "logits",
        r"-t_{i} \ln \sigma(o_{i}) - (1 - t_{i}) \ln(1 - \sigma(o_{i}))",
        r"(\sigma(o_{i}) - t_{i})",
        _cross_entropy_of_logit,
        symbols=(_SIGMA,),
        source="torch.nn.BCEWithLogitsLoss",
    ),
    "cross_entropy": LossFunction(
        _F + "cross_entropy",
        "logits",
        r"-\sum_{k} t_{i,k} \ln p_{i,k}, \quad p_{i,k} = \dfrac{e^{o_{i,k}}}{\sum_{j} e^{o_{i,j}}}",
        r"(p_{i,k} \sum_{j} t_{i,j} - t_{i,k})",
        _softmax_cross_entropy,
        classes=True,
        symbols=(("p", "probability by softmax"), ("k, j", "class")),
        source="torch.nn.CrossEntropyLoss; Bridle, 1990",
    ),
    "nll": LossFunction(
        _F + "nll_loss",
        "log_probabilities",
        r"-\sum_{k} t_{i,k}\, o_{i,k}",
        r"(-t_{i,k})",
        _negative_log_likelihood,
        classes=True,
        symbols=(("k", "class"),),
        source="torch.nn.NLLLoss",
    ),
    "hinge": LossFunction(
        "chainrule.nn.hinge_loss",
        "logits",
        r"\max(0,\ 1 - t_{i}\, o_{i})",
        r"(-t_{i})\,[t_{i}\, o_{i} < 1]",
        _hinge,
        symbols=(_STEP,),
        source="Cortes and Vapnik, Support-Vector Networks, 1995; targets are −1 and 1",
    ),
}
