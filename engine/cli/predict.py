"""`chainrule predict`: predictions for a table, an array or images, as CSV or JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from engine import diskfile
from engine.cli.arguments import Arguments
from engine.cli.output import finite, say
from engine.cli.weights import with_weights
from engine.data.pictures import SUFFIXES
from engine.events import Array, Predicted
from engine.problem import DataError, FileError
from engine.session.answers import predict


def run(arguments: Arguments) -> int:
    """0, or raises ChainruleError."""
    out = arguments.out
    if out is not None and out.suffix.lower() not in (".csv", ".json"):
        message = f'"{out}" does not tell what to write; its name has to end in .csv or .json.'
        raise FileError(message, code="F05", hint=f'Try -o "{out.with_suffix(".csv")}".')
    network = with_weights(arguments.file, arguments.run)
    rows: list[dict[str, Any]] = []
    images = any(path.suffix.lower() in SUFFIXES or path.is_dir() for path in arguments.data)
    for path in _files(arguments.data):
        answer, notes = predict(network, str(path))
        for note in notes:
            say(f"{path.name}: {note}")
        rows += [{"file": path.name, **row} if images else row for row in _rows(answer)]
    text = _json(rows) if out is not None and out.suffix.lower() == ".json" else _csv(rows)
    if out is None:
        print(text, end="")
    else:
        diskfile.write(out, [text.encode()])
    return 0


def _files(given: list[Path]) -> Iterator[Path]:
    """The files themselves, folders by the images in them."""
    for path in given:
        if not path.is_dir():
            yield path
            continue
        found = sorted(entry for entry in path.iterdir() if entry.suffix.lower() in SUFFIXES)
        if not found:
            raise DataError(f'There are no images in "{path}".', code="D03")
        yield from found


def _rows(answer: Predicted) -> Iterator[dict[str, Any]]:
    """A row a sample: the class and the probability of each, or the numbers the network gives."""
    names = answer.classes
    for index in range(len(answer.outputs)):
        row: dict[str, Any] = {"predicted": answer.labels[index]} if answer.labels else {}
        if answer.probabilities is not None and names and answer.probabilities.shape[1:] == (len(names),):
            row.update(zip(names, answer.probabilities[index].tolist(), strict=True))
        else:
            row.update(_numbers(answer.outputs[index]))
        yield row


def _numbers(values: Array) -> dict[str, float]:
    flat = np.ravel(values).tolist()
    return {"y": flat[0]} if len(flat) == 1 else {f"y{number}": value for number, value in enumerate(flat, 1)}


def _csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _json(rows: list[dict[str, Any]]) -> str:
    return json.dumps(finite(rows), ensure_ascii=False, allow_nan=False, indent=1) + "\n"
