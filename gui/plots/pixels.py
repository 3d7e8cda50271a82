"""Arrays as images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage


def qimage(pixels: NDArray[np.uint8]) -> QImage:
    """An image of its own from uint8 `(height, width)` or `(height, width, 3)`."""
    data = np.ascontiguousarray(pixels)
    height, width = data.shape[:2]
    if data.ndim == 2:
        return QImage(data.tobytes(), width, height, width, QImage.Format.Format_Grayscale8).copy()
    return QImage(data.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def as_bytes(images: NDArray[Any]) -> NDArray[np.uint8]:
    """Images of any range as uint8, `(n, channels, height, width)` as `(n, height, width[, 3])`; NaN is black."""
    values = np.asarray(images, dtype=np.float64)
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    scaled = np.nan_to_num((values - low) / ((high - low) or 1.0), nan=0.0, posinf=1.0, neginf=0.0)
    pixels = np.round(np.clip(scaled, 0.0, 1.0) * 255).astype(np.uint8)
    return pixels[:, 0] if pixels.shape[1] == 1 else np.moveaxis(pixels[:, :3], 1, -1)
