"""Which files a data set is read from, and a stamp that changes when they do. Nothing is opened here."""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from engine import assets
from engine.blocks.input import FILES, IDX_SETS
from engine.diskfile import reason
from engine.problem import DataError

DEBIAN_FASHION = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package `dataset-fashion-mnist` puts the full set."""
_SUBFOLDERS = ("", "raw", "MNIST/raw", "FashionMNIST/raw")
"""The folder itself, and where torchvision puts the files in it."""
_MOST_STAMPS = 1000
_MOST_SHARDS = 100_000
_RANGE = re.compile(r"\{(\d{1,9})\.\.(\d{1,9})\}")


def resolve(path: str, folder: Path | None, what: str = "file") -> Path:
    """The place a document names, relative to the document's own folder; messages call it a file, or `what`.

    Raises:
        DataError: D03, no path is given, or it is relative and the document has no place of its own yet.
    """
    if not path:
        raise DataError(f"No {what} is chosen yet.", code="D03", hint="Choose one in the inspector.")
    place = Path(path)
    if place.is_absolute():
        return place
    if folder is None:
        raise DataError(
            f'"{path}" is relative to the graph\'s own file, which has not been saved yet.',
            code="D03",
            hint=f"Save the graph, or choose the {what} again.",
        )
    return folder / place


@final
@dataclass(frozen=True, slots=True)
class IdxFiles:
    """The four IDX files of an MNIST-like set; the test part may be missing."""

    images: Path
    labels: Path
    test_images: Path | None = None
    test_labels: Path | None = None

    @property
    def all(self) -> tuple[Path, ...]:
        """Those that exist."""
        return tuple(path for path in (self.images, self.labels, self.test_images, self.test_labels) if path)


def idx_files(params: Mapping[str, Any], folder: Path | None) -> IdxFiles:
    """The files of `mnist` or `fashion-mnist`: in the folder that is named, else Debian's full set, else the sample.

    Raises:
        DataError: D03, no such files.
    """
    place = _idx_folder(params, folder)
    found = _find_idx(place)
    if found is None:
        reason = f'The folder "{place}" has no IDX files' if place.is_dir() else f'There is no folder "{place}"'
        raise DataError(
            f"{reason} (train-images-idx3-ubyte and train-labels-idx1-ubyte, plain or .gz, are expected).",
            code="D03",
            hint="Choose the folder that holds them.",
        )
    return found


def _idx_folder(params: Mapping[str, Any], folder: Path | None) -> Path:
    fashion = params["dataset"] == "fashion-mnist"
    if fashion and params["source"] == "sample":
        return sample_folder()
    if params["folder"]:
        return resolve(params["folder"], folder)
    if not fashion:
        raise DataError(
            "MNIST is not part of the app.", code="D03", hint="Choose the folder with its IDX files in the inspector."
        )
    if _find_idx(DEBIAN_FASHION) is not None:
        return DEBIAN_FASHION
    if params["source"] == "full":
        raise DataError(
            "The full Fashion-MNIST is not on this machine.",
            code="D03",
            hint="Choose the folder with its IDX files, install the Debian package dataset-fashion-mnist, "
            'or take the source "bundled sample".',
        )
    return sample_folder()


def sample_folder() -> Path:
    """The bundled sample of Fashion-MNIST."""
    return assets.folder() / "data" / "fashion-mnist"


def _find_idx(place: Path) -> IdxFiles | None:
    for sub in _SUBFOLDERS:
        inner = place / sub
        images, labels = _idx_file(inner, "train-images", 3), _idx_file(inner, "train-labels", 1)
        if images and labels:
            return IdxFiles(images, labels, _idx_file(inner, "t10k-images", 3), _idx_file(inner, "t10k-labels", 1))
    return None


def _idx_file(place: Path, stem: str, dims: int) -> Path | None:
    names = [f"{stem}{joint}idx{dims}-ubyte{end}" for joint in "-." for end in (".gz", "")]
    return next((place / name for name in names if (place / name).exists()), None)


def is_file_based(dataset: str) -> bool:
    """Whether the data set lies in files, so that its facts have to be read."""
    return dataset in IDX_SETS or dataset in FILES


def stamps(params: Mapping[str, Any], folder: Path | None) -> tuple[tuple[str, int, int], ...]:
    """(path, size, time of change in ns) of everything the data set is read from.

    Raises:
        DataError: D03, a file is missing; D01, it cannot be looked at.
    """
    if params["dataset"] in IDX_SETS:
        paths = idx_files(params, folder).all
    elif params["dataset"] == "shards":
        paths = shard_files(params["path"], folder)[:_MOST_STAMPS]  # each is looked at again when it is read
    else:
        images = params["dataset"] == "images"
        place = resolve(params["path"], folder, "folder" if images else "file")
        paths = (place, *_class_folders(place)) if images else (place,)
    return tuple(_stamp(path) for path in paths)


def shard_files(path: str, folder: Path | None) -> tuple[Path, ...]:
    """The TAR files that a path names: one, all of a folder by name, or those of a pattern `data-{000000..000012}.tar`.

    Raises:
        DataError: D03, there are none; D05, the pattern makes no sense; D01, the folder cannot be read.
    """
    place = resolve(path, folder)
    ranges = _RANGE.findall(place.name)
    if ranges:
        return tuple(place.with_name(name) for name in _expanded(place.name))
    try:
        inside = sorted(entry for entry in place.iterdir() if entry.suffix == ".tar") if place.is_dir() else [place]
    except OSError as error:
        raise DataError(f'"{place}" cannot be read: {reason(error)}.', code="D01") from None
    if not inside:
        raise DataError(
            f'The folder "{place}" has no TAR files.', code="D03", hint="Choose the folder with the shards."
        )
    return tuple(inside)


def _expanded(name: str) -> list[str]:
    """`a-{08..10}.tar` as a shell takes it: as many digits as the first number has."""
    found = _RANGE.search(name)
    if found is None:
        return [name]
    first, last = int(found[1]), int(found[2])
    if not first <= last < first + _MOST_SHARDS or _RANGE.search(name, found.end()):
        raise DataError(
            f'"{name}" names no shards.',
            code="D05",
            hint=f"One range is expected, of at most {_MOST_SHARDS:,}, the smaller number first: {{000000..000012}}.",
        )
    width = len(found[1])
    return [f"{name[: found.start()]}{number:0{width}d}{name[found.end() :]}" for number in range(first, last + 1)]


def _stamp(path: Path) -> tuple[str, int, int]:
    try:
        status = path.stat()
    except FileNotFoundError:
        raise missing(path) from None
    except (OSError, ValueError) as error:
        raise DataError(f'"{path}" cannot be read: {reason(error)}.', code="D01") from None
    return (str(path), 0 if stat.S_ISDIR(status.st_mode) else status.st_size, status.st_mtime_ns)


def _class_folders(place: Path) -> tuple[Path, ...]:
    try:
        return tuple(sorted(entry for entry in place.iterdir() if entry.is_dir())[:_MOST_STAMPS])
    except OSError:
        return ()  # the stamp of the folder itself tells what is wrong


def missing(path: Path) -> DataError:
    """The error for a file that is gone."""
    return DataError(
        f'"{path}" does not exist.', code="D03", hint="It may have been moved or renamed; choose where it is now."
    )
