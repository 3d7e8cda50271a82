"""Checkpoints: a training that is killed ends like one that never was; how often, how many, the best, and disk use."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open

from engine import checkpoints, files, weightfile
from engine.checkpoints import CheckpointPlan, Every, Standing, best_epoch, checkpoints_in, standing, trains
from engine.cli import main
from engine.events import EpochEnd, RunResumed
from engine.graph import Project
from engine.problem import FileError
from engine.runlock import RunLock, is_locked
from engine.runplace import RunPlace
from engine.session import Until
from engine.training.checkpoint import load_state
from engine.training.run_folder import RunFolder
from tests.engine.cli_helpers import Out, saved, told
from tests.engine.session_listener import Listener, assert_same_weights, weights_of
from tests.engine.training_projects import TINY, mlp, run_of, small, timeless, train

ROOT = Path(__file__).parents[2]


def noisy(**training: Any) -> Project:
    """Shuffled, with batch normalisation and dropout: 30 points, 10 updates an epoch, 6 epochs."""
    between: dict[str, tuple[str, dict[str, Any]]] = {"a0": ("BatchNorm1d", {}), "a1": ("Dropout", {"p": 0.2})}
    settings = {"batch_size": 3, "epochs": 6, "lr": 0.05, "shuffle": True, **training}
    return mlp(6, 5, 1, data=TINY, between=between, **settings)


def lines(run: Path) -> list[dict[str, Any]]:
    text = (run / "metrics.jsonl").read_text(encoding="utf-8")
    assert text.endswith("\n")
    return [timeless(json.loads(line)) for line in text.splitlines()]


def content(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """All tensors of a safetensors file, and its metadata."""
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata())  # noqa: SIM118


def assert_same_file(one: Path, other: Path) -> None:
    """Tensors to the bit, and everything else."""
    (tensors, texts), (expected, words) = content(one), content(other)
    assert texts == words
    assert tensors.keys() == expected.keys()
    for name, value in tensors.items():
        assert value.dtype == expected[name].dtype
        assert value.shape == expected[name].shape
        assert value.numpy().tobytes() == expected[name].numpy().tobytes(), name


# -- killed --


SCHEDULES: dict[str, dict[str, Any]] = {
    "cosine": {"optimizer": "adam", "schedule": {"kind": "cosine", "warmup_steps": 5}},
    "plateau": {"optimizer": "sgd", "momentum": 0.9, "schedule": {"kind": "plateau", "patience": 0, "gamma": 0.5}},
}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that begin as copies of one")
@pytest.mark.parametrize("kind", SCHEDULES)
def test_a_killed_training_ends_to_the_bit_as_one_never_killed(kind: str, tmp_path: Path):
    """Ten kills each; the places are random, but the same each time."""
    graph = saved(tmp_path, noisy(**SCHEDULES[kind]))
    command = [sys.executable, "-m", "tests.engine.killed_training", str(graph), str(tmp_path), str(len(kind))]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    whole, *killed, last = json.loads(done.stdout)
    assert whole["code"] == last["code"] == 0
    assert len(killed) == 10
    assert {each["place"] for each in killed} >= {"step", "half a file", "before the name", "half a line"}
    assert all(each["killed"] for each in killed), killed
    newest = [each["steps"][0] if each["steps"] else 0 for each in killed]
    assert newest == sorted(newest), "no kill lost a checkpoint that was there"
    assert 0 < newest[-1] < last["steps"][0] == 60
    one, other = tmp_path / "killed", tmp_path / "whole"
    assert lines(one) == lines(other)
    assert_same_file(checkpoints_in(one)[0], checkpoints_in(other)[0])
    for name in ("weights.safetensors", "best.safetensors"):
        assert_same_file(one / name, other / name)
    assert [path.name for path in one.iterdir() if path.name.startswith(".")] == []
    assert len(list(one.iterdir())) == len(list(other.iterdir()))


def test_where_every_checkpoint_is_damaged_a_way_out_is_told(tmp_path: Path, capsys: Out):
    graph, run = saved(tmp_path, small()), tmp_path / "run"
    assert main(["train", str(graph), "--run", str(run), "--epochs", "1"]) == 0
    for path in checkpoints_in(run):
        path.write_bytes(path.read_bytes()[:100])
    assert main(["train", str(graph), "--run", str(run), "--resume"]) == 2
    said = told(capsys)[-1]
    assert "is damaged" in said
    assert "Start another run; the weights as they were then are in weights.safetensors" in said


def test_data_that_changed_since_are_told(tmp_path: Path, capsys: Out):
    table = tmp_path / "p.csv"
    rows = [f"{number / 10},{number / 5}" for number in range(20)]
    table.write_text("\n".join(["a,b", *rows]))
    data = {"dataset": "csv", "path": "p.csv", "features": ["a"], "target": "b"}
    graph, run = saved(tmp_path, mlp(2, 1, data=data, last="", batch_size=4, epochs=9)), tmp_path / "run"
    assert main(["train", str(graph), "--run", str(run), "--steps", "3"]) == 0
    again = ["train", str(graph), "--run", str(run), "--resume", "--steps"]
    assert main([*again, "4"]) == 0
    assert "The data are not those" not in " ".join(told(capsys))
    fewer, other = (rows[:-1], '"data.x", "data.y"'), ([*rows[:-1], "1.9,77"], '"data.y"')
    for changed, names in (fewer, other):
        table.write_text("\n".join(["a,b", *changed]))
        shutil.copytree(run, tmp_path / "copy")
        assert main(["train", str(graph), "--run", str(tmp_path / "copy"), "--resume", "--steps", "6"]) == 0
        assert f"not those that this run was saved with ({names})" in " ".join(told(capsys))
        shutil.rmtree(tmp_path / "copy")


def test_what_a_killed_process_left_is_swept_away_and_nothing_else(tmp_path: Path):
    graph, run = saved(tmp_path, small()), tmp_path / "run"
    assert main(["train", str(graph), "--run", str(run), "--epochs", "1"]) == 0
    left = [run / ".weights.safetensors.0123456789ab.tmp", run / ".checkpoint-000002.safetensors.0123456789ab.tmp"]
    mine = [run / ".notes.tmp", run / "weights.0123456789ab.tmp", run / "checkpoint-old.safetensors"]
    for path in (*left, *mine):
        path.write_text("x")
    assert main(["train", str(graph), "--run", str(run), "--resume"]) == 0
    assert not any(path.exists() for path in left)
    assert all(path.exists() for path in mine)


def test_a_run_killed_before_its_first_checkpoint_begins_again(tmp_path: Path):
    graph, run = saved(tmp_path, small()), tmp_path / "run"
    RunFolder.create(run, small()).release()
    (run / "metrics.jsonl").write_text('{"epoch": 1, "step": 6}\n')
    assert main(["train", str(graph), "--run", str(run), "--resume"]) == 0
    assert lines(run) == [timeless(record) for record in train(run_of(small())).records]


def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(tmp_path: Path, capsys: Out):
    graph, run = saved(tmp_path, small()), tmp_path / "run"
    assert main(["train", str(graph), "--run", str(run), "--epochs", "2", "--checkpoint-every", "1epochs"]) == 0
    newest, before = checkpoints_in(run)
    newest.write_bytes(newest.read_bytes()[:-40])
    capsys.readouterr()
    assert main(["train", str(graph), "--run", str(run), "--resume", "--epochs", "3"]) == 0
    assert any("is damaged" in line and line.endswith("The one before it is taken.") for line in told(capsys))
    assert lines(run) == [timeless(record) for record in train(run_of(small())).records]
    assert before != newest


def test_seed_and_epochs_of_the_beginning_need_not_be_said_again(tmp_path: Path):
    graph, run = saved(tmp_path, small()), tmp_path / "run"
    assert main(["train", str(graph), "--run", str(run), "--seed", "7", "--epochs", "5", "--steps", "9"]) == 0
    assert main(["train", str(graph), "--run", str(run), "--resume"]) == 0
    assert lines(run) == [timeless(record) for record in train(run_of(small(seed=7, epochs=5))).records]


# -- in a session --


def test_a_session_goes_on_with_a_run_of_another_one_to_the_same_end(tmp_path: Path):
    made = noisy(**SCHEDULES["cosine"])
    place = RunPlace(tmp_path / "runs", checkpoints=CheckpointPlan(Every(steps=7)))
    with Listener(made, runs=place) as first:
        first.session.play(Until(steps=23))
        first.until("paused")
    (run,) = place.folder.iterdir()
    with Listener(made, runs=place) as second:
        answer = second.ask(lambda: second.session.resume_run(run, 5), RunResumed)
        assert answer == RunResumed(5, str(run), step=23, epochs=2, planned=6)
        second.until("paused", since=second.events.index(answer))
        assert [event.record["epoch"] for event in second.of(EpochEnd)] == [1, 2]
        assert is_locked(run)
        second.play_to_the_end()
        expected = train(run_of(made))
        assert_same_weights(second, expected)
        assert [timeless(event.record) for event in second.of(EpochEnd)] == [
            timeless(record) for record in expected.records
        ]
    assert lines(run) == [timeless(record) for record in expected.records]
    assert list(place.folder.iterdir()) == [run]
    assert not is_locked(run)


def test_weights_set_by_hand_are_in_a_checkpoint_before_the_first_step(tmp_path: Path):
    place = RunPlace(tmp_path / "runs", checkpoints=CheckpointPlan(Every(steps=100), keep=3))
    with Listener(small(), runs=place) as listener:
        listener.session.set_parameter("d1.bias", np.array([0.625], np.float32))
        listener.play_to_the_end()
    (run,) = place.folder.iterdir()
    last, first = (load_state(path)["trainer"] for path in checkpoints_in(run))
    assert (first["steps"], last["steps"]) == (0, 18)
    assert first["network"]["d1.bias"].tolist() == [0.625]


def test_a_session_that_cannot_go_on_with_a_run_stays_as_it_is(tmp_path: Path):
    place = RunPlace(tmp_path / "runs")
    with Listener(small(batch_size=4), runs=place) as other:
        other.play_to_the_end()
    (run,) = place.folder.iterdir()
    with Listener(small(), runs=place) as listener:
        listener.play_to_the_end()
        before = weights_of(listener)
        (mine,) = set(place.folder.iterdir()) - {run}
        for path, words in (
            (run, "or with other settings or data: batch_size: 4 → "),
            (tmp_path / "none", "is no run directory"),
        ):
            answer = listener.ask(lambda path=path: listener.session.resume_run(path, 1), RunResumed)  # type: ignore[misc]
            assert words in answer.error
            assert listener.until("finished", since=listener.events.index(answer)).step == 18
        after = weights_of(listener)
        assert all((after[name] == value).all() for name, value in before.items())
        listener.session.play()
        listener.until("running", since=len(listener.events))
    assert not is_locked(run)
    assert len(lines(mine)) >= 3


# -- how often, and how many --


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30s", Every(seconds=30)),
        ("5min", Every(seconds=300)),
        ("1.5 h", Every(seconds=5400)),
        ("1epoch", Every(epochs=1)),
        ("10 epochs", Every(epochs=10)),
        ("500steps", Every(steps=500)),
    ],
)
def test_how_often_is_read(text: str, expected: Every):
    assert Every.of(text) == expected


@pytest.mark.parametrize("text", ["", "5", "0s", "1.5epochs", "5 minutes ago", "-1s", "1e3s", "nans"])
def test_what_says_no_time_is_refused(text: str, tmp_path: Path, capsys: Out):
    with pytest.raises(ValueError, match="are expected, for example"):
        Every.of(text)
    assert main(["train", str(saved(tmp_path, small())), f"--checkpoint-every={text}"]) == 2
    assert "5min" in capsys.readouterr().err


def made_at(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Steps of the checkpoints a run makes in a directory, in order."""
    made: list[int] = []
    write = folder.save_checkpoint

    def note(state: Mapping[str, Any], known: Standing) -> None:
        made.append(known.step)
        write(state, known)

    monkeypatch.setattr(folder, "save_checkpoint", note)
    train(run_of(small(), folder=folder))
    return made


@pytest.mark.parametrize(
    ("every", "expected"),
    [
        (Every(steps=1), [*range(1, 6), *range(6, 12), *range(12, 18), 18]),
        (Every(steps=4), [4, 8, 12, 16]),
        (Every(steps=5), [5, 10, 15]),
        (Every(epochs=1), [6, 12, 18]),
        (Every(epochs=2), [12]),
        (Every(seconds=3600.0), []),
    ],
)
def test_they_are_made_as_often_as_asked_for_within_epochs_too(
    every: Every, expected: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    assert made_at(RunFolder.create(tmp_path / "run", small(), CheckpointPlan(every)), monkeypatch) == expected


def test_unless_asked_for_they_take_a_small_part_of_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """With a clock of its own: a step takes 0.1 s and writing 0.5 s, so 25 s lie between two."""
    now = [0.0]
    monkeypatch.setattr("engine.training.saving.time.monotonic", lambda: now[0])
    folder = RunFolder.create(tmp_path / "run", small(epochs=100))
    made: list[float] = []
    run = run_of(small(epochs=100))
    run.disk.folder = folder

    def write(*_: Any) -> None:
        made.append(now[0])
        now[0] += 0.5

    monkeypatch.setattr(folder, "save_checkpoint", write)
    with run.trainer.drawing():
        while not run.over:
            now[0] += 0.1 if not run.busy else 0.0
            run.tick()
    assert made[0] == pytest.approx(1.0, abs=0.11), "the first is early: little is lost of a short training"
    apart = [late - early for early, late in itertools.pairwise(made)]
    assert apart
    assert all(25.5 <= each < 25.8 for each in apart)


@pytest.mark.parametrize("keep", [1, 2, 3])
def test_the_newest_are_kept(keep: int, tmp_path: Path):
    graph, run = saved(tmp_path, small()), tmp_path / "run"
    options = ["--checkpoint-every", "4steps", "--keep-checkpoints", str(keep)]
    assert main(["train", str(graph), "--run", str(run), *options]) == 0
    known = [standing(path) for path in checkpoints_in(run)]
    assert [each.step for each in known if each is not None] == [18, 16, 12][:keep]
    for path, each in zip(checkpoints_in(run), known, strict=True):
        assert each is not None
        assert load_state(path)["trainer"]["steps"] == each.step
        assert (each.epochs, each.planned, each.over) == (each.step // 6, 3, each.step == 18)
        assert each.trains == trains(small())


def test_none_is_deleted_before_the_next_one_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = RunFolder.create(tmp_path / "run", small(), CheckpointPlan(Every(steps=3), keep=1))
    run = run_of(small(epochs=1), folder=folder)
    train(run, 4)

    def full(*_: Any, **__: Any) -> None:
        raise FileError("The disk is full.", code="F05")

    monkeypatch.setattr("engine.training.run_folder.save_state", full)
    with pytest.raises(FileError):
        train(run)
    assert [load_state(path)["trainer"]["steps"] for path in checkpoints_in(folder.path)] == [3]


def test_a_checkpoint_of_a_future_gone_back_from_does_not_stay(tmp_path: Path):
    folder = RunFolder.create(tmp_path / "run", small(), CheckpointPlan(Every(steps=100), keep=3))
    run = run_of(small(), folder=folder)
    train(run, 6)
    run.save()
    train(run, 12)
    run.save()
    run.restore(load_state(checkpoints_in(folder.path)[1]))
    train(run, 8)
    run.save()
    assert [load_state(path)["trainer"]["steps"] for path in checkpoints_in(folder.path)] == [8, 6]


# -- the best epoch --


@pytest.mark.parametrize("stopping", [False, True])
def test_the_weights_of_the_best_epoch_are_kept(stopping: bool, tmp_path: Path, capsys: Out):
    """The learning rate is so large that the loss goes up and down."""
    settings: dict[str, Any] = {"lr": 0.9, "epochs": 12, "seed": 3}
    if stopping:
        settings["early_stopping"] = {"monitor": "val_loss", "patience": 8}
    made = small(**settings)
    graph, run = saved(tmp_path, made), tmp_path / "run"
    assert main(["train", str(graph), "--run", str(run)]) == 0
    records = lines(run)
    best = min(records, key=lambda record: float(record["val_loss"]))
    known = best_epoch(run)
    assert known is not None
    assert (known.epoch, known.step, known.value) == (best["epoch"], best["step"], best["val_loss"])
    assert known.epoch < len(records), "or nothing is shown by this"
    again = train(run_of(small(**{**settings, "epochs": 12})), best["step"])
    found = weightfile.read(run / "best.safetensors").tensors
    for name, value in again.weights().items():
        assert torch.equal(found[name], value), name
    capsys.readouterr()
    assert main(["evaluate", str(graph), "--run", str(run / "best.safetensors"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["loss"] == pytest.approx(best["val_loss"], rel=1e-12)


def test_another_network_leaves_no_best_weights_of_the_one_before(tmp_path: Path):
    folder = RunFolder.create(tmp_path / "run", small())
    train(run_of(small(), folder=folder)).save()
    assert best_epoch(folder.path) is not None
    folder.follow(mlp(7, 1, data=TINY))
    assert best_epoch(folder.path) is None


# -- one at a time --


def test_two_cannot_train_one_run(tmp_path: Path, capsys: Out):
    graph, run = saved(tmp_path, small()), tmp_path / "run"
    folder = RunFolder.create(run, small())
    assert is_locked(run)
    assert main(["train", str(graph), "--run", str(run), "--resume"]) == 2
    assert "is going on in another window or program" in told(capsys)[-1]
    folder.release()
    assert not is_locked(run)
    assert main(["train", str(graph), "--run", str(run), "--resume"]) == 0
    assert not is_locked(run)


def test_a_lock_dies_with_its_process(tmp_path: Path):
    program = (
        "import os, sys; from pathlib import Path; from engine.runlock import RunLock;"
        "lock = RunLock(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert is_locked(tmp_path)
        with pytest.raises(FileError, match="another window or program"):
            RunLock(tmp_path)
        holder.kill()
    assert not is_locked(tmp_path)


# -- what they tell --


def test_disk_use_is_told_at_the_end(tmp_path: Path, capsys: Out):
    graph, run = saved(tmp_path, small()), tmp_path / "run"
    assert main(["train", str(graph), "--run", str(run)]) == 0
    sizes = [path.stat().st_size for path in run.iterdir()]
    assert checkpoints.disk_use(run) == (sum(sizes), 5)
    assert f"On disk: {checkpoints.use_text(run)}." in told(capsys)
    assert checkpoints.use_text(run).endswith(" in 5 files")


@pytest.mark.parametrize("broken", [b"", b"\0" * 7, b"\xff" * 64, b"\x05\0\0\0\0\0\0\0{}{}{", b"\x02\0\0\0\0\0\0\0[]"])
def test_what_is_no_checkpoint_tells_nothing(broken: bytes, tmp_path: Path):
    path = tmp_path / "checkpoint-000001.safetensors"
    path.write_bytes(broken)
    assert standing(path) is None
    assert standing(tmp_path / "none") is None
    assert standing(tmp_path) is None


def test_what_may_change_while_it_trains_makes_no_other_training():
    assert trains(small()) == trains(small(lr=0.3, epochs=99, device="cpu", clip_norm=2.0))
    assert trains(small()) == trains(small(seed=0, shuffle=True)), "defaults, written out"
    assert trains(small()) == trains(files.loads(files.dumps(small())))
    for other in (small(batch_size=4), small(seed=1), small(optimizer="adam"), mlp(6, 1, data=TINY)):
        assert trains(other) != trains(small())
