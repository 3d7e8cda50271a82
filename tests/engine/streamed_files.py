"""The same small data in each form that can be streamed."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SAMPLES = 61
CLASSES = ("cats", "dogs", "newts")


def pictures(colours: int = 3, seed: int = 0) -> NDArray[np.uint8]:
    """Bytes (n, height, width, colours)."""
    return np.random.default_rng(seed).integers(0, 256, (SAMPLES, 6, 5, colours), dtype=np.uint8)


def labels() -> NDArray[np.int64]:
    """Classes (n,), all of which are there."""
    return np.arange(SAMPLES, dtype=np.int64) * 7 % len(CLASSES)


def npy_table(folder: Path) -> dict[str, Any]:
    """A table of five columns, the fourth the class."""
    table = np.random.default_rng(1).normal(size=(SAMPLES, 5)).astype(np.float32)
    table[:, 3] = labels()
    np.save(folder / "table.npy", table)
    return {"dataset": "npz", "path": str(folder / "table.npy"), "target": "3", "target_type": "classes"}


def npz_pictures(folder: Path) -> dict[str, Any]:
    """Pictures, colours last, with validation data of their own."""
    x, y = pictures(), labels()
    np.savez(folder / "p.npz", x=x[:50], y=y[:50], x_val=x[50:], y_val=y[50:])
    return {"dataset": "npz", "path": str(folder / "p.npz")}


def image_folder(folder: Path) -> dict[str, Any]:
    """A folder a class."""
    for number, (picture, label) in enumerate(zip(pictures(), labels(), strict=True)):
        place = folder / "images" / CLASSES[label]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(place / f"{number:03}.png")
    return {"dataset": "images", "path": str(folder / "images")}


def picture_shards(folder: Path) -> dict[str, Any]:
    """Three archives of gray PNGs with the names of their classes."""
    samples = zip(pictures(1), labels(), strict=True)
    parts: list[dict[str, bytes]] = [{} for _ in range(3)]
    for number, (picture, label) in enumerate(samples):
        part = parts[number * 3 // SAMPLES]
        part[f"{number:06}.png"] = png(picture[:, :, 0])
        part[f"{number:06}.cls"] = CLASSES[label].encode()
        part[f"{number:06}.txt"] = b"passed over"
    for number, part in enumerate(parts):
        write_tar(folder / f"data-{number:02}.tar", part)
    return {"dataset": "shards", "path": str(folder / "data-{00..02}.tar")}


def array_shards(folder: Path) -> dict[str, Any]:
    """Archives of arrays of numbers, targets in JSON."""
    place = folder / "shards"
    place.mkdir()
    x = np.random.default_rng(3).normal(size=(SAMPLES, 4)).astype(np.float32)
    for shard, rows in enumerate(np.array_split(np.arange(SAMPLES), 2)):
        part: dict[str, bytes] = {}
        for row in rows.tolist():
            part[f"set/{row:04}.npy"] = npy(x[row])
            part[f"set/{row:04}.json"] = json.dumps({"label": int(labels()[row])}).encode()
        write_tar(place / f"{shard}.tar", part)
    return {"dataset": "shards", "path": str(place)}


FORMS = (npy_table, npz_pictures, image_folder, picture_shards, array_shards)


def png(picture: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "png")
    return file.getvalue()


def npy(array: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def write_tar(
    path: Path, files: Mapping[str, bytes] | Iterable[tuple[str, bytes]], format: int = tarfile.PAX_FORMAT
) -> None:
    """An archive written by Python's own module."""
    with tarfile.open(path, "w", format=format) as archive:
        for name, content in files.items() if isinstance(files, Mapping) else files:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
