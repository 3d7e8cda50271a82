"""Two-dimensional toy sets as TensorFlow Playground defines them (its `dataset.ts`), and two more in the same square.

Uniform numbers are drawn in Playground's order, point by point, so an implementation in a plain loop over the same
generator gives the same points. Only `Generator.random` is drawn from, whose stream NumPy keeps the same everywhere.
Playground's noise is a fraction here as in its code: 0.1 where its slider says 10.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Drawn = tuple[Floats, Floats]
"""Points (n, 2) and labels (n,), in the order Playground draws them."""


def draw_toy(params: Mapping[str, Any]) -> Drawn:
    """The shuffled points (n, 2) of a toy set and its labels (n,): -1 and 1, or a quantity for the regressions."""
    rng = np.random.Generator(np.random.PCG64(params["seed"]))
    points, labels = _TOYS[params["dataset"]](params["samples"], params["noise"], rng)
    order = np.argsort(rng.random(len(points)), kind="stable")
    return points[order], labels[order]


def normal(rng: np.random.Generator, count: int) -> Floats:
    """Standard normal numbers by Marsaglia's polar method, the first of each pair, as Playground draws them."""
    kept: list[Floats] = []
    missing = count
    while missing > 0:
        pairs = 2 * rng.random((missing + missing // 2 + 8, 2)) - 1
        square = np.einsum("ij,ij->i", pairs, pairs)
        inside = (square <= 1) & (square > 0)
        square = square[inside]
        kept.append((np.sqrt(-2 * np.log(square) / square) * pairs[inside, 0])[:missing])
        missing -= len(kept[-1])
    return np.concatenate(kept) if kept else np.empty(0)


def _halves(samples: int) -> tuple[int, int]:
    """Points of the first and of the second class."""
    return (samples + 1) // 2, samples // 2


def _two(first: Floats, second: Floats) -> Drawn:
    """Points of class 1, then of class -1."""
    return np.concatenate([first, second]), np.repeat([1.0, -1.0], [len(first), len(second)])


def _uniform(draws: Floats, low: float, high: float) -> Floats:
    return draws * (high - low) + low


def _gauss(samples: int, noise: float, rng: np.random.Generator) -> Drawn:
    deviation = np.sqrt(0.5 + 7 * noise)  # the variance goes from 0.5 to 4 as the noise goes from 0 to 0.5
    here, there = (normal(rng, 2 * count).reshape(count, 2) * deviation for count in _halves(samples))
    return _two(here + 2, there - 2)


def _spiral(samples: int, noise: float, rng: np.random.Generator) -> Drawn:
    def arm(count: int, offset: float) -> Floats:
        part = np.arange(count) / count
        angle = 1.75 * part * 2 * np.pi + offset
        direction = np.stack([np.sin(angle), np.cos(angle)], axis=1)
        points: Floats = 5 * part[:, None] * direction + _uniform(rng.random((count, 2)), -1, 1) * noise
        return points

    first, second = _halves(samples)
    return _two(arm(first, 0), arm(second, np.pi))


def _circle(samples: int, noise: float, rng: np.random.Generator) -> Drawn:
    radius = 5.0

    def ring(count: int, inner: float, outer: float) -> Drawn:
        draws = rng.random((count, 4))
        distance, angle = _uniform(draws[:, :1], inner, outer), 2 * np.pi * draws[:, 1:2]
        points = distance * np.concatenate([np.sin(angle), np.cos(angle)], axis=1)
        seen = points + _uniform(draws[:, 2:], -radius, radius) * noise
        return points, np.where(np.hypot(seen[:, 0], seen[:, 1]) < radius * 0.5, 1.0, -1.0)

    first, second = _halves(samples)
    inside, inside_labels = ring(first, 0, radius * 0.5)
    outside, outside_labels = ring(second, radius * 0.7, radius)
    return np.concatenate([inside, outside]), np.concatenate([inside_labels, outside_labels])


def _scattered(samples: int, noise: float, rng: np.random.Generator, radius: float) -> Drawn:
    """Points all over the square, and the places at which their labels are read."""
    draws = rng.random((samples, 4))
    points = _uniform(draws[:, :2], -radius, radius)
    return points, points + _uniform(draws[:, 2:], -radius, radius) * noise


def _xor(samples: int, noise: float, rng: np.random.Generator) -> Drawn:
    points, seen = _scattered(samples, noise, rng, 5)
    gap = np.where(points > 0, 0.3, -0.3)
    seen = seen + gap
    return points + gap, np.where(seen[:, 0] * seen[:, 1] >= 0, 1.0, -1.0)


def _plane(samples: int, noise: float, rng: np.random.Generator) -> Drawn:
    points, seen = _scattered(samples, noise, rng, 6)
    return points, seen.sum(axis=1) / 10


_HILLS = np.array([[-4, 2.5], [0, 2.5], [4, 2.5], [-4, -2.5], [0, -2.5], [4, -2.5]])
_HILL_SIGNS = np.array([1.0, -1.0, 1.0, -1.0, 1.0, -1.0])


def _six_hills(samples: int, noise: float, rng: np.random.Generator) -> Drawn:
    points, seen = _scattered(samples, noise, rng, 6)
    offsets = seen[:, None, :] - _HILLS
    heights = np.clip(1 - np.hypot(offsets[..., 0], offsets[..., 1]) / 2, 0, 1)
    highest = heights.argmax(axis=1)
    return points, heights[np.arange(samples), highest] * _HILL_SIGNS[highest]


def _moons(samples: int, noise: float, rng: np.random.Generator) -> Drawn:
    """scikit-learn's `make_moons`, three times as large and centred; `noise` is the one it takes."""

    def moon(count: int, sign: float) -> Floats:
        angle = np.linspace(0, np.pi, count)
        curve = 3 * np.stack([np.cos(angle), np.sin(angle)], axis=1) - (1.5, 0.75)
        return sign * curve + 3 * noise * normal(rng, 2 * count).reshape(count, 2)

    first, second = _halves(samples)
    return _two(moon(first, 1), moon(second, -1))


def _checkerboard(samples: int, noise: float, rng: np.random.Generator) -> Drawn:
    points, seen = _scattered(samples, noise, rng, 6)
    return points, np.where(np.floor(seen / 3).sum(axis=1) % 2 == 0, 1.0, -1.0)


_TOYS: dict[str, Callable[[int, float, np.random.Generator], Drawn]] = {
    "circle": _circle,
    "xor": _xor,
    "gauss": _gauss,
    "spiral": _spiral,
    "moons": _moons,
    "checkerboard": _checkerboard,
    "reg-plane": _plane,
    "reg-gauss": _six_hills,
}
