"""`chainrule train`: its JSON, its run directory, resuming, interrupting; it never changes the graph."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from engine import files, weightfile
from engine.checkpoints import checkpoints_in
from engine.cli import main
from engine.training.run_folder import RunFolder
from tests.engine.cli_helpers import Out, assert_same, lines, saved, told, weights_in
from tests.engine.training_projects import mlp, run_of, small, train


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    return saved(tmp_path, small())


def test_train_prints_an_object_an_epoch_and_writes_a_run(graph: Path, tmp_path: Path, capsys: Out):
    before = graph.read_bytes()
    run = tmp_path / "somewhere" / "run"
    assert main(["train", str(graph), "--run", str(run), "--json"]) == 0
    found = lines(capsys)
    expected = train(run_of(small()))
    assert [list(line) for line in found] == [
        ["epoch", "step", "loss", "val_loss", "metrics", "lr", "samples_per_s"]
    ] * 3
    for line, record in zip(found, expected.records, strict=True):
        assert {**line, "samples_per_s": 0} == {**record, "samples_per_s": 0}
    assert set(found[0]["metrics"]) == {"accuracy", "val_accuracy"}
    assert [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()] == found
    assert_same(run, expected.weights())
    assert RunFolder.existing(run).project() == small()
    assert graph.read_bytes() == before


def test_runs_go_beside_the_graph_unless_told(graph: Path, capsys: Out):
    for _ in range(2):
        assert main(["train", str(graph), "--epochs", "1"]) == 0
    runs = sorted((graph.parent / "net.runs").iterdir())
    assert len(runs) == 2
    told_of = [line for line in capsys.readouterr().err.splitlines() if line.startswith("Run: ")]
    assert sorted(told_of) == [f"Run: {run}" for run in runs]
    assert main(["train", str(graph), "--run", str(runs[0])]) == 2
    assert told(capsys) == [f'chainrule: "{runs[0]}" holds a run already. Add --resume, or choose another directory.']


def test_missing_values_are_null_and_odd_ones_words(tmp_path: Path, capsys: Out):
    data = {"dataset": "inline", "x": [[1.0], [2.0]], "y": [[3.0], [3.0]]}
    path = saved(tmp_path, mlp(1, data=data, last="", epochs=1))
    assert main(["train", str(path), "--json"]) == 0
    (line,) = lines(capsys)
    assert line["val_loss"] is None
    assert line["metrics"]["r2"] is None, "R² of a constant is not defined"
    from engine.training.records import json_record

    record = {"loss": float("nan"), "val_loss": float("inf"), "metrics": {"mae": -float("inf")}, "epoch": 1}
    assert json_record(record) == {"loss": "NaN", "val_loss": "Infinity", "metrics": {"mae": "-Infinity"}, "epoch": 1}


@pytest.mark.parametrize(
    ("steps", "epochs", "last"), [(4, [1], 4), (6, [1], 6), (15, [1, 2, 3], 15), (20, [1, 2, 3, 4], 20)]
)
def test_steps_end_with_a_line_for_the_partial_epoch(
    steps: int, epochs: list[int], last: int, graph: Path, capsys: Out
):
    assert main(["train", str(graph), "--steps", str(steps), "--json"]) == 0
    found = lines(capsys)
    assert [line["epoch"] for line in found] == epochs
    assert found[-1]["step"] == last


def test_seed_and_epochs_can_be_chosen(graph: Path, tmp_path: Path, capsys: Out):
    assert main(["train", str(graph), "--seed", "7", "--epochs", "2", "--run", str(tmp_path / "r")]) == 0
    assert_same(tmp_path / "r", train(run_of(small(seed=7, epochs=2))).weights())
    summary = capsys.readouterr().out
    assert summary.startswith("epoch 2, step 12: loss ")
    assert "val_accuracy" in summary


@pytest.mark.parametrize("first", [["--epochs", "1"], ["--steps", "4"], ["--steps", "6"], ["--steps", "14"]])
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_resumed_run_equals_an_uninterrupted_one(first: list[str], optimizer: str, tmp_path: Path, capsys: Out):
    schedule = {"kind": "cosine", "warmup_steps": 3}
    path = saved(
        tmp_path, small(optimizer=optimizer, schedule=schedule if "--steps" in first else {"kind": "constant"})
    )
    run = tmp_path / "run"
    assert main(["train", str(path), "--run", str(run), *first]) == 0
    assert main(["train", str(path), "--run", str(run), "--resume", "--epochs", "3", "--json"]) == 0
    expected = train(run_of(files.load(path)))
    assert_same(run, expected.weights())
    found = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [{**line, "samples_per_s": 0} for line in found] == [
        {**line, "samples_per_s": 0} for line in expected.records
    ]
    capsys.readouterr()
    assert main(["train", str(path), "--resume", "--run", str(run)]) == 0
    assert told(capsys) == ["Nothing is left to do: 3 epochs, 18 steps made."]


def test_the_line_of_a_partial_epoch_gives_way_to_that_of_the_whole(graph: Path, tmp_path: Path, capsys: Out):
    run = tmp_path / "run"

    def written(*more: str) -> list[tuple[int, int]]:
        assert main(["train", str(graph), "--run", str(run), *more]) == 0
        found = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
        return [(line["epoch"], line["step"]) for line in found]

    assert written("--steps", "8") == [(1, 6), (2, 8)]
    assert written("--resume", "--steps", "8") == [(1, 6), (2, 8)], "nothing is left to do"
    assert written("--resume", "--steps", "10") == [(1, 6), (2, 10)]
    assert written("--resume", "--epochs", "3") == [(1, 6), (2, 12), (3, 18)]


def test_resume_takes_the_newest_run_and_only_its_own(graph: Path, tmp_path: Path, capsys: Out):
    assert main(["train", str(graph), "--resume"]) == 2
    assert told(capsys) == ['chainrule: There is no run of "net.chainrule" yet. Train first, or name --run.']
    assert main(["train", str(graph), "--epochs", "1"]) == 0
    assert main(["train", str(graph), "--epochs", "2", "--resume"]) == 0
    (run,) = (tmp_path / "net.runs").iterdir()
    assert len((run / "metrics.jsonl").read_text().splitlines()) == 2
    files.save(replace(small(), notes="only a remark", name="renamed"), graph)
    assert main(["train", str(graph), "--epochs", "3", "--resume"]) == 0
    files.save(small(lr=0.5), graph)
    capsys.readouterr()
    assert main(["train", str(graph), "--resume"]) == 1
    (line,) = told(capsys)
    assert "is not what the run" in line
    assert "trains: lr: 0.1 → 0.5. Change that back" in line
    for checkpoint in checkpoints_in(run):
        checkpoint.write_bytes(b"damaged")
    assert main(["train", str(graph), "--resume"]) in (1, 2)
    assert len(told(capsys)) == 1


def test_lines_after_the_checkpoint_are_not_written_twice(graph: Path, tmp_path: Path, capsys: Out):
    run = tmp_path / "run"
    assert main(["train", str(graph), "--run", str(run), "--epochs", "1"]) == 0
    late = '{"epoch": 2, "step": 12, "loss": 0.0}\n{"epoch": 3, "st'
    with (run / "metrics.jsonl").open("a") as file:
        file.write(late)
    assert main(["train", str(graph), "--run", str(run), "--resume"]) == 0
    found = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in found] == [1, 2, 3]
    assert found[1]["loss"] != 0


def test_a_training_that_diverges_says_where(tmp_path: Path, capsys: Out):
    path = saved(tmp_path, mlp(1, data={"dataset": "function", "expression": "x"}, last="", lr=300.0, epochs=99))
    assert main(["train", str(path), "--json", "--run", str(tmp_path / "run")]) == 1
    captured = capsys.readouterr()
    error = captured.err.splitlines()[-1]
    assert error.startswith("chainrule: Loss became ")
    assert "Try learning rate 0.1 (now 300)." in error
    assert all(value.isfinite().all() for value in weights_in(tmp_path / "run").values())


def test_a_device_that_is_not_there_is_said(graph: Path, capsys: Out):
    assert main(["train", str(graph), "--device", "mps" if sys.platform != "darwin" else "cuda", "--epochs", "1"]) == 0
    assert any("is not on this computer, which has" in line for line in told(capsys))


def test_interrupting_writes_the_run_which_can_go_on(tmp_path: Path):
    """Ctrl-C once the training has begun: exit 130, and the rest gives what an uninterrupted run gives."""
    path = saved(tmp_path, small(epochs=30))
    run = tmp_path / "run"
    command = [sys.executable, "-m", "engine", "train", str(path), "--run", str(run), "--json"]
    endless = subprocess.Popen(
        [*command, "--epochs", "1000000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )
    assert endless.stdout is not None
    assert json.loads(endless.stdout.readline())["epoch"] == 1
    endless.send_signal(signal.SIGINT)
    _, error = endless.communicate(timeout=60)
    assert endless.returncode == 130
    assert "Go on with: --resume" in error
    done = weightfile.read(run / "weights.safetensors").tensors
    steps = int(error.split("Stopped at step ")[1].split(".")[0].replace(",", ""))
    expected = run_of(small(epochs=1_000_000))
    train(expected, steps)
    for name, value in expected.weights().items():
        assert torch.equal(done[name], value)
    told = len((run / "metrics.jsonl").read_text().splitlines())
    assert told in (steps // 6, (steps - 1) // 6), "an epoch just over may not be evaluated yet; going on does that"
