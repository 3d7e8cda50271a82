"""What the tests of the command line share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from engine import files, weightfile
from engine.graph import Project

Out = pytest.CaptureFixture[str]


def saved(folder: Path, project: Project, name: str = "net") -> Path:
    """The project as a file."""
    path = folder / f"{name}.chainrule"
    files.save(project, path)
    return path


def lines(out: Out) -> list[dict[str, Any]]:
    """The JSON objects on stdout."""
    return [json.loads(line) for line in out.readouterr().out.splitlines()]


def told(out: Out) -> list[str]:
    """What went to stderr, without where the run went."""
    return [line for line in out.readouterr().err.splitlines() if not line.startswith("Run: ")]


def weights_in(run: Path) -> dict[str, torch.Tensor]:
    """The weights of a run directory."""
    return dict(weightfile.read(run / "weights.safetensors").tensors)


def assert_same(run: Path, expected: Mapping[str, torch.Tensor]) -> None:
    """A run directory holds these weights, to the bit."""
    found = weights_in(run)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert torch.equal(found[name], value), name
