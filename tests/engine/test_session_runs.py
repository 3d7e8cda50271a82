"""What the runs of a session leave on disk, and what it makes of runs that were left there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine import diskfile, edits, files
from engine.cli import main
from engine.events import Applied, EpochEnd, RunKept, RunLoaded, Said
from engine.problem import FileError
from engine.runplace import RunPlace, latest_run, new_run_path, runs_folder
from engine.session import Until
from engine.stepevents import Timeline
from engine.training.run_folder import RunFolder
from tests.engine.session_listener import Listener, weights_of
from tests.engine.training_projects import small


def lines(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def stored_weights(run: Path) -> dict[str, Any]:
    from safetensors.numpy import load_file

    return load_file(run / "weights.safetensors")


def only(folder: Path) -> Path:
    (run,) = folder.iterdir()
    return run


@pytest.fixture
def place(tmp_path: Path) -> RunPlace:
    return RunPlace(tmp_path / "net.runs")


def test_a_run_directory_holds_what_was_told(place: RunPlace):
    with Listener(small(), runs=place) as listener:
        weights_of(listener)
        assert not place.folder.exists(), "asked, but not trained"
        listener.play_to_the_end()
        told = [event.record for event in listener.of(EpochEnd)]
    run = only(place.folder)
    assert listener.of(RunKept) == [RunKept(str(run))]
    assert lines(run) == told, "value for value"
    assert sorted(path.name for path in run.iterdir()) == [
        "best.safetensors",
        "checkpoint-000001.safetensors",
        "graph.chainrule",
        "metrics.jsonl",
        "weights.safetensors",
    ]
    assert RunFolder.existing(run).project() == small()


def test_it_is_the_run_that_the_command_line_makes(tmp_path: Path):
    graph = tmp_path / "net.chainrule"
    files.save(small(), graph)
    with Listener(small(), folder=tmp_path, runs=RunPlace(runs_folder(graph))) as listener:
        listener.session.play(Until(epochs=2))
        listener.until("paused")
    mine = latest_run(runs_folder(graph))
    assert mine is not None
    assert main(["train", str(graph), "--epochs", "2", "--run", str(tmp_path / "other")]) == 0
    timeless = [{**line, "samples_per_s": 0} for line in lines(mine)]
    assert timeless == [{**line, "samples_per_s": 0} for line in lines(tmp_path / "other")]
    assert main(["train", str(graph), "--resume"]) == 0, "and the command line goes on with it"
    assert [line["epoch"] for line in lines(mine)] == [1, 2, 3]


def test_what_is_learned_is_there_when_the_session_ends(place: RunPlace):
    with Listener(small(epochs=100_000), runs=place) as listener:
        listener.session.play()
        listener.wait(EpochEnd)
    run = only(place.folder)
    state = RunFolder.existing(run).checkpoint()
    last = listener.until("closed")
    assert state["trainer"]["steps"] == last.step


def test_what_was_changed_at_the_step_of_a_checkpoint_is_in_the_next_one(place: RunPlace):
    """By hand, or as another future with as many steps."""
    with Listener(small(), runs=place) as listener:
        session = listener.session
        session.play(Until(steps=7))
        listener.until("paused")
        listener.ask(session.step_back, Timeline)
        session.set_hyper("lr", 0.3)
        weights_of(listener)
        since = listener.mark()
        session.step()
        assert listener.until("paused", since=since).step == 7
        learned = weights_of(listener)
        listener.ask(lambda: session.history(1), Timeline)  # it is saved by now
        assert np.array_equal(stored_weights(only(place.folder))["d1.bias"], learned["d1.bias"])
        session.load_weights({"d1.bias": np.full(1, 9, np.float32)})
    assert stored_weights(only(place.folder))["d1.bias"].tolist() == [9]
    assert learned["d1.bias"] < 9


def test_each_start_from_the_beginning_is_another_run(place: RunPlace):
    with Listener(small(), runs=place) as listener:
        listener.play_to_the_end()
        listener.session.reset()
        assert len(list(place.folder.iterdir())) == 1
        listener.play_to_the_end()
        first, second = (Path(event.path) for event in listener.of(RunKept))
    assert first != second
    assert [line["loss"] for line in lines(first)] == [line["loss"] for line in lines(second)]
    assert len(lines(first)) == 3
    np.testing.assert_equal(stored_weights(first), stored_weights(second))


def test_an_edited_graph_lies_with_its_weights_but_not_with_those_of_the_graph_before(place: RunPlace):
    edited = edits.set_params(small(), "d0", {"out_features": 9})[0]
    with Listener(small(epochs=100_000), runs=place) as listener:
        listener.session.play()
        listener.wait(EpochEnd)
        listener.session.pause()
        listener.until("paused")
        listener.session.apply(edited)
        listener.session.reset()
        listener.until("ready", since=len(listener.events))
        run = only(place.folder)
        before = RunFolder.existing(run).project()
        assert before.graph == small().graph, "it never trained as edited"
        assert stored_weights(run)["d0.weight"].shape == (6, 2)
        listener.session.play()
        listener.wait(RunKept, lambda event: event.path != str(run))
        listener.session.apply(small(epochs=100_000))
        listener.wait(Applied, since=listener.events.index(listener.of(RunKept)[-1]))
        listener.wait(EpochEnd, since=len(listener.events))
    second = Path(listener.of(RunKept)[-1].path)
    assert RunFolder.existing(second).project().graph == small().graph
    assert stored_weights(second)["d0.weight"].shape == stored_weights(run)["d0.weight"].shape


@pytest.mark.parametrize("before", ["the first step", "a reset"])
def test_a_setting_changed_by_hand_stands_in_the_graph_of_the_run_that_began_with_it(before: str, place: RunPlace):
    with Listener(small(), runs=place) as listener:
        if before == "a reset":
            listener.play_to_the_end()
        listener.session.set_hyper("lr", 0.02)
        listener.session.set_hyper("clip_norm", 3.0)
        if before == "a reset":
            listener.session.reset()
        listener.play_to_the_end()
        run = Path(listener.of(RunKept)[-1].path)
    assert {record["lr"] for record in lines(run)} == {0.02}
    kept = RunFolder.existing(run).project()
    assert (kept.training["lr"], kept.training["clip_norm"]) == (0.02, 3.0)
    assert main(["train", str(run / "graph.chainrule"), "--run", str(place.folder / "again")]) == 0
    again = [{**line, "samples_per_s": 0} for line in lines(place.folder / "again")]
    assert again == [{**line, "samples_per_s": 0} for line in lines(run)]


ENDS_AT_ONCE = """
import sys, time
from pathlib import Path
from engine import files, session
from engine.events import Scalars
from engine.training.run_folder import RunFolder

save = RunFolder.save_weights
RunFolder.save_weights = lambda *rest: (time.sleep(0.3), save(*rest))  # a slow disk
opened = session.open(files.load(Path(sys.argv[1])), runs=session.RunPlace(Path(sys.argv[2])))
opened.play()
while not any(isinstance(event, Scalars) for event in opened.mailbox.drain()):
    time.sleep(0.01)
opened.close(wait=False)
"""


def test_a_program_that_ends_waits_for_what_was_learned_last(tmp_path: Path):
    files.save(small(epochs=1_000_000), tmp_path / "net.chainrule")
    command = [sys.executable, "-c", ENDS_AT_ONCE, str(tmp_path / "net.chainrule"), str(tmp_path / "runs")]
    subprocess.run(command, check=True)
    run = only(tmp_path / "runs")
    assert (run / "weights.safetensors").is_file()
    assert RunFolder.existing(run).checkpoint()["trainer"]["steps"] > 0


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
def test_a_folder_that_is_read_only_is_told_once_and_hinders_nothing(tmp_path: Path):
    tmp_path.chmod(0o500)
    hinders_nothing(RunPlace(tmp_path / "runs"))
    tmp_path.chmod(0o700)


def test_a_place_that_cannot_be_made_is_told_once_and_hinders_nothing(tmp_path: Path):
    (tmp_path / "file").write_text("no folder")
    hinders_nothing(RunPlace(tmp_path / "file"))


def hinders_nothing(place: RunPlace) -> None:
    with Listener(small(), runs=place) as listener:
        listener.play_to_the_end()
        listener.session.reset()
        assert listener.play_to_the_end().state == "finished"
        (said,) = listener.of(Said)
        assert said.severity == "warning"
        assert said.message.startswith(f'"{place.folder}')
        assert said.message.endswith("The training goes on, but this run is not kept on disk.")
        assert listener.of(RunKept) == [RunKept("")]


@pytest.mark.parametrize("full", ["metrics", "weights"])
def test_a_disk_that_gets_full_is_told_once_and_the_training_goes_on(
    full: str, place: RunPlace, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_: Any) -> None:
        raise FileError('"it" cannot be written: No space left on device.', code="F05")

    monkeypatch.setattr(RunFolder, {"metrics": "add_records", "weights": "save_weights"}[full], refuse)
    with Listener(small(), runs=place) as listener:
        assert listener.play_to_the_end().state == "finished"
        assert listener.play_to_the_end().epoch == 6
        assert [event.message for event in listener.of(Said)] == [
            '"it" cannot be written: No space left on device. The training goes on, but this run is not kept on disk.'
        ]
        assert listener.of(RunKept)[-1] == RunKept("")
        monkeypatch.undo()
        listener.session.keep_runs(RunPlace(place.folder.with_name("elsewhere")))
        again = listener.wait(RunKept, lambda event: "elsewhere" in event.path)
        expected = weights_of(listener)
    assert [line["epoch"] for line in lines(Path(again.path))] == [1, 2, 3, 4, 5, 6]
    np.testing.assert_equal(stored_weights(Path(again.path)), expected)


def test_a_real_lack_of_space_in_the_middle_of_a_line_is_an_error_with_the_file(place: RunPlace, tmp_path: Path):
    folder = RunFolder.create(tmp_path / "run", small())
    (tmp_path / "run" / "metrics.jsonl").unlink()
    (tmp_path / "run" / "metrics.jsonl").symlink_to("/dev/full")
    with pytest.raises(FileError, match=r"metrics\.jsonl.*No space left"):
        folder.add_records([{"epoch": 1, "metrics": {}}])


def test_switched_off_and_on_again(place: RunPlace):
    with Listener(small(), runs=None) as listener:
        listener.play_to_the_end()
        assert listener.of(RunKept) == []
        listener.session.keep_runs(place)
        kept = listener.wait(RunKept)
        listener.session.keep_runs(None)
        assert listener.ask(lambda: listener.session.keep_runs(place), RunKept) is not None
    assert [line["epoch"] for line in lines(Path(kept.path))] == [1, 2, 3], "with what was recorded before"


def test_a_run_moves_along_when_its_document_is_saved(tmp_path: Path, place: RunPlace):
    passing = RunPlace(tmp_path / "private", keep=3)
    with Listener(small(), runs=passing) as listener:
        listener.play_to_the_end()
        listener.session.keep_runs(place)
        moved = listener.wait(RunKept, lambda event: Path(event.path).parent == place.folder)
        listener.play_to_the_end()
    assert list(passing.folder.iterdir()) == []
    assert [line["epoch"] for line in lines(Path(moved.path))] == [1, 2, 3, 4, 5, 6]


# -- folders that are held small --


def made(place: RunPlace, name: str, size: int, age: int) -> Path:
    run = place.folder / name
    RunFolder.create(run, small())
    (run / "weights.safetensors").write_bytes(bytes(size))
    os.utime(run / "metrics.jsonl", (2_000_000_000 - age,) * 2)
    return run


def test_the_oldest_runs_go_and_nothing_else(tmp_path: Path):
    place = RunPlace(tmp_path, keep=2, max_bytes=1 << 30)
    runs = [made(place, f"2026-07-0{day}T12-30-05Z", 10, 10 - day) for day in range(1, 5)]
    mine = made(place, "my run", 10, 100)
    elsewhere = made(RunPlace(tmp_path / "deep"), "2020-07-01T12-30-05Z", 10, 100)
    (tmp_path / "2020-07-02T12-30-05Z").symlink_to(elsewhere)
    (tmp_path / "2020-07-03T12-30-05Z").mkdir()
    place.prune(spare=runs[0])
    assert [run.exists() for run in [*runs, mine, elsewhere]] == [True, False, True, True, True, True]
    assert (tmp_path / "2020-07-03T12-30-05Z").is_dir()


def test_large_runs_go_sooner(tmp_path: Path):
    place = RunPlace(tmp_path, keep=10, max_bytes=100_000)
    runs = [made(place, f"2026-07-0{day}T12-30-05Z", 40_000, 10 - day) for day in range(1, 5)]
    place.prune(spare=runs[-1])
    assert [run.exists() for run in runs] == [False, False, True, True]


def test_a_session_prunes_when_it_begins_a_run(tmp_path: Path):
    place = RunPlace(tmp_path / "runs", keep=2)
    with Listener(small(), runs=place) as listener:
        for _ in range(4):
            listener.play_to_the_end()
            listener.session.reset()
        kept = [event.path for event in listener.of(RunKept)]
    assert sorted(map(str, place.folder.iterdir())) == sorted(kept[-2:])


def test_two_runs_of_one_second_have_two_names(tmp_path: Path):
    names = []
    for _ in range(3):
        path = new_run_path(tmp_path)
        path.mkdir()
        names.append(path.name)
    assert len(set(names)) == 3


# -- weights of a run --


@pytest.mark.parametrize("choice", [lambda run: run, lambda run: run / "weights.safetensors"])
def test_the_weights_of_a_run_are_loaded(choice: Callable[[Path], Path], place: RunPlace):
    with Listener(small(), runs=place) as listener:
        listener.play_to_the_end()
        expected = weights_of(listener)
    with Listener(small()) as listener:
        before = weights_of(listener)
        path = choice(only(place.folder))
        answer = listener.ask(lambda: listener.session.load_run(path, 7), RunLoaded)
        assert answer == RunLoaded(7, str(path))
        found = weights_of(listener)
        assert listener.of(Said) == []
        np.testing.assert_equal(found, expected)
        listener.session.reset()
        np.testing.assert_equal(weights_of(listener), before)


def test_weights_of_another_network_are_refused_with_one_sentence(place: RunPlace):
    with Listener(small(), runs=place) as listener:
        listener.play_to_the_end()
    other = edits.set_params(small(), "d0", {"out_features": 9})[0]
    with Listener(other) as listener:
        before = weights_of(listener)
        run = only(place.folder)
        answer = listener.ask(lambda: listener.session.load_run(run, 1), RunLoaded)
        assert "are not those of this graph" in answer.error
        assert "but 9 in this network" in answer.error
        np.testing.assert_equal(weights_of(listener), before)
        nothing = listener.ask(lambda: listener.session.load_run(place.folder, 2), RunLoaded)
        assert "is no run directory" in nothing.error


def test_weights_that_fit_by_chance_are_remarked_on(place: RunPlace):
    with Listener(small(), runs=place) as listener:
        listener.play_to_the_end()
    renamed = edits.rename_node(small(), "loss", "cost")[0]
    with Listener(renamed) as listener:
        answer = listener.ask(lambda: listener.session.load_run(only(place.folder), 1), RunLoaded)
        assert answer.error == ""
        (remark,) = listener.of(Said)
        assert "another network" in remark.message


def test_damaged_weights_are_refused(place: RunPlace):
    with Listener(small(), runs=place) as listener:
        listener.play_to_the_end()
    file = only(place.folder) / "weights.safetensors"
    diskfile.write(file, [file.read_bytes()[:-3]])
    with Listener(small()) as listener:
        answer = listener.ask(lambda: listener.session.load_run(file, 1), RunLoaded)
        assert answer.error
        assert torch.isfinite(torch.tensor(weights_of(listener)["d0.weight"])).all()
