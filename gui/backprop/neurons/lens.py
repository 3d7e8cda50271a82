"""The neuron view: Dense layers as neurons and lines, with the numbers of the moment, to be changed by hand."""

from __future__ import annotations

from typing import Final, final

import numpy as np
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QPushButton, QToolButton, QVBoxLayout, QWidget

from engine.moments import Outcome, Step, Update
from gui.backprop.lens import Lens, Shown
from gui.backprop.neurons.chain import Array, Chain, Plans, chains_of
from gui.backprop.neurons.forward import Forwards
from gui.backprop.neurons.hand import Hand
from gui.backprop.neurons.layout import Layout, Part
from gui.backprop.neurons.paint import Drawing, Pictures
from gui.backprop.neurons.reading import Reading, legend
from gui.backprop.neurons.respond import feature_names, pictures, plane
from gui.backprop.neurons.sight import MEAN, sight_of
from gui.backprop.neurons.trial import Trial
from gui.backprop.neurons.view import NeuronView
from gui.backprop.neurons.words import Words, part_of, weight_label, weight_name
from gui.document import Document
from gui.icons import icon
from gui.run_feed import RunFeed
from gui.theme import set_kind, theme
from gui.widgets.counter import Counter
from gui.widgets.labels import plain_tooltip
from gui.widgets.segmented import Segmented
from gui.widgets.wrap_row import WrapRow

SHORT: Final = 330
"""A room lower than this leaves none for the legend."""


@final
class NeuronLens(Lens):
    """Fits every moment of a Dense, of what follows it, and of the loss behind it."""

    key = "neurons"

    def __init__(self, document: Document, feed: RunFeed, parent: QWidget | None = None) -> None:
        super().__init__(document, feed, parent)
        self.view = NeuronView(self._tell)
        self.reading = Reading()
        self.hand = Hand(document, feed, self)
        self._step: Step | None = None
        self._chains: tuple[Chain, ...] = ()
        self._forwards: dict[int, Forwards] = {}
        self._shown: Shown | None = None
        self._layout: tuple[object, int, Layout] | None = None
        self._plane: tuple[Chain, Array | None] | None = None
        self._words: Words | None = None
        self.trial = Trial()
        self._make_bar()
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 8)
        column.setSpacing(6)
        column.addLayout(self._bar)
        column.addWidget(self.view, 1)
        column.addWidget(self.reading)
        self._connect()

    def _make_bar(self) -> None:
        self.switch = Segmented([("values", self.tr("Values")), ("responds", self.tr("What it responds to"))])
        self.switch.setAccessibleName(self.tr("What the neurons show"))
        self.switch.set_hint("responds", self.tr("Each neuron's output over the plane of the two inputs"))
        self.sample = Counter()
        self.sample.setObjectName("neuronSample")
        self.sample.setAccessibleName(self.tr("Whose numbers are shown"))
        self.sample.setToolTip(plain_tooltip(self.tr("One sample of the batch, or the mean over it")))
        self.sample.setPrefix(self.tr("sample "))
        self.sample.setSpecialValueText(self.tr("batch mean"))
        self.sample.setRange(0, 1)
        self.sample.setValue(1)
        self.fit = QToolButton()
        self.fit.setObjectName("neuronFit")
        self.fit.setIcon(icon("fit"))
        self.fit.setToolTip(plain_tooltip(self.tr("Show all of it (double-click on the ground)")))
        self.fit.setAccessibleName(self.tr("Show all of it"))
        set_kind(self.fit, "boxed")
        self.back = QPushButton(icon("undo"), self.tr("Put back"))
        self.back.setObjectName("neuronPutBack")
        self.back.hide()
        self._bar = WrapRow(6)
        parts: tuple[QWidget, ...] = (self.switch, self.sample, self.fit, self.back)
        for part in parts:
            self._bar.addWidget(part)

    def _connect(self) -> None:
        self.switch.changed.connect(lambda _key: self._draw())
        self.sample.valueChanged.connect(lambda _value: self._draw())
        self.fit.clicked.connect(self.view.show_all)
        self.back.clicked.connect(lambda: self.hand.put_back(self.tr("Put weights back")))
        self.view.pointed.connect(self._point)
        self.view.picked.connect(self._pick)
        self.view.resized.connect(self._draw)
        pull = self.view.pull
        pull.value_of, pull.limit_of = self._value_of, self._limit_of
        pull.changing.connect(self._try)
        pull.changed.connect(self._put)
        pull.given_up.connect(self._give_up)
        self.hand.set.connect(self.weights_set)
        self.hand.changed.connect(self._show_back)
        theme().changed.connect(self._rescale)
        self._rescale()

    def _rescale(self) -> None:
        self.sample.setFixedWidth(theme().px(118))
        self._draw()

    # -- a view of moments --

    @property
    def title(self) -> str:
        return self.tr("Neurons")

    @property
    def purpose(self) -> str:
        return self.tr("Dense layers as neurons and weights. Drag a line to change its weight.")

    @property
    def chain(self) -> Chain | None:
        """What is drawn."""
        return self.view.drawing.chain if self.view.drawing is not None else None

    def fits(self, shown: Shown) -> bool:
        self._look_into(shown)
        return self._chain_of(shown) is not None

    def show_moment(self, shown: Shown) -> None:
        self._look_into(shown)
        self._shown = shown
        self._draw()

    def drop(self) -> None:
        self.view.pull.give_up()
        self._step, self._chains, self._forwards, self._shown = None, (), {}, None
        self._layout = self._plane = self._words = None
        self.trial = Trial()
        self.view.show_drawing(None)
        self.reading.say("", [])

    def _look_into(self, shown: Shown) -> None:
        """Find the chains of a step once."""
        if shown.step is self._step:
            return
        self._step = shown.step
        self._chains = chains_of(shown.step, shown.arrays, self._plans)
        self._forwards, self._plane = {}, None
        self.hand.arrived(self._chains)
        if self.view.pull.part is None and not self.hand.in_flight:
            self.trial.clear()

    @property
    def _plans(self) -> Plans:
        return self.document.result.nodes

    def _chain_of(self, shown: Shown) -> Chain | None:
        """The chain that a moment is about; for the whole step the one that ends in a loss."""
        for chain in self._chains:
            if chain.column_of(shown.moment) is not None and (
                chain.loss is not None or not isinstance(shown.moment, Outcome)
            ):
                return chain
        return None

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.reading.set_brief(self.height() < theme().px(SHORT))

    # -- drawing --

    def _draw(self) -> None:
        shown = self._shown
        chain = self._chain_of(shown) if shown is not None else None
        if shown is None or chain is None:
            return
        self._set_samples(chain, shown)
        sample = self._sample(chain)
        forwards = self._forwards_of(chain)
        changed = (self.trial.weights, self.trial.computed) if self.trial.weights else None
        sight = sight_of(chain, shown.moment, shown.phase, sample, forwards, changed)
        names, layout = feature_names(chain, self._plans), self._lay_out(chain)
        drawing = Drawing(chain, layout, sight, self._plans, names, self._pictures(chain, forwards, layout))
        self._words = Words(chain, sight, self._plans, names)
        update = shown.moment if isinstance(shown.moment, Update) and not changed else None
        self.reading.set_legend(legend(sight, update, pictures=drawing.pictures is not None, several=chain.samples > 1))
        self.view.setAccessibleName(
            self.tr("Neurons of {0}").format(", ".join(layer.dense.node for layer in chain.layers))
        )
        self.view.marked = part_of(chain, shown.inside.numeral) if shown.inside is not None else None
        self.view.show_drawing(drawing)
        self._point(self.view.pull.part or self.view.hovered or self.view.focused)

    def _lay_out(self, chain: Chain) -> Layout:
        """Kept while the same layers are shown in the same room; neurons are chosen anew when the training goes on."""
        room, text = self.view.size().toTuple(), theme().text_scale
        key = (chain.source, tuple((layer.nodes, layer.units) for layer in chain.layers), chain.size(0), room, text)
        at = self.feed.steps
        if self._layout is None or self._layout[:2] != (key, at):
            made = Layout(chain, room[0] / text, room[1] / text)
            same = self._layout is not None and self._layout[0] == key and self._layout[2].rows == made.rows
            self._layout = (key, at, self._layout[2] if same and self._layout is not None else made)
        return self._layout[2]

    def _forwards_of(self, chain: Chain) -> Forwards:
        at = self._chains.index(chain)
        if at not in self._forwards:
            self._forwards[at] = Forwards(chain, self._plans)
        return self._forwards[at]

    def _pictures(self, chain: Chain, forwards: Forwards, layout: Layout) -> Pictures | None:
        """What the neurons respond to, if that is wanted and can be shown."""
        if self._plane is None or self._plane[0] is not chain:
            grid = plane(chain, self._plans) if forwards.able else None
            self._plane = (chain, grid)
        grid = self._plane[1]
        self.switch.setVisible(grid is not None)
        if grid is None or self.switch.value() != "responds":
            return None
        return pictures(chain, layout, forwards, grid, self._plans, self.trial.weights)

    def _set_samples(self, chain: Chain, shown: Shown) -> None:
        self.sample.blockSignals(True)
        self.sample.setMaximum(chain.samples)
        if shown.inside is not None:  # a single neuron is of one sample
            self.sample.setValue(shown.inside.sample + 1)
        self.sample.setEnabled(shown.inside is None)
        self.sample.setVisible(chain.samples > 1)
        self.sample.blockSignals(False)

    def _sample(self, chain: Chain) -> int:
        return 0 if chain.samples == 1 else MEAN if self.sample.value() == 0 else self.sample.value() - 1

    # -- pointing --

    def _point(self, part: Part | None) -> None:
        part = part or self.view.marked
        if self._words is None:
            self.reading.say("", [])
        elif part is None:
            self.reading.say("", [], self._words.place())
        else:
            self.reading.say(self._words.title(part), self._words.lines(part), self._words.place())

    def _tell(self, part: Part) -> str:
        if self._words is None:
            return ""
        return "\n".join([self._words.title(part), *self._words.lines(part)])

    def _pick(self, part: Part) -> None:
        if self.chain is not None:
            name, index = weight_name(self.chain, part)
            self.weight_picked.emit(name, index)

    # -- changing weights --

    def _value_of(self, part: Part) -> float:
        return 0.0 if self.chain is None else self.trial.value_of(self.chain, part)

    def _limit_of(self, part: Part) -> float:
        return 0.0 if self.chain is None else float(np.abs(self.trial.array_of(self.chain, part)[0]).max())

    def _try(self, part: Part, value: float) -> None:
        """A weight is being changed: what is drawn follows at once, here or by asking the session."""
        chain = self.chain
        if chain is None:
            return
        forwards = self._forwards_of(chain)
        name, made = self.trial.put(chain, forwards, part, value)
        if not forwards.able:
            self.hand.put(name, made, made, "", for_good=False)
        self._draw()

    def _put(self, part: Part, value: float) -> None:
        """A weight was changed for good: the session's numbers follow."""
        chain = self.chain
        if chain is None:
            return
        name, made = self.trial.put(chain, self._forwards_of(chain), part, value)
        self._draw()
        self.hand.put(name, self.trial.before(name), made, self.tr("Set {0}").format(weight_label(chain, part)))

    def _give_up(self) -> None:
        """Escape: the old weight, also in the session if it was asked meanwhile."""
        chain = self.chain
        if chain is None:
            return
        forwards = self._forwards_of(chain)
        for name, array in self.trial.take_back(chain, forwards).items():
            if not forwards.able:
                self.hand.put(name, array, array, "", for_good=False)
        if not self.hand.in_flight:
            self.trial.clear()
        self._draw()

    def _show_back(self) -> None:
        differences = self.hand.differences
        self.back.setVisible(bool(differences))
        words = ", ".join(f"{name} ({count})" for name, count in differences)
        self.back.setToolTip(plain_tooltip(self.tr("Changed by hand since the last step: {0}").format(words)))
