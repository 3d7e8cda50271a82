"""The panel of the backprop mode: the moment under the cursor, or what it is for, or what is in the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import final

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from gui.backprop.crumbs import Crumbs
from gui.backprop.lens import Lens, Shown
from gui.backprop.numeral_words import crumbs_of, whole_words
from gui.enlarge import EnlargeButton
from gui.widgets.empty_state import EmptyState
from gui.widgets.labels import plain_tooltip


@final
class BackpropPanel(QWidget):
    """Shows one moment at a time, in one of the views that fit it.

    The view that was chosen stays while the cursor walks; at a moment that it does not fit, the first one stands in.
    Inside of blocks another view may be chosen than among them.

    Attributes:
        picked: the weight whose chain rule was asked for last, `block.parameter` and index; None before.

    Signals:
        wanted(): the button of the empty panel.
        weight_picked(str, object), weights_set(), sample_wanted(object): of the views.
        lens_changed(str): another view is at the front.
        lenses_made(): all views are there.
    """

    wanted = Signal()
    weight_picked = Signal(str, object)
    weights_set = Signal()
    sample_wanted = Signal(object)
    lens_changed = Signal(str)
    lenses_made = Signal()

    def __init__(self, lenses: Iterable[Lens], parent: QWidget | None = None) -> None:
        """Makes no view before a moment is to be shown, or `prepare` is called; the first of them fits every moment."""
        super().__init__(parent)
        self.setObjectName("backprop")
        self._to_make = iter(lenses)
        self._made: dict[str, Lens] = {}
        self._complete = False
        self._first = self._chosen = self._front = "numbers"
        self._chosen_inside = "numeral"
        self.crumbs = Crumbs(self)
        start = (self.tr("Step through it"), self.wanted.emit)
        self._empty = EmptyState("backprop", self.tr("One training step, taken apart"), self._purpose(), start)
        self._said = EmptyState("backprop", "")
        self._said.setObjectName("backpropMessage")
        self.message = ""
        self.shown: Shown | None = None
        self.picked: tuple[str, tuple[int, ...]] | None = None
        self.tabs = QTabBar(self)
        self._stack = QStackedWidget(self)
        self._pages = QStackedLayout(self)
        for part in (self._empty, self._said, self._set_up_views()):
            self._pages.addWidget(part)

    def _set_up_views(self) -> QWidget:
        self.tabs.setObjectName("backpropTabs")
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setAccessibleName(self.tr("Ways to look at this moment"))
        self.tabs.currentChanged.connect(lambda at: self.choose(self.tabs.tabData(at)))
        views = QWidget()
        column = QVBoxLayout(views)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.crumbs)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 6, 0)
        row.setSpacing(4)
        row.addWidget(self.tabs, 1)
        row.addStretch(0)
        row.addWidget(EnlargeButton(views))
        column.addLayout(row)
        column.addWidget(self._stack, 1)
        return views

    def prepare(self) -> bool:
        """Make the next of the views; whether there may be more to make."""
        lens = next(self._to_make, None)
        if lens is None:
            if not self._complete:
                self._complete = True
                self.lenses_made.emit()
            return False
        self._made[lens.key] = lens
        with QSignalBlocker(self.tabs):
            at = self.tabs.addTab(lens.title)
        self.tabs.setTabData(at, lens.key)
        self.tabs.setTabToolTip(at, plain_tooltip(lens.purpose))
        self._stack.addWidget(lens)
        lens.weight_picked.connect(self._pick)
        lens.weights_set.connect(self.weights_set)
        lens.sample_wanted.connect(self.sample_wanted)
        return True

    @property
    def lenses(self) -> Mapping[str, Lens]:
        """All views by key."""
        while not self._complete:
            self.prepare()
        return self._made

    def _purpose(self) -> str:
        return self.tr(
            "Follow the next step through the network: forward block by block, the loss, the gradient back by the "
            "chain rule, and each update, with every number."
        )

    @property
    def lens(self) -> Lens:
        """The view at the front."""
        return self.lenses[self._front]

    def show_start(self) -> None:
        """What the panel is for."""
        self._drop()
        self._pages.setCurrentWidget(self._empty)

    def say(self, title: str, text: str = "") -> None:
        """Something in the way, or in the making."""
        self._drop()
        self.message = f"{title} {text}".strip()
        self._said.set_text(title, text)
        self._pages.setCurrentWidget(self._said)

    def show_moment(self, shown: Shown) -> None:
        """The moment under the cursor."""
        self.message, self.shown = "", shown
        fitting = {key for key, lens in self.lenses.items() if lens.fits(shown)}
        self._offer(fitting)
        self.tabs.setVisible(len(fitting) > 1)
        self._show_place(shown)
        wanted = (self._chosen,) if self._among_blocks else (self._chosen_inside, "numeral")
        self._bring(next((key for key in wanted if key in fitting), self._first))
        self._pages.setCurrentIndex(2)

    def _offer(self, fitting: set[str]) -> None:
        """Tabs of these views only."""
        before = [self.tabs.isTabVisible(at) for at in range(self.tabs.count())]
        after = [key in fitting for key in self.lenses]
        if before == after:
            return
        self.tabs.blockSignals(True)
        for at, seen in enumerate(after):
            self.tabs.setTabVisible(at, seen)
        self.tabs.setTabText(0, self.tabs.tabText(0))  # lays the tabs out anew, which hiding them does not
        self.tabs.blockSignals(False)

    @property
    def _among_blocks(self) -> bool:
        """Whether a block as a whole is shown."""
        return self.shown is None or self.shown.inside is None or self.shown.inside.whole

    def _show_place(self, shown: Shown) -> None:
        inside = shown.inside
        if inside is None:
            self.crumbs.show_place((), "block")
        else:
            parts = crumbs_of(shown.step, shown.moment, inside.numeral)
            words = whole_words(shown.moment, inside.level) if inside.whole else ""
            self.crumbs.show_place(parts, inside.level, words)

    def choose(self, key: str) -> None:
        """Look at moments in this way, wherever it fits."""
        if self._among_blocks:
            self._chosen = key
        else:
            self._chosen_inside = key
        if self.shown is not None and self.lenses[key].fits(self.shown):
            self._bring(key)

    def _bring(self, key: str) -> None:
        assert self.shown is not None
        changed, self._front = key != self._front, key
        self.tabs.blockSignals(True)
        self.tabs.setCurrentIndex(list(self.lenses).index(key))
        self.tabs.blockSignals(False)
        self._stack.setCurrentWidget(self.lens)
        self.lens.show_moment(self.shown)
        if changed:
            self.lens_changed.emit(key)

    def _pick(self, name: str, index: tuple[int, ...]) -> None:
        self.picked = (name, index)
        self.weight_picked.emit(name, index)
        from gui.backprop.chain import ChainLens

        chain, shown = self.lenses.get("chain"), self.shown
        if isinstance(chain, ChainLens) and shown is not None:
            chain.pick(name, index)
            self.choose(chain.key)
            self.show_moment(shown)

    def _drop(self) -> None:
        self.message, self.shown = "", None
        for lens in self._made.values():
            lens.drop()
