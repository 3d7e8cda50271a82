"""Pictures for the command line: Qt without a screen."""

from __future__ import annotations

import os
import sys
from typing import cast

from PySide6.QtWidgets import QApplication

from engine.graph import Project
from engine.result import Result


def draw(project: Project, result: Result, kind: str, scale: int, shapes: bool, formulas: bool) -> bytes:
    """The picture as the content of a file, as `engine.cli` asks for it. Raises GraphError when it cannot be drawn."""
    app = QApplication.instance()
    if app is None:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"  # no window opens, whether there is a display or none
        app = QApplication([sys.argv[0]])
    from gui.pictures import drawing
    from gui.pictures.sheet import Format, Wanted
    from gui.theme import theme

    theme()  # brings the fonts
    wanted = Wanted(shapes=shapes, formulas=formulas, scale=scale)
    return drawing.draw(project, result, cast("Format", kind), wanted)
