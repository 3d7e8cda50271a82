"""Every view of a step, in both themes, on one picture each: `python -m tests.helpers.view_sheet`.

Writes `tests/golden/view-sheet-dark.jpg` and `-light.jpg`.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import final

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication, QPushButton

from engine.moments import Backward, Forward, Moment, Outcome, Update
from gui.backprop.neurons.lens import NeuronLens
from gui.main_window import MainWindow
from gui.theme import Mode, theme
from tests.helpers.contact_sheet import CAPTION, MODES, ROOT, TILE
from tests.helpers.shots import SIZE, until, wait

COLUMNS = 3
SETTLED = 1200
"""Milliseconds until formulas are drawn."""


@final
@dataclass(frozen=True)
class View:
    """A view to be taken.

    Attributes:
        caption: below which it stands.
        example: that it is of.
        prepare: brings a window with the example to it.
    """

    caption: str
    example: str
    prepare: Callable[[MainWindow], None]


def at(kind: type[Moment], node: str, lens: str) -> Callable[[MainWindow], None]:
    """A moment of the next step, through a lens."""

    def prepare(window: MainWindow) -> None:
        window.backprop.enter()
        until(lambda: window.backprop.step is not None)
        step = window.backprop.step
        assert step is not None
        moment = step.at(kind, node)
        assert moment is not None
        window.backprop.go(moment.index)
        window.backprop.panel.choose(lens)

    return prepare


def responses(window: MainWindow) -> None:
    """What each neuron of the trained network responds to."""
    trained(window, 6000)
    at(Forward, "dense2", "neurons")(window)
    lens = window.backprop.panel.lens
    assert isinstance(lens, NeuronLens)
    lens.switch.button("responds").click()


def levels(window: MainWindow) -> None:
    """A single weight of Mazur's page."""
    at(Backward, "output", "numbers")(window)
    for _ in range(2):
        window.backprop.go_in()
        wait(500)


def trained(window: MainWindow, milliseconds: int) -> None:
    """Some training."""
    window.actions_.play.trigger()
    waited = 0
    while window.feed.state != "finished" and waited < milliseconds:
        wait(100)
        waited += 100
    window.feed.session.pause()
    wait(300)


def panels(*names: str, milliseconds: int = 3000) -> Callable[[MainWindow], None]:
    """Docks in front, while it trains."""

    def prepare(window: MainWindow) -> None:
        for name in names:
            window.docks.show(name)
        trained(window, milliseconds)
        for button in window.docks[names[-1]].findChildren(QPushButton):
            if button.isVisible() and button.text().startswith("Compute"):
                button.click()
                wait(4000)

    return prepare


def past(window: MainWindow) -> None:
    """Back in time."""
    trained(window, 3000)
    window.actions_.timeline.trigger()
    wait(300)
    window.travel.go(window.feed.steps // 2)


VIEWS = (
    View("Numbers", "mazur", at(Forward, "hidden", "numbers")),
    View("A single weight", "mazur", levels),
    View("Chain rule", "vanishing-15", at(Backward, "dense1", "chain")),
    View("Neurons", "spiral", at(Backward, "dense2", "neurons")),
    View("Neurons: what they respond to", "spiral", responses),
    View("Update", "two-two-one", at(Update, "output.weight", "update")),
    View("Convolution, forward", "fashion-cnn", at(Forward, "conv1", "convolution")),
    View("Convolution, backward", "fashion-cnn", at(Backward, "conv2", "convolution")),
    View("Pooling, backward", "fashion-cnn", at(Backward, "pool1", "convolution")),
    View("Curve", "deep-sigmoid", at(Backward, "sigmoid3", "activation")),
    View("Loss", "fashion-cnn", at(Forward, "loss", "softmax")),
    View("Jacobian", "mazur", at(Backward, "output", "jacobian")),
    View("Batch", "fashion-cnn", at(Outcome, "", "batch")),
    View("Loss surface", "spiral", panels("landscapePlot", milliseconds=8000)),
    View("One weight", "descent", panels("weightCurve")),
    View("Linked spaces", "linear-fit", panels("linkedSpaces")),
    View("Time", "circle", past),
    View("Expression", "expression", at(Backward, "sin", "numbers")),
)


def taken(view: View, mode: Mode) -> QImage:
    """A view as a picture of the window, 1440 × 900."""
    theme().set_mode(mode)
    window = MainWindow()
    window.resize(*SIZE)
    window.show()
    try:
        window.files.open_example(f"{view.example}.chainrule")
        wait(300)
        view.prepare(window)
        wait(SETTLED)
        return window.grab().toImage()
    finally:
        window.document.undo_stack.setClean()
        window.close()
        window.deleteLater()
        wait(50)


def sheet(mode: Mode, folder: Path | None) -> QImage:
    """One theme's sheet; the single pictures go into a folder where one is given."""
    rows = -(-len(VIEWS) // COLUMNS)
    picture = QImage(COLUMNS * TILE[0], rows * (TILE[1] + CAPTION), QImage.Format.Format_RGB32)
    for number, view in enumerate(VIEWS):
        tile = taken(view, mode)
        if folder is not None:
            tile.save(str(folder / f"{number:02}-{mode}.png"))
        if number == 0:
            picture.fill(theme().color("canvas"))
        left, top = (number % COLUMNS) * TILE[0], (number // COLUMNS) * (TILE[1] + CAPTION)
        painter = QPainter(picture)
        painter.setFont(theme().font("strong"))
        painter.setPen(theme().color("text"))
        painter.drawText(QRect(left + 8, top, TILE[0], CAPTION), int(Qt.AlignmentFlag.AlignVCenter), view.caption)
        small = tile.scaled(*TILE, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)
        painter.drawImage(left, top + CAPTION, small)
        painter.end()
    return picture


def main(arguments: list[str]) -> int:
    """Writes both sheets, and with a folder as argument the single pictures."""
    application = QApplication.instance() or QApplication([])
    folder = Path(arguments[0]) if arguments else None
    for mode in MODES:
        sheet(mode, folder).save(str(ROOT / "tests" / "golden" / f"view-sheet-{mode}.jpg"), quality=82)
    application.processEvents()
    return 0


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as home:
        os.environ["XDG_CONFIG_HOME"] = os.environ["XDG_STATE_HOME"] = home
        sys.exit(main(sys.argv[1:]))
