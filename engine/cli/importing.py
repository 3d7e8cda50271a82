"""`chainrule import`: a graph file, with its weights, of an ONNX model."""

from __future__ import annotations

import time

from engine import files
from engine.cli.arguments import Arguments
from engine.cli.output import print_json
from engine.onnx.importing import import_model
from engine.problem import FileError
from engine.wording import plural

_PAUSE = 0.1
"""Seconds between two reports of progress."""


def run(arguments: Arguments) -> int:
    """0, or raises FileError. OUT is written wholly or not at all; it may not be the model itself."""
    out = arguments.out
    assert out is not None
    if out.suffix.lower() == arguments.file.suffix.lower() != ".chainrule":
        raise FileError(f'"{out}" has the ending of a model.', code="F05", hint="Name a .chainrule file.")
    imported = import_model(arguments.file, _Progress() if arguments.json else None)
    if arguments.json:
        print_json({"done": 0, "total": 0})  # it is being written, nobody knows how long
    try:
        saved = files.save(imported.project, out, dict(imported.weights))
    except FileError as error:
        if error.code != "F06":
            raise
        raise FileError(f'"{arguments.file.name}" cannot be imported: {error.message}', code="F08") from None
    count = sum(tensor.count for tensor in imported.weights.values())
    if arguments.json:
        found = {"file": str(out), "blocks": len(saved.graph), "numbers": count, "remarks": list(imported.remarks)}
        print_json(found)
        return 0
    print(f"{out}: {plural(len(saved.graph), 'block')}, {plural(count, 'weight')}")
    for remark in imported.remarks:
        print(remark)
    return 0


class _Progress:
    """Prints how far it is, not more often than anybody can read."""

    def __init__(self) -> None:
        self._next = 0.0

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _PAUSE
            print_json({"done": done, "total": total})
