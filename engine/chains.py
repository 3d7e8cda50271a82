"""The chain rule of one weight, as values that the window can show: paths, factors, and what reuse saves.

They are made by `engine.pathfinder`, and cross the session's door as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import final

_SUBSCRIPTS = str.maketrans("0123456789,-", "₀₁₂₃₄₅₆₇₈₉,₋")


@final
@dataclass(frozen=True, slots=True)
class Place:
    """One number of a tensor.

    Attributes:
        name: `node` for its only output, `node.port`, `block.parameter`, or `L` for what is minimised.
        index: of the number, from 0, with the sample of the batch first; () for a scalar.
        sample: whether the first index counts samples of a batch of several, which are shown in parentheses.
    """

    name: str
    index: tuple[int, ...] = ()
    sample: bool = False

    @property
    def counted(self) -> tuple[int, ...]:
        """Its index as people count, from 1, without the sample."""
        return tuple(index + 1 for index in (self.index[1:] if self.sample else self.index))

    @property
    def text(self) -> str:
        """`act1₂`; of a batch of several samples `act1₂⁽³⁾` is written `act1₂(3)`."""
        low = ",".join(map(str, self.counted)).translate(_SUBSCRIPTS)
        return f"{self.name}{low}" + (f"({self.index[0] + 1})" if self.sample else "")

    @property
    def latex(self) -> str:
        r"""`\mathrm{act1}_{2}`, for mathtext."""
        name = self.name if len(self.name) == 1 else rf"\mathrm{{{self.name.replace('_', ' ')}}}"
        low = f"_{{{','.join(map(str, self.counted))}}}" if self.counted else ""
        return f"{name}{low}" + (f"^{{({self.index[0] + 1})}}" if self.sample else "")


@final
@dataclass(frozen=True, slots=True)
class Factor:
    """One local derivative ∂to/∂by.

    Attributes:
        node: path of the block that makes `to` from `by`.
        to: what is differentiated.
        by: by what.
        value: of the derivative.
        equals: the number that the derivative is, where it is one that can be pointed at (a weight, an activation):
            so ∂output₁/∂w is the activation that w multiplies, and ∂output₁/∂act1₁ is the weight between the two.
        whole: it stands for all ways from `by` to the loss through a block that is too large to be taken apart.
        reused: it was computed already for a weight that backpropagation comes to earlier.
    """

    node: str
    to: Place
    by: Place
    value: float
    equals: Place | None = None
    whole: bool = False
    reused: bool = False

    @property
    def text(self) -> str:
        """`∂act1₁/∂hidden₁`."""
        return f"∂{self.to.text}/∂{self.by.text}"

    @property
    def latex(self) -> str:
        """The same as a fraction."""
        return rf"\dfrac{{\partial {self.to.latex}}}{{\partial {self.by.latex}}}"


@final
@dataclass(frozen=True, slots=True)
class Path:
    """One way from a weight to the loss; `factors` begin at the weight."""

    factors: tuple[Factor, ...]

    @property
    def product(self) -> float:
        """What this way contributes to the gradient."""
        return prod(factor.value for factor in self.factors)


@final
@dataclass(frozen=True, slots=True)
class Savings:
    """Multiplications that the gradients of all weights cost.

    Attributes:
        backprop: one pass back, each factor used once for all weights behind it.
        each_alone: every weight differentiated on its own, along its ways to the loss, nothing shared between weights.
        differences: two forward passes for each of the `weights`, as central differences need.
        weights: how many numbers are differentiated by.
    """

    backprop: int
    each_alone: int
    differences: int
    weights: int


@final
@dataclass(frozen=True, slots=True)
class WeightChain:
    """All ways from one weight to the loss.

    Attributes:
        weight: which.
        value: it has now.
        gradient: sum over all paths, added up without listing them.
        autograd: what PyTorch says, for comparison.
        paths: the largest by |product|, largest first.
        count: number of all paths, as a float exact up to 2⁵³.
        rest: sum of the paths that are not listed.
        new: multiplications of factors that no earlier weight needed.
        reused: multiplications that were done already.
        savings: the same for the whole network.
    """

    weight: Place
    value: float
    gradient: float
    autograd: float
    paths: tuple[Path, ...]
    count: float
    rest: float
    new: int
    reused: int
    savings: Savings

    @property
    def more(self) -> float:
        """Number of the paths that are not listed."""
        return self.count - len(self.paths)

    @property
    def ending(self) -> str:
        """`…and 1,234 more, together 3.1e-05`; "" when all are listed."""
        if self.more <= 0:
            return ""
        number = f"{int(self.more):,}" if self.more < 1e15 else f"{self.more:.1e}"
        return f"…and {number} more, together {self.rest:.1e}"
