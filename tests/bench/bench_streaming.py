"""Streamed data against the raw read of the same bytes, and against the same training in memory.

Run it with `pytest -s tests/bench/bench_streaming.py` or `python -m tests.bench.bench_streaming`. For each form (a
mapped array, an image folder, TAR shards) three things take turns: the bytes are read raw, one after the other, as fast
as Python can; shuffled batches of an epoch are made of them, and thrown away; and raw again. Time is the processor's,
of all threads together, and the ratio is the median over rounds of neighbouring turns. torch computes with one thread:
several would count as work while they wait for each other, the longer the busier the machine. The files lie in the page
cache, so what is compared is the work, not the disk: decoding and making float32 of bytes is most of it. Then the same
network trains an epoch on data in memory and streamed, in turns, first one and then the other: by the processor, and by
the clock, for threads read ahead where a core is free, which on a busy machine is none. The weights have to be equal to
the bit at the end.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from engine.data import DataSet, load_data
from engine.frozen import freeze
from engine.training.batching import Batches
from engine.training.run import Run
from tests.bench.rows import Row, keep, row
from tests.engine.graphs import project
from tests.engine.streamed_files import png, write_tar
from tests.engine.training_projects import run_of
from tests.helpers.data import input_params

ROUNDS = 9
BATCH = 64
SIDE = 64
Raw = Callable[[], int]
"""Reads everything; bytes."""


def pictures(count: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Smooth pictures with some noise, which compress as photographs do: (n, side, side, 3)."""
    random = np.random.default_rng(0)
    slope = np.add.outer(np.arange(SIDE), np.arange(SIDE))[None, :, :, None]
    waves = slope * random.uniform(0.5, 2, (count, 1, 1, 3)) + random.normal(0, 6, (count, SIDE, SIDE, 3))
    return (waves % 256).astype(np.uint8)


def mapped(folder: Path, count: int) -> tuple[dict[str, Any], Raw]:
    """Bytes of pictures in an NPZ archive; raw: the whole map, page after page."""
    x = np.tile(pictures(count), (8, 1, 1, 1))
    np.savez(folder / "x.npz", x=x, y=np.arange(len(x)) % 10)
    np.save(folder / "x.npy", x)

    def raw() -> int:
        array = np.load(folder / "x.npy", mmap_mode="r")
        for at in range(0, len(array), 1024):
            array[at : at + 1024].copy()
        return int(array.nbytes)

    return {"dataset": "npz", "path": str(folder / "x.npz")}, raw


def images(folder: Path, count: int) -> tuple[dict[str, Any], Raw]:
    """JPEG files in ten folders; raw: file after file."""
    files = []
    for number, picture in enumerate(pictures(count)):
        place = folder / "images" / str(number % 10)
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(place / f"{number:05}.jpg", quality=90)
        files.append(place / f"{number:05}.jpg")
    return {"dataset": "images", "path": str(folder / "images")}, lambda: sum(len(file.read_bytes()) for file in files)


def shards(folder: Path, count: int) -> tuple[dict[str, Any], Raw]:
    """PNGs in four archives; raw: archive after archive."""
    (folder / "shards").mkdir()
    x = pictures(count)
    for number, rows in enumerate(np.array_split(np.arange(count), 4)):
        part: dict[str, bytes] = {}
        for sample in rows.tolist():
            part[f"{sample:06}.png"] = png(x[sample])
            part[f"{sample:06}.cls"] = str(sample % 10).encode()
        write_tar(folder / "shards" / f"{number}.tar", part)
    files = sorted((folder / "shards").iterdir())
    return {"dataset": "shards", "path": str(folder / "shards")}, lambda: sum(len(file.read_bytes()) for file in files)


FORMS = {"mapped array": mapped, "image folder": images, "TAR shards": shards}


def epoch(data: DataSet) -> tuple[int, float]:
    """Shuffled batches of all samples, thrown away: samples, seconds of the processor."""
    batches = Batches(data.train, BATCH, shuffle=True, drop=0, seed=1)
    began = time.process_time()
    while not batches.at_end:
        batches.next()
    return batches.total, time.process_time() - began


def timed(work: Raw) -> tuple[int, float]:
    began = time.process_time()
    return work(), time.process_time() - began


def reading(name: str, values: dict[str, Any], raw: Raw, rounds: int) -> list[Row]:
    """Samples and bytes a second of batches, of the raw read, and their ratio."""
    data = load_data(input_params(**values, val_fraction=0.0, memory="stream"))
    ratios, rates, raw_rates = [], [], []
    for _ in range(rounds):
        size, before = timed(raw)
        samples, seconds = epoch(data)
        after = timed(raw)[1]
        ratios.append((before + after) / 2 / seconds)
        rates.append(samples / seconds)
        raw_rates.append(size / ((before + after) / 2) / 1e6)
    data.close()
    sample_megabytes = data.facts.streamed / data.count("train") / 1e6
    return [
        row(f"{name}: batches, by the processor", rates, "samples/s"),
        row(f"{name}: the same", [rate * sample_megabytes for rate in rates], "MB/s"),
        row(f"{name}: raw read, by the processor", raw_rates, "MB/s"),
        row(f"{name}: batches / raw read of the same bytes", ratios),
    ]


def network(values: dict[str, Any]) -> Run:
    """Two convolutions and a Dense, on pictures."""
    nodes: dict[str, Any] = {
        "data": ("Input", freeze({**values, "val_fraction": 0.0})),
        "c1": ("Conv2d", freeze({"out_channels": 8, "kernel_size": 3, "stride": 2})),
        "a1": ("Activation", freeze({"function": "relu"})),
        "c2": ("Conv2d", freeze({"out_channels": 16, "kernel_size": 3, "stride": 2})),
        "a2": ("Activation", freeze({"function": "relu"})),
        "flat": ("Flatten", freeze({})),
        "out": ("Dense", freeze({"out_features": 10})),
        "loss": ("Loss", freeze({"function": "cross_entropy"})),
    }
    wires = ["data.x > c1", "c1 > a1", "a1 > c2", "c2 > a2", "a2 > flat", "flat > out"]
    wires += ["out > loss.prediction", "data.y > loss.target"]
    settings = {"batch_size": BATCH, "optimizer": "adam", "lr": 0.001, "epochs": 1000, "metrics": []}
    return run_of(project(nodes, wires, training=freeze(settings)))


def training(name: str, values: dict[str, Any], rounds: int) -> list[Row]:
    """Samples a second of both trainings, and the ratios of streamed to in memory."""
    runs = {memory: network({**values, "memory": memory}) for memory in ("preload", "stream")}
    seconds: dict[str, list[float]] = {memory: [] for memory in runs}
    used: dict[str, list[float]] = {memory: [] for memory in runs}
    for number in range(rounds + 1):
        for memory, run in list(runs.items())[:: 1 if number % 2 else -1]:
            began, busy = time.perf_counter(), time.process_time()
            with run.trainer.drawing():
                while run.trainer.epochs <= number:
                    run.tick()
            if number:
                seconds[memory].append(time.perf_counter() - began)
                used[memory].append(time.process_time() - busy)
    held, streamed = runs.values()
    for parameter, tensor in held.weights().items():
        assert torch.equal(tensor, streamed.weights()[parameter]), parameter
    samples = held.loaded.data["data"].count("train")
    streamed.loaded.data["data"].close()
    both = list(zip(seconds["preload"], seconds["stream"], strict=True))
    work = list(zip(used["preload"], used["stream"], strict=True))
    return [
        row(f"{name}: training in memory, by the processor", [samples / one for one, _ in work], "samples/s"),
        row(f"{name}: training streamed, by the processor", [samples / other for _, other in work], "samples/s"),
        row(f"{name}: streamed / in memory, by the clock", [one / other for one, other in both]),
        row(f"{name}: streamed / in memory, by the processor", [one / other for one, other in work]),
    ]


def measure(rounds: int = ROUNDS, count: int = 800) -> list[Row]:
    """All forms."""
    torch.set_num_threads(1)
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for name, make in FORMS.items():
            values, raw = make(Path(folder), count)
            found += reading(name, values, raw, rounds) + training(name, values, rounds)
    return found


def lines(found: list[Row]) -> str:
    """The figures, a line each."""
    return "\n".join(f"{it.claim:58} {it.median:10,.3f} {it.unit} ({it.low:,.3f} - {it.high:,.3f})" for it in found)


def test_streaming_is_measured() -> None:
    found = measure(rounds=1, count=130)
    print("\n" + lines(found))
    assert len(found) == 8 * len(FORMS)
    assert all(it.median > 0 for it in found)


if __name__ == "__main__":
    results = measure()
    print(lines(results))
    keep("streaming", results)
