"""The application: what happens between the command and the window."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QApplication

from engine.spinning import wait_briefly
from gui.notices import show_uncaught_errors
from gui.threads import GuiCollector, paint_in_one_thread

if TYPE_CHECKING:
    from gui.main_window import MainWindow


def run(arguments: Sequence[str]) -> int:
    """Open the window, on a graph file if one is named, or on a run elsewhere (`--watch`). Returns the exit code."""
    wait_briefly()
    watched, others = watched_in(arguments)
    names = [argument for argument in others if not argument.startswith("-")]
    QCoreApplication.setOrganizationName("chainrule")
    QCoreApplication.setApplicationName("chainrule")
    app = QApplication([sys.argv[0], *others])
    app.setApplicationDisplayName("Chainrule")
    app.setDesktopFileName("chainrule")
    show_uncaught_errors()
    collector = GuiCollector(
        app
    )  # first: Python's own collections would be a tenth of the time until the window is there

    from gui.canvas.access.canvas import offer_to_screen_readers
    from gui.main_window import MainWindow
    from gui.readying import Readying
    from gui.recover import offer_recovery
    from gui.screen_reader import complete_descriptions
    from gui.settings import settings
    from gui.text_scale import follow_text_scale
    from gui.theme import theme

    mode = settings().value("theme", "system")
    theme().set_mode(mode if mode in ("dark", "light") else "system")
    follow_text_scale()
    paint_in_one_thread()
    offer_to_screen_readers()
    complete_descriptions()
    window = MainWindow()
    window.show()
    if names:
        _open(window, Path(names[0]))
    if watched:
        window.afar.watch(watched)
    if window.document.path is None:  # else opening it has asked about its own copy
        offer_recovery(window.document)
    window.tour.offer()
    Readying(window.panels, window.backprop.panel, collector, window).start()
    code = app.exec()
    collector.stop()
    return code


def watched_in(arguments: Sequence[str]) -> tuple[str, list[str]]:
    """The run that `--watch PATH_OR_ADDRESS` names, "" where none is, and the other arguments."""
    others = list(arguments)
    for index, argument in enumerate(others):
        if argument.startswith("--watch="):
            return argument.removeprefix("--watch="), others[:index] + others[index + 1 :]
        if argument == "--watch" and index + 1 < len(others):
            return others[index + 1], others[:index] + others[index + 2 :]
    return "", others


def _open(window: MainWindow, path: Path) -> None:
    """Open a file named on the command line; an example as a pristine copy."""
    from engine import assets

    if path.exists() and path.resolve().parent == (assets.folder() / "examples").resolve():
        window.files.open_example(path.name)
    else:
        window.open(path)
