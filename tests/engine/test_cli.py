"""The command line: its JSON, its exit codes, its one-line errors, and that it never changes the graph."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine import files, weightfile
from engine.assets import example
from engine.cli import is_for_command_line, main
from engine.graph import Project
from engine.training.run_folder import RunFolder
from tests.engine.training_projects import mlp, run_of, train

Out = pytest.CaptureFixture[str]
TINY = {"dataset": "circle", "samples": 60}


def small(**training: Any) -> Project:
    blocks = {"a0": ("Dropout", {"p": 0.2})}
    return mlp(6, 1, data=TINY, between=blocks, **{"batch_size": 5, "epochs": 3, "lr": 0.1, **training})


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    return saved(tmp_path, small())


def saved(folder: Path, project: Project, name: str = "net") -> Path:
    path = folder / f"{name}.chainrule"
    files.save(project, path)
    return path


def lines(out: Out) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.readouterr().out.splitlines()]


def told(out: Out) -> list[str]:
    """What went to stderr, without where the run went."""
    return [line for line in out.readouterr().err.splitlines() if not line.startswith("Run: ")]


def weights_in(run: Path) -> dict[str, torch.Tensor]:
    return dict(weightfile.read(run / "weights.safetensors").tensors)


def assert_same(run: Path, expected: dict[str, torch.Tensor]) -> None:
    found = weights_in(run)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert torch.equal(found[name], value), name


# -- what belongs to it --


@pytest.mark.parametrize(
    ("argv", "ours"),
    [
        (["train", "x"], True),
        (["check"], True),
        (["--help"], True),
        (["--version"], True),
        ([], False),
        (["net.chainrule"], False),
        (["./train"], False),
    ],
)
def test_only_subcommands_are_for_the_command_line(argv: list[str], ours: bool):
    assert is_for_command_line(argv) is ours


@pytest.mark.parametrize("module", ["engine", "gui"])
def test_both_entry_points_run_it_without_qt(module: str, graph: Path):
    program = (
        f"import sys; from {module}.__main__ import main; code = main(['check', {str(graph)!r}]);"
        "print('PySide6' in sys.modules, file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (0, "False")
    assert "d0" in done.stdout


def test_version_and_help(capsys: Out):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("chainrule 0.")
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(command in text for command in ("check", "train", "evaluate", "predict", "step", "export"))
    assert main(["train", "--help"]) == 0
    assert "FILE is never changed" in capsys.readouterr().out


@pytest.mark.parametrize(
    "argv",
    [["trian"], ["train"], ["train", "x", "--epochs", "0"], ["export", "x", "--to", "word", "-o", "y"], ["--what"]],
)
def test_wrong_arguments_are_told_in_one_line(argv: list[str], capsys: Out):
    assert main(argv) == 2
    (line,) = told(capsys)
    assert line.startswith("chainrule")
    assert line.endswith("--help)")


# -- check --


def test_check_prints_the_documented_json(graph: Path, capsys: Out):
    assert main(["check", str(graph), "--json"]) == 0
    (found,) = lines(capsys)
    assert list(found) == ["problems", "nodes", "parameters", "macs", "activation_bytes"]
    assert found["problems"] == []
    assert found["parameters"] == 2 * 6 + 6 + 6 + 1
    dense = next(node for node in found["nodes"] if node["id"] == "d0")
    assert list(dense) == ["id", "block", "inputs", "outputs", "parameters", "macs", "activation_bytes"]
    assert dense["block"] == "Dense"
    assert dense["inputs"] == {"in": ["N", 2]}
    assert dense["outputs"] == {"out": ["N", 6]}
    assert (dense["parameters"], dense["macs"], dense["activation_bytes"]) == (18, 12, 24)
    loss = next(node for node in found["nodes"] if node["id"] == "loss")
    assert loss["outputs"] == {"out": []}


def test_check_tells_problems_and_unknown_shapes(tmp_path: Path, capsys: Out):
    project = small()
    broken = replace(project, graph=project.graph.disconnect(project.graph.wires_into("d0"))[0])
    path = saved(tmp_path, broken)
    assert main(["check", str(path), "--json"]) == 1
    (found,) = lines(capsys)
    problem = next(problem for problem in found["problems"] if problem["severity"] == "error")
    assert list(problem) == ["severity", "code", "node", "port", "message", "hint"]
    assert (problem["code"], problem["node"], problem["port"]) == ("G07", "d0", "in")
    node = next(node for node in found["nodes"] if node["id"] == "d1")
    assert node["outputs"]["out"] is None or isinstance(node["outputs"]["out"], list)
    assert main(["check", str(path)]) == 1
    assert "error G07" in capsys.readouterr().out


def test_no_objective_is_a_warning_for_check_and_an_error_for_train(tmp_path: Path, capsys: Out):
    project = small()
    path = saved(tmp_path, replace(project, graph=project.graph.remove(["loss"])[0]))
    assert main(["check", str(path), "--json"]) == 0
    (found,) = lines(capsys)
    whole = next(problem for problem in found["problems"] if problem["code"] == "G01")
    assert (whole["severity"], whole["node"]) == ("warning", None)
    assert main(["train", str(path)]) == 1
    (line,) = told(capsys)
    assert "minimise" in line
    assert not (tmp_path / "net.runs").exists()


@pytest.mark.parametrize("command", ["check", "train", "evaluate", "step"])
def test_a_file_that_cannot_be_read_is_one_line(command: str, tmp_path: Path, capsys: Out):
    assert main([command, str(tmp_path / "none.chainrule")]) == 2
    (line,) = told(capsys)
    assert "none.chainrule" in line
    (tmp_path / "bad.chainrule").write_text('{"format": "chainrule", "version": 1,\n "nodes": [}')
    assert main([command, str(tmp_path / "bad.chainrule")]) == 2
    (line,) = told(capsys)
    assert "line 2" in line
    assert main([command, str(tmp_path / "bad.chainrule"), "--debug"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_data_that_are_missing_are_told(tmp_path: Path, capsys: Out):
    path = saved(tmp_path, mlp(2, 1, data={"dataset": "csv", "path": "gone.csv"}))
    assert main(["check", str(path)]) == 1
    assert "gone.csv" in capsys.readouterr().out
    assert main(["train", str(path)]) == 1
    (line,) = told(capsys)
    assert "gone.csv" in line


def test_the_command_line_waits_for_files(tmp_path: Path, capsys: Out):
    rows = "".join(f"{number},{number * 2},{number}\n" for number in range(20))
    (tmp_path / "table.csv").write_text("a,b,y\n" + rows)
    path = saved(
        tmp_path, mlp(3, 1, data={"dataset": "csv", "path": "table.csv", "standardize": True}, last="", epochs=1)
    )
    assert main(["check", str(path), "--json"]) == 0
    (found,) = lines(capsys)
    assert found["nodes"][0]["outputs"] == {"x": ["N", 2], "y": ["N", 1]}
    assert main(["train", str(path), "--json"]) == 0
    assert len(lines(capsys)) == 1


# -- train --


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
    from engine.training.run_folder import json_record

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
    whole = [line for line in found if line["step"] % 6 == 0]
    assert [{**line, "samples_per_s": 0} for line in whole] == [
        {**line, "samples_per_s": 0} for line in expected.records
    ]
    capsys.readouterr()
    assert main(["train", str(path), "--resume", "--run", str(run)]) == 0
    assert told(capsys) == ["Nothing is left to do: 3 epochs, 18 steps are made."]


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
    (run / "checkpoint.safetensors").write_bytes(b"damaged")
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
    assert "Try learning rate 30 (now 300)." in error
    assert all(value.isfinite().all() for value in weights_in(tmp_path / "run").values())


def test_a_device_that_is_not_there_is_said(graph: Path, capsys: Out):
    assert main(["train", str(graph), "--device", "mps" if sys.platform != "darwin" else "cuda", "--epochs", "1"]) == 0
    assert any("is not available here; the CPU is used." in line for line in told(capsys))


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
    assert len((run / "metrics.jsonl").read_text().splitlines()) == steps // 6


# -- evaluate --


def test_evaluate_uses_the_weights_of_the_run_or_of_the_file(graph: Path, tmp_path: Path, capsys: Out):
    run = tmp_path / "run"
    assert main(["train", str(graph), "--run", str(run)]) == 0
    capsys.readouterr()
    trained, fresh = train(run_of(small())), run_of(small())
    for options, expected in (["--run", str(run)], trained), ([], fresh):
        for split in ("train", "val"):
            assert main(["evaluate", str(graph), "--split", split, "--json", *options]) == 0
            (found,) = lines(capsys)
            assert list(found) == ["loss", "metrics", "samples"]
            ours = expected.evaluate(split)
            assert (found["loss"], found["metrics"], found["samples"]) == (ours.loss, dict(ours.metrics), 30)
    assert main(["evaluate", str(graph)]) == 0
    assert capsys.readouterr().out.startswith("val: loss ")
    assert main(["evaluate", str(graph), "--split", "test"]) == 1
    assert told(capsys)[0].startswith("chainrule: No samples are held out for the test.")


def test_weights_saved_with_the_file_are_its_own(tmp_path: Path, capsys: Out):
    trained = train(run_of(small()))
    path = tmp_path / "net.chainrule"
    files.save(small(), path, {name: value.numpy() for name, value in trained.weights().items()})
    assert main(["evaluate", str(path), "--json"]) == 0
    (found,) = lines(capsys)
    assert found["loss"] == pytest.approx(trained.evaluate("val").loss, rel=1e-6)


def test_weights_of_another_network_are_refused(graph: Path, tmp_path: Path, capsys: Out):
    other = saved(tmp_path, mlp(7, 1, data=TINY, epochs=1), "other")
    assert main(["train", str(other), "--run", str(tmp_path / "run")]) == 0
    capsys.readouterr()
    assert main(["evaluate", str(graph), "--run", str(tmp_path / "run")]) == 1
    (line,) = told(capsys)
    assert "are not those of this graph" in line
    assert main(["evaluate", str(graph), "--run", str(tmp_path)]) == 2
    assert "is no run directory" in told(capsys)[0]


# -- step --


def test_step_is_the_kth_batch_of_the_first_epoch(graph: Path, capsys: Out):
    run = run_of(small())
    assert run.trainer.batches is not None
    for number in (0, 3):
        assert main(["step", str(graph), "--batch", str(number), "--json"]) == 0
        (found,) = lines(capsys)
        assert {"loss", "forward", "backward", "update"} <= set(found)
        assert found["forward"][0]["node"] == "data"
        rows = run.trainer.batches.peek(number)["data.x"].tolist()
        assert found["forward"][0]["outputs"]["x"] == rows
    assert main(["step", str(graph)]) == 0
    assert capsys.readouterr().out.startswith("loss ")
    assert main(["step", str(graph), "--batch", "6"]) == 1
    assert "there is no 6" in told(capsys)[0]


def test_step_on_mazur_is_golden(capsys: Out):
    golden = json.loads((Path(__file__).parents[1] / "golden" / "mazur_2_2_2.json").read_text())
    assert main(["step", str(example("mazur")), "--json"]) == 0
    (found,) = lines(capsys)
    assert found["loss"] == pytest.approx(golden["step1"]["E_total"], abs=1e-9)
    after = {entry["parameter"]: entry["after"] for entry in found["update"]}
    np.testing.assert_allclose(after["hidden.weight"], golden["step1"]["W1_next"], atol=1e-9)


# -- predict --


@pytest.fixture
def iris(tmp_path: Path) -> Path:
    training: dict[str, Any] = {"epochs": 60, "lr": 0.05, "optimizer": "adam"}
    return saved(tmp_path, mlp(5, 3, data={"dataset": "iris"}, last="", loss="cross_entropy", **training), "iris")


def test_predictions_are_a_table_of_classes(iris: Path, tmp_path: Path, capsys: Out):
    table = tmp_path / "flowers.csv"
    table.write_text("a,b,c,d\n5.1,3.5,1.4,0.2\n6.3,3.3,6.0,2.5\n")
    assert main(["train", str(iris), "--run", str(tmp_path / "run")]) == 0
    capsys.readouterr()
    assert main(["predict", str(iris), str(table), "--run", str(tmp_path / "run")]) == 0
    captured = capsys.readouterr()
    rows = list(csv.DictReader(captured.out.splitlines()))
    assert list(rows[0]) == ["predicted", "setosa", "versicolor", "virginica"]
    assert [row["predicted"] for row in rows] == ["setosa", "virginica"]
    for row in rows:
        assert sum(float(row[name]) for name in list(row)[1:]) == pytest.approx(1)
    out = tmp_path / "out.json"
    assert main(["predict", str(iris), str(table), "--run", str(tmp_path / "run"), "-o", str(out)]) == 0
    assert [entry["predicted"] for entry in json.loads(out.read_text())] == ["setosa", "virginica"]
    assert capsys.readouterr().out == ""


def test_predictions_of_arrays_and_images(tmp_path: Path, capsys: Out):
    from PIL import Image

    path = saved(tmp_path, mlp(3, 2, data={"dataset": "inline", "x": [[0.0, 1.0]] * 4, "y": [[1.0, 2.0]] * 4}, last=""))
    np.save(tmp_path / "rows.npy", np.ones((3, 2)))
    assert main(["predict", str(path), str(tmp_path / "rows.npy")]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert (len(rows), list(rows[0])) == (3, ["y1", "y2"])
    images = saved(tmp_path, mlp(10, data={"dataset": "digits"}, last="", loss="cross_entropy"), "digits")
    project = files.load(images)
    graph = project.graph.disconnect(project.graph.wires_into("d0"))[0]
    from engine.graph import Node, Wire

    graph = graph.add(Node("flat", "Flatten"))[0]
    graph = graph.connect(Wire("data", "x", "flat", "in"), Wire("flat", "out", "d0", "in"))[0]
    files.save(replace(project, graph=graph), images)
    (tmp_path / "pictures").mkdir()
    for number in range(2):
        Image.new("L", (20, 20), 100 * number).save(tmp_path / "pictures" / f"{number}.png")
    assert main(["predict", str(images), str(tmp_path / "pictures")]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [row["file"] for row in rows] == ["0.png", "1.png"]
    assert rows[0]["predicted"] in "0123456789"
    assert main(["predict", str(images), str(tmp_path / "none.png")]) == 1
    assert "none.png" in told(capsys)[0]


# -- export --


def test_exports_run_by_themselves(graph: Path, tmp_path: Path, capsys: Out):
    assert main(["train", str(graph), "--run", str(tmp_path / "run")]) == 0
    capsys.readouterr()
    weights = tmp_path / "w.safetensors"
    assert main(["export", str(graph), "--to", "weights", "-o", str(weights), "--run", str(tmp_path / "run")]) == 0
    assert capsys.readouterr().out.split() == [str(weights)]
    assert {name: value.tolist() for name, value in weightfile.read(weights).tensors.items()} == {
        name: value.tolist() for name, value in weights_in(tmp_path / "run").items()
    }
    source = tmp_path / "net.py"
    assert main(["export", str(graph), "--to", "pytorch", "-o", str(source), "--run", str(tmp_path / "run")]) == 0
    done = subprocess.run([sys.executable, str(source)], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


# -- mistakes of its own --


def test_an_unexpected_error_is_one_line_with_a_way_to_more(graph: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch):
    def fail(path: Path) -> Project:
        raise ZeroDivisionError("mistake")

    monkeypatch.setattr(files, "load", fail)
    assert main(["check", str(graph)]) == 1
    assert told(capsys) == ["chainrule: ZeroDivisionError: mistake (--debug tells more)"]
    assert main(["check", str(graph), "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_a_reader_that_leaves_early_is_no_error(graph: Path):
    program = f"{sys.executable} -m engine check {graph} --json | head -c 1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr == ""
