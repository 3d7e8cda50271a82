"""Streamed data against the raw read of the same bytes, and against the same training in memory.

Run it with `pytest -s tests/bench/bench_streaming.py` or `python -m tests.bench.bench_streaming`. For each form (a
mapped array, an image folder, TAR shards) three things take turns: the bytes are read raw, one after the other, as fast
as Python can; shuffled batches of an epoch are made of them, and thrown away; and raw again. The ratio is the median
over rounds of neighbouring turns. The files lie in the page cache, so what is compared is the work, not the disk.
Then the same network trains an epoch on data in memory and streamed, in turns, by the clock, for threads read ahead;
the weights have to be equal to the bit at the end.
"""

from __future__ import annotations

import statistics
import sys
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
from tests.bench.platforms import keep
from tests.engine.graphs import project
from tests.engine.streamed_files import png, write_tar
from tests.engine.training_projects import run_of
from tests.helpers.data import input_params

ROUNDS = 7
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
        for row in rows.tolist():
            part[f"{row:06}.png"] = png(x[row])
            part[f"{row:06}.cls"] = str(row % 10).encode()
        write_tar(folder / "shards" / f"{number}.tar", part)
    files = sorted((folder / "shards").iterdir())
    return {"dataset": "shards", "path": str(folder / "shards")}, lambda: sum(len(file.read_bytes()) for file in files)


FORMS = {"mapped array": mapped, "image folder": images, "TAR shards": shards}


def epoch(data: DataSet) -> tuple[int, float]:
    """Shuffled batches of all samples, thrown away: samples, seconds."""
    batches = Batches(data.train, BATCH, shuffle=True, drop=0, seed=1)
    began = time.perf_counter()
    while not batches.at_end:
        batches.next()
    return batches.total, time.perf_counter() - began


def timed(work: Raw) -> tuple[int, float]:
    began = time.perf_counter()
    return work(), time.perf_counter() - began


def reading(values: dict[str, Any], raw: Raw, rounds: int) -> dict[str, float]:
    """Samples and bytes a second of batches, of the raw read, and their ratio with its spread."""
    data = load_data(input_params(**values, val_fraction=0.0, memory="stream"))
    ratios, rates, raw_rates = [], [], []
    for _ in range(rounds):
        size, before = timed(raw)
        samples, seconds = epoch(data)
        after = timed(raw)[1]
        ratios.append((before + after) / 2 / seconds)
        rates.append(samples / seconds)
        raw_rates.append(size / ((before + after) / 2))
    data.close()
    found = statistics.median(rates)
    return {
        "samples_per_s": found,
        "MB_per_s": found * data.facts.streamed / data.count("train") / 1e6,
        "raw_MB_per_s": statistics.median(raw_rates) / 1e6,
        "of_raw": statistics.median(ratios),
        "least": min(ratios),
        "most": max(ratios),
    }


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


def training(values: dict[str, Any], rounds: int) -> dict[str, float]:
    """Samples a second of both trainings, and the ratio of streamed to in memory."""
    runs = {memory: network({**values, "memory": memory}) for memory in ("preload", "stream")}
    seconds: dict[str, list[float]] = {memory: [] for memory in runs}
    for number in range(rounds + 1):
        for memory, run in runs.items():
            began = time.perf_counter()
            with run.trainer.drawing():
                while run.trainer.epochs <= number:
                    run.tick()
            if number:
                seconds[memory].append(time.perf_counter() - began)
    held, streamed = runs.values()
    for name, tensor in held.weights().items():
        assert torch.equal(tensor, streamed.weights()[name]), name
    samples = held.loaded.data["data"].count("train")
    streamed.loaded.data["data"].close()
    ratios = [one / other for one, other in zip(seconds["preload"], seconds["stream"], strict=True)]
    return {
        "in_memory_samples_per_s": samples / statistics.median(seconds["preload"]),
        "streamed_samples_per_s": samples / statistics.median(seconds["stream"]),
        "of_in_memory": statistics.median(ratios),
        "least": min(ratios),
        "most": max(ratios),
    }


def measure(rounds: int = ROUNDS, count: int = 1500) -> dict[str, dict[str, dict[str, float]]]:
    """All forms."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, make in FORMS.items():
            values, raw = make(Path(folder), count)
            found[name] = {"reading": reading(values, raw, rounds), "training": training(values, rounds)}
    return found


def table(found: dict[str, dict[str, dict[str, float]]]) -> str:
    """The figures, a line a form."""
    lines = [
        "form          batches/s: samples      MB  raw MB   of raw (spread)   training: held  streamed   ratio (spread)"
    ]
    for name, both in found.items():
        read, train = both["reading"], both["training"]
        lines.append(
            f"{name:13} {read['samples_per_s']:18,.0f} {read['MB_per_s']:7,.0f} {read['raw_MB_per_s']:7,.0f} "
            f"{read['of_raw']:7.3f} ({read['least']:.3f}-{read['most']:.3f}) "
            f"{train['in_memory_samples_per_s']:12,.0f} {train['streamed_samples_per_s']:9,.0f} "
            f"{train['of_in_memory']:7.2f} ({train['least']:.2f}-{train['most']:.2f})"
        )
    return "\n".join(lines)


def test_streaming_is_measured() -> None:
    found = measure(rounds=1, count=130)
    print("\n" + table(found))
    for both in found.values():
        assert both["reading"]["samples_per_s"] > 0


if __name__ == "__main__":
    results = measure()
    print(table(results))
    keep("streaming", results)
    sys.exit()
