"""`chainrule step`: one training step, number by number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine import files
from engine.cli import gradients
from engine.cli.arguments import Arguments
from engine.cli.output import say_error
from engine.problem import DataError
from engine.session.answers import trace
from engine.tracing import to_json
from engine.training.loading import load
from engine.training.run import Run


def run(arguments: Arguments) -> int:
    """0: traced; 1: a block's formula disagrees with autograd, or a gradient fails its check. Raises ChainruleError."""
    file = arguments.file
    network = Run(load(files.load(file), file.absolute().parent), lambda _event: None)
    try:
        if arguments.check:
            return gradients.check(network, arguments.batch, json=arguments.json)
        found = trace(network, arguments.batch)
    except IndexError as error:
        raise DataError(f"There is no such batch: {error}.", code="D07") from None
    if arguments.json:
        print(to_json(found))
    else:
        _print(found)
    for message in found.get("errors", ()):
        say_error(message)
    return 1 if found.get("errors") else 0


def _print(found: Mapping[str, Any]) -> None:
    """For people: large arrays are shortened."""
    with np.printoptions(precision=6, threshold=24, edgeitems=2, suppress=True, linewidth=100):
        print(f"loss {found['loss']:.9g}")
        for moment in found["forward"]:
            for port, values in moment["outputs"].items():
                _value(f"forward  {moment['node']}.{port}", values)
        for moment in found["backward"]:
            for part in ("grad_inputs", "grad_parameters"):
                for name, values in moment[part].items():
                    _value(f"backward {moment['node']}.{name}", values)
        for entry in found["update"]:
            for part in ("before", "grad", "after"):
                _value(f"update   {entry['parameter']} {part}", entry[part])


def _value(title: str, values: Any) -> None:
    if values is None:
        return
    text = str(np.asarray(values))
    print(f"{title}: {text}" if "\n" not in text else f"{title}:\n{text}")
