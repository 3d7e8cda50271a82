"""Where a benchmark draws: offscreen, or with `--platform xcb` on a real X server, Xvfb's where there is no other."""

from __future__ import annotations

import os
import shutil
import sys
from typing import Final

_OPTION: Final = "--platform"


def choose(module: str) -> str:
    """Take Qt's platform from the command line, before there is an application; begin anew under Xvfb if need be.

    Returns its name.

    Args:
        module: what is run by `python -m`.
    """
    if _OPTION in sys.argv[:-1]:
        at = sys.argv.index(_OPTION)
        os.environ["QT_QPA_PLATFORM"] = sys.argv[at + 1]
        if sys.argv[at + 1] == "xcb" and not os.environ.get("DISPLAY"):
            server = shutil.which("xvfb-run")
            if server is None:
                sys.exit("There is no X server, and no xvfb-run to start one.")
            screen = "-screen 0 1600x1000x24"
            os.execv(server, [server, "-a", "-s", screen, sys.executable, "-m", module, *sys.argv[1:]])
        del sys.argv[at : at + 2]
    return os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
