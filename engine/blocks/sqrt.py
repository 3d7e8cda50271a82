"""Sqrt: the square root of its input, number by number."""

from __future__ import annotations

from typing import Any, final

from engine.recipe import GradContext
from engine.unary import UnaryFunction


@final
class Sqrt(UnaryFunction):
    """`y = sqrt(x)`, shapes unchanged."""

    kind = "Sqrt"
    doc = "The square root of each number, which must not be negative."
    icon = "expression"
    keywords = ("root", "square root")
    target = "torch.sqrt"
    value = r"\sqrt{x}"
    slope = r"\dfrac{1}{2\,y}"

    def derivative(self, x: Any, y: Any, c: GradContext) -> Any:
        return 1 / (2 * y)
