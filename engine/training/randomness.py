"""The random numbers of a training are its own: what else draws in between changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, final

import torch
from torch import Tensor

from engine.init import generator

PURPOSE: Final = "random blocks"
"""The name that its generator has beside the seed (`engine.init.generator`)."""
_NO_STATE = torch.empty(0, dtype=torch.uint8)
_GRAPHICS: Final[Mapping[str, Any]] = {"cuda": torch.cuda, "mps": torch.mps}
"""Kinds of devices that draw by themselves, and what keeps their global states."""


@final
class Randomness:
    """State of torch's global generators as one training sees them; dropout and noise draw from those."""

    def __init__(self, seed: int, device: torch.device) -> None:
        self._device = device
        self._inside = False
        first = generator(seed, PURPOSE)
        self._cpu = first.get_state()
        self._graphics = _GRAPHICS.get(device.type)
        self._cuda = _NO_STATE
        if self._graphics is not None:
            self._cuda = _first(device, first.initial_seed())

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """What draws in this block goes on where the last block ended; outside, nothing has changed."""
        outside = self.now()
        self.put(self.state())
        self._inside = True
        try:
            yield
        finally:
            self._inside = False
            self._cpu, self._cuda = self.now().values()
            self.put(outside)

    def now(self) -> dict[str, Tensor]:
        """The global states; `cuda`: of the graphics processor, whichever it is."""
        cuda = _NO_STATE if self._graphics is None else self._graphics.get_rng_state(self._device)
        return {"cpu": torch.get_rng_state(), "cuda": cuda}

    def put(self, state: Mapping[str, Tensor]) -> None:
        """Set the global states."""
        torch.set_rng_state(state["cpu"])
        if self._graphics is not None:
            self._graphics.set_rng_state(state["cuda"], self._device)

    def state(self) -> dict[str, Tensor]:
        """Where the next draw begins, inside of a block as well."""
        return self.now() if self._inside else {"cpu": self._cpu, "cuda": self._cuda}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Let the next draw begin there; a graphics processor of another kind goes on by itself."""
        self._cpu = state["cpu"]
        if len(state["cuda"]) == len(self._cuda):
            self._cuda = state["cuda"]
        if self._inside:
            self.put({"cpu": self._cpu, "cuda": self._cuda})


def _first(device: torch.device, seed: int) -> Tensor:
    """Where the random numbers of a graphics processor begin."""
    return torch.Generator(device).manual_seed(seed).get_state()
