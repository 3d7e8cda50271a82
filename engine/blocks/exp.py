"""Exp: e to the power of its input, number by number."""

from __future__ import annotations

from typing import Any, final

from engine.recipe import GradContext
from engine.unary import UnaryFunction


@final
class Exp(UnaryFunction):
    """`y = exp(x)`, shapes unchanged."""

    kind = "Exp"
    doc = "e to the power of each number."
    icon = "expression"
    keywords = ("exponential", "power")
    target = "torch.exp"
    value = r"e^{x}"
    slope = r"e^{x}"

    def derivative(self, x: Any, y: Any, c: GradContext) -> Any:
        return y
