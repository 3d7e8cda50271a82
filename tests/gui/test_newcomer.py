"""A newcomer's way through the app, with a real mouse and keyboard: draw, mend, play, save, reopen, export, run."""

from __future__ import annotations

import functools
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.xvfb import Person, Screen, View, missing

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing()), reason=missing() or "it can run")]

FEATURES = ["x1", "x2", "sin(x1)", "sin(x2)"]
NODES = {
    "input": ["Input", {"features": FEATURES}],
    "hidden": ["Dense", {}],
    "activation": ["Activation", {"function": "tanh"}],
    "dense": ["Dense", {"out_features": 1}],
    "loss": ["Loss", {"function": "half_squared_error"}],
}
WIRES = {
    "input.x -> hidden.in",
    "hidden.out -> activation.in",
    "activation.out -> dense.in",
    "dense.out -> loss.prediction",
    "input.y -> loss.target",
}
TRAINING = {"optimizer": "adam", "lr": 0.03, "batch_size": 10, "epochs": 60}


@pytest.fixture
def screen() -> Iterator[Screen]:
    with Screen() as made:
        yield made


def test_from_an_empty_canvas_to_code_that_runs(screen: Screen, tmp_path: Path) -> None:
    graph, code = tmp_path / "my spiral.chainrule", tmp_path / "net.py"
    with Person(screen, tmp_path / "first") as person:
        leave_the_tour(person)
        draw(person)
        set_parameters(person)
        train(person)
        save(person, graph)
        assert person.quit() == 0
        assert person.complaints() == ""
    with Person(screen, tmp_path / "second") as person:
        reopen(person, graph)
        export(person, code)
        assert person.quit() == 0
        assert person.complaints() == ""
    run_elsewhere(code)


def leave_the_tour(person: Person) -> None:
    person.wait("the tour begins", lambda view: view["front"] and view["tour"] == 0)
    person.focus()
    for step in (1, 2, None):
        person.click("tourNext")
        person.wait(f"its step is {step}", functools.partial(is_at, step))


def is_at(step: int | None, view: View) -> bool:
    return view["tour"] == step


def draw(person: Person) -> None:
    """Blocks from the palette and from the search, wires by hand, and what goes wrong on the way."""
    person.drop_block("Input", (0.15, 0.3))
    person.hit("Tab")
    person.wait("the search is open", lambda view: len(view["found"]) > 5)
    person.type("dense")
    person.wait("it has found the block", lambda view: view["found"][:1] == ["Dense"])
    person.hit("Return")
    # It goes on from the block that was selected.
    person.wait("the block is wired", lambda view: view["wires"] == ["input.x -> dense.in"])
    person.hit("F2")
    person.wait("the name is edited", lambda view: "renameField" in view["focus"])
    person.type("hidden")
    person.hit("Return")
    person.wait("the block has its name", lambda view: "hidden" in view["nodes"])

    for kind, at in (("Activation", (0.6, 0.55)), ("Dense", (0.85, 0.25)), ("Loss", (0.85, 0.7))):
        select_nothing(person)  # so that no wire comes by itself
        person.drop_block(kind, at)
    view = person.look()
    assert view["wires"] == ["input.x -> hidden.in"]
    assert 'Input "prediction" of "loss" is not connected.' in view["problems"]

    person.wire("hidden.out", "activation.in")
    person.wire("activation.out", "dense.in")
    person.wire("dense.out", "loss.prediction")
    # Eight numbers against one target: the app says why not, and a parameter mends it.
    person.drag("input.y", "loss.target", until=lambda view: view["wire"] == "refused")
    view = person.wait("the wire is refused", lambda view: not view["wire"])
    assert "N × 8" in view["hint"]
    assert "N × 1" in view["hint"]
    assert "input.y -> loss.target" not in view["wires"]
    person.click("dense")
    person.fill("param_out_features", "1")
    person.wire("input.y", "loss.target")
    person.hit("ctrl+z")
    person.wait("the wire is undone", lambda view: "input.y -> loss.target" not in view["wires"])
    person.hit("ctrl+shift+z")
    person.wait("the wire is there again", lambda view: set(view["wires"]) == WIRES)


def set_parameters(person: Person) -> None:
    """In the inspector: of blocks, then of the whole training."""
    person.wait("nothing is wrong", lambda view: not view["problems"])
    person.click("activation")
    person.choose("param_function", "tanh")
    person.wait("it is chosen", lambda view: view["nodes"]["activation"] == NODES["activation"])
    person.click("loss")
    person.choose("param_function", "half_squared_error")
    person.click("input")
    for count, feature in enumerate(FEATURES[2:], start=3):  # the first two are there already
        person.click(feature)
        person.wait(f"{feature} counts", functools.partial(has_features, FEATURES[:count]))
    assert person.look()["nodes"] == NODES
    select_nothing(person)
    person.choose("param_optimizer", "Adam")
    person.fill("param_lr", "0.03")
    person.fill("param_batch_size", "10")
    person.fill("param_epochs", "100000")
    person.wait("all is set", lambda view: view["training"] == {**TRAINING, "epochs": 100000})


def has_features(names: list[str], view: View) -> bool:
    return view["nodes"]["input"][1].get("features") == names


def train(person: Person) -> None:
    """Play, pause, step, and once more from the start with fewer epochs."""
    person.click("Play")
    person.wait("it trains", lambda view: view["state"] == "running" and step_of(view) > 0)
    person.click("Pause")
    before = step_of(person.wait("it pauses", lambda view: view["state"] == "paused"))
    person.click("Step")
    person.wait("one more step is done", lambda view: step_of(view) == before + 1)
    person.fill("param_epochs", "60")
    person.click("bannerRestart")
    person.wait("it is reset", lambda view: view["state"] == "ready" and view["numbers"] == "not trained yet")
    person.click("Play")
    view = person.wait("it has finished", lambda view: view["state"] == "finished")
    assert view["numbers"].startswith("epoch 60/60 · step 1,500 ")


def step_of(view: View) -> int:
    found = re.search(r"step ([\d,]+)", view["numbers"])
    return int(found[1].replace(",", "")) if found else 0


def save(person: Person, path: Path) -> None:
    person.hit("ctrl+s")
    person.answer_file_dialog(path.with_suffix(""))
    person.wait("it is saved", lambda view: view["clean"])
    saved = json.loads(path.read_text(encoding="utf-8"))
    assert {node["id"]: [node["block"], node["params"]] for node in saved["nodes"]} == NODES
    assert {f"{wire['from']} -> {wire['to']}" for wire in saved["wires"]} == WIRES
    assert saved["training"] == TRAINING
    assert "parameters" not in saved
    person.choose("File", "Save with trained weights")
    person.wait("the weights are saved", lambda _: "parameters" in json.loads(path.read_text(encoding="utf-8")))
    person.wait("the window knows", lambda view: view["clean"])


def reopen(person: Person, path: Path) -> None:
    person.wait("the window is there", lambda view: view["front"])
    person.focus()
    assert person.look()["tour"] is None
    person.choose("File", "Open recent", path.name)
    view = person.wait("the file is open", lambda view: view["nodes"])
    assert view["nodes"] == NODES
    assert set(view["wires"]) == WIRES
    assert view["training"] == TRAINING
    assert view["clean"]
    assert not view["problems"]


def export(person: Person, path: Path) -> None:
    person.choose("File", "Export", "PyTorch code")
    person.answer_file_dialog(path)
    person.wait("it says so", lambda view: any(str(path) in text for text in view["said"]))


def run_elsewhere(code: Path) -> None:
    """With a plain interpreter that knows nothing of the app."""
    command = [sys.executable, "-I", "-W", "error", str(code)]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=True)
    assert "49 parameters" in done.stdout  # 4·8 + 8, 8·1 + 1
    loss = re.search(r"loss on 250 samples: (\S+)", done.stdout)
    assert loss is not None
    assert float(loss[1]) < 0.1  # 0.5 before it has learned anything


def select_nothing(person: Person) -> None:
    left, top, width, height = person.look()["canvas"]
    person.click((left + width // 2, top + height - 40))
