"""How much memory a step takes, measured while it is made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import final

import torch
from torch import Tensor, nn

from engine.machineevents import How
from engine.planning.memory import MemoryParts
from engine.training.turns import Turn


@final
class _Kept:
    """A tensor that waits for the backward pass; as long as anything holds this, it is counted."""

    __slots__ = ("_counter", "_key", "tensor")

    def __init__(self, tensor: Tensor, counter: Counter, key: tuple[int, int] | None) -> None:
        self.tensor, self._counter, self._key = tensor, counter, key

    def __del__(self) -> None:
        if self._key is not None:
            self._counter.leave(self._key)


@final
class Counter:
    """Counts the tensors that autograd keeps, each once however many operations want it.

    Attributes:
        most: bytes that were kept at the same time.
    """

    def __init__(self, others: Iterable[Tensor]) -> None:
        """Args: `others` are there anyway, and not counted."""
        self.most = self._now = 0
        self._held: dict[tuple[int, int], int] = {}
        self._others = {tensor.data_ptr() for tensor in others}

    @contextmanager
    def counting(self) -> Iterator[None]:
        """What is computed inside of this is counted; its numbers are the same."""
        with torch.autograd.graph.saved_tensors_hooks(self._keep, lambda kept: kept.tensor):
            yield

    def _keep(self, tensor: Tensor) -> _Kept:
        bare = tensor.detach()  # an operation that keeps its own result would hold itself
        place = bare.data_ptr()
        if place in self._others:
            return _Kept(bare, self, None)
        key = (place, bare.numel() * bare.element_size())
        self._held[key] = self._held.get(key, 0) + 1
        if self._held[key] == 1:
            self._now += key[1]
            self.most = max(self.most, self._now)
        return _Kept(bare, self, key)

    def leave(self, key: tuple[int, int]) -> None:
        """One of those that wanted it no longer does."""
        self._held[key] -= 1
        if not self._held[key]:
            del self._held[key]
            self._now -= key[1]


@final
class Footprint:
    """Measures one step.

    Attributes:
        parts: what it took; None before.
        how: it was measured.
    """

    def __init__(self, net: nn.Module, device: torch.device) -> None:
        self._net, self._device = net, device
        self.parts: MemoryParts | None = None
        self.how: How = "peak" if device.type == "cuda" else "counted"

    @contextmanager
    def measuring(self, turn: Turn) -> Iterator[None]:
        """A step of that phase is made inside of this; one that fails measures nothing."""
        if self.how == "peak":
            torch.cuda.reset_peak_memory_stats(self._device)
            yield
            used = torch.cuda.max_memory_allocated(self._device)
            known = _standing(self._net, turn, 0)
            self.parts = _standing(self._net, turn, max(0, used - known.total))
            return
        counter = Counter(self._net.parameters())
        with counter.counting():
            yield
        self.parts = _standing(self._net, turn, counter.most)


def _standing(net: nn.Module, turn: Turn, activations: int) -> MemoryParts:
    """What stays from step to step, as the tensors are now, beside these activations."""
    slots = turn.updater.slots
    grads = {id(parameter): parameter.grad for parameter in net.parameters()}
    return MemoryParts(
        parameters=_bytes(net.parameters()),
        gradients=_bytes(grad for grad in grads.values() if grad is not None),
        optimizer=_bytes(vector for slot in slots for vector in slot.state.values()),
        activations=activations,
    )


def _bytes(tensors: Iterable[Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)
