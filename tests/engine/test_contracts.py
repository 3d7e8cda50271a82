"""The import contracts hold, fail when they are broken, and say of each module which half of the engine it is in."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = {
    contract["id"]: contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
}

VIOLATIONS = [
    ("engine-without-window", "engine/graph.py", "import gui.theme"),
    ("engine-without-window", "engine/events.py", "from PySide6 import QtCore"),
    ("halves", "engine/param.py", "from engine import events"),
    ("halves", "engine/a_module_of_no_half.py", ""),
    ("document-half", "engine/frozen.py", "import numpy as np"),
    ("document-half", "engine/blocks/newcomer.py", "def late():\n    from torch import nn"),
    ("cheap-packages", "engine/__init__.py", "import torch"),
    ("cheap-packages", "gui/__init__.py", "from PySide6 import QtWidgets"),
    ("window-without-torch", "gui/theme.py", "def late():\n    import torch"),
    ("one-door", "gui/theme.py", "from engine.mailbox import Mailbox"),
    ("independent-blocks", "engine/blocks/newcomer.py", "import engine.blocks.second_newcomer"),
    ("no-circles", "engine/names.py", "import engine.graph"),
]


@pytest.fixture
def copy(tmp_path):
    """A copy of the code that may be spoilt."""
    for package in ("engine", "gui"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "engine/blocks/second_newcomer.py").touch()
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(folder: Path, contract: str) -> subprocess.CompletedProcess[str]:
    """Checks one contract of the code in a folder."""
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-logo", "--no-cache", "--contract", contract]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_contract_holds(copy, contract):
    done = lint(copy, contract)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 kept, 0 broken" in done.stdout


@pytest.mark.parametrize(("contract", "file", "line"), VIOLATIONS)
def test_a_contract_notices_its_violation(copy, contract, file, line):
    with (copy / file).open("a") as spoilt:
        spoilt.write(f"\n{line}\n")
    done = lint(copy, contract)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "0 kept, 1 broken" in done.stdout


def test_each_contract_has_a_violation_that_it_notices():
    assert {contract for contract, _, _ in VIOLATIONS} == set(CONTRACTS)


def layer(number: int) -> set[str]:
    """The modules that the contract on halves names in one of its layers."""
    return {f"engine.{part.strip(' ()')}" for part in CONTRACTS["halves"]["layers"][number].split(":")}


PRESENT = {f"engine.{path.stem}" for path in (ROOT / "engine").iterdir()}
TORCH_HALF, DOCUMENT_HALF = layer(1), layer(2) & PRESENT


DOORS = {
    f"engine.{name}"
    for name in (
        "session",
        "events",
        "snapshots",
        "machineevents",
        "stepevents",
        "surfaceevents",
        "moments",
        "numerals",
        "numeralparts",
        "numeralcounts",
        "weightviews",
    )
}
"""What of the torch half the window imports: the session, and the values that it tells."""


def test_contracts_agree_on_what_may_import_torch():
    exempt = {line.removesuffix(" -> *").removesuffix(".**") for line in CONTRACTS["document-half"]["ignore_imports"]}
    assert exempt == TORCH_HALF


def test_contracts_agree_on_what_the_window_may_not_see():
    assert set(CONTRACTS["one-door"]["forbidden_modules"]) == (TORCH_HALF & PRESENT) - DOORS


def test_what_the_window_sees_loads_no_torch():
    load = f"for name in {sorted(DOORS)}: importlib.import_module(name)"
    program = f"import sys, importlib\n{load}\nprint('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]


def test_the_document_half_loads_neither_torch_nor_numpy():
    """What the contracts read from the source also holds when it runs, imports by name included."""
    program = (
        "import importlib, sys\n"
        f"for name in {sorted(DOCUMENT_HALF)}: importlib.import_module(name)\n"
        "from engine.block import registry; registry()\n"
        "print(*({'torch', 'numpy', 'PySide6', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
