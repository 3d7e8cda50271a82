"""The convolution view: a kernel slides over a picture, and every number is shown as the sum that it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QResizeEvent
from PySide6.QtWidgets import QPushButton, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from gui.backprop.convolution import words
from gui.backprop.convolution.readout import readout, verdict
from gui.backprop.convolution.scenes import Choice, Scene, Scenes, Way, scenes_of
from gui.backprop.convolution.stage import Stage
from gui.backprop.convolution.strip import Strip
from gui.backprop.convolution.workbench import Workbench
from gui.backprop.lens import Lens, Shown
from gui.backprop.sliding import KINDS, Pair
from gui.document import Document
from gui.formula import FormulaWidget
from gui.icons import icon
from gui.run_feed import RunFeed
from gui.screen_reader import say
from gui.theme import set_kind, set_tone, theme
from gui.widgets.card import Card
from gui.widgets.counter import Counter
from gui.widgets.labels import plain_tooltip, text_label
from gui.widgets.scroll import VerticalScroll
from gui.widgets.segmented import Segmented
from gui.widgets.wrap_row import WrapRow

PACE: Final = 300
"""Milliseconds at each place while the window slides by itself."""


@final
class ConvolutionLens(Lens):
    """Fits forward, backward and the update of the kernel of blocks whose window slides."""

    key = "convolution"

    def __init__(self, document: Document, feed: RunFeed, parent: QWidget | None = None) -> None:
        super().__init__(document, feed, parent)
        self.scenes: Scenes | None = None
        self.scene: Scene | None = None
        self._node = ""
        self._choice = Choice()
        self._places: dict[Way, Pair] = {}
        self._way: Way = "kernel"
        self._clock = QTimer(self)
        self._clock.setSingleShot(True)
        self._clock.timeout.connect(self._slide)
        self._pages = QStackedWidget()
        self.workbench = Workbench()
        self.workbench.left.connect(lambda: self._pages.setCurrentIndex(0))
        self.workbench.wanted.connect(self._use_kernel)
        self._room = VerticalScroll(self._build())
        self._pages.addWidget(self._room)
        self._pages.addWidget(self.workbench)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._pages)

    # -- building --

    def _build(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(12, 8, 12, 12)
        column.setSpacing(6)
        self.head = text_label("", "caption", "secondary", wrap=True)
        column.addWidget(self.head)
        column.addLayout(self._build_controls())
        self.stage = Stage()
        self.stage.place_wanted.connect(lambda place: self._choose(place=place))
        self.stage.moved.connect(self._move)
        self.stage.play_pressed.connect(self.toggle_play)
        column.addWidget(self.stage)
        self.says = text_label("", "caption", "secondary", wrap=True)
        column.addWidget(self.says)
        well = Card("well", padding=10)
        self.place = text_label("", "caption", "secondary", wrap=True)
        self.sum = FormulaWidget((), 15)
        self.sum.setObjectName("convolutionSum")
        self.verdict = text_label("", "mono_caption", "secondary", wrap=True)
        well.body.setSpacing(4)
        well.body.addWidget(self.place)
        well.body.addWidget(self.sum)
        well.body.addWidget(self.verdict)
        column.addWidget(well)
        self.strips = {name: Strip() for name in ("input", "filter", "output")}
        for name, strip in self.strips.items():
            strip.setObjectName(f"convolution_{name}")
            column.addWidget(strip)
        self.strips["input"].picked.connect(lambda index: self._choose(input=index))
        self.strips["filter"].picked.connect(lambda index: self._choose(output=index))
        self.strips["output"].picked.connect(lambda index: self._choose(output=index))
        column.addStretch(1)
        return page

    def _build_controls(self) -> WrapRow:
        row = WrapRow(8)
        self.ways = Segmented([("kernel", self.tr("Gradient of the kernel")), ("input", self.tr("of the input"))])
        self.ways.setAccessibleName(self.tr("Which gradient the window makes"))
        self.ways.changed.connect(self._turn)
        self.play = QToolButton()
        self.play.setObjectName("convolutionPlay")
        self.play.setIcon(icon("play"))
        self.play.setAccessibleName(self.tr("Let the window slide (Space)"))
        self.play.setToolTip(plain_tooltip(self.tr("Let the window slide (Space); arrow keys move it")))
        set_kind(self.play, "boxed")
        self.play.clicked.connect(self.toggle_play)
        self.sample = Counter()
        self.sample.setPrefix(self.tr("sample "))
        self.sample.setAccessibleName(self.tr("Sample of the batch"))
        self.sample.setMinimum(1)
        self.sample.valueChanged.connect(lambda value: self._choose(sample=value - 1))
        self.try_button = QPushButton(self.tr("Try a kernel…"))
        self.try_button.setObjectName("tryKernel")
        self.try_button.setToolTip(plain_tooltip(self.tr("Edges, blur, sharpen or numbers of your own on a picture")))
        self.try_button.clicked.connect(self.open_workbench)
        for part in (self.ways, self.play, self.sample, self.try_button):
            row.addWidget(part)
        return row

    # -- what a lens does --

    @property
    def title(self) -> str:
        return self.tr("Convolution")

    @property
    def purpose(self) -> str:
        return self.tr("The window slides over the picture: the numbers that meet, their products, and the sum.")

    def fits(self, shown: Shown) -> bool:
        return shown.moment.block in KINDS and scenes_of(shown) is not None

    def show_moment(self, shown: Shown) -> None:
        scenes = scenes_of(shown)
        if scenes is None:
            return
        if shown.moment.node != self._node:
            self._node = shown.moment.node
            self._places = {}
            self._choice = Choice()
            self._pages.setCurrentIndex(0)
        self.stop()
        self.scenes = scenes
        self.head.setText(words.settings(shown.moment.block, scenes))
        self.ways.setVisible(len(scenes.ways) > 1)
        samples = scenes.x.shape[0]
        self.sample.blockSignals(True)
        self.sample.setMaximum(samples)
        self.sample.setVisible(samples > 1 and scenes.ways != ("update",))
        self.sample.blockSignals(False)
        self.try_button.setVisible(not scenes.slide.flat and not scenes.slide.is_pool)
        way = self._way if self._way in scenes.ways else scenes.ways[0]
        self._show(way)
        self._tell_workbench()

    def drop(self) -> None:
        self.stop()
        self.scenes = self.scene = None
        self._node = ""
        self.stage.clear()
        self._pages.setCurrentIndex(0)

    # -- choosing --

    @property
    def choice(self) -> Choice:
        """What is looked at."""
        return self._choice

    @property
    def way(self) -> Way:
        """Which of the moment's numbers are made."""
        return self.scene.way if self.scene is not None else "forward"

    def _turn(self, way: str) -> None:
        self._way = "kernel" if way == "kernel" else "input"
        self.stop()
        self._show(self._way)

    def _choose(self, **changes: Any) -> None:
        """Another sample, channel or place."""
        if self.scenes is None or self.scene is None:
            return
        before = self._choice
        self._choice = replace(before, **changes)
        self._show(self.scene.way, place=changes.get("place"), strips="place" not in changes)

    def _show(self, way: Way, place: Pair | None = None, strips: bool = True) -> None:
        scenes = self.scenes
        if scenes is None:
            return
        place = place if place is not None else self._places.get(way, words.first_place(scenes, way))
        self._choice = scenes.settled(replace(self._choice, place=place), way)
        self._places[way] = self._choice.place
        self.scene = scenes.scene(way, self._choice)
        if self.ways.isVisible() or len(scenes.ways) > 1:
            self.ways.set_value(way)
        if strips:
            self._show_strips(scenes, self.scene)
            self.says.setText(words.explanation(scenes, way))
        self.stage.show_scene(scenes, self.scene)
        said = readout(scenes, self.scene)
        self.place.setText(said.title)
        self.sum.set_lines(said.lines)
        text, right = verdict(self.scene)
        self.verdict.setText(text)
        set_tone(self.verdict, "secondary" if right else "error")

    def _show_strips(self, scenes: Scenes, scene: Scene) -> None:
        choice, way = self._choice, scene.way
        arriving = scenes.delta is not None
        source = scenes.x if not arriving or way == "kernel" or scenes.by_input is None else scenes.by_input
        target = scenes.delta if scenes.delta is not None else scenes.y
        weights = {"kernel": scenes.by_weight, "update": scenes.after}.get(way, scenes.weight)
        pools = scenes.slide.is_pool
        self.strips["input"].setVisible(way != "update" and not pools)
        self.strips["output"].setVisible(way != "update")
        self.strips["filter"].setVisible(weights is not None)
        self._fill("input", words.strip_title("input", way), source[choice.sample], choice.input)
        closed = frozenset(
            index for index in range(target.shape[1]) if not pools and choice.input not in scenes.partners(index)
        )
        self._fill("output", words.strip_title("output", way), target[choice.sample], choice.output)
        if weights is not None:
            kernels = scenes.kernels(weights, choice)
            self._fill("filter", words.strip_title("filter", way), kernels, choice.output, closed)

    def _fill(
        self, name: str, title: str, planes: NDArray[Any], chosen: int, closed: frozenset[int] = frozenset()
    ) -> None:
        self.strips[name].set_planes(title, planes, words.limit_of(planes), chosen, closed)

    # -- sliding --

    @property
    def playing(self) -> bool:
        """Whether the window slides by itself."""
        return self._clock.isActive()

    def toggle_play(self) -> None:
        """Let the window slide from place to place, or stop it."""
        if self.playing:
            self.stop()
        elif self.scenes is not None and self.scene is not None:
            height, width = self.scenes.shape(self.scene.way)
            if self._choice.place == (height - 1, width - 1):
                self._choose(place=(0, 0))
            self._clock.start(PACE)
            self.play.setIcon(icon("pause"))

    def stop(self) -> None:
        """Let the window rest."""
        self._clock.stop()
        self.play.setIcon(icon("play"))

    def _slide(self) -> None:
        if self.scenes is None or self.scene is None:
            return
        height, width = self.scenes.shape(self.scene.way)
        row, column = self._choice.place
        at = row * width + column + 1
        if at >= height * width:
            self.stop()
            return
        self._choose(place=(at // width, at % width))
        self._clock.start(PACE)

    def _move(self, down: int, across: int) -> None:
        row, column = self._choice.place
        self.stop()
        self._choose(place=(row + down, column + across))
        say(self.stage, self.place.text())

    # -- kernels made by hand --

    def open_workbench(self) -> None:
        """Try kernels on the present picture."""
        self.stop()
        self._tell_workbench()
        self._pages.setCurrentWidget(self.workbench)
        self.workbench.names.setFocus(Qt.FocusReason.OtherFocusReason)

    def _tell_workbench(self) -> None:
        scenes, choice = self.scenes, self._choice
        if scenes is None or scenes.weight is None or scenes.slide.flat:
            return
        plane = scenes.x[choice.sample, choice.input]
        self.workbench.set_sample(np.asarray(plane, dtype=np.float64), choice.sample, choice.input)
        self.workbench.set_filters(scenes.y.shape[1], choice.output, scenes.slide.kernel)

    def _use_kernel(self, kernel: NDArray[np.float64], output: int) -> None:
        """Set the weights of a filter: this kernel on the chosen input channel, 0 on all others."""
        scenes = self.scenes
        if scenes is None or scenes.weight is None:
            return
        partners = scenes.partners(output)
        chosen = self._choice.input if self._choice.input in partners else partners.start
        weight = np.array(scenes.weight)
        for given in partners:
            scenes.kernel(weight, Choice(0, given, output))[...] = kernel if given == chosen else 0.0
        self._choice = replace(self._choice, output=output, input=chosen)
        self.feed.current_session.set_parameter(f"{self._node}.weight", weight)
        self._pages.setCurrentIndex(0)
        self.weights_set.emit()

    # -- room --

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.stage.set_room(self.width() - theme().px(24) - self._room.verticalScrollBar().sizeHint().width())

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.stop()
