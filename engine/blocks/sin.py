"""Sin: the sine of its input, number by number."""

from __future__ import annotations

from typing import Any, final

from engine.recipe import GradContext
from engine.unary import UnaryFunction


@final
class Sin(UnaryFunction):
    """`y = sin(x)`, shapes unchanged."""

    kind = "Sin"
    doc = "The sine of each number."
    icon = "expression"
    keywords = ("sinus", "trigonometry")
    target = "torch.sin"
    value = r"\sin x"
    slope = r"\cos x"

    def derivative(self, x: Any, y: Any, c: GradContext) -> Any:
        return c.call("torch.cos", x)
