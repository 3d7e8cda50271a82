"""What people install: the wheel, built from the source archive, far from the checkout."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = "spiral.chainrule"

OPEN_AN_EXAMPLE = f"""
import sys
from pathlib import Path
from PySide6.QtWidgets import QApplication
from gui.assets import asset
from gui.main_window import MainWindow

app = QApplication(sys.argv)
window = MainWindow()
window.open(asset("examples/{EXAMPLE}"))
window.show()
app.processEvents()
print(len(window.document.project.graph.nodes))
window.close()
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel of this checkout, by way of the source archive."""
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, ROOT)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """The `bin` of an environment with the wheel; what it depends on, gigabytes, is lent by that of the tests."""
    home = tmp_path_factory.mktemp("installed") / "env"
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "-qq", "--no-deps", "--no-index", wheel)
    packages = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").stdout.strip()
    # A folder named in a .pth file lends its packages; its own .pth files, which lead to the checkout, are not read.
    Path(packages, "lent.pth").write_text(sysconfig.get_path("purelib"))
    return python.parent


def run(*command: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Runs a program outside the checkout, and shows what it said where it fails."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd or Path("/"),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.mark.slow
def test_the_wheel_holds_the_two_packages_and_nothing_else(wheel):
    tops = {name.split("/")[0] for name in ZipFile(wheel).namelist()}
    assert tops == {"engine", "gui", "chainrule-0.1.0.dist-info"}


@pytest.mark.slow
def test_every_shipped_file_is_in_the_wheel(wheel):
    listed = run("git", "-C", ROOT, "ls-files", "assets", "engine", "gui").stdout.split()
    tracked = {
        path.replace("assets/", "gui/assets/", 1) for path in listed if not path.startswith("assets/screenshots/")
    }
    assert tracked - set(ZipFile(wheel).namelist()) == set()


@pytest.mark.slow
def test_the_installed_packages_are_those_of_the_wheel(installed, tmp_path):
    program = "import engine, gui, sys; print(engine.__file__, gui.__file__, *sys.path, sep='\\n')"
    paths = run(installed / "python", "-c", program, cwd=tmp_path).stdout.split()
    engine, gui, *search = (Path(path) for path in paths)
    assert engine.is_relative_to(installed.parent)
    assert gui.is_relative_to(installed.parent)
    assert ROOT not in search
    assert list((gui.parent / "assets").iterdir())


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("gui.__main__") is None, reason="there is no entry point yet")
def test_the_command_answers(installed, tmp_path):
    assert "chainrule" in run(installed / "chainrule", "--help", cwd=tmp_path).stdout


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("gui.main_window") is None, reason="there is no window yet")
def test_the_installed_app_opens_an_example(installed, tmp_path):
    shown = run(installed / "python", "-W", "error", "-c", OPEN_AN_EXAMPLE, cwd=tmp_path)
    assert int(shown.stdout) > 2
    # The offscreen platform prints this for every window; see `qt_log_ignore` in pyproject.toml.
    said = [line for line in shown.stderr.splitlines() if line != "This plugin does not support propagateSizeHints()"]
    assert said == []
