"""Data sets that lie in files: which reader reads which."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from engine.data.arrays import array_facts, read_arrays
from engine.data.idx import idx_facts, read_idx_set
from engine.data.images import image_facts, read_images
from engine.data.shards import read_shards, shard_facts
from engine.data.source import Source
from engine.data.tables import read_table_set, table_facts
from engine.dataspec import DataFacts

Params = Mapping[str, Any]
_READERS: dict[str, tuple[Callable[[Params, Path | None], DataFacts], Callable[[Params, Path | None], Source]]] = {
    "fashion-mnist": (idx_facts, read_idx_set),
    "mnist": (idx_facts, read_idx_set),
    "csv": (table_facts, read_table_set),
    "npz": (array_facts, read_arrays),
    "images": (image_facts, read_images),
    "shards": (shard_facts, read_shards),
}


def read_files(params: Params, folder: Path | None) -> Source:
    """Read the whole data set.

    Raises:
        DataError: files are missing or broken, or the parameters do not fit them.
    """
    return _READERS[params["dataset"]][1](params, folder)


def file_facts(params: Params, folder: Path | None) -> DataFacts:
    """Source facts without loading everything: headers of IDX, NPY and images, one scan of a CSV.

    Raises:
        DataError: files are missing or broken, or the parameters do not fit them.
    """
    return _READERS[params["dataset"]][0](params, folder)
