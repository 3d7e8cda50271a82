"""Kernels made by hand, and what they make of a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QImage

Floats = NDArray[np.float64]
LARGEST: Final = 256
"""Pixels along a side; larger pictures are made smaller."""


@final
@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel with a name and what it finds."""

    key: str
    name: str
    finds: str
    rows: tuple[tuple[float, float, float], ...]

    @property
    def array(self) -> Floats:
        """`(3, 3)`."""
        return np.array(self.rows)


def _of(key: str, name: str, finds: str, numbers: str, by: float = 1.0) -> Kernel:
    found = [float(word) / by for word in numbers.split()]
    rows = tuple((found[at], found[at + 1], found[at + 2]) for at in (0, 3, 6))
    return Kernel(key, name, finds, rows)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Kernels", text)


def kernels() -> tuple[Kernel, ...]:
    """The ones that everybody begins with."""
    return (
        _of(
            "sobel_x",
            _tr("Edges, left to right (Sobel x)"),
            _tr("Blue where it gets brighter to the right, orange where darker."),
            "-1 0 1 -2 0 2 -1 0 1",
        ),
        _of(
            "sobel_y",
            _tr("Edges, top to bottom (Sobel y)"),
            _tr("Blue where it gets brighter downwards, orange where darker."),
            "-1 -2 -1 0 0 0 1 2 1",
        ),
        _of(
            "laplacian",
            _tr("Edges all around (Laplacian)"),
            _tr("The second derivative: 0 where the picture is even or changes evenly."),
            "0 1 0 1 -4 1 0 1 0",
        ),
        _of("box", _tr("Blur (box)"), _tr("The mean of nine pixels."), "1 1 1 1 1 1 1 1 1", 9),
        _of("gauss", _tr("Blur (Gaussian)"), _tr("A mean in which the middle counts most."), "1 2 1 2 4 2 1 2 1", 16),
        _of(
            "sharpen",
            _tr("Sharpen"),
            _tr("The picture minus its Laplacian: what differs from its surroundings stands out."),
            "0 -1 0 -1 5 -1 0 -1 0",
        ),
        _of("emboss", _tr("Emboss"), _tr("Light from one corner, shadow from the other."), "-2 -1 0 -1 1 1 0 1 2"),
        _of("identity", _tr("Identity"), _tr("The picture itself."), "0 0 0 0 1 0 0 0 0"),
    )


def filtered(picture: Floats, kernel: Floats) -> Floats:
    """A picture `(height, width)` correlated with an odd kernel, zeros around it; the size stays."""
    down, across = kernel.shape[0] // 2, kernel.shape[1] // 2
    padded = np.pad(picture, ((down, down), (across, across)))
    height, width = picture.shape
    made = np.zeros(picture.shape)
    for row in range(kernel.shape[0]):
        for column in range(kernel.shape[1]):
            made += kernel[row, column] * padded[row : row + height, column : column + width]
    return made


def widened(kernel: Floats, size: tuple[int, int]) -> Floats | None:
    """A kernel in the middle of a larger one of zeros; None where it does not fit or has no middle there."""
    rest = [want - have for want, have in zip(size, kernel.shape, strict=True)]
    if any(each < 0 or each % 2 for each in rest):
        return None
    return np.pad(kernel, [(each // 2, each // 2) for each in rest])


def read_grey(path: str) -> Floats:
    """A picture file as brightness from 0 to 1, `(height, width)`. Reads a file: not for the GUI thread.

    Raises:
        ValueError: it is no picture.
    """
    image = QImage(path)
    if image.isNull():
        raise ValueError(f'"{path}" is no picture that can be read.')
    if max(image.width(), image.height()) > LARGEST:
        kept, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        image = image.scaled(LARGEST, LARGEST, kept, smooth)
    grey = image.convertToFormat(QImage.Format.Format_Grayscale8)
    lines = np.frombuffer(grey.constBits(), dtype=np.uint8).reshape(grey.height(), grey.bytesPerLine())
    return lines[:, : grey.width()].astype(np.float64) / 255
