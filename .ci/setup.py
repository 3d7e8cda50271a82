"""Sets Chainrule up in `.venv`; then, as `setup.py run`, opens it. Needs Python's standard library alone.

What is already done is skipped: the virtual environment carries a stamp made of everything its content follows from.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
STAMP = VENV / "chainrule-setup"
EXAMPLE = "assets/examples/spiral.chainrule"
OLDEST = (3, 11)

# What Qt loads from the system, and the Debian package each library comes in. The first group is needed for any use,
# offscreen too, the second by a window on X11 or Wayland.
QT_CORE = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11.so.6": "libx11-6",
    "libbrotlidec.so.1": "libbrotli1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
    "libstdc++.so.6": "libstdc++6",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libz.so.1": "zlib1g",
    "libzstd.so.1": "libzstd1",
}
QT_DISPLAY = {
    "libX11-xcb.so.1": "libx11-xcb1",
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-glx.so.0": "libxcb-glx0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
# Programs with which a test sits down before a real screen; it is skipped without them.
TEST_TOOLS = {"Xvfb": "xvfb", "xdotool": "xdotool"}
# Parts of Python that Debian packages by themselves.
PYTHON_PARTS = {"ensurepip": f"python3.{sys.version_info[1]}-venv"}

# Loads Qt as the app does, and the platform plugin named on the command line with all it links to.
PROBE = """
import ctypes, pathlib, sys
import PySide6.QtNetwork, PySide6.QtSvg, PySide6.QtTest, PySide6.QtWidgets
plugins = pathlib.Path(PySide6.QtCore.__file__).parent / "Qt" / "plugins" / "platforms"
for name in sys.argv[1:]:
    ctypes.CDLL(str(plugins / f"libq{name}.so"))
"""


def main(arguments: list[str]) -> None:
    """Sets up; with `run`, hands the process over to the app, opened on an example."""
    if arguments not in ([], ["run"]):
        sys.exit(f"usage: {sys.argv[0]} [run]")
    require_python()
    opens = arguments == ["run"]
    if not opens:
        platform, libraries = "offscreen", QT_CORE
    elif has_display():
        platform, libraries = "xcb", {**QT_CORE, **QT_DISPLAY}
    else:  # training without a window needs no Qt
        platform, libraries = "", {}
    require_system({**PYTHON_PARTS, **libraries}, welcome={} if opens else TEST_TOOLS)
    make_environment()
    install_project(platform)
    if opens:
        open_app()


# --- Python and the virtual environment -----------------------------------------------------------------------------


def require_python() -> None:
    """Stops with one line where this interpreter is too old, naming a newer one if there is any."""
    if sys.version_info[:2] >= OLDEST:
        return
    newer = [name for minor in range(14, OLDEST[1] - 1, -1) if shutil.which(name := f"python3.{minor}")]
    way_out = f"run make PYTHON={newer[0]}" if newer else "install one and run make PYTHON=python3.11"
    fail(f"needs Python {OLDEST[0]}.{OLDEST[1]} or newer, but {sys.executable} is {sys.version.split()[0]}; {way_out}")


def make_environment() -> None:
    """Creates `.venv`, or again where its interpreter does not start any more or is another version."""
    version = f"import sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
    if VENV_PYTHON.exists() and subprocess.run([VENV_PYTHON, "-c", version], check=False).returncode == 0:
        return
    say(f"making .venv with Python {sys.version.split()[0]}")
    run_quietly([sys.executable, "-m", "venv", "--clear", str(VENV)], "could not make .venv")


def install_project(platform: str) -> None:
    """Installs the project and what it needs, in the tested versions, unless the stamp says that this is done."""
    wanted = fingerprint()
    if STAMP.exists() and STAMP.read_text(encoding="ascii") == wanted:
        return
    STAMP.unlink(missing_ok=True)
    say("installing what pyproject.toml names, in the versions of constraints.txt (minutes, the first time)")
    pip = [str(VENV_PYTHON), "-m", "pip", "install", "-qq", "--no-input", "--disable-pip-version-check"]
    # In the environment and not as an option, so that it also holds for what the build needs.
    constraints = {"PIP_CONSTRAINT": "constraints.txt", "PIP_BUILD_CONSTRAINT": "constraints.txt"}
    installed = subprocess.run([*pip, "--editable", ".[dev]"], cwd=ROOT, env={**os.environ, **constraints}, check=False)
    if installed.returncode:
        fail("pip could not install the dependencies (its message is above)")
    if platform:
        probe_qt(platform)
    STAMP.write_text(wanted, encoding="ascii")


def fingerprint() -> str:
    """Everything the content of the environment follows from, the place of the checkout included."""
    parts = [(ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt")]
    parts += [str(ROOT).encode(), repr(sys.version_info[:2]).encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


# --- what comes from the system -------------------------------------------------------------------------------------


def require_system(needed: dict[str, str], welcome: dict[str, str]) -> None:
    """Installs what is missing from the system where this may, or stops with one line that names what is needed."""
    if sys.platform != "linux":
        return  # Python and the wheels for macOS bring everything along
    missing = not_found({**QT_CORE, **QT_DISPLAY, **PYTHON_PARTS, **welcome})
    if missing and can_apt():
        apt_install(sorted(set(missing.values())))
    missing = not_found(needed)
    if missing and shutil.which("apt-get"):
        fail(f"needs system packages; install them: sudo apt-get install {' '.join(sorted(set(missing.values())))}")
    if missing:
        fail(f"install, with the system's package manager, what contains {' '.join(sorted(missing))}")


def not_found(parts: dict[str, str]) -> dict[str, str]:
    """Those of the parts that are not on this machine."""
    return {name: package for name, package in parts.items() if not is_here(name)}


def is_here(name: str) -> bool:
    """Whether the PATH has a program, or Python a part of its own (.venv then has it), or the linker a library."""
    if name in TEST_TOOLS:
        return shutil.which(name) is not None
    if name in PYTHON_PARTS:
        return VENV_PYTHON.exists() or importlib.util.find_spec(name) is not None
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def can_apt() -> bool:
    """Whether this process may install Debian packages."""
    return os.geteuid() == 0 and Path("/etc/debian_version").exists() and shutil.which("apt-get") is not None


def apt_install(packages: list[str]) -> None:
    """Tries to install Debian packages; where that fails, apt's own words say why."""
    say(f"installing system packages: {' '.join(packages)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    for command in (["apt-get", "update"], install):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout + done.stderr, file=sys.stderr)
    importlib.invalidate_caches()


def probe_qt(platform: str) -> None:
    """Loads Qt and a platform plugin in a process of their own: the proof that the lists above are complete."""
    platforms = [platform] if sys.platform == "linux" else []
    probe = subprocess.run([VENV_PYTHON, "-c", PROBE, *platforms], capture_output=True, text=True, check=False)
    if probe.returncode:
        fail(f"Qt does not start: {(probe.stderr.strip().splitlines() or ['no message'])[-1]}")


# --- the app --------------------------------------------------------------------------------------------------------


def has_display() -> bool:
    """Whether a window can be shown; a platform named by hand is taken at its word."""
    if sys.platform != "linux":
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def open_app() -> NoReturn:
    """Hands the process over to the app, or says in one line what to do without a display."""
    chainrule = VENV / "bin" / "chainrule"
    if not has_display():
        sys.exit(f"No display here; to train without a window: {chainrule.relative_to(ROOT)} train {EXAMPLE}")
    os.chdir(ROOT)
    os.execv(chainrule, [str(chainrule), EXAMPLE])


# --- talking --------------------------------------------------------------------------------------------------------


def run_quietly(command: list[str], complaint: str) -> None:
    """Runs a command whose output matters only when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout + done.stderr, file=sys.stderr)
        fail(complaint)


def say(text: str) -> None:
    """Tells what takes its time now."""
    print(f"set-up: {text}", flush=True)


def fail(text: str) -> NoReturn:
    """Stops with one line."""
    sys.exit(f"set-up: {text}")


if __name__ == "__main__":
    main(sys.argv[1:])
