"""Single image files: opened with care, turned upright, reduced to gray or colour, resized."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from engine.data.opening import open_regular
from engine.problem import DataError

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm"})
MAX_PIXELS = 50_000_000
_MAX_IMAGE_FILE = 1 << 28
_GRAY_MODES = frozenset({"1", "L", "LA", "I;16", "I;16B", "I;16L", "I;16N"})
_ORIENTATION = 0x0112
_FIRST_TURNED = 5
"""EXIF orientations from 5 on exchange height and width."""
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
_BROKEN = (SyntaxError, ValueError, EOFError, OverflowError, struct.error, zlib.error)


@contextmanager
def open_picture(path: Path, label: str = "") -> Iterator[Image.Image]:
    """The image, its header read; pixels are decoded inside the block. Messages call it `label`, or by its name.

    Raises:
        DataError: D01, D03: it cannot be read, or is too large; D02: it is no image, or damaged.
    """
    with open_regular(path, _MAX_IMAGE_FILE) as file, decoded(label or f'"{path.name}"', file) as image:
        yield image


def with_class(path: Path) -> str:
    """An image with the folder of its class, for a message: another class may have one of the same name."""
    return f'"{path.parent.name}/{path.name}"'


@contextmanager
def decoded(label: object, file: IO[bytes]) -> Iterator[Image.Image]:
    """The image in an open file, which messages call `label` (its `str`); as `open_picture`.

    Raises:
        DataError: D01, it is too large; D02, it is no image, or damaged.
    """
    try:
        with Image.open(file, formats=FORMATS) as image:
            _check_pixels(label, image.size)
            yield image
    except _BOMBS:
        raise DataError(
            f"{label} is larger than {MAX_PIXELS // 1_000_000} megapixels.",
            code="D01",
            hint="Make it smaller.",
        ) from None
    except UnidentifiedImageError:
        known = f"Known are {', '.join(FORMATS)}."
        raise _damaged(label, "it is no image that can be read", known) from None
    except (*_BROKEN, OSError) as error:
        raise _damaged(label, f"the image cannot be decoded ({error})", "Remove or replace it.") from None


def _damaged(label: object, what: str, hint: str) -> DataError:
    return DataError(f"{label} is damaged or of another kind: {what}.", code="D02", hint=hint)


def _check_pixels(label: object, size: tuple[int, int]) -> None:
    if size[0] * size[1] > MAX_PIXELS:
        raise DataError(
            f"{label} has {size[0]:,}×{size[1]:,} pixels; at most {MAX_PIXELS // 1_000_000} megapixels are read.",
            code="D01",
            hint="Make it smaller.",
        )


def is_gray(image: Image.Image) -> bool:
    """Whether the file itself has no colours."""
    return image.mode in _GRAY_MODES


def upright_size(image: Image.Image) -> tuple[int, int]:
    """(height, width) once the picture is turned as its EXIF data say."""
    turned = image.getexif().get(_ORIENTATION, 1) >= _FIRST_TURNED
    return (image.width, image.height) if turned else (image.height, image.width)


def pixels(image: Image.Image, channels: int, size: tuple[int, int] | None) -> NDArray[np.uint8]:
    """The picture (channels, height, width), one or three channels, resized to (height, width) where given.

    Turned as its EXIF data say; transparent parts are white.
    """
    image.load()
    if image.getexif().get(_ORIENTATION, 1) != 1:  # else it would be copied for nothing
        image = ImageOps.exif_transpose(image)
    image = _flat(image, "L" if channels == 1 else "RGB")
    if size is not None and image.size != (size[1], size[0]):
        image = image.resize((size[1], size[0]), Image.Resampling.LANCZOS)
    array = np.asarray(image, dtype=np.uint8)
    return np.ascontiguousarray(array[None] if array.ndim == 2 else np.moveaxis(array, 2, 0))


def _flat(image: Image.Image, mode: str) -> Image.Image:
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise ValueError(f"pixels of type {image.mode} are not supported")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image if image.mode == mode else image.convert(mode)
