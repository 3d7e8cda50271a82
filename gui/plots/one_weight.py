"""The loss as a curve over one weight, and a ball on it that rolls as the training goes."""

from __future__ import annotations

import math
from typing import Final, final

import numpy as np
from PySide6.QtCore import QElapsedTimer, QPoint, Qt, QTimer, Signal
from PySide6.QtWidgets import QToolButton, QWidget

from engine.weightviews import Entry, On, entry_text
from gui.document import Change, Document
from gui.format import format_number
from gui.icons import icon
from gui.panel import Panel, Table
from gui.plots import one_weight_words as words
from gui.plots.one_weight_asker import CurveAsker
from gui.plots.one_weight_marks import Scene
from gui.plots.one_weight_names import first_weight, holds, picks
from gui.plots.one_weight_range import JUMP, AutoRange, barrier, heights
from gui.plots.one_weight_view import OneWeightView
from gui.plots.toolbar import PlotToolbar
from gui.run_feed import RunFeed
from gui.theme import set_kind, set_tone, theme
from gui.widgets.empty_state import EmptyState
from gui.widgets.labels import plain_tooltip, text_label
from gui.widgets.pick_list import Pick, PickList
from gui.widgets.segmented import Segmented

TRAIL: Final = 60
FRAME: Final = 33
SLOW_FRAME: Final = 120
"""Milliseconds between two pictures of the ball; a training that runs on is disturbed less."""
LONG: Final = 2000
MANY_SAMPLES: Final = 2000
"""More training samples than these: the curve begins on the next batch alone."""


@final
class OneWeightPanel(Panel):
    """J(w) for one weight, all others held at their present values.

    Signals:
        example_wanted(str): the button of the empty panel: the name of an example file.
    """

    example_wanted = Signal(str)

    name = "weightCurve"
    icon_name = "valley"

    def __init__(self, document: Document, feed: RunFeed, parent: QWidget | None = None) -> None:
        super().__init__(document, feed, parent)
        self.asker = CurveAsker(document, feed, self)
        self.view = OneWeightView()
        self.range = AutoRange()
        self.auto = True
        self._dirty = self._began = False
        self._ranged = 0
        self._since, self._going = QElapsedTimer(), QElapsedTimer()
        self._going.start()  # the panel may be made amid a training
        self._clock = QTimer(self)
        self._clock.setSingleShot(True)
        self._clock.timeout.connect(self._tick)
        self._list: PickList | None = None
        self._lay_out()
        self._connect()

    # -- making --

    def _lay_out(self) -> None:
        bar = PlotToolbar(self)
        self.pick = QToolButton(self)
        self.pick.setObjectName("weightPick")
        self.pick.setToolTip(plain_tooltip(self.tr("Choose the weight")))
        self.pick.setAccessibleName(self.tr("The weight"))
        self.pick.setIcon(icon("search", "secondary"))
        self.pick.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        set_kind(self.pick, "small")
        self.data = Segmented([("train", self.tr("All data")), ("batch", self.tr("Next batch"))])
        self.data.setAccessibleName(self.tr("Over which samples"))
        bar.left.addWidget(self.pick)
        bar.left.addWidget(self.data)
        self._cancel = bar.button("close", self.tr("Give this curve up"), self.asker.cancel)
        self._cancel.hide()
        self._fit = bar.button("fit", self.tr("Let the range follow the weight (or double-click the plot)"), self.fit)
        self._numbers = text_label("", "mono_caption", wrap=True)
        self._numbers.setObjectName("weightNumbers")
        self._step = text_label("", "mono_caption", "warning", wrap=True)
        self._step.setObjectName("weightStep")
        self._words = text_label("", "caption", "secondary", wrap=True)
        self._words.setObjectName("weightWords")
        self._empty = EmptyState(
            "valley",
            self.tr("The loss over one weight"),
            self.tr("Shows the loss as a curve J(w) over any one weight, with a ball that rolls as the training goes."),
            (self.tr("Open the textbook curve"), lambda: self.example_wanted.emit("descent.chainrule")),
        )
        self.build(self._empty, bar, self._numbers, self._step, self._words, self.view)

    def _connect(self) -> None:
        self.pick.clicked.connect(self._open_list)
        self.data.changed.connect(lambda _: self.choose(self.asker.entry))
        self.asker.path_changed.connect(self._moved)
        self.asker.restarted.connect(self._restarted)
        self.asker.curve_changed.connect(self._redraw)
        self.asker.progress.connect(self._progressed)
        self.asker.failed.connect(self._failed)
        self.view.dragged.connect(self.asker.set_weight)
        self.view.released.connect(self.asker.set_weight)
        self.view.nudged.connect(self._nudge)
        self.view.zoomed.connect(self._zoomed)
        self.view.fit_wanted.connect(self.fit)
        self.feed.draw_in_turn(self.refresh)
        self.feed.session_changed.connect(self._another_document)
        self.feed.state_changed.connect(self._state_changed)
        self.document.changed.connect(self._edited)
        theme().changed.connect(self._redraw)

    # -- which weight --

    def choose(self, entry: Entry | None) -> None:
        """Show this weight: `block.parameter` and its index."""
        if entry != self.asker.entry:
            self._began, self.auto = False, True
        on: On = "batch" if self.data.value() == "batch" and self._samples() else "train"
        self.asker.choose(entry, on)
        self.pick.setText("" if entry is None else entry_text(entry))
        self.view.set_name("w" if entry is None else entry_text(entry))
        self._redraw()

    def _samples(self) -> int:
        """Training samples, as far as they are known."""
        result = self.document.result
        facts = [result.nodes[path].facts for path in result.inputs]
        return max((each.counts[0] for each in facts if each is not None), default=0)

    def _choose_first(self) -> None:
        """Another network: any of its weights, until one is chosen."""
        entry, result = self.asker.entry, self.document.result
        if entry is None or not holds(result, entry):
            samples = self._samples()
            self.data.setVisible(samples > 0)
            self.data.set_value("batch" if samples > MANY_SAMPLES else "train")
            first = first_weight(result) if result.trainable else None
            if first != entry:
                self.choose(first)

    def _another_document(self) -> None:
        self.asker.choose(None, "train")
        self._began, self.auto = False, True
        self.set_filled(False)
        if self.seen:
            self._choose_first()

    def _edited(self, _: Change) -> None:
        if self.seen:
            self._choose_first()
            self.asker.edited()

    def _open_list(self) -> None:
        window = self.window()
        if self._list is None or self._list.parent() is not window:
            self._list = PickList(self.tr("Which weight? weight[0, 3]"), self.tr("No such weight."), window)
            self._list.chosen.connect(self._picked)
        result, frozen = self.document.result, self.tr("not trained")
        below = self.pick.mapTo(window, QPoint(0, self.pick.height() + 4))
        self._list.open(lambda text: picks(result, text, self.asker.entry, frozen), 360, 9, below)

    def _picked(self, pick: Pick) -> None:
        assert isinstance(pick.data, tuple)
        self.choose(pick.data)

    # -- being seen --

    def _follow(self) -> None:
        if self.seen:
            self._choose_first()
        self.asker.set_awake(self.seen)
        super()._follow()

    def _state_changed(self, state: str) -> None:
        if state == "running":
            self._going.start()

    def _failed(self, sentence: str) -> None:
        if not self.asker.w.size:
            self._empty.set_text(self.tr("The loss over one weight"), sentence)
            self.set_filled(False)

    def _progressed(self, made: int, total: int) -> None:
        self._cancel.setVisible(total > 0)
        if total:
            self._words.setText(self.tr("Computing the curve: {0} %").format(100 * made // total))

    # -- moving --

    def _restarted(self) -> None:
        """What an explosion made of the range is over with it."""
        self._began = self._began and not self.auto

    def _moved(self) -> None:
        path = self.asker.path
        if not self._began and path.values:
            self._began = True
            self.range.begin(path.values[-1])
            self._ranged = 0
            self._set_ends()
        if theme().reduce_motion or not self.seen:
            path.hurry()
        if not path.settled and not self._clock.isActive():
            self._since.start()
            self._clock.start(FRAME)
        self._redraw()

    def _tick(self) -> None:
        running = self.feed.state == "running"
        low, high = self.view.ends
        seconds = min(self._since.restart() / 1000, 0.2)
        self.asker.path.advance(seconds, high - low, 0.6 if running and self._going.elapsed() > LONG else 2.5)
        if not self.asker.path.settled and self.seen:
            self._clock.start(SLOW_FRAME if running and self._going.elapsed() > LONG else FRAME)
        self._redraw()

    def _nudge(self, by: float) -> None:
        if self.asker.path.values:
            self.asker.set_weight(self.asker.path.values[-1] + by)

    def _zoomed(self) -> None:
        self.auto = False
        self.asker.set_ends(*self.view.ends)

    def fit(self) -> None:
        """Let the range follow the weight again."""
        self.auto = True
        trail = self.asker.path.trail(TRAIL)
        self.range.begin(float(trail[0]) if trail.size else 0.0)
        self._ranged = max(0, self.asker.path.shown + 1 - TRAIL)
        self._set_ends()
        self._redraw()

    def _set_ends(self) -> None:
        path = self.asker.path
        for weight in path.visited(min(self._ranged, path.shown)):
            self.range.follow(weight)
        self._ranged = path.shown + 1
        self.asker.set_ends(*self.range.ends)

    # -- drawing --

    def _redraw(self) -> None:
        self._dirty = True
        self.refresh()

    def refresh(self) -> bool:
        if not self._dirty or not self.seen:
            return False
        self._dirty = False
        if not self.asker.w.size or not self.asker.path.values:
            self.set_filled(self.filled and self.asker.entry is not None)
            return False
        self.set_filled(True)
        self.view.set_curve(self.asker.w, self.asker.loss)
        self.view.set_faded(self.asker.stale)
        if self.auto:
            self._set_ends()
            trail, loss = self.asker.path.trail(TRAIL), self.asker.loss
            passed = np.append(self.view.loss_at(trail), barrier(self.asker.w, loss, float(trail[-1])))
            self.view.set_range(self.range.ends, heights(loss, passed))
        scene = self._scene()
        self.view.set_scene(scene)
        self._tell(scene)
        return True

    def _scene(self) -> Scene:
        """The ball where it is shown, which hops from update to update as descent does."""
        path, known = self.asker.path, self.asker.known
        before, after, way = path.leg
        low, high = self.view.loss_at(np.array([before, after])).tolist()
        w, loss = (before, low) if way == 0 else (before + (after - before) * way, low + (high - low) * way)
        settled = path.settled and known is not None and known.here == before
        if settled and known is not None and not self.asker.stale:
            loss = known.value
        trail = path.trail(TRAIL)
        places = np.column_stack([trail, self.view.loss_at(trail)])
        scene = Scene(trail=np.vstack([places, [w, loss]]))
        low, high = self.view.ends
        if not low <= w <= high or not math.isfinite(loss):
            scene.out = 1 if w > high else -1
            scene.out_text = f"w = {format_number(w)}"
            return scene
        scene.ball = (w, loss)
        if settled and known is not None and not self.asker.stale:
            scene.slope = known.slope if math.isfinite(known.slope) else None
            if math.isfinite(known.after):
                scene.step = (known.after, float(self.view.loss_at(known.after)))
                scene.step_text = words.step_label(known)
        return scene

    # -- words --

    def _tell(self, scene: Scene) -> None:
        asker, now = self.asker, self.asker.path.values[-1]
        known = asker.known if asker.known is not None and asker.known.here == now else None
        short, exact = words.numbers(now, known)
        self._numbers.setText(short)
        self._numbers.setToolTip(plain_tooltip(exact))
        self._step.setText("" if known is None else words.next_step(known))
        if self._cancel.isVisible():
            return
        text = words.on_which_data(asker.known, asker.curve_at if asker.stale else None)
        self._words.setToolTip(plain_tooltip(words.held(text)))
        exploded = words.explodes(asker.path.values) or not abs(now) <= JUMP * self.range.reach
        self._words.setText(words.out_of_sight(exploded=exploded) if scene.out else text)
        set_tone(self._words, "warning" if scene.out and exploded else "secondary")
        self.view.plot.setAccessibleDescription(f"{short} · {self._words.text()}")

    # -- taking away --

    def picture(self) -> QWidget:
        return self.view

    def caption(self) -> str:
        return " · ".join([self.pick.text(), self._numbers.text(), self._words.text()])

    def table(self) -> Table:
        """The curve, then the path of the weight."""
        curve = [["curve", "", float(w), float(loss)] for w, loss in zip(self.asker.w, self.asker.loss, strict=True)]
        path = [["path", step, w, ""] for step, w in zip(self.asker.path.steps, self.asker.path.values, strict=True)]
        return ["what", "step", "w", "loss"], [*curve, *path]
