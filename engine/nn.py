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


@final
class RandomAffine(nn.Module):
    """Flips, shifts, turns and scales each image by chance while training; `(N, channels, height, width)`.

    Each pixel of the result is the one that is nearest to where it comes from, and what lies beyond the edge is as the
    edge, so that no new numbers appear. One draw of five numbers an image, wherever the images are.

    Args:
        flip: mirror half of the images, left to right.
        translate: shift by up to so many pixels each way, in whole pixels.
        degrees: turn by up to so many degrees each way.
        scale: stretch or shrink by up to this part of the size.
    """

    def __init__(self, flip: bool = False, translate: int = 0, degrees: float = 0.0, scale: float = 0.0) -> None:
        super().__init__()
        self.flip, self.translate, self.degrees, self.scale = flip, translate, degrees, scale

    def forward(self, x: Tensor, only_places: bool = False) -> Tensor:
        """The images changed in training mode, as they are in evaluation mode; or only where pixels come from."""
        if only_places:
            return self.draw(x)
        return x.flatten(2).gather(2, self.draw(x)).view_as(x) if self.training else x

    def draw(self, x: Tensor) -> Tensor:
        """Which pixel, counted row by row, comes where: `(N, channels, height · width)`; itself in evaluation mode."""
        count, channels, height, width = x.shape
        rows = torch.arange(height, device=x.device).repeat_interleave(width)
        columns = torch.arange(width, device=x.device).repeat(height)
        if not self.training:
            return (rows * width + columns).expand(count, channels, -1)
        drawn = torch.rand(5, count, 1, device=x.device)
        sign = torch.where(drawn[0] < 0.5, -1.0, 1.0) if self.flip else torch.ones_like(drawn[0])
        reach = self.translate + 0.499 if self.translate else 0.0  # the outermost shift as often as the others
        down, across = torch.round((2 * drawn[1:3] - 1) * reach)
        angle = torch.deg2rad((2 * drawn[3] - 1) * self.degrees)
        size = 1 + (2 * drawn[4] - 1) * self.scale
        y, x_ = rows - (height - 1) / 2 - down, columns - (width - 1) / 2 - across
        row = (torch.cos(angle) * y - torch.sin(angle) * x_) / size + (height - 1) / 2
        column = sign * (torch.sin(angle) * y + torch.cos(angle) * x_) / size + (width - 1) / 2
        row = row.round().clamp(0, height - 1).long()
        column = column.round().clamp(0, width - 1).long()
        places: Tensor = row * width + column
        return places.unsqueeze(1).expand(-1, channels, -1)

    def extra_repr(self) -> str:
        """Shown when the network is printed."""
        return f"flip={self.flip}, translate={self.translate}, degrees={self.degrees}, scale={self.scale}"
