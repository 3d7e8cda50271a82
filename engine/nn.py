"""The few modules and functions PyTorch lacks. Code export copies them verbatim, so each stands on its own."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn


def step(x: Tensor) -> Tensor:
    """1 where x ≥ 0, else 0; any shape. Its gradient is zero everywhere, so nothing in front of it learns."""
    return torch.clamp(torch.sign(x) + 1, max=1)


def hinge_loss(prediction: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """max(0, 1 − target · prediction) with targets −1 and +1, averaged, added up or neither; equal shapes."""
    losses = torch.relu(1 - target * prediction)
    if reduction == "none":
        return losses
    return losses.sum() if reduction == "sum" else losses.mean()


@final
class GaussianNoise(nn.Module):
    """Adds normal noise of standard deviation `std` while training; any shape."""

    def __init__(self, std: float = 0.1) -> None:
        super().__init__()
        self.std = std

    def forward(self, x: Tensor) -> Tensor:
        """The input with noise in training mode, the input itself in evaluation mode."""
        return x + self.std * torch.randn_like(x) if self.training else x

    def extra_repr(self) -> str:
        """Shown when the network is printed."""
        return f"std={self.std}"
