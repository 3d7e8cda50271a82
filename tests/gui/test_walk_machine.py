"""Random work with the backprop mode in a real window: what is shown is the next step, whatever came before."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from engine import edits
from engine.events import Previewed, WeightsTaken
from engine.graph import Project
from engine.moments import Update
from engine.session import Until
from engine.stepevents import Unfolded
from gui.main_window import MainWindow
from gui.theme import theme
from tests.helpers.windows import PATIENCE, main_window

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE", "") in ("nightly", "thorough")
SMALL = ("mazur", "two-two-one", "xor", "trask", "expression", "linear-fit", "descent", "spiral", "overfitting-cured")
SPARE = 12
"""Widgets of a kind that a window may keep for later, and does not when it is new."""
number = st.integers(0, 10_000)


class Walking(RuleBasedStateMachine):
    """Someone who walks, trains, edits, and goes back in time, in any order. Numbers choose among what is there."""

    window: MainWindow

    @initialize(name=st.sampled_from(SMALL))
    def begin(self, name: str) -> None:
        self.open(name)
        self.window.backprop.enter()

    def teardown(self) -> None:
        self.window.actions_.presentation.setChecked(False)
        self.window.backprop.leave()
        assert self.window.backprop.step is None
        assert not self.window.backprop.playing
        theme().set_text_scale(1.0)
        theme().set_mode("system")

    # -- the document --

    @rule(name=st.sampled_from(SMALL))
    def open(self, name: str) -> None:
        self.window.document.undo_stack.setClean()
        assert self.window.files.open_example(f"{name}.chainrule")
        assert not self.window.backprop.active

    @rule(
        index=number,
        function=st.sampled_from(("relu", "tanh", "sigmoid", "linear")),
    )
    def change_activation(self, index: int, function: str) -> None:
        document = self.window.document
        found = [key for key, node in document.project.graph.nodes.items() if node.block == "Activation"]
        if found:
            document.edit(
                "edit", *edits.set_params(document.project, found[index % len(found)], {"function": function})
            )

    @rule(index=number, width=st.integers(1, 5))
    def change_width(self, index: int, width: int) -> None:
        document = self.window.document
        found = [key for key, node in document.project.graph.nodes.items() if node.block == "Dense"]
        if found:
            chosen = found[index % len(found)]
            document.edit("edit", *edits.set_params(document.project, chosen, {"out_features": width}))

    @rule(index=number)
    def mute(self, index: int) -> None:
        document = self.window.document
        found = [key for key, node in document.project.graph.nodes.items() if node.block in ("Activation", "Dropout")]
        if found:
            chosen = found[index % len(found)]
            muted = document.project.graph.node(chosen).bypass
            document.edit("mute", *edits.set_node(document.project, chosen, bypass=not muted))

    @rule(rate=st.sampled_from((0.001, 0.05, 0.5)), optimizer=st.sampled_from((None, "sgd", "adam")))
    def change_training(self, rate: float, optimizer: str | None) -> None:
        document = self.window.document
        told: dict[str, Any] = {"lr": rate} if optimizer is None else {"lr": rate, "optimizer": optimizer}
        document.edit("settings", *edits.set_training(document.project, told))

    @rule(times=st.integers(1, 3))
    def undo(self, times: int) -> None:
        for _ in range(times):
            self.window.document.undo_stack.undo()

    @rule()
    def redo(self) -> None:
        self.window.document.undo_stack.redo()

    # -- the training --

    @rule(steps=st.integers(1, 12))
    def train(self, steps: int) -> None:
        if self.window.document.result.trainable and not self.window.feed.stale:
            self.window.feed.current_session.play(Until(steps=self.window.feed.steps + steps))
            self.settle()

    @rule()
    def play_and_pause(self) -> None:
        if self.window.actions_.play.isEnabled():
            self.window.actions_.play.trigger()
            begun = time.monotonic()
            self.wait(lambda: time.monotonic() > begun + 0.02)
            self.window.feed.pause()

    @rule()
    def step(self) -> None:
        self.window.actions_.step.trigger()

    @rule()
    def apply(self) -> None:
        if self.window.actions_.apply.isEnabled():
            self.window.actions_.apply.trigger()

    @rule()
    def reset(self) -> None:
        if self.window.actions_.reset.isEnabled():
            self.window.feed.reset()

    @rule()
    def step_back(self) -> None:
        if self.window.actions_.step_back.isEnabled():
            self.window.actions_.step_back.trigger()

    @rule(index=number)
    def go_in_time(self, index: int) -> None:
        place = self.window.travel.place
        if place is not None:
            self.window.travel.go(place.first + index % (place.last - place.first + 1))

    @rule(index=number, value=st.sampled_from((-1.5, 0.0, 0.25, 3.0, float("inf"), float("nan"))), whole=st.booleans())
    def set_by_hand(self, index: int, value: float, whole: bool) -> None:
        feed = self.window.feed
        updates = [each for each in self.moments if isinstance(each, Update)]
        if not updates or feed.stale:
            return
        chosen = updates[index % len(updates)].parameter
        shape = updates[index % len(updates)].before.shape
        if whole:
            dtype = self.window.backprop._arrays[updates[index % len(updates)].before.key].dtype
            feed.current_session.set_parameter(chosen, np.full(shape, value, dtype=dtype))
        else:
            feed.current_session.set_weights({(chosen, tuple(index % size for size in shape)): value})

    # -- walking --

    @property
    def moments(self) -> tuple[Any, ...]:
        step = self.window.backprop.step
        return () if step is None else step.moments

    @rule()
    def toggle(self) -> None:
        self.window.backprop.toggle()

    @rule()
    def enter(self) -> None:
        self.window.backprop.enter()

    @rule(index=number)
    def walk(self, index: int) -> None:
        mode = self.window.backprop
        if mode.step is not None:
            mode.walk(index % mode.count)
            assert mode.position == index % mode.count

    @rule()
    def go_in(self) -> None:
        self.window.backprop.go_in()

    @rule()
    def go_out(self) -> None:
        self.window.backprop.levels.go_out()

    @rule()
    def operation(self) -> None:
        self.window.backprop.operation()

    @rule()
    def play_moments(self) -> None:
        if self.window.backprop.active:
            self.window.backprop.toggle_play()

    @rule(index=number)
    def choose_sample(self, index: int) -> None:
        counter = self.window.backprop.bar.sample
        counter.setValue(index % (counter.maximum() + 1))

    @rule(index=number)
    def choose_lens(self, index: int) -> None:
        tabs = self.window.backprop.panel.tabs
        seen = [at for at in range(tabs.count()) if tabs.isTabVisible(at)]
        if self.window.backprop.step is not None and seen:
            tabs.setCurrentIndex(seen[index % len(seen)])

    # -- the look --

    @rule(scale=st.sampled_from((1.0, 1.4)), mode=st.sampled_from(("light", "dark")))
    def change_look(self, scale: float, mode: Literal["light", "dark"]) -> None:
        before = self.window.backprop.step
        theme().set_text_scale(scale)
        theme().set_mode(mode)
        assert self.window.backprop.step is before

    @rule()
    def present(self) -> None:
        self.window.actions_.presentation.toggle()

    # -- what always holds --

    def wait(self, until: Callable[[], bool]) -> None:
        """Let things happen, and frames follow each other without a pause."""
        end = time.monotonic() + PATIENCE / 1000
        while not until():
            assert time.monotonic() < end, "it never comes to rest"
            QApplication.processEvents()
            self.window.feed.drain()
            time.sleep(0.001)

    def settle(self) -> None:
        """Until nothing is under way any more."""
        mode, feed = self.window.backprop, self.window.feed

        def quiet() -> bool:
            return feed.state not in ("running", "loading") and not mode._later.isActive() and not mode._asked

        while True:
            self.wait(quiet)
            if not feed.has_session:
                return
            self.wait_for_answers()
            if quiet():
                return

    def wait_for_answers(self) -> None:
        """Until everything asked before is answered, also where there is nothing that can run."""
        feed, found = self.window.feed, []
        name = f"nobody{feed.next_request()}"
        take = lambda event: found.append(event) if event.node == name else None  # noqa: E731
        feed.on(Previewed, take)
        feed.session.preview(name, Project(), 0)
        try:
            self.wait(lambda: bool(found))
        finally:
            feed.off(Previewed, take)

    def answer(self, kind: type[Any], ask: Any) -> Any:
        """What the session says to a question of ours, everything asked before it being answered too."""
        feed, found, request = self.window.feed, [], self.window.feed.next_request()
        take = lambda event: found.append(event) if event.request == request else None  # noqa: E731
        feed.on(kind, take)
        ask(request)
        try:
            self.wait(lambda: bool(found))
        finally:
            feed.off(kind, take)
        return found[0]

    @invariant()
    def shown_is_the_next_step(self) -> None:
        mode, feed = self.window.backprop, self.window.feed
        self.settle()
        assert mode.bar.isVisible() == mode.active
        if not mode.active or mode.step is None:
            assert not mode.active or mode.panel.message, "active, and nothing said or shown"
            assert mode.panel.shown is None
            return
        shown = mode.panel.shown
        assert shown is not None
        assert shown.step is mode.step
        assert shown.moment is mode.step.moments[mode.at]
        assert 0 <= mode.position < mode.count
        assert mode.bar.track.value() == mode.position
        assert not feed.stale
        assert shown.sample == (mode.bar.sample.value() - 1 if mode.bar.sample.value() else None)
        wanted = self.answer(Unfolded, lambda request: feed.session.unfold(None, request, shown.sample))
        assert wanted.step is not None, wanted.error
        same(mode.step.loss, wanted.step.loss)
        assert set(shown.arrays) == set(wanted.arrays)
        for key, array in wanted.arrays.items():
            same(shown.arrays[key], array, key)
        weights = self.answer(WeightsTaken, feed.session.weights).weights
        for moment in mode.step.moments:
            if isinstance(moment, Update):
                same(shown.array(moment.before), weights[moment.parameter], moment.parameter)


def same(one: Any, other: Any, what: str = "") -> None:
    np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-12, err_msg=what)


def widgets(window: MainWindow) -> Counter[str]:
    """How many of each kind there are once the mode was on and off again, with the same example each time."""
    walking = Walking()
    walking.begin("mazur")
    walking.settle()
    walking.teardown()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    found = window.findChildren(QWidget)
    return Counter(type(each).__name__ for each in found if not each.objectName().startswith("qt_"))  # Qt's own handles


def test_walking_at_random(qtbot: QtBot) -> None:
    with main_window(qtbot) as window:
        Walking.window = window
        window.backprop._later.setInterval(1)  # edits need no rest where nobody types
        for place in window.panels.places:  # or the walk makes those that it happens to bring into view
            assert place.panel is not None
        while window.backprop.panel.prepare():
            pass
        before = widgets(window)
        run_state_machine_as_test(
            Walking,
            settings=settings(
                max_examples=40 if THOROUGH else 4,
                stateful_step_count=60 if THOROUGH else 30,
                deadline=None,
                phases=(Phase.explicit, Phase.generate),  # shrinking what threads take part in leads nowhere
                suppress_health_check=list(HealthCheck),
            ),
        )
        after = widgets(window)
        grown = {kind: count - before[kind] for kind, count in after.items() if count > before[kind] + SPARE}
        assert not grown
