"""Exported files in tests: imported, run, formatted."""

from __future__ import annotations

import atexit
import importlib.util
import json
import subprocess
import sys
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import torch

from engine.build import build
from engine.export.pytorch import export_pytorch
from tests.helpers import exported

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"
EXAMPLES = sorted((ROOT / "assets" / "examples").glob("*.chainrule"))
_numbers = count()


class Ran(NamedTuple):
    """How a script ended and what it wrote."""

    code: int
    stdout: str
    stderr: str


def imported(path: Path) -> Any:
    """The exported file as a module of its own."""
    spec = importlib.util.spec_from_file_location(f"exported_{next(_numbers)}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def assert_same(
    project: Any, result: Any, data: dict[str, torch.Tensor], folder: Path, dtype: torch.dtype, **start: Any
) -> None:
    """Exports a network to files, and compares it with the app's to the bit."""
    net = build(result, dtype=dtype, seed=5, **start)
    path, _ = export_pytorch(project, result, net.state_dict(), data, folder)
    exported.assert_same(net, imported(path).Net.load(), data)


def ran(path: Path, *arguments: str, code: int = 0) -> Ran:
    """Runs the file from elsewhere, isolated from this checkout."""
    runner = _runner()
    assert runner.stdin is not None
    assert runner.stdout is not None
    runner.stdin.write(json.dumps([str(path), *arguments]) + "\n")
    runner.stdin.flush()
    done = Ran(*json.loads(runner.stdout.readline()))
    assert done.code == code, done.stderr
    return done


@cache
def _runner() -> subprocess.Popen[str]:
    """One for all tests of this process: importing torch takes longer than what they run."""
    command = [sys.executable, "-I", "-W", "error", str(Path(__file__).with_name("script_runner.py"))]
    runner = subprocess.Popen(command, cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(runner.__exit__, None, None, None)  # no more jobs: it ends
    return runner


def tidy(path: Path) -> None:
    """ruff finds nothing to format, and nothing wrong."""
    ruff = [str(Path(sys.executable).parent / "ruff")]
    for command in (["format", "--diff"], ["check", "--select", "E,F,I,W,B,UP,RET,SIM,C4,A", "--ignore", "E501"]):
        done = subprocess.run(
            [*ruff, *command, "--isolated", "--no-cache", str(path)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
