"""Weights of an earlier run, put into a network."""

from __future__ import annotations

from pathlib import Path

import torch

from engine import weightfile
from engine.fingerprint import fingerprint
from engine.problem import FileError
from engine.training.run import Run
from engine.training.run_folder import RunFolder


def put_weights(run: Run, path: Path) -> str:
    """Overwrite all weights of a network with those of a run directory or weights file.

    Returns:
        A remark where they were trained for another network that has the same names and shapes, else "".

    Raises:
        FileError: F01, F02, F04 they cannot be read; F07 they are not those of this graph. The network is as it was.
    """
    path = RunFolder.existing(path).weights_file if path.is_dir() else path
    found, wanted = weightfile.read(path), run.weights()
    fitting, doubts = found.fitting(run.loaded.result)
    missing = [f'"{name}" is missing.' for name in wanted if name not in fitting]
    if doubts or missing:
        raise FileError(
            f'The weights "{path}" are not those of this graph: {(doubts + missing)[0]}',
            code="F07",
            hint="Choose the run that trained it.",
        )
    with torch.no_grad():
        for name, value in wanted.items():
            value.copy_(fitting[name])
    if found.fingerprint in ("", fingerprint(run.loaded.project)):
        return ""
    return f'The weights "{path}" were trained in another network whose parameters have the same names and shapes.'
