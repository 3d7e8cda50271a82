"""The command line: arguments, `check`, exit codes and one-line errors."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from engine import files
from engine.cli import is_for_command_line, main
from engine.graph import Project
from tests.engine.cli_helpers import Out, lines, saved, told
from tests.engine.training_projects import mlp, small


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    return saved(tmp_path, small())


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


def test_what_is_wrong_with_data_is_told_with_the_name_of_the_block(tmp_path: Path, capsys: Out):
    (tmp_path / "table.csv").write_text("a,b,y\n1,,0.5\n,2,1.5\n3,4,2.5\n")
    path = saved(tmp_path, mlp(2, 1, data={"dataset": "csv", "path": "table.csv"}, last="", epochs=1))
    assert main(["check", str(path)]) == 1
    assert 'error D04: "data": "table.csv" has 2 missing cells in 2 of 3 rows' in capsys.readouterr().out


# -- mistakes of its own --


def test_an_unexpected_error_is_one_line_with_a_way_to_more(graph: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch):
    def fail(path: Path) -> Project:
        raise ZeroDivisionError("mistake")

    monkeypatch.setattr(files, "load", fail)
    assert main(["check", str(graph)]) == 1
    assert told(capsys) == ["chainrule: ZeroDivisionError: mistake (--debug tells more)"]
    assert main(["check", str(graph), "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_what_the_system_refuses_is_told_with_its_place(graph: Path, tmp_path: Path, capsys: Out):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    assert main(["export", str(graph), "--to", "pytorch", "-o", str(in_the_way / "out")]) == 1
    (line,) = told(capsys)
    assert line.startswith(f'chainrule: "{in_the_way}')
    assert "Errno" not in line


def test_a_reader_that_leaves_early_is_no_error(graph: Path):
    program = f"{sys.executable} -m engine check {graph} --json | head -c 1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr == ""
