"""How fast this machine computes with one thread, two, and more: measured once, in pieces, and kept in the cache.

Each piece times one layer's work, forward and backward, at one size, with each number of threads. The least of several
times counts, which others on the machine change least; and where they were so busy that threads had to wait for a core
all the same, the measurement ends and nothing is kept: a busy minute is not to decide for years.
"""

from __future__ import annotations

import json
import math
import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, final

import platformdirs
import torch
from torch import Tensor

from engine import diskfile
from engine.problem import FileError
from engine.training.process import cores
from engine.training.threads import KINDS, Curve, Kind, Speeds, numbers

VERSION: Final = 1
_MOST_BYTES: Final = 1 << 16
_SECONDS: Final = 0.3
"""Of the whole measurement, about."""
_TIMES: Final = 3
_LONGEST: Final = 0.04
"""Repetitions at least, unless they take so many seconds."""
_SLOWER: Final = 2.0
_WAKING: Final = 1e-4
"""With more threads a layer may take so many times as long, and so many seconds more: beyond, one waited for a core."""

_ELEMENTS: Final = (1 << 12, 1 << 15, 1 << 18, 1 << 21)
_WIDTHS: Final = (16, 64, 256, 1024)
"""Of square layers, whose batch is `_BATCH`."""
_PICTURES: Final = ((8, 7), (16, 14), (16, 28))
"""Channels and side of pictures that a 3×3 convolution takes, 32 of them."""
_BATCH: Final = 64
_FEW: Final = 32

Layer = Callable[[], object]


def path() -> Path:
    """Where it is kept; it may be deleted at any time, and is then measured again."""
    return platformdirs.user_cache_path("chainrule", appauthor=False) / "threads.json"


def machine() -> dict[str, str | int]:
    """What the measurement is of: with another of these, it is of another machine."""
    return {
        "processor": _processor(),
        "cores": cores(),
        "torch": torch.__version__,
        "system": platform.system(),
        "waiting": os.environ.get("OMP_WAIT_POLICY") or os.environ.get("GOMP_SPINCOUNT", ""),
    }


def _processor() -> str:
    if platform.system() == "Linux":
        try:
            lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            lines = []
        names = [line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Model"))]
        if names:
            return names[0]
    return platform.processor() or platform.machine()


def kept(most: int) -> Speeds | None:
    """What was measured on this machine with up to so many threads; None where nothing was, or it cannot be read."""
    try:
        told = json.loads(diskfile.read(path(), _MOST_BYTES))
        if told["version"] != VERSION or told["machine"] != machine():
            return None
        speeds = _parsed(told)
    except (FileError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return speeds if speeds.threads[-1] >= most else None


def _parsed(told: Mapping[str, Any]) -> Speeds:
    """Raises ValueError, KeyError or TypeError for anything but what `keep` wrote."""
    threads = tuple(int(number) for number in told["threads"])
    if not threads or threads[0] != 1 or list(threads) != sorted(set(threads)):
        raise ValueError(threads)
    curves: dict[Kind, Curve] = {}
    for kind in KINDS:
        works = tuple(int(work) for work, _ in told["curves"][kind])
        seconds = tuple(tuple(float(each) for each in row) for _, row in told["curves"][kind])
        fits = all(len(row) == len(threads) and all(0 < each < math.inf for each in row) for row in seconds)
        if not works or works[0] < 1 or list(works) != sorted(set(works)) or not fits:
            raise ValueError(kind)
        curves[kind] = Curve(works, seconds)
    return Speeds(threads, curves, measured=True)


def keep(speeds: Speeds) -> bool:
    """Write it into the cache; whether that could be done."""
    curves = {kind: list(zip(curve.works, curve.seconds, strict=True)) for kind, curve in speeds.curves.items()}
    told = {"version": VERSION, "machine": machine(), "threads": speeds.threads, "curves": curves}
    try:
        path().parent.mkdir(parents=True, exist_ok=True)
        diskfile.write(path(), [json.dumps(told, indent=1).encode()])
    except (OSError, FileError):
        return False
    return True


@final
class Measurement:
    """Takes the times, piece by piece, so that whoever waits for the thread waits for a hundredth of a second.

    Attributes:
        speeds: what was found; None before the end, and if the machine was too busy.
        over: whether nothing is left to do.
    """

    def __init__(self, most: int) -> None:
        """Args: `most` is the largest number of threads."""
        self.speeds: Speeds | None = None
        self.over = False
        self._numbers = numbers(most)
        self._pieces = self._measure()

    def go_on(self) -> None:
        """Do a piece; torch has the number of threads from before afterwards."""
        before = torch.get_num_threads()
        try:
            next(self._pieces)
        except StopIteration:
            self.over = True
        finally:
            set_threads(before)

    def _measure(self) -> Iterator[None]:
        found: dict[Kind, list[tuple[int, tuple[float, ...]]]] = {kind: [] for kind in KINDS}
        sizes: list[tuple[Kind, Any]] = [
            *(("elements", size) for size in _ELEMENTS),
            *(("products", size) for size in _WIDTHS),
            *(("convolutions", size) for size in _PICTURES),
        ]
        each = _SECONDS / len(sizes) / len(self._numbers)
        for kind, size in sizes:
            work, layer = _LAYERS[kind](size)
            seconds = []
            for number in self._numbers:
                set_threads(number)
                seconds.append(_least(layer, each))
                if seconds[-1] > _SLOWER * seconds[0] + _WAKING:
                    return
                yield
            found[kind].append((work, tuple(seconds)))
        curves = {
            kind: Curve(tuple(work for work, _ in rows), tuple(row for _, row in rows)) for kind, rows in found.items()
        }
        self.speeds = Speeds(self._numbers, curves, measured=True)


def set_threads(number: int) -> None:
    """Let torch compute with so many in this thread, whatever others ask for later."""
    torch.set_num_threads(number)
    torch.get_num_threads()  # a thread takes the number set last by anyone when it first asks, and then keeps its own


def _least(layer: Layer, seconds: float) -> float:
    """The least of several times, after one that wakes the threads."""
    layer()
    times: list[float] = []
    began = now = time.perf_counter()
    while not times or now - began < (seconds if len(times) >= _TIMES else _LONGEST):
        layer()
        before, now = now, time.perf_counter()
        times.append(now - before)
    return max(min(times), 1e-9)


def _elements(size: int) -> tuple[int, Layer]:
    x = torch.linspace(-1, 1, size)

    def layer() -> Tensor:
        y = torch.relu(x)
        return torch.where(y > 0, y, x)

    return size, layer


def _products(width: int) -> tuple[int, Layer]:
    x, weight = torch.ones(_BATCH, width), torch.full((width, width), 0.01)

    def layer() -> tuple[Tensor, Tensor]:
        y = x @ weight.t()
        return y @ weight, y.t() @ x

    return _BATCH * width * width, layer


def _convolutions(size: tuple[int, int]) -> tuple[int, Layer]:
    channels, side = size
    x = torch.ones(_FEW, channels, side, side).contiguous(memory_format=torch.channels_last)
    weight = torch.full((channels, channels, 3, 3), 0.01).contiguous(memory_format=torch.channels_last)
    how: Any = ([1, 1], [1, 1], [1, 1], False, [0, 0], 1)

    def layer() -> object:
        y = torch.ops.aten.convolution(x, weight, None, *how)
        return torch.ops.aten.convolution_backward(y, x, weight, None, *how, [True, True, False])

    return _FEW * side * side * channels * channels * 9, layer


_LAYERS: Final[Mapping[Kind, Callable[[Any], tuple[int, Layer]]]] = {
    "elements": _elements,
    "products": _products,
    "convolutions": _convolutions,
}
