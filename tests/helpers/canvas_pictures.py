"""Golden pictures of the canvas: every look of a block, from far, from the middle and from near, in both themes.

Run `python -m tests.helpers.canvas_pictures` to draw `tests/golden/canvas-*.png` anew; look at them before you commit.
Pictures are compared as an eye does that stands a step back: made smaller first, so that how a rasteriser rounds edges
of letters does not count, while colours, places and sizes do. Fonts are shipped, so their measures are the same.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal, NamedTuple

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication

from engine import decorations, edits, grouping
from engine.graph import Project, Wire
from gui.canvas.view import CanvasView
from gui.document import Document
from gui.selection import Selection
from gui.theme import theme
from tests.helpers.canvas import make_project

FOLDER: Final = Path(__file__).resolve().parents[1] / "golden"
SCALES: Final = {"far": 0.25, "mid": 0.5, "near": 1.0}
MODES: Final[tuple[Literal["dark", "light"], ...]] = ("dark", "light")
AREA: Final = QRectF(-40.0, -72.0, 1120.0, 672.0)
SMALLER: Final = 4
"""Pixels of a picture that count as one."""
MEAN: Final = 0.2
MOST: Final = 48.0
HUE: Final = 12.0
"""How much colours may differ, of 255: on average, at most, and in what tells them from grey. Letters that are a little
bolder differ at most by two thirds of this, and in hue, as they are nearly grey, by less."""


def project() -> Project:
    """Blocks that are whole, wrong, warned of, muted and grouped; bent wires, a frame and a note."""
    made = make_project(
        {
            "data": ("Input", (0.0, 16.0), {"dataset": "spiral"}),
            "dense": ("Dense", (280.0, 16.0), {"out_features": 8}),
            "tanh": ("Activation", (560.0, 16.0), {"function": "tanh"}),
            "conv": ("Conv2d", (280.0, 160.0), {}),
            "dropout": ("Dropout", (560.0, 160.0), {}),
            "inner": ("Dense", (840.0, 16.0), {"out_features": 1}),
            "inside": ("Activation", (900.0, 16.0), {"function": "sigmoid"}),
            "loss": ("Loss", (840.0, 304.0), {"function": "mse"}),
            "softmax": ("Activation", (560.0, 304.0), {"function": "softmax"}),
            "idle": ("Dense", (280.0, 304.0), {"out_features": 4}),
        },
        (
            *("data.x > dense.in", "dense.out > tanh.in", "tanh.out > inner.in", "inner.out > inside.in"),
            *("inside.out > loss.prediction", "data.y > loss.target", "data.x > conv.in", "tanh.out > dropout.in"),
            *("data.x > idle.in", "idle.out > softmax.in"),
        ),
    )
    made, _ = edits.set_node(made, "dropout", bypass=True)
    made, _ = edits.bend(made, Wire("data", "y", "loss", "target"), [(232.0, 456.0), (760.0, 456.0)])
    made = grouping.collapse(made, ["inner", "inside"], "Head").project
    made = decorations.put(
        made,
        decorations.Frame("hidden", "Hidden layers", "teal", 256.0, -40.0, 528.0, 152.0),
        decorations.Note("why", "## Why\nA **note** with *markdown*:\n- one\n- two", "amber", 0.0, 480.0, 232.0, 96.0),
    )
    return replace(made, layout=replace(made.layout, nodes=made.layout.nodes.insert("head", (840.0, 16.0))))


def draw(scale: float) -> QImage:
    """The canvas at a scale in the theme now in force, one pixel of the picture for one of the screen."""
    view = CanvasView(Document(project()), Selection())
    try:
        dress(view)
        view.resize(round(AREA.width() * scale), round(AREA.height() * scale))
        view.floats.legend.hide()
        view.show()
        view.camera.look_at(AREA.center(), scale, animated=False)
        QApplication.processEvents()
        return view.viewport().grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    finally:
        view.close()
        view.deleteLater()
        QApplication.processEvents()


def dress(view: CanvasView) -> None:
    """What the pointer, the selection and a running training add."""
    scene = view.items_
    view.stage.selection.set({"tanh"})
    scene.blocks["dense"].set_flags(hovered=True)
    view.set_live_text("loss", "0.0123", "training")
    picture = QImage(48, 24, QImage.Format.Format_RGB32)
    picture.fill(QColor(theme().palette.plot))
    painter = QPainter(picture)
    painter.fillRect(4, 12, 16, 12, QColor(theme().palette.positive))
    painter.fillRect(28, 4, 16, 20, QColor(theme().palette.negative))
    painter.end()
    view.set_thumbnail("softmax", picture)


class Difference(NamedTuple):
    """How two pictures differ, of 255: on average, at most, and in hue."""

    mean: float
    most: float
    hue: float

    @property
    def is_small(self) -> bool:
        """Whether an eye would not see it."""
        return self.mean <= MEAN and self.most <= MOST and self.hue <= HUE


def difference(one: QImage, other: QImage) -> Difference:
    """How two pictures differ.

    Raises:
        ValueError: they are not of the same size.
    """
    if one.size() != other.size():
        raise ValueError(f"pictures of {one.size().toTuple()} and {other.size().toTuple()} pixels")
    apart = _pixels(one) - _pixels(other)
    hue = apart[..., [0, 2]] - apart[..., [1, 1]]
    return Difference(float(np.abs(apart).mean()), float(np.abs(apart).max()), float(np.abs(hue).max()))


def _pixels(image: QImage) -> np.ndarray:
    """Red, green and blue of a smaller picture, each of its pixels the mean of a square: (height, width, 3)."""
    width, height = image.width() // SMALLER * SMALLER, image.height() // SMALLER * SMALLER
    whole = image.convertToFormat(QImage.Format.Format_RGB32)
    flat = np.frombuffer(whole.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    squares = flat[:height, :width, :3].reshape(height // SMALLER, SMALLER, width // SMALLER, SMALLER, 3)
    return squares.mean(axis=(1, 3))


def path(mode: str, distance: str) -> Path:
    """Where the golden picture is."""
    return FOLDER / f"canvas-{mode}-{distance}.png"


def main() -> None:
    """Draws all of them anew."""
    for mode in MODES:
        theme().set_mode(mode)
        for distance, scale in SCALES.items():
            draw(scale).save(str(path(mode, distance)))


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QApplication([])
    theme().set_reduce_motion(True)
    main()
