"""`export --to weights`: the trained weights as a safetensors file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from engine import weightfile
from engine.graph import Project


def export_weights(project: Project, weights: Mapping[str, Tensor], out: Path) -> tuple[Path, ...]:
    """Write parameters and buffers under their names `block.parameter`; returns the files written.

    Args:
        project: whose network it is.
        weights: of `Net.state_dict`, or a run's.
        out: the file; `.safetensors` is added where it has no ending.

    Raises:
        FileError: F05 it cannot be written, F06 a weight is not finite.
    """
    path = out if out.suffix else out.with_suffix(".safetensors")
    weightfile.write(path, weights, project)
    return (path,)
