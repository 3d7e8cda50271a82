"""The four planes of the convolution view side by side, and what the mouse does to them."""

from __future__ import annotations

from typing import Final, final

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.backprop.convolution import words
from gui.backprop.convolution.plane import PlaneView
from gui.backprop.convolution.scenes import Meeting, Scene, Scenes
from gui.backprop.sliding import Bools, Pair
from gui.format import format_exact, format_number
from gui.theme import theme
from gui.widgets.wrap_row import WrapRow

GAP: Final = 12
NARROWEST: Final = 150
WIDEST: Final = 300


@final
class Stage(QWidget):
    """Picture, window, products, result.

    Signals:
        place_wanted(object): another place of the result: (row, column).
        moved(int, int): by an arrow key, down and to the right.
        play_pressed(): the space bar.
    """

    place_wanted = Signal(object)
    moved = Signal(int, int)
    play_pressed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.picture, self.window_, self.products, self.result = (PlaneView() for _ in range(4))
        self.views = (self.picture, self.window_, self.products, self.result)
        self._scenes: Scenes | None = None
        self._scene: Scene | None = None
        self._room = 0
        row = WrapRow(GAP)
        self.setLayout(row)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        for name, view in zip(("picture", "window", "products", "result"), self.views, strict=True):
            view.setObjectName(f"convolution_{name}")
            view.moved.connect(self.moved)
            view.play_pressed.connect(self.play_pressed)
            row.addWidget(view)
        self.picture.pointed.connect(self._over_picture)
        self.result.pointed.connect(self.place_wanted)
        self.products.pointed.connect(self._over_meeting)
        self.window_.pointed.connect(self._over_window)
        for view in (self.products, self.window_):
            view.left.connect(self._mark)
        theme().changed.connect(self._fit)

    def clear(self) -> None:
        """Let go of what is shown."""
        self._scenes = self._scene = None
        for view in self.views:
            view.set_plane("", np.zeros((1, 1)), 1.0)
            view.set_marks(None)

    def set_room(self, width: int) -> None:
        """How wide the planes may be together."""
        self._room = width
        self._fit()

    def _fit(self) -> None:
        shown = [view for view in self.views if not view.isHidden()]
        count = max(1, len(shown))
        in_row = next(
            (each for each in (count, 2, 1) if (self._room - GAP * (each - 1)) / each >= theme().px(NARROWEST)), 1
        )
        widest = theme().px(WIDEST)
        if self._scenes is not None and self._scenes.slide.flat:  # sequences below each other, as wide as there is room
            in_row, widest = 1, self._room
        side = (self._room - GAP * (in_row - 1)) // in_row
        for view in self.views:
            view.set_side(min(max(side, 60), widest))

    # -- showing --

    def show_scene(self, scenes: Scenes, scene: Scene) -> None:
        """Draw one state."""
        before = _layout_of(self._scenes, self._scene)
        self._scenes, self._scene = scenes, scene
        titles = words.titles(scenes, scene)
        limits = words.limits(scenes, scene)
        self.picture.set_plane(titles[0], scene.picture, limits[0], scene.margins)
        self._show_window(titles[1], limits[1])
        self._show_products(titles[2], limits[0])
        self.result.set_plane(titles[3], scene.result, limits[3])
        if before != _layout_of(scenes, scene):
            self._fit()
        self._mark()

    def _show_window(self, title: str, limit: float) -> None:
        assert self._scene is not None
        window, meeting = self._scene.window, self._scene.meeting
        self.window_.setVisible(window is not None)
        if window is not None:
            turned = meeting is not None and meeting.turned
            self.window_.set_plane(title, window[::-1, ::-1] if turned else window, limit)

    def _show_products(self, title: str, otherwise: float) -> None:
        assert self._scene is not None
        meeting = self._scene.meeting
        self.products.setVisible(meeting is not None)
        if meeting is None:
            return
        left = meeting.laid_out(meeting.terms.left)
        right = meeting.laid_out(meeting.terms.right)
        products = np.where(meeting.here, left * right, 0.0)

        def texts(row: int, column: int) -> tuple[str, ...]:
            product = format_number(products[row, column], 2)
            if meeting.terms.picks:
                return (product,)
            return format_number(left[row, column], 2), f"× {format_number(right[row, column], 2)}", f"= {product}"

        def tip(row: int, column: int) -> str:
            if not meeting.here[row, column]:
                return self.tr("no window sees it with this entry")
            numbers = [format_exact(float(each[row, column])) for each in (left, right, products)]
            return numbers[0] if meeting.terms.picks else f"{numbers[0]} · {numbers[1]} = {numbers[2]}"

        self.products.tip = tip
        limit = float(np.abs(products).max()) or otherwise
        self.products.set_plane(title, products, limit, here=meeting.here, texts=texts)

    def _mark(self) -> None:
        """The window on the picture, and the place of the result."""
        scene = self._scene
        if scene is None:
            return
        meeting = scene.meeting
        if meeting is None:
            for view in self.views:
                view.set_marks(None, scene.choice.place)
            return
        chosen = meeting.chosen
        spot = None if chosen is None else (int(meeting.rows[chosen]), int(meeting.columns[chosen]))
        self.picture.set_marks(self._lit(meeting), spot)
        self.window_.set_marks(None)
        self.products.set_marks(None, chosen)
        self.result.set_marks(None, scene.choice.place)

    def _lit(self, meeting: Meeting) -> Bools:
        return self.picture.lit_by(meeting.rows[meeting.here], meeting.columns[meeting.here])

    # -- the mouse --

    def _over_picture(self, cell: Pair) -> None:
        """The window follows the mouse."""
        scenes, scene = self._scenes, self._scene
        if scenes is None or scene is None:
            return
        if scene.meeting is None:
            self.place_wanted.emit(cell)
        elif scene.way != "kernel":
            self.place_wanted.emit(words.place_under(scenes, scene, cell))

    def _over_meeting(self, cell: Pair) -> None:
        """Two numbers that meet are shown where they come from."""
        scene = self._scene
        if scene is None or scene.meeting is None or not scene.meeting.here[cell]:
            return
        meeting = scene.meeting
        self.picture.set_marks(self._lit(meeting), (int(meeting.rows[cell]), int(meeting.columns[cell])))
        self.products.set_marks(None, cell)
        self.window_.set_marks(None, cell)

    def _over_window(self, cell: Pair) -> None:
        scene = self._scene
        if scene is not None and scene.meeting is None:
            self.place_wanted.emit(cell)
        else:
            self._over_meeting(cell)


def _layout_of(scenes: Scenes | None, scene: Scene | None) -> object:
    """What decides how large the planes may be."""
    if scenes is None or scene is None:
        return None
    return (scenes.slide.flat, scene.window is None, scene.meeting is None)
