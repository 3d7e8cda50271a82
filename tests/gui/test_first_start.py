"""What `make run` opens, with a real mouse and keyboard: Spiral, trained, killed in the middle of work, recovered."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import files, recovery
from gui.run_keeping import app_folder
from tests.helpers.xvfb import ROOT, Person, Screen, missing

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing()), reason=missing() or "it can run")]


@pytest.fixture
def screen() -> Iterator[Screen]:
    with Screen() as made:
        yield made


def test_the_spiral_trains_and_survives_a_crash(screen: Screen, tmp_path: Path) -> None:
    with Person(screen, tmp_path / "first", [example()]) as person:
        person.wait("the tour begins", lambda view: view["front"] and view["tour"] == 0)
        person.focus()
        person.hit("Escape")
        view = person.wait("it is left", lambda view: view["tour"] is None)
        assert view["title"].startswith("Spiral")
        assert view["clean"]
        train_a_while(person)
        person.fill("param_epochs", "123")
        person.wait("the copy is written", lambda _: 123 in copied())
        # Leaving this block kills it.
    with Person(screen, tmp_path / "second", [example()]) as person:
        person.wait("it asks", lambda view: "answer_open" in view["places"])
        person.focus()
        person.click("answer_open")
        view = person.wait("the work is back", lambda view: view["training"].get("epochs") == 123)
        assert not view["clean"]
        person.focus()
        person.hit("ctrl+z")  # nothing is lost by leaving, then
        person.wait("it is as it was", lambda view: view["training"].get("epochs") != 123)
        assert person.quit() == 0
        assert person.complaints() == ""
    assert recovery.found() == []


def example() -> str:
    """The file that `make run` names."""
    words = "import setup; print(setup.EXAMPLE)"
    done = subprocess.run([sys.executable, "-c", words], cwd=ROOT / ".ci", capture_output=True, text=True, check=True)
    return done.stdout.strip()


def train_a_while(person: Person) -> None:
    """Play and Pause by mouse, a step by its key; the run is on disk by then."""
    person.fill("param_epochs", "100000")  # or it might be over before the mouse is there
    person.click("Play")
    person.wait("it trains", lambda view: view["state"] == "running" and "step" in view["numbers"])
    person.wait("a few epochs are done", lambda _: len(records()) > 2)
    person.click("Pause")
    before = person.wait("it pauses", lambda view: view["state"] == "paused")["numbers"]
    person.hit("ctrl+period")
    person.wait("one more step is done", lambda view: view["numbers"] != before and view["state"] == "paused")
    (run,) = app_folder().iterdir()
    assert (run / "weights.safetensors").is_file()


def records() -> list[object]:
    """What the run has written so far; the last line may be under way."""
    texts = [path.read_text("utf-8") for path in app_folder().glob("*/metrics.jsonl")]
    return [json.loads(line) for text in texts for line in text.split("\n")[:-1]]


def copied() -> list[object]:
    """The epochs in the recovery copies; the app still runs, so they are not offered yet."""
    texts = [path.read_text("utf-8") for path in recovery.folder().glob(f"*{recovery.SUFFIX}")]
    return [files.loads(text.partition("\n")[2], "copy").training.get("epochs") for text in texts]
