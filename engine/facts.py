"""What is known of a data set without loading it, and the cache of what has been read from files.

Facts come in two steps. *Source facts* describe the data as they lie there: counts are those of the parts the source
itself has (a test part of its own), class labels are indices. `finish` applies the parameters that need no reading:
split and one-hot. So turning those never reads a file again.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, final

from engine.blocks.input import CLASS_TOYS, auto_fraction
from engine.catalog import REAL
from engine.datafiles import is_file_based, stamps
from engine.dataspec import DataFacts, Facts, Field, Pending
from engine.features import curve_formula, feature_formulas
from engine.inline import inline_facts
from engine.problem import ChainruleError, DataError, Problem
from engine.wording import plural

_MAX_TOY_NOISE = 0.5
_MOST_RANDOM = 1 << 26
"""Numbers of a `random` data set, half a gigabyte."""
_READING = (
    *("dataset", "path", "folder", "source", "features", "target", "target_type", "missing", "decimal"),
    *("size", "color", "memory"),
)
"""The parameters that decide what is read from files."""


def builtin(params: Mapping[str, Any]) -> DataFacts | None:
    """Source facts of data that are not in a file; None for those that are.

    Raises:
        DataError: the parameters do not describe data.
    """
    dataset = params["dataset"]
    if dataset == "inline":
        return inline_facts(params)
    if dataset in REAL:
        return REAL[dataset]
    if is_file_based(dataset):
        return None
    return _generated(params)


def _generated(params: Mapping[str, Any]) -> DataFacts:
    dataset = params["dataset"]
    if dataset == "random":
        return _random(params)
    columns = tuple(text for text, _ in feature_formulas(params))
    if dataset == "function":
        curve_formula(params)
        x_range(params)
    elif params["noise"] > _MAX_TOY_NOISE:
        raise DataError(
            f'The noise of the data set "{dataset}" goes from 0 to {_MAX_TOY_NOISE} but is {params["noise"]:g}.',
            code="D05",
            hint=f"Choose at most {_MAX_TOY_NOISE}.",
        )
    x = Field("x", (len(columns),), columns=columns)
    y = Field("y", (1,), classes=toy_classes(params) if dataset in CLASS_TOYS else ())
    return DataFacts((x, y), (params["samples"], 0, 0))


def _random(params: Mapping[str, Any]) -> DataFacts:
    total = math.prod((params["samples"], *params["shape"]))
    if total > _MOST_RANDOM:
        raise DataError(
            f"{plural(params['samples'], 'sample')} of these random numbers are {total:,} in all; at most "
            f"{_MOST_RANDOM:,} are drawn.",
            code="D05",
            hint="Choose fewer samples.",
        )
    return DataFacts((Field("x", params["shape"] or (1,)),), (params["samples"], 0, 0))


def toy_classes(params: Mapping[str, Any]) -> tuple[str, str]:
    """Names of the two classes of a toy set: the targets themselves."""
    return ("-1", "1") if params["labels"] == "pm1" else ("0", "1")


def x_range(params: Mapping[str, Any]) -> tuple[float, float]:
    """The `range` of a `function` data set.

    Raises:
        DataError: D05, it is not two numbers, the smaller first.
    """
    value: tuple[Any, ...] = params["range"] or ()
    if len(value) != 2 or any(isinstance(end, tuple) for end in value) or not value[0] < value[1]:
        raise DataError(
            "The range of x must be two numbers, the smaller first.", code="D05", hint="Write, for example, -3, 3."
        )
    return (float(value[0]), float(value[1]))


def finish(source: DataFacts, params: Mapping[str, Any]) -> DataFacts:
    """The facts as the network meets them: after the split and with one-hot targets.

    Raises:
        DataError: D07, the split leaves no training data; D05, one-hot is asked of a target without classes.
    """
    fields = source.fields
    y = source.field("y")
    if params["one_hot"] and y is not None:
        if not y.classes:
            raise DataError(
                "The target holds numbers, which have no one-hot form.", code="D05", hint="Switch one_hot off."
            )
        hot = Field("y", (len(y.classes),), classes=y.classes)
        fields = tuple(hot if field is y else field for field in fields)
    return replace(source, fields=fields, counts=split_counts(source.counts, params))


def split_counts(counts: tuple[int, int, int], params: Mapping[str, Any]) -> tuple[int, int, int]:
    """Samples in training, validation and test part, given what the source itself has.

    Raises:
        DataError: D07, nothing is left for the training.
    """
    samples, own_val, own_test = counts
    fraction = params["val_fraction"]
    val = own_val or _part(samples, auto_fraction(params["dataset"]) if fraction is None else fraction)
    test = own_test or _part(samples, params["test_fraction"] or 0.0)
    train = samples - (0 if own_val else val) - (0 if own_test else test)
    if train < 1:
        raise DataError(
            f"Of {plural(samples, 'sample')} {val:,} are held out for validation and {test:,} for the test; "
            "none is left for the training.",
            code="D07",
            hint="Make val_fraction or test_fraction smaller.",
        )
    return (train, val, test)


def _part(samples: int, fraction: float) -> int:
    return int(samples * fraction + 0.5)


def problem_of(error: ChainruleError) -> Problem:
    """The error as a Problem; `check` fills in the node."""
    return Problem("error", error.code, None, None, error.message, error.hint, error.fix)


@final
class FactsCache:
    """The facts of a document's data sets; belongs to one thread.

    `lookup` answers at once. For data in files it answers from what `put` was given, else `Pending`, and remembers to
    ask: `pending` returns what has to be read (by the session's `read_facts`).
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        """The folder of the graph file, which paths are relative to; None before it is first saved."""
        self._read: dict[str, DataFacts | Problem] = {}
        self._asked: dict[str, dict[str, Any]] = {}
        self._being_read: set[str] = set()

    def lookup(self, params: Mapping[str, Any]) -> Facts:
        """What is known of the data of an Input with these parsed parameters."""
        try:
            source = builtin(params)
            if source is not None:
                return finish(source, params)
            key = self.key(params)
            known = self._read.get(key)
            if isinstance(known, DataFacts):
                return finish(known, params)
        except ChainruleError as error:
            return problem_of(error)
        if known is None:
            if key not in self._being_read:
                self._asked[key] = dict(params)
            return Pending(params["path"] or params["folder"] or params["dataset"])
        return known

    def key(self, params: Mapping[str, Any]) -> str:
        """Names what is read from files: the parameters that matter for it and path, size and time of the files.

        Raises:
            DataError: a file is missing (D03) or cannot be looked at (D01).
        """
        reading = [params[name] for name in _READING]
        text = json.dumps([reading, stamps(params, self.folder)], ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def put(self, key: str, facts: DataFacts | Problem) -> None:
        """Keep what was read for a key: source facts, or why it could not be read."""
        self._asked.pop(key, None)
        self._being_read.discard(key)
        self._read[key] = facts

    def pending(self) -> list[tuple[str, dict[str, Any]]]:
        """(key, params) of what has to be read, each returned once."""
        asked = list(self._asked.items())
        self._being_read.update(self._asked)
        self._asked.clear()
        return asked
