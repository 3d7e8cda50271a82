"""Copies of all weights, as the best epoch so far asks for: a few large tensors instead of many small ones."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

_LINE = 16
"""Numbers that may be between two tensors that are packed."""


@final
class Copier:
    """Copies the weights of one network, which lie together in memory where a training has packed them."""

    def __init__(self, net: nn.Module) -> None:
        """Nothing is looked at before the first copy."""
        self._net = net
        self._parts: list[tuple[str, Tensor, int, int]] = []
        """Name, tensor, where it lay, and which of the large tensors that is in."""
        self._wholes: list[Tensor] = []

    def copies(self) -> dict[str, Tensor]:
        """All parameters and buffers by name, as in `Module.state_dict`, copied."""
        if not self._parts or any(tensor.data_ptr() != place for _, tensor, place, _ in self._parts):
            self._look()
        if not self._wholes:
            return {name: tensor.detach().clone() for name, tensor in self._net.state_dict().items()}
        wholes = [whole.clone() for whole in self._wholes]
        return {
            name: wholes[number].as_strided(tensor.shape, tensor.stride(), tensor.storage_offset())
            for name, tensor, _, number in self._parts
        }

    def _look(self) -> None:
        """Which storages there are; none where that is not known for good (a buffer may be replaced by another)."""
        self._parts, self._wholes = [], []
        known = self._net.state_dict(keep_vars=True)
        plain = all(type(tensor) in (Tensor, nn.Parameter) for tensor in known.values())
        if not plain or next(self._net.buffers(), None) is not None:
            return
        numbers: dict[tuple[int, torch.dtype], int] = {}
        wholes: list[Tensor] = []
        parts = []
        for name, tensor in known.items():
            storage = tensor.untyped_storage()
            number = numbers.setdefault((storage.data_ptr(), tensor.dtype), len(numbers))
            if number == len(wholes):
                wholes.append(torch.empty(0, dtype=tensor.dtype, device=tensor.device).set_(storage))
            parts.append((name, tensor, tensor.data_ptr(), number))
        if sum(whole.numel() for whole in wholes) <= 2 * sum(tensor.numel() + _LINE for tensor in known.values()):
            self._parts, self._wholes = parts, wholes
