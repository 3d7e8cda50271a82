"""Derivatives of one block's output by one of its inputs, number by number, as sparse as the block is.

Elements are counted row by row (flat). Which form a block has follows from the torch calls of its recipe, so a new
block needs nothing here; a block of which nothing is known is either written out as a matrix, or taken as a whole.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.moments import Form
from engine.recipe import Recipe
from engine.replay import Moment

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

NO_PATH = -1.0
"""In what `best` takes and gives: nothing leads from here to the loss."""

_MATRIX = 1 << 21
"""Numbers of a Jacobian that is still written out; 16 MiB."""

_NAMES = {
    "operator": "add sub mul truediv neg pow pos",
    "torch.nn": "Dropout Dropout1d Dropout2d Dropout3d Identity",
    "torch.nn.functional": "relu relu6 leaky_relu elu gelu silu softplus softsign hardtanh hardsigmoid hardswish",
    "torch": "relu sigmoid tanh exp log log1p log2 log10 sqrt rsqrt abs sign sin cos tan asin acos atan sinh cosh "
    "square neg erf clamp where reciprocal floor ceil round "
    "add sub mul div pow maximum minimum ones_like zeros_like",
    "chainrule.nn": "step GaussianNoise",
}
_BY_NUMBER = frozenset(f"{place}.{name}" for place, names in _NAMES.items() for name in names.split())
"""Each number of the output depends on the number at the same place of each input alone."""

_BY_PLACE = frozenset(
    f"torch.{name}" for name in ("flatten", "reshape", "permute", "transpose", "cat", "unsqueeze", "squeeze", "t")
)
"""Each number of an input goes to one place of the output, or to none."""


class Jacobian(ABC):
    """∂ output element / ∂ input element, of one output and one input of a block."""

    @abstractmethod
    def back(self, gradient: Floats) -> Floats:
        """The gradient of the input from that of the output: the sum over all ways."""

    @abstractmethod
    def best(self, reach: Floats) -> Floats:
        """The largest |product| from each input element on, from that of the output elements; or NO_PATH."""

    @abstractmethod
    def count(self, paths: Floats) -> Floats:
        """The number of ways from each input element on, from that of the output elements."""

    @abstractmethod
    def spread(self, reached: Mask) -> Mask:
        """Which output elements depend on these input elements."""

    @abstractmethod
    def column(self, index: int) -> tuple[NDArray[np.int64], Floats]:
        """The output elements that one input element moves, and how much each."""

    @abstractmethod
    def cost(self, reached: Mask) -> int:
        """Multiplications of a pass back that ends at these input elements."""


@final
class Diagonal(Jacobian):
    """Number by number: an activation, a dropout mask, a summand."""

    def __init__(self, slope: Floats) -> None:
        self.slope = slope

    def back(self, gradient: Floats) -> Floats:
        return gradient * self.slope

    def best(self, reach: Floats) -> Floats:
        return np.where(reach < 0, NO_PATH, np.abs(self.slope) * reach)

    def count(self, paths: Floats) -> Floats:
        return paths

    def spread(self, reached: Mask) -> Mask:
        return reached

    def column(self, index: int) -> tuple[NDArray[np.int64], Floats]:
        return np.array([index]), self.slope[index : index + 1]

    def cost(self, reached: Mask) -> int:
        return int((reached & (self.slope != 1)).sum())


@final
class Places(Jacobian):
    """Every number goes unchanged to another place: flatten, reshape, permute, concat."""

    def __init__(self, to: NDArray[np.int64], outputs: int) -> None:
        """Args: `to` is the output element of each input element, -1 for none."""
        self.to, self.outputs = to, outputs

    def _taken(self, values: Floats, otherwise: float) -> Floats:
        return np.where(self.to < 0, otherwise, values[self.to])

    def back(self, gradient: Floats) -> Floats:
        return self._taken(gradient, 0.0)

    def best(self, reach: Floats) -> Floats:
        return self._taken(reach, NO_PATH)

    def count(self, paths: Floats) -> Floats:
        return self._taken(paths, 0.0)

    def spread(self, reached: Mask) -> Mask:
        found = np.zeros(self.outputs, bool)
        found[self.to[reached & (self.to >= 0)]] = True
        return found

    def column(self, index: int) -> tuple[NDArray[np.int64], Floats]:
        place = self.to[index]
        return (np.array([place]), np.ones(1)) if place >= 0 else (np.empty(0, np.int64), np.empty(0))

    def cost(self, reached: Mask) -> int:
        return 0


@final
class Rows(Jacobian):
    """One matrix for every row: Dense, y = x Wᵀ. W is (outputs, inputs) of a row."""

    def __init__(self, weight: Floats, rows: int) -> None:
        self.weight, self.rows = weight, rows

    def _rows(self, values: NDArray[Any]) -> NDArray[Any]:
        return values.reshape(self.rows, -1)

    def back(self, gradient: Floats) -> Floats:
        return np.asarray(self._rows(gradient) @ self.weight).ravel()

    def best(self, reach: Floats) -> Floats:
        size = np.abs(self.weight)
        found = np.full((self.rows, self.weight.shape[1]), NO_PATH)
        for row, reaches in enumerate(self._rows(reach)):
            leading = reaches >= 0
            if leading.any():
                found[row] = (size[leading] * reaches[leading, None]).max(0)
        return found.ravel()

    def count(self, paths: Floats) -> Floats:
        return np.repeat(self._rows(paths).sum(1), self.weight.shape[1])

    def spread(self, reached: Mask) -> Mask:
        return np.repeat(self._rows(reached).any(1), self.weight.shape[0])

    def column(self, index: int) -> tuple[NDArray[np.int64], Floats]:
        row, feature = divmod(index, self.weight.shape[1])
        return row * self.weight.shape[0] + np.arange(self.weight.shape[0]), self.weight[:, feature]

    def cost(self, reached: Mask) -> int:
        units: int = self.weight.shape[0]
        return int(reached.sum()) * units


@final
class Matrix(Jacobian):
    """All derivatives written out, (outputs, inputs): softmax, a loss, small convolutions. Zeros are no ways."""

    def __init__(self, full: Floats) -> None:
        self.full = full

    def back(self, gradient: Floats) -> Floats:
        return np.asarray(gradient @ self.full)

    def best(self, reach: Floats) -> Floats:
        ways = (self.full != 0) & (reach >= 0)[:, None]
        sizes: Floats = np.where(ways, np.abs(self.full) * reach[:, None], NO_PATH)
        return np.asarray(sizes.max(0, initial=NO_PATH))

    def count(self, paths: Floats) -> Floats:
        return np.asarray(paths @ (self.full != 0))

    def spread(self, reached: Mask) -> Mask:
        return np.asarray((self.full[:, reached] != 0).any(1))

    def column(self, index: int) -> tuple[NDArray[np.int64], Floats]:
        (moved,) = self.full[:, index].nonzero()
        return moved, self.full[moved, index]

    def cost(self, reached: Mask) -> int:
        used: Mask = self.full[:, reached] != 0
        return int(used.sum())


def jacobian(moment: Moment, value: Tensor, output: Tensor, recipe: Recipe) -> Jacobian | None:
    """The derivatives of an output of a node by one of its inputs; None where they are too many to write out.

    Args:
        moment: of the node, with autograd's graph.
        value: the input, as the moment holds it.
        output: one of its outputs.
        recipe: of the node.
    """
    targets = _targets(recipe)
    if not output.requires_grad:
        return Matrix(np.zeros((output.numel(), value.numel()))) if _small(output, value) else None
    if targets <= _BY_NUMBER and value.shape == output.shape:
        return Diagonal(flat(pulled(output, value, torch.ones_like(output))))
    if targets <= _BY_PLACE:
        numbers = torch.arange(1, output.numel() + 1, dtype=output.dtype, device=output.device)
        exact = output.numel() < 1 / torch.finfo(output.dtype).eps
        if exact:
            found = flat(pulled(output, value, numbers.reshape(output.shape)))
            return Places(np.rint(found).astype(np.int64) - 1, output.numel())
    if targets == {"torch.nn.Linear"} and "weight" in moment.weights and value.ndim > 0:
        weight = moment.weights["weight"].detach().cpu().double().numpy()
        return Rows(weight, value.numel() // value.shape[-1])
    if not _small(output, value):
        return None
    one = torch.eye(output.numel(), dtype=output.dtype, device=output.device)
    rows = [flat(pulled(output, value, row.reshape(output.shape))) for row in one]
    return Matrix(np.stack(rows) if rows else np.zeros((0, value.numel())))


def grad(output: Tensor, value: Tensor, upstream: Tensor | None = None, *, again: bool = False) -> Tensor | None:
    """Autograd's gradient of a value of a graph that is kept; None where they have nothing to do with each other.

    Args:
        output: what is differentiated.
        value: by what.
        upstream: the gradient that arrives at the output; None: 1, for a scalar.
        again: whether the answer is to be differentiated in turn.
    """
    if upstream is not None:
        # Given the gradient that arrives, autograd imports sympy: more than a second. A sum passes the very same on.
        with torch.enable_grad():
            output = (output * upstream).sum()
    found: Sequence[Tensor | None] = torch.autograd.grad(
        output, value, retain_graph=True, create_graph=again, allow_unused=True
    )
    return found[0]


def pulled(output: Tensor, value: Tensor, upstream: Tensor | None = None) -> Tensor:
    """The gradient of a value from that of an output; zeros where they have nothing to do with each other."""
    found = grad(output, value, upstream)
    return torch.zeros_like(value) if found is None else found


def pushed(output: Tensor, value: Tensor, index: int) -> Floats:
    """How much each number of an output moves with one number of a value: a column of the Jacobian, exactly."""
    dual = torch.zeros_like(output, requires_grad=True)
    back = grad(output, value, dual, again=True)
    if back is None or not back.requires_grad:
        return np.zeros(output.numel())
    found = grad(back.reshape(-1)[index], dual)
    return np.zeros(output.numel()) if found is None else flat(found)


def flat(value: Tensor) -> Floats:
    """The numbers of a tensor row by row, in double precision."""
    found: Floats = value.detach().cpu().double().reshape(-1).numpy()
    return found


def form_of(moment: Moment) -> Form:
    """How a node computes, as its recipe tells."""
    recipe = moment.plan.recipe
    outputs = list(moment.outputs.values())
    if recipe is None or len(outputs) != 1:
        return "other"
    (output,) = outputs
    targets = _targets(recipe)
    if targets == {"torch.nn.Linear"}:
        return "linear"
    if targets <= _BY_NUMBER and all(value.shape == output.shape for value in moment.inputs.values()):
        return "number"
    if targets <= _BY_PLACE:
        return "place"
    return "scalar" if output.ndim == 0 else "other"


def _small(output: Tensor, value: Tensor) -> bool:
    return output.numel() * value.numel() <= _MATRIX


def _targets(recipe: Recipe) -> set[str]:
    calls = recipe.calls if recipe.traced_calls is None else recipe.traced_calls
    module = recipe.module.target if recipe.module is not None else ""
    return {module if call.target == "self" else call.target for call in calls}
