"""The backprop mode: takes the next training step apart and walks a cursor through it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, final

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QAbstractScrollArea

from engine.chains import Path
from engine.moments import Level, Moment, Objective, Outcome, Step
from engine.stepevents import NextStepChanged, Timeline, Unfolded
from gui.backprop.bar import BackpropBar
from gui.backprop.inside import Inside
from gui.backprop.lens import Shown
from gui.backprop.levels import Levels
from gui.backprop.marks import Marks
from gui.backprop.panel import BackpropPanel
from gui.backprop.symbols import Arrays, objectives_of, phase_of
from gui.backprop.walk_keys import WalkKeys
from gui.canvas.view import CanvasView
from gui.document import Change, Document
from gui.notices import notices
from gui.run_feed import RunFeed
from gui.theme import theme

REST: Final = 250
"""Milliseconds that edits rest before the step is taken apart anew."""


@final
class Backprop(QObject):
    """Reads the training and never changes it, but for pausing it, and for "Make this step".

    Attributes:
        active: whether the mode is on.
        step: what is walked through; None while there is nothing to show.
        at: the moment under the cursor. `levels`: where the cursor is inside of it.

    Signals:
        changed(bool): the mode was entered or left.
    """

    changed = Signal(bool)

    def __init__(
        self, document: Document, feed: RunFeed, canvas: CanvasView, panel: BackpropPanel, bar: BackpropBar
    ) -> None:
        super().__init__(canvas)
        self._document, self._feed, self._canvas, self.panel, self.bar = document, feed, canvas, panel, bar
        self._marks = Marks(canvas)
        self.levels = Levels(feed, self)
        self.active = False
        self.step: Step | None = None
        self.at = 0
        self._arrays: Arrays = {}
        self._phases: list[str] = []
        self._request, self._sample, self._samples, self._ran = 0, -1, 1, False
        self._asked = False  # and not answered yet
        self._clock, self._later = QTimer(self), QTimer(self)
        for timer, slot in ((self._clock, self._tick), (self._later, self._ask_at_rest)):
            timer.setSingleShot(True)
            timer.timeout.connect(slot)
        self._later.setInterval(REST)
        bar.hide()
        bar.moved.connect(self.walk)
        bar.in_wanted.connect(self.go_in)
        bar.out_wanted.connect(self.levels.go_out)
        bar.track.block_chosen.connect(self._choose_block)
        self.levels.changed.connect(self._level_changed)
        self.levels.refused.connect(lambda text: notices().info(text))
        bar.play_wanted.connect(self.toggle_play)
        bar.left.connect(self.leave)
        bar.step_wanted.connect(self.make_step)
        bar.sample_chosen.connect(self._choose)
        self._connect_panel(panel)
        feed.on(Unfolded, self._unfolded)
        feed.state_changed.connect(self._state_changed)
        feed.restarted.connect(self._follow)
        feed.on(Timeline, lambda event: self._follow() if event.moved else None)
        feed.on(NextStepChanged, lambda _: self._follow())
        feed.stale_changed.connect(lambda stale: self._later.start() if stale and self.active else self._follow())
        document.replaced.connect(self.leave)
        canvas.level.changed.connect(self._edited)
        canvas.level.replaced.connect(self._show)
        theme().changed.connect(self._show)
        self._keys = self._listen()

    def _connect_panel(self, panel: BackpropPanel) -> None:
        panel.wanted.connect(self.enter)
        panel.crumbs.level_wanted.connect(self._choose_level)
        panel.weights_set.connect(self._ask)
        panel.sample_wanted.connect(lambda sample: self.bar.sample.setValue(0 if sample is None else sample + 1))
        panel.lens_changed.connect(self._lens_changed)
        panel.lenses_made.connect(self._connect_lenses)

    def _connect_lenses(self) -> None:
        from gui.backprop.chain import ChainLens

        lenses = self.panel.lenses
        chain = lenses.get("chain")
        if isinstance(chain, ChainLens):
            chain.route_shown.connect(self._show_route)
        for lens in lenses.values():
            self._keys.listen((lens, *lens.findChildren(QAbstractScrollArea)))

    @property
    def moment(self) -> Moment | None:
        """The moment under the cursor."""
        return self.step.moments[self.at] if self.step is not None else None

    @property
    def playing(self) -> bool:
        """Whether the cursor walks by itself."""
        return self._clock.isActive()

    # -- on and off --

    def toggle(self) -> None:
        """Enter or leave."""
        (self.leave if self.active else self.enter)()

    def enter(self) -> None:
        """Take the next step apart. A training that runs is paused."""
        if self.active:
            return
        self.active, self.at, self._ran = True, 0, False
        self._marks.begin()
        self.bar.show()
        self.changed.emit(True)
        if self._feed.state in ("running", "loading"):
            self._feed.pause()
        self._ask()
        self._canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    def leave(self) -> None:
        """No marks, no bar; the training is where it was."""
        if not self.active:
            return
        self.active = False
        self._clock.stop()
        self._later.stop()
        self.levels.leave()
        self._forget()
        self._sample = -1
        self.bar.sample.blockSignals(True)
        self.bar.sample.setValue(0)
        self.bar.sample.blockSignals(False)
        self.bar.hide()
        self.panel.show_start()
        self._marks.end()
        self.changed.emit(False)

    # -- walking --

    def go(self, at: int) -> None:
        """Put the cursor on a moment of blocks."""
        if self.step is None:
            return
        at = min(max(0, at), len(self.step.moments) - 1)
        if self._inside:
            if self.levels.walk_to_moment(at):
                self._level_changed()
        elif at != self.at:
            self.at = at
            self._show()
        if self.playing:
            self._clock.start(self.bar.interval)

    @property
    def position(self) -> int:
        """Where the cursor is at its level, from 0: among moments of blocks, or among single neurons or weights."""
        return self.levels.at if self._inside else self.at

    @property
    def count(self) -> int:
        """How many places there are at this level."""
        return self.levels.count if self._inside else len(self._phases)

    @property
    def _inside(self) -> bool:
        return self.levels.level != "block" and self.levels.ready

    def walk(self, position: int) -> None:
        """Put the cursor on a place of its level."""
        if not self._inside:
            self.go(position)
            return
        if self.levels.walk(position):
            self._level_changed()
        if self.playing:
            self._clock.start(self.bar.interval)

    def go_in(self) -> None:
        """One level further inside: from the block to its neurons, and to their weights."""
        if self.step is not None:
            self.levels.go_in(self.at)

    def _choose_block(self, moment: int) -> None:
        if self._inside:
            self.go(moment)

    def _choose_level(self, level: Level) -> None:
        if level == "neuron" and self.levels.level == "weight":
            self.levels.go_out()
        else:
            self.levels.go_to(level, self.at)

    def _level_changed(self) -> None:
        if self._inside:
            self.at = self.levels.moment
        self._show()

    def operation(self) -> None:
        """The next moment; after the last one, the step is made and the next one begins."""
        if not self.active:
            self.enter()
        elif self.step is not None:
            if self.position < self.count - 1:
                self.walk(self.position + 1)
            else:
                self.make_step()

    def make_step(self) -> None:
        """Train for one batch; the step after it is taken apart next."""
        if self.active and self._feed.state not in ("running", "loading"):
            self._ran, self.at, self.levels.at = True, 0, 0
            self._feed.step("batch")

    def toggle_play(self) -> None:
        """Let the cursor walk by itself, or stand."""
        if self.playing:
            self._clock.stop()
        elif self.step is not None:
            if self.position == self.count - 1:
                self.walk(0)
            self._clock.start(self.bar.interval)
        self.bar.set_playing(self.playing)

    def _tick(self) -> None:
        if self.step is not None and self.position < self.count - 1:
            self._clock.start(self.bar.interval)
            self.walk(self.position + 1)
        self.bar.set_playing(self.playing and self.position < self.count - 1)

    def _choose(self, sample: int | None) -> None:
        self._sample = -1 if sample is None else sample
        self._ask()

    # -- asking --

    def _ask_at_rest(self) -> None:
        """A training that runs meanwhile is waited for."""
        if self._feed.state != "running":
            self._ask()

    def _ask(self) -> None:
        if not self.active:
            return
        feed, result = self._feed, self._document.result
        self._clock.stop()
        self.bar.set_playing(False)
        if feed.stale and feed.trained and not result.errors:
            self._say(
                self.tr("The network was edited since the training began"),
                self.tr(
                    "Apply the edits, or restart, in the strip above the canvas. Then its next step is shown here."
                ),
            )
        elif not result.trainable:
            problem = result.errors[0] if result.errors else next(iter(result.problems), None)
            text = (
                f"{problem.message} {problem.hint}".strip() if problem else self.tr("There is nothing to minimise yet.")
            )
            self._say(self.tr("This network cannot be trained yet"), text)
        else:
            if self.step is None:
                self.panel.say(self.tr("Taking the next step apart…"))
            self._request, self._asked = feed.next_request(), True
            feed.current_session.unfold(None, self._request, None if self._sample < 0 else self._sample)

    def _unfolded(self, event: Unfolded) -> None:
        if not self.active or event.request != self._request:
            return
        self._asked = False
        if event.step is None:
            self._say(self.tr("This step could not be taken apart"), event.error)
            return
        self.step, self._arrays = event.step, event.arrays
        if self._sample < 0:
            self._samples = event.step.samples
        self.bar.set_samples(self._samples)
        objectives = objectives_of(event.step)
        self._phases = [phase_of(moment, objectives) for moment in event.step.moments]
        self.at = min(self.at, len(self._phases) - 1)
        self.levels.set_step(event.step)
        self._show()

    def _say(self, title: str, text: str) -> None:
        self._forget()
        self.panel.say(title, text)

    def _forget(self) -> None:
        self.step, self._arrays, self._phases = None, {}, []
        self._request, self._asked = 0, False
        self.levels.forget()
        self._marks.clear()
        self.bar.track.set_phases(())
        self.bar.track.set_blocks(())
        self.bar.set_enabled(False)

    def _show(self) -> None:
        """The moment under the cursor, on the canvas, in the panel and in the bar."""
        moment = self.moment
        if not self.active or self.step is None or moment is None:
            return
        phase = self._phases[self.at]
        self.bar.set_enabled(True)
        inside = self.levels.inside() if self._inside else None
        self._show_track()
        self._mark(inside)
        if not isinstance(moment, Objective | Outcome):
            self._marks.reveal(moment.node)
        sample = None if self._sample < 0 else self._sample
        self.panel.show_moment(Shown(self.step, moment, phase, self._arrays, sample, inside))

    def _mark(self, inside: Inside | None) -> None:
        """The moment on the canvas."""
        if self.step is not None:
            numeral = None if inside is None else inside.numeral
            self._marks.show(self.step, self.step.moments[self.at], self._phases[self.at], self._arrays, numeral)

    def _show_route(self, path: Path | None) -> None:
        """A way from a weight to the loss on the canvas, instead of the moment."""
        if self.active and path is not None:
            self._marks.show_route(path)

    def _lens_changed(self, key: str) -> None:
        if self.active and key != "chain" and self._marks.shows_route:
            self._mark(self.levels.inside() if self._inside else None)

    def _show_track(self) -> None:
        moments = self.levels.moments if self._inside else None
        self.bar.track.show_walk(self._phases, self.at, self.position, moments)
        self.bar.show_place(self.position, self.count, self.levels.level if self._inside else "block")

    # -- following --

    def _follow(self) -> None:
        """What the session says before it answers, the answer knows of."""
        if self.active and not self._asked:
            self._later.start()

    def _edited(self, change: Change) -> None:
        if not self.active:
            return
        if change.touched or change.whole:
            self._marks.clear()
            self._later.start()
        else:
            self._show()

    def _state_changed(self, state: str) -> None:
        if not self.active:
            return
        if state == "running":
            self._ran = True
            self._say(self.tr("The training runs"), self.tr("Its next step is taken apart when it pauses."))
        elif self._ran and state in ("paused", "finished", "ready", "failed"):
            self._ran = False
            self._ask()

    # -- keys --

    def _listen(self) -> WalkKeys:
        """Walk by keys, wherever the keyboard is."""
        keys: dict[int, Callable[[], object]] = {
            Qt.Key.Key_Right: lambda: self.walk(self.position + 1),
            Qt.Key.Key_Left: lambda: self.walk(self.position - 1),
            Qt.Key.Key_Home: lambda: self.walk(0),
            Qt.Key.Key_End: lambda: self.walk(self.count - 1),
            Qt.Key.Key_Down: self.go_in,
            Qt.Key.Key_Up: self.levels.go_out,
            Qt.Key.Key_Space: self.toggle_play,
            Qt.Key.Key_Escape: self.leave,
        }
        return WalkKeys(keys, self._means, (self._canvas, self.bar, self.bar.track), self)

    def _means(self, key: int) -> bool:
        if key == Qt.Key.Key_Escape:
            return self.active and self._canvas.pointer.gesture is None
        return self.active and self.step is not None
