"""`chainrule evaluate`, `step`, `predict` and `export`."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine import files, weightfile
from engine.assets import example
from engine.cli import main
from tests.engine.cli_helpers import Out, lines, saved, told, weights_in
from tests.engine.training_projects import TINY, mlp, run_of, small, train


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    return saved(tmp_path, small())


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


def test_untrained_weights_are_named_where_a_run_has_trained_ones(graph: Path, tmp_path: Path, capsys: Out):
    assert main(["evaluate", str(graph)]) == 0
    assert told(capsys) == []
    assert main(["train", str(graph)]) == 0
    capsys.readouterr()
    (run,) = (tmp_path / "net.runs").iterdir()
    expected = [f'These are the untrained weights of "net.chainrule". For those of its last run, add --run {run}']
    for command in (["evaluate", str(graph)], ["export", str(graph), "--to", "weights", "-o", str(tmp_path / "w")]):
        assert main(command) == 0
        assert told(capsys) == expected
    assert main(["evaluate", str(graph), "--run", str(run)]) == 0
    assert told(capsys) == []


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


def test_predictions_go_to_csv_or_json_alone(iris: Path, tmp_path: Path, capsys: Out):
    out = tmp_path / "answers.txt"
    assert main(["predict", str(iris), str(tmp_path / "any.csv"), "-o", str(out)]) == 1
    (line,) = told(capsys)
    assert f'"{out}"' in line
    assert "answers.csv" in line
    assert not out.exists()


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
