"""Symbols that the formulas of all blocks share, in the LaTeX subset of matplotlib's mathtext."""

from __future__ import annotations

DELTA = (r"\delta", "gradient arriving at the output, ∂L/∂y")
INPUT = ("x", "input")
OUTPUT = ("y", "output")


def wrt(symbol: str) -> str:
    """The derivative of the loss with respect to a symbol: `∂L/∂W` as a fraction."""
    return rf"\dfrac{{\partial L}}{{\partial {symbol}}}"


def number(value: float) -> str:
    """A parameter's value as formulas show it, without needless digits."""
    return f"{value:g}"
