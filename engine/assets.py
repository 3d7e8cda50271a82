"""Where the files that come with the app lie: in a checkout and in an installed wheel."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def folder() -> Path:
    """The folder of the assets: `assets` in a checkout, `gui/assets` in the wheel.

    Raises:
        FileNotFoundError: the installation is incomplete.
    """
    root = Path(__file__).resolve().parent.parent
    for place in (root / "assets", root / "gui" / "assets"):
        if (place / "icons").is_dir():
            return place
    raise FileNotFoundError(f"the app's assets are missing beside {root}; install it again")


def example(name: str) -> Path:
    """The file of an example graph: `example("spiral")`. It need not exist."""
    return folder() / "examples" / (name if name.endswith(".chainrule") else f"{name}.chainrule")
