"""Weights while they are being changed by hand, and what they give."""

from __future__ import annotations

from typing import final

from gui.backprop.neurons.chain import Array, Chain
from gui.backprop.neurons.forward import Computed, Forwards
from gui.backprop.neurons.layout import Part
from gui.backprop.neurons.sight import Weights
from gui.backprop.neurons.words import weight_name


@final
class Trial:
    """What differs from the step that was taken apart last.

    Attributes:
        weights: whole parameters; empty while nothing differs.
        computed: what they give; None where that cannot be computed here.
    """

    def __init__(self) -> None:
        self.weights: Weights = {}
        self.computed: Computed | None = None
        self._before: dict[str, Array] = {}

    def array_of(self, chain: Chain, part: Part) -> tuple[Array, tuple[int, ...]]:
        """The parameter as it is now, and the place of a line or a bias in it."""
        name, index = weight_name(chain, part)
        layer, short = chain.layers[part.column - 1], name.rpartition(".")[2]
        array = self.weights.get((part.column - 1, short), layer.weight if short == "weight" else layer.bias)
        assert array is not None
        return array, index

    def value_of(self, chain: Chain, part: Part) -> float:
        """The number, in the fewest digits that mean it."""
        array, index = self.array_of(chain, part)
        return float(str(array[index])) if array.dtype.char == "f" else float(array[index])

    def put(self, chain: Chain, forwards: Forwards, part: Part, value: float) -> tuple[str, Array]:
        """Change a number; `block.parameter` and the whole of it, as it is now."""
        array, index = self.array_of(chain, part)
        name, _ = weight_name(chain, part)
        self._before.setdefault(name, array)
        made = array.copy()
        made[index] = value
        self._put(chain, forwards, name, made)
        return name, made

    def _put(self, chain: Chain, forwards: Forwards, name: str, array: Array) -> None:
        owner, _, short = name.rpartition(".")
        for at, layer in enumerate(chain.layers):
            if layer.owner == owner:
                self.weights[at, short] = array
        self.computed = forwards.run(self.weights) if forwards.able else None

    def before(self, name: str) -> Array:
        """What a parameter was when its change began; from here on another change begins."""
        return self._before.pop(name)

    def take_back(self, chain: Chain, forwards: Forwards) -> dict[str, Array]:
        """Everything as it was when the change began; what that was."""
        found, self._before = self._before, {}
        for name, array in found.items():
            self._put(chain, forwards, name, array)
        return found

    def clear(self) -> None:
        """The step has these weights now."""
        self.weights, self.computed = {}, None
