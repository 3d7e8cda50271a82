"""A folder of images as a data set, one folder a class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np

from engine.data.opening import check_amount
from engine.data.pictures import SUFFIXES, is_gray, open_picture, upright_size, with_class
from engine.data.source import Source
from engine.data.streaming.memory import streams
from engine.data.streaming.pictures import PictureRows
from engine.data.streaming.rows import View
from engine.datafiles import missing, resolve
from engine.dataspec import DataFacts, Field
from engine.diskfile import reason
from engine.inline import MOST_CLASSES
from engine.problem import DataError

_MOST_IMAGES = 200_000
_MOST_STREAMED = 20_000_000


@final
@dataclass(frozen=True, slots=True)
class _Listing:
    """The images of a folder, ordered by class and name, and what their headers say."""

    folder: Path
    classes: tuple[str, ...]
    paths: tuple[Path, ...]
    labels: tuple[int, ...]
    channels: int
    size: tuple[int, int]
    """(height, width) of all."""
    streamed: int
    """Bytes of the files where these are decoded as they are needed; 0 where all are held in memory."""


def image_facts(params: Mapping[str, Any], folder: Path | None) -> DataFacts:
    """Source facts from the folder and the headers of the images.

    Raises:
        DataError: there are none, one is broken, or they differ in size.
    """
    return _facts(_list(params, folder))


def _facts(listing: _Listing) -> DataFacts:
    x = Field("x", (listing.channels, *listing.size))
    return DataFacts((x, Field("y", (), "int", classes=listing.classes)), (len(listing.paths), 0, 0), listing.streamed)


def read_images(params: Mapping[str, Any], folder: Path | None) -> Source:
    """All images, bytes (n, channels, height, width), decoded now or as they are needed.

    Raises:
        DataError: there are none, one is broken, or they differ in size.
    """
    listing = _list(params, folder)
    resized = params["size"] is not None
    rows = PictureRows(listing.paths, listing.channels, listing.size, resized=resized, differs=_differs)
    y = np.array(listing.labels, dtype=np.int64)
    facts, label = _facts(listing), listing.folder.name
    if listing.streamed:
        return Source(facts, {"y": y}, divisor=255.0, label=label, streamed={"train": View(rows)})
    return Source(facts, {"x": np.ascontiguousarray(rows.read(np.arange(len(y)))), "y": y}, divisor=255.0, label=label)


def _list(params: Mapping[str, Any], folder: Path | None) -> _Listing:
    place = resolve(params["path"], folder, "folder")
    classes = _entries(place, folders=True)
    found = [(path, index) for index, name in enumerate(classes) for path in _entries(name, folders=False)]
    used = tuple(name for index, name in enumerate(classes) if any(label == index for _, label in found))
    if not used or len(used) > MOST_CLASSES:
        raise DataError(
            f'"{place}" has {"too many folders" if used else "no folders with images"}; '
            "one folder a class is expected, with the images in it.",
            code="D02",
            hint=f"Images are {', '.join(sorted(SUFFIXES))}.",
        )
    most = _MOST_IMAGES if params["memory"] == "preload" else _MOST_STREAMED
    if len(found) > most:
        raise DataError(f'"{place}" holds {len(found):,} images; at most {most:,} are read.', code="D01")
    number = {name: index for index, name in enumerate(used)}
    labels = tuple(number[classes[label]] for _, label in found)
    paths = tuple(path for path, _ in found)
    channels, size = _headers(paths, params["color"], _wanted(params["size"]))
    values = len(paths) * channels * size[0] * size[1]
    streamed = 0
    if streams(params, values, 1) or (params["memory"] == "auto" and len(paths) > _MOST_IMAGES):
        streamed = max(1, sum(path.stat().st_size for path in paths))
    else:
        check_amount(place, values)
    return _Listing(place, tuple(name.name for name in used), paths, labels, channels, size, streamed)


def _wanted(size: int | tuple[int, int] | None) -> tuple[int, int] | None:
    return (size, size) if isinstance(size, int) else size


def _entries(place: Path, *, folders: bool) -> list[Path]:
    """Subfolders, or image files, by name; hidden ones are left out."""
    try:
        entries = sorted(entry for entry in place.iterdir() if not entry.name.startswith("."))
    except FileNotFoundError:
        raise missing(place) from None
    except NotADirectoryError:
        raise DataError(
            f'"{place}" is a file; a folder is expected, with one folder a class in it.', code="D01"
        ) from None
    except OSError as error:
        raise DataError(f'"{place}" cannot be read: {reason(error)}.', code="D01") from None
    if folders:
        return [entry for entry in entries if entry.is_dir()]
    return [entry for entry in entries if entry.suffix.lower() in SUFFIXES]


def _headers(paths: tuple[Path, ...], color: str, wanted: tuple[int, int] | None) -> tuple[int, tuple[int, int]]:
    """(channels, (height, width)) that all images get."""
    size = wanted
    colours = False
    for path in paths:
        with open_picture(path, with_class(path)) as image:
            colours = colours or not is_gray(image)
            own = upright_size(image)
        size = size or own
        if wanted is None and own != size:
            raise _differs(path, own, size)
    assert size is not None
    return (3 if colours else 1) if color == "auto" else (1 if color == "gray" else 3), size


def _differs(path: Path, own: tuple[int, ...], size: tuple[int, int]) -> DataError:
    return DataError(
        f"{with_class(path)} is {own[0]}×{own[1]} (height × width) but others are {size[0]}×{size[1]}.",
        code="D06",
        hint="Set size, so that every image is resized.",
        fix=("set", "size", size),
    )
