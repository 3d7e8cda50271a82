"""Draws the bundled sample of Fashion-MNIST from the full set: `python -m tests.helpers.make_fashion_sample FOLDER`.

FOLDER holds the four original files. The sample is written to assets/data/fashion-mnist; running it again gives the
same bytes (with the same zlib).
"""

from __future__ import annotations

import gzip
import struct
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.data.idx import read_idx

SEED = 1708_07747  # the number of the paper on arXiv
PER_CLASS = {"train": 1000, "t10k": 200}
TARGET = Path(__file__).resolve().parents[2] / "assets" / "data" / "fashion-mnist"


def sample(labels: NDArray[np.uint8], per_class: int) -> NDArray[np.int64]:
    """Indices of `per_class` samples of each class, in the order of the full set."""
    keys = np.random.Generator(np.random.PCG64(SEED)).random(len(labels))
    order = np.argsort(keys, kind="stable")
    picked = [order[labels[order] == label][:per_class] for label in range(10)]
    return np.sort(np.concatenate(picked))


def write_idx(path: Path, array: NDArray[np.uint8]) -> None:
    """An IDX file of bytes, compressed as well as gzip can, without a time stamp."""
    header = struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    path.write_bytes(gzip.compress(header + array.tobytes(), compresslevel=9, mtime=0))


def main(folder: Path) -> None:
    for part, per_class in PER_CLASS.items():
        images, labels = f"{part}-images-idx3-ubyte.gz", f"{part}-labels-idx1-ubyte.gz"
        all_labels = read_idx(folder / labels, 1)
        rows = sample(all_labels, per_class)
        write_idx(TARGET / images, read_idx(folder / images, 3)[rows])
        write_idx(TARGET / labels, all_labels[rows])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
