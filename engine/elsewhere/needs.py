"""What has to be installed where it trains, in the versions that are in force here."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Final

_LIBRARIES: Final = (
    "torch",
    "numpy",
    "safetensors",
    "scikit-learn",
    "rpds-py",
    "pillow",
    "rich",
    "platformdirs",
)
"""What the engine imports; the window's libraries are not needed there."""
PROGRAM: Final = "program"
"""The folder that the engine is put into."""


def chainrule_version() -> str:
    """Of this program."""
    return metadata.version("chainrule")


def requirements(*, program: bool) -> str:
    """The text of requirements.txt.

    A version such as `2.13.0+cpu` names a build for one kind of machine: the part behind the plus is left to the other.

    Args:
        program: whether the engine itself lies in the folder.
    """
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    lines = [
        f"# Chainrule {chainrule_version()}, with Python {python} and the versions it was used with.",
        "# For a certain kind of GPU, install torch first as pytorch.org/get-started says.",
    ]
    if program:
        lines.append(f"# Chainrule's own engine lies in {PROGRAM}/.")
    else:
        lines.append(f"chainrule=={chainrule_version()}")
    lines += [f"{name}=={version.partition('+')[0]}" for name, version in _versions()]
    return "".join(f"{line}\n" for line in lines)


def _versions() -> Iterator[tuple[str, str]]:
    plugins = [entry.dist.name for entry in metadata.entry_points(group="chainrule.blocks") if entry.dist is not None]
    for name in dict.fromkeys((*_LIBRARIES, *plugins)):
        try:
            yield name, metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # optional, and not used here


def program_files() -> Iterator[tuple[str, bytes]]:
    """(path within `PROGRAM`, content) of the engine, so that no package has to be found under its name."""
    root = Path(__file__).resolve().parent.parent
    for path in sorted(root.rglob("*.py")):
        yield f"engine/{path.relative_to(root).as_posix()}", path.read_bytes()
    version = chainrule_version()
    about = f"Metadata-Version: 2.1\nName: chainrule\nVersion: {version}\n"
    yield f"chainrule-{version}.dist-info/METADATA", about.encode()
