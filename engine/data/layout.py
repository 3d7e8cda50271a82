"""How the numbers of pictures lie in memory."""

from __future__ import annotations

import torch
from torch import Tensor


def channels_last(tensor: Tensor) -> Tensor:
    """Pictures (n, channels, height, width) laid out as convolutions are fastest: pixel by pixel. Others as they are.

    Pictures of one channel lie so anyway; only their strides have to say it, or PyTorch takes the slower way.
    """
    if tensor.ndim != 4:
        return tensor
    _, channels, height, width = tensor.shape
    if channels == 1 and tensor.is_contiguous():
        return tensor.as_strided(tensor.shape, (height * width, 1, width, 1))
    return tensor.contiguous(memory_format=torch.channels_last)
