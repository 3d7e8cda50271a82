"""The loss on a grid of a plane, a few points at a time, coarse to fine, on a copy of the network."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Mapping
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.build import Net
from engine.data.streaming.column import columns_of
from engine.events import copied
from engine.init import generator
from engine.landscape.planes import Limits, Plane
from engine.netcode import Batch
from engine.training.batching import channels_last
from engine.training.evaluation import batch_size

Floats = NDArray[np.float64]

_MOST_HELD = 1 << 28
_COARSEST = 5
"""Cells a side of the first picture, at least."""
_MOST_BYTES = 1 << 27
"""That evaluating several points at once may take."""
_FIRST_BLOCK = 8
_MOST_AT_ONCE = 512
_SLICE = 0.02
"""Seconds of one piece of work, about."""
_SHORT = 0.001
"""Seconds below which several points, one by one, are one piece of work."""
_TRIAL = 64
_TRIAL_SECONDS = 0.05
"""Points, and seconds one by one, of trying out whether several at once are faster."""
_AGREE = {torch.float32: 1e-4, torch.float64: 1e-9}
"""Relative difference up to which two ways of computing a loss agree."""


@final
class Landscape:
    """The loss of a network as a function of its weights. The network itself is copied, and never touched.

    In evaluation mode: dropout is off, batch norm normalises by its running statistics as they are now. So a point has
    one loss, whatever is drawn, and the present place has the one that an evaluation gives.
    """

    def __init__(self, net: Net, names: tuple[str, ...], phase: int | None = None) -> None:
        """Args: `names` are the parameters that will be given; `phase` tells whose objectives."""
        twin = copy.deepcopy(net)
        twin.eval()
        twin.requires_grad_(False)
        self._net, self._phase = twin, phase
        self._homes = {}
        for name in names:
            path, _, short = name.rpartition(".")
            owner = twin.get_submodule(path)
            delattr(owner, short)  # as a plain attribute, it can be any tensor
            self._homes[name] = (owner, short)
        self._many = torch.func.vmap(self.one, in_dims=(0, None), randomness="same")

    def one(self, weights: Mapping[str, Tensor], batch: Batch) -> Tensor:
        """The loss of a batch for weights by name, a scalar."""
        for name, (owner, short) in self._homes.items():
            setattr(owner, short, weights[name])
        return self._net.loss(batch, self._phase)

    def many(self, weights: Mapping[str, Tensor], batch: Batch) -> Tensor:
        """The losses (points,) for weights (points, *shape), computed at once. Raises where the network cannot."""
        found: Tensor = self._many(dict(weights), batch)
        return found


def parts_of(data: Mapping[str, Tensor], size: int, most: int, seed: int = 0) -> tuple[list[Batch], int]:
    """Training data in batches, and how many samples these are: all, or `most` of them, always the same.

    They are held in memory; of data on disk as many are taken as fit into `_MOST_HELD` bytes.
    """
    total = len(next(iter(data.values()))) if data else 0
    if not total:
        return [{}], 0
    most = min([most, *(max(1, _MOST_HELD // on_disk.row_bytes) for on_disk in columns_of(data))])
    if total > most:
        rows = torch.randperm(total, generator=generator(seed, "samples of a surface"))[:most].sort().values
        data = {name: channels_last(tensor[rows.to(tensor.device)]) for name, tensor in data.items()}
    count = min(total, most)
    batches: list[Batch] = [
        {name: tensor[at : at + size] for name, tensor in data.items()} for at in range(0, count, size)
    ]
    return batches, count


@final
class SurfaceWork:
    """Fills a grid. `advance` until `done`; `grid` is the finest complete one at any time.

    Several points are evaluated at once (`torch.func.vmap`) where the network allows it and it is faster, which is
    found out on the first points; the results of the two ways are compared.
    """

    def __init__(
        self, net: Net, plane: Plane, limits: Limits, side: int, data: Mapping[str, Tensor], most: int, phase: int
    ) -> None:
        """Begin.

        Args:
            net: any network; it is copied.
            plane: through its weights.
            limits: the rectangle.
            side: points a side, at least 2.
            data: name -> (n, …), the training data; {} for a network without.
            most: samples at most.
            phase: whose objectives.
        """
        self._landscape = Landscape(net, plane.names, phase)
        self._plane = plane
        size = batch_size(net.result)
        self._parts, self.samples = parts_of(data, size, most)
        self.of = len(next(iter(data.values()))) if data else 0
        self.xs: Floats = np.linspace(limits[0], limits[1], side)
        self.ys: Floats = np.linspace(limits[2], limits[3], side)
        self._loss: Floats = np.full((side, side), np.nan)
        self._strides = _strides(side)
        self._complete = 0
        """The stride of the finest complete grid; 0: none yet."""
        self.value = float("nan")
        self.made, self.total = 0, side * side + 1
        self.batched = 1
        """Points of one piece of work."""
        self._fits = self._room(net, size)
        self._evaluate = self._one_by_one
        self._work = self._go()

    def _room(self, net: Net, size: int) -> int:
        """How many points fit into memory at once."""
        widest = max((len(next(iter(part.values()))) if part else 1 for part in self._parts), default=1)
        point = self._plane.centre.numel() * self._plane.centre.element_size()
        point += (net.result.activation_bytes or _MOST_BYTES // max(1, size)) * widest
        return int(min(_MOST_AT_ONCE, max(1, _MOST_BYTES // max(1, point))))

    @property
    def done(self) -> bool:
        """Whether the grid is complete."""
        return self._complete == 1

    def advance(self) -> None:
        """A piece of work: some points, or a part of the data for some of them."""
        next(self._work, None)

    def grid(self) -> tuple[Floats, Floats, Floats] | None:
        """Places of columns and rows, and the losses (rows, columns); None before the first picture."""
        if not self._complete:
            return None
        every = slice(None, None, self._complete)
        return copied(self.xs[every]), copied(self.ys[every]), copied(self._loss[every, every])

    # -- the work --

    def _go(self) -> Iterator[None]:
        yield from self._look_here()
        self._choose()
        yield
        for stride in self._strides:
            every = range(0, len(self.xs), stride)
            yield from self._fill([(row, column) for row in every for column in every if not self._known(row, column)])
            self._complete = stride

    def _known(self, row: int, column: int) -> bool:
        """Whether a point belongs to the grid that is complete."""
        return bool(self._complete) and row % self._complete == 0 and column % self._complete == 0

    def _look_here(self) -> Iterator[None]:
        here = torch.tensor([self._plane.here], dtype=torch.float64)
        total = 0.0
        for part in self._parts:
            total += self._one_by_one(here, part).item() * self._share(part)
            yield
        self.value = total
        self.made += 1

    def _fill(self, places: list[tuple[int, int]]) -> Iterator[None]:
        for at in range(0, len(places), self.batched):
            block = places[at : at + self.batched]
            xy = self._points(block)
            total = torch.zeros(len(block), dtype=torch.float64)
            for number, part in enumerate(self._parts, 1):
                total += self._evaluate(xy, part) * self._share(part)
                if number < len(self._parts):
                    yield
            for place, loss in zip(block, total.tolist(), strict=True):
                self._loss[place] = loss
            self.made += len(block)
            yield

    def _points(self, places: list[tuple[int, int]]) -> Tensor:
        return torch.tensor([(self.xs[column], self.ys[row]) for row, column in places], dtype=torch.float64)

    def _share(self, part: Batch) -> float:
        return len(next(iter(part.values()))) / self.samples if part else 1.0

    def _one_by_one(self, xy: Tensor, part: Batch) -> Tensor:
        """The losses of a batch at places (points, 2), float64."""
        weights = self._plane.weights(xy[:, 0], xy[:, 1])
        singles = ({name: value[at] for name, value in weights.items()} for at in range(len(xy)))
        with torch.no_grad():
            return torch.stack([self._landscape.one(single, part) for single in singles]).cpu().double()

    def _at_once(self, xy: Tensor, part: Batch) -> Tensor:
        """The same by one call."""
        with torch.no_grad():
            return self._landscape.many(self._plane.weights(xy[:, 0], xy[:, 1]), part).cpu().double()

    def _choose(self) -> None:
        """One by one, or several at once? What is slow by itself, or does not fit into memory, gains nothing."""
        part, centre = self._parts[0], self._plane.centre
        alone, _ = _timed(lambda: self._one_by_one(self._trial(4), part))
        alone /= 4
        self.batched = 1 if alone > _SHORT else 16
        count = min(self._fits, _TRIAL, int(_TRIAL_SECONDS / max(alone, 1e-9)))
        if count < _FIRST_BLOCK:
            return
        try:
            together, found = _timed(lambda: self._at_once(self._trial(count), part))
        except (RuntimeError, ValueError, TypeError, NotImplementedError):
            return  # not every operation can be done for many weights at once
        together /= count
        if together < alone and _agree(found[:4], self._one_by_one(self._trial(count)[:4], part), centre.dtype):
            self._evaluate = self._at_once
            self.batched = max(_FIRST_BLOCK, min(self._fits, int(_SLICE / together)))

    def _trial(self, count: int) -> Tensor:
        """So many places all over the grid."""
        rows = np.linspace(0, len(self.ys) - 1, count).astype(int)
        return self._points([(row, (7 * row) % len(self.xs)) for row in rows.tolist()])


def _timed(work: Callable[[], Tensor]) -> tuple[float, Tensor]:
    """The shortest of some times, the first of which may contain preparations; and the result."""
    best = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        found = work()
        best = min(best, time.perf_counter() - began)
    return best, found


def _agree(one: Tensor, other: Tensor, dtype: torch.dtype) -> bool:
    return bool(torch.allclose(one, other, rtol=_AGREE.get(dtype, 1e-4), atol=1e-12, equal_nan=True))


def _strides(side: int) -> list[int]:
    """From coarse to fine, each grid part of the next."""
    strides = [1]
    while (side - 1) % (2 * strides[0]) == 0 and (side - 1) // (2 * strides[0]) >= _COARSEST:
        strides.insert(0, 2 * strides[0])
    return strides
