"""Planes through the weights of a network: by two single weights, two random directions, or the path of the training.

Weights are handled in a row: all trained ones of a network behind each other, `(dimensions,)`.
"""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, final

import torch
from torch import Tensor

from engine.surfaceevents import SurfaceWanted
from engine.training.precision import in_double
from engine.training.trail import Projection, Row, Trail, split
from engine.weightviews import Entry, entry_text

Limits = tuple[float, float, float, float]
"""x from, x to, y from, y to."""

MARGIN = 0.25
"""Beyond the path on each side, in parts of its extent."""

FLAT = 1e-6
"""Part of the variance below which a second direction is rounding alone."""


class Plane(ABC):
    """Two coordinates for weights. Subclasses are final.

    Attributes:
        number: no other plane has it; `request` is that of the question it answers.
        centre: the weights it goes through (dimensions,).
        here: their place on it.
        lengths: of one unit of x and of y in the space of the weights.
        explained: parts of the variance of the path along x and y, where it is made of one.
    """

    _numbers: ClassVar[itertools.count[int]] = itertools.count(1)

    def __init__(self, trail: Trail) -> None:
        self.number = next(Plane._numbers)
        self.request = 0
        self.centre = trail.now()
        self.names, self.shapes = trail.names, trail.shapes
        self.here: tuple[float, float] = (0.0, 0.0)
        self.lengths: tuple[float, float] = (1.0, 1.0)
        self.explained: tuple[float, float] | None = None
        self.base = 1.0
        """Half of the least side of a picture of it, in units of x and y."""

    def fits(self, trail: Trail) -> bool:
        """Whether a network's weights are of the same names and shapes."""
        return (self.names, self.shapes) == (trail.names, trail.shapes)

    @abstractmethod
    def row(self, x: Tensor, y: Tensor) -> Tensor:
        """The weights of places: x, y (points,) to (points, dimensions)."""

    @abstractmethod
    def project(self, weights: Tensor) -> Projection:
        """The nearest place to weights (dimensions,), and how far it is."""

    def weights(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """The weights of places by name: (points, *shape) each."""
        return split(self.row(x, y), self.names, self.shapes)

    def limits(self, path: Sequence[Projection], zoom: float) -> Limits:
        """A rectangle around the present place and the path, times `zoom` about its middle."""
        found = []
        for axis in (0, 1):
            places = [self.here[axis], *(place[axis] for place in path if math.isfinite(place[axis]))]
            low, high = min(places), max(places)
            half = max((high - low) * (0.5 + MARGIN), self.base) * zoom
            middle = (low + high) / 2
            found += [middle - half, middle + half]
        return found[0], found[1], found[2], found[3]


@final
class WeightPlane(Plane):
    """x and y are two single weights themselves."""

    def __init__(self, trail: Trail, entries: tuple[Entry, Entry]) -> None:
        """Raises ValueError, a sentence, when there are no two such weights."""
        super().__init__(trail)
        self.entries = entries
        self._places = tuple(_place(trail, entry) for entry in entries)
        if self._places[0] == self._places[1]:
            raise ValueError(f"Both directions are {entry_text(entries[0])}. Choose two weights.")
        self.here = (self.centre[self._places[0]].item(), self.centre[self._places[1]].item())

    def row(self, x: Tensor, y: Tensor) -> Tensor:
        rows = self.centre.repeat(len(x), 1)
        rows[:, self._places[0]] = x.to(rows)
        rows[:, self._places[1]] = y.to(rows)
        return rows

    def project(self, weights: Tensor) -> Projection:
        first, second = self._places
        rest = weights - self.centre
        rest[[first, second]] = 0.0
        return weights[first].item(), weights[second].item(), torch.linalg.vector_norm(rest).item()


@final
class DirectionPlane(Plane):
    """centre + x · first + y · second."""

    def __init__(self, trail: Trail, first: Tensor, second: Tensor) -> None:
        """Directions (dimensions,), neither zero nor parallel."""
        super().__init__(trail)
        self.directions = torch.stack([first, second]).to(self.centre)
        exact = in_double(self.directions)
        gram = (exact @ exact.T).cpu()
        self._inverse = torch.linalg.inv(gram)
        self.lengths = (math.sqrt(gram[0, 0].item()), math.sqrt(gram[1, 1].item()))

    def row(self, x: Tensor, y: Tensor) -> Tensor:
        places = torch.stack([x, y], 1).to(self.centre)
        return self.centre + places @ self.directions

    def project(self, weights: Tensor) -> Projection:
        off = weights - self.centre
        x, y = (self._inverse @ (self.directions @ off).cpu().double()).tolist()
        there = self.directions[0] * x + self.directions[1] * y
        return x, y, torch.linalg.vector_norm(off - there).item()


def make_plane(trail: Trail, wanted: SurfaceWanted) -> Plane:
    """The plane that was asked for, through the present weights.

    Raises:
        ValueError: there is none, a sentence.
    """
    if trail.dimensions < 2:
        raise ValueError("This network trains one number; a surface needs two. Look at its curve in One weight.")
    if wanted.span == "weights":
        return WeightPlane(trail, wanted.entries or two_that_moved(trail))
    if wanted.span == "random":
        return random_plane(trail, wanted.seed)
    return path_plane(trail, trail.until(trail.rows[-1].step) if trail.rows else [])


# -- two weights --


def _place(trail: Trail, entry: Entry) -> int:
    name, index = entry
    start = 0
    for known, shape in zip(trail.names, trail.shapes, strict=True):
        if known == name:
            if len(index) != len(shape) or not all(0 <= i < n for i, n in zip(index, shape, strict=True)):
                size = " × ".join(map(str, shape)) or "one number"
                raise ValueError(f"{name} is {size}, counted from 1; there is no {entry_text(entry)}.")
            inside = 0
            for i, n in zip(index, shape, strict=True):
                inside = inside * n + i
            return start + inside
        start += math.prod(shape)
    raise ValueError(f'There is no trained parameter "{name}".')


def _entry(trail: Trail, place: int) -> Entry:
    for name, shape in zip(trail.names, trail.shapes, strict=True):
        size = math.prod(shape)
        if place < size:
            index = []
            for n in reversed(shape):
                place, i = divmod(place, n)
                index.append(i)
            return name, tuple(reversed(index))
        place -= size
    raise IndexError(place)


def two_that_moved(trail: Trail) -> tuple[Entry, Entry]:
    """The two weights furthest from where the path began; before any step, the first two."""
    began = next((row.weights for row in trail.rows if row.weights is not None), None)
    places = [0, 1]
    if began is not None:
        moved = (trail.now() - began).abs().nan_to_num(nan=0.0, posinf=0.0)
        if moved.max().item() > 0:
            places = sorted(torch.topk(moved, 2).indices.tolist())
    return _entry(trail, places[0]), _entry(trail, places[1])


# -- two random directions --


def random_plane(trail: Trail, seed: int) -> DirectionPlane:
    """Two Gaussian directions, each filter of them as long as that filter of the weights.

    After H. Li, Z. Xu, G. Taylor, C. Studer and T. Goldstein, Visualizing the Loss Landscape of Neural Nets (NeurIPS
    2018), section 4: d ← d / ‖d‖ · ‖θ‖ for each filter, which is the row of a Dense block that makes one neuron, or the
    kernels of a convolution that make one channel. Biases, and scales and shifts of normalisations, stay as they are.
    A network whose matrices have too few numbers for a plane has each parameter taken for one filter as well.

    Raises:
        ValueError: that leaves no plane either.
    """
    weights = split(trail.now(), trail.names, trail.shapes)
    for biases in (False, True):
        drawn = torch.Generator().manual_seed(seed)
        first, second = (_direction(weights, drawn, biases=biases) for _ in range(2))
        lengths = torch.linalg.vector_norm(first) * torch.linalg.vector_norm(second)
        if lengths.item() > 0 and abs(first @ second).item() < (1 - FLAT) * lengths.item():
            return DirectionPlane(trail, first, second)
    raise ValueError(
        "Directions scaled to the weights of this network span no plane: too many of them are zero, or single numbers. "
        "Choose two weights."
    )


def _direction(weights: Mapping[str, Tensor], drawn: torch.Generator, *, biases: bool) -> Tensor:
    parts = []
    for value in weights.values():
        part = torch.randn(value.shape, generator=drawn, dtype=torch.float64).to(value)
        parts.append(_as_long(part, value) if value.ndim >= 2 or biases else torch.zeros_like(value))
    return torch.cat([part.reshape(-1) for part in parts])


def _as_long(drawn: Tensor, value: Tensor) -> Tensor:
    """A direction whose filters are as long as the weights' own."""
    if value.ndim < 2:
        length = torch.linalg.vector_norm(drawn)
        return drawn * (torch.linalg.vector_norm(value) / length if length > 0 else 0.0)
    across = tuple(range(1, value.ndim))
    lengths = torch.linalg.vector_norm(drawn, dim=across, keepdim=True)
    wanted = torch.linalg.vector_norm(value, dim=across, keepdim=True)
    scaled: Tensor = drawn * (wanted / lengths.clamp_min(torch.finfo(lengths.dtype).tiny))
    return scaled


# -- the path --


def path_plane(trail: Trail, rows: Sequence[Row]) -> DirectionPlane:
    """The two main directions of the path (principal components of its places), through the present weights.

    As in section 7 of Li et al. (2018), with directions of length 1: x and y are distances in the space of the weights.

    Raises:
        ValueError: there is too little of a path.
    """
    if not trail.whole:
        raise ValueError(
            f"This network trains {trail.dimensions:,} numbers, too many to keep its path. "
            "Choose two weights or random directions."
        )
    places = [row.weights for row in rows if row.weights is not None and bool(torch.isfinite(row.weights).all())]
    if len(places) < 3:
        raise ValueError("There is no path yet. Train for two steps at least.")
    # Of the k × k products of the places, which are fewer than the weights.
    table = in_double(torch.stack(places))
    table -= table.mean(0, keepdim=True)
    values, vectors = torch.linalg.eigh(table @ table.T)
    total = values.clamp_min(0).sum().item()
    if total == 0.0:
        raise ValueError("The weights have not moved yet. Train for two steps at least.")
    if values[-2].item() <= FLAT * total:
        raise ValueError("The path so far is a straight line, which spans no plane. Train on, or choose two weights.")
    directions = []
    for place in (-1, -2):
        direction = table.T @ vectors[:, place]
        direction /= torch.linalg.vector_norm(direction)
        # The path goes from left to right, and from below upwards.
        way = (in_double(places[-1]) - in_double(places[0])) @ direction
        directions.append(-direction if way.item() < 0 else direction)
    plane = DirectionPlane(trail, directions[0], directions[1])
    plane.explained = (values[-1].item() / total, values[-2].item() / total)
    spread = math.sqrt(total / len(places))
    plane.base = 0.25 * spread
    return plane
