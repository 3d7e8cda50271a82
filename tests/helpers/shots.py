"""The real window, opened on an example, trained, and taken as a picture."""

from __future__ import annotations

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtGui import QImage

from gui.main_window import MainWindow
from gui.theme import Mode, theme

SIZE = (1440, 900)
ENDED = ("finished", "failed")


def wait(milliseconds: int) -> None:
    """Let the event loop turn."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def shot(example: str, mode: Mode, *, seconds: float = 20.0, train: bool = True) -> QImage:
    """The window on an example file, trained to its end or for so many seconds, in a theme, 1440 × 900."""
    theme().set_mode(mode)
    window = MainWindow()
    window.resize(*SIZE)
    window.show()
    try:
        window.files.open_example(example)
        wait(300)
        if train:
            window.actions_.play.trigger()
            waited = 0
            while window.feed.state not in ENDED and waited < seconds * 1000:
                wait(100)
                waited += 100
            window.feed.session.pause()
        wait(700)
        return window.grab().toImage()
    finally:
        window.document.undo_stack.setClean()
        window.close()
        window.deleteLater()
        wait(50)
