"""What a student does in a first hour, with a real mouse and keyboard, each time it once got stuck."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.helpers.xvfb import ROOT, Person, Screen, View, missing

Sit = Callable[[str], Person]
pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing()), reason=missing() or "it can run")]


@pytest.fixture
def sit_down(tmp_path: Path) -> Iterator[Sit]:
    """Opens the app on an example; what is open in the end is closed as people do."""
    with Screen() as screen:
        people: list[Person] = []

        def begin(example: str) -> Person:
            path = ROOT / "assets" / "examples" / f"{example}.chainrule"
            person = Person(screen, tmp_path / "home", [str(path)])
            people.append(person)
            person.wait("the window is there", lambda view: view["front"] and view["nodes"])
            person.focus()
            if person.look()["tour"] is not None:
                person.hit("Escape")
            return person

        yield begin
        assert people[-1].quit() == 0
        assert people[-1].complaints() == ""
        for person in people:
            person.__exit__()


def reads(*words: str) -> Callable[[View], bool]:
    """Whether these words stand on the screen, each anywhere."""
    return lambda view: all(any(word in text for text in view["labels"]) for word in words)


def test_from_a_pale_bar_to_why_the_first_layer_does_not_learn(sit_down: Sit) -> None:
    person = sit_down("deep-sigmoid")
    person.click("Play")
    person.wait("it has finished", lambda view: view["state"] == "finished")
    person.wait("it says so in a word", reads("Vanishing"))
    person.click("gradientWhy")
    told = reads("Why dense1.weight", "hardly learns", "are slopes, none larger than 0.25", "ReLU")
    person.wait("the chain rule says why", told)
    person.click("sigmoid3")
    person.wait("the cursor is at the block that was clicked", reads("The gradient goes back through sigmoid3"))
    person.hit("End")
    person.wait("it is at the end", reads("The same batch again, with the new weights."))
    person.click("sigmoid3")
    person.wait("it is back, although the block was selected", reads("The gradient goes back through sigmoid3"))
    person.click("layerBars")
    person.wait("the bar in the middle has its answer, too", reads("∂dense4"))
    person.click("gradientWhy")
    person.wait("once more the first layer", reads("Why dense1.weight"))
    person.hit("End")  # the button has not kept the keyboard
    person.wait("keys go on walking", reads("The same batch again, with the new weights."))


def test_after_leaving_in_the_middle_of_a_step_the_inspector_is_in_front_again(sit_down: Sit) -> None:
    person = sit_down("mazur")
    person.choose("Run", "Step through backpropagation")
    person.wait("the step is taken apart", lambda view: "backpropTrack" in view["places"])
    assert person.quit() == 0
    person = sit_down("mazur")
    person.wait("the settings are in sight", lambda view: "param_lr" in view["places"])
    assert "backpropTrack" not in person.look()["places"]
