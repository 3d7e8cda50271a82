"""What starts fast stays fast: the window without torch, the command line without Qt."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest


def loaded_by(module: str) -> set[str]:
    """The heavy packages that are there after importing one module in a process of its own."""
    program = f"import sys, {module}; print(*({{'torch', 'PySide6', 'sklearn'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.skipif(importlib.util.find_spec("gui.main_window") is None, reason="there is no window yet")
def test_the_window_loads_no_torch():
    assert loaded_by("gui.main_window") == {"PySide6"}


@pytest.mark.skipif(importlib.util.find_spec("gui.__main__") is None, reason="there is no entry point yet")
def test_the_entry_point_loads_no_qt():
    assert loaded_by("gui.__main__") == set()


@pytest.mark.skipif(importlib.util.find_spec("engine.session") is None, reason="there is no session yet")
def test_the_session_loads_torch_only_when_it_works():
    assert loaded_by("engine.session") == set()
