"""The network of a graph file with the weights of a run, or with the file's own."""

from __future__ import annotations

from pathlib import Path

import torch

from engine import files, weightfile
from engine.cli.output import say
from engine.events import Event, Said
from engine.problem import FileError
from engine.training.loading import load
from engine.training.run import Run
from engine.training.run_folder import RunFolder


def with_weights(file: Path, run_dir: Path | None) -> Run:
    """The graph, loaded, with weights in place; nothing is written.

    Raises:
        ChainruleError: the graph has problems, or the weights are not its own.
    """
    run = Run(load(files.load(file), file.absolute().parent), _tell)
    if run_dir is not None:
        _put(run, RunFolder.existing(run_dir).weights_file)
    return run


def _tell(event: Event) -> None:
    if isinstance(event, Said) and event.severity == "warning":
        say(event.message)


def _put(run: Run, path: Path) -> None:
    found, wanted = weightfile.read(path), run.weights()
    fitting, doubts = found.fitting(run.loaded.result)
    missing = [f'"{name}" is missing.' for name in wanted if name not in fitting]
    if doubts or missing:
        raise FileError(
            f'The weights "{path}" are not those of this graph: {(doubts + missing)[0]}',
            code="F07",
            hint="Name the run that trained it.",
        )
    with torch.no_grad():
        for name, value in wanted.items():
            value.copy_(fitting[name])
