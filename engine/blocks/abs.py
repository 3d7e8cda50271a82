"""Abs: the absolute value of its input, number by number."""

from __future__ import annotations

from typing import Any, final

from engine.recipe import GradContext
from engine.unary import UnaryFunction


@final
class Abs(UnaryFunction):
    """`y = abs(x)`, shapes unchanged."""

    kind = "Abs"
    doc = "The size of each number, without its sign."
    icon = "expression"
    keywords = ("absolute", "modulus")
    target = "torch.abs"
    value = r"|x|"
    slope = r"\mathrm{sign}(x)"

    def derivative(self, x: Any, y: Any, c: GradContext) -> Any:
        return c.call("torch.sign", x)
