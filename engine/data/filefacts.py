"""Facts of data in files, read where waiting is allowed: in the session's worker, or on the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from engine.data.files import file_facts
from engine.dataspec import DataFacts, Facts
from engine.facts import FactsCache, problem_of
from engine.problem import DataError, Problem


def read_facts(params: Mapping[str, Any], folder: Path | None) -> DataFacts | Problem:
    """Source facts of a file data set, for `FactsCache.put`; or why it cannot be read.

    From the headers of IDX, NPY and image files and one scan of a CSV. Split and one-hot are not applied yet:
    `FactsCache.lookup` does that.
    """
    try:
        return file_facts(params, folder)
    except DataError as error:
        return problem_of(error)
    except MemoryError:
        return Problem("error", "D01", None, None, "The data do not fit into memory.", "Use a part of them.")


def waiting_lookup(folder: Path | None) -> Callable[[Mapping[str, Any]], Facts]:
    """A facts lookup that reads at once what is not known yet; it never answers `Pending`."""
    cache = FactsCache(folder)

    def lookup(params: Mapping[str, Any]) -> Facts:
        facts = cache.lookup(params)
        for key, asked in cache.pending():
            cache.put(key, read_facts(asked, folder))
            facts = cache.lookup(params)
        return facts

    return lookup
