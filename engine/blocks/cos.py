"""Cos: the cosine of its input, number by number."""

from __future__ import annotations

from typing import Any, final

from engine.recipe import GradContext
from engine.unary import UnaryFunction


@final
class Cos(UnaryFunction):
    """`y = cos(x)`, shapes unchanged."""

    kind = "Cos"
    doc = "The cosine of each number."
    icon = "expression"
    keywords = ("cosinus", "trigonometry")
    target = "torch.cos"
    value = r"\cos x"
    slope = r"(-\sin x)"

    def derivative(self, x: Any, y: Any, c: GradContext) -> Any:
        return -c.call("torch.sin", x)
