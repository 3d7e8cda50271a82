"""What a step changes besides the weights, so that a step that fails can be taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

from torch import Tensor, nn

from engine.training.randomness import Randomness


@final
class Rollback:
    """Buffers (running statistics) and random states as they were before a step."""

    def __init__(self, net: nn.Module, randomness: Randomness | None) -> None:
        """Args: `randomness` of a network that draws random numbers, else None."""
        self._buffers = list(net.buffers())
        self._kept = [buffer.clone() for buffer in self._buffers]
        self._randomness = randomness
        self._states: Mapping[str, Tensor] = {}

    def keep(self) -> None:
        """Remember now."""
        for kept, buffer in zip(self._kept, self._buffers, strict=True):
            kept.copy_(buffer)
        if self._randomness is not None:
            self._states = self._randomness.now()

    def put_back(self) -> None:
        """As it was."""
        for kept, buffer in zip(self._kept, self._buffers, strict=True):
            buffer.copy_(kept)
        self.put_random_states_back()

    def put_random_states_back(self) -> None:
        """The random states alone."""
        if self._randomness is not None:
            self._randomness.put(self._states)
