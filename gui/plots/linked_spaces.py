"""Data space beside parameter space: a line is a point, and a point is a line."""

from __future__ import annotations

from typing import Final, final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QElapsedTimer, QSignalBlocker, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QComboBox, QWidget

from engine.weightviews import Bowl, LinearFit
from gui.document import Document
from gui.format import format_exact, format_number
from gui.panel import Panel, Table
from gui.plots.contour_view import ContourView, Place
from gui.plots.linked_spaces_data import DataSpaceView
from gui.plots.linked_spaces_link import FitLink
from gui.plots.linked_spaces_range import SpaceRange
from gui.plots.toolbar import PlotToolbar
from gui.run_feed import RunFeed
from gui.theme import set_tone, theme
from gui.widgets.empty_state import EmptyState
from gui.widgets.labels import ElidedLabel, plain_tooltip
from gui.widgets.segmented import Segmented

Floats = NDArray[np.float64]

SIDE: Final = 61
PATH: Final = 4000
"""Updates of the path that are drawn."""
FRAME: Final = 40
WITHIN: Final = 3.0
ROOM_FOR_SCALE: Final = 250
ROOM_FOR_ONE: Final = 190
"""A view that is smaller than this, in pixels at text scale 1, shows too little to drag anything in it."""
EXAMPLE: Final = "linear-fit.chainrule"


@final
class _Pair(QWidget):
    """Two views beside each other, below each other where there is more height, one at a time where there is neither.

    Attributes:
        choice: which one, where there is room for one alone; hidden otherwise.
    """

    def __init__(self, data: DataSpaceView, parameters: ContourView) -> None:
        super().__init__()
        self._data, self._parameters = data, parameters
        self.choice = Segmented([("data", self.tr("Line")), ("parameters", self.tr("Loss"))], "data")
        self.choice.setObjectName("linkedChoice")
        self.choice.setAccessibleName(self.tr("Which of the two spaces is shown"))
        self.choice.set_hint("data", self.tr("The data and the line"))
        self.choice.set_hint("parameters", self.tr("The loss over the parameters of the line"))
        self.choice.changed.connect(lambda _: self._share())
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(8)
        for view in (data, parameters):
            view.setMinimumSize(100, 60)
            self._row.addWidget(view, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share()

    def _share(self) -> None:
        beside, least = self.width() >= self.height(), theme().px(ROOM_FOR_ONE)
        narrow = self.width() < 2 * least + 8 if beside else self.height() < 2 * least + 8
        self._row.setDirection(QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom)
        self.choice.setVisible(narrow)
        for key, view in (("data", self._data), ("parameters", self._parameters)):
            view.setVisible(not narrow or self.choice.value() == key)
        wide = (self.width() - 8) / 2 if beside and not narrow else self.width()
        self._parameters.scale.setVisible(wide >= theme().px(ROOM_FOR_SCALE))


@final
class LinkedSpacesPanel(Panel):
    """For networks that are linear in all that they learn, with one input.

    Signals:
        example_wanted(str): the button of the empty panel: the name of an example file.
    """

    example_wanted = Signal(str)

    name = "linkedSpaces"
    icon_name = "link"

    def __init__(self, document: Document, feed: RunFeed, parent: QWidget | None = None) -> None:
        super().__init__(document, feed, parent)
        self.link = FitLink(document, feed, self)
        self.data = DataSpaceView()
        self.parameters = ContourView(value_name="J")
        self.parameters.set_draggable(True)
        self.range = SpaceRange()
        self.bowl: Bowl | None = None
        self._pair = (0, 1)
        self._dirty = self._begun = False
        self._ranged = 0
        self._since = QElapsedTimer()
        self._clock = QTimer(self)
        self._clock.setSingleShot(True)
        self._clock.timeout.connect(self._tick)
        self._lay_out()
        self._connect()

    # -- making --

    def _lay_out(self) -> None:
        bar = PlotToolbar(self)
        self.across = bar.choice("parameterAcross", self.tr("The parameter to the right"), 70)
        self.up = bar.choice("parameterUp", self.tr("The parameter upwards"), 70)
        self.squares = bar.toggle(self.tr("squares"), self.tr("Residuals as the squares that the loss adds up"))
        bar.button("fit", self.tr("Show the solution and the present parameters"), self.fit_view)
        self._now = ElidedLabel(role="mono_caption")
        self._now.setObjectName("linkedNow")
        self._best = ElidedLabel(role="mono_caption", tone="secondary")
        self._best.setObjectName("linkedBest")
        self._views = _Pair(self.data, self.parameters)
        bar.left.addWidget(self._views.choice)
        self._empty = EmptyState(
            "link",
            self.tr("A line is a point"),
            self._purpose(),
            (self.tr("Open the linear fit"), lambda: self.example_wanted.emit(EXAMPLE)),
        )
        self.build(self._empty, bar, self._now, self._best, self._views)

    def _purpose(self) -> str:
        return self.tr(
            "For a line or a polynomial fitted by one Dense block with a mean squared error: drag the line and see its "
            "parameters move over the loss, or drag these and see the line."
        )

    def _connect(self) -> None:
        self.link.fit_changed.connect(self._fit_changed)
        self.link.moved.connect(self._moved)
        self.link.refused.connect(self._refused)
        self.link.restarted.connect(self.fit_view)
        for signal in (self.parameters.dragged, self.parameters.released, self.parameters.clicked):
            signal.connect(self._put_theta)
        self.parameters.hovered.connect(self._show_ghost)
        self.parameters.left.connect(lambda: self.data.set_ghost(None))
        for signal in (self.data.line_dragged, self.data.line_released):
            signal.connect(lambda weight, bias: self.link.set({0: weight, 1: bias}))
        self.data.line_nudged.connect(self._nudge)
        self.squares.toggled.connect(self.data.set_squares)
        for box in (self.across, self.up):
            box.currentIndexChanged.connect(lambda _, box=box: self._chosen(box))
        self.feed.draw_in_turn(self.refresh)
        self.feed.session_changed.connect(self.link.forget)
        self.document.changed.connect(lambda _: self.link.edited())
        theme().changed.connect(self._redraw)

    # -- what it shows --

    def _fit_changed(self) -> None:
        fit = self.link.fit
        self._begun = False
        if fit is None:
            self.set_filled(False)
            self._empty.set_text(self.tr("A line is a point"), self._purpose())
            return
        self._pair = self._pair if max(self._pair) < len(fit.entries) else (0, 1)
        for box, chosen in ((self.across, self._pair[0]), (self.up, self._pair[1])):
            with QSignalBlocker(box):
                box.clear()
                box.addItems(list(fit.symbols))
                box.setCurrentIndex(chosen)
            box.setVisible(len(fit.entries) > 2)
        self.data.set_fit(fit)
        self._redraw()

    def _refused(self, sentence: str) -> None:
        self._empty.set_text(self.tr("A line is a point"), f"{sentence} {self._purpose()}".strip())

    def _chosen(self, box: QComboBox) -> None:
        """Two different ones: choosing the other axis's own swaps them."""
        across, up = self.across.currentIndex(), self.up.currentIndex()
        if across == up:
            other, left = (self.up, self._pair[0]) if box is self.across else (self.across, self._pair[1])
            with QSignalBlocker(other):
                other.setCurrentIndex(left)
        self._pair = (self.across.currentIndex(), self.up.currentIndex())
        self._begun = False
        self._redraw()

    # -- by hand --

    def _put_theta(self, x: float, y: float) -> None:
        self.data.set_ghost(None)
        self.link.set({self._pair[0]: x, self._pair[1]: y})

    def _nudge(self, weight: float, bias: float) -> None:
        if self.link.rows:
            now = self.link.theta
            self.link.set({0: float(now[0]) + weight, 1: float(now[1]) + bias})

    def _show_ghost(self, x: float, y: float) -> None:
        if self.link.rows:
            theta = self.link.shown.copy()
            theta[list(self._pair)] = (x, y)
            self.data.set_ghost(theta)

    def fit_view(self) -> None:
        """Show the solution and the present parameters."""
        self._begun = False
        self._redraw()

    # -- being seen, moving --

    def _follow(self) -> None:
        self.link.set_awake(self.seen)
        super()._follow()

    def _moved(self) -> None:
        if theme().reduce_motion or not self.seen:
            self.link.way.hurry()
        if not self.link.way.settled and not self._clock.isActive():
            self._since.start()
            self._clock.start(FRAME)
        self._redraw()

    def _tick(self) -> None:
        seconds = min(self._since.restart() / 1000, 0.2)
        self.link.way.advance(seconds, float(2 * self.range.reach.max()), WITHIN)
        if not self.link.way.settled and self.seen:
            self._clock.start(FRAME)
        self._redraw()

    def _redraw(self) -> None:
        self._dirty = True
        self.refresh()

    def refresh(self) -> bool:
        fit = self.link.fit
        if not self._dirty or not self.seen or fit is None or not self.link.rows:
            return False
        self._dirty = False
        self.set_filled(True)
        theta = self.link.shown
        self.data.set_theta(theta)
        self._draw_space(fit, theta)
        self._tell(fit, theta)
        return True

    def _draw_space(self, fit: LinearFit, theta: Floats) -> None:
        pair = list(self._pair)
        finite = np.where(np.isfinite(theta), theta, 0.0)
        bowl, before = fit.bowl(finite, self._pair), self.bowl
        begins = not self._begun
        if begins:
            self._begun, self._ranged = True, 0
            self.range.begin(bowl.centre, self.link.rows[0][pair])
            self.parameters.set_names(*(fit.symbols[place] for place in pair))
        shown = self.link.way.shown
        grew = [self.range.follow(row[pair]) for row in self.link.rows[min(self._ranged, shown) : shown + 1]]
        self._ranged = shown + 1
        same = before is not None and np.array_equal(before.centre, bowl.centre) and before.least == bowl.least
        self.bowl = bowl
        if begins or any(grew) or not same:
            xs, ys = self.range.ticks(SIDE)
            grid = np.stack(np.meshgrid(xs, ys), axis=-1)
            self.parameters.set_grid(xs, ys, bowl.loss(grid), log=True)
        path = np.array([*self.link.rows[max(0, shown + 1 - PATH) : shown + 1], theta])[:, pair]
        self.parameters.set_path(path if len(path) > 2 or not np.array_equal(path[0], path[-1]) else path[:0])
        places = [Place("star", float(bowl.centre[0]), float(bowl.centre[1]), self.tr("least squares"))]
        if shown > 0:
            places.append(Place("ring", *self.link.rows[0][pair].tolist()))
        if self.range.holds(theta[pair]):
            places.append(Place("dot", *theta[pair].tolist()))
        self.parameters.set_marks(places)

    # -- words --

    def _tell(self, fit: LinearFit, theta: Floats) -> None:
        assert self.bowl is not None
        pair = list(self._pair)
        with np.errstate(all="ignore"):
            loss = fit.loss(theta)
        self._now.setText(self._numbers(fit, theta[pair], loss))
        exact = [f"{fit.symbols[at]} = {format_exact(float(theta[at]))}" for at in range(len(theta))]
        self._now.setToolTip(plain_tooltip("\n".join([*exact, f"J = {format_exact(loss)}"])))
        if not self.range.holds(theta[pair]):
            self._best.setText(self.tr("The parameters have left the picture. Try a smaller learning rate."))
            set_tone(self._best, "warning")
        else:
            self._best.setText("★ " + self._numbers(fit, self.bowl.centre, self.bowl.least))
            set_tone(self._best, "secondary")
        centre = [f"{fit.symbols[at]} = {format_exact(float(v))}" for at, v in zip(pair, self.bowl.centre, strict=True)]
        words = self.tr("The least-squares solution on the {0} training samples, in closed form").format(fit.samples)
        if len(theta) > len(pair):
            words = self.tr("{0}; the other parameters held").format(words)
        if not self.bowl.unique:
            words = self.tr("{0}; one of many, the shortest").format(words)
        self._best.setToolTip(plain_tooltip("\n".join([words, *centre, f"J = {format_exact(self.bowl.least)}"])))

    def _numbers(self, fit: LinearFit, values: Floats, loss: float) -> str:
        pairs = zip(self._pair, values.tolist(), strict=True)
        told = [f"{fit.symbols[place]} {format_number(value)}" for place, value in pairs]
        return " · ".join([*told, f"J {format_number(loss)}"])

    # -- taking away --

    def picture(self) -> QWidget:
        return self._views

    def caption(self) -> str:
        return self._now.text()

    def table(self) -> Table:
        """The path of all parameters with the loss there, and the closed-form solution of the two that are shown."""
        fit = self.link.fit
        if fit is None or self.bowl is None:
            return ["step", "J"], []
        rows = [
            [step, *map(float, row), fit.loss(row)]
            for step, row in zip(self.link.way.steps, self.link.rows, strict=True)
        ]
        star = self.link.theta.copy()
        star[list(self._pair)] = self.bowl.centre
        return ["step", *fit.symbols, "J"], [*rows, ["least squares", *map(float, star), self.bowl.least]]
