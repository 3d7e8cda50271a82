"""What is told of single weights: the loss as a function of one, and the space of a linear fit; values with NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, final

import numpy as np
from numpy.typing import NDArray

from engine.wording import index_text

Floats = NDArray[np.float64]
Entry = tuple[str, tuple[int, ...]]
"""A single weight: `block.parameter`, and its index there, () in a parameter that is one number."""

On = Literal["train", "batch"]
"""What a loss is evaluated on.

`train`: all training data, in evaluation mode (no dropout, batch norm by its running statistics). `batch`: the batch of
the next step in training mode, with the random draws of that step: the very function that the step differentiates.
"""


@final
@dataclass(frozen=True, slots=True, eq=False)
class LossCurve:
    """The loss over one weight, all others held.

    Attributes:
        entry: the weight.
        at: updates made before.
        w: places, ascending, float64 (n,); as many as were computed by now.
        loss: there, float64 (n,); NaN and infinite where the network gives that.
        here: the weight now; `value` the loss there, `slope` its derivative, by autograd.
        after: the weight after the next update, whatever the optimizer; NaN when that does not change it.
        gradient: of the batch of that update; NaN when there is none. `lr`: its learning rate.
        plain: whether that update is −lr · gradient and nothing else.
        on: what the loss is evaluated on; `samples` of them, 0 for a network without data.
    """

    entry: Entry
    at: int
    w: Floats
    loss: Floats
    here: float
    value: float
    slope: float
    after: float
    gradient: float
    lr: float
    plain: bool
    on: On
    samples: int


@final
@dataclass(frozen=True, slots=True, eq=False)
class Bowl:
    """The loss over two parameters of a linear fit: least + (θ − centre)ᵀ H (θ − centre).

    Attributes:
        centre: the least-squares solution (2,); the shortest one where it is not the only one.
        least: the loss there.
        hessian: H, (2, 2), half of the matrix of second derivatives.
        unique: whether there is one solution alone.
    """

    centre: Floats
    least: float
    hessian: Floats
    unique: bool

    def loss(self, theta: Floats) -> Floats:
        """Loss of parameters (..., 2)."""
        off = theta - self.centre
        found: Floats = self.least + np.einsum("...i,ij,...j->...", off, self.hessian, off)
        return found


@final
@dataclass(frozen=True, slots=True, eq=False)
class LinearFit:
    """A model that is linear in its parameters, with its data: prediction = features · parameters.

    Attributes:
        node: path of its Dense block.
        entries: its parameters, k of them; `symbols` for them: `w`, `b`, or `w₁` …
        x, y: samples, float64 (n,); at most so many are drawn as there are. `split`: int8 (n,) 0 train, 1 val, 2 test.
        features: of these samples, float64 (n, k); a column of ones for the bias.
        at: places along x, float64 (m,), and `along`: features there (m, k).
        triangle: R of the QR decomposition of the training data's [features, y], (k + 1, k + 1).
        scale: the loss is `scale` times the sum of the squared residuals of the training data.
        samples: training data behind `triangle`.
        names: of x and y.
    """

    node: str
    entries: tuple[Entry, ...]
    symbols: tuple[str, ...]
    x: Floats
    y: Floats
    split: NDArray[np.int8]
    features: Floats
    at: Floats
    along: Floats
    triangle: Floats
    scale: float
    samples: int
    names: tuple[str, str] = ("x", "y")

    @property
    def is_line(self) -> bool:
        """Whether it is y = w x + b on x as it is drawn."""
        same = np.allclose(self.along[:, 0], self.at, rtol=1e-5, atol=1e-6 * float(np.ptp(self.at)))  # float32 rounds
        return self.symbols == ("w", "b") and bool(same)

    def loss(self, theta: Floats) -> float:
        """Of all parameters (k,)."""
        return self.scale * float(np.sum((self.triangle[:, :-1] @ theta - self.triangle[:, -1]) ** 2))

    def bowl(self, theta: Floats, pair: tuple[int, int]) -> Bowl:
        """The loss over two of the parameters, the others held as they are in `theta` (k,).

        ‖A θ − y‖ = ‖R θ − Qᵀy‖ for A = Q R: the triangle stands for all data, however many, without loss of precision.
        """
        chosen = list(pair)
        others = [place for place in range(len(self.entries)) if place not in pair]
        part = self.triangle[:, chosen]
        target = self.triangle[:, -1] - self.triangle[:, others] @ theta[others]
        centre, _, rank, _ = np.linalg.lstsq(part, target, rcond=None)
        least = self.scale * float(np.sum((part @ centre - target) ** 2))
        return Bowl(sealed(centre), least, sealed(self.scale * (part.T @ part)), bool(rank == len(chosen)))


def entry_text(entry: Entry) -> str:
    """`dense1.weight[1, 4]` for the index (0, 3): counted from 1, as in formulas."""
    return f"{entry[0]}{index_text(entry[1])}"


def sealed(array: Any) -> Floats:
    """A float64 copy that nobody changes."""
    found = np.array(array, dtype=np.float64)
    found.flags.writeable = False
    return found
