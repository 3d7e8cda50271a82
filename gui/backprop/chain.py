"""The chain rule of one weight: all its paths to the loss, each a product of local derivatives."""

from __future__ import annotations

from typing import Final, final

import numpy as np
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.chains import Path, WeightChain
from engine.moments import Backward, Forward, Moment, Step, Update
from engine.numeralparts import Numeral
from engine.stepevents import ChainTaken
from gui.backprop.chain_page import ChainPage
from gui.backprop.lens import Lens, Shown
from gui.backprop.weight_picker import Weight, WeightPicker
from gui.document import Document
from gui.run_feed import RunFeed
from gui.widgets.labels import text_label
from gui.widgets.scroll import VerticalScroll

PATHS: Final = 8
REST: Final = 80
"""Milliseconds that a choice rests before the session is asked."""
_KEPT: Final = 30


@final
class ChainLens(Lens):
    """Fits moments of blocks with weights, and wherever the chain rule of a weight was asked for.

    Signals:
        route_shown(object): the `Path` to be marked on the canvas; None: none.
    """

    route_shown = Signal(object)
    key = "chain"

    def __init__(self, document: Document, feed: RunFeed, parent: QWidget | None = None) -> None:
        super().__init__(document, feed, parent)
        self.picker = WeightPicker(self)
        self.picker.chosen.connect(self._chosen)
        self.room = VerticalScroll()
        self.page: ChainPage | None = None
        self.message = ""
        self._shown: Shown | None = None
        self._weight: Weight | None = None
        self._picked: Weight | None = None
        self._opened_at: tuple[Moment, Numeral | None] | None = None
        self._asked_for = False
        self._request = 0
        self._known: dict[Weight, WeightChain] = {}
        self._step: Step | None = None
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST)
        self._rest.timeout.connect(self._ask)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.picker)
        column.addWidget(self.room, 1)
        feed.on(ChainTaken, self._taken)

    @property
    def title(self) -> str:
        return self.tr("Chain rule")

    @property
    def purpose(self) -> str:
        return self.tr("All paths from one weight to the loss, each a product of local derivatives.")

    def fits(self, shown: Shown) -> bool:
        if self._asked_for or (self._opened_at is not None and shown.moment is self._opened_at[0]):
            return True
        moment = shown.moment
        if isinstance(moment, Update):
            return True
        return isinstance(moment, Forward | Backward) and bool(moment.weights)

    def pick(self, name: str, index: tuple[int, ...]) -> None:
        """Look at this weight, whatever moment the cursor is at."""
        self._picked, self._asked_for = (name, tuple(index)), True

    def show_moment(self, shown: Shown) -> None:
        self._shown = shown
        if shown.step is not self._step:
            self._step, self._known = shown.step, {}
            self.picker.set_step(shown.step)
        if self._asked_for:
            self._asked_for, self._opened_at = False, _cursor(shown)
        weight = self._wanted(shown)
        if weight is None:
            self._say(self.tr("No weight of this network is trained."))
            return
        self.picker.set_weight(weight)
        self._look_at(weight)

    def drop(self) -> None:
        self._rest.stop()
        self._shown = self._step = self._weight = self._opened_at = None
        self._known, self._request, self._asked_for = {}, 0, False
        self.page = None
        old = self.room.takeWidget()
        if old is not None:
            old.deleteLater()

    # -- which weight --

    def _wanted(self, shown: Shown) -> Weight | None:
        """The one under the cursor; else the last one that was asked for; else that of the largest gradient."""
        moment, numeral = _cursor(shown)
        stays = self._opened_at is not None and self._opened_at[0] is moment and self._opened_at[1] is numeral
        if not stays and numeral is not None and self.picker.has(numeral.place.name):
            self._opened_at = None
            return numeral.place.name, numeral.place.index
        if self._picked is not None and self.picker.has(*self._picked):
            return self._picked
        return largest(shown, shown.moment.node) or largest(shown, None)

    def _chosen(self, weight: Weight) -> None:
        self._picked = weight
        if self._shown is not None:
            self._opened_at = _cursor(self._shown)
        self._look_at(weight)

    def _look_at(self, weight: Weight) -> None:
        if weight == self._weight and self.page is not None and self.page.chain is self._known.get(weight):
            self._show_route(self.page.path)
            return
        self._weight = weight
        if weight in self._known:
            self._show(self._known[weight])
        else:
            self._say(self.tr("Looking for the paths from this weight to the loss…"))
            self._rest.start()

    # -- asking --

    def _ask(self) -> None:
        if self._weight is None or self._shown is None:
            return
        self._request = self.feed.next_request()
        name, index = self._weight
        self.feed.session.chain(name, index, self._request, sample=self._shown.sample, paths=PATHS)

    def _taken(self, event: ChainTaken) -> None:
        if event.request != self._request or self._weight is None:
            return
        if event.chain is None:
            self._say(event.error)
            return
        if len(self._known) >= _KEPT:
            self._known.pop(next(iter(self._known)))
        self._known[self._weight] = event.chain
        self._show(event.chain)

    # -- showing --

    def _show(self, chain: WeightChain) -> None:
        assert self._step is not None
        assert self._shown is not None
        self.message = ""
        self.page = ChainPage(self._step, chain, most=_most(self._shown))
        self.page.path_shown.connect(self._show_route)
        self.room.setWidget(self.page)  # drops the one before
        self.room.verticalScrollBar().setValue(0)
        self._show_route(self.page.path)

    def _say(self, text: str) -> None:
        self.message, self.page = text, None
        label = text_label(text, "text", "secondary", wrap=True)
        label.setContentsMargins(12, 12, 12, 12)
        label.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.room.setWidget(label)
        self._show_route(None)

    def _show_route(self, path: Path | None) -> None:
        if self.isVisible():
            self.route_shown.emit(path)


def _cursor(shown: Shown) -> tuple[Moment, Numeral | None]:
    return shown.moment, None if shown.inside is None else shown.inside.numeral


def largest(shown: Shown, node: str | None) -> Weight | None:
    """The number with the largest gradient among the parameters of a block; of all blocks without one."""
    best = _largest(shown, node)
    return None if best is None else best[1]


def _most(shown: Shown) -> tuple[str, float] | None:
    best = _largest(shown, None)
    return None if best is None else (best[1][0], best[0])


def _largest(shown: Shown, node: str | None) -> tuple[float, Weight] | None:
    best: tuple[float, Weight] | None = None
    for moment in shown.step.moments:
        if not isinstance(moment, Update) or node not in (None, moment.node) or moment.applied is None:
            continue
        gradient = np.abs(np.nan_to_num(shown.array(moment.gradient.total)))
        at = int(gradient.argmax())
        if best is None or gradient.flat[at] > best[0]:
            index = tuple(int(place) for place in np.unravel_index(at, gradient.shape)) if gradient.ndim else ()
            best = float(gradient.flat[at]), (moment.parameter, index)
    return best
