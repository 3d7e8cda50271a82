"""IDX files, the format of MNIST and Fashion-MNIST, plain or compressed with gzip.

Two zero bytes, a type (8: unsigned byte), the number of dimensions, each size as four bytes (big-endian), the numbers.
Source: Y. LeCun, "The MNIST database", http://yann.lecun.com/exdb/mnist/
"""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from engine.catalog import IDX_CLASSES
from engine.data.opening import check_amount, damaged, open_regular
from engine.data.source import Arrays, Source
from engine.datafiles import DEBIAN_FASHION, IdxFiles, idx_files, sample_folder
from engine.dataspec import DataFacts, Field
from engine.problem import DataError
from engine.wording import plural

_UNSIGNED_BYTE = 8
_MAX_SIDE = 1024


def idx_facts(params: Mapping[str, Any], folder: Path | None) -> DataFacts:
    """Source facts from the headers alone.

    Raises:
        DataError: files are missing or damaged, or do not fit each other.
    """
    return _facts(params, idx_files(params, folder))


def _facts(params: Mapping[str, Any], files: IdxFiles) -> DataFacts:
    samples, height, width = _pair(files.images, files.labels)
    test = 0
    if files.test_images and files.test_labels:
        test, *test_size = _pair(files.test_images, files.test_labels)
        if test_size != [height, width]:
            raise damaged(files.test_images, f"its images are {test_size[0]}×{test_size[1]}, those for training differ")
    x = Field("x", (1, height, width))
    return DataFacts((x, Field("y", (), "int", classes=IDX_CLASSES[params["dataset"]])), (samples, 0, test))


def _pair(images: Path, labels: Path) -> tuple[int, int, int]:
    """(samples, height, width) of two files that belong together, from their headers."""
    with _opened(images) as file:
        shape = _header(file, images, 3)
    with _opened(labels) as file:
        count = _header(file, labels, 1)[0]
    if shape[0] != count:
        raise DataError(
            f'"{images.name}" has {plural(shape[0], "image")} but "{labels.name}" has {plural(count, "label")}.',
            code="D06",
        )
    if not all(1 <= side <= _MAX_SIDE for side in shape[1:]):
        raise damaged(images, f"images of {shape[1]}×{shape[2]} pixels are not possible here")
    check_amount(images, shape[0] * shape[1] * shape[2])
    return (shape[0], shape[1], shape[2])


def read_idx_set(params: Mapping[str, Any], folder: Path | None) -> Source:
    """MNIST or Fashion-MNIST with its test part.

    Raises:
        DataError: files are missing or damaged, or do not fit each other.
    """
    files = idx_files(params, folder)
    facts = _facts(params, files)
    classes = IDX_CLASSES[params["dataset"]]
    train = _part(files.images, files.labels, classes)
    test = _part(files.test_images, files.test_labels, classes) if files.test_images and files.test_labels else None
    return Source(facts, train, test=test, divisor=255.0, label=_label(params["dataset"], files.images.parent))


def _label(dataset: str, place: Path) -> str:
    if place == sample_folder():
        return "Fashion-MNIST, bundled sample"
    name = "Fashion-MNIST" if dataset == "fashion-mnist" else "MNIST"
    return f"{name}, full set" if place == DEBIAN_FASHION else f"{name} from {place}"


def _part(images: Path, labels: Path, classes: tuple[str, ...]) -> Arrays:
    x, y = read_idx(images, 3), read_idx(labels, 1)
    wrong = np.flatnonzero(y >= len(classes))
    if len(wrong):
        raise damaged(labels, f"label {y[wrong[0]]} of sample {wrong[0] + 1:,} is not one of 0 to {len(classes) - 1}")
    return {"x": x[:, None], "y": y.astype(np.int64)}


def read_idx(path: Path, dims: int) -> NDArray[np.uint8]:
    """The bytes of one IDX file with this many dimensions.

    Raises:
        DataError: it is missing or damaged.
    """
    with _opened(path) as file:
        shape = _header(file, path, dims)
        size = int(np.prod(shape, dtype=object))
        check_amount(path, size)
        content = file.read(size + 1)  # one more than announced, so that gzip checks its sum at the end
    if len(content) != size:
        found = "more" if len(content) > size else f"only {len(content):,}"
        raise damaged(path, f"{size:,} numbers are announced but it holds {found}")
    return np.frombuffer(content, dtype=np.uint8).reshape(shape).copy()  # a buffer of bytes is read-only


def _header(file: BinaryIO | gzip.GzipFile, path: Path, dims: int) -> tuple[int, ...]:
    start = file.read(4 + 4 * dims)
    if len(start) < 4 or start[:2] != b"\0\0":
        raise damaged(path, "an IDX file begins with two zero bytes")
    if start[2] != _UNSIGNED_BYTE:
        raise damaged(path, f"its numbers are of type {start[2]:#04x}; unsigned bytes (0x08) are expected")
    if start[3] != dims:
        raise damaged(path, f"it has {plural(start[3], 'dimension')}; {dims} are expected")
    if len(start) < 4 + 4 * dims:
        raise damaged(path, "it ends within its header")
    shape = struct.unpack(f">{dims}I", start[4:])
    if shape[0] == 0:
        raise damaged(path, "it holds no samples")
    return shape


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO | gzip.GzipFile]:
    """The file's content, decompressed where it begins like gzip (whatever its name)."""
    with open_regular(path) as raw:
        compressed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        if not compressed:
            yield raw
            return
        try:
            with gzip.GzipFile(fileobj=raw, mode="rb") as file:
                yield file
        except EOFError:
            raise damaged(path, "the compressed data end early", "Download or copy it again.") from None
        except (gzip.BadGzipFile, zlib.error) as error:
            raise damaged(path, f"its compression is broken ({error})", "Download or copy it again.") from None
