"""How each optimizer computes, as mathematics with symbols and with numbers.

The lines follow `engine.training.optimizers` operation by operation; sources are named there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_SYMBOLS = {
    "w": ("w", "weight"),
    "g": ("g", "gradient as applied: clipped and decayed"),
    "v": ("v", "momentum: gradients of earlier steps, fading"),
    "m": ("m", "mean of the gradients, fading"),
    "s": ("s", "mean of their squares, fading (Adagrad: sum)"),
    "d": ("d", "mean of the squared steps, fading"),
    "eta": (r"\eta", "learning rate of this step"),
    "mu": (r"\mu", "momentum"),
    "beta": (r"\beta_1, \beta_2", "how slowly the means fade"),
    "alpha": (r"\alpha", "how slowly the mean fades"),
    "rho": (r"\rho", "how slowly the means fade"),
    "eps": (r"\epsilon", "keeps the divisor above 0"),
    "lambda": (r"\lambda", "weight decay"),
    "t": ("t", "number of this update"),
}

_STATE = {
    ("sgd", "momentum_buffer"): "v",
    ("rmsprop", "momentum_buffer"): "v",
    ("rmsprop", "square_avg"): "s",
    ("adadelta", "square_avg"): "s",
    ("adadelta", "acc_delta"): "d",
    ("adagrad", "sum"): "s",
    ("adam", "exp_avg"): "m",
    ("adam", "exp_avg_sq"): "s",
    ("adamw", "exp_avg"): "m",
    ("adamw", "exp_avg_sq"): "s",
}
"""(optimizer, torch's name of a state) -> symbol."""


def formula(kind: str, hyper: Mapping[str, float]) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    r"""Lines such as `w' = w - \eta\, g`, and their symbols; a prime marks what is new.

    Args:
        kind: of `settings.OPTIMIZERS`.
        hyper: numbers of the optimizer: what is 0 is left out.
    """
    if kind == "sgd":
        return _sgd(hyper)
    if kind in ("adam", "adamw"):
        decay = kind == "adamw" and bool(hyper["weight_decay"])
        start = r"w\,(1 - \eta\, \lambda)" if decay else "w"
        lines = (
            r"m' = \beta_1\, m + (1 - \beta_1)\, g",
            r"s' = \beta_2\, s + (1 - \beta_2)\, g^{2}",
            rf"w' = {start} - \dfrac{{\eta}}{{1 - \beta_1^{{t}}}} \cdot "
            r"\dfrac{m'}{\sqrt{s' / (1 - \beta_2^{t})} + \epsilon}",
        )
        return lines, _told("w", "g", "m", "s", "eta", "beta", "eps", "t", *(("lambda",) if decay else ()))
    if kind == "rmsprop":
        first = r"s' = \alpha\, s + (1 - \alpha)\, g^{2}"
        step = r"\dfrac{g}{\sqrt{s'} + \epsilon}"
        if hyper["momentum"]:
            return (first, rf"v' = \mu\, v + {step}", r"w' = w - \eta\, v'"), _told(
                "w", "g", "s", "v", "eta", "alpha", "mu", "eps"
            )
        return (first, rf"w' = w - \eta\, {step}"), _told("w", "g", "s", "eta", "alpha", "eps")
    if kind == "adagrad":
        step = r"\dfrac{g}{\sqrt{s'} + \epsilon}"
        return (r"s' = s + g^{2}", rf"w' = w - \eta\, {step}"), _told("w", "g", "s", "eta", "eps")
    lines = (
        r"s' = \rho\, s + (1 - \rho)\, g^{2}",
        r"w' = w - \eta\, \dfrac{\sqrt{d + \epsilon}}{\sqrt{s' + \epsilon}}\, g",
        r"d' = \rho\, d + (1 - \rho)\, \dfrac{d + \epsilon}{s' + \epsilon}\, g^{2}",
    )
    return lines, _told("w", "g", "s", "d", "eta", "rho", "eps")


def _sgd(hyper: Mapping[str, float]) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    if not hyper["momentum"]:
        return (r"w' = w - \eta\, g",), _told("w", "g", "eta")
    step = r"(g + \mu\, v')" if hyper["nesterov"] else "v'"
    return (r"v' = \mu\, v + g", rf"w' = w - \eta\, {step}"), _told("w", "g", "v", "eta", "mu")


def _told(*names: str) -> tuple[tuple[str, str], ...]:
    return tuple(_SYMBOLS[name] for name in names)


def with_numbers(kind: str, hyper: Mapping[str, float], numbers: Mapping[str, float]) -> tuple[str, ...]:
    """The lines with numbers in place of the symbols on the right of each equals sign.

    Args:
        kind: of the optimizer.
        hyper: its numbers, `lr` and `step` of this update among them.
        numbers: of one weight: `w`, `g`, the states before by torch's names, and after as `name'`.
    """
    known = {
        "w": numbers["w"],
        "g": numbers["g"],
        r"\eta": hyper["lr"],
        r"\mu": hyper["momentum"],
        r"\beta_1": hyper["beta1"],
        r"\beta_2": hyper["beta2"],
        r"\alpha": hyper["alpha"],
        r"\rho": hyper["rho"],
        r"\epsilon": hyper["eps"],
        r"\lambda": hyper["weight_decay"],
        "t": hyper["step"],
    }
    for (owner, name), symbol in _STATE.items():
        for prime in ("", "'"):
            if owner == kind and f"{name}{prime}" in numbers:
                known[f"{symbol}{prime}"] = numbers[f"{name}{prime}"]
    lines, _ = formula(kind, hyper)
    return tuple(substituted(line, known) for line in lines)


_TIMES = re.compile(r"([\d)}])\s*\\,\s*(?=[\d(])")
"""A thin space says times between symbols, but not between numbers."""


def substituted(line: str, known: Mapping[str, float]) -> str:
    """An equation whose right-hand side has numbers in place of these symbols (with or without an index)."""
    left, equals, right = line.partition("=")
    if not equals:
        left, right = "", line
    for symbol in sorted(known, key=len, reverse=True):
        value = shown(known[symbol])
        text = value if not value.startswith("-") and "cdot" not in value else rf"({value})"
        index = "" if "_" in symbol else r"(?:_\{[^{}]*\}|_\w)?"
        pattern = rf"(?<![A-Za-z\\]){re.escape(symbol)}{index}(?![A-Za-z'])"
        right = re.sub(pattern, lambda _match, text=text: text, right)  # type: ignore[misc]
    right = _TIMES.sub(lambda found: rf"{found[1]} \cdot ", right)
    return f"{left}{equals}{right}"


def shown(value: float, digits: int = 6) -> str:
    r"""A number in LaTeX: `0.59327`, `1.0 \cdot 10^{-10}`."""
    text = f"{value:.{digits}g}"
    if "e" not in text:
        return text
    front, _, power = text.partition("e")
    return rf"{front} \cdot 10^{{{int(power)}}}"
