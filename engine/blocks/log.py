"""Log: the natural logarithm of its input, number by number."""

from __future__ import annotations

from typing import Any, final

from engine.recipe import GradContext
from engine.unary import UnaryFunction


@final
class Log(UnaryFunction):
    """`y = log(x)`, shapes unchanged."""

    kind = "Log"
    doc = "The natural logarithm of each number, which has to be positive."
    icon = "expression"
    keywords = ("ln", "logarithm")
    target = "torch.log"
    value = r"\ln x"
    slope = r"\dfrac{1}{x}"

    def derivative(self, x: Any, y: Any, c: GradContext) -> Any:
        return 1 / x
