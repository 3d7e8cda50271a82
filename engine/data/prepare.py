"""Anything a person wants an answer for (typed rows, a picture, a file) in the form the network was fed with."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from engine.data.cells import Cells
from engine.data.csvfile import Table, open_table
from engine.data.dataset import DataSet
from engine.data.generated import derive
from engine.data.npyfile import open_arrays
from engine.data.pictures import SUFFIXES, is_gray, open_picture, pixels, upright_size
from engine.data.tables import cell_numbers
from engine.problem import DataError
from engine.wording import plural

MOST_ROWS = 1_000_000
_PROBE = 256
_DARK, _LIGHT = 0.3, 0.7
_BYTE = 255.0

Floats = NDArray[np.float64]
Size = tuple[int, int]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Inputs ready for the network.

    Attributes:
        x: (rows, ...) as the data set's `x`.
        notes: sentences on what was changed on the way: `Resized from 640×480 to 28×28.`
    """

    x: Tensor
    notes: tuple[str, ...] = ()


def prepare_rows(data: DataSet, rows: NDArray[Any]) -> Tensor:
    """Rows (n, coordinates or features) or samples (n, ...), before derived inputs and scaling, for the network.

    Pictures are expected in 0..1, or as bytes 0..255.

    Raises:
        DataError: D05, they have another shape, or a value is not finite.
    """
    generated = bool(data.formulas)
    wanted = (len(data.point_names),) if generated else _sample_shape(data)
    if rows.dtype.kind not in "biuf":
        raise DataError(f"Numbers are expected, but values of type {rows.dtype} came.", code="D05")
    if rows.ndim < 1 or rows.size == 0 or rows.size != rows.shape[0] * math.prod(wanted):
        got = _shape_text(rows.shape[1:]) if rows.ndim > 1 else "1"
        raise DataError(f"A sample needs {_described(data, wanted)}, but {got} came.", code="D05")
    if not np.isfinite(rows).all():
        raise DataError("Every value has to be a finite number.", code="D05")
    raw = _as_raw(rows.reshape(len(rows), *wanted), data.pipeline.divisor)
    return data.pipeline(derive(raw, data.formulas, data.point_names) if generated else raw)


def _as_raw(rows: NDArray[Any], divisor: float) -> NDArray[Any]:
    """Pictures in 0..1 or bytes as the data set stores them; everything else as float64."""
    if divisor == 1.0:
        return rows.astype(np.float64)
    if rows.dtype == np.uint8:
        return rows if divisor == _BYTE else rows / _BYTE * divisor
    return rows.astype(np.float64) * divisor


def _sample_shape(data: DataSet) -> tuple[int, ...]:
    return tuple(size for size in data.x_field.shape if isinstance(size, int))


def _described(data: DataSet, wanted: tuple[int, ...]) -> str:
    names = data.point_names or data.x_field.columns
    listed = f" ({', '.join(names[:8])}{', …' if len(names) > 8 else ''})" if names else ""
    return f"{_shape_text(wanted)} number{'' if wanted == (1,) else 's'}{listed}"


def _shape_text(shape: tuple[int, ...]) -> str:
    return "×".join(str(size) for size in shape)


def prepare_image(data: DataSet, picture: Path | NDArray[Any], invert: bool | None = None) -> Prepared:
    """One picture, (1, channels, height, width): made gray or coloured, resized and scaled like the data.

    Args:
        data: a data set of pictures.
        picture: an image file, or bytes or numbers in 0..1 of (height, width), (height, width, 3) or (channels, …).
        invert: swap dark and light; None does so when the picture's border is light and the data's is dark, or the
            other way round, and says so in a note.

    Raises:
        DataError: the data are no pictures (D05), or the file is missing, broken or too large (D01 to D03).
    """
    if not data.is_image:
        needed = _described(data, (len(data.point_names),) if data.formulas else _sample_shape(data))
        raise DataError(f"The network takes {needed}, not a picture.", code="D05")
    channels, *size = _sample_shape(data)
    if isinstance(picture, Path):
        with open_picture(picture) as image:
            values, notes = _converted(image, channels, (size[0], size[1]))
    else:
        exact = picture.reshape(1, *picture.shape) if picture.ndim == 2 and channels == 1 else picture
        if exact.shape == (channels, *size) and exact.dtype != np.uint8:
            values, notes = _checked(exact), []
        else:
            values, notes = _converted(_image(picture), channels, (size[0], size[1]))
    if invert is None:
        invert = channels == 1 and _is_negative(data, values)
        if invert:
            notes.append("Dark and light were swapped, to be like the data.")
    return Prepared(prepare_rows(data, (1.0 - values if invert else values)[None]), tuple(notes))


def _converted(image: Image.Image, channels: int, size: Size) -> tuple[Floats, list[str]]:
    """The picture in 0..1, and what was done to it."""
    notes = []
    if channels == 1 and not is_gray(image):
        notes.append("Colours became gray.")
    before = upright_size(image)
    if before != size:
        notes.append(f"Resized from {before[1]}×{before[0]} to {size[1]}×{size[0]} pixels.")
    return pixels(image, channels, size) / _BYTE, notes


def _image(picture: NDArray[Any]) -> Image.Image:
    """An array of bytes, or of numbers in 0..1, as an image."""
    if picture.ndim == 3 and picture.shape[0] in (1, 3) and picture.shape[2] not in (3, 4):
        picture = np.moveaxis(picture, 0, 2)
    if picture.ndim == 3 and picture.shape[2] == 1:
        picture = picture[:, :, 0]
    if picture.size == 0 or not (picture.ndim == 2 or (picture.ndim == 3 and picture.shape[2] in (3, 4))):
        raise DataError(f"An array of shape {_shape_text(picture.shape)} is no picture.", code="D05")
    if picture.dtype != np.uint8:
        picture = np.rint(_checked(picture) * _BYTE).astype(np.uint8)
    return Image.fromarray(np.ascontiguousarray(picture))


def _checked(picture: NDArray[Any]) -> Floats:
    values = np.asarray(picture, dtype=np.float64)
    if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
        raise DataError("The numbers of a picture have to lie between 0 and 1.", code="D05")
    return values


def _is_negative(data: DataSet, picture: Floats) -> bool:
    """Whether the picture's border is light where the data's is dark, or the other way round."""
    usual, here = _border(data.pictures("train", slice(0, _PROBE))), _border(picture)
    return (usual < _DARK and here > _LIGHT) or (usual > _LIGHT and here < _DARK)


def _border(pictures: Floats) -> float:
    """The mean of the outermost pixels."""
    edges = (pictures[..., 0, :], pictures[..., -1, :], pictures[..., :, 0], pictures[..., :, -1])
    return float(np.mean([edge.mean() for edge in edges]))


def prepare_file(data: DataSet, path: Path) -> Prepared:
    """Everything in a CSV, NPY, NPZ or image file, as inputs of the network.

    A CSV is read by the names of its columns; where they do not fit, by their order; its missing cells are filled where
    those of the data were. An NPZ file needs an array `x`.

    Raises:
        DataError: the file is missing or broken, or does not fit the data.
    """
    if path.suffix.lower() in SUFFIXES:
        return prepare_image(data, path)
    if path.suffix.lower() in (".npy", ".npz"):
        return Prepared(prepare_rows(data, _array_file(data, path)))
    return _prepare_table(data, path)


def _prepare_table(data: DataSet, path: Path) -> Prepared:
    fills, cells = data.fills, Cells(path.name, data.params["decimal"])
    with open_table(path) as table:
        columns, notes = _columns(data, table)
        read = [cell_numbers(table, cells, record, columns) for record in itertools.islice(table.records, MOST_ROWS)]
    if not read:
        raise DataError(f'"{path.name}" has a header but no rows.', code="D02")
    cells.check(gaps_allowed=fills is not None, settings=False)
    rows = np.array(read)
    if fills is not None and cells.gaps:
        rows = np.where(np.isnan(rows), fills, rows)
        notes += (f"{plural(sum(cells.gaps.values()), 'missing cell')} filled with the mean of the column.",)
    return Prepared(prepare_rows(data, rows), notes)


def _array_file(data: DataSet, path: Path) -> NDArray[Any]:
    with open_arrays(path) as arrays:
        stored = arrays.get("") or arrays.get("x")
        if stored is None:
            raise DataError(f'"{path.name}" has no array "x".', code="D05", hint=f"It holds {', '.join(arrays)}.")
        array = stored.read()
    shape = _sample_shape(data)
    if data.is_image and array.shape[-3:] == (*shape[1:], shape[0]) != shape:
        array = np.moveaxis(array, -1, -3)
    single = (len(data.point_names),) if data.formulas else shape
    return array[None] if array.shape in (single, shape[1:] if shape[0] == 1 else single) else array


def _columns(data: DataSet, table: Table) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Which columns of the table are the inputs, and remarks."""
    names = data.point_names or data.x_field.columns
    wanted = len(names) or math.prod(_sample_shape(data))
    if names and all(name in table.columns for name in names):
        return tuple(table.columns.index(name) for name in names), ()
    found = len(table.columns)
    if found == wanted:
        return tuple(range(wanted)), ("Columns are taken in their order.",) if names else ()
    if found == wanted + 1:
        return tuple(range(wanted)), (
            f'Columns are taken in their order; the last, "{table.columns[-1]}", is left out.',
        )
    lacking = next((name for name in names if name not in table.columns), "")
    reason = f'no column "{lacking}"' if lacking else f"{plural(found, 'column')}; {wanted} are expected"
    raise DataError(
        f'"{table.path.name}" has {reason}.', code="D05", hint=f"Its columns are {', '.join(table.columns[:12])}."
    )
