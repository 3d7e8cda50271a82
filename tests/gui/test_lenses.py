"""The views of a moment: which are offered, which stays at the front, and what they tell the mode."""

from __future__ import annotations

from typing import final

from pytestqt.qtbot import QtBot

from engine.moments import Backward, Forward, Mathematics, Moment, Step
from gui.backprop.lens import Lens, Shown
from gui.backprop.numbers import NumbersLens
from gui.backprop.panel import BackpropPanel
from gui.document import Document
from gui.run_feed import RunFeed


@final
class Backwards(Lens):
    """Fits the way back."""

    key = "backwards"

    def __init__(self, document: Document, feed: RunFeed) -> None:
        super().__init__(document, feed)
        self.seen: list[Moment] = []

    @property
    def title(self) -> str:
        return "Backwards"

    @property
    def purpose(self) -> str:
        return "For a test."

    def fits(self, shown: Shown) -> bool:
        return isinstance(shown.moment, Backward)

    def show_moment(self, shown: Shown) -> None:
        self.seen.append(shown.moment)

    def drop(self) -> None:
        self.seen = []


def forward(index: int) -> Forward:
    return Forward(index, "a", "Dense", "linear", (), (), (), (), None, {}, Mathematics())


def backward(index: int) -> Backward:
    return Backward(index, "a", "Dense", "linear", (), (), (), (), Mathematics())


def test_the_chosen_view_stays_wherever_it_fits(qtbot: QtBot) -> None:
    document = Document()
    feed = RunFeed(document)
    lens = Backwards(document, feed)
    panel = BackpropPanel([NumbersLens(document, feed), lens])
    qtbot.addWidget(panel)
    moments = (forward(0), backward(1), forward(2), backward(3))
    step = Step(moments, 1.0, (), 1)

    def show(at: int) -> str:
        panel.show_moment(Shown(step, moments[at], "backward", {}))
        return panel.lens.key

    panel.show()
    assert show(0) == "numbers"
    assert panel.tabs.isHidden(), "one view alone needs no tabs"
    assert show(1) == "numbers"
    assert not panel.tabs.isHidden()
    with qtbot.waitSignal(panel.lens_changed) as told:
        panel.tabs.setCurrentIndex(1)
    assert told.args == ["backwards"]
    assert lens.seen == [moments[1]]
    assert show(2) == "numbers", "it does not fit there"
    assert show(3) == "backwards"
    assert lens.seen == [moments[1], moments[3]]
    panel.show_start()
    assert lens.seen == []
    feed.close()


def test_a_picked_weight_is_kept_and_told(qtbot: QtBot) -> None:
    document = Document()
    feed = RunFeed(document)
    panel = BackpropPanel([NumbersLens(document, feed), lens := Backwards(document, feed)])
    qtbot.addWidget(panel)
    while panel.prepare():
        pass
    with qtbot.waitSignal(panel.weight_picked) as told:
        lens.weight_picked.emit("a.weight", (0, 1))
    assert told.args == ["a.weight", (0, 1)]
    assert panel.picked == ("a.weight", (0, 1))
    with qtbot.waitSignal(panel.weights_set):
        lens.weights_set.emit()
    feed.close()
