"""Without a display the program says so, and what to do instead, before it loads Qt."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there always is a display")
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "There is no display to open a window on. Train without one: chainrule train FILE"),
        (
            ["a.chainrule"],
            "There is no display to open a window on. Train without one: chainrule train a.chainrule",
        ),
        (["nowhere.chainrule"], 'There is no file "nowhere.chainrule", and no display to open a window on.'),
        (
            ["trian", "a.chainrule"],
            'There is no file "trian", and no display to open a window on. Did you mean the command "train"?',
        ),
    ],
)
def test_without_a_display_it_says_what_is_missing(arguments, expected, tmp_path):
    (tmp_path / "a.chainrule").write_text("{}")
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(
        [sys.executable, "-m", "gui", *arguments],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"chainrule: {expected}\n")
