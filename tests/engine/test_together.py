"""Several processes train as one does: the same losses, the same weights, whatever happens in between.

All launches are made by one program (`together_program`), which imports torch once; the tests look at what is left.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from torch._C._distributed_c10d import HashStore

from engine import checkpoints
from engine.cli import main
from engine.distributed.meeting import meet, reach
from engine.problem import ChainruleError
from engine.training.checkpoint import load_state
from engine.watching.folder import FolderPlace
from engine.watching.watcher import Watcher
from tests.engine.cli_helpers import Out, lines, saved, weights_in
from tests.engine.together_projects import CIRCLE, projects
from tests.engine.training_projects import mlp

pytestmark = [
    pytest.mark.timeout(600),  # the launches are made before the first test, and on a busy machine take their time
    pytest.mark.slow,  # all launches take half a minute, most of it FSDP's first steps and torchrun's waits
    pytest.mark.skipif(sys.platform != "linux", reason="processes are forked, and found in /proc"),
]

EXACT, SINGLE, HALF = 1e-10, 1e-5, 1e-3
"""Tolerances for float64, float32 and fp16: several processes add the same numbers in another order."""

OTHERS = ("adversaries", "many", "streamed", "half", "numbers", "wide")


def jobs() -> dict[str, dict[str, Any]]:
    """All launches, in order; a run directory has the name of its job unless another is given."""
    made: dict[str, dict[str, Any]] = {}

    def job(name: str, graph: str, processes: int, *options: str, run: str = "", **more: Any) -> None:
        arguments = [f"{graph}.chainrule", "--run", run or name, *options]
        made[name] = {"arguments": arguments, "processes": processes, **more}

    sizes = {"norm": 3, "sum": 3, "streamed": 4, "many": 3, "numbers": 3}
    for graph in ("norm", "sum", "single", "phases", "small", "stopping", *OTHERS):
        job(f"{graph}-1", graph, 1)
        job(f"{graph}-ddp", graph, sizes.get(graph, 2))
    for graph, size in (("norm", 3), ("sum", 2), ("single", 2), ("small", 2), ("stopping", 2), ("many", 3)):
        job(f"{graph}-fsdp", graph, size, "--strategy", "fsdp")
    often = ("--checkpoint-every", "2steps")
    for strategy in ("ddp", "fsdp"):
        restart = {"TORCHELASTIC_RUN_ID": f"launch-{strategy}", "TORCHELASTIC_RESTART_COUNT": "1"}
        first = {**restart, "TORCHELASTIC_RESTART_COUNT": "0", "TORCHELASTIC_MAX_RESTARTS": "1"}
        options = (*often, "--strategy", strategy)
        killed = f"killed-{strategy}"
        job(f"whole-{strategy}", "dropout", 2, *options)
        job(killed, "dropout", 2, *options, doom=["kill", 1, 8], environment=first)
        job(f"again-{strategy}", "dropout", 2, *options, run=killed, environment=restart)
    for name, what in (("half", ["half a file", 1, 4]), ("judging", ["judging", 1, 2])):
        environment = {name: value.replace("ddp", name) for name, value in restart.items()}
        job(f"killed-{name}", "norm", 2, *often, doom=what, environment=environment)
        environment = {**environment, "TORCHELASTIC_RESTART_COUNT": "0"}  # as on a machine that came later
        job(f"again-{name}", "norm", 3, *often, run=f"killed-{name}", environment=environment)
    job("streamed-part", "streamed", 3, "--steps", "8")
    job("streamed-other", "streamed", 2, "--resume", run="streamed-part")
    job("auto", "norm", 2, doom=["no memory", 1, 0])
    made["elastic"] = {
        "arguments": ["small.chainrule", "--run", "elastic", "--epochs", "10000", *often],
        "run": "elastic",
    }
    job("part", "norm", 2, "--strategy", "fsdp", "--steps", "8")
    job("other", "norm", 3, "--resume", run="part", doom=["stop", 2, 2])
    job("one", "norm", 1, "--resume", run="part")
    job("one-first", "norm", 1, "--steps", "5")
    job("two-then", "norm", 2, "--resume", "--strategy", "fsdp", run="one-first")
    job("bad", "bad", 2)
    job("fail", "norm", 2, doom=["fail", 1, 3])
    job("data", "norm", 2, doom=["data", 1, 3], environment={"TORCHELASTIC_ERROR_FILE": "report.json"})
    job("labels", "norm", 2, doom=["other data", 1, 0])
    job("disk", "norm", 2, *often, doom=["disk", 0, 2])
    job("missing", "nothing", 2)
    job("taken", "norm", 2, run="norm-1")
    job("sharded-phases", "phases", 2, "--strategy", "fsdp")
    return made


class Left(NamedTuple):
    """What all launches left behind."""

    folder: Path
    codes: Mapping[str, list[int]]
    told: Mapping[str, list[str]]


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Left:
    folder = tmp_path_factory.mktemp("together")
    for name, made in projects(folder).items():
        saved(folder, made, name)
    wanted = jobs()
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    program = [sys.executable, "-m", "tests.engine.together_program", str(folder)]
    done = subprocess.run(
        program,
        input=json.dumps(list(wanted.values())),
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    results = dict(zip(wanted, json.loads(done.stdout), strict=True))
    codes = {name: result["codes"] for name, result in results.items()}
    return Left(folder, codes, {name: result["told"] for name, result in results.items()})


def records(run: Path) -> list[dict[str, Any]]:
    """The lines of a run, as numbers to compare."""
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def assert_alike(left: Left, one: str, other: str, tolerance: float) -> None:
    """Two runs have the same epochs and the same weights."""
    ours, theirs = records(left.folder / one), records(left.folder / other)
    assert len(ours) == len(theirs) > 0
    for mine, wanted in zip(ours, theirs, strict=True):
        assert mine.keys() == wanted.keys()
        assert mine["metrics"] == pytest.approx(wanted["metrics"], rel=tolerance, abs=tolerance)
        for key in ("epoch", "step", "loss", "val_loss", "lr"):
            assert mine[key] == pytest.approx(wanted[key], rel=tolerance), (one, key)
    found = weights_in(left.folder / one)
    for name, value in weights_in(left.folder / other).items():
        torch.testing.assert_close(found[name], value, rtol=tolerance, atol=tolerance)


ALIKE = [
    name for name in jobs() if re.fullmatch(r"[a-z]+-(ddp|fsdp)", name) and f"{name.partition('-')[0]}-1" in jobs()
]


@pytest.mark.parametrize("name", ALIKE)
def test_the_curve_is_that_of_one_process(left: Left, name: str):
    assert set(left.codes[name]) == {0}, left.told[name]
    graph = name.partition("-")[0]
    assert_alike(left, name, f"{graph}-1", {"single": SINGLE, "half": HALF}.get(graph, EXACT))


def test_the_leader_alone_writes_and_tells(left: Left):
    told = left.told["norm-ddp"]
    assert "Run:" in told[0]
    assert "val_loss" in told[0]
    assert told[1:] == ["", ""]
    assert {path.name for path in (left.folder / "norm-ddp").iterdir()} >= {
        "graph.chainrule",
        "weights.safetensors",
        "best.safetensors",
        "metrics.jsonl",
    }


@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_a_lost_process_is_survived(left: Left, strategy: str):
    codes, told = left.codes[f"killed-{strategy}"], left.told[f"killed-{strategy}"]
    assert codes == [1, -9]
    assert "Another process of the training was lost after step 7. All are started again." in told[0]
    assert left.codes[f"again-{strategy}"] == [0, 0], left.told[f"again-{strategy}"]
    assert_alike(left, f"killed-{strategy}", f"whole-{strategy}", 0.0)


@pytest.mark.parametrize("name", ["half", "judging"])
def test_a_process_lost_while_it_writes_or_judges_is_survived_with_others_in_number(left: Left, name: str):
    assert left.codes[f"killed-{name}"] == [1, -9]
    assert "was lost after step" in left.told[f"killed-{name}"][0]
    assert left.codes[f"again-{name}"] == [0, 0, 0], left.told[f"again-{name}"]
    assert_alike(left, f"killed-{name}", "norm-1", EXACT)


def test_streamed_data_are_gone_on_with_in_the_middle_of_an_epoch(left: Left):
    """By two processes, where three began, with three archives; four made the whole training above."""
    assert left.codes["streamed-other"] == [0, 0], left.told["streamed-other"]
    ours, theirs = records(left.folder / "streamed-part")[-1], records(left.folder / "streamed-1")[-1]
    for key in ("step", "loss", "val_loss"):
        assert ours[key] == pytest.approx(theirs[key], rel=EXACT)


def test_parameters_are_sharded_where_they_do_not_fit(left: Left):
    assert left.codes["auto"] == [0, 0], left.told["auto"]
    assert re.search(
        r"would need about .*, and 500 bytes is free: the parameters are sharded over all 2", left.told["auto"][0]
    )
    assert_alike(left, "auto", "norm-1", EXACT)


def test_machines_come_and_go(left: Left):
    """torchrun's agents make one process, two, and one again; the batches stay those of the file."""
    assert left.codes["elastic"] == [1, 2, 1], left.told["elastic"]
    run = left.folder / "elastic"
    known = checkpoints.standing(checkpoints.checkpoints_in(run)[0])
    assert known is not None
    assert known.step > 0
    alone = left.folder / "elastic-alone"
    graph = str(left.folder / "small.chainrule")
    assert main(["train", graph, "--run", str(alone), "--epochs", "10000", "--steps", str(known.step)]) == 0
    ours, theirs = records(run), records(alone)
    assert 0 < len(ours) == known.epochs
    for mine, wanted in zip(ours, theirs, strict=False):
        for key in ("epoch", "step", "loss", "val_loss"):
            assert mine[key] == pytest.approx(wanted[key], rel=1e-8), key
    found = weights_in(run)
    for name, value in weights_in(alone).items():
        torch.testing.assert_close(found[name], value, rtol=1e-8, atol=1e-8)


def test_processes_find_each_other_where_others_were_before():
    """At a store that holds what a launch left which was killed while its processes met."""
    store = HashStore()
    with pytest.raises(ChainruleError, match=r"nothing was heard of process 0"):
        meet(store, 1, 3, 0.0)
    with pytest.raises(ChainruleError, match=r"nothing was heard of 2 processes of 3 \(number 1, 2\)"):
        meet(store, 0, 3, 0.0)
    with pytest.raises(ChainruleError, match=r"127.0.0.1:1, where the processes meet, cannot be reached"):
        reach("127.0.0.1", 1, 0.0)
    with ThreadPoolExecutor(3) as pool:
        names = [list(pool.map(lambda rank: meet(store, rank, 3, 30.0), range(3))) for _ in range(3)]
    assert [len(set(each)) for each in names] == [1, 1, 1]
    assert len({each[0] for each in names}) == 3


def test_what_sharded_processes_left_others_go_on_with(left: Left):
    assert left.codes["part"] == [0, 0]
    assert left.codes["other"] == [143, 143, 143], "one was asked to stop, so all did"
    assert "Stopped at step 11. Go on with: --resume" in left.told["other"][0]
    assert left.codes["one"] == [0], left.told["one"]
    ours, theirs = records(left.folder / "part")[-1], records(left.folder / "norm-1")[-1]
    for key in ("loss", "val_loss"):
        assert ours[key] == pytest.approx(theirs[key], rel=EXACT)


def test_what_one_process_left_several_go_on_with(left: Left):
    assert left.codes["two-then"] == [0, 0], left.told["two-then"]
    ours, theirs = records(left.folder / "one-first")[-1], records(left.folder / "norm-1")[-1]
    for key in ("loss", "val_loss"):
        assert ours[key] == pytest.approx(theirs[key], rel=EXACT)


def test_weights_are_those_that_every_command_reads(left: Left, capsys: Out, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(left.folder)
    assert main(["evaluate", "norm.chainrule", "--run", "norm-fsdp", "--json"]) == 0
    assert lines(capsys)[0]["loss"] == pytest.approx(records(left.folder / "norm-1")[-1]["val_loss"], rel=EXACT)


def test_a_checkpoint_of_several_has_a_part_of_each_and_can_be_read_whole(left: Left):
    run = left.folder / "norm-fsdp"
    newest = checkpoints.checkpoints_in(run)[0]
    assert {path.name for path in newest.iterdir()} == {
        "0.safetensors",
        "1.safetensors",
        "2.safetensors",
        "index.json",
    }
    known = checkpoints.standing(newest)
    assert known is not None
    assert (known.step, known.over) == (12, True)
    network = load_state(newest)["trainer"]["network"]
    for name, value in weights_in(run).items():
        assert torch.equal(network[name], value)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("bad", "Loss became infinite at step"),
        ("fail", "Process 1: .* this block is broken"),
        ("data", 'Process 1: "p.npz" was changed'),
        ("labels", r'Process 1, on \S+, has other data in "data.y" \(train\) than process 0'),
        ("disk", "cannot be written: no space"),
        ("missing", 'There is no file "nothing.chainrule"'),
        ("taken", '"norm-1" holds a run already'),
        ("sharded-phases", "several phases cannot be sharded"),
    ],
)
def test_what_goes_wrong_ends_all_and_is_told_once(left: Left, name: str, said: str):
    assert set(left.codes[name]) == {1}
    errors = [line for told in left.told[name] for line in told.splitlines() if line.startswith("chainrule: ")]
    assert len(errors) == 1, errors
    assert re.search(said, errors[0])
    assert "Traceback" not in "".join(left.told[name])


def test_torchrun_learns_why(left: Left):
    assert 'Process 1: "p.npz" was changed' in json.loads((left.folder / "report.json").read_text())["message"]


def test_a_run_of_several_can_be_watched(left: Left):
    run = left.folder / "norm-fsdp"
    news = Watcher(FolderPlace(run)).look()
    assert [dict(record) for record in news.records] == records(run)
    assert news.standing is not None
    assert (news.standing.step, news.standing.over) == (12, True)


def test_torchrun_itself_starts_them_again(left: Left):
    graph = left.folder / "long.chainrule"
    saved(left.folder, mlp(6, 1, data=CIRCLE, batch_size=9, lr=0.1, dtype="float64"), "long")
    ends = ("--checkpoint-every", "20steps", "--steps", "400")
    assert main(["train", str(graph), "--run", str(left.folder / "undisturbed"), *ends]) == 0
    run = left.folder / "disturbed"
    launch = ["--standalone", "--nproc-per-node", "2", "--max-restarts", "1", "-m", "engine"]
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        *launch,
        "train",
        str(graph),
        "--run-dir",
        str(run),
        *ends,
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as agent:
        try:
            last = time.monotonic() + 200
            while not checkpoints.checkpoints_in(run) and agent.poll() is None and time.monotonic() < last:
                time.sleep(0.005)
            workers = Path(f"/proc/{agent.pid}/task/{agent.pid}/children").read_text().split()
            os.kill(int(workers[-1]), signal.SIGKILL)
            said, _ = agent.communicate(timeout=200)
        finally:
            agent.kill()
    assert agent.returncode == 0, said
    assert "All are started again." in said
    assert_alike(left, "disturbed", "undisturbed", 1e-8)
