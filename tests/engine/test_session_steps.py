"""A session asked about single steps, and sent back in time."""

from __future__ import annotations

import numpy as np
import pytest

from engine import assets, files
from engine.events import EpochEnd, HyperChanged, Scalars, StateChanged
from engine.session import Until
from engine.stepevents import (
    ChainTaken,
    GradientsChecked,
    GradientsChecking,
    NumeralsTaken,
    Timeline,
    Unfolded,
    ValuesTaken,
)
from tests.engine.session_listener import Listener, weights_of
from tests.engine.training_projects import small


def example(name: str) -> Listener:
    file = assets.folder() / "examples" / f"{name}.chainrule"
    return Listener(files.load(file), file.parent)


def played(listener: Listener, steps: int) -> None:
    since = listener.mark()
    listener.session.play(Until(steps=steps))
    # With this step: who went back is told where it stands first, and only then that it is paused there.
    listener.wait(StateChanged, lambda event: event.state in ("paused", "finished") and event.step == steps, since)


# -- one step --


def test_a_step_is_told_as_moments_and_its_numbers_on_request():
    with example("mazur") as listener:
        session = listener.session
        told = listener.ask(lambda: session.unfold(0, 1), Unfolded)
        assert (told.request, told.error, told.at) == (1, "", 0)
        assert told.step is not None
        assert told.step.loss == pytest.approx(0.2983711087600027, rel=1e-12)
        numbers = listener.ask(lambda: session.numerals("weight", 2, first=4, count=3), NumeralsTaken)
        assert [numeral.value for numeral in numbers.numerals] == pytest.approx([0.3775, 0.5932699921, 0.3925])
        inside = listener.ask(lambda: session.numerals("neuron", 3, moment=4), NumeralsTaken)
        assert [numeral.place.text for numeral in inside.numerals] == ["act2₁", "act2₂"]
        assert "no 7" in listener.ask(lambda: session.numerals("neuron", 3, sample=7), NumeralsTaken).error
        weight = listener.ask(lambda: session.values("update/hidden.weight/after", 4), ValuesTaken)
        assert weight.array is not None
        assert weight.array[0, 0] == pytest.approx(0.1497807161327628, rel=1e-12)
        assert "nothing/at/all" in listener.ask(lambda: session.values("nothing/at/all", 5), ValuesTaken).error
        assert "there is no 9" in listener.ask(lambda: session.unfold(9, 6), Unfolded).error


def test_a_weight_is_followed_to_the_loss():
    with example("two-two-one") as listener:
        session = listener.session
        told = listener.ask(lambda: session.chain("output.weight", (0, 0), 1), ChainTaken)
        assert told.chain is not None
        assert told.chain.gradient == pytest.approx(0.06035718929532902, rel=1e-12)
        assert "no parameter" in listener.ask(lambda: session.chain("nobody.weight", (0,), 2), ChainTaken).error


def test_numbers_before_any_step_are_refused_in_a_sentence():
    with example("mazur") as listener:
        assert listener.ask(lambda: listener.session.numerals("weight", 1), NumeralsTaken).error


# -- the gradient check --


def test_gradients_are_checked_while_other_questions_are_answered():
    with example("spiral") as listener:
        session = listener.session
        session.check_gradients(7, entries=None)
        told = listener.ask(lambda: session.chain("dense1.weight", (0, 0), 2), ChainTaken)
        assert told.request == 2
        done = listener.wait(GradientsChecked)
        assert (done.request, done.error, done.cancelled) == (7, "", False)
        assert done.report is not None
        assert (done.report.wrong, done.report.checked) == (0, done.report.total)
        assert listener.of(GradientsChecking)[0].total == done.report.total


def test_a_check_can_be_given_up():
    with example("fashion-dense") as listener:
        session = listener.session
        session.check_gradients(3, entries=None)
        listener.wait(GradientsChecking)
        done = listener.ask(lambda: session.cancel_check(3), GradientsChecked)
        assert done.cancelled
        assert done.report is not None
        assert done.report.checked < done.report.total
        told = listener.ask(lambda: session.check_gradients(4, parameters=["nobody.weight"]), GradientsChecked)
        assert "nobody.weight" in told.error


# -- time --


def test_back_and_forth_gives_the_same_weights_and_metrics():
    with Listener(small(optimizer="adam", epochs=9)) as listener:
        session = listener.session
        played(listener, 8)
        at_8 = weights_of(listener)
        played(listener, 20)
        at_20 = weights_of(listener)
        records = {event.record["epoch"]: event.record for event in listener.of(EpochEnd)}
        told = listener.ask(lambda: session.goto(8), Timeline)
        assert (told.at, told.last, told.moved, told.error) == (8, 20, True, "")
        assert told.first == 0
        assert 0 < told.bytes <= told.limit
        assert session.state == "paused"
        back = weights_of(listener)
        assert all(np.array_equal(back[name], value) for name, value in at_8.items())
        played(listener, 20)
        again = weights_of(listener)
        assert all(np.array_equal(again[name], value) for name, value in at_20.items())
        for event in listener.of(EpochEnd)[len(records) :]:
            known = records[event.record["epoch"]]
            assert {**event.record, "samples_per_s": None} == {**known, "samples_per_s": None}


def test_step_back_goes_one_update_back_and_to_the_start():
    with Listener(small()) as listener:
        session = listener.session
        start = weights_of(listener)
        played(listener, 2)
        assert listener.ask(session.step_back, Timeline).at == 1
        listener.drain()
        since = len(listener.events)
        told = listener.ask(session.step_back, Timeline)
        assert told.at == 0
        assert listener.wait(StateChanged, lambda event: event.state == "ready", since).step == 0
        now = weights_of(listener)
        assert all(np.array_equal(now[name], value) for name, value in start.items())
        refused = listener.ask(session.step_back, Timeline)
        assert not refused.moved
        assert "-1 cannot" in refused.error
        assert listener.ask(lambda: session.goto(2), Timeline).at == 2


def test_a_weight_set_by_hand_begins_another_future():
    with Listener(small()) as listener:
        session = listener.session
        played(listener, 9)
        listener.ask(lambda: session.goto(4), Timeline)
        session.set_parameter("d0.bias", np.ones(6, np.float32))
        unasked = listener.wait(Timeline, lambda event: event.last == 4)
        assert (unasked.request, unasked.at, unasked.moved) == (0, 4, False)
        session.history(5)
        told = listener.wait(Timeline, lambda event: event.request == 5)
        assert (told.first, told.at, told.last, told.moved) == (0, 4, 4, False)
        played(listener, 6)
        ahead = weights_of(listener)
        listener.ask(lambda: session.goto(4), Timeline)
        assert np.array_equal(weights_of(listener)["d0.bias"], np.ones(6))
        listener.ask(lambda: session.goto(6), Timeline)
        now = weights_of(listener)
        assert all(np.array_equal(now[name], value) for name, value in ahead.items())


def test_who_goes_on_from_the_past_goes_on_with_the_settings_of_now():
    with Listener(small()) as listener:
        session = listener.session
        played(listener, 7)
        at_7 = weights_of(listener)
        session.set_hyper("lr", 1e-9)
        played(listener, 12)
        listener.ask(lambda: session.goto(4), Timeline)
        at_4 = weights_of(listener)
        listener.ask(lambda: session.goto(7), Timeline)  # there it is as it was
        again = weights_of(listener)
        assert all(np.array_equal(again[name], value) for name, value in at_7.items())
        listener.ask(lambda: session.goto(4), Timeline)
        played(listener, 7)
        assert [(event.step, event.new) for event in listener.of(HyperChanged)] == [(7, 1e-9), (4, 1e-9)]
        now = weights_of(listener)
        assert all(np.allclose(now[name], value, rtol=0, atol=1e-7) for name, value in at_4.items())
        assert not all(np.allclose(now[name], value, rtol=0, atol=1e-5) for name, value in at_7.items())


def test_going_back_pauses_a_running_training():
    with Listener(small(epochs=100_000)) as listener:
        listener.session.play()
        listener.wait(Scalars, lambda event: event.steps[-1] > 20)
        told = listener.ask(lambda: listener.session.goto(10), Timeline)
        assert told.at == 10
        assert told.last > 20
        assert listener.session.state == "paused"


def test_a_reset_begins_another_past():
    with Listener(small()) as listener:
        played(listener, 3)
        listener.session.reset()
        told = listener.ask(lambda: listener.session.history(1), Timeline)
        assert (told.first, told.at, told.last) == (0, 0, 0)
