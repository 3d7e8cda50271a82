"""What looks at a training, on streamed data and on the same in memory: all have to tell the same."""

from __future__ import annotations

import dataclasses
import queue
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.cli import main
from engine.data.streaming.column import Column
from engine.events import Event, RunFailed, StateChanged
from engine.frozen import freeze
from engine.landscape.planes import make_plane
from engine.landscape.surface import SurfaceWork
from engine.losscurve import CurveWork
from engine.probes.observer import Observer
from engine.session import answers, commands
from engine.session.worker import Worker
from engine.surfaceevents import SurfaceWanted
from engine.training.run import Run
from engine.training.slices import Slices
from engine.training.trail import Trail
from tests.engine.cli_helpers import Out, lines, saved, weights_in
from tests.engine.graphs import project
from tests.engine.streamed_files import image_folder, npz_pictures, picture_shards
from tests.engine.training_projects import run_of, train


def small(values: dict[str, Any], memory: str, **training: Any) -> Any:
    """A convolution and a Dense on pictures of 6 × 5."""
    nodes: dict[str, Any] = {
        "data": ("Input", freeze({**values, "memory": memory, "test_fraction": 0.1})),
        "conv": ("Conv2d", freeze({"out_channels": 3, "kernel_size": 3})),
        "act": ("Activation", freeze({"function": "tanh"})),
        "flat": ("Flatten", freeze({})),
        "out": ("Dense", freeze({"out_features": 3})),
        "loss": ("Loss", freeze({"function": "cross_entropy"})),
    }
    wires = ["data.x > conv", "conv > act", "act > flat", "flat > out", "out > loss.prediction", "data.y > loss.target"]
    return project(nodes, wires, training=freeze({"epochs": 2, "batch_size": 8, **training}))


@pytest.fixture(params=[npz_pictures, image_folder, picture_shards])
def runs(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Run, Run]:
    """The training in memory and the streamed one, after an epoch and a half."""
    values = request.param(tmp_path)
    held, streamed = (run_of(small(values, memory)) for memory in ("preload", "stream"))
    for run in (held, streamed):
        run.trail = Trail(run.trainer.net)
        train(run, 8)
    assert isinstance(streamed.loaded.part("train")["data.x"], Column)
    return held, streamed


def same(one: Any, other: Any) -> bool:
    """Whether two values, possibly made of others, are equal to the bit."""
    if dataclasses.is_dataclass(one):
        return all(same(getattr(one, field.name), getattr(other, field.name)) for field in dataclasses.fields(one))
    if isinstance(one, np.ndarray):
        return bool(np.array_equal(one, other, equal_nan=one.dtype.kind == "f"))
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and same(list(one.values()), list(other.values()))
    return bool(one == other)


def test_panels_and_answers(runs: tuple[Run, Run], tmp_path: Path):
    held, streamed = runs
    for split in ("train", "val", "test"):
        assert held.evaluate(split) == streamed.evaluate(split)
    found = []
    for run in runs:
        observer = Observer(run, pytest.fail)
        observer.watch(["Gradients", "WeightHistograms", "ImageGrid", "Confusion"])
        found.append(observer.take_all(lambda: False))
    assert len(found[0]) >= 4
    for one, other in zip(*found, strict=True):
        assert type(one) is type(other)
        assert same(one, other), type(one)
    assert same(answers.trace(held, None), answers.trace(streamed, None))
    assert same(answers.trace(held, 1, 2), answers.trace(streamed, 1, 2))
    picture = np.full((6, 5), 0.3)
    assert same(answers.predict(held, picture), answers.predict(streamed, picture))
    sources = [
        answers.export(run, "pytorch", tmp_path / name)[0].read_text() for name, run in zip("ab", runs, strict=True)
    ]
    assert sources[0] == sources[1]


def test_curves_and_surfaces(runs: tuple[Run, Run]):
    curves, losses = [], []
    for run in runs:
        work = CurveWork(run, ("out.weight", (0, 0)), -1.0, 1.0, 3, "train")
        while not work.done:
            work.advance()
        curves.append(work.curve())
        assert run.trail is not None
        assert run.trainer.batches is not None
        plane = make_plane(run.trail, SurfaceWanted("random"))
        surface = SurfaceWork(run.trainer.net, plane, (-1, 1, -1, 1), 3, run.trainer.batches.data, 20, 0)
        while not surface.done:
            surface.advance()
        grid = surface.grid()
        assert grid is not None
        losses.append((grid[2], surface.samples, surface.of))
    assert same(curves[0], curves[1])
    assert same(losses[0][1:], losses[1][1:])
    assert np.allclose(losses[0][0], losses[1][0], rtol=1e-5)  # several points at once or not, as the clock decides


def test_batches_of_all_samples_are_cut_when_they_are_asked_for():
    data = {"x": torch.arange(10), "y": torch.arange(10) * 2}
    slices = Slices(data, 4)
    assert [batch["y"].tolist() for batch in slices] == [[0, 2, 4, 6], [8, 10, 12, 14], [16, 18]]
    assert (len(slices), slices.samples) == (3, 10)
    assert list(Slices({}, 4)) == [{}]
    with pytest.raises(IndexError, match="there is no 3"):
        slices[3]


def test_a_network_that_gives_back_its_inputs(tmp_path: Path):
    """Its target is the streamed field itself."""
    np.savez(tmp_path / "x.npz", x=np.random.default_rng(0).normal(size=(40, 3)))
    runs = []
    for memory in ("preload", "stream"):
        values = {"dataset": "npz", "path": str(tmp_path / "x.npz"), "memory": memory}
        nodes: dict[str, Any] = {
            "data": ("Input", freeze(values)),
            "d": ("Dense", freeze({"out_features": 3})),
            "loss": ("Loss", freeze({"function": "mse"})),
        }
        wires = ["data.x > d", "d > loss.prediction", "data.x > loss.target"]
        runs.append(train(run_of(project(nodes, wires, training=freeze({"epochs": 2, "batch_size": 8})))))
    assert same(*(run.weights()["d.weight"].numpy() for run in runs))
    assert runs[0].trainer.task == runs[1].trainer.task


def test_the_command_line(tmp_path: Path, capsys: Out):
    values = picture_shards(tmp_path)
    told = {}
    for memory in ("preload", "stream"):
        file = saved(tmp_path, small(values, memory), memory)
        assert main(["check", str(file)]) == 0
        capsys.readouterr()
        run = tmp_path / f"run-{memory}"
        assert main(["train", str(file), "--run", str(run), "--json"]) == 0
        assert main(["evaluate", str(file), "--run", str(run), "--split", "test", "--json"]) == 0
        assert main(["step", str(file), "--batch", "1", "--json"]) == 0
        told[memory] = [{k: v for k, v in line.items() if k != "samples_per_s"} for line in lines(capsys)]
        assert weights_in(run).keys() == {"conv.weight", "conv.bias", "out.weight", "out.bias"}
    assert told["preload"] == told["stream"]
    assert len(told["stream"]) == 4


def test_a_shard_that_is_written_to_ends_the_training_with_one_line(tmp_path: Path, capsys: Out):
    values = picture_shards(tmp_path)
    file = saved(tmp_path, small(values, "stream"))
    run = tmp_path / "run"
    assert main(["train", str(file), "--run", str(run)]) == 0
    shard = tmp_path / "data-01.tar"
    shard.write_bytes(shard.read_bytes()[:3000])
    capsys.readouterr()
    assert main(["train", str(file), "--run", str(tmp_path / "other")]) != 0
    told = capsys.readouterr().err
    assert "data-01.tar" in told
    assert "at byte" in told
    assert "Traceback" not in told


def test_a_long_pass_over_the_data_is_told_and_can_be_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("engine.data.streaming.statistics._MOST_ROWS", 10)
    monkeypatch.setattr("engine.session.reading._PAUSE", 0.0)
    values = {**npz_pictures(tmp_path), "standardize": True}
    told: list[Event] = []
    for second in (commands.Stop(), commands.Pause()):
        inbox: queue.SimpleQueue[commands.Command] = queue.SimpleQueue()
        for command in (commands.Step("batch"), second):
            inbox.put(command)
        told.clear()

        def post(event: Event, inbox: queue.SimpleQueue[commands.Command] = inbox) -> None:
            told.append(event)
            if isinstance(event, StateChanged) and (event.step or event.state == "failed"):
                inbox.put(commands.Close())

        Worker(inbox, post, small(values, "stream"), None, None, None).work()
        failures = [event.code for event in told if isinstance(event, RunFailed)]
        words = [event.message for event in told if isinstance(event, StateChanged)]
        assert failures == (["D09"] if isinstance(second, commands.Stop) else [])
        assert any("Reading the data: " in word for word in words) == (not failures)
