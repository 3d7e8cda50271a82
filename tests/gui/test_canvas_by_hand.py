"""The gestures people use all day, with a real mouse and keyboard: drag, wire, search, cut, group, pan, zoom, undo."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.xvfb import Person, Point, Screen, missing

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing()), reason=missing() or "it can run")]


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    with Screen() as screen, Person(screen, tmp_path / "home") as made:
        made.wait("the tour begins", lambda view: view["front"] and view["tour"] == 0)
        made.focus()
        made.hit("Escape")
        made.wait("it is left", lambda view: view["tour"] is None)
        yield made


def test_what_hands_do_all_day(person: Person) -> None:
    build(person)
    cut_and_undo(person)
    look_around(person)
    group_and_enter(person)
    undo_everything(person)
    assert person.quit() == 0
    assert person.complaints() == ""


def build(person: Person) -> None:
    """Drag from the palette, wire, search by Tab and by a double-click."""
    person.drop_block("Input", (0.2, 0.3))
    person.click(ground(person))
    person.drop_block("Dense", (0.6, 0.3))
    person.wire("input.x", "dense.in")
    person.click("dense")
    person.hit("Tab")
    person.wait("the search is open", lambda view: len(view["found"]) > 5)
    person.type("tanh")
    person.wait("it has found the choice", lambda view: view["found"][:1] == ["Activation – tanh"])
    person.hit("Return")
    view = person.wait("it goes on from the block", lambda view: "dense.out -> activation.in" in view["wires"])
    assert view["nodes"]["activation"] == ["Activation", {"function": "tanh"}]
    person.double_click(ground(person))
    person.wait("the search is open", lambda view: len(view["found"]) > 5)
    person.type("loss")
    person.hit("Return")
    person.wait("a block stands there, without wires", lambda view: "loss" in view["nodes"] and len(view["wires"]) == 2)


def cut_and_undo(person: Person) -> None:
    """A knife across the wire from the data."""
    come_to_rest(person)
    (x, y), (to_x, to_y) = person.place("input.x"), person.place("dense.in")
    middle_x, middle_y = (x + to_x) // 2, (y + to_y) // 2
    across = ((middle_x, middle_y - 60), (middle_x, middle_y + 60))
    person.drag(*across, until=lambda view: view["cutting"], keys=("ctrl", "shift"))
    person.wait("the wire is cut", lambda view: view["wires"] == ["dense.out -> activation.in"])
    person.hit("ctrl+z")
    person.wait("it is whole again", lambda view: len(view["wires"]) == 2)


def look_around(person: Person) -> None:
    """Pan by the middle button, zoom by the wheel to what is under the pointer; neither is an edit."""
    come_to_rest(person)
    before = person.look()
    x, y = ground(person)
    person.drag((x, y), (x - 90, y - 60), button=2, until=lambda view: view["centre"] != before["centre"])
    view = person.wait("it has moved", lambda view: shift(before, view) == pytest.approx((90, 60), abs=3))
    assert view["scale"] == before["scale"]
    spot = person.place("dense")
    person.click(spot, button=4)
    after = person.wait("it is nearer", lambda now: now["scale"] > view["scale"] * 1.05)
    assert person.place("dense") == pytest.approx(spot, abs=4)  # what is under the pointer stays there
    assert (after["nodes"], after["wires"]) == (before["nodes"], before["wires"])
    person.click(spot, button=5)
    person.wait("it is as far away as before", lambda now: now["scale"] == pytest.approx(view["scale"], rel=0.01))


def group_and_enter(person: Person) -> None:
    """Two blocks become one, which is opened by a double-click and left by Escape."""
    come_to_rest(person)
    person.click("dense")
    person.wait("one is selected", lambda view: view["selected"] == ["dense"])
    x, y = person.place("activation")
    person.drag((x, y), (x + 1, y), keys=("shift",))
    person.wait("both are selected", lambda view: view["selected"] == ["activation", "dense"])
    person.hit("ctrl+g")
    view = person.wait("there is a group", lambda view: "dense" not in view["nodes"])
    come_to_rest(person)
    (group,) = (name for name, (kind, _) in view["nodes"].items() if kind == "Group")
    assert view["wires"] == [f"input.x -> {group}.in"]
    person.double_click(group)
    person.wait("one looks inside", lambda view: view["path"] == [group])
    person.place("activation")
    for _ in range(2):  # the first one ends the selection
        person.hit("Escape")
    person.wait("one is out again", lambda view: view["path"] == [])


def undo_everything(person: Person) -> None:
    for _ in range(20):
        if not person.look()["nodes"]:
            break
        person.hit("ctrl+z")
    view = person.wait("nothing is left", lambda view: not view["nodes"])
    assert view["clean"]


def come_to_rest(person: Person) -> None:
    """What was added is brought into view: wait until the view no longer moves."""
    person.wait("the view rests", lambda view: not view["moving"])


def ground(person: Person) -> Point:
    """Where nothing stands."""
    left, top, width, height = person.look()["canvas"]
    return (left + width // 3, top + height - 60)


def shift(before: dict[str, list[float]], after: dict[str, list[float]]) -> tuple[float, ...]:
    """How many pixels to the right and down the view looks now."""
    scale = float(after["scale"])  # type: ignore[arg-type]
    return tuple((now - was) * scale for was, now in zip(before["centre"], after["centre"], strict=True))
