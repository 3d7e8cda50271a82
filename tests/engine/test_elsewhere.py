"""A folder for another machine: it trains there as here, whatever the names; half of one never stays."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine import edits, files
from engine.cli import main
from engine.elsewhere.needs import requirements
from engine.elsewhere.options import Options
from engine.elsewhere.scripts import readme, train_sh, train_slurm
from engine.elsewhere.sources import sources
from engine.elsewhere.writing import Cancelled, Package, graph_name, write
from engine.graph import Project
from engine.problem import ChainruleError, DataError, FileError
from tests.engine.cli_helpers import Out, saved, weights_in
from tests.engine.training_projects import mlp, run_of, small

ODD = [
    "plain",
    "it's",
    'a "b"',
    "$(touch x)",
    "`touch x`",
    "-rf",
    "a;b|c&d",
    "ä ö 漢",
    "new\nline",
    "#!",
    "!his",
    "\\n",
]


def with_csv(folder: Path, name: str = "points.csv") -> Project:
    """A graph that learns from a table of two features and a class."""
    rows = [f"{x / 10:.2f},{(x * 7 % 11) / 10:.2f},{'high' if x % 3 else 'low'}" for x in range(60)]
    (folder / name).write_text("a,b,kind\n" + "\n".join(rows) + "\n")
    project, _ = edits.set_params(small(), "data", {"dataset": "csv", "path": name, "target": "kind"})
    return project


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize(
    "options", [Options(), Options(processes=4, nodes=2, memory="32G", partition="gpu", account="me")]
)
def test_scripts_are_bash_whatever_the_name(name: str, options: Options, tmp_path: Path):
    for script in (train_sh, train_slurm):
        path = tmp_path / "script"
        path.write_text(script(f"{name}.chainrule", options))
        done = subprocess.run(["bash", "-n", str(path)], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", ODD)
def test_the_program_gets_the_name_as_it_is(name: str, tmp_path: Path):
    """With programs in the place of Python and torchrun that print what they are given."""
    for program in ("python", "torchrun", "srun"):
        shown = tmp_path / program
        shown.write_text("#!/bin/bash\nprintf '%s\\0' \"$@\"\n")
        shown.chmod(0o755)
    (tmp_path / "scontrol").write_text("#!/bin/bash\necho first\necho second\n")
    (tmp_path / "scontrol").chmod(0o755)
    slurm = {"SLURM_SUBMIT_DIR": str(tmp_path), "SLURM_JOB_NODELIST": "x", "SLURM_NNODES": "2", "SLURM_JOB_ID": "7"}
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", **slurm}
    wanted = f"./{name}.chainrule"

    def given(text: str, *more: str) -> list[str]:
        (tmp_path / "script").write_text(text)
        command = ["bash", str(tmp_path / "script"), *more]
        done = subprocess.run(command, capture_output=True, env=environment, check=True)
        return done.stdout.decode().split("\0")[:-1]

    file = f"{name}.chainrule"
    alone = given(train_sh(file, Options()), "--epochs", "2")
    assert alone == ["-m", "engine", "train", wanted, "--run", "run", "--epochs", "2"]
    several = given(train_sh(file, Options(processes=4)))
    engine = ["-m", "engine", "train", wanted, "--run-dir", "run"]
    again = ["--max-restarts", "3"]  # a lost process is survived
    assert several == ["--nproc-per-node", "4", *again, "--standalone", *engine]
    meet = ["--rdzv-id", "7", "--rdzv-backend", "c10d", "--rdzv-endpoint", "first:29507", *again]
    for nodes in ("2", "1"):
        environment["SLURM_NNODES"] = nodes
        slurm_job = given(train_slurm(file, Options(processes=4, nodes=int(nodes))))
        assert slurm_job == ["torchrun", "--nnodes", nodes, "--nproc-per-node", "4", *meet, *engine]
    assert "first:5000" in given(train_slurm(file, Options(port=5000))), "as it was chosen"
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "graph.chainrule").touch()
    assert given(train_sh(file, Options()))[-1] == "--resume"
    assert not (tmp_path / "x").exists()


def test_lines_for_slurm():
    text = train_slurm("a b.chainrule", Options(processes=4, nodes=2, gpus=4, cpus=3, memory="32G", account="me"))
    lines = [line for line in text.splitlines() if "SBATCH" in line]
    assert "#SBATCH --job-name=a-b" in lines
    assert "#SBATCH --nodes=2" in lines
    assert "#SBATCH --gpus-per-node=4" in lines
    assert "#SBATCH --cpus-per-task=12" in lines
    assert "export SRUN_CPUS_PER_TASK=12" in text
    assert "#SBATCH --mem=32G" in lines
    assert "#SBATCH --signal=TERM@120" in lines
    assert "#SBATCH --account=me" in lines
    assert "##SBATCH --partition=NAME" in lines


@pytest.mark.parametrize(
    "wrong",
    [
        {"processes": 0},
        {"port": 80},
        {"time": "1; reboot"},
        {"time": "soon"},
        {"memory": "all"},
        {"partition": "a b"},
        {"account": "x\n#SBATCH --nodes=99"},
        {"account": "--wrap"},
    ],
)
def test_what_slurm_would_take_for_something_else_is_refused(wrong: dict[str, Any], tmp_path: Path):
    options = replace(Options(), **wrong)
    assert list(options.faults()) == list(wrong)
    with pytest.raises(ChainruleError):
        write(Package(small(), "net.chainrule", None, options), tmp_path / "folder")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("time", ["30", "1:30:00", "24:00:00", "2-12", "7-00:00:00"])
def test_time_as_slurm_writes_it(time: str):
    assert not Options(time=time).faults()


def test_versions_are_those_in_force():
    import torch

    text = requirements(program=True)
    assert f"\ntorch=={torch.__version__.partition('+')[0]}\n" in text
    assert "PySide6" not in text
    assert not any(line.startswith("chainrule") for line in text.splitlines())
    assert re.search(r"^chainrule==\d", requirements(program=False), re.MULTILINE)


def test_names_that_no_file_can_have():
    assert graph_name("my net.chainrule") == "my net.chainrule"
    assert graph_name("a/b:c") == "a-b-c.chainrule"
    assert graph_name("new\nline") == "new-line.chainrule"
    assert graph_name("..") == "network.chainrule"
    assert graph_name("half \ud800") == "half -.chainrule"


def test_the_folder_trains_as_at_home(tmp_path: Path, capsys: Out):
    """Packed, moved, trained by its own script and its own copy of the engine: the same epochs, the same weights."""
    home = tmp_path / "it's home"
    home.mkdir()
    graph = saved(home, with_csv(home), "my net")
    assert main(["train", str(graph), "--run", str(home / "run")]) == 0
    packed = tmp_path / "packed"
    assert main(["pack", str(graph), "--out", str(packed)]) == 0
    assert sorted(path.name for path in packed.iterdir()) == [
        "README.txt",
        "data",
        "my net.chainrule",
        "program",
        "requirements.txt",
        "train.sh",
        "train.slurm",
    ]
    there = packed.rename(tmp_path / "other machine")
    (home / "points.csv").rename(home / "gone.csv")  # nothing here is needed there
    environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
    program = "import engine, sys; print(engine.__file__)"
    own = subprocess.run(
        [sys.executable, "-c", program],
        env={**environment, "PYTHONPATH": str(there / "program")},
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )
    assert own.stdout.strip() == str(there / "program" / "engine" / "__init__.py")
    command = ["bash", str(there / "train.sh"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd="/", check=True)
    names = ("epoch", "step", "loss", "val_loss", "metrics", "lr")

    def told(text: str) -> list[dict[str, object]]:
        return [{name: json.loads(line)[name] for name in names} for line in text.splitlines()]

    assert told(done.stdout) == told((home / "run" / "metrics.jsonl").read_text())
    assert (there / "run" / "metrics.jsonl").read_text().splitlines() == done.stdout.splitlines()
    expected, found = weights_in(home / "run"), weights_in(there / "run")
    assert found.keys() == expected.keys()
    assert all(bool((found[name] == value).all()) for name, value in expected.items())
    capsys.readouterr()
    (home / "gone.csv").rename(home / "points.csv")
    assert main(["evaluate", str(graph), "--run", str(there / "run"), "--split", "val", "--json"]) == 0  # home again
    assert json.loads(capsys.readouterr().out)["loss"] == told(done.stdout)[-1]["val_loss"]


def test_data_that_are_there_already_are_referred_to(tmp_path: Path, capsys: Out):
    graph = saved(tmp_path, with_csv(tmp_path))
    out = tmp_path / "out"
    assert main(["pack", str(graph), "--out", str(out), "--data-at", "/scratch/it's.csv", "--without-program"]) == 0
    assert files.load(out / "net.chainrule").graph.nodes["data"].params["path"] == "/scratch/it's.csv"
    assert not (out / "data").exists()
    assert not (out / "program").exists()
    assert main(["pack", str(graph), "--out", str(tmp_path / "b"), "--data-at", "/a", "--data-at", "/b"]) == 1
    assert "points.csv" in capsys.readouterr().err


def test_bundled_and_own_pictures_go_along(tmp_path: Path):
    project, _ = edits.set_params(small(), "data", {"dataset": "fashion-mnist", "source": "sample"})
    (source,) = sources(project, None)
    assert len(source.files()) == 4
    write(Package(project, "net.chainrule", None, Options(program=False), (source,)), tmp_path / "out")
    there = files.load(tmp_path / "out" / "net.chainrule")
    (again,) = sources(there, tmp_path / "out")
    assert again.place == tmp_path / "out" / "data"
    assert [size for *_, size in again.files()] == [size for *_, size in source.files()]


def test_a_folder_of_images_keeps_its_folders(tmp_path: Path):
    for name in ("cat/1.png", "dog/2.png", "dog/more/3.png"):
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    project, _ = edits.set_params(small(), "data", {"dataset": "images", "path": "pictures"})
    (source,) = sources(project, tmp_path)
    write(Package(project, "net.chainrule", None, Options(program=False), (source,)), tmp_path / "out")
    copies = {
        path.relative_to(tmp_path / "out" / "data").as_posix(): path.read_bytes()
        for path in (tmp_path / "out" / "data").rglob("*.png")
    }
    assert copies == {name: name.encode() for name in ("cat/1.png", "dog/2.png", "dog/more/3.png")}
    assert files.load(tmp_path / "out" / "net.chainrule").graph.nodes["data"].params["path"] == "data"


def test_start_weights_of_their_own_file_go_along(tmp_path: Path):
    made = mlp(2, 64, 64, 1, data={"dataset": "circle", "samples": 60})
    weights = {name: value.numpy() for name, value in run_of(made).weights().items()}
    project = files.save(made, tmp_path / "net.chainrule", weights)
    assert project.weights, "they are too many for the graph file"
    write(Package(project, "net.chainrule", tmp_path, Options(program=False)), tmp_path / "out")
    there = files.load(tmp_path / "out" / "net.chainrule")
    assert (there.weights, there.parameters) == (project.weights, project.parameters)
    assert (tmp_path / "out" / there.weights).read_bytes() == (tmp_path / project.weights).read_bytes()


@pytest.mark.parametrize("after", [0, 1, 5])
def test_a_half_written_folder_never_stays(tmp_path: Path, after: int):
    place = tmp_path / "place"
    place.mkdir()
    (source,) = sources(with_csv(tmp_path), tmp_path)
    calls: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> bool:
        calls.append((done, total))
        return len(calls) <= after

    package = Package(with_csv(tmp_path), "net.chainrule", None, Options(program=False), (source,))
    if after == 5:
        write(package, place / "out", progress)
        assert (place / "out" / "data" / "points.csv").is_file()
    else:
        with pytest.raises(Cancelled):
            write(package, place / "out", progress)
        assert list(place.iterdir()) == []


def test_a_failure_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.elsewhere.writing._write_texts", full)
    with pytest.raises(FileError, match="No space left"):
        write(Package(small(), "net.chainrule", None), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_never_overwritten(tmp_path: Path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("precious")
    with pytest.raises(FileError, match="there already"):
        write(Package(small(), "net.chainrule", None), tmp_path / "out")
    assert (tmp_path / "out" / "mine").read_text() == "precious"
    (tmp_path / "empty").mkdir()
    write(Package(small(), "net.chainrule", None, Options(program=False)), tmp_path / "empty")
    assert (tmp_path / "empty" / "train.sh").is_file()


def test_data_that_are_missing_are_told(tmp_path: Path, capsys: Out):
    project, _ = edits.set_params(small(), "data", {"dataset": "csv", "path": "gone.csv"})
    with pytest.raises(DataError, match=re.escape("gone.csv")):
        sources(project, tmp_path)
    assert main(["pack", str(saved(tmp_path, project)), "--out", str(tmp_path / "out")]) == 1
    assert not (tmp_path / "out").exists()
    assert "gone.csv" in capsys.readouterr().err


def test_the_commands_of_the_readme_are_commands():
    for options in (Options(), Options(program=False)):
        for line in readme(options).splitlines():
            if line.startswith("   ") and line.strip()[0] not in "(t":
                assert shlex.split(line)
