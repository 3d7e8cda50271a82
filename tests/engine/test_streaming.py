"""Streamed data against the same data in memory."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, final

import numpy as np
import pytest
import torch

from engine.blocks.input import Input
from engine.data import DataSet, load_data
from engine.data.filefacts import waiting_lookup
from engine.data.preview import preview
from engine.data.streaming.ahead import Ahead
from engine.data.streaming.column import Column
from engine.data.streaming.statistics import mean_and_deviation
from engine.dataspec import SPLITS, DataFacts
from engine.frozen import freeze
from engine.problem import DataError
from engine.training.batching import Batches
from engine.training.crew import Crew
from engine.training.run import Run
from tests.engine.graphs import project
from tests.engine.streamed_files import (
    FORMS,
    SAMPLES,
    array_shards,
    image_folder,
    npy_table,
    npz_pictures,
    picture_shards,
)
from tests.engine.training_projects import run_of, train
from tests.helpers.data import input_params

Form = Callable[[Path], dict[str, Any]]


def column(data: DataSet, split: Any = "train") -> Column:
    x = data.part(split)["x"]
    assert isinstance(x, Column)
    return x


def run_with(values: dict[str, Any], **training: Any) -> Run:
    """A small network, convolutional where there are pictures, with dropout and batch normalisation."""
    flat = not load_data(input_params(**values)).is_image
    nodes: dict[str, Any] = {
        "data": ("Input", freeze(values)),
        "first": ("Dense", freeze({"out_features": 8}))
        if flat
        else ("Conv2d", freeze({"out_channels": 4, "kernel_size": 3})),
        "norm": ("BatchNorm1d" if flat else "BatchNorm2d", freeze({})),
        "act": ("Activation", freeze({"function": "relu"})),
        "flat": ("Flatten", freeze({})),
        "drop": ("Dropout", freeze({"p": 0.2})),
        "last": ("Dense", freeze({"out_features": 3})),
        "loss": ("Loss", freeze({"function": "cross_entropy"})),
    }
    if flat:
        del nodes["flat"]
    names = ["data.x", *list(nodes)[1:-1]]
    wires = [f"{one} > {other}" for one, other in itertools.pairwise(names)]
    wires += ["last > loss.prediction", "data.y > loss.target"]
    settings = {"epochs": 3, "batch_size": 8, "optimizer": "adam", "lr": 0.01, "seed": 4, **training}
    return run_of(project(nodes, wires, training=freeze(settings)))


# -- equal to memory, to the bit --


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shuffle", [True, False])
def test_a_streamed_training_is_the_one_in_memory_to_the_bit(tmp_path: Path, form: Form, shuffle: bool):
    values = {**form(tmp_path), "standardize": True}
    held, streamed = (
        train(run_with({**values, "memory": memory}, shuffle=shuffle)) for memory in ("preload", "stream")
    )
    assert streamed.loaded.data["data"].streamed
    assert not held.loaded.data["data"].streamed
    assert streamed.trainer.steps > 15
    for one, other in zip(held.records, streamed.records, strict=True):
        assert (one["loss"], one["val_loss"], one["metrics"]) == (other["loss"], other["val_loss"], other["metrics"])
    for name, tensor in held.weights().items():
        assert torch.equal(tensor, streamed.weights()[name]), name


@pytest.mark.parametrize("form", FORMS)
def test_a_streamed_data_set_looks_like_the_one_in_memory(tmp_path: Path, form: Form):
    values = {**form(tmp_path), "test_fraction": 0.2, "standardize": True, "one_hot": True}
    held, streamed = (load_data(input_params(**values, memory=memory)) for memory in ("preload", "stream"))
    assert streamed.facts.counts == held.facts.counts
    assert streamed.facts.fields == held.facts.fields
    assert waiting_lookup(None)(input_params(**values, memory="stream")) == streamed.facts
    picked = torch.tensor([2, 0, 1])
    for split in SPLITS:
        there, here = column(streamed, split), held.part(split)["x"]
        assert (there.shape, there.dtype, len(there), there.numel()) == (
            here.shape,
            here.dtype,
            len(here),
            here.numel(),
        )
        for rows in (slice(0, 4), slice(4, 9), slice(None), picked, picked.numpy()):
            assert torch.equal(there[rows], here[rows])
        assert torch.equal(streamed.part(split)["y"], held.part(split)["y"])
        assert np.array_equal(streamed.pictures(split, slice(1, 3)), held.pictures(split, slice(1, 3)))
    shown = [preview(data.params, None, "data") for data in (streamed, held)]
    assert shown[0].error == ""
    assert np.array_equal(shown[0].fields["x"], shown[1].fields["x"])
    counts = [event.class_counts for event in shown]
    assert counts[0] is not None
    assert counts[1] is not None
    assert np.array_equal(counts[0], counts[1])


RNG = np.random.default_rng(5)


@pytest.mark.parametrize(
    "arrays",
    [
        {"x": RNG.normal(size=50), "y": RNG.normal(size=50)},
        {"x": RNG.integers(0, 9, (50, 2, 3)), "y": RNG.normal(size=(50, 2))},
        {"x": RNG.integers(0, 255, (50, 4, 5), dtype=np.uint8), "y": np.arange(50) % 3},
        {"x": RNG.integers(0, 255, (50, 3, 5, 4), dtype=np.uint8), "y": np.arange(50) % 3},
        {"x": RNG.normal(size=(50, 3, 4, 4)).astype(np.float16), "y": np.array(["a", "b"] * 25)},
        {
            "x": RNG.normal(size=(50, 2)).astype(">f4"),
            "x_val": RNG.normal(size=(5, 2)),
            "x_test": RNG.normal(size=(4, 2)),
        },
        {"x": RNG.normal(size=(50, 2)) > 0, "y": np.arange(50) % 2},
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_arrays_of_every_kind_are_as_in_memory(tmp_path: Path, arrays: dict[str, Any], dtype: torch.dtype):
    np.savez(tmp_path / "a.npz", **arrays)
    values = {"dataset": "npz", "path": str(tmp_path / "a.npz"), "standardize": True, "test_fraction": 0.1}
    held, streamed = (load_data(input_params(**values, memory=memory), dtype=dtype) for memory in ("preload", "stream"))
    for split in SPLITS:
        for name, tensor in held.part(split).items():
            there = streamed.part(split)[name]
            assert isinstance(there, Column) == (name == "x")
            assert torch.equal(there[:], tensor)


def test_a_streamed_training_is_resumed_within_an_epoch_to_the_bit(tmp_path: Path):
    """After captured steps have begun, if they are any faster."""
    values = {**npz_pictures(tmp_path), "memory": "stream"}
    whole = train(run_with(values, epochs=8), 45)
    first, second = run_with(values, epochs=8), run_with(values, epochs=8)
    train(first, 31)
    second.restore(first.state())
    train(second, 45)
    held = train(run_with({**values, "memory": "preload"}, epochs=8), 45)
    assert whole.trainer.steps == second.trainer.steps == 45
    for name, tensor in whole.weights().items():
        assert torch.equal(tensor, second.weights()[name]), name
        assert torch.equal(tensor, held.weights()[name]), name


def test_what_needs_all_samples_at_once_is_refused(tmp_path: Path):
    x = column(load_data(input_params(**npy_table(tmp_path), memory="stream")))
    for work in (x.mean, x.clone, lambda: torch.add(x, 1), lambda: torch.stack([x])):
        with pytest.raises(TypeError, match="on disk"):
            work()
    assert "on disk" in repr(x)


# -- what is streamed --


def test_what_is_too_much_for_the_memory_is_streamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    values = image_folder(tmp_path)
    needed = SAMPLES * 90 * 9
    for free, streamed in ((needed * 4 - 1, True), (needed * 4, False), (None, False)):
        monkeypatch.setattr("engine.data.streaming.memory.available_bytes", lambda free=free: free)
        data = load_data(input_params(**values))
        assert data.streamed == streamed
    monkeypatch.setattr("engine.data.streaming.memory.available_bytes", lambda: 0)
    facts = waiting_lookup(None)(input_params(**values))
    on_disk = sum(file.stat().st_size for file in tmp_path.rglob("*.png"))
    assert isinstance(facts, DataFacts)
    assert facts.streamed == on_disk
    assert Input().data_summary(input_params(**values), facts) == "Folder of images · images · streamed"


def test_compressed_arrays_cannot_be_streamed(tmp_path: Path):
    np.savez_compressed(tmp_path / "a.npz", x=np.zeros((9, 2)), y=np.arange(9))
    values = {"dataset": "npz", "path": str(tmp_path / "a.npz")}
    with pytest.raises(DataError, match="compressed") as caught:
        load_data(input_params(**values, memory="stream"))
    assert caught.value.code == "D05"
    assert not load_data(input_params(**values)).streamed


# -- reading ahead --


def test_what_is_read_ahead_keeps_within_its_bytes():
    ahead = Ahead(torch.from_numpy, 3, row_bytes=8, budget=500)
    order = np.arange(1000)[::-1].copy()
    for start in range(0, 1000, 10):
        batch = ahead.take(order, start, min(start + 10, 1000))
        assert batch.tolist() == order[start : start + 10].tolist()
        assert ahead.held <= 500
    assert ahead.most_held == 480
    assert ahead.held == 0
    ahead.close()


def test_a_batch_beyond_the_bytes_is_read_when_it_is_asked_for():
    ahead = Ahead(torch.from_numpy, 2, row_bytes=8, budget=79)
    order = np.arange(30)
    for start in (0, 10, 20):
        assert ahead.take(order, start, start + 10).tolist() == list(range(start, start + 10))
    assert ahead.most_held == 0


def test_slices_at_equal_distances_are_read_ahead(tmp_path: Path):
    values = {**picture_shards(tmp_path), "val_fraction": 0.0}
    held, streamed = (load_data(input_params(**values, memory=memory)) for memory in ("preload", "stream"))
    x, there = held.train["x"], column(streamed)
    for distance in (5, 11):
        there = there.part(np.arange(len(x)))
        for number, start in enumerate(range(0, 55, distance)):
            assert torch.equal(there[start : start + 5], x[start : start + 5])
            ahead = there.slices.held > 0
            assert ahead == (number >= (1 if distance == 5 else 2) and start + distance < len(x)), start
        there.close()


def test_leaving_the_sequence_forgets_what_was_read_ahead():
    asked: list[list[int]] = []

    def read(rows):
        asked.append(rows.tolist())
        return torch.from_numpy(rows)

    ahead = Ahead(read, 1, row_bytes=8)
    order, other = np.arange(100), np.arange(100)[::-1].copy()
    assert ahead.take(order, 0, 10).tolist() == list(range(10))
    assert ahead.take(order, 50, 55).tolist() == list(range(50, 55))
    assert ahead.take(other, 55, 60).tolist() == list(range(44, 39, -1))
    ahead.close()
    assert ahead.held == 0
    assert not any(thread.name == "reading data" for thread in threading.enumerate())


def test_an_error_while_reading_ahead_comes_with_its_batch():
    def read(rows):
        if 15 in rows:
            raise DataError("the sixteenth", code="D02")
        return torch.from_numpy(rows)

    ahead = Ahead(read, 2, row_bytes=8)
    order = np.arange(30)
    assert len(ahead.take(order, 0, 10)) == 10
    with pytest.raises(DataError, match="the sixteenth"):
        ahead.take(order, 10, 20)
    assert len(ahead.take(order, 20, 30)) == 10
    ahead.close()


def test_threads_are_gone_when_the_data_are_closed(tmp_path: Path):
    data = load_data(input_params(**picture_shards(tmp_path), memory="stream"))
    batches = Batches(data.train, 4, shuffle=True, drop=0, seed=0)
    batches.next()
    data.close()
    assert not any(thread.name == "reading data" for thread in threading.enumerate())
    assert len(batches.next()["x"]) == 4
    data.close()


# -- processes that share the samples --


@final
class Pretended(Crew):
    """One of several processes, as far as their parts of a batch are concerned."""

    def __init__(self, rank: int, size: int) -> None:
        self.rank, self.size = rank, size

    def gathered(self, value: Any) -> list[Any]:
        raise NotImplementedError


@pytest.mark.parametrize("shuffle", [True, False])
def test_each_process_reads_its_part_of_each_batch(tmp_path: Path, shuffle: bool):
    values = array_shards(tmp_path)
    held = load_data(input_params(**values, memory="preload"))
    whole = Batches(held.train, 9, shuffle=shuffle, drop=0, seed=2)
    parts = []
    for rank in range(2):
        data = load_data(input_params(**values, memory="stream"))
        parts.append(Batches(data.train, 9, shuffle=shuffle, drop=0, seed=2, crew=Pretended(rank, 2)))
    for _ in range(2):
        while not whole.at_end:
            expected = whole.next()
            got = [part.next() for part in parts]
            mine = [batch["x"][: part.mine] for batch, part in zip(got, parts, strict=True)]
            assert torch.equal(torch.cat(mine), expected["x"])
        for batches in (whole, *parts):
            batches.next_epoch()


@pytest.mark.parametrize(
    ("form", "world"), [(picture_shards, 2), (array_shards, 2), (npz_pictures, 3), (image_folder, 4)]
)
def test_shares_are_disjoint_and_cover_all(tmp_path: Path, form: Form, world: int):
    data = load_data(input_params(**form(tmp_path), memory="stream"))
    shares = [data.share(rank, world) for rank in range(world)]
    x, y = column(data).samples.picked, data.train["y"]
    rows = np.concatenate([column(share).samples.picked for share in shares])
    assert sorted(rows) == sorted(x)
    assert sum(share.count("train") for share in shares) == data.count("train")
    for share in shares:
        own = column(share).samples
        assert share.count("train") == len(own) > 0
        assert torch.equal(share.train["y"], y[torch.from_numpy(np.searchsorted(x, own.picked))])
        assert share.count("val") == data.count("val")
    shards = column(data).samples.rows.shards
    if shards is not None:
        touched = [set(shards[column(share).samples.picked]) for share in shares]
        assert not touched[0] & touched[1]


# -- statistics --


def test_mean_and_deviation_in_one_pass_are_those_of_all():
    x = np.random.default_rng(0).normal(1000, 0.1, (9001, 3))
    x[:, 2] = 7
    mean, deviation = mean_and_deviation(x)
    assert np.allclose(mean, x.mean(0), rtol=1e-14)
    assert np.allclose(deviation[:2], x[:, :2].std(0), rtol=1e-10)
    assert deviation[2] == 1
    pictures = np.random.default_rng(1).integers(0, 256, (30, 3, 200, 301), dtype=np.uint8)
    mean, deviation = mean_and_deviation(pictures)
    assert mean.shape == deviation.shape == (3, 1, 1)
    assert np.allclose(mean.ravel(), pictures.mean((0, 2, 3)), rtol=1e-13)
    assert np.allclose(deviation.ravel(), pictures.std((0, 2, 3)), rtol=1e-12)


def test_statistics_are_remembered_until_the_files_change(tmp_path: Path):
    values = {**npy_table(tmp_path), "standardize": True, "memory": "stream"}
    seen: list[tuple[int, int]] = []
    first = load_data(input_params(**values), watch=lambda done, total: seen.append((done, total)))
    assert seen == [(49, 49)]
    again = load_data(input_params(**values), watch=lambda done, total: seen.append((done, total)))
    assert len(seen) == 1
    assert first.scaling is not None
    assert again.scaling is not None
    assert np.array_equal(first.scaling.mean, again.scaling.mean)
    assert np.array_equal(first.scaling.std, again.scaling.std)
    table = np.load(tmp_path / "table.npy")
    table[:, 0] += 1
    np.save(tmp_path / "table.npy", table)
    load_data(input_params(**values), watch=lambda done, total: seen.append((done, total)))
    assert len(seen) == 2


def test_the_pass_over_the_samples_can_be_ended(tmp_path: Path):
    def stop(_done: int, _total: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        load_data(input_params(**npy_table(tmp_path), standardize=True, memory="stream"), watch=stop)
